#!/bin/bash
# Hostile files and options through the real command: each must end with its exit status and one
# line that says what was wrong, and leave nothing behind.
#
#   TYTO_COMMAND=build/tyto TYTO_TEST_DATA=tests tests/bad_inputs/hostile.sh
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
model=$TYTO_TEST_DATA/golden/data/owlv2/odd/model
sharded=$TYTO_TEST_DATA/golden/data/owlv2/sharded/model
inputs=$TYTO_TEST_DATA/golden/data/owlv2/odd/one/inputs.safetensors
photo=$TYTO_TEST_DATA/../assets/photos/cat.jpg
cd "$work" || exit 1
failed=0

verdict() {
    if [ "$2" = ok ]; then
        echo "[       OK ] $1"
    else
        echo "[  FAILED  ] $(echo "$1" | tr -c 'a-zA-Z0-9_.\n' _): $2"
        failed=1
    fi
}

# wrong NAME STATUS TEXT WORD...: `tyto WORD...` ends with the status and one line with the text.
# Standard input is the caller's.
wrong() {
    local name=$1 status=$2 text=$3 got files
    shift 3
    files=$(find . | sort)
    timeout 60 ${TYTO_EMULATOR:-} "$TYTO_COMMAND" "$@" >/dev/null 2>"$work.err"
    got=$?
    if [ $got != "$status" ]; then
        verdict "$name" "status $got, required $status: $(head -c 300 "$work.err")"
    elif [ "$(wc -l <"$work.err")" != 1 ] || ! grep -qF -- "$text" "$work.err"; then
        verdict "$name" "required one line with '$text', got: $(head -c 600 "$work.err")"
    elif [ "$(find . | sort)" != "$files" ]; then
        verdict "$name" "left behind: $(find . -newer "$work.err")"
    else
        verdict "$name" ok
    fi
    rm -f "$work.err"
}

# number N: 8 little-endian bytes
number() {
    local i n=$1
    for i in 1 2 3 4 5 6 7 8; do
        # shellcheck disable=SC2059 # the format is the byte
        printf "\\x$(printf %02x $((n & 255)))"
        n=$((n >> 8))
    done
}

# safetensors FILE HEADER BYTES: that header and so many zeros as data
safetensors() {
    { number ${#2}; printf %s "$2"; head -c "$3" /dev/zero; } >"$1"
}

# --- safetensors, as inputs and as weights

forward() {
    wrong "$1" 1 "$2" forward -m "$model" --inputs "$3" -o out.safetensors
}
: >empty.safetensors
printf '\1\2\3' >short.safetensors
{ number 9223372036854775807; echo '{}'; } >endless.safetensors
{ number 100; echo '{}'; } >longer.safetensors
safetensors text.safetensors 'not JSON' 0
safetensors array.safetensors '[]' 0
safetensors beyond.safetensors '{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}' 8
safetensors backwards.safetensors '{"x":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}' 16
safetensors size.safetensors '{"x":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}}' 16
safetensors product.safetensors '{"x":{"dtype":"F32","shape":[4294967296,4294967296,16],"data_offsets":[0,16]}}' 16
safetensors negative.safetensors '{"x":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}' 16
safetensors type.safetensors '{"x":{"dtype":"F31","shape":[4],"data_offsets":[0,16]}}' 16
safetensors twice.safetensors '{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}' 16
safetensors overlap.safetensors '{"x":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"y":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}' 24
safetensors hole.safetensors '{"x":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}' 24
safetensors rank.safetensors '{"x":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,4],"data_offsets":[0,16]}}' 16
safetensors nothing.safetensors '{}' 0
safetensors shape.safetensors '{"pixel_values":{"dtype":"F32","shape":[1,3,9,9],"data_offsets":[0,972]}}' 972
for file in empty short endless longer text array beyond backwards size product negative type twice \
    overlap hole rank; do
    forward "inputs: $file" "$file.safetensors: " $file.safetensors
done
forward "inputs: none" "missing" nothing.safetensors
forward "inputs: another shape" "got 9x9 pixels, required 63x63" shape.safetensors
forward "inputs: a folder" "$model: got a folder" "$model"
forward "inputs: absent" "absent: No such file" absent
wrong "inputs: an output that would steer the terminal" 1 'bad\x1b[2J\x0a' \
    forward -m "$model" --inputs "$inputs" -o out.safetensors --want $'bad\e[2J\n'
forward "inputs: a device" "/dev/zero: got a special file" /dev/zero

# checkpoint: a copy of the model to spoil
checkpoint() {
    rm -rf bad
    cp -r "${1:-$model}" bad
    chmod -R u+w bad
}
detect() {
    wrong "$1" 1 "$2" detect -m bad "$photo" -t "a cat" -o out.json
}
for size in 0 4 100 4000 400000; do
    checkpoint
    head -c $size "$model/model.safetensors" >bad/model.safetensors
    detect "weights cut to $size bytes" "bad/model.safetensors: "
done
checkpoint
rm bad/model.safetensors
detect "no weights" "bad: no weights, required model.safetensors, model.safetensors.index.json, pytorch_model.bin or"
checkpoint
cp "$inputs" bad/model.safetensors
detect "weights of something else" "'class_head.dense0.weight': missing, required shape"
checkpoint "$sharded"
rm bad/model-00003-of-00004.safetensors
detect "a shard is absent" "model-00003-of-00004.safetensors: No such file"
for name in ../../etc/passwd /etc/passwd . ''; do
    checkpoint "$sharded"
    printf '{"weight_map": {"x": "%s"}}' "$name" >bad/model.safetensors.index.json
    detect "a shard named '$name'" "bad/model.safetensors.index.json: "
done

# --- files of torch.save: pickles that would run something, and files that contradict themselves

checkpoint
rm bad/model.safetensors
for file in "$TYTO_TEST_DATA"/fuzz/corpus/torch/bad_*; do
    cp "$file" bad/pytorch_model.bin
    detect "pytorch_model.bin: ${file##*/bad_}" "bad/pytorch_model.bin: "
done
for file in "$TYTO_TEST_DATA"/fuzz/corpus/pickle/bad_*; do
    cp "$file" bad/pytorch_model.bin
    detect "a bare pickle: ${file##*/bad_}" "bad/pytorch_model.bin: "
done

# --- config.json

config() {
    checkpoint
    printf '%s' "$2" >bad/config.json
    detect "config.json: $1" "$3"
}
config "empty" '' "bad/config.json: "
config "cut" '{"model_type": "owlv' "bad/config.json: "
config "an array" '[1]' "bad/config.json: "
config "no model_type" '{}' "'model_type': missing"
config "another model" '{"model_type":"bert"}' "got 'bert', required owlv2"
config "a type that is a number" '{"model_type":5}' "'model_type': got an integer"
config "another architecture" '{"model_type":"owlv2","architectures":["BertModel"]}' "got 'BertModel'"
config "a size that is a text" '{"model_type":"owlv2","text_config":{"hidden_size":"x"}}' "hidden_size"
config "a negative size" '{"model_type":"owlv2","vision_config":{"hidden_size":-64}}' "hidden_size"
config "a huge size" '{"model_type":"owlv2","vision_config":{"image_size":999999999999}}' "image_size"
config "heads that don't divide" '{"model_type":"owlv2","text_config":{"num_attention_heads":7}}' "num_attention_heads"
config "no patch" '{"model_type":"owlv2","vision_config":{"patch_size":0}}' "patch_size"
config "an unknown activation" '{"model_type":"owlv2","text_config":{"hidden_act":"rm -rf"}}' "rm -rf"
config "a million layers" '{"model_type":"owlv2","vision_config":{"num_hidden_layers":1000000}}' "num_hidden_layers"
config "widths that can't be compared" '{"model_type":"owlv2","projection_dim":64}' "projection_dim"
config "deep" "$(head -c 100000 /dev/zero | tr '\0' '[')" "bad/config.json: "
config "control characters" '{"model_type":"\u001b[2J\n"}' 'got '"'"'\x1b[2J\x0a'"'"
checkpoint
printf '\xff\xfe{}' >bad/config.json
detect "config.json: not UTF-8" "bad/config.json: "
checkpoint
rm bad/config.json
detect "config.json: absent" "bad/config.json: No such file"
wrong "a file as model" 1 "got a file" detect -m "$photo" "$photo" -t x

# --- preprocessor_config.json

processor() {
    checkpoint
    printf '%s' "$2" >bad/preprocessor_config.json
    wrong "preprocessor: $1" 1 "$3" preprocess -m bad "$photo" -o out.safetensors
}
processor "cut" '{"size":' "bad/preprocessor_config.json: "
processor "a negative side" '{"size":{"height":-1,"width":5}}' "'size': got -1x5"
processor "a huge side" '{"size":{"height":99999999,"width":5}}' "'size': got 99999999x5"
processor "two means" '{"image_mean":[0.5,0.5]}' "image_mean"
processor "a deviation of 0" '{"image_std":[0.5,0,0.5]}' "image_std"
processor "a switch that is a text" '{"do_pad":"yes"}' "do_pad"

# --- tokenizer files

tokenizer() {
    checkpoint
    printf '%s' "$3" >"bad/$2"
    wrong "tokenizer: $1" 1 "$4" tokenize -m bad -- text
}
tokenizer "vocabulary cut" vocab.json '{"a": 1' "bad/vocab.json"
tokenizer "vocabulary is an array" vocab.json '[]' "bad/vocab.json"
tokenizer "an id that is a text" vocab.json '{"a":"b"}' "bad/vocab.json"
tokenizer "a negative id" vocab.json '{"a":-1}' "bad/vocab.json"
tokenizer "a huge id" vocab.json '{"a":99999999999999}' "bad/vocab.json"
tokenizer "a merge of one part" merges.txt '#version: 0.2
abc' "bad/merges.txt"
tokenizer "a merge that the vocabulary lacks" merges.txt '#version: 0.2
qqqq zzzz' "bad/"
tokenizer "tokenizer.json cut" tokenizer.json '{"model":' "bad/tokenizer.json"
tokenizer "tokenizer.json of another kind" tokenizer.json '{"model":{"type":"Unigram","vocab":[]}}' "bad/tokenizer.json"
checkpoint
rm bad/vocab.json
wrong "tokenizer: no vocabulary" 1 "bad" tokenize -m bad text

# --- photos

image() {
    wrong "photo: $1" 1 "$2: " detect -m "$model" "$2" -t x -o out.json --draw out.png
}
: >empty.jpg
printf 'no picture' >text.jpg
head -c 9000 "$photo" >cut.jpg
head -c 200 "$photo" >header.jpg
printf '\xff\xd8' >start.jpg
chunk='\x89PNG\r\n\x1a\n\0\0\0\rIHDR'
# shellcheck disable=SC2059 # the format is the bytes
{
    printf "$chunk"'\0\0\0\0\0\0\0\0\x08\x02\0\0\0\0\0\0\0' >zero.png
    printf "$chunk"'\0\1\x86\xa0\0\1\x86\xa0\x08\x02\0\0\0\0\0\0\0' >bomb.png
    printf "$chunk"'\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0\0\0\0\0' >vast.png
    printf "$chunk" >nothing.png
    printf '\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\3\1\x11\0\2\x11\0\3\x11\0\xff\xda' >vast.jpg
    printf 'RIFF\x20\0\0\0WEBPVP8L\x14\0\0\0\x2f\xff\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' >vast.webp
    printf 'RIFF\xff\xff\xff\xffWEBP' >short.webp
}
for file in empty.jpg text.jpg cut.jpg header.jpg start.jpg zero.png bomb.png vast.png nothing.png vast.jpg \
    vast.webp short.webp; do
    image "$file" "./$file"
done
image "a device" /dev/zero
image "absent" ./absent.jpg
wrong "photo: nothing on standard input" 1 "standard input" detect -m "$model" - -t x </dev/null
wrong "photo: standard input twice" 1 "only once" detect -m "$model" - - -t x <"$photo"

# --- texts

printf 'a\0b' >nul.txt
printf 'caf\xe9\n' >latin.txt
head -c 2000000 /dev/zero | tr '\0' a >long.txt
wrong "labels: a NUL byte" 1 "nul.txt: got a NUL byte" detect -m "$model" "$photo" --labels nul.txt
wrong "labels: not UTF-8" 1 "UTF-8" detect -m "$model" "$photo" --labels latin.txt
wrong "labels: two megabytes in a line" 1 "bytes" detect -m "$model" "$photo" --labels long.txt
wrong "labels: a folder" 1 "got a folder" detect -m "$model" "$photo" --labels .
wrong "labels: absent" 1 "absent: No such file" detect -m "$model" "$photo" --labels absent
wrong "text: not UTF-8" 1 "UTF-8" tokenize -m "$model" -- "$(printf 'caf\xe9')"
wrong "text: two megabytes" 1 "bytes" tokenize -m "$model" --file long.txt
wrong "text: too long for a template" 1 "required under" \
    detect -m "$model" "$photo" --templates -t "$(head -c 5000 /dev/zero | tr '\0' a)"

# --- examples, and embeddings as classes

match() {
    local name=$1 status=$2 text=$3
    shift 3
    wrong "$name" "$status" "$text" match -m "$model" "$photo" -o out.json --draw out.png "$@"
}
: >empty.txt
printf '\n\r\n\n' >blank.txt
for command in detect match similarity embed; do
    for file in empty.txt blank.txt; do
        wrong "$command: $file" 1 "$file: no label in it" \
            $command -m "$model" "$photo" --labels $file -o out.json
    done
done
match "query: none" 2 "nothing to look for"
match "query: no word" 2 "--query: required IMAGE" -q
match "query: empty" 2 "--query: got ''" -q ""
match "query: absent" 1 "absent.jpg: No such file" -q absent.jpg
match "query: not a photo" 1 "text.jpg: " -q text.jpg
match "query: a cut photo" 1 "cut.jpg: " -q cut.jpg -q "$photo"
match "query: a device" 1 "/dev/zero: " -q /dev/zero
match "query: a decompression bomb" 1 "bomb.png: " -q bomb.png
mkdir none
match "query: an empty folder" 1 "none" -q none
rmdir none
match "query: a box of a folder" 2 "is a folder, required one photo" -q .@1,2,3,4
for box in -9,-9,0,0 451,0,460,9 0,300,9,310 1e30,1e30,2e30,2e30 -3e38,0,-2e38,9; do
    match "query: the box $box, outside" 1 "required one that overlaps the picture" -q "$photo@$box"
done
for box in 5,5,5,9 5,5,9,5 9,9,5,5 0,0,0,0 nan,0,9,9 0,0,inf,9 -3e38,0,3e38,9 0,0,1e99,9; do
    match "query: the box $box, empty" 2 "required left < right" -q "$photo@$box"
done
for box in '' 1 1,2,3 1,2,3,4,5 '1,2,3,' ',,,' 1,2,3,x '1;2;3;4' '%n,%n,%n,%n' $'1,2,3,4\e[2J'; do
    match "query: the box '$box', no box" 2 "--query: got the box '" -q "$photo@$box"
done
match "query: a long word" 1 "File name too long" -q "$(head -c 100000 /dev/zero | tr '\0' a)"
match "query: a rule that isn't" 2 "--rule: got 'best'" -q "$photo" --rule best

header='{"x":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]}}'
{ number ${#header}; printf %s "$header"; head -c 32 /dev/zero | tr '\0' '\1'; } >narrow.safetensors
safetensors zeros.safetensors '{"x":{"dtype":"F32","shape":[36],"data_offsets":[0,144]}}' 144
safetensors deep.safetensors '{"x":{"dtype":"F32","shape":[1,1,36],"data_offsets":[0,144]}}' 144
safetensors whole.safetensors '{"x":{"dtype":"I64","shape":[36],"data_offsets":[0,288]}}' 288
safetensors mixed.safetensors '{"x":{"dtype":"F32","shape":[36],"data_offsets":[0,144]},"y":{"dtype":"F32","shape":[35],"data_offsets":[144,284]}}' 284
safetensors wide.safetensors '{"x":{"dtype":"F32","shape":[0,36],"data_offsets":[0,0]}}' 0
for file in empty short endless longer text array beyond backwards size product negative type twice \
    overlap hole rank; do
    match "classes: $file" 1 "$file.safetensors: " --classes $file.safetensors
done
match "classes: nothing in it" 1 "nothing.safetensors: " --classes nothing.safetensors
match "classes: no row" 1 "wide.safetensors: " --classes wide.safetensors
match "classes: three dimensions" 1 "deep.safetensors: " --classes deep.safetensors
match "classes: whole numbers" 1 "whole.safetensors: " --classes whole.safetensors
match "classes: no direction" 1 "zeros.safetensors: embedding of 'x': required finite numbers" \
    --classes zeros.safetensors
match "classes: two widths" 1 "mixed.safetensors: " --classes mixed.safetensors
for command in match detect; do
    wrong "classes: another width, $command" 1 \
        "narrow.safetensors: got embeddings of 4 numbers, required 36" \
        $command -m "$model" "$photo" --classes narrow.safetensors -o out.json
    wrong "classes: another width than a text's, $command" 1 \
        "narrow.safetensors: got embeddings of 4 numbers, required 36" \
        $command -m "$model" "$photo" --classes narrow.safetensors -t x -o out.json
done
match "classes: another width than an example's" 1 \
    "narrow.safetensors: got embeddings of 4 numbers, required 36" \
    --classes narrow.safetensors -q "$photo"
match "classes: no ending" 1 "narrow: No such file" --classes narrow
mkdir folder.npy
match "classes: a folder" 1 "folder.npy: got a folder" --classes folder.npy
rmdir folder.npy
wrong "embed: tensors to standard output" 2 "required -o FILE.npy" \
    embed -m "$model" -t x --format npy
wrong "embed: no such folder" 1 "absent/x.npy: No such file" \
    embed -m "$model" -t x -o absent/x.npy
wrong "embed: a full device" 1 "/dev/full: No space" embed -m "$model" -t x -o /dev/full

# --- checkpoints of another architecture, or of a part

perceiver=$TYTO_TEST_DATA/golden/data/perceiver/masked_lm/model
for command in match detect; do
    query=()
    [ $command = detect ] || query=(-q "$photo")
    for folder in "$TYTO_TEST_DATA"/golden/data/owlv2/{contrastive,text_tower,vision_tower}/model \
        "$perceiver"; do
        class=$(sed -n 's/^ *"\(Owlv2[A-Za-z]*\|PerceiverFor[A-Za-z]*\)".*/\1/p' "$folder/config.json")
        wrong "$command: ${folder#"$TYTO_TEST_DATA"/golden/data/}" 1 \
            "$folder: got $class, required Owlv2ForObjectDetection" \
            $command -m "$folder" "$photo" "${query[@]}" -o out.json
    done
done
for folder in "$TYTO_TEST_DATA/golden/data/owlv2/vision_tower/model" "$perceiver"; do
    wrong "similarity: ${folder#"$TYTO_TEST_DATA"/golden/data/}" 1 " or Owlv2Model" \
        similarity -m "$folder" "$photo" -t x -o out.json
    wrong "embed a text: ${folder#"$TYTO_TEST_DATA"/golden/data/}" 1 " or Owlv2Model" \
        embed -m "$folder" -t x -o out.json
    wrong "embed a photo: ${folder#"$TYTO_TEST_DATA"/golden/data/}" 1 " or Owlv2Model" \
        embed -m "$folder" "$photo" -o out.json
    wrong "embed boxes: ${folder#"$TYTO_TEST_DATA"/golden/data/}" 1 \
        ", required Owlv2ForObjectDetection" embed -m "$folder" "$photo" --boxes -o out.json
done

# --- outputs that can't be written

wrong "output: no such folder" 1 "absent/x.json: No such file" \
    detect -m "$model" "$photo" -t x -o absent/x.json
wrong "output: a folder" 2 "-o: got the folder ." detect -m "$model" "$photo" -t x -o .
wrong "output: a full device" 1 "/dev/full: No space" detect -m "$model" "$photo" -t x -o /dev/full
wrong "output: tensors to a full device" 1 "/dev/full: No space" \
    preprocess -m "$model" "$photo" -o /dev/full
wrong "output: tensors to a folder" 1 "got a folder" \
    forward -m "$model" --inputs "$inputs" -o .
wrong "draw: no such folder" 1 "absent/x.png: No such file" \
    detect -m "$model" "$photo" -t x --draw absent/x.png
wrong "draw: a file where the folder should be" 2 "'text.jpg' for 2 photos, required a folder" \
    detect -m "$model" "$photo" "$photo/../coffee.jpg" -t x --draw text.jpg
wrong "draw: a name without an ending" 2 "--draw: got 'picture'" \
    detect -m "$model" "$photo" -t x --draw picture
if [ "$(id -u)" != 0 ]; then
    mkdir locked && chmod a-w locked
    wrong "output: no permission" 1 "locked/x: Permission denied" \
        detect -m "$model" "$photo" -t x -o locked/x
fi

# --- options

for word in --threads=-1 --threads=1e3 --threads= --top-k=0 --iou=2 --iou=x --nms=maybe \
    --tiles=0 --tiles=-5 --tiles=big --tiles=1e3 --tiles=99999999999999999999 --tile-overlap=0.91 \
    --input-size=0 --input-size=9e9 --positions=none \
    --tile-overlap=-1 --tile-merge=both --tile-merge-overlap=2 \
    --boxes=round --format= --precision=fp64 --threshold=nan --threshold=-0.1 --threshold=2; do
    wrong "option: $word" 2 "${word%%=*}: got '${word#*=}'" \
        detect -m "$model" "$photo" -t x "$word"
done
for word in --tile-overlap=0.5 --tiles-only --tile-merge=off --tile-merge-overlap=0.5; do
    for command in detect match "eval detect -a x.json -i ."; do
        # shellcheck disable=SC2086 # words
        wrong "option: $command $word without --tiles" 2 "${word%%=*}: has no effect here, required --tiles" \
            $command -m "$model" "$word" $([ "${command%% *}" = eval ] || echo "$photo -t x")
    done
done
wrong "option: tiles and the reference's boxes" 2 "--boxes: the reference has no tiles" \
    detect -m "$model" "$photo" -t x --tiles --boxes reference
wrong "option: positions without a size" 2 "--positions: has no effect here, required --input-size" \
    detect -m "$model" "$photo" -t x --positions truncate
wrong "input size: no multiple of a patch" 1 "input size: got 50, required a multiple of 7" \
    detect -m "$model" "$photo" -t x --input-size 50 -o out.json
wrong "input size: beyond the positions" 1 "input size: got 70, required 7 to 63" \
    detect -m "$model" "$photo" -t x --input-size 70 --positions truncate -o out.json
wrong "shortcuts: without resizing" 1 "the image processor doesn't resize" \
    detect -m "$model" "$photo" -t x --skip-padding --resize off -o out.json
wrong "shortcuts: another size by --size" 1 "got 49x49 pixels, required 9 patches of 7" \
    detect -m "$model" "$photo" -t x --skip-padding --size 49 -o out.json
wrong "tiles: more than there may be" 1 "required at most 16384" \
    detect -m "$model" "$photo" -t x --tiles=1 -o out.json
wrong "tiles: without resizing" 1 "required a side in pixels" \
    detect -m "$model" "$photo" -t x --tiles --resize off -o out.json
wrong "option: a very long one" 2 "unknown option '--aaaa" \
    detect "--$(head -c 100000 /dev/zero | tr '\0' a)"
wrong "option: format %s%n" 2 "unknown option '--%s%n'" detect --%s%n
TYTO_ISA=mmx wrong "instruction set: unknown" 1 "mmx" detect -m "$model" "$photo" -t x

# --- trees

printf '[a' >half.txt
printf '[\\q]' >escape.txt
head -c 2000000 /dev/zero | tr '\0' '[' >brackets.txt
head -c 3000 /dev/zero | tr '\0' '(' >deep.txt
printf '[a\0b]' >nul.txt
for file in half escape brackets deep nul; do
    wrong "tree: $file" 1 "$file.txt" detect -m "$model" "$photo" --tree "@$file.txt" -o out.json
done
wrong "tree: no file" 1 "nowhere.txt" detect -m "$model" "$photo" --tree @nowhere.txt
wrong "tree: a folder" 1 "." detect -m "$model" "$photo" --tree @.
wrong "tree: bytes that are no text" 2 "--tree: byte 1: got 0xFF, required UTF-8" \
    detect -m "$model" "$photo" --tree "$(printf '[\377\001)')"

# --- memory that is not there (a sanitizer needs more address space than there is)

if [ -z "${TYTO_SANITIZED:-}" ] && [ -z "${TYTO_EMULATOR:-}" ]; then
    for size in 20000 40000 80000; do
        (
            ulimit -v $size
            timeout 60 "$TYTO_COMMAND" detect -m "$model" "$photo" -t x --threads 1 >out 2>err
            echo $? >status
        )
        status=$(cat status)
        if { [ "$status" = 1 ] || [ "$status" = 127 ]; } && [ -s err ]; then
            verdict "memory: $size kB" ok
        elif [ "$status" = 0 ] && [ -s out ]; then
            verdict "memory: $size kB" ok
        else
            verdict "memory: $size kB" "status $status: $(head -c 300 err)"
        fi
    done
fi
exit $failed
