#!/bin/bash
# The examples against the command: the same boxes, and from the server the same bytes.
# In the environment: TYTO_COMMAND, TYTO_TEST_DATA, TYTO_EXAMPLES (their folder), and maybe
# TYTO_EMULATOR, which runs programs of another machine.
set -u
root=$(cd "$TYTO_TEST_DATA/.." && pwd)
photo=$root/assets/scenes/seven.jpg
model=$root/models/tyto-small
work=$(mktemp -d)
server=
trap '[ -n "$server" ] && kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
read -ra emulator <<<"${TYTO_EMULATOR-}"
run() {
    ${emulator[@]+"${emulator[@]}"} "$@"
}
fail() {
    echo "$*"
    exit 1
}

# The boxes that the command prints, as the examples write them.
run "$TYTO_COMMAND" detect "$photo" -t "a red cube" -t "a blue ball" -f text >"$work/table" ||
    fail "the command failed"
sed -n '3,$p' "$work/table" | awk '{ $1 = $1; print }' >"$work/required"
[ -s "$work/required" ] || fail "nothing was found: the comparison would be of nothing"
for program in example_detect example_detect_cpp; do
    [ -x "$TYTO_EXAMPLES/$program" ] || continue
    run "$TYTO_EXAMPLES/$program" "$model" "$photo" "a red cube" "a blue ball" |
        awk '{ $1 = $1; print }' >"$work/got"
    cmp "$work/got" "$work/required" || fail "$program: got other boxes than the command"
    run "$TYTO_EXAMPLES/$program" "$model" "$work/none.jpg" "a" 2>"$work/said" &&
        fail "$program: a photo that isn't there is no error"
    grep -q "none.jpg" "$work/said" || fail "$program: got '$(cat "$work/said")', required the path"
done

# The program that README shows, on the picture that it names, with the model that comes with tyto.
run "$TYTO_COMMAND" detect "$photo" -t "cup of coffee" -t rabbit -f text -m "$model" >"$work/table"
sed -n '3,$p' "$work/table" | awk '{ $1 = $1; print }' >"$work/shown"
[ -s "$work/shown" ] || fail "README's program: nothing to be found"
env -u TYTO_MODEL ${emulator[@]+"${emulator[@]}"} "$TYTO_EXAMPLES/example_readme" "$photo" |
    awk '{ $1 = $1; print }' >"$work/got"
cmp "$work/got" "$work/shown" || fail "README's program: got other boxes than the command"

# A request of HTTP without a client: reply QUERY [FILE]
cookie=short
reply() {
    exec 3<>"/dev/tcp/127.0.0.1/$port" || fail "no connection to the server"
    printf 'POST /?%s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nContent-Length: %d\r\n\r\n' "$1" \
        "$cookie" "$([ $# -gt 1 ] && stat -c %s "$2" || echo 0)" >&3
    [ $# -gt 1 ] && cat "$2" >&3
    cat <&3 >"$work/reply"
    exec 3>&-
    sed '/^\r$/q' "$work/reply" >"$work/head"
    tail -c "+$(($(stat -c %s "$work/head") + 1))" "$work/reply" >"$work/body"
}
same() {
    cmp "$work/body" "$work/required" || fail "$1: the server's bytes aren't the command's"
    grep -q "^Content-Length: $(stat -c %s "$work/required")" "$work/head" || fail "$1: wrong length"
}

(exec ${emulator[@]+"${emulator[@]}"} "$TYTO_EXAMPLES/example_server" "$model" 0) >"$work/address" &
server=$!
for _ in $(seq 600); do
    [ -s "$work/address" ] && break
    kill -0 "$server" 2>/dev/null || fail "the server ended"
    sleep 0.1
done
port=$(sed 's/.*://' "$work/address")

# The document calls the photo by the name that the request gives.
cd "$root/assets/scenes" || exit 1
run "$TYTO_COMMAND" detect seven.jpg -t "a red cube" -t "a blue ball" -f json >"$work/required"
reply "label=a+red%20cube&label=a+blue+ball&name=seven.jpg" "$photo"
same "two labels"
run "$TYTO_COMMAND" detect seven.jpg -t "a \"ball\", ä" --threshold 0.01 -f json >"$work/required"
reply "threshold=0.01&label=a+%22ball%22%2C+%C3%A4&name=seven.jpg" "$photo"
same "a label with quotes"
run "$TYTO_COMMAND" detect seven.jpg -t "a red cube" --threshold 0.999 -f json >"$work/required"
reply "name=seven.jpg&label=a+red+cube&threshold=0.999" "$photo"
same "nothing found"

# What is wrong is said, and the next request is answered.
reply "label=a" && grep -q "400 Bad Request" "$work/head" || fail "no photo: $(cat "$work/reply")"
reply "name=x" "$photo" && grep -q "required: ?label=TEXT" "$work/body" || fail "no label"
printf 'no photo' >"$work/bad"
reply "label=a&name=bad.jpg" "$work/bad" && grep -q "bad.jpg" "$work/body" || fail "no JPEG"
reply "name=seven.jpg&label=a+red+cube&threshold=0.999" "$photo"
same "after errors"
# A header's line that ends where the server's room for one does.
for length in 1012 1013 1014 1015 1016 3000; do
    cookie=$(printf '%*s' "$length" '' | tr ' ' x)
    reply "name=seven.jpg&label=a+red+cube&threshold=0.999" "$photo"
    same "a header of $length more"
done
