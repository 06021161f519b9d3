/* Logits of masked bytes to guesses, and to the most likely text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/masked_text.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/memory.h"

enum { BYTES = 256 };

/* Where a reader of UTF-8 stands: between characters, or with so many bytes to come, of which
 * after some first bytes the next one has less room than others. */
typedef enum utf8_state {
    BETWEEN,
    ONE_MORE,
    TWO_MORE,
    THREE_MORE,
    AFTER_E0, /* A0 and above, so that it's no longer than it must be */
    AFTER_ED, /* 9F and below: no surrogates */
    AFTER_F0, /* 90 and above */
    AFTER_F4, /* 8F and below: up to U+10FFFF */
    UTF8_STATES,
    WRONG = -1
} utf8_state;

static int first_byte(int byte)
{
    if (byte < 0x80) {
        return BETWEEN;
    }
    if (byte < 0xC2 || byte > 0xF4) {
        return WRONG;
    }
    switch (byte) {
    case 0xE0:
        return AFTER_E0;
    case 0xED:
        return AFTER_ED;
    case 0xF0:
        return AFTER_F0;
    case 0xF4:
        return AFTER_F4;
    default:
        return byte < 0xE0 ? ONE_MORE : byte < 0xF0 ? TWO_MORE : THREE_MORE;
    }
}

static int next_state(int state, int byte)
{
    static const struct {
        int low, high, next;
    } later[UTF8_STATES] = {
        [ONE_MORE] = {0x80, 0xBF, BETWEEN},    [TWO_MORE] = {0x80, 0xBF, ONE_MORE},
        [THREE_MORE] = {0x80, 0xBF, TWO_MORE}, [AFTER_E0] = {0xA0, 0xBF, ONE_MORE},
        [AFTER_ED] = {0x80, 0x9F, ONE_MORE},   [AFTER_F0] = {0x90, 0xBF, TWO_MORE},
        [AFTER_F4] = {0x80, 0x8F, TWO_MORE},
    };
    if (state == BETWEEN) {
        return first_byte(byte);
    }
    return byte >= later[state].low && byte <= later[state].high ? later[state].next : WRONG;
}

/* The best way to reach a state after some token. */
typedef struct step {
    double score; /* −∞: there is none */
    uint8_t previous, byte;
} step;

static void clear_steps(step *steps)
{
    for (int state = 0; state < UTF8_STATES; state++) {
        steps[state] = (step){.score = -INFINITY};
    }
}

static void take_byte(const step *before, step *after, int byte, double score)
{
    for (int state = 0; state < UTF8_STATES; state++) {
        const int next = next_state(state, byte);
        const double total = before[state].score + score;
        if (next != WRONG && total > after[next].score) {
            after[next] = (step){total, (uint8_t)state, (uint8_t)byte};
        }
    }
}

/* A token that is no byte stands between characters. */
static void take_token(const step *before, step *after)
{
    after[BETWEEN] = (step){before[BETWEEN].score, BETWEEN, 0};
}

static bool is_byte(int64_t id)
{
    return id >= TYTO_BYTE_ID_FIRST && id < TYTO_BYTE_ID_FIRST + BYTES;
}

/* Each mask's most likely byte. */
static void choose_each(const float *logits, int64_t vocabulary, int64_t masks, int64_t *best)
{
    for (int64_t m = 0; m < masks; m++) {
        const float *row = logits + m * vocabulary;
        best[m] = TYTO_BYTE_ID_FIRST;
        for (int64_t id = TYTO_BYTE_ID_FIRST; id < vocabulary && is_byte(id); id++) {
            best[m] = row[id] > row[best[m]] ? id : best[m];
        }
    }
}

/* The bytes that together are the most likely UTF-8, by the shortest path through the reader's
 * states; false when there is none. log softmax differs from logits by what all bytes share. */
static bool choose_together(const tyto_masked_text *masked, const float *logits, int64_t vocabulary,
                            step *steps, int64_t *best)
{
    int64_t mask = 0;
    clear_steps(steps);
    steps[BETWEEN].score = 0.0;
    for (int64_t t = 0; t < masked->count; t++) {
        const step *before = steps + t * UTF8_STATES;
        step *after = steps + (t + 1) * UTF8_STATES;
        clear_steps(after);
        if (mask < masked->n_masks && masked->positions[mask] == t) {
            const float *row = logits + mask++ * vocabulary;
            for (int64_t id = TYTO_BYTE_ID_FIRST; id < vocabulary && is_byte(id); id++) {
                take_byte(before, after, (int)(id - TYTO_BYTE_ID_FIRST), (double)row[id]);
            }
        } else if (is_byte(masked->input_ids[t])) {
            take_byte(before, after, (int)(masked->input_ids[t] - TYTO_BYTE_ID_FIRST), 0.0);
        } else {
            take_token(before, after);
        }
    }
    int state = BETWEEN;
    if (isinf(steps[masked->count * UTF8_STATES + BETWEEN].score)) {
        return false;
    }
    for (int64_t t = masked->count; t-- > 0;) {
        const step *last = &steps[(t + 1) * UTF8_STATES + state];
        if (mask > 0 && masked->positions[mask - 1] == t) {
            best[--mask] = last->byte + TYTO_BYTE_ID_FIRST;
        }
        state = last->previous;
    }
    return true;
}

static int by_score(const void *a, const void *b)
{
    const tyto_guess *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    return x->id < y->id ? -1 : x->id > y->id;
}

/* row[vocabulary] to its best guesses; sorted by logits, so that those with scores of 0 have an
 * order too. */
static void guess(const tyto_tokenizer *tokenizer, const float *row, int64_t vocabulary,
                  int64_t each, tyto_guess *scratch, tyto_guess *out)
{
    double sum = 0.0, highest = -INFINITY;
    for (int64_t id = 0; id < vocabulary; id++) {
        scratch[id] = (tyto_guess){.id = id, .score = row[id]};
        highest = fmax(highest, (double)row[id]);
    }
    for (int64_t id = 0; id < vocabulary; id++) {
        sum += exp((double)row[id] - highest);
    }
    qsort(scratch, (size_t)vocabulary, sizeof(*scratch), by_score);
    for (int64_t i = 0; i < each; i++) {
        out[i] = (tyto_guess){.id = scratch[i].id,
                              .token = tyto_tokenizer_token(tokenizer, scratch[i].id),
                              .score = (float)(exp((double)scratch[i].score - highest) / sum)};
    }
}

static tyto_status check(const tyto_masked_text *masked, const float *logits, int64_t vocabulary,
                         int64_t top_k, tyto_error *err)
{
    if (vocabulary <= TYTO_BYTE_ID_FIRST || top_k < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "logits: got a vocabulary of %lld and %lld guesses, required more than %d "
                         "and 0 or more",
                         (long long)vocabulary, (long long)top_k, TYTO_BYTE_ID_FIRST);
    }
    for (int64_t i = 0; i < masked->n_masks * vocabulary; i++) {
        if (!isfinite(logits[i])) {
            return tyto_fail(err, TYTO_E_ARGUMENT, "logits[%lld,%lld]: got %g, required a number",
                             (long long)(i / vocabulary), (long long)(i % vocabulary),
                             (double)logits[i]);
        }
    }
    return TYTO_OK;
}

/* The ids between start and end of text, with the masks filled, as text. */
static tyto_status spell(const tyto_tokenizer *tokenizer, const tyto_masked_text *masked,
                         tyto_filled_text *out, tyto_error *err)
{
    const tyto_decode_options options = {.struct_bytes = sizeof(tyto_decode_options),
                                         .clean_up = TYTO_CLEAN_UP_OFF,
                                         .no_spaces_between_special_tokens = true};
    int64_t *ids = tyto_alloc((size_t)masked->count, sizeof(*ids));
    if (!ids) {
        return tyto_fail_memory(err, "text");
    }
    memcpy(ids, masked->input_ids, (size_t)masked->count * sizeof(*ids));
    for (int64_t m = 0; m < masked->n_masks; m++) {
        ids[masked->positions[m]] = out->best[m];
    }
    const size_t ends = masked->count >= 2 ? 1 : 0;
    const tyto_status status =
        tyto_tokenizer_decode(tokenizer, ids + ends, masked->count - 2 * (int64_t)ends, &options,
                              &out->text, &out->length_bytes, err);
    free(ids);
    return status;
}

tyto_status tyto_postprocess_fill_mask(const tyto_tokenizer *tokenizer,
                                       const tyto_masked_text *masked, const float *logits,
                                       int64_t vocabulary, int64_t top_k, tyto_filled_text *out,
                                       tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tokenizer);
    TYTO_REQUIRE(err, masked);
    TYTO_REQUIRE(err, logits);
    TYTO_REQUIRE(err, out);
    *out = (tyto_filled_text){0};
    TYTO_TRY(check(masked, logits, vocabulary, top_k, err));
    tyto_status status = TYTO_OK;
    const int64_t each = tyto_min_i64(top_k, vocabulary), masks = masked->n_masks;
    size_t count = 0;
    step *steps = tyto_alloc((size_t)masked->count + 1, UTF8_STATES * sizeof(*steps));
    tyto_guess *scratch = tyto_alloc((size_t)vocabulary, sizeof(*scratch));
    out->best = tyto_alloc((size_t)masks, sizeof(*out->best));
    out->positions = tyto_alloc((size_t)masks, sizeof(*out->positions));
    if (tyto_mul_size((size_t)masks, (size_t)each, &count)) {
        out->guesses = tyto_alloc(count, sizeof(*out->guesses));
    }
    if (!steps || !scratch || !out->best || !out->positions || !out->guesses) {
        status = tyto_fail_memory(err, "guesses");
        goto cleanup;
    }
    out->n_masks = masks;
    out->n_guesses = each;
    memcpy(out->positions, masked->positions, (size_t)masks * sizeof(*out->positions));
    for (int64_t m = 0; m < masks; m++) {
        guess(tokenizer, logits + m * vocabulary, vocabulary, each, scratch,
              out->guesses + m * each);
    }
    if (!choose_together(masked, logits, vocabulary, steps, out->best)) {
        choose_each(logits, vocabulary, masks, out->best);
    }
    TYTO_CHECK(spell(tokenizer, masked, out, err));
cleanup:
    free(steps);
    free(scratch);
    if (status != TYTO_OK) {
        tyto_filled_text_clear(out);
    }
    return status;
}

void tyto_filled_text_clear(tyto_filled_text *filled)
{
    if (filled) {
        free(filled->guesses);
        free(filled->best);
        free(filled->positions);
        tyto_free(filled->text);
        *filled = (tyto_filled_text){0};
    }
}
