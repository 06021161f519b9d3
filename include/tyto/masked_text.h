/** Texts with masks in them, as ids, and what may stand in place of the masks. */
#ifndef TYTO_MASKED_TEXT_H
#define TYTO_MASKED_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/tokenizer.h>

TYTO_BEGIN_DECLS

/** A part of a text: from its first byte up to the one behind its last. */
typedef struct tyto_span {
    size_t start_bytes, end_bytes;
} tyto_span;

/** Spans of a text that grow in number. Zeros: none.
 *  memory  items is owned; release with tyto_spans_clear */
typedef struct tyto_spans {
    tyto_span *items;
    int64_t count;
    uint64_t reserved[4]; /**< 0 */
} tyto_spans;

TYTO_API void tyto_spans_clear(tyto_spans *spans);
/** Adds a span as it is.
 *  errors  E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_spans_add(tyto_spans *spans, tyto_span span,
                                                   tyto_error *err);
/** Adds a span as people write it, "START:END".
 *  errors  E_ARGUMENT (another text, a start that isn't before its end, an end beyond
 *          TYTO_TEXT_BYTES_MAX), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_spans_add_text(tyto_spans *spans, const char *text,
                                                        tyto_error *err);
/** Adds each place where `part` stands in the text, from left to right, none over another.
 *  found   receives their number, unless it is NULL
 *  errors  E_ARGUMENT (an empty part), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_spans_find(tyto_spans *spans, const char *text,
                                                    size_t text_bytes, const char *part,
                                                    size_t part_bytes, int64_t *found,
                                                    tyto_error *err);

/** A text as ids, with masks in it. */
typedef struct tyto_masked_text {
    int64_t *input_ids; /**< [count], with start and end of text */
    int64_t count;
    int64_t *positions; /**< [n_masks] places of masks among the ids, ascending */
    int64_t n_masks;
    uint64_t reserved[4]; /**< 0 */
} tyto_masked_text;

/** Encodes a text, with a mask in place of each byte of the spans, and of each mask token
 *  ("[MASK]") that is written in it. Spans may overlap; text before, between and after them is
 *  encoded by itself.
 *  memory  *out is filled; release it with tyto_masked_text_clear
 *  errors  E_ARGUMENT (a tokenizer that is not of bytes; no mask at all), E_RANGE (a span that is
 *          empty or not in the text), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_masked_text_make(const tyto_tokenizer *tokenizer,
                                                          const char *text, size_t length_bytes,
                                                          const tyto_span *spans, int64_t n_spans,
                                                          tyto_masked_text *out, tyto_error *err);
TYTO_API void tyto_masked_text_clear(tyto_masked_text *text);

/** A token, and how likely it is: a softmax over the vocabulary. */
typedef struct tyto_guess {
    int64_t id;
    const char *token; /**< as the tokenizer has it, which it lives with; NULL: there is none */
    float score;
    uint64_t reserved[4]; /**< zeros */
} tyto_guess;

/** What may stand in place of the masks. */
typedef struct tyto_filled_text {
    int64_t n_masks;
    int64_t *positions;  /**< [n_masks] places of the masks among the ids, ascending */
    int64_t n_guesses;   /**< of each mask */
    tyto_guess *guesses; /**< [n_masks][n_guesses], most likely first; ties by id */
    int64_t *best;       /**< [n_masks] the bytes of the most likely text, as ids */
    char *text;          /**< that text, NUL-terminated */
    size_t length_bytes;
    uint64_t reserved[4]; /**< 0 */
} tyto_filled_text;

TYTO_API void tyto_filled_text_clear(tyto_filled_text *filled);

/** Logits of masks to guesses, and to the most likely whole: of all bytes that make the text UTF-8,
 *  those with the highest product of scores. Where the rest of the text can't be UTF-8, each mask's
 *  most likely byte.
 *  shapes  logits[masks,vocabulary]
 *  top_k   guesses per mask; the vocabulary's size at most
 *  memory  release *out with tyto_filled_text_clear
 *  errors  E_ARGUMENT (a vocabulary without bytes, NaN), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_postprocess_fill_mask(
    const tyto_tokenizer *tokenizer, const tyto_masked_text *masked, const float *logits,
    int64_t vocabulary, int64_t top_k, tyto_filled_text *out, tyto_error *err);

TYTO_END_DECLS

#endif
