/** Float types into smaller ones, rounded to nearest, ties to even. */
#ifndef TYTO_TENSOR_NARROW_H
#define TYTO_TENSOR_NARROW_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/tensor.h>

uint16_t tyto_f32_to_f16(float value);
uint16_t tyto_f32_to_bf16(float value);

/** Whether both are among F64, F32, F16 and BF16, and `out` is not F64. */
bool tyto_narrow_possible(tyto_dtype source, tyto_dtype out);
/** Converts `count` elements with one rounding each. Returns the first one that was finite and
 *  became infinite, or −1.
 *  memory  source may be unaligned; `out` is aligned to its type; the two don't overlap */
int64_t tyto_narrow(void *out, tyto_dtype out_type, const void *source, tyto_dtype source_type,
                    int64_t count);

#endif
