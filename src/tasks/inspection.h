/** An inspection from the inside. */
#ifndef TYTO_TASKS_INSPECTION_H
#define TYTO_TASKS_INSPECTION_H

#include <tyto/inspect.h>

#include "models/architecture.h"
#include "results/writer.h"

struct tyto_inspection {
    json_t *root;                          /* the JSON document */
    const tyto_architecture *architecture; /* NULL: of files, or not known */
    tyto_precision precision;
    int64_t failed; /* files that couldn't be read */
};

/** A shape as an array; NULL, or a failed step, when memory is out. */
json_t *tyto_shape_array(tyto_writer *steps, int rank, const int64_t *shape);

/** *out = an inspection that owns root. Releases root when a step has failed.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_inspection_made(tyto_inspection **out, tyto_writer *steps,
                                                json_t *root, const char *name, tyto_error *err);

#endif
