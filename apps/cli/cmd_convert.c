/* tyto convert: a checkpoint written anew, as the reference saves it. */
#include <string.h>
#include <tyto/convert.h>
#include <tyto/memory.h>
#include <tyto/parameters.h>
#include <tyto/words.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "signals.h"

enum { DTYPE_KEEP, DTYPE_FLOAT32, DTYPE_FLOAT16, DTYPE_BFLOAT16 };

typedef struct convert_args {
    common_args common;
    const char *output;
    const char *shard_size;
    const char *init;
    int64_t seed;
    int dtype;
    bool force;
    text_list calibrate;
} convert_args;

/* Weights are packed for the precision that is given. */
static bool packs(const convert_args *args)
{
    return args->common.precision != TYTO_PRECISION_DEFAULT;
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
    tyto_error err = TYTO_ERROR_INIT;
    if (args->shard_size &&
        tyto_byte_count_read(args->shard_size, &options->max_shard_bytes, &err) != TYTO_OK) {
        say_error("--max-shard-size: %s", tyto_error_message(&err));
        tyto_error_clear(&err);
        return false;
    }
    if (packs(args) && (args->dtype != DTYPE_KEEP || args->shard_size)) {
        say_error("--precision: packs weights for this CPU, required without --dtype and "
                  "--max-shard-size");
        return false;
    }
    if (args->calibrate.count > 0 && packs(args) && args->common.precision != TYTO_PRECISION_INT8) {
        say_error("--calibrate: makes choices for int8, required --precision int8 or none");
        return false;
    }
    if (args->init &&
        (operands->count > 0 || args->common.model || packs(args) || args->calibrate.count > 0)) {
        say_error("--init: makes a checkpoint of a config, required without a model, --precision "
                  "and --calibrate");
        return false;
    }
    if (operands->count == 1) {
        args->common.model = operands->items[0];
    }
    return true;
}

/* A bar for inputs and products of a calibration, and for bytes of weights; layers have none. */
static bool show(void *user, const tyto_progress *progress)
{
    if (strcmp(progress->stage, "weights") == 0) {
        return show_bytes(user, progress);
    }
    const bool counts =
        strcmp(progress->stage, "calibration") == 0 || strcmp(progress->stage, "choices") == 0;
    return counts ? show_steps(user, progress) : !interrupted();
}

static void say_choice(void *user, const tyto_choice *choice)
{
    (void)user;
    if (choice->rows == 0) {
        say_info("%s: int8, without inputs to calibrate on", choice->name);
    } else {
        say_info("%s: %s, error %.4f, unsmoothed %.4f, smoothing %.2f", choice->name,
                 choice->bf16 ? "bf16" : "int8", choice->error, choice->plain,
                 (double)choice->strength);
    }
}

/* Says why a folder wasn't written, and returns whether it was. */
static bool done(const convert_args *args, tyto_status status, tyto_error *err)
{
    progress_hide();
    if (status == TYTO_E_EXISTS && !args->force && path_is_folder(args->output)) {
        say_error("%s; --force replaces it", tyto_error_message(err));
        tyto_error_clear(err);
        return false;
    }
    return went_well(status, err);
}

/* A checkpoint of initial values. Complains and returns false on failure. */
static bool initialise(const convert_args *args, const tyto_convert_options *how)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_parameters_options options;
    tyto_parameters_save_options saving;
    tyto_parameters *parameters = NULL;
    tyto_parameters_options_init(&options, sizeof(options));
    options.seed = (uint64_t)args->seed;
    tyto_parameters_save_options_init(&saving, sizeof(saving));
    saving.replace = how->force;
    saving.to_dtype = how->to_dtype;
    saving.dtype = how->dtype;
    saving.max_shard_bytes = how->max_shard_bytes;
    saving.companions = path_is_folder(args->init) ? args->init : NULL;
    saving.progress = show;
    tyto_status status = tyto_parameters_create_file(args->init, &options, &parameters, &err);
    if (status == TYTO_OK) {
        status = tyto_parameters_save(parameters, args->output, &saving, &err);
    }
    if (done(args, status, &err)) {
        say_info("%s: %s of seed %lld", args->output, tyto_parameters_architecture(parameters),
                 (long long)args->seed);
    }
    tyto_parameters_destroy(parameters);
    return status == TYTO_OK;
}

/* Converts, packs or calibrates. Complains and returns false on failure. */
static bool convert(const convert_args *args, const char *folder, tyto_convert_options *options)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_file_list_options listing;
    tyto_calibration_samples samples;
    const bool calibrates = args->calibrate.count > 0;
    tyto_file_list_options_init(&listing, sizeof(listing));
    listing.log = say_log;
    bool good =
        done(args, tyto_calibration_samples_list(TEXTS(&args->calibrate), &listing, &samples, &err),
             &err) &&
        samples.failed == 0;
    tyto_engine *engine = good && (packs(args) || calibrates) ? engine_open(&args->common) : NULL;
    good = good && (engine || !(packs(args) || calibrates));
    options->samples = calibrates ? &samples : NULL;
    good = good &&
           done(args, tyto_checkpoint_convert(engine, folder, args->output, options, &err), &err);
    tyto_engine_destroy(engine);
    tyto_calibration_samples_clear(&samples);
    return good;
}

static int run(void *given)
{
    static const tyto_dtype dtypes[] = {TYTO_F32, TYTO_F32, TYTO_F16, TYTO_BF16};
    convert_args *args = given;
    tyto_convert_options options;
    tyto_convert_options_init(&options, sizeof(options));
    options.to_dtype = args->dtype != DTYPE_KEEP;
    options.dtype = dtypes[args->dtype];
    options.force = args->force;
    options.precision = (tyto_precision)args->common.precision;
    options.report = say_choice;
    options.progress = show;
    options.log = say_log;
    options.image = photo_options();
    if (!check(args, &options)) {
        return EXIT_USAGE;
    }
    if (args->init) {
        return initialise(args, &options) ? EXIT_DONE : EXIT_FAILED;
    }
    char *folder = model_folder(&args->common);
    const bool good = folder && convert(args, folder, &options);
    tyto_free(folder);
    return good ? EXIT_DONE : EXIT_FAILED;
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
     "for int8: photos, folders of them, or .txt files with a text in each line; what "
     "the network makes of them decides how inputs of layers are scaled, and which layers stay in "
     "bf16",
     AT(calibrate), .files = COMPLETES_FILES},
    {"init", 0, OPTION_TEXT, "CONFIG",
     "instead of a model: a new one of this config.json, or of that of a folder, whose files of "
     "processor and tokenizer are copied; with the reference's initial values",
     AT(init), .files = COMPLETES_FILES},
    {"seed", 0, OPTION_INTEGER, "N", "of --init (default: 0)", AT(seed), 0, 1e15, .needs = "init"},
    {"force", 0, OPTION_FLAG, NULL, "replace the checkpoint that lies in FOLDER", AT(force)},
    PHOTO_OPTIONS,
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
    {"tyto convert owlv2-base-patch16-ensemble -o packed --precision bf16",
     "for tyto on this CPU: half the size, and opened at once"},
    {"tyto convert --init config.json -o new --seed 1",
     "an untrained checkpoint of that config, the same wherever it is made"},
    {0},
};

const command cmd_convert = {
    .name = "convert",
    .summary = "write a checkpoint anew: as safetensors, of another type, in parts, or packed",
    .synopsis = "[MODEL | --init CONFIG] -o FOLDER [option...]",
    .operands = "MODEL",
    .description =
        "Writes a checkpoint, which is the folder of a model, anew into another folder that all "
        "programs open, whatever form its weights have: config.json, model.safetensors (or parts "
        "and their index), and the "
        "files of processor and tokenizer. Tensors keep their names and, unless --dtype says "
        "otherwise, every bit; a number that the new type can't hold is an error. Tensors that the "
        "network doesn't use are kept, with a warning.\n\n"
        "With --precision the weights are written as tyto computes with them, into "
        "model.packed.safetensors, for tyto alone. Such a folder opens at once, and processes that "
        "use it share its memory. It is made for this kind of CPU: another one, or another "
        "precision, converts it again each time that it is opened. Keep the checkpoint too: in "
        "fp32 the smallest weights may lose their last bits.\n\n"
        "With --calibrate the network first runs on photos and texts of yours, to see which layers "
        "lose too much in int8. Some lose less once their inputs are scaled, and get a scale; the "
        "others are computed in bf16. These choices go into int8.safetensors beside the weights, "
        "or "
        "with --precision int8 into the packed file.\n\n"
        "With --init a new, untrained checkpoint is made. Its values are random, drawn as the "
        "reference (transformers) draws them, and the same for the same --seed.\n\n"
        "The folder appears whole or not at all. Without --precision, memory doesn't grow with the "
        "checkpoint.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FOLDERS,
    .args_bytes = sizeof(convert_args),
    .run = run,
};
