/** How OWLv2 declares a head's two functions: as tyto_head has them (models/architecture.h). */
#ifndef TYTO_MODELS_OWLV2_HEAD_H
#define TYTO_MODELS_OWLV2_HEAD_H

#include "models/io.h"
#include "nn/exec.h"

#define TYTO_OWLV2_HEAD(name)                                                                      \
    TYTO_NODISCARD tyto_status tyto_owlv2_##name##_declare(const void *model, tyto_exec *exec,     \
                                                           tyto_io *io, void **request);           \
    TYTO_NODISCARD tyto_status tyto_owlv2_##name##_run(const void *model, tyto_exec *exec,         \
                                                       tyto_io *io, void *request);

#endif
