#include "processors/text/tokenizer.h"

#include <stdlib.h>
#include <string.h>

tyto_tokenizer_kind tyto_tokenizer_kind_of(const tyto_tokenizer *tokenizer)
{
    return tokenizer ? tokenizer->kind : TYTO_TOKENIZER_KIND_CLIP;
}

void tyto_tokenizer_destroy(tyto_tokenizer *tokenizer)
{
    if (!tokenizer) {
        return;
    }
    tyto_byte_tokens_clear(&tokenizer->bytes);
    tyto_bpe_clear(&tokenizer->bpe);
    tyto_added_clear(&tokenizer->added);
    free(tokenizer);
}

static const char *byte_token(const tyto_byte_tokens *bytes, int64_t id)
{
    const tyto_byte_entry *entry = tyto_byte_tokens_entry(bytes, id);
    if (entry) {
        return entry->text;
    }
    return id >= TYTO_BYTE_ID_FIRST && id < TYTO_BYTE_ID_FIRST + TYTO_BYTES
               ? tyto_byte_spelling((int)id - TYTO_BYTE_ID_FIRST)
               : NULL;
}

static int64_t byte_token_id(const tyto_byte_tokens *bytes, const char *token)
{
    const tyto_byte_content *content = tyto_byte_tokens_find(bytes, token, strlen(token));
    const int byte = content ? -1 : tyto_byte_spelled(token, strlen(token));
    return content ? content->id : byte >= 0 ? byte + TYTO_BYTE_ID_FIRST : TYTO_NO_TOKEN;
}

const char *tyto_tokenizer_token(const tyto_tokenizer *tokenizer, int64_t id)
{
    if (!tokenizer) {
        return NULL;
    }
    if (tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES) {
        return byte_token(&tokenizer->bytes, id);
    }
    bool is_special;
    const char *text = tyto_added_text(&tokenizer->added, id, &is_special);
    const tyto_token *token = text ? NULL : tyto_bpe_token(&tokenizer->bpe, id);
    return token ? token->text : text;
}

int64_t tyto_tokenizer_id(const tyto_tokenizer *tokenizer, const char *token)
{
    if (!tokenizer || !token) {
        return TYTO_NO_TOKEN;
    }
    if (tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES) {
        return byte_token_id(&tokenizer->bytes, token);
    }
    const int32_t id = tyto_added_find(&tokenizer->added, token);
    return id != TYTO_NO_TOKEN ? id : tyto_bpe_find(&tokenizer->bpe, token, strlen(token));
}

int64_t tyto_tokenizer_role(const tyto_tokenizer *tokenizer, tyto_token_role role)
{
    return tokenizer && (size_t)role < TYTO_TOKEN_ROLE_COUNT ? tokenizer->roles[role]
                                                             : TYTO_NO_TOKEN;
}

int64_t tyto_tokenizer_vocab_size(const tyto_tokenizer *tokenizer)
{
    if (!tokenizer) {
        return 0;
    }
    if (tokenizer->kind == TYTO_TOKENIZER_KIND_BYTES) {
        return (int64_t)tyto_byte_tokens_size(&tokenizer->bytes);
    }
    size_t size = tokenizer->bpe.count;
    for (size_t i = 0; i < tokenizer->added.count; i++) {
        size += !tyto_bpe_token(&tokenizer->bpe, tyto_added_id(&tokenizer->added, i));
    }
    return (int64_t)size;
}

int64_t tyto_tokenizer_max_length(const tyto_tokenizer *tokenizer)
{
    return tokenizer ? tokenizer->max_length : 0;
}
