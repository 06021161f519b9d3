#include <tyto/signature.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/io.h"
#include "runtime/model.h"

/* A tensor that is listed, and its name. */
typedef struct entry {
    tyto_tensor tensor;
    char name[TYTO_IO_NAME_BYTES];
} entry;

struct tyto_signature {
    entry *inputs, *outputs;
    int64_t n_inputs, n_outputs;
};

int64_t tyto_model_head_count(const tyto_model *model)
{
    return model ? (int64_t)model->architecture->n_heads : 0;
}

const char *tyto_model_head_at(const tyto_model *model, int64_t i)
{
    return i >= 0 && i < tyto_model_head_count(model) ? model->architecture->heads[i].name : NULL;
}

/* The example's inputs with zeros, which every table of ids has; all in one newly allocated block,
 * which only what is read takes memory of. */
static tyto_status fill(tyto_example *example, char **block, tyto_error *err)
{
    int64_t total = 0, sizes[sizeof(example->inputs) / sizeof(example->inputs[0])];
    bool fits = true;
    for (size_t i = 0; i < example->n_inputs; i++) {
        const tyto_tensor *input = &example->inputs[i];
        sizes[i] = (int64_t)tyto_dtype_bytes(input->dtype);
        for (int d = 0; d < input->rank; d++) {
            fits = fits && tyto_mul_i64(sizes[i], input->shape[d], &sizes[i]);
        }
        fits = fits && !__builtin_add_overflow(total, sizes[i], &total);
    }
    *block = fits ? tyto_alloc_zeroed((size_t)total + 1, 1) : NULL;
    if (!*block) {
        return tyto_fail_memory(err, "signature");
    }
    int64_t at = 0;
    for (size_t i = 0; i < example->n_inputs; i++) {
        example->inputs[i].data = *block + at;
        at += sizes[i];
    }
    return TYTO_OK;
}

/* Keeps tensors of a first run; what a later one has otherwise is free. */
static tyto_status keep(entry **list, int64_t *count, const tyto_tensor *tensor, int64_t i,
                        tyto_error *err)
{
    if (i == *count) {
        entry *grown = tyto_realloc(*list, (size_t)i + 1, sizeof(*grown));
        if (!grown) {
            return tyto_fail_memory(err, "signature");
        }
        *list = grown;
        grown[(*count)++].tensor = *tensor;
        tyto_io_name(grown[i].name, "", tensor->name);
        grown[i].tensor.data = NULL;
        return TYTO_OK;
    }
    entry *kept = &(*list)[i];
    for (int d = 0; d < tensor->rank && d < kept->tensor.rank; d++) {
        kept->tensor.shape[d] = kept->tensor.shape[d] == tensor->shape[d] ? tensor->shape[d] : -1;
    }
    return TYTO_OK;
}

/* What a head declares for inputs of these sizes. */
static tyto_status declare(const tyto_model *model, const tyto_head *head, const tyto_sizes *sizes,
                           tyto_signature *out, tyto_error *err)
{
    tyto_example example;
    tyto_arena scratch = {0}, memory = {0};
    tyto_error own = TYTO_ERROR_INIT;
    char *block = NULL;
    void *request;
    tyto_status status = TYTO_OK;
    if (!model->architecture->signature ||
        !model->architecture->signature(model->network, head->name, sizes, &example)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "signature: the inputs of %s aren't known here",
                         head->name);
    }
    tyto_io io = {.inputs = example.inputs,
                  .n_inputs = example.n_inputs,
                  .scratch = &scratch,
                  .memory = &memory,
                  .err = err ? err : &own};
    tyto_pool *pool = tyto_engine_pool_create(model->engine, 1);
    tyto_exec exec = {.kernels = model->engine->kernels,
                      .precision = model->precision,
                      .pool = pool,
                      .arena = &scratch,
                      .err = io.err};
    if (!pool) {
        return tyto_fail_memory(err, "signature");
    }
    TYTO_CHECK(fill(&example, &block, err));
    TYTO_CHECK(head->declare(model->network, &exec, &io, &request));
    for (size_t i = 0; i < example.n_inputs; i++) {
        TYTO_CHECK(keep(&out->inputs, &out->n_inputs, &example.inputs[i], (int64_t)i, err));
    }
    for (size_t i = 0; i < io.n_entries; i++) {
        tyto_tensor output = io.entries[i].tensor;
        output.name = io.entries[i].name;
        TYTO_CHECK(keep(&out->outputs, &out->n_outputs, &output, (int64_t)i, err));
    }
cleanup:
    free(block);
    tyto_io_clear(&io);
    tyto_arena_clear(&scratch);
    tyto_arena_clear(&memory);
    tyto_pool_destroy(pool);
    tyto_error_clear(&own);
    return status;
}

static void name_all(entry *list, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        list[i].tensor.name = list[i].name;
    }
}

tyto_status tyto_signature_create(const tyto_model *model, const char *head, tyto_signature **out,
                                  tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_REQUIRE(err, model);
    /* Sizes that are all different, each another one in turn. */
    static const tyto_sizes trials[] = {
        {2, 3, 5, 7}, {4, 3, 5, 7}, {2, 4, 5, 7}, {2, 3, 6, 7}, {2, 3, 5, 8}};
    const char *name = head ? head : model->head;
    const tyto_head *found = tyto_head_find(model->architecture, name);
    tyto_status status = TYTO_OK;
    if (!found) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "head: got '%s', which this model does not have",
                         name);
    }
    tyto_signature *signature = tyto_alloc_zeroed(1, sizeof(*signature));
    if (!signature) {
        return tyto_fail_memory(err, "signature");
    }
    for (size_t i = 0; i < sizeof(trials) / sizeof(trials[0]); i++) {
        TYTO_CHECK(declare(model, found, &trials[i], signature, err));
    }
    name_all(signature->inputs, signature->n_inputs);
    name_all(signature->outputs, signature->n_outputs);
    *out = signature;
    signature = NULL;
cleanup:
    tyto_signature_destroy(signature);
    return status;
}

void tyto_signature_destroy(tyto_signature *signature)
{
    if (signature) {
        free(signature->inputs);
        free(signature->outputs);
        free(signature);
    }
}

int64_t tyto_signature_input_count(const tyto_signature *signature)
{
    return signature ? signature->n_inputs : 0;
}

int64_t tyto_signature_output_count(const tyto_signature *signature)
{
    return signature ? signature->n_outputs : 0;
}

const tyto_tensor *tyto_signature_input(const tyto_signature *signature, int64_t i)
{
    return i >= 0 && i < tyto_signature_input_count(signature) ? &signature->inputs[i].tensor
                                                               : NULL;
}

const tyto_tensor *tyto_signature_output(const tyto_signature *signature, int64_t i)
{
    return i >= 0 && i < tyto_signature_output_count(signature) ? &signature->outputs[i].tensor
                                                                : NULL;
}
