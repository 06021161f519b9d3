/** Bytes as tokens: the vocabulary of the reference's PerceiverTokenizer, and a text to its ids. */
#ifndef TYTO_PROCESSORS_TEXT_BYTE_TOKENS_H
#define TYTO_PROCESSORS_TEXT_BYTE_TOKENS_H

#include <tyto/tokenizer.h>

#include "processors/text/added.h"
#include "processors/text/bpe.h"

enum { TYTO_BYTES = 256 };

/** A text that is a token. */
typedef struct tyto_byte_content {
    char *text;
    size_t length;
    int32_t *points; /* the same, by code points */
    size_t point_count;
    int32_t id;      /* the one that the text gives */
    bool is_special; /* a role or an additional special token has it: decodings may leave it out */
    bool is_additional;
} tyto_byte_content;

/** A token by id: what it decodes to, and how it's cut out of a text. */
typedef struct tyto_byte_entry {
    int32_t id;
    const char *text; /* of a content */
    bool single_word, lstrip, rstrip;
} tyto_byte_entry;

/** All zero is an empty one. Immutable once finished. */
typedef struct tyto_byte_tokens {
    tyto_byte_content *contents; /* once finished, sorted by code points */
    size_t content_count, content_capacity;
    tyto_byte_entry *entries; /* once finished, sorted by id */
    size_t entry_count, entry_capacity;
    size_t longest; /* content, in bytes */
    /* Place in contents of a token that is spelled like the byte (U+0000 to U+00FF), or SIZE_MAX */
    size_t spelled_like[TYTO_BYTES];
} tyto_byte_tokens;

void tyto_byte_tokens_clear(tyto_byte_tokens *tokens);

/** Puts a token at an id, in place of what was there. content is UTF-8, not empty.
 *  errors  E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_byte_tokens_put(tyto_byte_tokens *tokens, int32_t id,
                                                const tyto_added_token *token, const char *file,
                                                tyto_error *err);
/** Before it is finished: the id that a content has among bytes and tokens, or TYTO_NO_TOKEN. */
int32_t tyto_byte_tokens_look(const tyto_byte_tokens *tokens, const char *content);
/** Before it is finished: whether a content is there, and whether it is special. */
bool tyto_byte_tokens_has(const tyto_byte_tokens *tokens, const char *content);
bool tyto_byte_tokens_is_special(const tyto_byte_tokens *tokens, const char *content);
/** Before it is finished: says of a content that is there that it is special. */
void tyto_byte_tokens_mark(tyto_byte_tokens *tokens, const char *content, bool additional);
/** Different contents and bytes: the size of the vocabulary. */
size_t tyto_byte_tokens_size(const tyto_byte_tokens *tokens);
void tyto_byte_tokens_finish(tyto_byte_tokens *tokens);

/** The content that text is, or NULL. */
const tyto_byte_content *tyto_byte_tokens_find(const tyto_byte_tokens *tokens, const char *text,
                                               size_t length);
/** The entry of an id, or NULL. */
const tyto_byte_entry *tyto_byte_tokens_entry(const tyto_byte_tokens *tokens, int64_t id);
/** The byte as a string of one code point. */
const char *tyto_byte_spelling(int byte);
/** The byte that checked text spells so, or -1. */
int tyto_byte_spelled(const char *text, size_t length);

/** Appends the ids of any bytes, UTF-8 or not. split_special: tokens in the text are bytes too.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_byte_tokens_encode(const tyto_byte_tokens *tokens, const char *text,
                                                   size_t length, bool split_special, tyto_ids *ids,
                                                   tyto_error *err);

#endif
