# Written by 'tyto help --completion': change the command's option tables instead.
_tyto_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2"); }
_tyto_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen "$1" -- "$2")
}
_tyto()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[1]} options=
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        _tyto_words 'detect tokenize preprocess flow autoencode forward eval inspect pull bench help --help --version' "$word"
        return
    fi
    case $command:$before in
    detect:--text | detect:-t) : ;;
    detect:--labels | detect:-l) _tyto_files -f "$word" ;;
    detect:--threshold) : ;;
    detect:--nms) _tyto_words 'off class all' "$word" ;;
    detect:--iou) : ;;
    detect:--top-k) : ;;
    detect:--boxes) _tyto_words 'image reference' "$word" ;;
    detect:--draw | detect:-d) _tyto_files -f "$word" ;;
    detect:--format | detect:-f) _tyto_words 'text json jsonl csv coco coco-results yolo' "$word" ;;
    detect:--output | detect:-o) _tyto_files -f "$word" ;;
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
    flow:--output | flow:-o) _tyto_files -f "$word" ;;
    flow:--draw | flow:-d) _tyto_files -f "$word" ;;
    flow:--longest) : ;;
    flow:--pairs) : ;;
    flow:--overlap) : ;;
    flow:--scale) : ;;
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
    eval:--images | eval:-i) _tyto_files -d "$word" ;;
    eval:--detections-in) _tyto_files -f "$word" ;;
    eval:--detections) _tyto_files -f "$word" ;;
    eval:--prompt) : ;;
    eval:--threshold) : ;;
    eval:--top-k) : ;;
    eval:--nms) _tyto_words 'off class all' "$word" ;;
    eval:--iou) : ;;
    eval:--limit) : ;;
    eval:--format | eval:-f) _tyto_words 'text json' "$word" ;;
    eval:--output | eval:-o) _tyto_files -f "$word" ;;
    inspect:--format | inspect:-f) _tyto_words 'text json' "$word" ;;
    inspect:--output | inspect:-o) _tyto_files -f "$word" ;;
    pull:--revision) : ;;
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
    *:--precision) _tyto_words 'auto fp32 bf16 int8' "$word" ;;
    *)
        case $command in
        detect) options=' --text --labels --templates --threshold --nms --iou --top-k --multi-label --boxes --draw --format --yolo-scores --output' ;;
        tokenize) options=' --file --padding --truncation --max-length --padding-side --truncation-side --pad-to-multiple-of --overflow --stride --pair --words --split-special-tokens --special-tokens-mask --token-types --offsets --no-special-tokens --decode --skip-special-tokens --clean-up --no-spaces --format --output' ;;
        preprocess) options=' --output' ;;
        flow) options=' --output --draw --longest --pairs --overlap --scale' ;;
        autoencode) options=' --output --classify --top-k --format --sound --silent --windows --chunks' ;;
        forward) options=' --inputs --output --head --want --parts' ;;
        eval) options=' --annotations --images --detections-in --detections --prompt --templates --threshold --top-k --best-label --nms --iou --limit --format --output' ;;
        inspect) options=' --tensors --format --output' ;;
        pull) options=' --revision' ;;
        bench) options=' --runs --warmup --queries --batch --inputs --outputs --head --peak --kernels --format --output' ;;
        help) options=' --man --completion' ;;
        esac
        case $word in
        -*) _tyto_words "$options --model --threads --precision --quiet --verbose --help --version" "$word" ;;
        *) _tyto_files -f "$word" ;;
        esac
        ;;
    esac
}
complete -F _tyto tyto
