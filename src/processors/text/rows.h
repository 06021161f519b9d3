/** Ids of texts to rows: cut, what overflows, special tokens around. */
#ifndef TYTO_PROCESSORS_TEXT_ROWS_H
#define TYTO_PROCESSORS_TEXT_ROWS_H

#include "processors/text/encode.h"

/** Most ids that the rows of one call may have: those that overflow can be many times the text. */
#define TYTO_ROW_IDS_MAX ((size_t)1 << 26)

/** What a call's options amount to for a tokenizer. */
typedef struct tyto_encode_plan {
    const tyto_tokenizer *tokenizer;
    bool pair, surround, overflow;
    bool places; /* rows have places */
    bool pad_left, truncate_left;
    tyto_padding padding;
    tyto_truncation truncation;
    int64_t length; /* for truncation and TYTO_PADDING_MAX_LENGTH; INT64_MAX: none */
    int64_t multiple, stride;
    int64_t pad_id;
    int64_t around; /* special tokens in a row */
} tyto_encode_plan;

/** One row of ids: [start] (first) [end] ([end] (second) [end]). */
typedef struct tyto_row {
    size_t start, length; /* in ids */
    size_t first, second; /* ids of either text */
    size_t sample;
    bool truncated;
    bool is_overflow;     /* a row beyond the first of its sample */
    bool second_is_typed; /* token types distinguish the second text */
    size_t overflow_start, overflow_length;
    int64_t surplus; /* ids that there were, less plan->length */
} tyto_row;

typedef struct tyto_rows {
    tyto_ids ids;
    tyto_places places; /* of all ids, when they were given; word −1: a special token */
    tyto_ids overflow;
    tyto_row *items;
    size_t count, capacity;
} tyto_rows;

void tyto_rows_clear(tyto_rows *rows);

/** Adds the rows of sample number i: `first` ids of its text, then `second` of the other one.
 *  places  of the ids, which only count when the plan has them
 *  errors  E_RANGE, E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_rows_add(tyto_rows *rows, const tyto_encode_plan *plan, size_t i,
                                         const int32_t *ids, const tyto_place *places, size_t first,
                                         size_t second, tyto_error *err);
/** Whether token k of a row is one that stands around its texts. */
bool tyto_row_is_special(const tyto_row *row, const tyto_encode_plan *plan, size_t k);

#endif
