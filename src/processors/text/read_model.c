/* The vocabulary and its merges. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"
#include "processors/text/read.h"

/* Largest merges.txt; CLIP's has half a megabyte. */
#define MERGES_BYTES_MAX ((size_t)64 << 20)
/* Merges that are read from merges.txt: CLIP's own number. The reference stops there too. */
enum { MERGES_TXT_MAX = 49152 - 256 - 2 };
/* Longest end-of-word suffix. */
enum { SUFFIX_BYTES_MAX = 64 };

static tyto_status read_vocab(const json_t *vocab, const char *file, tyto_bpe *bpe, tyto_error *err)
{
    const size_t n = json_object_size(vocab);
    if (n == 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got a vocabulary without tokens, required some",
                         file);
    }
    tyto_token *tokens = tyto_alloc(n, sizeof(*tokens));
    if (!tokens) {
        return tyto_fail_memory(err, "vocabulary");
    }
    tyto_status status = TYTO_OK;
    size_t i = 0;
    const char *text;
    json_t *id;
    json_object_foreach((json_t *)vocab, text, id)
    {
        tokens[i].text = text;
        tokens[i].length = (uint32_t)strlen(text);
        TYTO_CHECK(tyto_read_id(id, file, text, &tokens[i].id, err));
        i++;
    }
    status = tyto_bpe_set_tokens(bpe, tokens, n, file, err);
cleanup:
    free(tokens);
    return status;
}

static tyto_status bad_merge(const char *file, size_t i, const char *got, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_FORMAT, "%s: merge %zu: got '%.60s', required two tokens", file,
                     i + 1, got);
}

/* A merge as "a b" or ["a","b"]. */
static tyto_status read_merge(const json_t *value, size_t i, uint32_t rank, const tyto_bpe *bpe,
                              const char *file, tyto_merge *out, tyto_error *err)
{
    const char *left, *right;
    size_t left_length;
    if (json_is_string(value)) {
        left = json_string_value(value);
        right = strchr(left, ' ');
        if (!right || strchr(right + 1, ' ')) {
            return bad_merge(file, i, left, err);
        }
        left_length = (size_t)(right - left);
        right++;
    } else {
        left = json_string_value(json_array_get(value, 0));
        right = json_string_value(json_array_get(value, 1));
        if (json_array_size(value) != 2 || !left || !right) {
            return bad_merge(file, i, tyto_json_type(value), err);
        }
        left_length = strlen(left);
    }
    return tyto_bpe_make_merge(bpe, left, left_length, right, strlen(right), rank, out, file, err);
}

static bool is_version_line(const json_t *value)
{
    return json_is_string(value) && strncmp(json_string_value(value), "#version", 8) == 0;
}

static tyto_status read_merges(const json_t *list, const char *file, const char *suffix,
                               tyto_bpe *bpe, tyto_error *err)
{
    const size_t n = json_array_size(list);
    tyto_merge *merges = tyto_alloc(n, sizeof(*merges));
    if (!merges) {
        return tyto_fail_memory(err, "merges");
    }
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        const json_t *value = json_array_get(list, i);
        if (is_version_line(value)) {
            continue;
        }
        tyto_status status = read_merge(value, i, (uint32_t)count, bpe, file, &merges[count], err);
        if (status != TYTO_OK) {
            free(merges);
            return status;
        }
        count++;
    }
    return tyto_bpe_finish(bpe, merges, count, true, suffix, err);
}

/* Refuses what only other models of tokenizer.json do. */
static tyto_status check_model(const json_t *model, const char *file, const char **suffix,
                               tyto_error *err)
{
    const char *type = "BPE", *prefix = "";
    bool fallback = false, ignore_merges = false;
    double dropout = 0;
    TYTO_TRY(tyto_json_text(model, file, "type", &type, err));
    TYTO_TRY(tyto_json_text(model, file, "continuing_subword_prefix", &prefix, err));
    TYTO_TRY(tyto_json_text(model, file, "end_of_word_suffix", suffix, err));
    TYTO_TRY(tyto_json_bool(model, file, "byte_fallback", &fallback, err));
    TYTO_TRY(tyto_json_bool(model, file, "ignore_merges", &ignore_merges, err));
    TYTO_TRY(tyto_json_double(model, file, "dropout", &dropout, err));
    const char *what = strcmp(type, "BPE") != 0 ? "type"
                       : prefix[0]              ? "continuing_subword_prefix"
                       : fallback               ? "byte_fallback"
                       : ignore_merges          ? "ignore_merges"
                       : dropout != 0           ? "dropout"
                                                : NULL;
    if (what) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: 'model': got a '%s' that CLIP's byte-level BPE has not", file, what);
    }
    if (!*suffix || !(*suffix)[0] || strlen(*suffix) > SUFFIX_BYTES_MAX) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: 'end_of_word_suffix': got %s, required one such as '</w>'", file,
                         *suffix && (*suffix)[0] ? "a long one" : "none");
    }
    return TYTO_OK;
}

tyto_status tyto_read_model(const tyto_tokenizer_files *files, tyto_bpe *bpe, tyto_error *err)
{
    const char *file = files->tokenizer_path, *suffix = NULL;
    const json_t *model = json_object_get(files->tokenizer, "model");
    const json_t *vocab = json_object_get(model, "vocab");
    const json_t *merges = json_object_get(model, "merges");
    if (!json_is_object(model)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'model': got %s, required an object", file,
                         tyto_json_type(model));
    }
    TYTO_TRY(check_model(model, file, &suffix, err));
    if (!json_is_object(vocab) || !json_is_array(merges)) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'model': got %s as vocab and %s as merges, required an object and an "
                         "array",
                         file, tyto_json_type(vocab), tyto_json_type(merges));
    }
    TYTO_TRY(read_vocab(vocab, file, bpe, err));
    TYTO_TRY(read_merges(merges, file, suffix, bpe, err));
    const char *unknown = NULL;
    TYTO_TRY(tyto_json_text(model, file, "unk_token", &unknown, err));
    TYTO_TRY(tyto_bpe_set_unknown(bpe, unknown, err));
    return tyto_json_bool(model, file, "fuse_unk", &bpe->fuse_unknown, err);
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
}

/* The next word of a line, or an empty one at its end. */
static const char *next_word(const char **at, const char *end, size_t *length)
{
    while (*at < end && is_blank(**at)) {
        ++*at;
    }
    const char *word = *at;
    while (*at < end && !is_blank(**at)) {
        ++*at;
    }
    *length = (size_t)(*at - word);
    return word;
}

static tyto_status read_merge_line(const char *line, const char *end, uint32_t rank,
                                   const tyto_bpe *bpe, const char *file, tyto_merge *out,
                                   tyto_error *err)
{
    const char *at = line;
    size_t left_length, right_length, more;
    const char *left = next_word(&at, end, &left_length);
    const char *right = next_word(&at, end, &right_length);
    next_word(&at, end, &more);
    if (left_length == 0 || right_length == 0 || more > 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: line %u: got '%.*s', required two tokens", file,
                         rank + 2, (int)(end - line < 60 ? end - line : 60), line);
    }
    return tyto_bpe_make_merge(bpe, left, left_length, right, right_length, rank, out, file, err);
}

/* The lines after the first, whatever that one says. */
static tyto_status read_merge_lines(const char *text, size_t length, const tyto_bpe *bpe,
                                    const char *file, tyto_merge *merges, size_t *count,
                                    tyto_error *err)
{
    const char *at = text, *end = text + length;
    while (end > at && is_blank(end[-1])) {
        end--;
    }
    while (at < end && is_blank(*at)) {
        at++;
    }
    at = memchr(at, '\n', (size_t)(end - at));
    for (*count = 0; at && *count < MERGES_TXT_MAX; ++*count) {
        const char *line = at + 1;
        at = memchr(line, '\n', (size_t)(end - line));
        TYTO_TRY(read_merge_line(line, at ? at : end, (uint32_t)*count, bpe, file, &merges[*count],
                                 err));
    }
    return TYTO_OK;
}

tyto_status tyto_read_vocab_and_merges(const tyto_tokenizer_files *files, tyto_bpe *bpe,
                                       tyto_error *err)
{
    json_t *vocab = NULL;
    char *text = NULL;
    size_t length, count = 0;
    tyto_status status;
    tyto_merge *merges = tyto_alloc(MERGES_TXT_MAX, sizeof(*merges));
    if (!merges) {
        return tyto_fail_memory(err, "merges");
    }
    TYTO_CHECK(tyto_json_load(files->vocab_path, &vocab, err));
    TYTO_CHECK(read_vocab(vocab, files->vocab_path, bpe, err));
    TYTO_CHECK(tyto_file_read(files->merges_path, MERGES_BYTES_MAX, &text, &length, err));
    TYTO_CHECK(read_merge_lines(text, length, bpe, files->merges_path, merges, &count, err));
    tyto_merge *given = merges;
    merges = NULL;
    TYTO_CHECK(tyto_bpe_finish(bpe, given, count, false, "</w>", err));
cleanup:
    free(merges);
    free(text);
    json_decref(vocab);
    return status;
}
