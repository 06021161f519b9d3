/** The forward of every head. */
#ifndef TYTO_MODELS_PERCEIVER_FORWARD_H
#define TYTO_MODELS_PERCEIVER_FORWARD_H

#include "models/io.h"
#include "models/perceiver/heads.h"
#include "models/perceiver/model.h"
#include "nn/exec.h"

/** Declares a run of a head: reads and checks all inputs, declares all outputs.
 *  *request, in scratch, is for tyto_perceiver_run. */
TYTO_NODISCARD tyto_status tyto_perceiver_declare(const tyto_perceiver *model,
                                                  const tyto_perceiver_head *head, tyto_exec *exec,
                                                  tyto_io *io, void **request);
/** Computes the outputs that were declared. */
TYTO_NODISCARD tyto_status tyto_perceiver_run(const void *model, tyto_exec *exec, tyto_io *io,
                                              void *request);

#endif
