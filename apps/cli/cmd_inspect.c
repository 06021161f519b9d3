/* tyto inspect: what a checkpoint holds, and what it lacks. */
#include <tyto/document.h>
#include <tyto/inspect.h>

#include "commands.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "signals.h"
#include <tyto/memory.h>

typedef struct inspect_args {
    common_args common;
    const char *output;
    int format;
    bool tensors;
} inspect_args;

/* The exit code: done when what was looked at is whole. */
static int show(const inspect_args *args, const tyto_inspection *inspection)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes document = {0};
    const tyto_status status =
        args->format == TYTO_FORMAT_JSON
            ? tyto_inspection_json(inspection, &document, &err)
            : tyto_inspection_text(inspection, args->tensors, &document, &err);
    const bool written = went_well(status, &err) && output_file(args->output, &document);
    tyto_bytes_clear(&document);
    return written && tyto_inspection_is_whole(inspection) ? EXIT_DONE : EXIT_FAILED;
}

/* A checkpoint, as the engine of these options would open it. */
static bool look_at_model(const inspect_args *args, tyto_inspection **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    char *folder = model_folder(&args->common);
    tyto_engine *engine = folder ? engine_open(&args->common) : NULL;
    if (engine) {
        went_well(tyto_inspection_create(engine, folder, out, &err), &err);
    }
    tyto_engine_destroy(engine);
    tyto_free(folder);
    return *out != NULL;
}

static bool look_at_files(const text_list *paths, tyto_inspection **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_inspection_options options;
    tyto_inspection_options_init(&options, sizeof(options));
    options.log = say_log;
    options.progress = go_on;
    return went_well(tyto_inspection_create_files(TEXTS(paths), &options, out, &err), &err);
}

static int run(void *given)
{
    inspect_args *args = given;
    const text_list *files = &args->common.operands;
    if (!output_choose_format(args->output, &args->format)) {
        return EXIT_USAGE;
    }
    tyto_inspection *inspection = NULL;
    const bool is_model = files->count == 1 && path_is_folder(files->items[0]);
    args->common.model = is_model ? files->items[0] : args->common.model;
    const bool good = files->count > 0 && !is_model ? look_at_files(files, &inspection)
                                                    : look_at_model(args, &inspection);
    const int code = good ? show(args, inspection) : EXIT_FAILED;
    tyto_inspection_destroy(inspection);
    return code;
}

#define AT(field) offsetof(inspect_args, field)
static const option options[] = {
    {"tensors", 0, OPTION_FLAG, NULL, "list every tensor in the text, as JSON always does",
     AT(tensors)},
    {"format", 'f', OPTION_CHOICE, "text|json",
     "text, or one object of JSON (default: what -o's ending says, or else text)", AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write there instead of standard output", AT(output),
     .files = WRITES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto inspect -m google/owlv2-base-patch16-ensemble",
     "what it is, how large, and whether it is whole"},
    {"tyto inspect -m MODEL --format json", "the same for programs, with every tensor"},
    {"tyto inspect out.safetensors", "names, shapes and numbers of the tensors in a file"},
    {0},
};

static const inspect_args defaults = {.format = OPTION_UNSET};

const command cmd_inspect = {
    .name = "inspect",
    .summary = "look at a checkpoint, or at the tensors in a file",
    .synopsis = "[-m MODEL | FILE...] [option...]",
    .operands = "FILE",
    .description =
        "Shows a checkpoint's architecture, parameters, types, sizes and config.json, and compares "
        "the tensors in its files with those that the config asks for. It says what the other "
        "commands will compute in with the same --precision, whether packed weights are taken as "
        "they lie, what the model can be asked for, and what it lacks for that. No weights are "
        "read. The exit status is 1 when the checkpoint can't be used as it is.\n"
        "\n"
        "Of files of tensors, .safetensors or torch's, it shows each tensor's type, shape, least, "
        "largest and mean number, of those that are finite; in JSON as an array of files.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(inspect_args),
    .defaults = &defaults,
    .run = run,
};
