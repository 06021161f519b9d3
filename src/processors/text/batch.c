/* A batch of texts to rows of the same length: what the options mean, encoding, laying out. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "processors/text/encode.h"
#include "processors/text/rows.h"

static bool is_left(tyto_side side, bool configured)
{
    return side == TYTO_SIDE_AS_CONFIGURED ? configured : side == TYTO_SIDE_LEFT;
}

static tyto_status check_numbers(const tyto_encode_options *options, tyto_error *err)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"max_length", options->max_length},
                   {"stride", options->stride},
                   {"pad_id", options->pad_id},
                   {"pad_to_multiple_of", options->pad_to_multiple_of}};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].value < 0 || numbers[i].value > INT32_MAX) {
            return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got %lld, required 0 to %d",
                             numbers[i].name, (long long)numbers[i].value, INT32_MAX);
        }
    }
    return TYTO_OK;
}

/* What this kind of tokenizer doesn't do. */
static tyto_status check_kind(const tyto_tokenizer *tokenizer, const tyto_encode_options *options,
                              const tyto_encode_plan *plan, tyto_error *err)
{
    const bool bytes = tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES;
    if (options->offsets && bytes) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "offsets: got a tokenizer of bytes, which has none");
    }
    if (options->split_special_tokens && !bytes) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "split_special_tokens: got a tokenizer of byte pairs, required bytes");
    }
    if (bytes && options->token_type_ids && options->no_special_tokens) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "token_type_ids: got no special tokens, required special tokens");
    }
    if (!bytes || !options->overflowing_tokens) {
        return TYTO_OK;
    }
    if (plan->length == INT64_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "overflowing_tokens: got no max_length, required one to overflow");
    }
    if (plan->pair && plan->truncation == TYTO_TRUNCATION_LONGEST_FIRST) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "overflowing_tokens: got pairs of which both texts are cut, required only "
                         "the first or only the second");
    }
    return TYTO_OK;
}

static tyto_status check_lengths(const tyto_tokenizer *tokenizer, const tyto_encode_plan *plan,
                                 tyto_error *err)
{
    if (plan->padding != TYTO_PADDING_NONE && plan->pad_id < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "padding: the tokenizer has no pad_token, required for padding");
    }
    if (plan->truncation == TYTO_TRUNCATION_NONE) {
        return TYTO_OK;
    }
    if (tokenizer->kind == TYTO_TOKENIZER_KIND_CLIP && plan->length < plan->around) {
        return tyto_fail(err, TYTO_E_RANGE,
                         "max_length: got %lld, required at least %lld for the special tokens",
                         (long long)plan->length, (long long)plan->around);
    }
    /* Without regard to no_special_tokens and pairs, as the reference checks it. */
    if (tokenizer->kind == TYTO_TOKENIZER_KIND_CLIP && plan->stride > plan->length - 2) {
        return tyto_fail(err, TYTO_E_RANGE,
                         "stride: got %lld, required at most max_length - 2, %lld",
                         (long long)plan->stride, (long long)plan->length - 2);
    }
    if (plan->padding != TYTO_PADDING_NONE && plan->multiple > 0 && plan->length % plan->multiple) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "max_length: got %lld, required a multiple of pad_to_multiple_of, %lld",
                         (long long)plan->length, (long long)plan->multiple);
    }
    return TYTO_OK;
}

static tyto_status make_plan(const tyto_tokenizer *tokenizer, const tyto_encode_options *options,
                             bool pair, tyto_encode_plan *out, tyto_error *err)
{
    TYTO_TRY(check_numbers(options, err));
    TYTO_TRY(tyto_check_enum((int)options->padding, TYTO_PADDING_MAX_LENGTH, "padding", err));
    TYTO_TRY(
        tyto_check_enum((int)options->truncation, TYTO_TRUNCATION_ONLY_SECOND, "truncation", err));
    *out = (tyto_encode_plan){
        .tokenizer = tokenizer,
        .pair = pair,
        .surround = !options->no_special_tokens && tokenizer->start_id != TYTO_NO_TOKEN,
        .overflow = options->overflowing_tokens,
        .places = options->offsets,
        .pad_left = is_left(options->padding_side, tokenizer->pad_left),
        .truncate_left = is_left(options->truncation_side, tokenizer->truncate_left),
        .padding = options->padding,
        .truncation = options->truncation,
        .length = options->max_length,
        .multiple = options->pad_to_multiple_of,
        .stride = options->stride,
        .pad_id = options->has_pad_id ? options->pad_id : tokenizer->pad_id,
    };
    const int64_t between = tokenizer->kind == TYTO_TOKENIZER_KIND_CLIP ? 2 : 1;
    out->around = out->surround ? 2 + (pair ? between : 0) : 0;
    const bool wants_length =
        out->padding == TYTO_PADDING_MAX_LENGTH || out->truncation != TYTO_TRUNCATION_NONE;
    if (out->length == 0) {
        out->length = wants_length ? tokenizer->max_length : INT64_MAX;
    }
    if (out->length == INT64_MAX) {
        out->padding = out->padding == TYTO_PADDING_MAX_LENGTH ? TYTO_PADDING_NONE : out->padding;
        out->truncation = TYTO_TRUNCATION_NONE;
    }
    TYTO_TRY(check_lengths(tokenizer, out, err));
    return check_kind(tokenizer, options, out, err);
}

static tyto_status encode_all(tyto_text_encoder *e, size_t sample, const tyto_words *words,
                              tyto_ids *ids, tyto_error *err)
{
    if (words->count == 0 && e->tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "text %zu: got no words, required one or more",
                         sample);
    }
    e->word = 0;
    for (int64_t i = 0; i < words->count; i++) {
        const char *text = words->items[i];
        e->word = e->is_word ? (int32_t)tyto_min_i64(i, INT32_MAX) : e->word;
        const size_t length = words->lengths_bytes ? words->lengths_bytes[i]
                              : text               ? strlen(text)
                                                   : 0;
        TYTO_TRY(tyto_text_encode(e, sample, text, length, ids, err));
    }
    return TYTO_OK;
}

static tyto_status encode_rows(const tyto_encode_plan *plan, const tyto_encode_options *options,
                               const tyto_words *firsts, const tyto_words *seconds, size_t count,
                               tyto_rows *rows, tyto_error *err)
{
    const tyto_tokenizer *tokenizer = plan->tokenizer;
    tyto_ids ids = {0};
    tyto_places places = {0};
    tyto_text_encoder e = {.tokenizer = tokenizer,
                           .split_special =
                               tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES &&
                               (options->split_special_tokens || tokenizer->split_special_tokens),
                           .places = options->offsets ? &places : NULL,
                           .is_word = !options->whole_texts};
    tyto_status status = TYTO_OK;
    for (size_t i = 0; i < count; i++) {
        ids.count = 0;
        places.count = 0;
        TYTO_CHECK(encode_all(&e, i, &firsts[i], &ids, err));
        const size_t first = ids.count;
        if (seconds) {
            TYTO_CHECK(encode_all(&e, i, &seconds[i], &ids, err));
        }
        TYTO_CHECK(
            tyto_rows_add(rows, plan, i, ids.items, places.items, first, ids.count - first, err));
    }
cleanup:
    tyto_places_clear(&places);
    tyto_ids_clear(&ids);
    tyto_text_encoder_clear(&e);
    return status;
}

/* The length that rows are filled up to. Rows of what overflowed don't count. */
static size_t padded_length(const tyto_encode_plan *plan, const tyto_rows *rows)
{
    size_t length = 0;
    if (plan->padding == TYTO_PADDING_NONE) {
        return 0;
    }
    if (plan->padding == TYTO_PADDING_MAX_LENGTH) {
        length = (size_t)plan->length;
    }
    for (size_t i = 0; plan->padding == TYTO_PADDING_LONGEST && i < rows->count; i++) {
        const tyto_row *row = &rows->items[i];
        length = !row->is_overflow && row->length > length ? row->length : length;
    }
    const size_t over = plan->multiple > 0 ? length % (size_t)plan->multiple : 0;
    return over ? length + (size_t)plan->multiple - over : length;
}

static bool allocate(const tyto_encode_options *options, const tyto_rows *rows, bool bytes,
                     tyto_encoding *out)
{
    const size_t total = (size_t)out->offsets[rows->count];
    out->input_ids = tyto_alloc(total, sizeof(*out->input_ids));
    out->attention_mask = tyto_alloc(total, sizeof(*out->attention_mask));
    out->truncated = tyto_alloc(rows->count, sizeof(*out->truncated));
    out->samples = tyto_alloc(rows->count, sizeof(*out->samples));
    out->lengths = tyto_alloc(rows->count, sizeof(*out->lengths));
    bool good =
        out->input_ids && out->attention_mask && out->truncated && out->samples && out->lengths;
    if (options->special_tokens_mask) {
        out->special_tokens_mask = tyto_alloc(total, sizeof(*out->special_tokens_mask));
        good = good && out->special_tokens_mask;
    }
    if (options->offsets) {
        out->spans = tyto_alloc_zeroed(total, 2 * sizeof(*out->spans));
        out->words = tyto_alloc(total, sizeof(*out->words));
        out->texts = tyto_alloc(total, sizeof(*out->texts));
        good = good && out->spans && out->words && out->texts;
    }
    if (options->token_type_ids) {
        out->token_type_ids = tyto_alloc_zeroed(total, sizeof(*out->token_type_ids));
        out->type_offsets = tyto_alloc_zeroed(rows->count + 1, sizeof(*out->type_offsets));
        good = good && out->token_type_ids && out->type_offsets;
    }
    if (options->overflowing_tokens && bytes) {
        out->overflowing_tokens =
            tyto_alloc(rows->overflow.count, sizeof(*out->overflowing_tokens));
        out->overflow_offsets = tyto_alloc_zeroed(rows->count + 1, sizeof(*out->overflow_offsets));
        out->num_truncated_tokens = tyto_alloc(rows->count, sizeof(*out->num_truncated_tokens));
        good =
            good && out->overflowing_tokens && out->overflow_offsets && out->num_truncated_tokens;
    }
    return good;
}

static bool set_offsets(const tyto_rows *rows, size_t length, tyto_encoding *out)
{
    size_t total = 0;
    out->offsets = tyto_alloc(rows->count + 1, sizeof(*out->offsets));
    for (size_t i = 0; out->offsets && i < rows->count; i++) {
        const size_t n = rows->items[i].length;
        out->offsets[i] = (int64_t)total;
        if (!tyto_add_size(total, n > length ? n : length, &total)) {
            return false;
        }
    }
    if (out->offsets) {
        out->offsets[rows->count] = (int64_t)total;
    }
    return out->offsets != NULL;
}

/* The types of a row of bytes leave its special tokens out. */
static void write_types(const tyto_encode_plan *plan, const tyto_row *row, size_t i, size_t width,
                        tyto_encoding *out)
{
    const bool bytes = plan->tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES;
    const size_t padding = width - row->length;
    const size_t at = (size_t)out->type_offsets[i] + (plan->pad_left ? padding : 0);
    for (size_t k = 0; row->second_is_typed && k < row->second; k++) {
        out->token_type_ids[at + row->first + k] = 1;
    }
    out->type_offsets[i + 1] = out->type_offsets[i] + (int64_t)width - (bytes ? plan->around : 0);
}

static void write_overflow(const tyto_rows *rows, const tyto_row *row, size_t i, tyto_encoding *out)
{
    int64_t *tokens = out->overflowing_tokens + out->overflow_offsets[i];
    out->overflow_offsets[i + 1] = out->overflow_offsets[i] + (int64_t)row->overflow_length;
    for (size_t k = 0; k < row->overflow_length; k++) {
        tokens[k] = rows->overflow.items[row->overflow_start + k];
    }
    out->num_truncated_tokens[i] = row->surplus;
}

/* Where token k of a row stands, as the entry `at` of the encoding; NULL: it's padding. */
static void write_place(const tyto_encode_plan *plan, const tyto_row *row, size_t k,
                        const tyto_place *place, size_t at, tyto_encoding *out)
{
    const bool is_text = place && place->word >= 0;
    out->words[at] = is_text ? place->word : -1;
    out->texts[at] = !is_text ? -1 : k >= row->first + (plan->surround ? 1 : 0);
    if (is_text) {
        out->spans[2 * at] = place->start;
        out->spans[2 * at + 1] = place->end;
    }
}

static void write_row(const tyto_encode_plan *plan, const tyto_rows *rows, size_t i,
                      tyto_encoding *out)
{
    const tyto_tokenizer *tokenizer = plan->tokenizer;
    const tyto_row *row = &rows->items[i];
    const size_t at = (size_t)out->offsets[i], width = (size_t)out->offsets[i + 1] - at;
    const size_t first = plan->pad_left ? width - row->length : 0;
    for (size_t k = 0; k < width; k++) {
        const bool is_token = k >= first && k - first < row->length;
        out->input_ids[at + k] = is_token ? rows->ids.items[row->start + k - first] : plan->pad_id;
        out->attention_mask[at + k] = is_token;
        if (out->spans) {
            const tyto_place *place = is_token ? &rows->places.items[row->start + k - first] : NULL;
            write_place(plan, row, k - first, place, at + k, out);
        }
        if (out->special_tokens_mask) {
            out->special_tokens_mask[at + k] =
                !is_token || tyto_row_is_special(row, plan, k - first);
        }
    }
    out->truncated[i] = row->truncated;
    out->samples[i] = (int64_t)row->sample;
    out->lengths[i] = (int64_t)(tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES ? row->length : width);
    if (out->token_type_ids) {
        write_types(plan, row, i, width, out);
    }
    if (out->overflow_offsets) {
        write_overflow(rows, row, i, out);
    }
}

void tyto_encode_options_init(tyto_encode_options *options, size_t struct_bytes)
{
    static const tyto_encode_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static tyto_status check_words(const char *name, const tyto_words *words, int64_t count,
                               tyto_error *err)
{
    if (count < 0 || (count > 0 && !words)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got %lld, required as many as there are", name,
                         (long long)count);
    }
    for (int64_t i = 0; i < count; i++) {
        if (words[i].count < 0 || (words[i].count > 0 && !words[i].items)) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s: text %lld: got %lld words, required as many as there are", name,
                             (long long)i, (long long)words[i].count);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_tokenizer_encode_words(const tyto_tokenizer *tokenizer, const tyto_words *firsts,
                                        const tyto_words *seconds, int64_t count,
                                        const tyto_encode_options *options, tyto_encoding *out,
                                        tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_encoding){0};
    TYTO_REQUIRE(err, tokenizer);
    TYTO_TRY(check_words("texts", firsts, count, err));
    if (seconds) {
        TYTO_TRY(check_words("second texts", seconds, count, err));
    }
    const bool bytes = tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES;
    tyto_encode_options given;
    tyto_encode_plan plan;
    tyto_rows rows = {0};
    tyto_status status;
    tyto_encode_options_init(&given, sizeof(given));
    TYTO_CHECK(tyto_options_read(&given, sizeof(given), options, "tyto_encode_options", err));
    TYTO_CHECK(make_plan(tokenizer, &given, seconds != NULL, &plan, err));
    TYTO_CHECK(encode_rows(&plan, &given, firsts, seconds, (size_t)count, &rows, err));
    if (!set_offsets(&rows, padded_length(&plan, &rows), out) ||
        !allocate(&given, &rows, bytes, out)) {
        status = tyto_fail_memory(err, "encoding");
        goto cleanup;
    }
    for (size_t i = 0; i < rows.count; i++) {
        write_row(&plan, &rows, i, out);
    }
    out->count = (int64_t)rows.count;
cleanup:
    tyto_rows_clear(&rows);
    if (status != TYTO_OK) {
        tyto_encoding_clear(out);
    }
    return status;
}

void tyto_encoding_clear(tyto_encoding *encoding)
{
    if (!encoding) {
        return;
    }
    free(encoding->input_ids);
    free(encoding->attention_mask);
    free(encoding->offsets);
    free(encoding->truncated);
    free(encoding->samples);
    free(encoding->lengths);
    free(encoding->special_tokens_mask);
    free(encoding->token_type_ids);
    free(encoding->type_offsets);
    free(encoding->overflowing_tokens);
    free(encoding->overflow_offsets);
    free(encoding->num_truncated_tokens);
    free(encoding->spans);
    free(encoding->words);
    free(encoding->texts);
    *encoding = (tyto_encoding){0};
}
