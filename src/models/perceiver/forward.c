#include "models/perceiver/forward.h"

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/decode.h"
#include "models/perceiver/folded/encode.h"
#include "models/perceiver/plain/decoder.h"
#include "models/perceiver/plain/encoder.h"
#include "models/perceiver/plain/loss.h"
#include "nn/rows.h"

/* Latents that go through the blocks together. */
#define LATENTS_TOGETHER 4096

#define LATENTS "last_hidden_state"

/* The name under which the inputs were given. */
static tyto_status name_of_inputs(const tyto_perceiver_head *head, const tyto_io *io,
                                  const char **name)
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

/* True when the run has inputs. With latents given they are not encoded, but queries may need them.
 */
static bool has_inputs(const tyto_perceiver_preprocessor *part, const tyto_io *io, const char *name)
{
    if (part && part->type == TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR) {
        char first[TYTO_IO_NAME_BYTES];
        tyto_io_name(first, name, part->modalities[0].name);
        return tyto_io_has(io, first);
    }
    return tyto_io_has(io, name);
}

/* *seen = the model as a head sees it: PerceiverModel, beside a head of another class, has no
 * parts. */
static tyto_status model_of_head(const tyto_perceiver *model, const tyto_perceiver_head *head,
                                 tyto_error *err, tyto_perceiver *seen)
{
    *seen = *model;
    if (model->head == head) {
        return TYTO_OK;
    }
    if (model->kv_dim != model->config.d_model) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "head: %s: inputs of this checkpoint have %lld channels, required d_model "
                         "(%lld)",
                         head->class_name, (long long)model->kv_dim,
                         (long long)model->config.d_model);
    }
    seen->parts = (tyto_perceiver_parts){0};
    seen->embedding_decoder = (tyto_linear_weights){0};
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

/* What declaring a run found out, and all that running it needs. */
typedef struct run_request {
    tyto_perceiver model; /* as the head sees it */
    tyto_perceiver_inputs all;
    tyto_perceiver_inputs *inputs; /* &all, or NULL */
    tyto_perceiver_masks masks;
    tyto_perceiver_queries queries;
    tyto_perceiver_targets targets;
    tyto_perceiver_labels labels;
    int64_t batch;
    const float *given; /* latents, or NULL */
    float *latents, *loss;
} run_request;

static tyto_status read_inputs(run_request *request, const tyto_perceiver_head *head, tyto_io *io)
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

/* Only heads with a single target take labels: they are of its rows. */
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
static tyto_status declare_outputs(run_request *request, const tyto_perceiver_head *head,
                                   tyto_exec *exec, tyto_io *io)
{
    const tyto_perceiver *model = &request->model;
    const tyto_perceiver_config *config = &model->config;
    const bool bare = !head->describe;
    const int64_t shape[3] = {request->batch, config->num_latents, config->d_latents};
    if (head->labels && tyto_io_has(io, "labels")) {
        TYTO_TRY(read_labels(request, model->embedding_decoder.weight.data != NULL, io));
    }
    if (model->parts.decoder) {
        TYTO_TRY(tyto_perceiver_declare_logits(model, &request->queries, request->inputs, exec, io,
                                               request->batch, request->loss != NULL,
                                               &request->targets));
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

tyto_status tyto_perceiver_declare(const tyto_perceiver *model, const tyto_perceiver_head *head,
                                   tyto_exec *exec, tyto_io *io, void **out)
{
    run_request *request = tyto_arena_take(exec->arena, 1, sizeof(*request));
    if (!request) {
        return tyto_fail_memory(exec->err, "scratch");
    }
    *request = (run_request){0};
    *out = request;
    TYTO_TRY(model_of_head(model, head, exec->err, &request->model));
    TYTO_TRY(read_inputs(request, head, io));
    return declare_outputs(request, head, exec, io);
}

/* hidden[N,D] = what the latents become by attention to the inputs of batch element b. */
static tyto_status encode_element(const run_request *request, tyto_exec *exec, const tyto_io *io,
                                  int64_t b, float *hidden)
{
    const tyto_perceiver *model = &request->model;
    const bool folded = model->encoder_fold && !request->masks.inputs.seen &&
                        !tyto_perceiver_cross_attentions(io) &&
                        request->inputs->rows >= model->config.num_latents;
    return folded ? tyto_perceiver_encode_folded(model, exec, request->inputs, b, hidden)
                  : tyto_perceiver_attend_inputs(model, exec, io, request->inputs, &request->masks,
                                                 b, hidden);
}

/* latents[B,N,D] of the inputs, some batch elements at a time. */
static tyto_status encode(const run_request *request, tyto_exec *exec, const tyto_io *io,
                          float *latents)
{
    const tyto_perceiver *model = &request->model;
    const int64_t N = model->config.num_latents, each = N * model->config.d_latents,
                  batch = request->batch,
                  together = tyto_min_i64(batch, tyto_max_i64(1, LATENTS_TOGETHER / N));
    for (int64_t first = 0; first < batch; first += together) {
        const int64_t n = tyto_min_i64(together, batch - first);
        float *hidden = latents + first * each;
        for (int64_t i = 0; i < n; i++) {
            TYTO_TRY(encode_element(request, exec, io, first + i, hidden + i * each));
        }
        TYTO_TRY(tyto_perceiver_run_blocks(model, exec, io, &request->masks, first, n, hidden));
    }
    return TYTO_OK;
}

/* Decodes target i of batch element b, some rows at a time. */
static tyto_status decode_target(const run_request *request, tyto_exec *exec, int64_t b,
                                 const tyto_perceiver_memory *memory, int i)
{
    const tyto_perceiver_target *target = &request->targets.items[i];
    if (tyto_perceiver_decodes_folded(&request->model, &request->queries, target, i)) {
        return tyto_perceiver_decode_folded(&request->model, &request->queries, exec, b, memory->kv,
                                            target, i);
    }
    for (int64_t done = 0; done < target->rows; done += TYTO_PERCEIVER_ROWS_TOGETHER) {
        TYTO_TRY(tyto_exec_step(exec, done, target->rows));
        TYTO_TRY(tyto_perceiver_decode_rows(
            &request->queries, exec, b, memory, target->first + done,
            tyto_min_i64(TYTO_PERCEIVER_ROWS_TOGETHER, target->rows - done), &request->targets));
    }
    return TYTO_OK;
}

/* Decodes all that is wanted of batch element b: all rows at once when their attention is. */
static tyto_status decode_element(const run_request *request, tyto_exec *exec, int64_t b,
                                  const tyto_perceiver_memory *memory)
{
    if (memory->probabilities) {
        return tyto_perceiver_decode_rows(&request->queries, exec, b, memory, 0,
                                          request->queries.rows, &request->targets);
    }
    for (int i = 0; i < request->targets.count; i++) {
        if (request->targets.items[i].output) {
            TYTO_TRY(decode_target(request, exec, b, memory, i));
        }
    }
    return TYTO_OK;
}

/* Decodes what the targets need of latents[B,N,D], which stay as they are. */
static tyto_status decode(const run_request *request, tyto_exec *exec, const tyto_io *io,
                          const float *latents)
{
    const tyto_perceiver_queries *queries = &request->queries;
    const tyto_perceiver_layer *layer = &queries->decoder->cross;
    const int64_t N = request->model.config.num_latents, D = request->model.config.d_latents;
    float *maps = tyto_perceiver_query_attentions(io), *kv;
    bool wanted = maps != NULL;
    for (int i = 0; i < request->targets.count; i++) {
        wanted = wanted || request->targets.items[i].output;
    }
    exec->stage = "decoder";
    if (!wanted) {
        return TYTO_OK;
    }
    if (queries->decoder->type == TYTO_PERCEIVER_PROJECTION_DECODER) {
        return tyto_perceiver_decode_mean(&request->model, exec, request->batch, latents,
                                          &request->targets);
    }
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, N * (layer->qk_channels + layer->v_channels), &kv));
    for (int64_t b = 0; b < request->batch; b++) {
        const tyto_perceiver_memory memory = {
            .kv = kv,
            .keys = N,
            .probabilities = maps ? maps + b * layer->heads * queries->rows * N : NULL};
        TYTO_TRY(tyto_perceiver_layer_inputs(layer, exec, N, latents + b * N * D, kv));
        TYTO_TRY(decode_element(request, exec, b, &memory));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_run(const void *network, tyto_exec *exec, tyto_io *io, void *declared)
{
    run_request *request = declared;
    const tyto_perceiver *model = &request->model;
    const int64_t D = model->config.d_latents, rows = request->batch * model->config.num_latents;
    const float *latents = request->given;
    (void)network; /* the request has it as the head sees it */
    if (request->inputs) {
        TYTO_TRY(tyto_perceiver_inputs_start(request->inputs, exec));
    }
    TYTO_TRY(tyto_perceiver_queries_start(&request->queries, exec));
    if (!latents) {
        float *encoded = request->latents;
        if (!encoded) {
            TYTO_TRY(tyto_exec_floats(exec, rows * D, &encoded));
        }
        TYTO_TRY(encode(request, exec, io, encoded));
        latents = encoded;
    } else if (request->latents) {
        TYTO_TRY(tyto_copy_rows(exec, rows, D, latents, D, request->latents, D));
    }
    if (model->parts.decoder) {
        TYTO_TRY(decode(request, exec, io, latents));
    }
    if (request->loss) {
        *request->loss = tyto_perceiver_loss(&request->labels, request->targets.items[0].output);
    }
    return TYTO_OK;
}
