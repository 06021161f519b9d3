/** The parts that a Perceiver is composed of: descriptions that hold their own parameters.
 *
 *  A description is read from JSON, in which a part is {"type": class name of the reference, and
 *  its constructor's arguments by name}; arguments that configurations give (`config`) are left
 *  out. The heads are fixed descriptions (compositions.h), so a user's and ours go one way. */
#ifndef TYTO_MODELS_PERCEIVER_DESCRIBE_PARTS_H
#define TYTO_MODELS_PERCEIVER_DESCRIBE_PARTS_H

#include "models/perceiver/describe/decoder.h"
#include "models/perceiver/describe/postprocessor.h"
#include "models/perceiver/describe/preprocessor.h"

/** A composition; what is absent is NULL. */
typedef struct tyto_perceiver_parts {
    tyto_perceiver_preprocessor *input_preprocessor;
    tyto_perceiver_decoder *decoder;
    tyto_perceiver_postprocessor *output_postprocessor;
} tyto_perceiver_parts;

/** Reads {"input_preprocessor": part, "decoder": part, "output_postprocessor": part}, each of them
 *  optional, and checks that each part holds together and that they fit each other.
 *  memory  release with tyto_perceiver_parts_clear, also after an error
 *  errors  E_FORMAT (an unknown part or argument, sums of channels that don't fit, with both
 *          numbers), E_RANGE, E_UNSUPPORTED, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_perceiver_parts_read(const json_t *object, const char *name,
                                                     const tyto_perceiver_config *config,
                                                     tyto_perceiver_parts *out, tyto_error *err);
void tyto_perceiver_parts_clear(tyto_perceiver_parts *parts);

#endif
