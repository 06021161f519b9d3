#include "models/perceiver/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/requests.h"
#include "models/perceiver/tasks.h"

/* Name of the parameter that every checkpoint has, below the prefix of a class that wraps a
 * PerceiverModel. */
#define LATENTS "embeddings.latents"
#define WRAPPED "perceiver."
#define BARE "PerceiverModel"

static void bind_core(tyto_binder *binder, tyto_perceiver *to, const char *prefix)
{
    const int64_t N = to->config.num_latents, D = to->config.d_latents;
    char inner[64];
    tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_CORE
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CORE
    snprintf(inner, sizeof(inner), "%sencoder.cross_attention.", prefix);
    tyto_perceiver_layer_bind(binder, &to->cross, inner);
    for (int64_t i = 0; i < to->config.num_self_attends_per_block; i++) {
        snprintf(inner, sizeof(inner), "%sencoder.self_attends.%lld.", prefix, (long long)i);
        tyto_perceiver_layer_bind(binder, &to->layers[i], inner);
    }
}

static void bind_parts(tyto_binder *binder, tyto_perceiver *to, const char *prefix)
{
    char inner[64];
    if (to->parts.input_preprocessor) {
        snprintf(inner, sizeof(inner), "%sinput_preprocessor.", prefix);
        tyto_perceiver_preprocessor_bind(binder, to->parts.input_preprocessor, inner);
    }
    if (to->parts.decoder) {
        snprintf(inner, sizeof(inner), "%sdecoder.", prefix);
        tyto_perceiver_decoder_bind(binder, to->parts.decoder, inner);
    }
    if (to->parts.output_postprocessor) {
        snprintf(inner, sizeof(inner), "%soutput_postprocessor.", prefix);
        tyto_perceiver_postprocessor_bind(binder, to->parts.output_postprocessor, inner);
    }
}

/* The masked language model's last product: the embeddings once more, and a bias. */
static void bind_embedding_decoder(tyto_binder *binder, tyto_perceiver *to, const char *prefix)
{
    const int64_t vocab_size = to->config.vocab_size, d_model = to->config.d_model;
    tyto_binder_prefix(binder, "%sinput_preprocessor.", prefix);
    PROJECTION(embedding_decoder, "embeddings", vocab_size, d_model)
    tyto_binder_prefix(binder, "%s", "embedding_decoder.");
    tyto_binder_initial(binder, tyto_initial_constant(0.0));
    FLOATS(embedding_decoder.bias, "bias", vocab_size)
}

static void close_model(void *model)
{
    tyto_perceiver *perceiver = model;
    if (perceiver) {
        tyto_perceiver_parts_clear(&perceiver->parts);
        free(perceiver->decoder_fold);
        free(perceiver->encoder_fold);
        free(perceiver->layers);
        free(perceiver);
    }
}

static tyto_status read_parts(const tyto_model_source *source, tyto_perceiver *model,
                              tyto_error *err)
{
    bool no_memory = false;
    if (source->parts) {
        return tyto_perceiver_parts_read(source->parts, source->parts_name, &model->config,
                                         &model->parts, err);
    }
    json_t *description = tyto_perceiver_composition(model->class_name, &model->config, &no_memory);
    if (no_memory) {
        return tyto_fail_memory(err, source->config_name);
    }
    tyto_status status = TYTO_OK;
    if (description) {
        status = tyto_perceiver_parts_read(description, source->config_name, &model->config,
                                           &model->parts, err);
    }
    json_decref(description);
    return status;
}

/* The layers of the encoder, whose inputs are the preprocessor's rows. */
static tyto_status derive_layers(const char *where, tyto_perceiver *model, tyto_error *err)
{
    const tyto_perceiver_config *config = &model->config;
    const tyto_perceiver_preprocessor *input = model->parts.input_preprocessor;
    model->kv_dim = input ? input->channels : config->d_model;
    model->cross = (tyto_perceiver_layer){.q_dim = config->d_latents,
                                          .kv_dim = model->kv_dim,
                                          .qk_channels = config->qk_channels,
                                          .v_channels = config->v_channels,
                                          .heads = config->num_cross_attention_heads,
                                          .widening = config->cross_attention_widening_factor,
                                          .cross = true,
                                          .residual = config->use_query_residual};
    TYTO_TRY(tyto_perceiver_layer_derive(&model->cross, config, where, err));
    const int64_t layers = config->num_self_attends_per_block;
    model->layers = tyto_alloc_zeroed((size_t)layers, sizeof(*model->layers));
    if (!model->layers) {
        return tyto_fail_memory(err, where);
    }
    for (int64_t i = 0; i < layers; i++) {
        model->layers[i] =
            (tyto_perceiver_layer){.q_dim = config->d_latents,
                                   .kv_dim = config->d_latents,
                                   .qk_channels = config->qk_channels,
                                   .v_channels = config->v_channels,
                                   .heads = config->num_self_attention_heads,
                                   .widening = config->self_attention_widening_factor,
                                   .residual = true};
        TYTO_TRY(tyto_perceiver_layer_derive(&model->layers[i], config, where, err));
    }
    return TYTO_OK;
}

static tyto_status open_class(const char *class_name, const tyto_model_source *source, void **out,
                              char **unexpected, tyto_error *err)
{
    tyto_binder *binder = NULL;
    tyto_status status = TYTO_OK;
    tyto_perceiver *model = tyto_alloc_zeroed(1, sizeof(*model));
    if (!model) {
        return tyto_fail_memory(err, source->config_name);
    }
    model->class_name = class_name;
    TYTO_CHECK(
        tyto_perceiver_config_read(source->config, source->config_name, &model->config, err));
    TYTO_CHECK(read_parts(source, model, err));
    TYTO_CHECK(derive_layers(source->config_name, model, err));
    binder = tyto_binder_create(source->tensors, source->tensors_name, source->store,
                                source->kernels, source->pool);
    if (!binder) {
        status = tyto_fail_memory(err, source->config_name);
        goto cleanup;
    }
    const bool plain = strcmp(class_name, BARE) == 0
                           ? !tyto_weights_have(source->tensors, WRAPPED LATENTS)
                           : tyto_weights_have(source->tensors, LATENTS);
    const char *prefix = plain ? "" : WRAPPED;
    tyto_binder_initial(binder, tyto_initial_normal(model->config.initializer_range));
    bind_core(binder, model, prefix);
    bind_parts(binder, model, prefix);
    if (strcmp(model->class_name, "PerceiverForMaskedLM") == 0) {
        bind_embedding_decoder(binder, model, prefix);
    }
    TYTO_CHECK(tyto_binder_finish(binder, unexpected, err));
    TYTO_CHECK(tyto_perceiver_fold(model, source, prefix, err));
    *out = model;
    model = NULL;
cleanup:
    tyto_binder_destroy(binder);
    close_model(model);
    return status;
}

/* Inputs of the sizes that the head was published with. */
static bool example(const void *network, const char *head, int64_t batch, int64_t queries,
                    tyto_example *out)
{
    const tyto_perceiver *model = network;
    const tyto_perceiver_config *config = &model->config;
    const int64_t *flow = config->train_size, *video = config->output_shape;
    (void)queries;
    *out = (tyto_example){.n_inputs = 1};
    tyto_tensor *input = &out->inputs[0];
    *input = (tyto_tensor){.name = "inputs", .dtype = TYTO_F32, .rank = 4};
    if (strcmp(head, "PerceiverForMaskedLM") == 0 ||
        strcmp(head, "PerceiverForSequenceClassification") == 0) {
        *input = (tyto_tensor){.name = "inputs",
                               .dtype = TYTO_I64,
                               .rank = 2,
                               .shape = {batch, config->max_position_embeddings}};
    } else if (strcmp(head, "PerceiverForOpticalFlow") == 0) {
        input->rank = 5;
        memcpy(input->shape, (const int64_t[]){batch, 2, 27, flow[0], flow[1]},
               5 * sizeof(int64_t));
    } else if (strcmp(head, "PerceiverForMultimodalAutoencoding") == 0) {
        const int64_t samples = config->num_frames * config->audio_samples_per_frame;
        out->inputs[0] = (tyto_tensor){.name = "inputs.image",
                                       .dtype = TYTO_F32,
                                       .rank = 5,
                                       .shape = {batch, video[1], 3, video[2], video[3]}};
        out->inputs[1] = (tyto_tensor){
            .name = "inputs.audio", .dtype = TYTO_F32, .rank = 3, .shape = {batch, samples, 1}};
        out->inputs[2] = (tyto_tensor){.name = "inputs.label",
                                       .dtype = TYTO_F32,
                                       .rank = 2,
                                       .shape = {batch, config->num_labels}};
        out->n_inputs = 3;
    } else if (strncmp(head, "PerceiverForImage", strlen("PerceiverForImage")) == 0) {
        /* Learned positions fix the size. */
        const bool learned = strstr(head, "Learned") != NULL;
        const int64_t side = learned ? config->image_size : 224;
        memcpy(input->shape, (const int64_t[]){batch, 3, side, side}, 4 * sizeof(int64_t));
    } else {
        return false;
    }
    return true;
}

static tyto_status declare_bare(const void *model, tyto_exec *exec, tyto_io *io, void **request)
{
    return tyto_perceiver_declare(model, BARE, exec, io, request);
}

/* A kind of checkpoint: its own head, and PerceiverModel's. */
#define CLASS(id, class)                                                                           \
    static tyto_status id##_declare(const void *model, tyto_exec *exec, tyto_io *io,               \
                                    void **request)                                                \
    {                                                                                              \
        return tyto_perceiver_declare(model, class, exec, io, request);                            \
    }                                                                                              \
    static tyto_status id##_open(const tyto_model_source *source, void **model, char **unexpected, \
                                 tyto_error *err)                                                  \
    {                                                                                              \
        return open_class(class, source, model, unexpected, err);                                  \
    }                                                                                              \
    static const tyto_head id##_heads[] = {                                                        \
        {.name = class, .declare = id##_declare, .run = tyto_perceiver_run},                       \
        {.name = BARE, .declare = declare_bare, .run = tyto_perceiver_run}};                       \
    const tyto_architecture tyto_perceiver_##id##_architecture = {                                 \
        .model_type = "perceiver",                                                                 \
        .default_head = class,                                                                     \
        .has_own_tokenizer = true,                                                                 \
        .tasks = &tyto_perceiver_##id##_tasks,                                                     \
        .heads = id##_heads,                                                                       \
        .n_heads = 2,                                                                              \
        .open = id##_open,                                                                         \
        .close = close_model,                                                                      \
        .example = example,                                                                        \
    };
TYTO_PERCEIVER_CLASS_LIST(CLASS)

#define ADDRESS(id, name) &tyto_perceiver_##id##_architecture,
static const tyto_architecture *const architectures[] = {TYTO_PERCEIVER_CLASS_LIST(ADDRESS)};
const tyto_family tyto_perceiver_family = {.architectures = architectures,
                                           .count =
                                               sizeof(architectures) / sizeof(architectures[0]),
                                           .composed = &tyto_perceiver_bare_architecture};
