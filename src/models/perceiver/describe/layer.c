#include "models/perceiver/describe/layer.h"

#include "base/error.h"
#include "models/perceiver/requests.h"

tyto_status tyto_perceiver_layer_derive(tyto_perceiver_layer *layer,
                                        const tyto_perceiver_config *config, const char *where,
                                        tyto_error *err)
{
    if (layer->qk_channels == 0) {
        layer->qk_channels =
            layer->cross && !config->cross_attention_shape_q ? layer->kv_dim : layer->q_dim;
    }
    if (layer->v_channels == 0) {
        layer->v_channels = layer->qk_channels;
    }
    layer->act = config->hidden_act;
    const struct {
        const char *name;
        int64_t value;
    } channels[] = {{"qk_channels", layer->qk_channels}, {"v_channels", layer->v_channels}};
    for (int i = 0; i < 2; i++) {
        if (channels[i].value % layer->heads != 0) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: %s: got %lld, required a multiple of the number of heads (%lld)",
                             where, channels[i].name, (long long)channels[i].value,
                             (long long)layer->heads);
        }
    }
    return TYTO_OK;
}

void tyto_perceiver_layer_bind(tyto_binder *binder, tyto_perceiver_layer *fields,
                               const char *prefix)
{
    const int64_t Q = fields->q_dim, I = fields->kv_dim, K = fields->qk_channels,
                  V = fields->v_channels, W = fields->widening, O = fields->cross ? Q : V;
    tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_LAYER
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_LAYER
    if (fields->cross) {
#define TYTO_PERCEIVER_CROSS
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CROSS
    } else {
#define TYTO_PERCEIVER_SELF
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_SELF
    }
}
