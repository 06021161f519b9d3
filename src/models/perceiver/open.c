#include "models/perceiver/open.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/fold_decoder.h"
#include "models/perceiver/folded/fold_encoder.h"
#include "models/perceiver/folded/fold_input.h"
#include "models/perceiver/model.h"
#include "models/perceiver/requests.h"

/* Name of the parameter that every checkpoint has, below the prefix of a class that wraps a
 * PerceiverModel. */
#define LATENTS "embeddings.latents"
#define WRAPPED "perceiver."

static void bind_core(tyto_binder *binder, tyto_perceiver *fields, const char *prefix)
{
    const int64_t N = fields->config.num_latents, D = fields->config.d_latents;
    char inner[64];
    tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_CORE
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CORE
    snprintf(inner, sizeof(inner), "%sencoder.cross_attention.", prefix);
    tyto_perceiver_layer_bind(binder, &fields->cross, inner);
    for (int64_t i = 0; i < fields->config.num_self_attends_per_block; i++) {
        snprintf(inner, sizeof(inner), "%sencoder.self_attends.%lld.", prefix, (long long)i);
        tyto_perceiver_layer_bind(binder, &fields->layers[i], inner);
    }
}

static void bind_parts(tyto_binder *binder, tyto_perceiver *fields, const char *prefix)
{
    char inner[64];
    if (fields->parts.input_preprocessor) {
        snprintf(inner, sizeof(inner), "%sinput_preprocessor.", prefix);
        tyto_perceiver_preprocessor_bind(binder, fields->parts.input_preprocessor, inner);
    }
    if (fields->parts.decoder) {
        snprintf(inner, sizeof(inner), "%sdecoder.", prefix);
        tyto_perceiver_decoder_bind(binder, fields->parts.decoder, inner);
    }
    if (fields->parts.output_postprocessor) {
        snprintf(inner, sizeof(inner), "%soutput_postprocessor.", prefix);
        tyto_perceiver_postprocessor_bind(binder, fields->parts.output_postprocessor, inner);
    }
}

/* The masked language model's last product: the embeddings once more, and a bias. */
static void bind_embedding_decoder(tyto_binder *binder, tyto_perceiver *fields, const char *prefix)
{
    const int64_t vocab_size = fields->config.vocab_size, d_model = fields->config.d_model;
    tyto_binder_prefix(binder, "%sinput_preprocessor.", prefix);
    PROJECTION(embedding_decoder, "embeddings", vocab_size, d_model)
    tyto_binder_prefix(binder, "%s", "embedding_decoder.");
    tyto_binder_initial(binder, tyto_initial_constant(0.0));
    FLOATS(embedding_decoder.bias, "bias", vocab_size)
}

void tyto_perceiver_close(void *model)
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
    if (source->parts) {
        return tyto_perceiver_parts_read(source->parts, source->parts_name, &model->config,
                                         &model->parts, err);
    }
    if (!model->head->describe) {
        return TYTO_OK;
    }
    json_t *description = model->head->describe(&model->config);
    if (!description) {
        return tyto_fail_memory(err, source->config_name);
    }
    const tyto_status status = tyto_perceiver_parts_read(description, source->config_name,
                                                         &model->config, &model->parts, err);
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

/* Folds what can be folded; the rest stays NULL. Nothing is, when parameters are only listed. */
static tyto_status fold(tyto_perceiver *model, const tyto_model_source *source, const char *prefix,
                        tyto_error *err)
{
    if (source->store->list) {
        return TYTO_OK;
    }
    if (model->cross.heads == 1) {
        TYTO_TRY(
            tyto_perceiver_fold_encoder(&model->cross, source, prefix, &model->encoder_fold, err));
        TYTO_TRY(tyto_perceiver_fold_input(model->parts.input_preprocessor, source, prefix, err));
    }
    return !model->head->tied && tyto_perceiver_can_fold_decoder(&model->parts)
               ? tyto_perceiver_fold_decoder(&model->parts, source, prefix, &model->decoder_fold,
                                             err)
               : TYTO_OK;
}

tyto_status tyto_perceiver_open_as(const tyto_perceiver_head *head, const tyto_model_source *source,
                                   void **out, char **unexpected, tyto_error *err)
{
    tyto_binder *binder = NULL;
    tyto_status status = TYTO_OK;
    tyto_perceiver *model = tyto_alloc_zeroed(1, sizeof(*model));
    if (!model) {
        return tyto_fail_memory(err, source->config_name);
    }
    model->head = head;
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
    const bool plain = !head->describe ? !tyto_weights_have(source->tensors, WRAPPED LATENTS)
                                       : tyto_weights_have(source->tensors, LATENTS);
    const char *prefix = plain ? "" : WRAPPED;
    tyto_binder_initial(binder, tyto_initial_normal(model->config.initializer_range));
    bind_core(binder, model, prefix);
    bind_parts(binder, model, prefix);
    if (head->tied) {
        bind_embedding_decoder(binder, model, prefix);
    }
    TYTO_CHECK(tyto_binder_finish(binder, unexpected, err));
    TYTO_CHECK(fold(model, source, prefix, err));
    *out = model;
    model = NULL;
cleanup:
    tyto_binder_destroy(binder);
    tyto_perceiver_close(model);
    return status;
}
