/** config.json of a Perceiver checkpoint. */
#ifndef TYTO_MODELS_PERCEIVER_CONFIG_H
#define TYTO_MODELS_PERCEIVER_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <tyto/status.h>

#include "kernels/activation.h"

/** Largest value of any size field: products of three of them stay inside 64 bits. */
#define TYTO_PERCEIVER_SIZE_MAX (1 << 20)
/** Most layers of a block, and most blocks. */
#define TYTO_PERCEIVER_LAYERS_MAX 1024
/** Every layer norm's epsilon: the reference never reads its `layer_norm_eps`. */
#define TYTO_PERCEIVER_EPS 1e-5f

/** What `labels` are, for the loss. */
typedef enum tyto_perceiver_problem {
    TYTO_PERCEIVER_PROBLEM_BY_LABELS, /* not configured: decided by num_labels and the labels */
    TYTO_PERCEIVER_REGRESSION,
    TYTO_PERCEIVER_SINGLE_LABEL,
    TYTO_PERCEIVER_MULTI_LABEL,
} tyto_perceiver_problem;

/** PerceiverConfig, field by field. */
typedef struct tyto_perceiver_config {
    int64_t num_latents, d_latents, d_model;
    int64_t num_blocks, num_self_attends_per_block;
    int64_t num_self_attention_heads, num_cross_attention_heads;
    int64_t qk_channels, v_channels; /* 0: derived */
    bool cross_attention_shape_q;    /* cross_attention_shape_for_attention: "q", else "kv" */
    int64_t self_attention_widening_factor, cross_attention_widening_factor;
    tyto_activation hidden_act;
    bool use_query_residual;
    int64_t vocab_size, max_position_embeddings;
    int64_t image_size;
    int64_t train_size[2]; /* rows, columns */
    int64_t num_frames, audio_samples_per_frame, samples_per_patch;
    int64_t output_shape[4]; /* batch, frames, rows, columns */
    int64_t output_num_channels, label_trainable_num_channels;
    int64_t num_labels;
    tyto_perceiver_problem problem_type;
    bool output_attentions, output_hidden_states;
    /* Read and checked, without effect on a forward; the first belongs to training, the second to
     * parameters that no file has. */
    double attention_probs_dropout_prob, initializer_range, layer_norm_eps;
} tyto_perceiver_config;

/** Reads PerceiverConfig; absent fields take the reference's defaults, and fields that don't
 *  concern the network are ignored. `file` is for messages.
 *  errors  E_FORMAT (a wrong type, channels that heads don't divide), E_RANGE,
 *          E_UNSUPPORTED (an activation or pruned heads) */
TYTO_NODISCARD tyto_status tyto_perceiver_config_read(const json_t *root, const char *file,
                                                      tyto_perceiver_config *out, tyto_error *err);

/** Reads a size of 1 … maximum; an absent or null one leaves *out alone. */
TYTO_NODISCARD tyto_status tyto_perceiver_read_size(const json_t *object, const char *where,
                                                    const char *key, int64_t maximum, int64_t *out,
                                                    tyto_error *err);
/** Reads one size or a list of at most `most`; *rank is left alone when absent or null, and 0 for
 *  a bare number, which goes to out[0].
 *  maximum  of each size */
TYTO_NODISCARD tyto_status tyto_perceiver_read_sizes(const json_t *object, const char *where,
                                                     const char *key, int most, int64_t maximum,
                                                     int64_t *out, int *rank, tyto_error *err);

#endif
