/** Looking at a checkpoint without loading it: what its files hold, and whether they fit. */
#ifndef TYTO_INSPECT_H
#define TYTO_INSPECT_H

#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

/** What the network that config.json describes makes of a tensor. */
typedef enum tyto_fit {
    TYTO_FIT_GOOD,      /**< it is used */
    TYTO_FIT_MISSING,   /**< it is needed, and not there */
    TYTO_FIT_SHAPE,     /**< config.json makes it another shape */
    TYTO_FIT_TYPE,      /**< its type can't be used for weights */
    TYTO_FIT_IGNORED,   /**< a buffer that older versions saved */
    TYTO_FIT_UNEXPECTED /**< the network has no use for it */
} tyto_fit;

/** A tensor that is needed or there. */
typedef struct tyto_parameter {
    const char *name;
    tyto_fit fit;
    const tyto_tensor *tensor;    /**< in the file; NULL when missing */
    int rank;                     /**< of the shape that is required; −1 when none is */
    int64_t shape[TYTO_RANK_MAX]; /**< that shape */
} tyto_parameter;

/** memory  everything lives until it returns */
typedef void (*tyto_parameter_fn)(void *user, const tyto_parameter *parameter);

/** Tells `tell` of every tensor that the checkpoint folder's network needs, and then of every
 *  other that its files hold, each once. No weights are read, so it takes no time.
 *  errors   as tyto_model_open, but tensors that don't fit are no error here
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_inspect(const char *path, tyto_parameter_fn tell,
                                                       void *user, tyto_error *err);

TYTO_END_DECLS

#endif
