#include "base/memory.h"
#include "models/architecture.h"
#include "models/perceiver/forward.h"
#include "models/perceiver/heads.h"
#include "models/perceiver/model.h"
#include "models/perceiver/open.h"
#include "models/perceiver/tasks.h"

static bool example(const void *network, const char *class_name, int64_t batch, int64_t queries,
                    tyto_example *out)
{
    const tyto_perceiver *model = network;
    const tyto_perceiver_head *head = tyto_perceiver_head_find(class_name);
    (void)queries;
    if (!head || !head->example) {
        return false;
    }
    head->example(&model->config, batch, out);
    return true;
}

/* Texts may be shorter than their example; PerceiverModel without parts takes rows as they are. */
static bool signature(const void *network, const char *class_name, const tyto_sizes *sizes,
                      tyto_example *out)
{
    const tyto_perceiver *model = network;
    const tyto_perceiver_head *head = tyto_perceiver_head_find(class_name);
    if (!head || (!head->example && head == model->head && model->parts.input_preprocessor)) {
        return false;
    }
    if (!head->example) {
        *out = (tyto_example){
            .inputs = {{.name = "inputs",
                        .dtype = TYTO_F32,
                        .rank = 3,
                        .shape = {sizes->batch, sizes->rows, model->config.d_model}}},
            .n_inputs = 1};
        return true;
    }
    head->example(&model->config, sizes->batch, out);
    if (out->inputs[0].dtype == TYTO_I64) {
        tyto_tensor *ids = &out->inputs[0];
        ids->shape[1] = tyto_min_i64(sizes->tokens, ids->shape[1]);
        out->inputs[out->n_inputs] = *ids;
        out->inputs[out->n_inputs++].name = "attention_mask";
    }
    return true;
}

#define HEAD_OF(id) &tyto_perceiver_heads[TYTO_PERCEIVER_HEAD_##id]

/* What the runtime calls is given no head: each class has functions of its own. */
#define HEAD(id, ...)                                                                              \
    static tyto_status declare_##id(const void *model, tyto_exec *exec, tyto_io *io,               \
                                    void **request)                                                \
    {                                                                                              \
        return tyto_perceiver_declare(model, HEAD_OF(id), exec, io, request);                      \
    }                                                                                              \
    static tyto_status open_##id(const tyto_model_source *source, void **model, char **unexpected, \
                                 tyto_error *err)                                                  \
    {                                                                                              \
        return tyto_perceiver_open_as(HEAD_OF(id), source, model, unexpected, err);                \
    }
#include "models/perceiver/heads.def"
#undef HEAD

/* Beside its own head a checkpoint runs PerceiverModel, without parts, when its inputs have d_model
 * channels. */
#define HEAD(id, class, synonym, labels, tied, describe, example_of, tasks_of)                     \
    static const tyto_head heads_##id[] = {                                                        \
        {.name = class, .declare = declare_##id, .run = tyto_perceiver_run},                       \
        {.name = TYTO_PERCEIVER_BARE, .declare = declare_bare, .run = tyto_perceiver_run}};        \
    static const tyto_architecture architecture_##id = {                                           \
        .model_type = "perceiver",                                                                 \
        .default_head = class,                                                                     \
        .has_own_tokenizer = true,                                                                 \
        .tokenizer = "PerceiverTokenizer",                                                         \
        .image_processor = "PerceiverImageProcessor",                                              \
        .tasks = &tasks_of,                                                                        \
        .heads = heads_##id,                                                                       \
        .n_heads = 2,                                                                              \
        .open = open_##id,                                                                         \
        .close = tyto_perceiver_close,                                                             \
        .example = example,                                                                        \
        .signature = signature,                                                                    \
    };
#include "models/perceiver/heads.def"
#undef HEAD

static const tyto_architecture *const architectures[] = {
#define HEAD(id, ...) &architecture_##id,
#include "models/perceiver/heads.def"
#undef HEAD
};

static const tyto_published published[] = {
    {"deepmind/language-perceiver", "PerceiverForMaskedLM"},
    {"deepmind/vision-perceiver-conv", "PerceiverForImageClassificationConvProcessing"},
    {"deepmind/vision-perceiver-learned", "PerceiverForImageClassificationLearned"},
    {"deepmind/vision-perceiver-fourier", "PerceiverForImageClassificationFourier"},
    {"deepmind/optical-flow-perceiver", "PerceiverForOpticalFlow"},
    {"deepmind/multimodal-perceiver", "PerceiverForMultimodalAutoencoding"},
    {0},
};

const tyto_family tyto_perceiver_family = {.architectures = architectures,
                                           .count = TYTO_PERCEIVER_HEADS,
                                           .composed = &architecture_bare,
                                           .published = published};
