/** config.json of an OWLv2 checkpoint. */
#ifndef TYTO_MODELS_OWLV2_CONFIG_H
#define TYTO_MODELS_OWLV2_CONFIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <tyto/status.h>

#include "kernels/activation.h"

/** Largest value of any size field: products of three of them stay inside 64 bits. */
#define TYTO_OWLV2_SIZE_MAX (1 << 20)
/** Most layers of a tower. */
#define TYTO_OWLV2_LAYERS_MAX 1024

/** What heads give without being asked: output_hidden_states, output_attentions. */
typedef struct tyto_owlv2_extras {
    bool hidden_states, attentions;
} tyto_owlv2_extras;

/** What both towers are made of. */
typedef struct tyto_owlv2_encoder_config {
    int64_t hidden_size;
    int64_t intermediate_size;
    int64_t num_hidden_layers;
    int64_t num_attention_heads;
    tyto_activation hidden_act;
    double layer_norm_eps;
    double initializer_factor; /* of a tower by itself; a whole's is 1 */
    tyto_owlv2_extras alone;   /* as a model of its own: what its own dict says */
    tyto_owlv2_extras within;  /* as a part of one: what the whole's says */
} tyto_owlv2_encoder_config;

typedef struct tyto_owlv2_text_config {
    tyto_owlv2_encoder_config encoder;
    int64_t vocab_size;
    int64_t max_position_embeddings;
} tyto_owlv2_text_config;

typedef struct tyto_owlv2_vision_config {
    tyto_owlv2_encoder_config encoder;
    int64_t num_channels;
    int64_t image_size;
    int64_t patch_size;
    double initializer_range;
} tyto_owlv2_vision_config;

typedef struct tyto_owlv2_config {
    tyto_owlv2_text_config text;
    tyto_owlv2_vision_config vision;
    int64_t projection_dim;
    double logit_scale_init_value;
} tyto_owlv2_config;

/** Patches along one side of the picture: ⌊image_size / patch_size⌋. */
int64_t tyto_owlv2_grid(const tyto_owlv2_vision_config *config);

/** Reads Owlv2Config; absent fields and absent nested dicts take the reference's defaults, and
 *  fields that don't concern the network are ignored. `file` is for messages.
 *  errors  E_FORMAT (a wrong type, sizes that don't fit each other), E_RANGE,
 *          E_UNSUPPORTED (an activation that this build lacks) */
TYTO_NODISCARD tyto_status tyto_owlv2_config_read(const json_t *root, const char *file,
                                                  tyto_owlv2_config *out, tyto_error *err);
/** Reads Owlv2TextConfig and Owlv2VisionConfig, which have files of their own in standalone
 *  checkpoints. object NULL: all defaults. `where` is for messages. */
TYTO_NODISCARD tyto_status tyto_owlv2_text_config_read(const json_t *object, const char *where,
                                                       tyto_owlv2_text_config *out,
                                                       tyto_error *err);
TYTO_NODISCARD tyto_status tyto_owlv2_vision_config_read(const json_t *object, const char *where,
                                                         tyto_owlv2_vision_config *out,
                                                         tyto_error *err);

#endif
