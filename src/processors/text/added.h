/** Added tokens: texts that are cut out before anything is split into words. */
#ifndef TYTO_PROCESSORS_TEXT_ADDED_H
#define TYTO_PROCESSORS_TEXT_ADDED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/tokenizer.h>

#include "processors/text/bpe.h"
#include "processors/text/unicode.h"

/** Most added tokens: each is compared with all others when it is added. */
#define TYTO_ADDED_TOKENS_MAX 4096

/** One text to look for. */
typedef struct tyto_pattern {
    char *text;
    size_t length;
    size_t order; /* the first of two that are the same counts */
    int32_t id;
} tyto_pattern;

/** Sorted by bytes; `starts` has the first bytes. */
typedef struct tyto_patterns {
    tyto_pattern *items;
    size_t count;
    bool starts[256];
} tyto_patterns;

/** All zero is an empty one. Immutable once finished. */
typedef struct tyto_added {
    struct tyto_added_entry *entries; /* [count], one per content; once finished, by id */
    size_t count, capacity;
    size_t orders;
    tyto_patterns plain;      /* looked for in the text as it is */
    tyto_patterns normalized; /* looked for between those, in normalised text */
} tyto_added;

void tyto_added_clear(tyto_added *added);

/** Adds a token, or changes the flags of the one with this content. Its id is that of the
 *  vocabulary, or else the next free one.
 *  errors  E_FORMAT (the free id is taken), E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_added_add(tyto_added *added, const tyto_bpe *bpe,
                                          const tyto_added_token *token, const char *file,
                                          tyto_error *err);
/** Makes the patterns. */
TYTO_NODISCARD tyto_status tyto_added_finish(tyto_added *added, const tyto_normalizer *normalizer,
                                             tyto_error *err);

/** The id of a content, or TYTO_NO_TOKEN. Searches one by one. */
int32_t tyto_added_find(const tyto_added *added, const char *content);
/** The id of one of `count`. */
int32_t tyto_added_id(const tyto_added *added, size_t i);
/** Once finished: the content of an id, or NULL, and whether it is special. */
const char *tyto_added_text(const tyto_added *added, int64_t id, bool *is_special);

/** A search through one text: the pieces come in order, and cover it but for what lies inside
 *  a stripped token. */
typedef struct tyto_search {
    const tyto_added *added;
    const tyto_patterns *patterns;
    const char *text;
    size_t length;
    size_t next; /* where the next match is looked for */
    size_t done; /* up to here the pieces were handed out */
    int32_t id;  /* of a match that waits for the piece before it to be handed out */
    size_t match_start, match_end;
    size_t spaces_end; /* where the white space ends that a token took along */
} tyto_search;

/** A piece of text, or a token when id isn't TYTO_NO_TOKEN. */
typedef struct tyto_piece {
    const char *text;
    size_t length;
    int32_t id;
} tyto_piece;

void tyto_search_start(tyto_search *search, const tyto_added *added, bool normalized,
                       const char *text, size_t length);
/** The next piece, never an empty one; false at the end. */
bool tyto_search_next(tyto_search *search, tyto_piece *piece);

#endif
