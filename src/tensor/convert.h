/** Element types: what they can become, and how. */
#ifndef TYTO_TENSOR_CONVERT_H
#define TYTO_TENSOR_CONVERT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <tyto/tensor.h>

/** Float types become F32 or F64; integer types and BOOL become I64; any type becomes U8 as a
 *  truth value (0 stays 0, all else is 1). */
bool tyto_convert_possible(tyto_dtype source, tyto_dtype out);
/** Converts `count` elements as above, to F32, F64, I64 or U8.
 *  memory  source may be unaligned; the two don't overlap */
void tyto_convert(void *out, tyto_dtype out_type, const void *source, tyto_dtype source_type,
                  int64_t count);

static inline float tyto_bf16_to_f32(uint16_t bits)
{
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof(value));
    return value;
}

/** IEEE half to single, exact, subnormals and NaN included. */
float tyto_f16_to_f32(uint16_t bits);

#endif
