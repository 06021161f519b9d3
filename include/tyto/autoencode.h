/** Video autoencoding: a window of frames and sound is encoded, named, and made again. */
#ifndef TYTO_AUTOENCODE_H
#define TYTO_AUTOENCODE_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/clip.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** The windows that the model takes: its config's frames and samples, at 25 frames a second.
 *  errors  E_ARGUMENT (not a model of PerceiverForMultimodalAutoencoding) */
TYTO_API TYTO_NODISCARD tyto_status tyto_autoencode_shape(const tyto_model *model,
                                                          tyto_clip_shape *out, tyto_error *err);

/** What the network makes of a window. */
typedef struct tyto_reconstruction {
    float *images;        /**< [frames][H][W][3]; NULL when only classes were asked for */
    float *sound;         /**< [samples]; likewise */
    float *probabilities; /**< [labels]: of each class, their sum is 1 */
    int64_t labels;
} tyto_reconstruction;

TYTO_API void tyto_reconstruction_clear(tyto_reconstruction *reconstruction);

typedef struct tyto_autoencode_options {
    int64_t chunks; /**< runs of the decoder, of about as many positions each */
    bool classify;  /**< the class alone: no picture or sound is decoded */
    /** Told before each chunk, or NULL. */
    void (*progress)(void *user, int64_t done, int64_t total);
    void *user;
} tyto_autoencode_options;

/** 8 chunks, all of the window, no progress. */
TYTO_API void tyto_autoencode_options_init(tyto_autoencode_options *options);

/** Encodes a window, with its label masked, and decodes it: the encoder runs once, however many
 *  chunks there are, and their number changes nothing in the result.
 *  images  [frames][3][H][W] in [0, 1]; sound [samples] in [−1, 1]
 *  memory  release *out with tyto_reconstruction_clear
 *  errors  E_ARGUMENT (the model, chunks), E_MEMORY
 *  source  Jaegle et al. 2021, and the authors' notebook on video autoencoding */
TYTO_API TYTO_NODISCARD tyto_status tyto_autoencode(tyto_session *session, const float *images,
                                                    const float *sound,
                                                    const tyto_autoencode_options *options,
                                                    tyto_reconstruction *out, tyto_error *err);

TYTO_END_DECLS

#endif
