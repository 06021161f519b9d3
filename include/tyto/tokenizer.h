/** Text to token ids and back, as the checkpoint's tokenizer files describe. */
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

typedef enum tyto_padding { TYTO_PAD_NONE, TYTO_PAD_LONGEST, TYTO_PAD_MAX_LENGTH } tyto_padding;

typedef struct tyto_encode_options {
    tyto_padding padding;
    bool truncation;        /**< cut to max_length, keeping start and end of text */
    int64_t max_length;     /**< 0: the tokenizer's model_max_length; where its files set none,
                                 nothing is cut, and TYTO_PAD_MAX_LENGTH doesn't pad */
    bool no_special_tokens; /**< leave out start and end of text */
} tyto_encode_options;

/** Ids of a batch of texts. Row i has offsets[i+1] − offsets[i] of them: all rows the same when
 *  padded, unless one is longer than max_length and wasn't cut. */
typedef struct tyto_encoding {
    size_t count;            /**< texts */
    int64_t *input_ids;      /**< rows one after another; row i starts at offsets[i] */
    int64_t *attention_mask; /**< 1 token, 0 padding; laid out as input_ids */
    size_t *offsets;         /**< count + 1 entries */
    bool *truncated;         /**< per text: tokens were cut */
} tyto_encoding;

/** Reads tokenizer.json, or vocab.json + merges.txt, with tokenizer_config.json,
 *  special_tokens_map.json and added_tokens.json where present, from a checkpoint folder. A text is
 *  then encoded as the reference's CLIPTokenizerFast does it.
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_UNSUPPORTED, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_open(const char *folder, tyto_tokenizer **out,
                                                        tyto_error *err);
TYTO_API void tyto_tokenizer_destroy(tyto_tokenizer *tokenizer);

/** Encodes UTF-8 texts. lengths_bytes may be NULL: the texts then end at their NUL. options may be
 *  NULL: neither padding nor truncation.
 *  memory  *out is filled; release it with tyto_encoding_clear
 *  errors  E_ARGUMENT (padding without pad_token), E_RANGE (a max_length without room for start and
 *          end of text), E_FORMAT (text that is not UTF-8), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_encode(const tyto_tokenizer *tokenizer,
                                                          const char *const *texts,
                                                          const size_t *lengths_bytes, size_t count,
                                                          const tyto_encode_options *options,
                                                          tyto_encoding *out, tyto_error *err);
TYTO_API void tyto_encoding_clear(tyto_encoding *encoding);

typedef enum tyto_clean_up {
    TYTO_CLEAN_UP_AS_CONFIGURED, /**< as clean_up_tokenization_spaces says */
    TYTO_CLEAN_UP_ON,            /**< no space before punctuation and English contractions */
    TYTO_CLEAN_UP_OFF
} tyto_clean_up;

typedef struct tyto_decode_options {
    bool skip_special_tokens; /**< leave out start, end, padding, and other special tokens */
    tyto_clean_up clean_up;
} tyto_decode_options;

/** Text of ids, as the reference's `decode` gives it; ids that the vocabulary lacks give nothing.
 *  options may be NULL.
 *  memory  *out is NUL-terminated, and may have further NULs in it, which *length_bytes (may be
 *          NULL) counts; release it with tyto_free
 *  errors  E_RANGE (a negative id, or one of more than 32 bits), E_LIMIT, E_MEMORY */
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

/** The token's text as the vocabulary spells it ("cat</w>"), or NULL for an id it lacks. */
TYTO_API const char *tyto_tokenizer_token(const tyto_tokenizer *tokenizer, int64_t id);
/** The id of a vocabulary entry, or -1. */
TYTO_API int64_t tyto_tokenizer_id(const tyto_tokenizer *tokenizer, const char *token);
/** Tokens of the vocabulary, with those added to it. */
TYTO_API int64_t tyto_tokenizer_vocab_size(const tyto_tokenizer *tokenizer);
/** Tokens per text that the tokenizer's files allow (model_max_length); INT64_MAX when they don't
 *  say. */
TYTO_API int64_t tyto_tokenizer_max_length(const tyto_tokenizer *tokenizer);

TYTO_END_DECLS

#endif
