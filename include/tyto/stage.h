/** Where the time of a forward goes. */
#ifndef TYTO_STAGE_H
#define TYTO_STAGE_H

#include <stdint.h>
#include <tyto/export.h>
#include <tyto/precision.h>

TYTO_BEGIN_DECLS

/** Time that an operation took in a stage of the network, such as "linear" in "image tower". */
typedef struct tyto_stage {
    const char *stage, *operation; /**< live as long as the library */
    double seconds;
    double flops; /**< a multiply-add counts as two; 0 where there is nothing to count */
    tyto_precision precision; /**< of the operands */
    uint64_t reserved[4];     /**< zeros */
} tyto_stage;

TYTO_END_DECLS

#endif
