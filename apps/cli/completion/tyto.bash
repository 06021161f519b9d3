# Written by 'tyto help --completion': change the command's option tables instead.
_tyto_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }
_tyto_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -P "$at" -- "$2")
}
_tyto()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} options= words= files=
    COMPREPLY=()
    # "--format=js" is three words
    if [ "$before" = = ]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi
    if [ "$word" = = ]; then word=; fi
    # "@list.txt" is two, unless COMP_WORDBREAKS is without @
    local at=; case $word in @*) at=@ word=${word#@} ;; esac
    if [[ $COMP_WORDBREAKS == *@* ]]; then at=; fi
    if [ "$COMP_CWORD" = 1 ]; then
        _tyto_words 'detect match similarity embed classify fill-mask tokenize preprocess postprocess flow autoencode forward eval serve inspect pull convert bench help --help --version' "$word"
        return
    fi
    case $command:$before in
    detect:--text | detect:-t) : ;;
    detect:--labels | detect:-l) _tyto_files -f "$word" ;;
    detect:--classes) _tyto_files -f "$word" ;;
    detect:--threshold) : ;;
    detect:--nms) _tyto_words 'off class all' "$word" ;;
    detect:--iou) : ;;
    detect:--top-k) : ;;
    detect:--boxes) _tyto_words 'image reference' "$word" ;;
    detect:--draw | detect:-d) _tyto_files -f "$word" ;;
    detect:--crops) _tyto_files -d "$word" ;;
    detect:--format | detect:-f) _tyto_words 'text json jsonl csv coco coco-results yolo voc odvg openimages labelstudio' "$word" ;;
    detect:--ids-from) _tyto_files -f "$word" ;;
    detect:--output | detect:-o) _tyto_files -f "$word" ;;
    detect:--tile-overlap) : ;;
    detect:--tile-merge) _tyto_words 'seams iou smaller off' "$word" ;;
    detect:--tile-merge-overlap) : ;;
    detect:--input-size) : ;;
    detect:--positions) _tyto_words 'interpolate truncate' "$word" ;;
    detect:--size) : ;;
    detect:--pad) _tyto_words 'config on off' "$word" ;;
    detect:--resize) _tyto_words 'config on off' "$word" ;;
    detect:--rescale) _tyto_words 'config on off' "$word" ;;
    detect:--rescale-factor) : ;;
    detect:--normalize) _tyto_words 'config on off' "$word" ;;
    detect:--image-mean) : ;;
    detect:--image-std) : ;;
    detect:--every) : ;;
    detect:--tree) _tyto_files -f "$word" ;;
    detect:--tree-margin) : ;;
    detect:--tree-regions) : ;;
    detect:--exif) _tyto_words 'turn ignore' "$word" ;;
    detect:--damaged) _tyto_words 'refuse use' "$word" ;;
    match:--query | match:-q) _tyto_files -f "$word" ;;
    match:--rule) _tyto_words 'auto reference objectness overlap' "$word" ;;
    match:--exemplars) _tyto_words 'average keep' "$word" ;;
    match:--draw-queries) _tyto_files -f "$word" ;;
    match:--scores) _tyto_words 'relative plain' "$word" ;;
    match:--text | match:-t) : ;;
    match:--labels | match:-l) _tyto_files -f "$word" ;;
    match:--classes) _tyto_files -f "$word" ;;
    match:--threshold) : ;;
    match:--nms) _tyto_words 'off class all' "$word" ;;
    match:--iou) : ;;
    match:--top-k) : ;;
    match:--boxes) _tyto_words 'image reference' "$word" ;;
    match:--draw | match:-d) _tyto_files -f "$word" ;;
    match:--crops) _tyto_files -d "$word" ;;
    match:--format | match:-f) _tyto_words 'text json jsonl csv coco coco-results yolo voc odvg openimages labelstudio' "$word" ;;
    match:--ids-from) _tyto_files -f "$word" ;;
    match:--output | match:-o) _tyto_files -f "$word" ;;
    match:--tile-overlap) : ;;
    match:--tile-merge) _tyto_words 'seams iou smaller off' "$word" ;;
    match:--tile-merge-overlap) : ;;
    match:--input-size) : ;;
    match:--positions) _tyto_words 'interpolate truncate' "$word" ;;
    match:--size) : ;;
    match:--pad) _tyto_words 'config on off' "$word" ;;
    match:--resize) _tyto_words 'config on off' "$word" ;;
    match:--rescale) _tyto_words 'config on off' "$word" ;;
    match:--rescale-factor) : ;;
    match:--normalize) _tyto_words 'config on off' "$word" ;;
    match:--image-mean) : ;;
    match:--image-std) : ;;
    match:--exif) _tyto_words 'turn ignore' "$word" ;;
    match:--damaged) _tyto_words 'refuse use' "$word" ;;
    similarity:--text | similarity:-t) : ;;
    similarity:--labels | similarity:-l) _tyto_files -f "$word" ;;
    similarity:--classes) _tyto_files -f "$word" ;;
    similarity:--top-k) : ;;
    similarity:--format | similarity:-f) _tyto_words 'text json jsonl csv' "$word" ;;
    similarity:--output | similarity:-o) _tyto_files -f "$word" ;;
    similarity:--size) : ;;
    similarity:--pad) _tyto_words 'config on off' "$word" ;;
    similarity:--resize) _tyto_words 'config on off' "$word" ;;
    similarity:--rescale) _tyto_words 'config on off' "$word" ;;
    similarity:--rescale-factor) : ;;
    similarity:--normalize) _tyto_words 'config on off' "$word" ;;
    similarity:--image-mean) : ;;
    similarity:--image-std) : ;;
    similarity:--exif) _tyto_words 'turn ignore' "$word" ;;
    similarity:--damaged) _tyto_words 'refuse use' "$word" ;;
    embed:--text | embed:-t) : ;;
    embed:--labels | embed:-l) _tyto_files -f "$word" ;;
    embed:--classes) _tyto_files -f "$word" ;;
    embed:--query | embed:-q) _tyto_files -f "$word" ;;
    embed:--rule) _tyto_words 'auto reference objectness overlap' "$word" ;;
    embed:--exemplars) _tyto_words 'average keep' "$word" ;;
    embed:--draw-queries) _tyto_files -f "$word" ;;
    embed:--threshold) : ;;
    embed:--nms) _tyto_words 'off class all' "$word" ;;
    embed:--iou) : ;;
    embed:--top-k) : ;;
    embed:--format | embed:-f) _tyto_words 'json npy safetensors' "$word" ;;
    embed:--output | embed:-o) _tyto_files -f "$word" ;;
    embed:--size) : ;;
    embed:--pad) _tyto_words 'config on off' "$word" ;;
    embed:--resize) _tyto_words 'config on off' "$word" ;;
    embed:--rescale) _tyto_words 'config on off' "$word" ;;
    embed:--rescale-factor) : ;;
    embed:--normalize) _tyto_words 'config on off' "$word" ;;
    embed:--image-mean) : ;;
    embed:--image-std) : ;;
    embed:--exif) _tyto_words 'turn ignore' "$word" ;;
    embed:--damaged) _tyto_words 'refuse use' "$word" ;;
    classify:--file) _tyto_files -f "$word" ;;
    classify:--top-k | classify:-k) : ;;
    classify:--scores) _tyto_words 'configured softmax sigmoid none' "$word" ;;
    classify:--batch | classify:-b) : ;;
    classify:--parts) _tyto_files -f "$word" ;;
    classify:--format | classify:-f) _tyto_words 'text json jsonl csv' "$word" ;;
    classify:--output | classify:-o) _tyto_files -f "$word" ;;
    classify:--exif) _tyto_words 'turn ignore' "$word" ;;
    classify:--damaged) _tyto_words 'refuse use' "$word" ;;
    fill-mask:--file) _tyto_files -f "$word" ;;
    fill-mask:--span | fill-mask:-s) : ;;
    fill-mask:--mask-text | fill-mask:-t) : ;;
    fill-mask:--top-k | fill-mask:-k) : ;;
    fill-mask:--format | fill-mask:-f) _tyto_words 'text json jsonl csv' "$word" ;;
    fill-mask:--output | fill-mask:-o) _tyto_files -f "$word" ;;
    tokenize:--file) _tyto_files -f "$word" ;;
    tokenize:--padding) _tyto_words 'none longest max' "$word" ;;
    tokenize:--truncation) _tyto_words 'none longest-first only-first only-second' "$word" ;;
    tokenize:--max-length) : ;;
    tokenize:--padding-side) _tyto_words 'configured right left' "$word" ;;
    tokenize:--truncation-side) _tyto_words 'configured right left' "$word" ;;
    tokenize:--pad-to-multiple-of) : ;;
    tokenize:--stride) : ;;
    tokenize:--pair) : ;;
    tokenize:--clean-up) _tyto_words 'configured on off' "$word" ;;
    tokenize:--format | tokenize:-f) _tyto_words 'text json' "$word" ;;
    tokenize:--output | tokenize:-o) _tyto_files -f "$word" ;;
    preprocess:--output | preprocess:-o) _tyto_files -f "$word" ;;
    preprocess:--text | preprocess:-t) : ;;
    preprocess:--texts) _tyto_files -f "$word" ;;
    preprocess:--query | preprocess:-q) _tyto_files -f "$word" ;;
    preprocess:--max-length) : ;;
    preprocess:--size) : ;;
    preprocess:--pad) _tyto_words 'config on off' "$word" ;;
    preprocess:--resize) _tyto_words 'config on off' "$word" ;;
    preprocess:--rescale) _tyto_words 'config on off' "$word" ;;
    preprocess:--rescale-factor) : ;;
    preprocess:--normalize) _tyto_words 'config on off' "$word" ;;
    preprocess:--image-mean) : ;;
    preprocess:--image-std) : ;;
    preprocess:--crop) _tyto_words 'config on off' "$word" ;;
    preprocess:--crop-size) : ;;
    preprocess:--resample) _tyto_words 'config nearest lanczos bilinear bicubic box hamming' "$word" ;;
    preprocess:--exif) _tyto_words 'turn ignore' "$word" ;;
    preprocess:--damaged) _tyto_words 'refuse use' "$word" ;;
    postprocess:--outputs) _tyto_files -f "$word" ;;
    postprocess:--sizes) : ;;
    postprocess:--text | postprocess:-t) : ;;
    postprocess:--labels | postprocess:-l) _tyto_files -f "$word" ;;
    postprocess:--threshold) : ;;
    postprocess:--nms) _tyto_words 'off class all' "$word" ;;
    postprocess:--iou) : ;;
    postprocess:--top-k) : ;;
    postprocess:--scores) _tyto_words 'relative plain' "$word" ;;
    postprocess:--boxes) _tyto_words 'image reference' "$word" ;;
    postprocess:--draw | postprocess:-d) _tyto_files -f "$word" ;;
    postprocess:--format | postprocess:-f) _tyto_words 'text json jsonl csv coco coco-results yolo voc odvg openimages labelstudio' "$word" ;;
    postprocess:--ids-from) _tyto_files -f "$word" ;;
    postprocess:--output | postprocess:-o) _tyto_files -f "$word" ;;
    postprocess:--exif) _tyto_words 'turn ignore' "$word" ;;
    postprocess:--damaged) _tyto_words 'refuse use' "$word" ;;
    flow:--output | flow:-o) _tyto_files -f "$word" ;;
    flow:--draw | flow:-d) _tyto_files -f "$word" ;;
    flow:--longest) : ;;
    flow:--pairs) : ;;
    flow:--overlap) : ;;
    flow:--scale) : ;;
    flow:--exif) _tyto_words 'turn ignore' "$word" ;;
    flow:--damaged) _tyto_words 'refuse use' "$word" ;;
    autoencode:--output | autoencode:-o) _tyto_files -f "$word" ;;
    autoencode:--top-k) : ;;
    autoencode:--format | autoencode:-f) _tyto_words 'text json jsonl' "$word" ;;
    autoencode:--sound) _tyto_files -f "$word" ;;
    autoencode:--windows) : ;;
    autoencode:--chunks) : ;;
    forward:--inputs | forward:-i) _tyto_files -f "$word" ;;
    forward:--output | forward:-o) _tyto_files -f "$word" ;;
    forward:--head) : ;;
    forward:--want | forward:-w) : ;;
    forward:--parts) _tyto_files -f "$word" ;;
    eval:--annotations | eval:-a) _tyto_files -f "$word" ;;
    eval:--data) _tyto_files -f "$word" ;;
    eval:--split) : ;;
    eval:--images | eval:-i) _tyto_files -d "$word" ;;
    eval:--detections-in) _tyto_files -f "$word" ;;
    eval:--detections) _tyto_files -f "$word" ;;
    eval:--prompt) : ;;
    eval:--threshold) : ;;
    eval:--top-k) : ;;
    eval:--nms) _tyto_words 'off class all' "$word" ;;
    eval:--iou) : ;;
    eval:--tile-overlap) : ;;
    eval:--tile-merge) _tyto_words 'seams iou smaller off' "$word" ;;
    eval:--tile-merge-overlap) : ;;
    eval:--input-size) : ;;
    eval:--positions) _tyto_words 'interpolate truncate' "$word" ;;
    eval:--limit) : ;;
    eval:--format | eval:-f) _tyto_words 'text json' "$word" ;;
    eval:--output | eval:-o) _tyto_files -f "$word" ;;
    eval:--exif) _tyto_words 'turn ignore' "$word" ;;
    eval:--damaged) _tyto_words 'refuse use' "$word" ;;
    serve:--model | serve:-m) _tyto_files -d "$word" ;;
    serve:--host) : ;;
    serve:--port | serve:-p) : ;;
    serve:--api-key-file) _tyto_files -f "$word" ;;
    serve:--api-key) : ;;
    serve:--cors-origins) : ;;
    serve:--tls-cert) _tyto_files -f "$word" ;;
    serve:--tls-key) _tyto_files -f "$word" ;;
    serve:--workers) : ;;
    serve:--queue) : ;;
    serve:--max-connections) : ;;
    serve:--max-body) : ;;
    serve:--max-pixels) : ;;
    serve:--photos) : ;;
    serve:--vocabularies) : ;;
    serve:--keep) : ;;
    serve:--timeout) : ;;
    serve:--deadline) : ;;
    serve:--grace) : ;;
    serve:--log) _tyto_words 'common json none' "$word" ;;
    inspect:--format | inspect:-f) _tyto_words 'text json' "$word" ;;
    inspect:--output | inspect:-o) _tyto_files -f "$word" ;;
    pull:--revision) : ;;
    convert:--output | convert:-o) _tyto_files -d "$word" ;;
    convert:--dtype | convert:-d) _tyto_words 'keep float32 float16 bfloat16' "$word" ;;
    convert:--max-shard-size) : ;;
    convert:--calibrate) _tyto_files -f "$word" ;;
    convert:--init) _tyto_files -f "$word" ;;
    convert:--seed) : ;;
    convert:--exif) _tyto_words 'turn ignore' "$word" ;;
    convert:--damaged) _tyto_words 'refuse use' "$word" ;;
    bench:--runs | bench:-n) : ;;
    bench:--warmup) : ;;
    bench:--queries) : ;;
    bench:--batch) : ;;
    bench:--inputs | bench:-i) _tyto_files -f "$word" ;;
    bench:--outputs) _tyto_files -f "$word" ;;
    bench:--head) : ;;
    bench:--format | bench:-f) _tyto_words 'text json' "$word" ;;
    bench:--output | bench:-o) _tyto_files -f "$word" ;;
    help:--completion) _tyto_words 'bash zsh fish' "$word" ;;
    *:--model | *:-m) _tyto_files -d "$word" ;;
    *:--threads) : ;;
    *:--precision) _tyto_words 'fp32 bf16 int8 auto' "$word" ;;
    *)
        case $command in
        detect) options=' --text --labels --templates --classes --threshold --nms --iou --top-k --multi-label --boxes --draw --crops --format --yolo-scores --data-yaml --ids-from --output --resume --tiles --tile-overlap --tiles-only --tile-merge --tile-merge-overlap --skip-padding --input-size --positions --size --pad --resize --rescale --rescale-factor --normalize --image-mean --image-std --every --track --tree --tree-margin --tree-regions --exif --damaged --recursive --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        match) options=' --query --rule --exemplars --draw-queries --scores --text --labels --templates --classes --threshold --nms --iou --top-k --multi-label --boxes --draw --crops --format --yolo-scores --data-yaml --ids-from --output --resume --tiles --tile-overlap --tiles-only --tile-merge --tile-merge-overlap --skip-padding --input-size --positions --size --pad --resize --rescale --rescale-factor --normalize --image-mean --image-std --exif --damaged --recursive --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        similarity) options=' --text --labels --templates --classes --top-k --format --output --resume --size --pad --resize --rescale --rescale-factor --normalize --image-mean --image-std --exif --damaged --recursive --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        embed) options=' --text --labels --templates --classes --query --rule --exemplars --draw-queries --boxes --threshold --nms --iou --top-k --format --output --resume --size --pad --resize --rescale --rescale-factor --normalize --image-mean --image-std --exif --damaged --recursive --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        classify) options=' --file --top-k --scores --batch --truncation --parts --format --output --resume --exif --damaged --recursive --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        fill-mask) options=' --file --span --mask-text --top-k --format --output --resume --model --threads --precision --quiet --verbose --help --version' ;;
        tokenize) options=' --file --padding --truncation --max-length --padding-side --truncation-side --pad-to-multiple-of --overflow --stride --pair --words --split-special-tokens --special-tokens-mask --token-types --offsets --no-special-tokens --decode --skip-special-tokens --clean-up --no-spaces --format --output --model --quiet --verbose --help --version' ;;
        preprocess) options=' --output --batch --text --texts --query --truncate --max-length --resume --size --pad --resize --rescale --rescale-factor --normalize --image-mean --image-std --crop --crop-size --resample --exif --damaged --recursive --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        postprocess) options=' --outputs --sizes --text --labels --threshold --nms --iou --top-k --multi-label --scores --boxes --draw --format --yolo-scores --data-yaml --ids-from --output --exif --damaged --recursive --quiet --verbose --help --version' files=-f ;;
        flow) options=' --output --draw --longest --pairs --overlap --scale --resume --exif --damaged --recursive --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        autoencode) options=' --output --classify --top-k --format --sound --silent --windows --chunks --resume --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        forward) options=' --inputs --output --head --want --parts --model --threads --precision --quiet --verbose --help --version' ;;
        eval) options=' --annotations --data --split --images --detections-in --detections --prompt --templates --threshold --top-k --best-label --nms --iou --tiles --tile-overlap --tiles-only --tile-merge --tile-merge-overlap --skip-padding --input-size --positions --limit --format --output --exif --damaged --model --threads --precision --quiet --verbose --help --version' words='detect' ;;
        serve) options=' --model --host --port --api-key-file --api-key --cors-origins --tls-cert --tls-key --workers --queue --max-connections --max-body --max-pixels --photos --vocabularies --keep --timeout --deadline --grace --allow-load --log --threads --precision --quiet --verbose --help --version' ;;
        inspect) options=' --tensors --format --output --model --threads --precision --quiet --verbose --help --version' files=-f ;;
        pull) options=' --revision --quiet --verbose --help --version' ;;
        convert) options=' --output --dtype --max-shard-size --calibrate --init --seed --force --exif --damaged --recursive --model --threads --precision --quiet --verbose --help --version' files=-d ;;
        bench) options=' --runs --warmup --queries --batch --inputs --outputs --simulate --on-request --head --peak --kernels --format --output --model --threads --precision --quiet --verbose --help --version' ;;
        help) options=' --man --completion --quiet --verbose --help --version' words='detect match similarity embed classify fill-mask tokenize preprocess postprocess flow autoencode forward eval serve inspect pull convert bench help' ;;
        esac
        case $word in
        -*) _tyto_words "$options" "$word" ;;
        *)
            if [ -n "$words" ]; then _tyto_words "$words" "$word"
            elif [ -n "$files" ]; then _tyto_files "$files" "$word"
            fi
            ;;
        esac
        ;;
    esac
}
complete -F _tyto tyto
