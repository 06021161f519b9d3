/* tyto convert: a checkpoint written anew, as the reference saves it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tyto/convert.h>

#include "calibration.h"
#include "commands.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "signals.h"

enum { DTYPE_KEEP, DTYPE_FLOAT32, DTYPE_FLOAT16, DTYPE_BFLOAT16 };

typedef struct convert_args {
    common_args common;
    const char *output;
    const char *shard_size;
    int dtype;
    bool force;
    text_list calibrate;
} convert_args;

/* "2GB", "500MiB", "100000": bytes, by tens or by twos. */
static bool read_size(const char *word, uint64_t *bytes)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {
        {"", 1},           {"KB", 1000},      {"MB", 1000 * 1000}, {"GB", 1000 * 1000 * 1000},
        {"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}};
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(word, &end, 10);
    if (word[0] < '0' || word[0] > '9' || errno != 0 || number == 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcasecmp(end, units[i].unit) == 0) {
            return !__builtin_mul_overflow((uint64_t)number, units[i].bytes, bytes);
        }
    }
    return false;
}

static bool check(convert_args *args, tyto_convert_options *options)
{
    const text_list *operands = &args->common.operands;
    if (operands->count > 1 || (operands->count == 1 && args->common.model)) {
        say_error("got two models, required one");
        return false;
    }
    if (!args->output || !*args->output) {
        say_error("required -o FOLDER to write to");
        return false;
    }
    if (args->shard_size && !read_size(args->shard_size, &options->max_shard_bytes)) {
        say_error("--max-shard-size: got '%s', required a whole number of bytes, with KB, MB, GB, "
                  "KiB, MiB or GiB as its unit",
                  args->shard_size);
        return false;
    }
    if (args->calibrate.count > 0 && args->common.precision != TYTO_PRECISION_INT8) {
        say_error("--calibrate: required --precision int8 with it");
        return false;
    }
    if (operands->count == 1) {
        args->common.model = operands->items[0];
    }
    return true;
}

static bool on_progress(void *user, const char *file, uint64_t done, uint64_t total)
{
    (void)user;
    progress_show_bytes(done, total, file);
    return !interrupted();
}

static int run(void *given)
{
    static const tyto_dtype dtypes[] = {TYTO_F32, TYTO_F32, TYTO_F16, TYTO_BF16};
    convert_args *args = given;
    tyto_convert_options options = {.to_dtype = args->dtype != DTYPE_KEEP,
                                    .dtype = dtypes[args->dtype],
                                    .force = args->force,
                                    .progress = on_progress,
                                    .log = say_log};
    tyto_error err = TYTO_ERROR_INIT;
    if (!check(args, &options)) {
        return EXIT_USAGE;
    }
    char *folder = model_folder(&args->common);
    if (!folder) {
        return EXIT_FAILED;
    }
    calibration notes = {0};
    if (args->calibrate.count > 0) {
        if (!calibration_run(&args->common, &args->calibrate, &notes)) {
            calibration_close(&notes);
            free(folder);
            return EXIT_FAILED;
        }
        options.calibration = notes.notes;
        options.tell = calibration_tell;
    }
    const tyto_status status = tyto_model_convert(folder, args->output, &options, &err);
    calibration_close(&notes);
    progress_hide();
    if (status == TYTO_E_ARGUMENT && !args->force && path_is_folder(args->output)) {
        say_error("%s; --force replaces it", tyto_error_message(&err));
    } else if (status != TYTO_OK && !interrupted()) {
        say_error("%s", tyto_error_message(&err));
    }
    tyto_error_clear(&err);
    free(folder);
    return status == TYTO_OK ? EXIT_DONE : EXIT_FAILED;
}

#define AT(field) offsetof(convert_args, field)
static const option options[] = {
    {"output", 'o', OPTION_TEXT, "FOLDER", "the new checkpoint's folder (required)", AT(output),
     .files = COMPLETES_FOLDERS},
    {"dtype", 'd', OPTION_CHOICE, "keep|float32|float16|bfloat16",
     "what weights become, rounded to nearest even; keep (default) leaves each as it is",
     AT(dtype)},
    {"max-shard-size", 0, OPTION_TEXT, "SIZE",
     "a file of weights has at most so many bytes, such as 2GB or 500MiB (default: 5GB)",
     AT(shard_size)},
    {"calibrate", 0, OPTION_TEXTS, "PHOTOS|TEXTS",
     "for --precision int8: photos, folders of them, or .txt files with a text in each line; what "
     "the network makes of them decides how inputs are smoothed and which products stay in bf16",
     AT(calibrate), .files = COMPLETES_FILES},
    {"force", 0, OPTION_FLAG, NULL, "replace the checkpoint that lies in FOLDER", AT(force)},
    {0},
};

static const example examples[] = {
    {"tyto convert owlv2-base-patch16-ensemble -o owlv2-half --dtype float16",
     "half the size, in the form that every program reads"},
    {"tyto convert old -o new", "old's pytorch_model.bin as safetensors, bit for bit"},
    {"tyto convert owlv2-base-patch16-ensemble -o owlv2-int8 --precision int8 --calibrate photos/ "
     "--calibrate labels.txt",
     "with choices for int8 made on your own photos and labels"},
    {"tyto convert OWNER/NAME -o parts --max-shard-size 500MB", "a hub's checkpoint, in parts"},
    {0},
};

const command cmd_convert = {
    .name = "convert",
    .summary = "write a checkpoint anew: as safetensors, of another type, in parts",
    .synopsis = "[MODEL] -o FOLDER [option...]",
    .operands = "MODEL",
    .description =
        "Writes a checkpoint, whatever the form of its weights, as the reference saves it: "
        "model.safetensors, or parts and their index, config.json, and the files of processor and "
        "tokenizer. Tensors keep their names and, unless --dtype says otherwise, every bit. One "
        "that the new type can't hold is an error. Tensors that the network has no use for are "
        "kept, with a warning.\n\n"
        "With --calibrate, the network runs on photos and texts first. What its products are given "
        "there tells how to smooth their inputs for --precision int8, and which of them lose too "
        "much and stay in bf16: int8.safetensors, beside the weights, holds these choices.\n\n"
        "The folder appears whole or not at all. Memory doesn't grow with the checkpoint.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FOLDERS,
    .args_bytes = sizeof(convert_args),
    .run = run,
};
