#include "models/owlv2/config.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "formats/json.h"

/* Reads a number that must lie in minimum … maximum. */
static tyto_status read_number(const json_t *object, const char *where, const char *key,
                               int64_t minimum, int64_t maximum, int64_t *out, tyto_error *err)
{
    TYTO_TRY(tyto_json_int(object, where, key, out, err));
    if (*out < minimum || *out > maximum) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: '%s': got %lld, required %lld to %lld", where, key,
                         (long long)*out, (long long)minimum, (long long)maximum);
    }
    return TYTO_OK;
}

/* Reads a size that must lie in 1 … maximum. */
static tyto_status read_size(const json_t *object, const char *where, const char *key,
                             int64_t maximum, int64_t *out, tyto_error *err)
{
    return read_number(object, where, key, 1, maximum, out, err);
}

static tyto_status read_extras(const json_t *object, const char *where, tyto_owlv2_extras *out,
                               tyto_error *err)
{
    TYTO_TRY(tyto_json_bool(object, where, "output_hidden_states", &out->hidden_states, err));
    return tyto_json_bool(object, where, "output_attentions", &out->attentions, err);
}

static tyto_status read_encoder(const json_t *object, const char *where,
                                tyto_owlv2_encoder_config *out, tyto_error *err)
{
    const char *act = "quick_gelu";
    out->layer_norm_eps = 1e-5;
    out->initializer_factor = 1.0;
    TYTO_TRY(read_extras(object, where, &out->alone, err));
    TYTO_TRY(read_size(object, where, "hidden_size", TYTO_OWLV2_SIZE_MAX, &out->hidden_size, err));
    TYTO_TRY(read_size(object, where, "intermediate_size", TYTO_OWLV2_SIZE_MAX,
                       &out->intermediate_size, err));
    TYTO_TRY(read_number(object, where, "num_hidden_layers", 0, TYTO_OWLV2_LAYERS_MAX,
                         &out->num_hidden_layers, err));
    TYTO_TRY(read_size(object, where, "num_attention_heads", TYTO_OWLV2_SIZE_MAX,
                       &out->num_attention_heads, err));
    if (out->hidden_size % out->num_attention_heads != 0) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: hidden_size: got %lld, required a multiple of num_attention_heads "
                         "(%lld)",
                         where, (long long)out->hidden_size, (long long)out->num_attention_heads);
    }
    TYTO_TRY(tyto_json_double(object, where, "layer_norm_eps", &out->layer_norm_eps, err));
    if (!isfinite(out->layer_norm_eps) || out->layer_norm_eps < 0) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'layer_norm_eps': got %g, required at least 0",
                         where, out->layer_norm_eps);
    }
    TYTO_TRY(tyto_json_double(object, where, "initializer_factor", &out->initializer_factor, err));
    TYTO_TRY(tyto_json_text(object, where, "hidden_act", &act, err));
    if (!tyto_activation_find(act, &out->hidden_act)) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: 'hidden_act': got '%s', required one of %s",
                         where, act, tyto_activation_names());
    }
    return TYTO_OK;
}

int64_t tyto_owlv2_grid(const tyto_owlv2_vision_config *config)
{
    return config->image_size / config->patch_size;
}

tyto_status tyto_owlv2_text_config_read(const json_t *object, const char *where,
                                        tyto_owlv2_text_config *out, tyto_error *err)
{
    *out = (tyto_owlv2_text_config){
        .encoder = {.hidden_size = 512,
                    .intermediate_size = 2048,
                    .num_hidden_layers = 12,
                    .num_attention_heads = 8},
        .vocab_size = 49408,
        .max_position_embeddings = 16,
    };
    TYTO_TRY(read_encoder(object, where, &out->encoder, err));
    TYTO_TRY(read_size(object, where, "vocab_size", INT32_MAX, &out->vocab_size, err));
    return read_size(object, where, "max_position_embeddings", TYTO_OWLV2_SIZE_MAX,
                     &out->max_position_embeddings, err);
}

tyto_status tyto_owlv2_vision_config_read(const json_t *object, const char *where,
                                          tyto_owlv2_vision_config *out, tyto_error *err)
{
    *out = (tyto_owlv2_vision_config){
        .encoder = {.hidden_size = 768,
                    .intermediate_size = 3072,
                    .num_hidden_layers = 12,
                    .num_attention_heads = 12},
        .num_channels = 3,
        .image_size = 768,
        .patch_size = 16,
        .initializer_range = 0.02,
    };
    TYTO_TRY(read_encoder(object, where, &out->encoder, err));
    TYTO_TRY(tyto_json_double(object, where, "initializer_range", &out->initializer_range, err));
    TYTO_TRY(read_size(object, where, "num_channels", 4096, &out->num_channels, err));
    TYTO_TRY(read_size(object, where, "image_size", 65536, &out->image_size, err));
    TYTO_TRY(read_size(object, where, "patch_size", 65536, &out->patch_size, err));
    if (out->patch_size > out->image_size) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'patch_size': got %lld, required at most image_size (%lld)", where,
                         (long long)out->patch_size, (long long)out->image_size);
    }
    return TYTO_OK;
}

/* The nested dict of that name: NULL when absent or null, an error when it is something else. */
static tyto_status nested(const json_t *root, const char *file, const char *key, const json_t **out,
                          tyto_error *err)
{
    const json_t *value = json_object_get(root, key);
    *out = json_is_null(value) ? NULL : value;
    if (*out && !json_is_object(*out)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got %s, required an object", file, key,
                         tyto_json_type(*out));
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_config_read(const json_t *root, const char *file, tyto_owlv2_config *out,
                                   tyto_error *err)
{
    const json_t *text, *vision;
    char where[512];
    TYTO_TRY(nested(root, file, "text_config", &text, err));
    TYTO_TRY(nested(root, file, "vision_config", &vision, err));
    snprintf(where, sizeof(where), "%s: text_config", file);
    TYTO_TRY(tyto_owlv2_text_config_read(text, where, &out->text, err));
    snprintf(where, sizeof(where), "%s: vision_config", file);
    TYTO_TRY(tyto_owlv2_vision_config_read(vision, where, &out->vision, err));
    TYTO_TRY(read_extras(root, file, &out->text.encoder.within, err));
    out->vision.encoder.within = out->text.encoder.within;
    out->projection_dim = 512;
    out->logit_scale_init_value = 2.6592;
    TYTO_TRY(
        tyto_json_double(root, file, "logit_scale_init_value", &out->logit_scale_init_value, err));
    return read_size(root, file, "projection_dim", TYTO_OWLV2_SIZE_MAX, &out->projection_dim, err);
}
