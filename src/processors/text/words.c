/* Texts as people give them: whole or split at white space, alone or in pairs, and as lists of ids.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/tokenizer.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"

/* Texts with the parts between white space, or whole. */
typedef struct splits {
    tyto_words *words;  /* [count] */
    const char **items; /* of all texts, one after the other */
    size_t *lengths;
} splits;

static void splits_clear(splits *s)
{
    free(s->words);
    free(s->items);
    free(s->lengths);
    *s = (splits){0};
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The words of a text; items NULL: they are only counted. */
static size_t split_text(const char *text, size_t length, const char **items, size_t *lengths)
{
    size_t count = 0;
    for (size_t at = 0; at < length;) {
        size_t end = at;
        while (end < length && !is_blank(text[end])) {
            end++;
        }
        if (end > at && items) {
            items[count] = text + at;
            lengths[count] = end - at;
        }
        count += end > at;
        at = end + 1;
    }
    return count;
}

static size_t length_of(const char *const *texts, const size_t *lengths_bytes, int64_t i)
{
    return lengths_bytes ? lengths_bytes[i] : strlen(texts[i]);
}

/* memory  *out is the caller's to clear, whatever the status */
static tyto_status split(const char *const *texts, const size_t *lengths_bytes, int64_t count,
                         bool into_words, splits *out, tyto_error *err)
{
    size_t total = (size_t)count, at = 0;
    *out = (splits){0};
    if (count < 0 || (count > 0 && !texts)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "texts: got %lld, required as many as there are",
                         (long long)count);
    }
    for (int64_t i = 0; i < count; i++) {
        if (!texts[i]) {
            return tyto_fail(err, TYTO_E_ARGUMENT, "text %lld: got NULL, required a text",
                             (long long)i);
        }
        total +=
            into_words ? split_text(texts[i], length_of(texts, lengths_bytes, i), NULL, NULL) : 0;
    }
    out->words = tyto_alloc_zeroed((size_t)count, sizeof(*out->words));
    out->items = tyto_alloc_zeroed(total, sizeof(*out->items));
    out->lengths = tyto_alloc_zeroed(total, sizeof(*out->lengths));
    if (!out->words || !out->items || !out->lengths) {
        return tyto_fail_memory(err, "texts");
    }
    for (int64_t i = 0; i < count; i++) {
        const size_t length = length_of(texts, lengths_bytes, i);
        size_t found = 1;
        if (into_words) {
            found = split_text(texts[i], length, out->items + at, out->lengths + at);
        } else {
            out->items[at] = texts[i];
            out->lengths[at] = length;
        }
        out->words[i] = (tyto_words){out->items + at, out->lengths + at, (int64_t)found};
        at += found;
    }
    return TYTO_OK;
}

static tyto_status encode(const tyto_tokenizer *tokenizer, const char *const *firsts,
                          const size_t *lengths_bytes, const char *const *seconds, int64_t count,
                          const tyto_encode_options *options, tyto_encoding *out, tyto_error *err)
{
    tyto_encode_options own;
    splits first = {0}, second = {0};
    tyto_status status = TYTO_OK;
    TYTO_REQUIRE(err, out);
    *out = (tyto_encoding){0};
    TYTO_REQUIRE(err, tokenizer);
    tyto_encode_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_encode_options", err));
    own.whole_texts = !own.split_words;
    TYTO_CHECK(split(firsts, lengths_bytes, count, own.split_words, &first, err));
    if (seconds) {
        TYTO_CHECK(split(seconds, NULL, count, own.split_words, &second, err));
    }
    TYTO_CHECK(
        tyto_tokenizer_encode_words(tokenizer, first.words, second.words, count, &own, out, err));
cleanup:
    splits_clear(&first);
    splits_clear(&second);
    return status;
}

tyto_status tyto_tokenizer_encode(const tyto_tokenizer *tokenizer, const char *const *texts,
                                  const size_t *lengths_bytes, int64_t count,
                                  const tyto_encode_options *options, tyto_encoding *out,
                                  tyto_error *err)
{
    TYTO_ENTER(err);
    return encode(tokenizer, texts, lengths_bytes, NULL, count, options, out, err);
}

tyto_status tyto_tokenizer_encode_pairs(const tyto_tokenizer *tokenizer, const char *const *firsts,
                                        const char *const *seconds, int64_t count,
                                        const tyto_encode_options *options, tyto_encoding *out,
                                        tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, seconds);
    return encode(tokenizer, firsts, NULL, seconds, count, options, out, err);
}

/* "4, 102 5" as numbers, behind the *count ids that are there. */
static tyto_status read_ids(const char *text, int64_t *ids, int64_t *count, tyto_error *err)
{
    static const char between[] = " \t,[]";
    for (const char *at = text + strspn(text, between); *at; at += strspn(at, between)) {
        char *end;
        errno = 0;
        ids[*count] = strtoll(at, &end, 10);
        if (end == at || errno || (*end && !strchr(between, *end))) {
            return tyto_fail(
                err, TYTO_E_ARGUMENT,
                "'%.60s': required ids: whole numbers with spaces or commas between them", text);
        }
        ++*count;
        at = end;
    }
    return TYTO_OK;
}

tyto_status tyto_tokenizer_decode_texts(const tyto_tokenizer *tokenizer, const char *const *texts,
                                        int64_t count, const tyto_decode_options *options,
                                        tyto_decoding *out, tyto_error *err)
{
    int64_t *ids = NULL, *offsets = NULL, total = 0;
    size_t room = 0;
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_decoding){0};
    TYTO_REQUIRE(err, tokenizer);
    if (count < 0 || (count > 0 && !texts)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "texts: got %lld, required as many as there are",
                         (long long)count);
    }
    for (int64_t i = 0; i < count; i++) {
        TYTO_REQUIRE(err, texts[i]);
        room += strlen(texts[i]) / 2 + 1;
    }
    ids = tyto_alloc(room, sizeof(*ids));
    offsets = tyto_alloc_zeroed((size_t)count + 1, sizeof(*offsets));
    if (!ids || !offsets) {
        status = tyto_fail_memory(err, "ids");
        goto cleanup;
    }
    for (int64_t i = 0; i < count; i++) {
        TYTO_CHECK(read_ids(texts[i], ids, &total, err));
        offsets[i + 1] = total;
    }
    TYTO_CHECK(tyto_tokenizer_decode_batch(tokenizer, ids, offsets, count, options, out, err));
cleanup:
    free(ids);
    free(offsets);
    return status;
}
