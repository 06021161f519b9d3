/* The texts that the overview and the manual share. */
#include "commands.h"

const char tyto_summary[] =
    "finds things in photos by their names, with published checkpoints as they are";

const example overview_examples[] = {
    {"tyto detect photo.jpg -t \"a cat\" -t \"a remote\" --draw out.png",
     "print what is found and where, and draw it, with the model that comes with tyto"},
    {"tyto detect -m google/owlv2-base-patch16-ensemble photo.jpg -t \"a cat\" --format json",
     "the same in a photograph, by a checkpoint of the hub, as JSON"},
    {0},
};

const topic topics[] = {
    {"MODELS",
     "A model is a checkpoint folder as the reference saves it: config.json, weights as "
     "model.safetensors or pytorch_model.bin or as a sharded set of either with its .index.json, "
     "preprocessor_config.json, and tokenizer.json or "
     "vocab.json with merges.txt.\n\n"
     "What is no folder and has the form OWNER/NAME or OWNER/NAME@REVISION is a hub id: it is "
     "looked for in the cache that other programs of the hub share, and else downloaded into it, "
     "as "
     "tyto pull does.\n\n"
     "Without --model, the model that TYTO_MODEL names is used; without that, the small one that "
     "comes with tyto, which knows 125 kinds of drawn objects and nothing of photographs. For "
     "those take -m google/owlv2-base-patch16-ensemble (620 MB, fetched once)."},
    {"PHOTOS",
     "JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF and HEIC, recognised by content. An IMAGE may be a "
     "file; a folder (its photos by their endings, in order of name; with -r those of its folders "
     "too); a pattern in quotes such as 'shots/*.jpg', or 'shots/**/*.jpg' for folders at any "
     "depth; "
     "@list.txt, with one of these on each line; or - for a photo on standard input. A photo that "
     "can't be read is reported and the others go on; the exit status is then 1."},
    {"VIDEOS",
     "MP4, MOV, Matroska, WebM, AVI, MPEG, Ogg, FLV, WMV, GIF and Y4M, recognised by content, as "
     "far as the libav here decodes them. A VIDEO is a file, a folder of them, a pattern or "
     "@list.txt, as of photos. Nothing but the file itself is read, whatever it refers to."},
    {"LONG RUNS",
     "The first Ctrl-C (or SIGTERM, or a terminal that is closed) ends a run within a tile, keeps "
     "what was finished, and closes "
     "its "
     "documents; the second ends it at once. JSON lines, CSV, labels and drawings are in their "
     "place "
     "from the first photo on. --resume goes on where a run was ended: photos with results at -o "
     "(and "
     "a picture at --draw) are left out. It is an error when labels or the threshold of JSON are "
     "others; models and other options aren't compared. In CSV the last photo is done again, and "
     "so "
     "are those that nothing was found in."},
    {"ENVIRONMENT",
     "TYTO_MODEL  the checkpoint folder to use without --model\n"
     "TYTO_ISA  scalar, avx2, avx512, avx512_bf16, amx, neon or neon_bf16 (default: the best "
     "here)\n"
     "HF_HOME  where the hub's cache and token are (default: ~/.cache/huggingface)\n"
     "HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE  the cache (default: hub in HF_HOME)\n"
     "HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE  when 1, nothing is downloaded\n"
     "HF_ENDPOINT  another hub (default: https://huggingface.co)\n"
     "HF_TOKEN, HF_TOKEN_PATH  a token for what isn't public, or its file (default: "
     "token in HF_HOME)\n"
     "http_proxy, https_proxy, all_proxy, no_proxy  as curl has them\n"
     "CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR  certificates to trust\n"
     "NO_COLOR  when set, messages have no colour"},
    {"EXIT STATUS", "0  done\n"
                    "1  a run failed: something could not be read, computed or written\n"
                    "2  wrong usage\n"
                    "130  interrupted"},
    {0},
};
