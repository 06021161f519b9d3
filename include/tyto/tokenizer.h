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
    TYTO_TOKENIZER_KIND_CLIP = 0, /**< byte pairs: as the reference's CLIPTokenizerFast */
    TYTO_TOKENIZER_KIND_BYTES = 1 /**< bytes: as its PerceiverTokenizer */
} tyto_tokenizer_kind;

/** In a tokenizer of bytes, byte b has the id b + 6; below are the six tokens that every vocabulary
 *  has. */
enum { TYTO_BYTE_ID_FIRST = 6 };

/** What rows are filled up to: their own length, that of the longest of the batch, or max_length.
 */
typedef enum tyto_padding {
    TYTO_PADDING_NONE = 0,
    TYTO_PADDING_LONGEST = 1,
    TYTO_PADDING_MAX_LENGTH = 2
} tyto_padding;

/** Which text of a pair is cut to max_length; special tokens always stay. */
typedef enum tyto_truncation {
    TYTO_TRUNCATION_NONE = 0,
    TYTO_TRUNCATION_LONGEST_FIRST = 1, /**< the longer text first, then both alike; a text without a
                                          second one is cut itself */
    TYTO_TRUNCATION_ONLY_FIRST = 2,
    TYTO_TRUNCATION_ONLY_SECOND = 3
} tyto_truncation;

/** The side on which rows are padded, or texts cut. */
typedef enum tyto_side {
    TYTO_SIDE_AS_CONFIGURED = 0,
    TYTO_SIDE_RIGHT = 1,
    TYTO_SIDE_LEFT = 2
} tyto_side;

/** What the reference's tokenizers take in a call. Its two kinds of tokenizers differ in some
 *  points, and so do these:
 *
 *  |                              | CLIP              | bytes                                   |
 *  |------------------------------|-------------------|-----------------------------------------|
 *  | a text can't be cut enough   | E_RANGE           | it stays whole                          |
 *  | overflowing_tokens           | further rows      | an array beside the row; E_ARGUMENT     |
 *  |                              |                   | where both texts of a pair are cut      |
 *  | lengths                      | count the padding | don't count it                          |
 *  | token_type_ids               | 0                 | 0 in the first text, 1 in the second;   |
 *  |                              |                   | special tokens have none                |
 *  | split_special_tokens         | E_UNSUPPORTED     | special tokens in a text are text       |
 *  | offsets                      | as its            | E_UNSUPPORTED: the reference has none   |
 *  |                              | CLIPTokenizerFast |                                         |
 */
typedef struct tyto_encode_options {
    size_t struct_bytes; /**< set by tyto_encode_options_init */
    tyto_padding padding;
    tyto_truncation truncation;
    int64_t max_length;     /**< tokens; 0: the tokenizer's model_max_length. Where its files set
                                 none, nothing is cut, and TYTO_PADDING_MAX_LENGTH doesn't pad */
    bool no_special_tokens; /**< leave out start and end of text */

    tyto_side padding_side, truncation_side;
    int64_t pad_to_multiple_of; /**< the length of padded rows is a multiple of it; 0: any */
    int64_t stride; /**< overlap, in tokens: an overflowing row repeats so many of the row before
                         it, and an overflowing array so many of those that were kept */

    bool split_special_tokens; /**< special tokens in a text are text */
    bool overflowing_tokens;   /**< keep what was cut */
    bool special_tokens_mask;
    bool token_type_ids;
    bool offsets; /**< where tokens stand in their texts */

    bool split_words; /**< split texts at white space (ASCII's) into words, as
                           tyto_tokenizer_encode_words takes them; of no effect there */
    bool whole_texts; /**< what tyto_tokenizer_encode_words is given are whole texts, so that words
                           are counted within them; of no effect elsewhere */
    bool has_pad_id;  /**< rows are padded with pad_id, not with the tokenizer's pad_token */
    int64_t pad_id;
} tyto_encode_options;

/** All defaults: neither padding nor truncation. struct_bytes is sizeof(tyto_encode_options). */
TYTO_API void tyto_encode_options_init(tyto_encode_options *options, size_t struct_bytes);

/** A text, or the words that it was split into. */
typedef struct tyto_words {
    const char *const *items;
    const size_t *lengths_bytes; /**< NULL: the items end at their NUL */
    int64_t count;
    uint64_t reserved[4]; /**< zeros */
} tyto_words;

/** Ids of a batch. Row i has offsets[i+1] − offsets[i] of them: all rows the same when padded,
 *  unless one is longer than max_length and wasn't cut. */
typedef struct tyto_encoding {
    int64_t count;           /**< rows: texts, and what overflowed of them (CLIP) */
    int64_t *input_ids;      /**< rows one after another; row i starts at offsets[i] */
    int64_t *attention_mask; /**< 1 token, 0 padding; laid out as input_ids */
    int64_t *offsets;        /**< count + 1 entries */
    bool *truncated;         /**< per row: its text was cut */
    int64_t *samples;        /**< per row: the text that it comes from */
    int64_t *lengths;        /**< per row: tokens, as the reference's return_length counts them */

    int64_t *special_tokens_mask; /**< 1 around texts and in padding, or NULL when not asked for */
    int64_t *token_type_ids;      /**< row i starts at type_offsets[i]; NULL when not asked for */
    int64_t *type_offsets;
    int64_t *overflowing_tokens; /**< bytes, when asked for: row i starts at overflow_offsets[i] */
    int64_t *overflow_offsets;
    int64_t *num_truncated_tokens; /**< bytes, when overflowing_tokens are asked for: by how many
                                        tokens each text was too long; may be negative */

    int64_t *spans; /**< when offsets are asked for, laid out as two input_ids: where each token
                         starts and ends in its text (or in its word, of those that a text was
                         split into), in code points of the text as it was given; 0 and 0 for
                         special tokens around texts and for padding */
    int64_t
        *words; /**< then too: the word of each token, counted from 0 in its text; -1 for special
                         tokens around texts and for padding */
    int64_t *texts; /**< then too: 0 in the first text, 1 in the second of a pair, -1 elsewhere */
    uint64_t reserved[1]; /**< 0 */
} tyto_encoding;

/** Reads a checkpoint folder: tokenizer.json, or vocab.json + merges.txt, with
 *  tokenizer_config.json, special_tokens_map.json and added_tokens.json where present. A folder
 *  whose tokenizer_class is PerceiverTokenizer, or without that name whose config.json has the
 *  model_type perceiver, needs none of them: its tokens are bytes.
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_UNSUPPORTED, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_open(const char *folder, tyto_tokenizer **out,
                                                        tyto_error *err);
/** The tokenizer of bytes as it is without any file.
 *  errors  E_ARGUMENT (NULL), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_create_bytes(tyto_tokenizer **out,
                                                                tyto_error *err);
/** A text that is cut out of others before they are split, and what it takes along. */
typedef struct tyto_added_token {
    const char *content;  /**< UTF-8; an empty one is left out */
    bool single_word;     /**< only where no letter, mark or digit touches it */
    bool lstrip;          /**< takes the white space before it along */
    bool rstrip;          /**< ... and after it */
    bool normalized;      /**< looked for after normalisation, and normalised itself */
    bool special;         /**< left out by a decoding that skips special tokens */
    uint64_t reserved[2]; /**< zeros */
} tyto_added_token;

/** The byte-pair tokenizer that the content of a tokenizer.json describes, with further tokens
 *  after its own. A token that the vocabulary has keeps its id; others get the next free ones. It
 *  has no roles and no model_max_length: those are other files'.
 *  tokens  [count], or NULL
 *  errors  E_ARGUMENT (NULL), E_FORMAT, E_RANGE, E_UNSUPPORTED, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_create_bpe(const char *document,
                                                              size_t length_bytes,
                                                              const tyto_added_token *tokens,
                                                              int64_t count, tyto_tokenizer **out,
                                                              tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_tokenizer_destroy(tyto_tokenizer *tokenizer);
/** NULL gives TYTO_TOKENIZER_KIND_CLIP. */
TYTO_API tyto_tokenizer_kind tyto_tokenizer_kind_of(const tyto_tokenizer *tokenizer);

/** Encodes `count` texts: UTF-8, or for a tokenizer of bytes any bytes. Equal to the reference's
 *  call with a list of them. lengths_bytes NULL: the texts end at their NUL. options NULL: all
 *  defaults.
 *  memory  *out is filled; release it with tyto_encoding_clear
 *  errors  E_ARGUMENT (padding without pad_token; a length to cut to that is no multiple of
 *          pad_to_multiple_of; token types without special tokens; overflow without a length),
 *          E_RANGE (a max_length without room for start and end of text; a stride that isn't
 *          shorter than what is kept), E_FORMAT (text that is not UTF-8), E_UNSUPPORTED,
 *          E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_encode(
    const tyto_tokenizer *tokenizer, const char *const *texts, const size_t *lengths_bytes,
    int64_t count, const tyto_encode_options *options, tyto_encoding *out, tyto_error *err);
/** The same for pairs of texts, which end at their NUL. */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_encode_pairs(
    const tyto_tokenizer *tokenizer, const char *const *firsts, const char *const *seconds,
    int64_t count, const tyto_encode_options *options, tyto_encoding *out, tyto_error *err);
/** The same for texts that are split into words (is_split_into_words): no token reaches over the
 *  end of a word, and nothing stands for the space between two. A whole text is one word.
 *  seconds  NULL, or as many: pairs of texts
 *  errors   as tyto_tokenizer_encode; E_ARGUMENT (no words, for bytes) */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_encode_words(
    const tyto_tokenizer *tokenizer, const tyto_words *firsts, const tyto_words *seconds,
    int64_t count, const tyto_encode_options *options, tyto_encoding *out, tyto_error *err);
/** Releases the arrays. NULL is fine. */
TYTO_API void tyto_encoding_clear(tyto_encoding *encoding);

typedef enum tyto_clean_up {
    TYTO_CLEAN_UP_AS_CONFIGURED = 0, /**< as clean_up_tokenization_spaces says */
    TYTO_CLEAN_UP_ON = 1,            /**< no space before punctuation and English contractions */
    TYTO_CLEAN_UP_OFF = 2
} tyto_clean_up;

typedef struct tyto_decode_options {
    size_t struct_bytes;      /**< set by tyto_decode_options_init */
    bool skip_special_tokens; /**< leave out start, end, padding, and other special tokens */
    tyto_clean_up clean_up;
    bool no_spaces_between_special_tokens; /**< bytes: none around added tokens without a role */
} tyto_decode_options;

/** All defaults. struct_bytes is sizeof(tyto_decode_options). */
TYTO_API void tyto_decode_options_init(tyto_decode_options *options, size_t struct_bytes);

/** Text of ids, as the reference's `decode` gives it. Ids that CLIP's vocabulary lacks give
 *  nothing; bytes that are not UTF-8 become U+FFFD. options NULL: all defaults.
 *  memory  *out is NUL-terminated; release it with tyto_free. It may have further NULs in it:
 *          *length_bytes is its whole length; NULL: nobody asks
 *  errors  E_ARGUMENT (NULL), E_RANGE (a negative id, or one of more than 32 bits; for bytes, an id
 *          that is neither a byte's nor a token's), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_decode(const tyto_tokenizer *tokenizer,
                                                          const int64_t *ids, int64_t count,
                                                          const tyto_decode_options *options,
                                                          char **out, size_t *length_bytes,
                                                          tyto_error *err);

/** Texts of a batch of ids. */
typedef struct tyto_decoding {
    int64_t count;
    char **texts; /**< NUL-terminated */
    size_t *lengths_bytes;
    uint64_t reserved[4]; /**< 0 */
} tyto_decoding;

/** tyto_tokenizer_decode of `count` rows; row i is ids[offsets[i]] to ids[offsets[i+1]−1], as in
 *  a tyto_encoding.
 *  memory  *out is filled; release it with tyto_decoding_clear
 *  errors  as tyto_tokenizer_decode */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_decode_batch(
    const tyto_tokenizer *tokenizer, const int64_t *ids, const int64_t *offsets, int64_t count,
    const tyto_decode_options *options, tyto_decoding *out, tyto_error *err);
/** The same of ids as text, one row in each: whole numbers with white space or commas between them,
 *  as in "4 102" or "[4, 102]".
 *  errors  as tyto_tokenizer_decode; E_ARGUMENT (another text) */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_decode_texts(
    const tyto_tokenizer *tokenizer, const char *const *texts, int64_t count,
    const tyto_decode_options *options, tyto_decoding *out, tyto_error *err);
/** Releases the texts. NULL is fine. */
TYTO_API void tyto_decoding_clear(tyto_decoding *decoding);

/** The token's text as the vocabulary spells it ("cat</w>"), or NULL for an id it lacks. A byte is
 *  spelled as the code point of its number: byte 0xE9 as U+00E9, byte 0 as the empty text. */
TYTO_API const char *tyto_tokenizer_token(const tyto_tokenizer *tokenizer, int64_t id);
/** The id of a vocabulary entry, or -1. */
TYTO_API int64_t tyto_tokenizer_id(const tyto_tokenizer *tokenizer, const char *token);

/** Tokens with a role of their own. */
typedef enum tyto_token_role {
    TYTO_TOKEN_ROLE_BOS = 0,
    TYTO_TOKEN_ROLE_EOS = 1,
    TYTO_TOKEN_ROLE_UNK = 2,
    TYTO_TOKEN_ROLE_SEP = 3,
    TYTO_TOKEN_ROLE_PAD = 4,
    TYTO_TOKEN_ROLE_CLS = 5,
    TYTO_TOKEN_ROLE_MASK = 6
} tyto_token_role;
/** One more than the highest value of tyto_token_role. */
#define TYTO_TOKEN_ROLE_COUNT 7
/** The id of the token with a role, or -1. */
TYTO_API int64_t tyto_tokenizer_role(const tyto_tokenizer *tokenizer, tyto_token_role role);
/** Tokens of the vocabulary, with those added to it. */
TYTO_API int64_t tyto_tokenizer_vocab_size(const tyto_tokenizer *tokenizer);
/** Tokens per text that the tokenizer's files allow (model_max_length); INT64_MAX when they don't
 *  say. */
TYTO_API int64_t tyto_tokenizer_max_length(const tyto_tokenizer *tokenizer);

TYTO_END_DECLS

#endif
