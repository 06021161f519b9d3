/* A tokenizer from its files, or without any. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/text/tokenizer.h"

tyto_status tyto_tokenizer_open_by(const char *folder, tyto_class_of_model_fn class_of_model,
                                   tyto_tokenizer **out, tyto_error *err)
{
    tyto_tokenizer *tokenizer = tyto_alloc_zeroed(1, sizeof(*tokenizer));
    if (!tokenizer) {
        return tyto_fail_memory(err, "tokenizer");
    }
    tyto_status status = tyto_tokenizer_read(tokenizer, folder, class_of_model, err);
    if (status == TYTO_OK && tokenizer->kind == TYTO_TOKENIZER_KIND_CLIP) {
        status = tyto_added_finish(&tokenizer->added, &tokenizer->normalizer, err);
    }
    if (status == TYTO_OK) {
        *out = tokenizer;
    } else {
        tyto_tokenizer_destroy(tokenizer);
    }
    return status;
}

tyto_status tyto_tokenizer_create_bpe(const char *document, size_t length_bytes,
                                      const tyto_added_token *tokens, int64_t count,
                                      tyto_tokenizer **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    if (count < 0 || (count > 0 && !tokens)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "tokens: got %lld, required as many as there are",
                         (long long)count);
    }
    tyto_tokenizer *tokenizer = tyto_alloc_zeroed(1, sizeof(*tokenizer));
    if (!tokenizer) {
        return tyto_fail_memory(err, "tokenizer");
    }
    TYTO_CHECK(tyto_tokenizer_read_document(tokenizer, document, length_bytes, err));
    for (int64_t i = 0; i < count; i++) {
        size_t wrong;
        const char *content = tokens[i].content;
        if (!content || !tyto_utf8_check(content, strlen(content), &wrong)) {
            status = tyto_fail(err, content ? TYTO_E_FORMAT : TYTO_E_ARGUMENT,
                               "added token %lld: got %s, required UTF-8", (long long)i,
                               content ? "other bytes" : "NULL");
            goto cleanup;
        }
        TYTO_CHECK(
            tyto_added_add(&tokenizer->added, &tokenizer->bpe, &tokens[i], "added tokens", err));
    }
    TYTO_CHECK(tyto_added_finish(&tokenizer->added, &tokenizer->normalizer, err));
    *out = tokenizer;
    tokenizer = NULL;
cleanup:
    tyto_tokenizer_destroy(tokenizer);
    return status;
}

tyto_status tyto_tokenizer_create_bytes(tyto_tokenizer **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    return tyto_tokenizer_open_by(NULL, NULL, out, err);
}
