/* A tokenizer from its files, or without any. */
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

tyto_status tyto_tokenizer_create_bytes(tyto_tokenizer **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    return tyto_tokenizer_open_by(NULL, NULL, out, err);
}
