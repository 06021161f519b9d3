/** Reading a tokenizer's files. */
#ifndef TYTO_PROCESSORS_TEXT_READ_H
#define TYTO_PROCESSORS_TEXT_READ_H

#include <jansson.h>

#include "processors/text/tokenizer.h"

/** What a folder holds; documents that it lacks are NULL. Paths are all set. */
typedef struct tyto_tokenizer_files {
    char *tokenizer_path, *vocab_path, *merges_path, *config_path, *special_path, *added_path;
    json_t
        *tokenizer;  /* tokenizer.json: when there is one, vocab.json and merges.txt aren't read */
    json_t *config;  /* tokenizer_config.json */
    json_t *special; /* special_tokens_map.json */
    json_t *added;   /* added_tokens.json */
} tyto_tokenizer_files;

/** Vocabulary and merges of tokenizer.json. */
TYTO_NODISCARD tyto_status tyto_read_model(const tyto_tokenizer_files *files, tyto_bpe *bpe,
                                           tyto_error *err);
/** Vocabulary and merges of vocab.json and merges.txt. The unknown token isn't set. */
TYTO_NODISCARD tyto_status tyto_read_vocab_and_merges(const tyto_tokenizer_files *files,
                                                      tyto_bpe *bpe, tyto_error *err);

/** The steps of tokenizer.json around its model: refuses those that CLIP's tokenizer has not. Sets
 *  normalizer, start and end, and where padding and truncation happen. */
TYTO_NODISCARD tyto_status tyto_read_pipeline(const tyto_tokenizer_files *files,
                                              tyto_tokenizer *tokenizer, tyto_error *err);

/** Added and special tokens of all files, once the vocabulary is there. Sets pad_id, and without
 *  tokenizer.json start, end and the unknown token too. */
TYTO_NODISCARD tyto_status tyto_read_added_tokens(const tyto_tokenizer_files *files,
                                                  tyto_tokenizer *tokenizer, tyto_error *err);

/** The list of added tokens of tokenizer.json alone. */
TYTO_NODISCARD tyto_status tyto_read_listed_tokens(const tyto_tokenizer_files *files,
                                                   tyto_tokenizer *tokenizer, tyto_error *err);

/** The same for a tokenizer of bytes, which has no other vocabulary. */
TYTO_NODISCARD tyto_status tyto_read_byte_tokens(const tyto_tokenizer_files *files,
                                                 tyto_tokenizer *tokenizer, tyto_error *err);

/** One value of a document as an id.
 *  errors  E_FORMAT, E_RANGE: "file: 'what': got …, required …" */
TYTO_NODISCARD tyto_status tyto_read_id(const json_t *value, const char *file, const char *what,
                                        int32_t *out, tyto_error *err);

#endif
