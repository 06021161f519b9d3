#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/model.h"

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
typedef struct run {
    tyto_perceiver model;
    tyto_perceiver_inputs all;
    const tyto_perceiver_inputs *inputs; /* &all, or NULL */
    tyto_perceiver_queries queries;
    tyto_perceiver_target targets[TYTO_PERCEIVER_MODALITIES_MAX];
    int count;
    tyto_perceiver_labels labels;
    int64_t batch;
    const float *given; /* latents, or NULL */
    float *latents, *loss;
} run;

static tyto_status prepare(run *of, const head_inputs *head, tyto_exec *exec, tyto_io *io)
{
    const char *name;
    of->batch = -1;
    const bool latents = tyto_io_has(io, LATENTS);
    TYTO_TRY(name_of_inputs(head, io, &name));
    if (!latents || has_inputs(of->model.parts.input_preprocessor, io, name)) {
        TYTO_TRY(tyto_perceiver_inputs_prepare(of->model.parts.input_preprocessor,
                                               of->model.config.d_model, exec, io, name, &of->all));
        of->inputs = &of->all;
        of->batch = of->all.batch;
    }
    if (latents) {
        TYTO_TRY(read_latents(&of->model, io, &of->batch, &of->given));
    }
    if (of->model.parts.decoder) {
        TYTO_TRY(tyto_perceiver_queries_prepare(of->model.parts.decoder, of->inputs, exec, io,
                                                of->batch, &of->queries));
    }
    return TYTO_OK;
}

/* Labels are of the first target's rows: they belong to heads with a single one. */
static tyto_status read_labels(run *of, bool masked_lm, tyto_io *io)
{
    const tyto_perceiver_config *config = &of->model.config;
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "loss", 0, NULL, &of->loss));
    return tyto_perceiver_labels_read(
        io, masked_lm ? TYTO_PERCEIVER_SINGLE_LABEL : config->problem_type, of->batch,
        masked_lm ? of->queries.rows : 1, masked_lm ? config->vocab_size : config->num_labels,
        &of->labels);
}

/* Declares all outputs, in the reference's order. */
static tyto_status declare(run *of, const head_inputs *head, tyto_exec *exec, tyto_io *io)
{
    const tyto_perceiver_config *config = &of->model.config;
    const bool bare = head == &heads[0];
    const int64_t shape[3] = {of->batch, config->num_latents, config->d_latents};
    if (head->labels && tyto_io_has(io, "labels")) {
        TYTO_TRY(read_labels(of, of->model.embedding_decoder.weight.data != NULL, io));
    }
    if (of->model.parts.decoder) {
        TYTO_TRY(tyto_perceiver_declare_logits(&of->model, &of->queries, of->inputs, exec, io,
                                               of->batch, of->loss != NULL, of->targets,
                                               &of->count));
    }
    TYTO_TRY(tyto_io_output(io, bare ? TYTO_OUTPUT_DEFAULT : TYTO_OUTPUT_ON_REQUEST, LATENTS, 3,
                            shape, &of->latents));
    if (!of->given) {
        TYTO_TRY(tyto_perceiver_declare_states(&of->model, io, of->batch, of->all.rows));
    }
    return of->model.parts.decoder
               ? tyto_perceiver_declare_queries(&of->model, &of->queries, io, of->batch)
               : TYTO_OK;
}

tyto_status tyto_perceiver_forward(const tyto_perceiver *model, const char *name, tyto_exec *exec,
                                   tyto_io *io)
{
    const head_inputs *head = find_head(name);
    run of = {0};
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(view_of(model, name, exec->err, &of.model));
    TYTO_TRY(prepare(&of, head, exec, io));
    TYTO_TRY(declare(&of, head, exec, io));
    const int64_t floats = of.batch * of.model.config.num_latents * of.model.config.d_latents;
    if (!of.latents && !of.given) {
        TYTO_TRY(tyto_exec_floats(exec, floats, &of.latents));
    }
    if (!of.given) {
        TYTO_TRY(tyto_perceiver_encode(&of.model, exec, io, of.inputs, of.latents));
    } else if (of.latents && !tyto_exec_planning(exec)) {
        memcpy(of.latents, of.given, (size_t)floats * sizeof(float));
    }
    if (of.model.parts.decoder) {
        TYTO_TRY(tyto_perceiver_decode(&of.model, &of.queries, exec, io, of.batch,
                                       of.given ? of.given : of.latents, of.targets, of.count));
    }
    if (of.loss && !tyto_exec_planning(exec)) {
        TYTO_TRY(tyto_perceiver_loss(&of.labels, of.targets[0].to, of.loss, exec->err));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
