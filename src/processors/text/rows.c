#include "processors/text/rows.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void tyto_rows_clear(tyto_rows *rows)
{
    tyto_ids_clear(&rows->ids);
    tyto_places_clear(&rows->places);
    tyto_ids_clear(&rows->overflow);
    free(rows->items);
    *rows = (tyto_rows){0};
}

/* Part of a text's ids. */
typedef struct span {
    size_t start, end;
} span;

/* The ids of a sample, and where they stand in it, when rows have places. */
typedef struct source {
    const int32_t *ids;
    bool has_places;
    const tyto_place *places;
} source;

static bool add_special(tyto_rows *rows, const source *tokens, int32_t id)
{
    return tyto_ids_add(&rows->ids, id) &&
           (!tokens->has_places || tyto_places_add(&rows->places, (tyto_place){0, 0, -1}));
}

static bool add_span(tyto_rows *rows, const source *tokens, span part)
{
    for (size_t k = part.start; k < part.end; k++) {
        if (!tyto_ids_add(&rows->ids, tokens->ids[k]) ||
            (tokens->has_places && !tyto_places_add(&rows->places, tokens->places[k]))) {
            return false;
        }
    }
    return true;
}

/* Between the texts of a pair CLIP's tokenizer puts its end twice. */
static int ends_between(const tyto_encode_plan *plan)
{
    return plan->tokenizer->kind == TYTO_TOKENIZER_KIND_CLIP ? 2 : 1;
}

static bool add_ids(tyto_rows *rows, const tyto_encode_plan *plan, const source *tokens, span first,
                    span second)
{
    const tyto_tokenizer *tokenizer = plan->tokenizer;
    bool good = !plan->surround || add_special(rows, tokens, tokenizer->start_id);
    good = good && add_span(rows, tokens, first);
    for (int i = 0; plan->surround && plan->pair && i < ends_between(plan); i++) {
        good = good && add_special(rows, tokens, tokenizer->end_id);
    }
    good = good && add_span(rows, tokens, second);
    return good && (!plan->surround || add_special(rows, tokens, tokenizer->end_id));
}

bool tyto_row_is_special(const tyto_row *row, const tyto_encode_plan *plan, size_t k)
{
    const size_t between = plan->pair ? (size_t)ends_between(plan) : 0;
    return plan->surround &&
           (k == 0 || (k > row->first && k <= row->first + between) || k + 1 == row->length);
}

static tyto_status add_row(tyto_rows *rows, const tyto_encode_plan *plan, const tyto_row *given,
                           const source *tokens, span first, span second, tyto_error *err)
{
    const size_t start = rows->ids.count;
    if (start + (first.end - first.start) + (second.end - second.start) > TYTO_ROW_IDS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "texts: got more than %zu ids, required at most as many",
                         TYTO_ROW_IDS_MAX);
    }
    if (rows->count == rows->capacity) {
        const size_t capacity = rows->capacity ? 2 * rows->capacity : 16;
        tyto_row *items = tyto_realloc(rows->items, capacity, sizeof(*items));
        if (!items) {
            return tyto_fail_memory(err, "encoding");
        }
        rows->items = items;
        rows->capacity = capacity;
    }
    if (!add_ids(rows, plan, tokens, first, second)) {
        return tyto_fail_memory(err, "encoding");
    }
    tyto_row *row = &rows->items[rows->count++];
    *row = *given;
    row->start = start;
    row->length = rows->ids.count - start;
    row->first = first.end - first.start;
    row->second = second.end - second.start;
    return TYTO_OK;
}

/* ---- as the reference's fast tokenizers cut (tokenizers 0.15.2, truncate_encodings) ---- */

/* Windows of `keep` of n ids, each sharing `stride` with the one before. */
typedef struct windows {
    size_t base, n; /* where the text's ids start, and how many there are */
    size_t keep, stride;
    bool left; /* from the end backwards */
} windows;

static size_t windows_count(const windows *w)
{
    if (w->n <= w->keep) {
        return 1;
    }
    const size_t step = w->keep - w->stride;
    return w->keep == 0 ? 2 : 1 + (w->n - w->keep + step - 1) / step;
}

static span window(const windows *w, size_t i)
{
    if (w->n <= w->keep || (w->keep == 0 && i > 0)) {
        return (span){w->base, w->base + w->n};
    }
    const size_t skipped = i * (w->keep - w->stride);
    if (w->left) {
        const size_t end = w->n - skipped;
        return (span){w->base + (end > w->keep ? end - w->keep : 0), w->base + end};
    }
    const size_t end = skipped + w->keep;
    return (span){w->base + skipped, w->base + (end < w->n ? end : w->n)};
}

/* How many ids of either text stay when `length` of them may: the shorter one is kept whole as long
 * as it takes no more than half. */
static void share(size_t length, size_t *first, size_t *second)
{
    const bool swap = *first > *second;
    size_t small = swap ? *second : *first, large;
    if (small > length) {
        large = small;
    } else {
        large = small > length - small ? small : length - small;
    }
    if (small + large > length) {
        small = length / 2;
        large = small + length % 2;
    }
    *first = swap ? large : small;
    *second = swap ? small : large;
}

static tyto_status keep_clip(const tyto_encode_plan *plan, size_t sample, size_t *first,
                             size_t *second, tyto_error *err)
{
    const size_t length = (size_t)(plan->length - plan->around), total = *first + *second;
    size_t *cut = plan->truncation == TYTO_TRUNCATION_ONLY_SECOND ? second : first;
    if (total <= length) {
        return TYTO_OK;
    }
    if (length == 0) {
        *first = *second = 0;
    } else if (plan->truncation == TYTO_TRUNCATION_ONLY_SECOND && !plan->pair) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "text %zu: got %zu tokens and no second text, required one to cut", sample,
                         total);
    } else if (plan->truncation == TYTO_TRUNCATION_LONGEST_FIRST) {
        if (plan->pair) {
            share(length, first, second);
        } else {
            *first = length;
        }
    } else if (*cut > total - length) {
        *cut -= total - length;
    } else {
        return tyto_fail(err, TYTO_E_RANGE,
                         "text %zu: got %zu tokens in the text to cut, required more than the %zu "
                         "that are too many",
                         sample, *cut, total - length);
    }
    return TYTO_OK;
}

static tyto_status check_stride(const windows *w, tyto_error *err)
{
    if (w->n > w->keep && w->keep > 0 && w->stride >= w->keep) {
        return tyto_fail(err, TYTO_E_RANGE,
                         "stride: got %zu, required less than the %zu tokens that are kept",
                         w->stride, w->keep);
    }
    return TYTO_OK;
}

static tyto_status add_clip(tyto_rows *rows, const tyto_encode_plan *plan, size_t sample,
                            const source *tokens, size_t first, size_t second, tyto_error *err)
{
    windows a = {0, first, first, (size_t)plan->stride, plan->truncate_left};
    windows b = {first, second, second, (size_t)plan->stride, plan->truncate_left};
    if (plan->truncation != TYTO_TRUNCATION_NONE) {
        TYTO_TRY(keep_clip(plan, sample, &a.keep, &b.keep, err));
        TYTO_TRY(check_stride(&a, err));
        TYTO_TRY(check_stride(&b, err));
    }
    const bool cut = a.keep < a.n || b.keep < b.n;
    const size_t a_count = cut && plan->overflow ? windows_count(&a) : 1;
    const size_t b_count = cut && plan->overflow ? windows_count(&b) : 1;
    tyto_row row = {.sample = sample, .truncated = cut};
    TYTO_TRY(add_row(rows, plan, &row, tokens, window(&a, 0), window(&b, 0), err));
    row.is_overflow = true;
    /* Later windows of the first text with all of the second, then its own first with the rest. */
    for (size_t i = 1; i <= a_count; i++) {
        const size_t own = i < a_count ? i : 0;
        for (size_t k = own == 0; k < b_count; k++) {
            /* The reference sets the types of what overflows along with special tokens alone. */
            row.second_is_typed = k > 0 && !plan->surround;
            TYTO_TRY(add_row(rows, plan, &row, tokens, window(&a, own), window(&b, k), err));
        }
    }
    return TYTO_OK;
}

/* ---- as its slow tokenizers cut (PreTrainedTokenizerBase.truncate_sequences) ---- */

/* Takes n ids off one end. */
static span shorten(span text, size_t n, bool left)
{
    const size_t have = text.end - text.start, most = n < have ? n : have;
    return left ? (span){text.start + most, text.end} : (span){text.start, text.end - most};
}

/* Cuts one text, unless that would leave none of it; *over is what goes and, before it, a stride.
 */
static void cut_one(span *text, size_t n, const tyto_encode_plan *plan, span *over)
{
    const size_t have = text->end - text->start;
    if (have <= n) {
        return;
    }
    const size_t stride = (size_t)plan->stride;
    const size_t width = stride < have - n ? stride + n : have;
    *over = plan->truncate_left ? (span){text->start, text->start + width}
                                : (span){text->end - width, text->end};
    *text = shorten(*text, n, plan->truncate_left);
}

/* Cuts the longer text down to the other, then both alike. */
static void cut_both(span *first, span *second, size_t n, const tyto_encode_plan *plan)
{
    const size_t a = first->end - first->start, b = second->end - second->start;
    const size_t difference = a > b ? a - b : b - a, alone = difference < n ? difference : n;
    const size_t rest = n - alone;
    *first = shorten(*first, (a > b ? alone : 0) + rest / 2, plan->truncate_left);
    *second = shorten(*second, (a > b ? 0 : alone) + rest - rest / 2, plan->truncate_left);
}

static tyto_status add_bytes(tyto_rows *rows, const tyto_encode_plan *plan, size_t sample,
                             const source *tokens, size_t first, size_t second, tyto_error *err)
{
    span a = {0, first}, b = {first, first + second}, over = {0, 0};
    const int64_t total = (int64_t)(first + second) + plan->around;
    tyto_row row = {
        .sample = sample, .second_is_typed = true, .overflow_start = rows->overflow.count};
    row.surplus = plan->length == INT64_MAX ? 0 : total - plan->length;
    if (plan->truncation != TYTO_TRUNCATION_NONE && row.surplus > 0) {
        const size_t n = (size_t)row.surplus;
        if (plan->truncation == TYTO_TRUNCATION_LONGEST_FIRST && plan->pair) {
            cut_both(&a, &b, n, plan);
        } else if (plan->truncation == TYTO_TRUNCATION_ONLY_SECOND) {
            cut_one(&b, n, plan, &over);
        } else {
            cut_one(&a, n, plan, &over);
        }
    }
    row.truncated = (a.end - a.start) + (b.end - b.start) < first + second;
    for (size_t k = over.start; plan->overflow && k < over.end; k++) {
        if (!tyto_ids_add(&rows->overflow, tokens->ids[k])) {
            return tyto_fail_memory(err, "encoding");
        }
    }
    row.overflow_length = rows->overflow.count - row.overflow_start;
    return add_row(rows, plan, &row, tokens, a, b, err);
}

tyto_status tyto_rows_add(tyto_rows *rows, const tyto_encode_plan *plan, size_t i,
                          const int32_t *ids, const tyto_place *places, size_t first, size_t second,
                          tyto_error *err)
{
    const source tokens = {ids, plan->places, places};
    return plan->tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES
               ? add_bytes(rows, plan, i, &tokens, first, second, err)
               : add_clip(rows, plan, i, &tokens, first, second, err);
}
