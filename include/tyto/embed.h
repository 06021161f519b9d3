/** Texts and whole pictures as features: vectors of one space. */
#ifndef TYTO_EMBED_H
#define TYTO_EMBED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/image.h>
#include <tyto/processor.h>
#include <tyto/progress.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** How texts and pictures are encoded, here and wherever a vocabulary or a tyto_photo is made. */
typedef struct tyto_embed_options {
    size_t struct_bytes; /**< set by tyto_embed_options_init */
    /** Puts each text into the seven prompts of the OWL-ViT authors, normalises and averages their
     *  embeddings, and scales the mean to length 1. */
    bool templates;
    const tyto_image_processor *processor; /**< of pictures; NULL: the model's. Borrowed */
    tyto_progress_fn progress;             /**< of texts and layers, or NULL: as the session's */
    void *progress_user;
    const tyto_image_options *image; /**< how the files of pictures are read; NULL: the defaults.
                                          Borrowed */
} tyto_embed_options;

/** Texts as they are, the model's image processor. */
TYTO_API void tyto_embed_options_init(tyto_embed_options *options, size_t struct_bytes);

/** The features of texts, not normalised as the reference gives them; with templates of length 1.
 *  options  templates, progress; NULL: the defaults
 *  memory   *out[count,width]; release with tyto_free
 *  errors   E_ARGUMENT (no text, a model without tokenizer or text features), E_LIMIT,
 *           E_CANCELLED, E_MEMORY
 *  source   Owlv2Model.get_text_features */
TYTO_API TYTO_NODISCARD tyto_status tyto_embed_texts(tyto_session *session,
                                                     const char *const *texts, int64_t count,
                                                     const tyto_embed_options *options, float **out,
                                                     int64_t *width, tyto_error *err);
/** The features of a whole picture, not normalised.
 *  options  processor, progress; NULL: the defaults
 *  memory   *out[width]; release with tyto_free
 *  errors   E_ARGUMENT (a model without image processor or image features), E_LIMIT, E_CANCELLED,
 *           E_MEMORY
 *  source   Owlv2Model.get_image_features */
TYTO_API TYTO_NODISCARD tyto_status tyto_embed_image(tyto_session *session, const tyto_image *image,
                                                     const tyto_embed_options *options, float **out,
                                                     int64_t *width, tyto_error *err);

TYTO_END_DECLS

#endif
