#!/bin/bash
# Runs the commands that the pages and every --help show, as they are written there.
#
#   tools/check_pages.sh BUILD           those of seconds, which is what the test docs_pages does
#   tools/check_pages.sh BUILD --all     those of minutes too (make pages), and notes when in tools/pages.txt
#   tools/check_pages.sh --list          those that it doesn't run, and why
#   PAGES="docs/tiles.md help"           before it: these pages alone; help is what every --help shows
#
# A command is a line of a block that is indented by four spaces, up to two spaces or the line's end; a '\'
# there continues it. A block that begins with another word than WORDS holds no commands. Blocks ```console are another
# test's (tools/make_examples.sh). A comment before a block says what is not to be run:
#
#   <!-- not run: why -->               the block
#   <!-- not run (make, cc x): why -->  commands of it that begin so
#   <!-- slow: why -->                  with --all only; (…) as above
#   <!-- page, not run: why -->         the same for all of a page
#
# Every page has a folder of its own, in which files of the repository stand for photos, videos and models that a
# reader has: `stage` says which. Hub ids are folders there, so that nothing is downloaded. A command passes when its
# status is 0.
set -uo pipefail
root=$(realpath "$(dirname "$0")/..")
WORDS='tyto|make|cmake|ctest|cc|cd|python|\.ci/run|(build|tools|bench)/[a-z_/.]+|data=|[A-Z_]+=|/usr/bin/time|echo|curl'

build= all=false list=false
for word in "$@"; do
    case $word in
    --all) all=true ;;
    --list) list=true ;;
    *) build=$(realpath "$word") ;;
    esac
done
if ! $list && [ ! -x "$build/tyto" ]; then
    echo "usage: tools/check_pages.sh BUILD [--all] | --list" >&2
    exit 2
fi
last=$root/tools/pages.txt
if $all; then
    echo "last time: $(cat "$last" 2>/dev/null || echo never)"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
printf '#!/bin/sh\nexec %s "%s/tyto" "$@"\n' "${TYTO_EMULATOR:-}" "$build" >"$work/bin/tyto"
chmod +x "$work/bin/tyto"
export PATH="$work/bin:$PATH" LC_ALL=C.UTF-8
export TYTO_MODEL=$root/models/tyto-small HF_HUB_OFFLINE=1
unset HF_TOKEN HF_HOME HF_HUB_CACHE http_proxy all_proxy

# What a reader has, in a folder of its own.
stage() {
    local golden=$root/tests/golden/data scenes=$root/tests/data/scenes media=$root/tests/fuzz/corpus/media
    local clip=$golden/perceiver name
    mkdir "$1" && cd "$1" || exit 1
    ln -s "$root"/{assets,models,tests,tools,examples,bench} .
    mkdir docs shots photos cups plates frames clips google
    cp "$root/docs/images" docs/ -r
    cp "$scenes"/000[0-3].jpg shots/
    cp "$scenes"/00*.jpg photos/
    cp "$scenes/0004.jpg" cups/
    cp "$scenes/0007.jpg" plates/
    for name in photo.jpg a.jpg b.jpg desk.jpg cup.jpg first.png second.png frames/1.jpg frames/2.jpg; do
        cp "$root/assets/scenes/seven.jpg" $name
    done
    cp "$root/tests/data/crowds/0000.jpg" big.jpg
    cp "$scenes/coco.json" coco.json
    cp "$scenes/coco.json" instances.json
    grep -o '"name":"[^"]*"' coco.json | cut -d'"' -f4 >names.txt
    echo "a dog" >>names.txt
    cp names.txt labels.txt
    printf 'a line\nanother line\n' >lines.txt
    echo '[["a cat", "a dog"], ["a bird"]]' >texts.json
    echo '{"input_preprocessor": {"type": "PerceiverTextPreprocessor"}}' >parts.json
    cp "$media/both.mp4" in.mp4
    cp "$media/both.mp4" clip.mp4
    cp "$media/both.mp4" clips/
    cp "$media/both.mkv" mute.webm
    cp "$media/sound.wav" track.wav
    # A set of YOLO's: boxes of one photo, as its centre and sides.
    mkdir -p val/images val/labels
    cp "$scenes/0000.jpg" val/images/
    echo "0 0.72 0.35 0.3 0.3" >val/labels/0000.txt
    printf 'val: val/images\nnames: [house]\n' >data.yaml
    # Frames of the size that the published network sees are beyond the one that stands for it.
    cp -r "$clip/flow/model" flow-model
    chmod -R u+w flow-model
    sed -i '/"train_size"/,/]/{s/\b7\b/48/;s/\b10\b/64/}' flow-model/config.json
    cp flow-model/config.json .
    for name in owlv2-base-patch16-ensemble google/owlv2-base-patch16-ensemble OWNER/NAME B16 B16-BF16; do
        mkdir -p "$(dirname "$name")"
        ln -s "$root/models/tyto-small" "$name"
    done
    ln -s "$golden/torch_bin/vision_tower" old
    mkdir deepmind
    ln -s "$golden/perceiver_tasks/fill_mask/model" deepmind/language-perceiver
    ln -s "$golden/perceiver_tasks/pictures/model" deepmind/vision-perceiver-conv
    ln -s "$golden/perceiver_tasks/pictures/model" deepmind/vision-perceiver-learned
    ln -s ../flow-model deepmind/optical-flow-perceiver
    ln -s "$clip/multimodal/model" deepmind/multimodal-perceiver
    tyto embed -l names.txt -o classes.safetensors
    tyto preprocess -t "a cat" -o texts.safetensors
}

# What stands for a name depends on what is done with it.
stand() {
    local golden=$root/tests/golden/data model=$root/models/tyto-small
    case $1 in
    *fill-mask*) model=$golden/perceiver_tasks/fill_mask/model ;;
    *classify*'"a text"'*) model=$golden/perceiver_tasks/texts/model ;;
    *'tyto classify'*) model=$golden/perceiver_tasks/pictures/model ;;
    *'tyto flow'*) model=flow-model ;;
    *'tyto autoencode'*) model=$golden/perceiver/multimodal/model ;;
    *--parts*)
        model=$golden/perceiver/text_classifier/model
        cp "$golden/perceiver/text_classifier/parts.json" parts.json
        cp "$golden/perceiver/text_classifier/text/inputs.safetensors" in.safetensors
        ;;
    *"--sizes 640x480,640x480"*)
        tyto preprocess a.jpg b.jpg -t "a cat" --batch -o in.safetensors
        tyto forward --inputs in.safetensors -o out.safetensors
        ;;
    *--init*) rm -rf new ;;
    *clips/*.y4m*) cp "$root/tests/fuzz/corpus/media/frames.y4m" "$(grep -o 'clips/[^ ]*' <<<"$1")" ;;
    esac
    ln -sfn "$model" DIR
    ln -sfn "$model" MODEL
}

# Commands of a page: kind, line, why, command; a tab between them.
commands() {
    awk -v kept=0 -v words="^(([A-Z_a-z]+=[^ ]* )*)($WORDS)" '
    function give(command, line,    i, k, n, starts, how, reason) {
        how = "run"
        for (i = 1; i <= notes; i++) {
            n = split(prefixes[i], starts, /, */)
            if (n == 0) { how = kinds[i]; reason = why[i] }
            for (k = 1; k <= n; k++)
                if (index(command, starts[k]) == 1) { how = kinds[i]; reason = why[i] }
        }
        print how "\t" line "\t" (reason == "" ? "-" : reason) "\t" command
    }
    function flush() { if (begun) give(part, begin); begun = 0; part = "" }
    /^```/ { fenced = !fenced }
    fenced { blank = 0; next }
    /^<!-- (page, )?(not run|slow)/ {
        if (used) { notes = kept; used = 0 }
        text = $0
        sub(/^<!-- /, "", text); sub(/ -->$/, "", text)
        if (sub(/^page, /, "", text)) { kept = notes + 1 }
        kinds[++notes] = text ~ /^slow/ ? "slow" : "skip"
        prefixes[notes] = ""
        if (match(text, /^[a-z ]+\(([^)]*)\):/)) {
            prefixes[notes] = substr(text, RSTART, RLENGTH)
            sub(/^[^(]*\(/, "", prefixes[notes]); sub(/\):$/, "", prefixes[notes])
        }
        why[notes] = text
        sub(/^[^:]*: */, "", why[notes])
        blank = 1
        next
    }
    /^$/ && inside { next }
    /^    [^ ]/ && (blank || inside) {
        if (!inside) { inside = 1; shell = substr($0, 5) ~ words; used = 1 }
        if (shell) {
            line = substr($0, 5)
            sub(/  +.*/, "", line)
            if (!begun) { begun = 1; begin = FNR }
            if (line ~ /^[a-z]+=[^ ]*$/) { line = line "; \\" } # for the next one
            if (line ~ /\\$/) { sub(/ *\\$/, " ", line); part = part line }
            else { part = part line; flush() }
        }
        next
    }
    inside && begun && /^     / { # what a "\" continues
        line = $0
        sub(/^ +/, "", line); sub(/  +.*/, "", line)
        if (line ~ /\\$/) { sub(/ *\\$/, " ", line); part = part line }
        else { part = part line; flush() }
        next
    }
    inside && /^     / { next } # the rest of a remark
    {
        flush()
        if (inside) { inside = 0; notes = kept; used = 0 }
        blank = $0 ~ /^$/
        if (!blank) { notes = kept }
    }
    END { flush() }' "$1"
}

# The examples of every --help, as blocks of a page.
help_page() {
    local names name
    names=$(tyto --help | sed -n '/^commands/,/^examples/s/^  \([a-z-]*\) .*/\1/p')
    echo "<!-- not run (curl, tyto pull, tyto serve): the network, or until somebody ends it -->"
    echo
    for name in "" $names; do
        [ "$name" = help ] && continue
        tyto ${name:+"$name"} --help | awk '
            /^examples/ { on = 1; next }
            /^[^ ]/ { on = 0 }
            on && /^  [^ ]/ { print "  " $0; more = /\\$/; next }
            on && more { print "  " $0; more = /\\$/ }'
    done
}

pages() {
    if [ -n "${PAGES:-}" ]; then
        printf '%s\n' $PAGES
        return
    fi
    (cd "$root" && find . -name '*.md' -not -path './build*' -not -path './.git/*' | sed 's|^\./||' | sort)
    echo help
}

passed=0 failed=0 skipped=0 slow=0
while read -r page; do
    file=$root/$page
    if [ "$page" = help ]; then
        $list && continue
        file=$work/help.md
        help_page >"$file"
    fi
    commands "$file" >"$work/commands"
    [ -s "$work/commands" ] || continue
    place=$work/$(tr / _ <<<"$page")
    $list || (stage "$place")
    while IFS=$'\t' read -r kind line why command <&3; do
        if $list || [ "$kind" = skip ]; then
            [ "$kind" = run ] || { $list && echo "$page:$line: $command"$'\n'"    $kind: $why"; }
            [ "$kind" != skip ] || skipped=$((skipped + 1))
            continue
        fi
        if [ "$kind" = slow ] && ! $all; then
            slow=$((slow + 1))
            continue
        fi
        began=$(($(date +%s%N) / 1000000))
        if (cd "$place" && stand "$command" && timeout "$($all && echo 3600 || echo 300)" bash -c "$command") \
            >"$work/said" 2>&1 </dev/null; then
            passed=$((passed + 1))
            [ -z "${PAGES_TIMES:-}" ] || echo "$(($(date +%s%N) / 1000000 - began)) ms  $page:$line: $command"
        else
            failed=$((failed + 1))
            echo "$page:$line: $command"
            tail -n 5 "$work/said" | sed 's/^/    /'
        fi
    done 3<"$work/commands"
    rm -rf "$place"
done < <(pages)
$list && exit
summary="$passed commands run, $failed failed, $skipped not to be run$($all || echo ", $slow left for --all")"
echo "$summary"
if $all && [ "$failed" = 0 ] && [ -z "${PAGES:-}" ]; then
    echo "$(date -u +%F) at $(git -C "$root" rev-parse --short HEAD): $summary" >"$last"
fi
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
