/** The numbers that a network computes with. */
#ifndef TYTO_PRECISION_H
#define TYTO_PRECISION_H

#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** X(NAME, value, spelling). What products and attention multiply; sums, layer norms, softmax and
 *  what runs from layer to layer are single precision always.
 *  fp32     single precision
 *  bf16     operands rounded to bfloat16: half the memory, and twice the speed where the CPU
 *           multiplies them itself
 *  int8     operands rounded to bytes
 *  auto     the fastest of these whose detections are as good
 *  default  what the checkpoint's weights were packed for (tyto_model_pack), and else fp32
 *
 *  Whichever of the first three is asked for is what a model computes with, however its weights
 *  were packed. */
#define TYTO_PRECISION_LIST(X)                                                                     \
    X(FP32, 0, "fp32")                                                                             \
    X(BF16, 1, "bf16")                                                                             \
    X(INT8, 2, "int8")                                                                             \
    X(AUTO, 3, "auto")                                                                             \
    X(DEFAULT, 4, "default")

typedef enum tyto_precision {
#define TYTO_PRECISION_ENUM(name, value, text) TYTO_PRECISION_##name = (value),
    TYTO_PRECISION_LIST(TYTO_PRECISION_ENUM)
#undef TYTO_PRECISION_ENUM
} tyto_precision;

/** Its spelling, such as "bf16"; "?" for a bad value. */
TYTO_API const char *tyto_precision_name(tyto_precision precision);

TYTO_END_DECLS

#endif
