#include "processors/text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

tyto_status tyto_tokenizer_open(const char *folder, tyto_tokenizer **out, tyto_error *err)
{
    tyto_tokenizer *tokenizer = tyto_alloc_zeroed(1, sizeof(*tokenizer));
    if (!tokenizer) {
        return tyto_fail_memory(err, "tokenizer");
    }
    tyto_status status = tyto_tokenizer_read(tokenizer, folder, err);
    if (status == TYTO_OK) {
        status = tyto_added_finish(&tokenizer->added, &tokenizer->normalizer, err);
    }
    if (status == TYTO_OK) {
        *out = tokenizer;
    } else {
        tyto_tokenizer_destroy(tokenizer);
    }
    return status;
}

void tyto_tokenizer_destroy(tyto_tokenizer *tokenizer)
{
    if (!tokenizer) {
        return;
    }
    tyto_bpe_clear(&tokenizer->bpe);
    tyto_added_clear(&tokenizer->added);
    free(tokenizer);
}

const char *tyto_tokenizer_token(const tyto_tokenizer *tokenizer, int64_t id)
{
    bool is_special;
    const char *text = tyto_added_text(&tokenizer->added, id, &is_special);
    const tyto_token *token = text ? NULL : tyto_bpe_token(&tokenizer->bpe, id);
    return token ? token->text : text;
}

int64_t tyto_tokenizer_id(const tyto_tokenizer *tokenizer, const char *token)
{
    const int32_t id = tyto_added_find(&tokenizer->added, token);
    return id != TYTO_NO_TOKEN ? id : tyto_bpe_find(&tokenizer->bpe, token, strlen(token));
}

int64_t tyto_tokenizer_vocab_size(const tyto_tokenizer *tokenizer)
{
    size_t size = tokenizer->bpe.count;
    for (size_t i = 0; i < tokenizer->added.count; i++) {
        size += !tyto_bpe_token(&tokenizer->bpe, tyto_added_id(&tokenizer->added, i));
    }
    return (int64_t)size;
}

int64_t tyto_tokenizer_max_length(const tyto_tokenizer *tokenizer)
{
    return tokenizer->max_length;
}
