/** The parameters of an OWLv2 checkpoint, generated from params.def. */
#ifndef TYTO_MODELS_OWLV2_MODEL_H
#define TYTO_MODELS_OWLV2_MODEL_H

#include "models/architecture.h"
#include "models/owlv2/config.h"
#include "models/owlv2/window.h"

#define FLOATS(field, ...) float *field;
#define SCALAR(field, ...) float *field;
#define TABLE(field, ...) tyto_table_weights field;
#define NORM(field, ...) tyto_norm_weights field;
#define LINEAR(field, ...) tyto_linear_weights field;
#define EXACT(field, ...) tyto_linear_weights field;
#define PROJECTION(field, ...) tyto_linear_weights field;
#define FUSED(field, ...) tyto_linear_weights field;
#define CONVOLUTION(field, ...) tyto_linear_weights field;

/** One transformer layer of either tower. */
typedef struct tyto_owlv2_layer {
#define TYTO_OWLV2_LAYER
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_LAYER
} tyto_owlv2_layer;

typedef struct tyto_owlv2_text {
    tyto_owlv2_text_config config;
    tyto_owlv2_layer *layers;
#define TYTO_OWLV2_TEXT
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_TEXT
} tyto_owlv2_text;

typedef struct tyto_owlv2_vision {
    tyto_owlv2_vision_config config;
    tyto_owlv2_layer *layers;
#define TYTO_OWLV2_VISION
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_VISION
} tyto_owlv2_vision;

/** A checkpoint: immutable once open. What it lacks is zero, and has no heads. */
typedef struct tyto_owlv2 {
    tyto_owlv2_config config;
    tyto_owlv2_text text;
    tyto_owlv2_vision vision;
#define TYTO_OWLV2_BASE
#define TYTO_OWLV2_DETECTION
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_BASE
#undef TYTO_OWLV2_DETECTION
} tyto_owlv2;

#undef FLOATS
#undef SCALAR
#undef TABLE
#undef NORM
#undef LINEAR
#undef EXACT
#undef PROJECTION
#undef FUSED
#undef CONVOLUTION

/** OWLv2 as the runtime's registry takes it: whole checkpoints, those of Owlv2Model, and towers
 * that were saved by themselves. */
extern const tyto_architecture tyto_owlv2_detection_architecture;
extern const tyto_architecture tyto_owlv2_base_architecture;
extern const tyto_architecture tyto_owlv2_text_architecture;
extern const tyto_architecture tyto_owlv2_vision_architecture;

/** Text tower.
 *  shapes    ids[n,tokens], mask[n,tokens] truth values or NULL; pooled[n,D] receives the final
 *            norm at each text's highest id
 *  outputs   io's `prefix`.last_hidden_state, .hidden_states.i, .attentions.i when wanted; the
 *            caller gives .pooler_output
 *  source    Owlv2TextTransformer */
TYTO_NODISCARD tyto_status tyto_owlv2_text_forward(const tyto_owlv2_text *text, tyto_exec *exec,
                                                   tyto_io *io, const char *prefix,
                                                   const int64_t *ids, const uint8_t *mask,
                                                   int64_t n, int64_t tokens, float *pooled);

/** pixels[batch,C,height,width] */
typedef struct tyto_owlv2_pictures {
    const float *pixels;
    int64_t batch, height, width;
    tyto_owlv2_window window;
} tyto_owlv2_pictures;

/** Reads the input `name`; its pictures must have as many patches as the model has positions. */
TYTO_NODISCARD tyto_status tyto_owlv2_pictures_read(const tyto_owlv2_vision *vision, tyto_io *io,
                                                    const char *name, tyto_owlv2_pictures *out);
/** The same of pictures that may be of another size, or the top left of one, by the inputs of
 *  tyto_owlv2_window_read. */
TYTO_NODISCARD tyto_status tyto_owlv2_windows_read(const tyto_owlv2_vision *vision, tyto_io *io,
                                                   const char *name, tyto_owlv2_pictures *out);

/** What a caller does with the last hidden states of some pictures while they are at hand.
 *  hidden[n,1+P,D], P the window's patches, of pictures first … first+n−1; scratch beyond it is
 * free to take. */
typedef tyto_status (*tyto_owlv2_pictures_fn)(void *context, tyto_exec *exec, int64_t first,
                                              int64_t n, float *hidden);

/** Image tower, some pictures at a time so that scratch stays small. `visit` may be NULL.
 *  outputs   io's `prefix`.last_hidden_state, .pooler_output, .hidden_states.i, .attentions.i;
 *            prefix "": the same names alone; NULL: none
 *  source    Owlv2VisionTransformer */
TYTO_NODISCARD tyto_status tyto_owlv2_vision_forward(const tyto_owlv2_vision *vision,
                                                     tyto_exec *exec, tyto_io *io,
                                                     const char *prefix,
                                                     const tyto_owlv2_pictures *pictures,
                                                     tyto_owlv2_pictures_fn visit, void *context);

/** Owlv2ForObjectDetection.forward. */
TYTO_NODISCARD tyto_status tyto_owlv2_detection_forward(const void *model, tyto_exec *exec,
                                                        tyto_io *io);

/** Owlv2ForObjectDetection.image_guided_detection. */
TYTO_NODISCARD tyto_status tyto_owlv2_image_guided_forward(const void *model, tyto_exec *exec,
                                                           tyto_io *io);
/** Owlv2Model.forward; text_embeds and image_embeds of an earlier run stand for texts and pixels.
 */
TYTO_NODISCARD tyto_status tyto_owlv2_contrastive_forward(const void *model, tyto_exec *exec,
                                                          tyto_io *io);
/** Owlv2Model.get_text_features: text_features[n,E], not normalised. */
TYTO_NODISCARD tyto_status tyto_owlv2_text_features_forward(const void *model, tyto_exec *exec,
                                                            tyto_io *io);
/** Owlv2Model.get_image_features: image_features[B,E], not normalised. */
TYTO_NODISCARD tyto_status tyto_owlv2_image_features_forward(const void *model, tyto_exec *exec,
                                                             tyto_io *io);
/** Owlv2TextModel.forward and Owlv2VisionModel.forward. */
TYTO_NODISCARD tyto_status tyto_owlv2_text_model_forward(const void *model, tyto_exec *exec,
                                                         tyto_io *io);
TYTO_NODISCARD tyto_status tyto_owlv2_vision_model_forward(const void *model, tyto_exec *exec,
                                                           tyto_io *io);

#endif
