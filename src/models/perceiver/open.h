/** Opening a checkpoint: its config, its parts, and their parameters. */
#ifndef TYTO_MODELS_PERCEIVER_OPEN_H
#define TYTO_MODELS_PERCEIVER_OPEN_H

#include "models/architecture.h"
#include "models/perceiver/heads.h"

/** *out = the checkpoint as a network of that head's class, for tyto_perceiver_close.
 *  errors  E_FORMAT, E_RANGE, E_UNSUPPORTED (the config, parts that don't fit), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_perceiver_open_as(const tyto_perceiver_head *head,
                                                  const tyto_model_source *source, void **out,
                                                  char **unexpected, tyto_error *err);
/** NULL is fine. */
void tyto_perceiver_close(void *model);

#endif
