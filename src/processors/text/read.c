#include "processors/text/read.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"

/* Above this a model_max_length says that there is none (it's 1e30 then). */
#define LENGTH_UNLIMITED 1e15
/* What a tokenizer of bytes takes when its files don't say. */
#define BYTES_LENGTH_DEFAULT 2048

static void clear_files(tyto_tokenizer_files *files)
{
    free(files->tokenizer_path);
    free(files->vocab_path);
    free(files->merges_path);
    free(files->config_path);
    free(files->special_path);
    free(files->added_path);
    json_decref(files->tokenizer);
    json_decref(files->config);
    json_decref(files->special);
    json_decref(files->added);
}

static tyto_status name_files(const char *folder, tyto_tokenizer_files *files, tyto_error *err)
{
    files->tokenizer_path = tyto_path_join(folder, "tokenizer.json");
    files->vocab_path = tyto_path_join(folder, "vocab.json");
    files->merges_path = tyto_path_join(folder, "merges.txt");
    files->config_path = tyto_path_join(folder, "tokenizer_config.json");
    files->special_path = tyto_path_join(folder, "special_tokens_map.json");
    files->added_path = tyto_path_join(folder, "added_tokens.json");
    if (!files->tokenizer_path || !files->vocab_path || !files->merges_path ||
        !files->config_path || !files->special_path || !files->added_path) {
        return tyto_fail_memory(err, "tokenizer");
    }
    return TYTO_OK;
}

static tyto_status load_if_there(const char *path, json_t **out, tyto_error *err)
{
    return tyto_file_exists(path) ? tyto_json_load(path, out, err) : TYTO_OK;
}

/* A class that tokenizer_config.json names decides, else the kind of model. */
static tyto_status find_kind(const char *folder, tyto_class_of_model_fn class_of_model,
                             tyto_tokenizer_files *files, tyto_tokenizer_kind *kind,
                             tyto_error *err)
{
    const char *name = NULL;
    TYTO_TRY(load_if_there(files->config_path, &files->config, err));
    TYTO_TRY(tyto_json_text(files->config, files->config_path, "tokenizer_class", &name, err));
    if (!name) {
        TYTO_TRY(class_of_model(folder, &name, err));
    }
    const bool bytes = name && strcmp(name, "PerceiverTokenizer") == 0;
    *kind = bytes ? TYTO_TOKENIZER_KIND_BYTES : TYTO_TOKENIZER_KIND_CLIP;
    return TYTO_OK;
}

static tyto_status load_files(const char *folder, tyto_class_of_model_fn class_of_model,
                              tyto_tokenizer_files *files, tyto_tokenizer_kind *kind,
                              tyto_error *err)
{
    if (!folder) {
        *kind = TYTO_TOKENIZER_KIND_BYTES;
        return TYTO_OK;
    }
    TYTO_TRY(name_files(folder, files, err));
    TYTO_TRY(find_kind(folder, class_of_model, files, kind, err));
    TYTO_TRY(load_if_there(files->tokenizer_path, &files->tokenizer, err));
    if (*kind == TYTO_TOKENIZER_KIND_CLIP && !files->tokenizer &&
        !tyto_file_exists(files->vocab_path)) {
        return tyto_fail(err, TYTO_E_NOT_FOUND,
                         "%s: got neither tokenizer.json nor vocab.json, required one of them",
                         folder);
    }
    TYTO_TRY(load_if_there(files->special_path, &files->special, err));
    return load_if_there(files->added_path, &files->added, err);
}

/* "right" or "left". */
static tyto_status read_side(const tyto_tokenizer_files *files, const char *key, bool *left,
                             tyto_error *err)
{
    const char *side = NULL;
    TYTO_TRY(tyto_json_text(files->config, files->config_path, key, &side, err));
    if (side && strcmp(side, "right") != 0 && strcmp(side, "left") != 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got '%.40s', required 'right' or 'left'",
                         files->config_path, key, side);
    }
    *left = side ? side[0] == 'l' : *left;
    return TYTO_OK;
}

static tyto_status read_max_length(const tyto_tokenizer_files *files, tyto_tokenizer_kind kind,
                                   int64_t *out, tyto_error *err)
{
    const json_t *old = json_object_get(files->config, "model_max_length");
    *out = INT64_MAX;
    if (kind == TYTO_TOKENIZER_KIND_BYTES && (!old || json_is_null(old))) {
        *out = old ? INT64_MAX : BYTES_LENGTH_DEFAULT;
        return TYTO_OK;
    }
    const char *key = old && !json_is_null(old) ? "model_max_length" : "max_len";
    double length = LENGTH_UNLIMITED;
    TYTO_TRY(tyto_json_double(files->config, files->config_path, key, &length, err));
    if (length >= LENGTH_UNLIMITED) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_json_int(files->config, files->config_path, key, out, err));
    if (*out < 1) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: '%s': got %lld, required 1 or more",
                         files->config_path, key, (long long)*out);
    }
    return TYTO_OK;
}

static tyto_status read_settings(const tyto_tokenizer_files *files, tyto_tokenizer *tokenizer,
                                 tyto_error *err)
{
    tokenizer->clean_up = true;
    TYTO_TRY(read_max_length(files, tokenizer->kind, &tokenizer->max_length, err));
    TYTO_TRY(read_side(files, "padding_side", &tokenizer->pad_left, err));
    TYTO_TRY(read_side(files, "truncation_side", &tokenizer->truncate_left, err));
    TYTO_TRY(tyto_json_bool(files->config, files->config_path, "split_special_tokens",
                            &tokenizer->split_special_tokens, err));
    return tyto_json_bool(files->config, files->config_path, "clean_up_tokenization_spaces",
                          &tokenizer->clean_up, err);
}

tyto_status tyto_tokenizer_read_document(tyto_tokenizer *tokenizer, const char *document,
                                         size_t length, tyto_error *err)
{
    tyto_tokenizer_files files = {0};
    tyto_status status;
    tokenizer->start_id = tokenizer->end_id = tokenizer->pad_id = TYTO_NO_TOKEN;
    tokenizer->max_length = INT64_MAX;
    tokenizer->clean_up = true;
    for (int role = 0; role < TYTO_TOKEN_ROLE_COUNT; role++) {
        tokenizer->roles[role] = TYTO_NO_TOKEN;
    }
    TYTO_CHECK(name_files("", &files, err));
    TYTO_CHECK(tyto_json_parse(document, length, files.tokenizer_path, &files.tokenizer, err));
    TYTO_CHECK(tyto_read_model(&files, &tokenizer->bpe, err));
    TYTO_CHECK(tyto_read_pipeline(&files, tokenizer, err));
    TYTO_CHECK(tyto_read_listed_tokens(&files, tokenizer, err));
cleanup:
    clear_files(&files);
    return status;
}

tyto_status tyto_tokenizer_read(tyto_tokenizer *tokenizer, const char *folder,
                                tyto_class_of_model_fn class_of_model, tyto_error *err)
{
    tyto_tokenizer_files files = {0};
    tyto_status status;
    tokenizer->start_id = tokenizer->end_id = tokenizer->pad_id = TYTO_NO_TOKEN;
    TYTO_CHECK(load_files(folder, class_of_model, &files, &tokenizer->kind, err));
    if (tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES) {
        TYTO_CHECK(read_settings(&files, tokenizer, err));
        TYTO_CHECK(tyto_read_byte_tokens(&files, tokenizer, err));
        goto cleanup;
    }
    if (files.tokenizer) {
        TYTO_CHECK(tyto_read_model(&files, &tokenizer->bpe, err));
        TYTO_CHECK(tyto_read_pipeline(&files, tokenizer, err));
    } else {
        TYTO_CHECK(tyto_read_vocab_and_merges(&files, &tokenizer->bpe, err));
        tokenizer->normalizer =
            (tyto_normalizer){3, {TYTO_STEP_NFC, TYTO_STEP_SPACES, TYTO_STEP_LOWER}};
    }
    TYTO_CHECK(read_settings(&files, tokenizer, err));
    TYTO_CHECK(tyto_read_added_tokens(&files, tokenizer, err));
cleanup:
    clear_files(&files);
    return status;
}
