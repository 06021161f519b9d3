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
    bool truncation;        /**< cut to max_length, keeping the special tokens */
    int64_t max_length;     /**< 0: the tokenizer's model_max_length */
    bool no_special_tokens; /**< leave out start and end of text */
} tyto_encode_options;

/** Ids of a batch of texts. All rows have `length` ids when padded; else row i has lengths[i]. */
typedef struct tyto_encoding {
    size_t count;            /**< texts */
    int64_t *input_ids;      /**< rows one after another; row i starts at offsets[i] */
    int64_t *attention_mask; /**< 1 token, 0 padding; laid out as input_ids */
    size_t *offsets;         /**< count + 1 entries */
    bool *truncated;         /**< per text: tokens were cut */
} tyto_encoding;

/** Reads tokenizer.json, or vocab.json + merges.txt, with tokenizer_config.json and
 *  special_tokens_map.json where present, from a checkpoint folder.
 *  errors  E_NOT_FOUND, E_IO, E_FORMAT, E_UNSUPPORTED, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_open(const char *folder, tyto_tokenizer **out,
                                                        tyto_error *err);
TYTO_API void tyto_tokenizer_destroy(tyto_tokenizer *tokenizer);

/** Encodes UTF-8 texts. lengths_bytes may be NULL: the texts then end at their NUL.
 *  memory  *out is filled; release it with tyto_encoding_clear
 *  errors  E_ARGUMENT, E_FORMAT (text that is not UTF-8), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_encode(const tyto_tokenizer *tokenizer,
                                                          const char *const *texts,
                                                          const size_t *lengths_bytes, size_t count,
                                                          const tyto_encode_options *options,
                                                          tyto_encoding *out, tyto_error *err);
TYTO_API void tyto_encoding_clear(tyto_encoding *encoding);

/** Text of ids, as the reference's `decode` gives it.
 *  memory  *out is NUL-terminated; release it with tyto_free */
TYTO_API TYTO_NODISCARD tyto_status tyto_tokenizer_decode(const tyto_tokenizer *tokenizer,
                                                          const int64_t *ids, size_t count,
                                                          bool skip_special_tokens, char **out,
                                                          tyto_error *err);

/** The token's text as the vocabulary spells it ("cat</w>"), or NULL for an id it lacks. */
TYTO_API const char *tyto_tokenizer_token(const tyto_tokenizer *tokenizer, int64_t id);
/** The id of a vocabulary entry, or -1. */
TYTO_API int64_t tyto_tokenizer_id(const tyto_tokenizer *tokenizer, const char *token);
TYTO_API int64_t tyto_tokenizer_vocab_size(const tyto_tokenizer *tokenizer);
/** Tokens per text that the tokenizer's files allow (model_max_length). */
TYTO_API int64_t tyto_tokenizer_max_length(const tyto_tokenizer *tokenizer);

TYTO_END_DECLS

#endif
