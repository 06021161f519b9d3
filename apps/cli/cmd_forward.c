/* tyto forward: named tensors in, named tensors out, any head of a model. */
#include <tyto/files.h>
#include <tyto/session.h>

#include "commands.h"
#include "messages.h"
#include "model.h"
#include "output.h"

typedef struct forward_args {
    common_args common;
    const char *inputs, *output, *head;
    text_list wanted;
} forward_args;

static bool forward(const forward_args *args, const tyto_file_list *wanted,
                    const tyto_tensor_file *file, const opened *model)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    const double began = seconds_now();
    tyto_status status = tyto_forward(
        model->session, args->head, tyto_tensor_file_at(file, 0), tyto_tensor_file_count(file),
        (const char *const *)wanted->items, wanted->count, &outputs, &n_outputs, &err);
    if (status == TYTO_OK) {
        say_info("%s: %zu outputs in %.3f s, %.1f MB of scratch",
                 args->head ? args->head : tyto_model_head(model->model), n_outputs,
                 seconds_now() - began, 1e-6 * (double)tyto_session_scratch_bytes(model->session));
        status = tyto_tensor_file_save(args->output, outputs, n_outputs, &err);
    }
    return went_well(status, &err);
}

static int run(void *given)
{
    const forward_args *args = given;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    tyto_file_list wanted = {0};
    opened model = {0};
    int code = EXIT_USAGE;
    if (!args->inputs || !args->output) {
        say_error("required --inputs FILE and -o FILE, got %s",
                  args->inputs ? "no -o" : "no --inputs");
        return EXIT_USAGE;
    }
    if (!output_holds_tensors("-o", args->output)) {
        return EXIT_USAGE;
    }
    if (tyto_names_split(TEXTS(&args->wanted), &wanted, &err) != TYTO_OK) {
        say_error("--want: %s", tyto_error_message(&err));
        goto cleanup;
    }
    code = EXIT_FAILED;
    if (!went_well(tyto_tensor_file_open(args->inputs, &file, &err), &err)) {
        goto cleanup;
    }
    if (output_check_file(args->output) && model_open(&args->common, &model) &&
        forward(args, &wanted, file, &model)) {
        code = EXIT_DONE;
    }
cleanup:
    model_close(&model);
    tyto_tensor_file_destroy(file);
    tyto_file_list_clear(&wanted);
    tyto_error_clear(&err);
    return code;
}

#define AT(field) offsetof(forward_args, field)
static const option options[] = {
    {"inputs", 'i', OPTION_TEXT, "FILE", "the .safetensors file of inputs (required)", AT(inputs),
     .files = COMPLETES_FILES},
    {"output", 'o', OPTION_TEXT, "FILE", "the .safetensors file to write (required)", AT(output),
     .files = WRITES_FILES},
    {"head", 0, OPTION_TEXT, "NAME",
     "Class or Class.method as the reference spells it (default: what config.json names)",
     AT(head)},
    {"want", 'w', OPTION_TEXTS, "NAME,...",
     "outputs to give (default: what the reference returns); 'NAME.*' takes all below NAME",
     AT(wanted)},
    {"parts", 0, OPTION_TEXT, "FILE",
     "compose the model of the preprocessor, decoder and postprocessor that this .json describes",
     AT(common.parts), .files = COMPLETES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto forward -m google/owlv2-base-patch16-ensemble --inputs in.safetensors -o "
     "out.safetensors",
     "input_ids, attention_mask and pixel_values in; logits, pred_boxes and all the others out"},
    {"tyto forward -m MODEL --inputs in.safetensors -o out.safetensors \\\n"
     "    --want logits,vision_model_output.hidden_states.2",
     "only these two"},
    {"tyto forward -m MODEL --inputs texts.safetensors -o out.safetensors \\\n"
     "    --head Owlv2Model.get_text_features",
     "another head of the same checkpoint, with input_ids and attention_mask alone"},
    {"tyto forward -m MODEL --parts parts.json --inputs in.safetensors -o out.safetensors",
     "parts.json: {\"input_preprocessor\": {\"type\": \"PerceiverTextPreprocessor\"}}"},
    {0},
};

const command cmd_forward = {
    .name = "forward",
    .summary = "run a network on named tensors",
    .synopsis = "--inputs FILE -o FILE [--head NAME] [--want NAME,...] [option...]",
    .description =
        "Runs a head of the model. Inputs and outputs are tensors of safetensors files, named as "
        "the reference names the arguments and results of its forward; nested and listed ones are "
        "joined by dots, such as text_model_output.hidden_states.2. An output that can't be given "
        "is an error that names it.",
    .options = options,
    .examples = examples,
    .args_bytes = sizeof(forward_args),
    .run = run,
};
