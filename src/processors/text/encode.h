/** A text to ids, nothing around them. */
#ifndef TYTO_PROCESSORS_TEXT_ENCODE_H
#define TYTO_PROCESSORS_TEXT_ENCODE_H

#include "processors/text/tokenizer.h"

/** What encoding needs from text to text; all zero but for the first two. */
typedef struct tyto_text_encoder {
    const tyto_tokenizer *tokenizer;
    bool split_special;
    tyto_bpe_scratch scratch;
    tyto_points points;
    char *text; /* a normalised piece */
    size_t capacity;
} tyto_text_encoder;

void tyto_text_encoder_clear(tyto_text_encoder *encoder);

/** Appends the ids of text number i.
 *  errors  E_ARGUMENT, E_LIMIT, E_FORMAT (CLIP: not UTF-8), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_text_encode(tyto_text_encoder *encoder, size_t i, const char *text,
                                            size_t length, tyto_ids *ids, tyto_error *err);

#endif
