/** A text to ids, nothing around them, and to the places where they stand. */
#ifndef TYTO_PROCESSORS_TEXT_ENCODE_H
#define TYTO_PROCESSORS_TEXT_ENCODE_H

#include "processors/text/tokenizer.h"

/** Where a token stands: code points of the given text, and the word. */
typedef struct tyto_place {
    int32_t start, end;
    int32_t word;
} tyto_place;

/** A growing list of places. */
typedef struct tyto_places {
    tyto_place *items;
    size_t count, capacity;
} tyto_places;

bool tyto_places_add(tyto_places *places, tyto_place place);
void tyto_places_clear(tyto_places *places);

/** What encoding needs from text to text; all zero but for the first three. */
typedef struct tyto_text_encoder {
    const tyto_tokenizer *tokenizer;
    bool split_special;
    tyto_places *places; /* of all ids, unless it's NULL */
    bool is_word;        /* the next text is word number `word`; else its words are counted there */
    int32_t word;
    tyto_ids widths;
    int32_t *text_points; /* [text_capacity]: code points before each byte of the given text */
    size_t text_capacity;
    uint32_t *byte_points; /* [capacity]: the code point that a byte of `text` is of */
    tyto_bpe_scratch scratch;
    tyto_points points;
    char *text; /* a normalised piece */
    size_t capacity;
} tyto_text_encoder;

void tyto_text_encoder_clear(tyto_text_encoder *encoder);

/** Appends the ids of text number i, and their places.
 *  errors  E_ARGUMENT, E_LIMIT, E_FORMAT (CLIP: not UTF-8), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_text_encode(tyto_text_encoder *encoder, size_t i, const char *text,
                                            size_t length, tyto_ids *ids, tyto_error *err);

#endif
