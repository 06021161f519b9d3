/** Byte-level byte pair encoding: the vocabulary, and a word to its tokens. */
#ifndef TYTO_PROCESSORS_TEXT_BPE_H
#define TYTO_PROCESSORS_TEXT_BPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

/** Largest token id. */
#define TYTO_TOKEN_ID_MAX ((1 << 22) - 1)
/** Longest token, in bytes. */
#define TYTO_TOKEN_BYTES_MAX 1024
/** "No such token". */
#define TYTO_NO_TOKEN (-1)

/** A growing list of ids. */
typedef struct tyto_ids {
    int32_t *items;
    size_t count;
    size_t capacity;
} tyto_ids;

bool tyto_ids_add(tyto_ids *ids, int32_t id);
void tyto_ids_clear(tyto_ids *ids);

/** One entry of a vocabulary. */
typedef struct tyto_token {
    const char *text; /* NUL-terminated; owned by the vocabulary */
    uint32_t length;
    int32_t id;
} tyto_token;

typedef struct tyto_merge {
    int32_t left, right, result;
    uint32_t rank; /* the lowest is merged first */
} tyto_merge;

/** All zero is an empty one. Immutable once finished. */
typedef struct tyto_bpe {
    char *texts;
    tyto_token *tokens; /* [count], shorter first, then by bytes */
    size_t count;
    size_t id_end;      /* highest id + 1 */
    uint32_t *by_id;    /* [id_end] places in tokens, or UINT32_MAX */
    tyto_merge *merges; /* [merge_count], by left, then right */
    size_t merge_count;
    uint32_t *first_merge; /* [id_end + 1]: merges with left id i start at first_merge[i] */
    int32_t letter[256];   /* id of each byte inside a word */
    int32_t last[256];     /* ... and at its end */
    char *suffix;          /* of the last letter: "</w>" */
    char *unknown;         /* token for a byte that the vocabulary lacks, or NULL */
    int32_t unknown_id;
    bool fuse_unknown; /* neighbouring unknown bytes give one token */
} tyto_bpe;

void tyto_bpe_clear(tyto_bpe *bpe);

/** Takes n tokens, whose texts are copied; `file` is for messages.
 *  errors  E_FORMAT (an id twice), E_RANGE, E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_bpe_set_tokens(tyto_bpe *bpe, const tyto_token *tokens, size_t n,
                                               const char *file, tyto_error *err);
/** The id of a text, or TYTO_NO_TOKEN. */
int32_t tyto_bpe_find(const tyto_bpe *bpe, const char *text, size_t length);
/** The entry of an id, or NULL. */
const tyto_token *tyto_bpe_token(const tyto_bpe *bpe, int64_t id);

/** Makes the merge of two texts with the given rank from the vocabulary.
 *  errors  E_FORMAT naming the token that the vocabulary lacks */
TYTO_NODISCARD tyto_status tyto_bpe_make_merge(const tyto_bpe *bpe, const char *left,
                                               size_t left_length, const char *right,
                                               size_t right_length, uint32_t rank, tyto_merge *out,
                                               const char *file, tyto_error *err);
/** Takes over merges (also on failure), and finishes. Of a pair that comes twice the first counts,
 *  or the last. Sets the letters; `suffix` is copied. */
TYTO_NODISCARD tyto_status tyto_bpe_finish(tyto_bpe *bpe, tyto_merge *merges, size_t count,
                                           bool last_counts, const char *suffix, tyto_error *err);

/** Sets the token for bytes that the vocabulary lacks; NULL drops them. Copied. */
TYTO_NODISCARD tyto_status tyto_bpe_set_unknown(tyto_bpe *bpe, const char *token, tyto_error *err);

/** The letter (a code point) that stands for a byte, and back (−1 for other code points). */
int32_t tyto_byte_letter(int byte);
int tyto_letter_byte(int32_t letter);
/** Bytes of that letter as UTF-8: 1 or 2. */
int32_t tyto_byte_letter_width(unsigned char byte);

/** Scratch of tyto_bpe_encode, reused from word to word; all zero at first. */
typedef struct tyto_bpe_scratch {
    struct tyto_bpe_symbol *symbols;
    struct tyto_bpe_candidate *heap;
    size_t symbol_capacity;
    size_t heap_capacity;
} tyto_bpe_scratch;

void tyto_bpe_scratch_clear(tyto_bpe_scratch *scratch);

/** Appends the tokens of a word of n ≥ 1 bytes, in O(n log n). `widths`, unless it is NULL, gets for
 *  each token how many bytes its letters have that stand for those of the word.
 *  errors  E_FORMAT (a byte is in neither vocabulary nor covered by an unknown token), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_bpe_encode(const tyto_bpe *bpe, const char *word, size_t n,
                                           tyto_bpe_scratch *scratch, tyto_ids *out,
                                           tyto_ids *widths, tyto_error *err);

#endif
