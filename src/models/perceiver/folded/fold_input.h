/** The products that the rows of an input are made by, folded: README.md has the algebra. */
#ifndef TYTO_MODELS_PERCEIVER_FOLDED_FOLD_INPUT_H
#define TYTO_MODELS_PERCEIVER_FOLDED_FOLD_INPUT_H

#include "models/architecture.h"
#include "models/perceiver/describe/preprocessor.h"

/** Fills part->fold, of a picture's preprocessor that has no modalities; of others nothing is
 *  folded.
 *  part    or NULL
 *  prefix  of the core's parameters
 *  errors  E_MEMORY, E_FORMAT */
TYTO_NODISCARD tyto_status tyto_perceiver_fold_input(tyto_perceiver_preprocessor *part,
                                                     const tyto_model_source *source,
                                                     const char *prefix, tyto_error *err);

#endif
