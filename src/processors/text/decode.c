/* Ids to text: tokens to bytes, bytes to UTF-8, ends of words to spaces, spaces tidied. */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "processors/text/tokenizer.h"

/* Bytes that the tokens of one text may stand for, and of the text: each wrong byte becomes three.
 */
#define BYTES_MAX ((size_t)1 << 28)
#define TEXT_BYTES_MAX (3 * BYTES_MAX)

/* What tidying replaces, one after the other over the whole text. */
static const struct {
    const char *pattern, *replacement;
} tidied[] = {
    {" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
    {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"},
};

/* Appends what a token's letters stand for; one that isn't all such letters stands for itself. */
static void add_token(tyto_buffer *bytes, const char *text)
{
    const size_t length = strlen(text);
    bool all_letters = true;
    for (size_t i = 0; i < length && all_letters;) {
        int32_t c;
        i += tyto_utf8_read(text + i, &c);
        all_letters = tyto_letter_byte(c) >= 0;
    }
    if (!all_letters) {
        tyto_buffer_add(bytes, text, length);
        return;
    }
    for (size_t i = 0; i < length;) {
        int32_t c;
        i += tyto_utf8_read(text + i, &c);
        const char byte = (char)tyto_letter_byte(c);
        tyto_buffer_add(bytes, &byte, 1);
    }
}

static tyto_status add_tokens(const tyto_tokenizer *tokenizer, const int64_t *ids, size_t count,
                              bool skip_special, tyto_buffer *bytes, tyto_error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (ids[i] < 0 || ids[i] > UINT32_MAX) {
            return tyto_fail(err, TYTO_E_RANGE, "id %zu: got %lld, required 0 to %lld", i,
                             (long long)ids[i], (long long)UINT32_MAX);
        }
        bool is_special;
        const char *text = tyto_added_text(&tokenizer->added, ids[i], &is_special);
        const tyto_token *token = text ? NULL : tyto_bpe_token(&tokenizer->bpe, ids[i]);
        text = token ? token->text : text;
        if (text && !(skip_special && is_special)) {
            add_token(bytes, text);
        }
        if (bytes->failed) {
            return bytes->length + TYTO_TOKEN_BYTES_MAX > BYTES_MAX
                       ? tyto_fail(err, TYTO_E_LIMIT, "ids: got more than %zu bytes of text",
                                   BYTES_MAX)
                       : tyto_fail_memory(err, "text");
        }
    }
    return TYTO_OK;
}

/* Each wrong sequence becomes U+FFFD. */
static void make_valid(const tyto_buffer *bytes, tyto_buffer *text)
{
    for (size_t i = 0; i < bytes->length;) {
        bool valid;
        const size_t n = tyto_utf8_sequence(bytes->data + i, bytes->length - i, &valid);
        tyto_buffer_add(text, valid ? bytes->data + i : "\xEF\xBF\xBD", valid ? n : 3);
        i += n;
    }
}

/* Bytes of a run of tokens, which are made valid together. */
typedef struct byte_runs {
    tyto_buffer run;
    tyto_buffer *text;
    const char *between;
    bool any; /* something is in text already */
} byte_runs;

static void end_piece(byte_runs *runs)
{
    tyto_buffer_text(runs->text, runs->any ? runs->between : "");
    runs->any = true;
}

static void end_run(byte_runs *runs)
{
    if (runs->run.length > 0) {
        end_piece(runs);
        make_valid(&runs->run, runs->text);
        runs->run.length = 0;
    }
}

/* A token that is a text: one without a role stands alone, between spaces. */
static void add_byte_content(byte_runs *runs, const tyto_byte_content *content)
{
    const bool alone =
        !content->is_special || (content->is_additional && content->id >= TYTO_BYTES);
    if (alone) {
        end_run(runs);
        end_piece(runs);
        tyto_buffer_text(runs->text, content->text);
    } else {
        tyto_buffer_add(&runs->run, content->text, content->length);
    }
}

static tyto_status add_byte_id(byte_runs *runs, const tyto_byte_tokens *tokens, size_t i,
                               int64_t id, bool skip_special, tyto_error *err)
{
    const tyto_byte_entry *entry = tyto_byte_tokens_entry(tokens, id);
    if (!entry && (id < TYTO_BYTE_ID_FIRST || id >= TYTO_BYTE_ID_FIRST + TYTO_BYTES)) {
        return tyto_fail(err, TYTO_E_RANGE, "id %zu: got %lld, required 0 to %d or a token's", i,
                         (long long)id, TYTO_BYTE_ID_FIRST + TYTO_BYTES - 1);
    }
    const char byte = (char)(id - TYTO_BYTE_ID_FIRST);
    const size_t spelled = entry ? SIZE_MAX : tokens->spelled_like[(unsigned char)byte];
    const tyto_byte_content *content =
        entry                 ? tyto_byte_tokens_find(tokens, entry->text, strlen(entry->text))
        : spelled != SIZE_MAX ? &tokens->contents[spelled]
                              : NULL;
    if (content && skip_special && content->is_special && content->id == id) {
        return TYTO_OK;
    }
    if (content) {
        add_byte_content(runs, content);
    } else {
        tyto_buffer_add(&runs->run, &byte, 1);
    }
    return TYTO_OK;
}

static tyto_status decode_bytes(const tyto_tokenizer *tokenizer, const int64_t *ids, size_t count,
                                const tyto_decode_options *options, tyto_buffer *text,
                                tyto_error *err)
{
    byte_runs runs = {.text = text,
                      .between = options->no_spaces_between_special_tokens ? "" : " "};
    tyto_status status = TYTO_OK;
    tyto_buffer_init(&runs.run, BYTES_MAX);
    for (size_t i = 0; i < count; i++) {
        TYTO_CHECK(
            add_byte_id(&runs, &tokenizer->bytes, i, ids[i], options->skip_special_tokens, err));
    }
    end_run(&runs);
    if (runs.run.failed) {
        status = tyto_fail_memory(err, "text");
    }
cleanup:
    tyto_buffer_clear(&runs.run);
    return status;
}

/* *text with every `pattern` replaced, left to right. */
static void replace(tyto_buffer *text, const char *pattern, const char *replacement)
{
    tyto_buffer out;
    const size_t pattern_length = strlen(pattern), replacement_length = strlen(replacement);
    const char *found;
    size_t done = 0;
    tyto_buffer_init(&out, TEXT_BYTES_MAX);
    while (!text->failed &&
           (found = memmem(text->data + done, text->length - done, pattern, pattern_length))) {
        tyto_buffer_add(&out, text->data + done, (size_t)(found - text->data) - done);
        tyto_buffer_add(&out, replacement, replacement_length);
        done = (size_t)(found - text->data) + pattern_length;
    }
    if (done == 0) {
        return;
    }
    tyto_buffer_add(&out, text->data + done, text->length - done);
    tyto_buffer_clear(text);
    *text = out;
}

/* Drops white space at both ends. */
static void strip(tyto_buffer *text)
{
    size_t start = 0, end = text->length;
    int32_t c;
    while (start < end) {
        const size_t n = tyto_utf8_read(text->data + start, &c);
        if (!tyto_char_is_blank(c)) {
            break;
        }
        start += n;
    }
    while (end > start) {
        size_t at = end - 1;
        while (((unsigned char)text->data[at] & 0xC0) == 0x80) {
            at--;
        }
        tyto_utf8_read(text->data + at, &c);
        if (!tyto_char_is_blank(c)) {
            break;
        }
        end = at;
    }
    if (start > 0 || end < text->length) {
        memmove(text->data, text->data + start, end - start);
        text->length = end - start;
        text->data[text->length] = '\0';
    }
}

static tyto_status decode_clip(const tyto_tokenizer *tokenizer, const int64_t *ids, size_t count,
                               const tyto_decode_options *options, tyto_buffer *text,
                               tyto_error *err)
{
    tyto_buffer bytes;
    tyto_buffer_init(&bytes, BYTES_MAX);
    const tyto_status status =
        add_tokens(tokenizer, ids, count, options->skip_special_tokens, &bytes, err);
    if (status == TYTO_OK) {
        make_valid(&bytes, text);
        replace(text, tokenizer->bpe.suffix, " ");
        if (!text->failed) {
            strip(text);
        }
    }
    tyto_buffer_clear(&bytes);
    return status;
}

void tyto_decode_options_init(tyto_decode_options *options, size_t struct_bytes)
{
    static const tyto_decode_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_tokenizer_decode(const tyto_tokenizer *tokenizer, const int64_t *ids,
                                  int64_t count, const tyto_decode_options *options, char **out,
                                  size_t *length_bytes, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tokenizer);
    TYTO_REQUIRE(err, out);
    if (count < 0 || (count > 0 && !ids)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "ids: got %lld, required as many as there are",
                         (long long)count);
    }
    tyto_decode_options own;
    tyto_decode_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_decode_options", err));
    const bool clean_up = own.clean_up == TYTO_CLEAN_UP_AS_CONFIGURED
                              ? tokenizer->clean_up
                              : own.clean_up == TYTO_CLEAN_UP_ON;
    tyto_buffer text;
    tyto_buffer_init(&text, TEXT_BYTES_MAX);
    tyto_buffer_text(&text, "");
    tyto_status status;
    TYTO_CHECK(tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES
                   ? decode_bytes(tokenizer, ids, (size_t)count, &own, &text, err)
                   : decode_clip(tokenizer, ids, (size_t)count, &own, &text, err));
    for (size_t i = 0; clean_up && i < sizeof(tidied) / sizeof(tidied[0]); i++) {
        replace(&text, tidied[i].pattern, tidied[i].replacement);
    }
    const size_t length = text.length;
    *out = tyto_buffer_take(&text);
    if (!*out) {
        status = tyto_fail_memory(err, "text");
    } else if (length_bytes) {
        *length_bytes = length;
    }
cleanup:
    tyto_buffer_clear(&text);
    return status;
}

tyto_status tyto_tokenizer_decode_batch(const tyto_tokenizer *tokenizer, const int64_t *ids,
                                        const int64_t *offsets, int64_t count,
                                        const tyto_decode_options *options, tyto_decoding *out,
                                        tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_decoding){0};
    TYTO_REQUIRE(err, tokenizer);
    if (count < 0 || (count > 0 && (!ids || !offsets))) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "rows: got %lld, required as many as there are",
                         (long long)count);
    }
    out->texts = tyto_alloc_zeroed((size_t)count, sizeof(*out->texts));
    out->lengths_bytes = tyto_alloc_zeroed((size_t)count, sizeof(*out->lengths_bytes));
    tyto_status status =
        out->texts && out->lengths_bytes ? TYTO_OK : tyto_fail_memory(err, "texts");
    for (; status == TYTO_OK && out->count < count; out->count++) {
        const int64_t i = out->count;
        status = tyto_tokenizer_decode(tokenizer, ids + offsets[i], offsets[i + 1] - offsets[i],
                                       options, &out->texts[i], &out->lengths_bytes[i], err);
    }
    if (status != TYTO_OK) {
        tyto_decoding_clear(out);
    }
    return status;
}

void tyto_decoding_clear(tyto_decoding *decoding)
{
    if (!decoding) {
        return;
    }
    for (int64_t i = 0; i < decoding->count; i++) {
        free(decoding->texts[i]);
    }
    free(decoding->texts);
    free(decoding->lengths_bytes);
    *decoding = (tyto_decoding){0};
}
