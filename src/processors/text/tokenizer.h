/** A tokenizer from the inside. */
#ifndef TYTO_PROCESSORS_TEXT_TOKENIZER_H
#define TYTO_PROCESSORS_TEXT_TOKENIZER_H

#include <tyto/tokenizer.h>

#include "processors/class_of_model.h"
#include "processors/text/added.h"
#include "processors/text/bpe.h"
#include "processors/text/byte_tokens.h"
#include "processors/text/unicode.h"

struct tyto_tokenizer {
    tyto_tokenizer_kind kind;
    tyto_byte_tokens bytes; /* of TYTO_TOKENIZER_KIND_BYTES; the three after it are of ..._CLIP */
    tyto_bpe bpe;
    tyto_added added;
    tyto_normalizer normalizer;
    int32_t start_id, end_id; /* put around a text; TYTO_NO_TOKEN when there are none */
    int32_t pad_id;           /* TYTO_NO_TOKEN when there is none */
    int32_t roles[TYTO_TOKEN_ROLE_COUNT];
    int64_t max_length; /* INT64_MAX when the files set none */
    bool pad_left;
    bool truncate_left;
    bool clean_up;
    bool split_special_tokens;
    bool trims_offsets; /* white space that added tokens take along is not counted as theirs */
};

/** Fills an empty tokenizer from a folder, or with folder NULL as bytes without any file; on
 * failure what was filled remains to be cleared. */
TYTO_NODISCARD tyto_status tyto_tokenizer_read(tyto_tokenizer *tokenizer, const char *folder,
                                               tyto_class_of_model_fn class_of_model,
                                               tyto_error *err);

/** Fills an empty tokenizer from the content of a tokenizer.json, likewise. */
TYTO_NODISCARD tyto_status tyto_tokenizer_read_document(tyto_tokenizer *tokenizer,
                                                        const char *document, size_t length,
                                                        tyto_error *err);

/** tyto_tokenizer_open by whoever knows what kinds of models have. */
TYTO_NODISCARD tyto_status tyto_tokenizer_open_by(const char *folder,
                                                  tyto_class_of_model_fn class_of_model,
                                                  tyto_tokenizer **out, tyto_error *err);

#endif
