#include "models/perceiver/folded/fold_encoder.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/perceiver/folded/derive.h"

typedef struct encoder_folding {
    const tyto_perceiver_layer *layer;
    const tyto_model_source *source;
    const char *prefix;
    float *key; /* W_k[K,I] */
    tyto_perceiver_encoder_fold *fold;
} encoder_folding;

static void ask(void *context, tyto_binder *binder)
{
    encoder_folding *folding = context;
    const tyto_perceiver_layer *layer = folding->layer;
    tyto_binder_prefix(binder, "%sencoder.cross_attention.", folding->prefix);
    tyto_binder_floats(binder, &folding->key, "attention.self.key.weight",
                       (const int64_t[4]){layer->qk_channels, layer->kv_dim}, "qk_channels");
}

static tyto_status make(void *context, tyto_error *err)
{
    const encoder_folding *folding = context;
    const tyto_perceiver_layer *layer = folding->layer;
    const tyto_perceiver_scores scores = {.qk_channels = layer->qk_channels,
                                          .channels = layer->kv_dim,
                                          .weight = folding->key,
                                          .gamma = layer->norm2.gamma};
    const bool done = tyto_perceiver_pack_scores(folding->source, &scores, &folding->fold->key);
    return done ? TYTO_OK : tyto_fail_memory(err, folding->source->tensors_name);
}

static void bind(void *context, tyto_binder *binder)
{
    const encoder_folding *folding = context;
    tyto_binder_prefix(binder, "%sencoder.folded.", folding->prefix);
    tyto_binder_matrix(binder, &folding->fold->key, "key", folding->layer->kv_dim + 1,
                       folding->layer->qk_channels, "folded");
}

tyto_status tyto_perceiver_fold_encoder(const tyto_perceiver_layer *layer,
                                        const tyto_model_source *source, const char *prefix,
                                        tyto_perceiver_encoder_fold **out, tyto_error *err)
{
    static const tyto_perceiver_derivation derivation = {"encoder", ask, make, bind};
    encoder_folding folding = {.layer = layer, .source = source, .prefix = prefix};
    folding.fold = tyto_alloc_zeroed(1, sizeof(*folding.fold));
    const tyto_status status = folding.fold
                                   ? tyto_perceiver_derive(source, &derivation, &folding, err)
                                   : tyto_fail_memory(err, source->tensors_name);
    if (status == TYTO_OK) {
        *out = folding.fold;
    } else {
        free(folding.fold);
    }
    return status;
}
