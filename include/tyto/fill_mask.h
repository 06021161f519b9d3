/** Filling in masked bytes of texts: preprocess → forward → postprocess, and what was guessed. */
#ifndef TYTO_FILL_MASK_H
#define TYTO_FILL_MASK_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/masked_text.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

typedef struct tyto_fill_mask_options {
    size_t struct_bytes;    /**< set by tyto_fill_mask_options_init */
    const tyto_span *spans; /**< [n_spans] bytes to mask, beside the [MASK]s of the text */
    int64_t n_spans;
    int64_t top_k; /**< guesses per mask; the vocabulary's size at most */
    /** Before each layer; or NULL: as the session's. */
    tyto_progress_fn progress;
    void *progress_user;
    const char *const *parts; /**< [n_parts] texts to mask wherever they stand in the text */
    int64_t n_parts;
} tyto_fill_mask_options;

/** No spans, 5 guesses. */
TYTO_API void tyto_fill_mask_options_init(tyto_fill_mask_options *options, size_t struct_bytes);

/** Fills the masks of a text. Only masked positions are decoded, which gives the numbers that
 *  decoding all of them gives.
 *  session  of a model that offers TYTO_TASK_FILL_MASK
 *  options  NULL: the defaults
 *  memory   release *out with tyto_filled_text_clear
 *  errors   those of the steps; E_ARGUMENT (another model, a part that isn't in the text), E_LIMIT
 *           (a text of more tokens than the model has positions), E_CANCELLED
 *  threads  one at a time per session */
TYTO_API TYTO_NODISCARD tyto_status tyto_fill_mask(tyto_session *session, const char *text,
                                                   size_t length_bytes,
                                                   const tyto_fill_mask_options *options,
                                                   tyto_filled_text *out, tyto_error *err);

TYTO_END_DECLS

#endif
