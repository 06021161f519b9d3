/** Text to token ids and back, as the checkpoint's tokenizer files describe, or as bytes. */
#ifndef TYTO_TOKENIZER_H
#define TYTO_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** Immutable: any number of threads may use one. */
typedef struct tyto_tokenizer tyto_tokenizer;

/** Longest text that is encoded, in bytes; more is E_LIMIT. */
#define TYTO_TEXT_BYTES_MAX (1 << 20)

typedef enum tyto_tokenizer_kind {
    TYTO_TOKENIZER_CLIP, /**< byte pairs: as the reference's CLIPTokenizerFast */
    TYTO_TOKENIZER_BYTES /**< bytes: as its PerceiverTokenizer */
} tyto_tokenizer_kind;

/** Of a tokenizer of bytes: byte b has the id b + 6; below are the six tokens that every vocabulary
 *  has. */
enum { TYTO_BYTE_ID_FIRST = 6 };

typedef enum tyto_padding { TYTO_PAD_NONE, TYTO_PAD_LONGEST, TYTO_PAD_MAX_LENGTH } tyto_padding;

/** Which text of a pair is cut to max_length; special tokens always stay. */
typedef enum tyto_truncation {
    TYTO_TRUNCATE_NONE,
    TYTO_TRUNCATE_LONGEST_FIRST, /**< the longer one first, then both; the one there is */
    TYTO_TRUNCATE_ONLY_FIRST,
    TYTO_TRUNCATE_ONLY_SECOND
} tyto_truncation;

typedef enum tyto_side { TYTO_SIDE_AS_CONFIGURED, TYTO_SIDE_RIGHT, TYTO_SIDE_LEFT } tyto_side;

/** What the reference's tokenizers take in a call. The two kinds differ there in a few points, and
 * do here:
 *   - a text that can't be cut enough: E_RANGE for CLIP; stays whole as bytes;
 *   - what overflows: further rows for CLIP; overflowing_tokens of its row as bytes, and E_ARGUMENT
 *     where both texts of a pair are cut;
 *   - lengths: with padding for CLIP, without as bytes;
 *   - token_type_ids: 0 for CLIP; as bytes 0 for the first text, 1 for the second, and nothing for
 *     special tokens;
 *   - split_special_tokens: E_UNSUPPORTED for CLIP;
 *   - offsets: E_UNSUPPORTED; the reference has none for bytes. */
typedef struct tyto_encode_options {
    tyto_padding padding;
    tyto_truncation truncation;
    int64_t max_length;     /**< 0: the tokenizer's model_max_length; where its files set none,
                                 nothing is cut, and TYTO_PAD_MAX_LENGTH doesn't pad */
    bool no_special_tokens; /**< leave out start and end of text */

    tyto_side padding_side, truncation_side;
    int64_t pad_to_multiple_of; /**< padded rows get a multiple of it as length; 0: any */
    int64_t stride; /**< tokens that what overflows shares with what was kept, or with the row
                         before */

    bool split_special_tokens; /**< special tokens in a text are text */
    bool overflowing_tokens;   /**< keep what was cut */
    bool special_tokens_mask;
    bool token_type_ids;
    bool offsets;
} tyto_encode_options;

/** A text, or the words that it was split into. */
typedef struct tyto_words {
    const char *const *items;
    const size_t *lengths_bytes; /**< NULL: the items end at their NUL */
    size_t count;
} tyto_words;

/** Ids of a batch. Row i has offsets[i+1] − offsets[i] of them: all rows the same when padded,
 *  unless one is longer than max_length and wasn't cut. */
typedef struct tyto_encoding {
    size_t count;            /**< rows: texts, and what overflowed of them (CLIP) */
    int64_t *input_ids;      /**< rows one after another; row i starts at offsets[i] */
    int64_t *attention_mask; /**< 1 token, 0 padding; laid out as input_ids */
    size_t *offsets;         /**< count + 1 entries */
    bool *truncated;         /**< per row: its text was cut */
    size_t *samples;         /**< per row: the text that it comes from */
    int64_t *lengths;        /**< per row: tokens, as the reference's return_length counts them */

    int64_t *special_tokens_mask; /**< 1 around texts and in padding, or NULL when not asked for */
    int64_t *token_type_ids;      /**< row i starts at type_offsets[i]; NULL when not asked for */
    size_t *type_offsets;
    int64_t *overflowing_tokens; /**< bytes, when asked for: row i starts at overflow_offsets[i] */
    size_t *overflow_offsets;
    int64_t *num_truncated_tokens; /**< the same: by how much each text was too long; may be < 0 */
} tyto_encoding;

/** Reads a checkpoint folder: tokenizer.json, or vocab.json + merges.txt, with
 *  tokenizer_config.json, special_tokens_map.json and added_tokens.json where present. A folder
 *  whose tokenizer_class is PerceiverTokenizer, or without that name whose config.json has the
 *  model_type perceiver, needs none of them: its tokens are bytes.
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_UNSUPPORTED, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_open(const char *folder, tyto_tokenizer **out,
                                                        tyto_error *err);
/** The tokenizer of bytes as it is without any file. */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_open_bytes(tyto_tokenizer **out,
                                                              tyto_error *err);
TYTO_API tyto_tokenizer_kind tyto_tokenizer_kind_of(const tyto_tokenizer *tokenizer);
TYTO_API void tyto_tokenizer_destroy(tyto_tokenizer *tokenizer);

/** Encodes texts: UTF-8, or for a tokenizer of bytes any bytes. lengths_bytes may be NULL: the
 * texts then end at their NUL. options may be NULL: neither padding nor truncation. Equal to the
 *  reference's call with a list of `count` texts.
 *  memory  *out is filled; release it with tyto_encoding_clear
 *  errors  E_ARGUMENT (padding without pad_token; a length to cut to that is no multiple of
 *          pad_to_multiple_of; token types without special tokens; overflow without a length),
 *          E_RANGE (a max_length without room for start and end of text; a stride that isn't
 *          shorter than what is kept), E_FORMAT (text that is not UTF-8), E_UNSUPPORTED,
 *          E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_encode(const tyto_tokenizer *tokenizer,
                                                          const char *const *texts,
                                                          const size_t *lengths_bytes, size_t count,
                                                          const tyto_encode_options *options,
                                                          tyto_encoding *out, tyto_error *err);
/** The same for texts that are split into words (is_split_into_words): no token reaches over the
 *  end of a word, and nothing stands for the space between two. A whole text is one word.
 *  seconds  NULL, or as many: pairs of texts
 *  errors   as tyto_tokenizer_encode; E_ARGUMENT (no words, for bytes) */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_encode_words(
    const tyto_tokenizer *tokenizer, const tyto_words *firsts, const tyto_words *seconds,
    size_t count, const tyto_encode_options *options, tyto_encoding *out, tyto_error *err);
TYTO_API void tyto_encoding_clear(tyto_encoding *encoding);

typedef enum tyto_clean_up {
    TYTO_CLEAN_UP_AS_CONFIGURED, /**< as clean_up_tokenization_spaces says */
    TYTO_CLEAN_UP_ON,            /**< no space before punctuation and English contractions */
    TYTO_CLEAN_UP_OFF
} tyto_clean_up;

typedef struct tyto_decode_options {
    bool skip_special_tokens; /**< leave out start, end, padding, and other special tokens */
    tyto_clean_up clean_up;
    bool no_spaces_between_special_tokens; /**< bytes: none around added tokens without a role */
} tyto_decode_options;

/** Text of ids, as the reference's `decode` gives it; ids that CLIP's vocabulary lacks give
 * nothing. Bytes that are not UTF-8 become U+FFFD. options may be NULL. memory  *out is
 * NUL-terminated, and may have further NULs in it, which *length_bytes (may be NULL) counts;
 * release it with tyto_free errors  E_RANGE (a negative id, or one of more than 32 bits; for bytes,
 * an id that is neither a byte's nor a token's), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_decode(const tyto_tokenizer *tokenizer,
                                                          const int64_t *ids, size_t count,
                                                          const tyto_decode_options *options,
                                                          char **out, size_t *length_bytes,
                                                          tyto_error *err);

/** Texts of a batch of ids. */
typedef struct tyto_decoding {
    size_t count;
    char **texts; /**< NUL-terminated */
    size_t *lengths_bytes;
} tyto_decoding;

/** tyto_tokenizer_decode of `count` rows; row i is ids[offsets[i]] to ids[offsets[i+1]−1], as in
 *  a tyto_encoding.
 *  memory  *out is filled; release it with tyto_decoding_clear
 *  errors  as tyto_tokenizer_decode */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_decode_batch(
    const tyto_tokenizer *tokenizer, const int64_t *ids, const size_t *offsets, size_t count,
    const tyto_decode_options *options, tyto_decoding *out, tyto_error *err);
TYTO_API void tyto_decoding_clear(tyto_decoding *decoding);

/** The token's text as the vocabulary spells it ("cat</w>"), or NULL for an id it lacks. A byte is
 *  spelled as the code point of its number: byte 0xE9 as U+00E9, byte 0 as the empty text. */
TYTO_API const char *tyto_tokenizer_token(const tyto_tokenizer *tokenizer, int64_t id);
/** The id of a vocabulary entry, or -1. */
TYTO_API int64_t tyto_tokenizer_id(const tyto_tokenizer *tokenizer, const char *token);
/** Tokens with a role of their own. */
typedef enum tyto_token_role {
    TYTO_ROLE_BOS,
    TYTO_ROLE_EOS,
    TYTO_ROLE_UNK,
    TYTO_ROLE_SEP,
    TYTO_ROLE_PAD,
    TYTO_ROLE_CLS,
    TYTO_ROLE_MASK,
    TYTO_ROLES
} tyto_token_role;
/** The id of the token with a role, or -1. */
TYTO_API int64_t tyto_tokenizer_role(const tyto_tokenizer *tokenizer, tyto_token_role role);
/** Tokens of the vocabulary, with those added to it. */
TYTO_API int64_t tyto_tokenizer_vocab_size(const tyto_tokenizer *tokenizer);
/** Tokens per text that the tokenizer's files allow (model_max_length); INT64_MAX when they don't
 *  say. */
TYTO_API int64_t tyto_tokenizer_max_length(const tyto_tokenizer *tokenizer);

TYTO_END_DECLS

#endif
