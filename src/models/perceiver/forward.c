#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/model.h"
#include "nn/rows.h"

#define LATENTS "last_hidden_state"

/* What a head's forward takes beside `inputs`. */
typedef struct head_inputs {
    const char *name;
    const char *synonym; /* of `inputs`, or NULL */
    bool labels;
} head_inputs;

static const head_inputs heads[] = {
    {"PerceiverModel", NULL, false},
    {"PerceiverForMaskedLM", "input_ids", true},
    {"PerceiverForSequenceClassification", "input_ids", true},
    {"PerceiverForImageClassificationLearned", "pixel_values", true},
    {"PerceiverForImageClassificationFourier", "pixel_values", true},
    {"PerceiverForImageClassificationConvProcessing", "pixel_values", true},
    {"PerceiverForOpticalFlow", NULL, false},
    {"PerceiverForMultimodalAutoencoding", NULL, false},
};

static const head_inputs *find_head(const char *name)
{
    size_t i = 0;
    while (strcmp(heads[i].name, name) != 0) {
        i++;
    }
    return &heads[i];
}

/* The name under which the inputs were given. */
static tyto_status name_of_inputs(const head_inputs *head, const tyto_io *io, const char **name)
{
    *name = "inputs";
    if (head->synonym && tyto_io_has(io, head->synonym)) {
        *name = head->synonym;
        if (tyto_io_has(io, "inputs")) {
            return tyto_fail(io->err, TYTO_E_ARGUMENT,
                             "input '%s': got 'inputs' as well, required one of the two",
                             head->synonym);
        }
    }
    return TYTO_OK;
}

/* True when the run has inputs: with latents given, they are only for queries. */
static bool has_inputs(const tyto_perceiver_preprocessor *part, const tyto_io *io, const char *name)
{
    if (part && part->type == TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR) {
        char first[TYTO_IO_NAME_BYTES];
        tyto_io_name(first, name, part->modalities[0].name);
        return tyto_io_has(io, first);
    }
    return tyto_io_has(io, name);
}

/* A view of the model as the head sees it: a bare PerceiverModel has no parts. */
static tyto_status view_of(const tyto_perceiver *model, const char *head, tyto_error *err,
                           tyto_perceiver *view)
{
    *view = *model;
    if (strcmp(model->class_name, head) == 0) {
        return TYTO_OK;
    }
    if (model->kv_dim != model->config.d_model) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "head: %s: inputs of this checkpoint have %lld channels, required d_model "
                         "(%lld)",
                         head, (long long)model->kv_dim, (long long)model->config.d_model);
    }
    view->parts = (tyto_perceiver_parts){0};
    view->embedding_decoder = (tyto_linear_weights){0};
    return TYTO_OK;
}

/* The latents that the caller gives instead of having the inputs encoded again. */
static tyto_status read_latents(const tyto_perceiver *model, tyto_io *io, int64_t *batch,
                                const float **latents)
{
    int64_t shape[3] = {*batch, model->config.num_latents, model->config.d_latents};
    const void *values;
    TYTO_TRY(tyto_io_input(io, LATENTS, TYTO_F32, 3, shape, &values));
    *batch = shape[0];
    *latents = values;
    return TYTO_OK;
}

/* Everything of a run that is known before arithmetic. */
typedef struct run_request {
    tyto_perceiver model; /* as the head sees it */
    tyto_perceiver_inputs all;
    tyto_perceiver_inputs *inputs; /* &all, or NULL */
    tyto_perceiver_masks masks;
    tyto_perceiver_queries queries;
    tyto_perceiver_target targets[TYTO_PERCEIVER_MODALITIES_MAX];
    int count;
    tyto_perceiver_labels labels;
    int64_t batch;
    const float *given; /* latents, or NULL */
    float *latents, *loss;
} run_request;

static tyto_status read_inputs(run_request *request, const head_inputs *head, tyto_io *io)
{
    const tyto_perceiver *model = &request->model;
    const char *name;
    request->batch = -1;
    const bool latents = tyto_io_has(io, LATENTS);
    TYTO_TRY(name_of_inputs(head, io, &name));
    if (!latents || has_inputs(model->parts.input_preprocessor, io, name)) {
        TYTO_TRY(tyto_perceiver_inputs_prepare(model->parts.input_preprocessor,
                                               model->config.d_model, io, name, &request->all));
        request->inputs = &request->all;
        request->batch = request->all.batch;
    }
    if (latents) {
        TYTO_TRY(read_latents(model, io, &request->batch, &request->given));
    } else {
        TYTO_TRY(tyto_perceiver_masks_read(model, io, request->inputs, &request->masks));
    }
    return model->parts.decoder
               ? tyto_perceiver_queries_prepare(model->parts.decoder, request->inputs, io,
                                                request->batch, &request->queries)
               : TYTO_OK;
}

/* Labels are of the first target's rows: they belong to heads with a single one. */
static tyto_status read_labels(run_request *request, bool masked_lm, tyto_io *io)
{
    const tyto_perceiver_config *config = &request->model.config;
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "loss", 0, NULL, &request->loss));
    TYTO_TRY(tyto_perceiver_labels_read(
        io, masked_lm ? TYTO_PERCEIVER_SINGLE_LABEL : config->problem_type, request->batch,
        masked_lm ? request->queries.rows : 1, masked_lm ? config->vocab_size : config->num_labels,
        &request->labels));
    return request->loss ? tyto_perceiver_labels_check(&request->labels, io->err) : TYTO_OK;
}

/* Declares all outputs, in the reference's order. */
static tyto_status declare_outputs(run_request *request, const head_inputs *head, tyto_exec *exec,
                                   tyto_io *io)
{
    const tyto_perceiver *model = &request->model;
    const tyto_perceiver_config *config = &model->config;
    const bool bare = head == &heads[0];
    const int64_t shape[3] = {request->batch, config->num_latents, config->d_latents};
    if (head->labels && tyto_io_has(io, "labels")) {
        TYTO_TRY(read_labels(request, model->embedding_decoder.weight.data != NULL, io));
    }
    if (model->parts.decoder) {
        TYTO_TRY(tyto_perceiver_declare_logits(model, &request->queries, request->inputs, exec, io,
                                               request->batch, request->loss != NULL,
                                               request->targets, &request->count));
    }
    TYTO_TRY(tyto_io_output(io, bare ? TYTO_OUTPUT_DEFAULT : TYTO_OUTPUT_ON_REQUEST, LATENTS, 3,
                            shape, &request->latents));
    if (!request->given) {
        TYTO_TRY(tyto_perceiver_declare_states(model, io, request->batch, request->all.rows));
    }
    return model->parts.decoder
               ? tyto_perceiver_declare_queries(model, &request->queries, io, request->batch)
               : TYTO_OK;
}

tyto_status tyto_perceiver_declare(const tyto_perceiver *model, const char *name, tyto_exec *exec,
                                   tyto_io *io, void **out)
{
    const head_inputs *head = find_head(name);
    run_request *request = tyto_arena_take(exec->arena, 1, sizeof(*request));
    if (!request) {
        return tyto_fail_memory(exec->err, "scratch");
    }
    *request = (run_request){0};
    *out = request;
    TYTO_TRY(view_of(model, name, exec->err, &request->model));
    TYTO_TRY(read_inputs(request, head, io));
    return declare_outputs(request, head, exec, io);
}

tyto_status tyto_perceiver_run(const void *network, tyto_exec *exec, tyto_io *io, void *declared)
{
    run_request *request = declared;
    const tyto_perceiver *model = &request->model;
    const int64_t N = model->config.num_latents, D = model->config.d_latents,
                  rows = request->batch * N;
    const float *latents = request->given;
    (void)network;
    if (request->inputs) {
        TYTO_TRY(tyto_perceiver_inputs_start(request->inputs, exec));
    }
    TYTO_TRY(tyto_perceiver_queries_start(&request->queries, exec));
    if (!latents) {
        float *encoded = request->latents;
        if (!encoded) {
            TYTO_TRY(tyto_exec_floats(exec, rows * D, &encoded));
        }
        TYTO_TRY(tyto_perceiver_encode(model, exec, io, request->inputs, &request->masks, encoded));
        latents = encoded;
    } else if (request->latents) {
        TYTO_TRY(tyto_copy_rows(exec, rows, D, latents, D, request->latents, D));
    }
    if (model->parts.decoder) {
        TYTO_TRY(tyto_perceiver_decode(model, &request->queries, exec, io, request->batch, latents,
                                       request->targets, request->count));
    }
    if (request->loss) {
        *request->loss = tyto_perceiver_loss(&request->labels, request->targets[0].to);
    }
    return TYTO_OK;
}
