#include <tyto/fill_mask_document.h>

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "results/document.h"

/* Bytes of a token in a table, with its NUL. */
#define TABLE_TOKEN_BYTES 64

static const tyto_document_kind kind_of_filled = {.name = "a document of filled texts"};

tyto_status tyto_fill_mask_document_create(tyto_format format, tyto_document **document,
                                           tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    *document = NULL;
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_records_check(format, err));
    TYTO_TRY(tyto_document_open(&kind_of_filled, format, NULL, document, err));
    TYTO_TRY(tyto_document_begin_step(*document, &kind_of_filled, &writer, err));
    tyto_records_begin(*document, &writer, "text,best,position,rank,id,token,score");
    return tyto_document_end_step(*document, &writer, out, err);
}

/* How a guess looks in a table: a letter, a byte as \xNN, or a token's name. */
static void write_guess(tyto_writer *writer, const tyto_guess *guess)
{
    const int64_t byte = guess->id - TYTO_BYTE_ID_FIRST;
    tyto_writer_text(writer, "  ");
    if (byte >= 0 && byte < 256) {
        char spelled[8];
        snprintf(spelled, sizeof(spelled), byte > 32 && byte < 127 ? "%c" : "\\x%02X",
                 (unsigned)byte);
        tyto_writer_format(writer, "%-4s", spelled);
    } else {
        const char *token = guess->token ? guess->token : "?";
        const size_t length = strlen(token);
        tyto_writer_plain(writer, token, TABLE_TOKEN_BYTES);
        tyto_writer_format(writer, "%*s", length < 4 ? (int)(4 - length) : 0, "");
    }
    tyto_writer_format(writer, " %.3f", (double)guess->score);
}

static void write_table(tyto_writer *writer, const char *text, const tyto_filled_text *filled)
{
    tyto_writer_text(writer, "text  ");
    tyto_writer_plain(writer, text, 0);
    tyto_writer_text(writer, "\nbest  ");
    tyto_writer_plain(writer, filled->text, 0);
    tyto_writer_text(writer, "\n  token  guesses\n");
    for (int64_t m = 0; m < filled->n_masks; m++) {
        tyto_writer_format(writer, "%7lld", (long long)filled->positions[m]);
        for (int64_t i = 0; i < filled->n_guesses; i++) {
            write_guess(writer, &filled->guesses[m * filled->n_guesses + i]);
        }
        tyto_writer_text(writer, "\n");
    }
}

static void write_lines(tyto_writer *writer, const char *text, const tyto_filled_text *filled)
{
    for (int64_t i = 0; i < filled->n_masks * filled->n_guesses; i++) {
        const int64_t m = i / filled->n_guesses, rank = i % filled->n_guesses + 1;
        const tyto_guess *guess = &filled->guesses[i];
        tyto_writer_csv(writer, text);
        tyto_writer_text(writer, ",");
        tyto_writer_csv(writer, filled->text);
        tyto_writer_format(writer, ",%lld,%lld,%lld,", (long long)filled->positions[m],
                           (long long)rank, (long long)guess->id);
        tyto_writer_csv(writer, guess->token ? guess->token : "");
        tyto_writer_text(writer, ",");
        tyto_writer_float(writer, guess->score);
        tyto_writer_text(writer, "\n");
    }
}

static json_t *mask_object(tyto_writer *writer, const tyto_filled_text *filled, int64_t m)
{
    json_t *mask = json_object(), *guesses = json_array();
    for (int64_t i = 0; i < filled->n_guesses; i++) {
        const tyto_guess *guess = &filled->guesses[m * filled->n_guesses + i];
        json_t *object = json_object();
        tyto_json_put(writer, object, "id", json_integer(guess->id));
        tyto_json_put(writer, object, "token", tyto_json_string(guess->token));
        tyto_json_put(writer, object, "score", tyto_json_float(guess->score));
        tyto_json_push(writer, guesses, object);
    }
    tyto_json_put(writer, mask, "position", json_integer(filled->positions[m]));
    tyto_json_put(writer, mask, "best", json_integer(filled->best[m]));
    tyto_json_put(writer, mask, "guesses", guesses);
    return mask;
}

static json_t *text_object(tyto_writer *writer, const char *text, const tyto_filled_text *filled)
{
    json_t *object = json_object(), *masks = json_array();
    for (int64_t m = 0; m < filled->n_masks; m++) {
        tyto_json_push(writer, masks, mask_object(writer, filled, m));
    }
    tyto_json_put(writer, object, "text", tyto_json_string(text));
    tyto_json_put(writer, object, "best",
                  tyto_json_string_bytes(filled->text, filled->length_bytes));
    tyto_json_put(writer, object, "masks", masks);
    return object;
}

tyto_status tyto_document_add_filled_text(tyto_document *document, const char *text,
                                          const tyto_filled_text *filled, tyto_bytes *out,
                                          tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, text);
    TYTO_REQUIRE(err, filled);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_document_begin_step(document, &kind_of_filled, &writer, err));
    if (document->format == TYTO_FORMAT_TEXT || document->format == TYTO_FORMAT_CSV) {
        tyto_records_next(document, &writer);
        (document->format == TYTO_FORMAT_CSV ? write_lines : write_table)(&writer, text, filled);
    } else {
        tyto_records_json(document, &writer, text_object(&writer, text, filled));
    }
    return tyto_document_end_step(document, &writer, out, err);
}
