#include <tyto/token_document.h>

#include "base/error.h"
#include "results/document.h"

static const char *spelled(const tyto_tokenizer *tokenizer, int64_t id)
{
    const char *token = tyto_tokenizer_token(tokenizer, id);
    return token ? token : "";
}

static json_t *numbers(tyto_writer *writer, const int64_t *values, int64_t begin, int64_t end)
{
    json_t *list = json_array();
    for (int64_t i = begin; i < end; i++) {
        tyto_json_push(writer, list, json_integer(values[i]));
    }
    return list;
}

/* What only some options ask for. */
static void put_more(tyto_writer *writer, json_t *object, const tyto_encoding *e, int64_t i)
{
    const int64_t begin = (int64_t)e->offsets[i], end = (int64_t)e->offsets[i + 1];
    if (e->special_tokens_mask) {
        tyto_json_put(writer, object, "special_tokens_mask",
                      numbers(writer, e->special_tokens_mask, begin, end));
    }
    if (e->spans) {
        tyto_json_put(writer, object, "offsets", numbers(writer, e->spans, 2 * begin, 2 * end));
        tyto_json_put(writer, object, "words", numbers(writer, e->words, begin, end));
    }
    if (e->token_type_ids) {
        tyto_json_put(writer, object, "token_type_ids",
                      numbers(writer, e->token_type_ids, (int64_t)e->type_offsets[i],
                              (int64_t)e->type_offsets[i + 1]));
    }
    if (e->overflowing_tokens) {
        tyto_json_put(writer, object, "overflowing_tokens",
                      numbers(writer, e->overflowing_tokens, (int64_t)e->overflow_offsets[i],
                              (int64_t)e->overflow_offsets[i + 1]));
        tyto_json_put(writer, object, "num_truncated_tokens",
                      json_integer(e->num_truncated_tokens[i]));
    }
    if (e->count > 0 && e->samples[e->count - 1] + 1 < e->count) {
        tyto_json_put(writer, object, "sample", json_integer((json_int_t)e->samples[i]));
    }
}

static json_t *row_object(tyto_writer *writer, const tyto_tokenizer *tokenizer,
                          const tyto_encoding *encoding, int64_t i)
{
    const int64_t begin = (int64_t)encoding->offsets[i], end = (int64_t)encoding->offsets[i + 1];
    json_t *object = json_object(), *tokens = json_array();
    for (int64_t t = begin; t < end; t++) {
        tyto_json_push(writer, tokens,
                       tyto_json_string(spelled(tokenizer, encoding->input_ids[t])));
    }
    tyto_json_put(writer, object, "input_ids", numbers(writer, encoding->input_ids, begin, end));
    tyto_json_put(writer, object, "attention_mask",
                  numbers(writer, encoding->attention_mask, begin, end));
    tyto_json_put(writer, object, "tokens", tokens);
    tyto_json_put(writer, object, "length", json_integer(encoding->lengths[i]));
    put_more(writer, object, encoding, i);
    return object;
}

static void write_json(tyto_writer *writer, const tyto_tokenizer *tokenizer,
                       const tyto_encoding *encoding)
{
    tyto_writer_text(writer, "[");
    for (int64_t i = 0; i < (int64_t)encoding->count; i++) {
        tyto_writer_text(writer, i > 0 ? ",\n" : "\n");
        tyto_writer_json_new(writer, row_object(writer, tokenizer, encoding, i), false);
    }
    tyto_writer_text(writer, "\n]\n");
}

static void write_table(tyto_writer *writer, const tyto_tokenizer *tokenizer,
                        const tyto_encoding *encoding, const char *const *texts)
{
    for (int64_t i = 0; i < (int64_t)encoding->count; i++) {
        const int64_t begin = (int64_t)encoding->offsets[i];
        const int64_t end = (int64_t)encoding->offsets[i + 1];
        tyto_writer_text(writer, i > 0 ? "\n\"" : "\"");
        tyto_writer_plain(writer, texts[encoding->samples[i]], 0);
        tyto_writer_format(writer, "\": %lld tokens%s\n", (long long)(end - begin),
                           encoding->truncated[i] ? ", cut" : "");
        tyto_writer_text(writer, "      id  mask  token\n");
        for (int64_t t = begin; t < end; t++) {
            tyto_writer_format(writer, "%8lld  %4lld  ", (long long)encoding->input_ids[t],
                               (long long)encoding->attention_mask[t]);
            tyto_writer_plain(writer, spelled(tokenizer, encoding->input_ids[t]), 0);
            tyto_writer_text(writer, "\n");
        }
    }
}

static tyto_status check_format(tyto_format format, tyto_error *err)
{
    if (format != TYTO_FORMAT_TEXT && format != TYTO_FORMAT_JSON) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "document: got format %d, required text or json",
                         (int)format);
    }
    return TYTO_OK;
}

tyto_status tyto_token_document_write(const tyto_tokenizer *tokenizer,
                                      const tyto_encoding *encoding, const char *const *texts,
                                      tyto_format format, tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tokenizer);
    TYTO_REQUIRE(err, encoding);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(check_format(format, err));
    tyto_writer_init(&writer);
    if (format == TYTO_FORMAT_JSON) {
        write_json(&writer, tokenizer, encoding);
    } else {
        TYTO_REQUIRE(err, texts);
        write_table(&writer, tokenizer, encoding, texts);
    }
    return tyto_writer_end(&writer, out, err);
}

tyto_status tyto_decoding_document_write(const tyto_decoding *decoding, tyto_format format,
                                         tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    json_t *list = NULL;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, decoding);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(check_format(format, err));
    tyto_writer_init(&writer);
    if (format == TYTO_FORMAT_JSON) {
        list = json_array();
    }
    for (int64_t i = 0; i < (int64_t)decoding->count; i++) {
        if (format == TYTO_FORMAT_JSON) {
            tyto_json_push(
                &writer, list,
                tyto_json_string_bytes(decoding->texts[i], (size_t)decoding->lengths_bytes[i]));
        } else {
            tyto_writer_plain(&writer, decoding->texts[i], 0);
            tyto_writer_text(&writer, "\n");
        }
    }
    if (format == TYTO_FORMAT_JSON) {
        tyto_writer_json_new(&writer, list, false);
        tyto_writer_text(&writer, "\n");
    }
    return tyto_writer_end(&writer, out, err);
}
