/** Every table of kernels that this CPU has against the definitions. */
#ifndef TYTO_TESTS_CHECKKERNELS_H
#define TYTO_TESTS_CHECKKERNELS_H

#include "kernels/kernels.h"
#include "support/support.h"

/** Calls check(kernels) for every table that this CPU has. */
void for_each_table(void (*check)(const tyto_kernels *kernels));

/** x[i] = the nearest number in bf16 */
void round_to_bf16(float *x, int64_t count);

/** A job of attention on random numbers; every row is followed by a gap that nobody may write to,
 *  and `out` is filled with ATTEND_UNTOUCHED. */
typedef struct attend_memory {
    tyto_attend_job job;
    guarded q, k, v, mask, out, scratch;
} attend_memory;

#define ATTEND_UNTOUCHED 12345.0f

attend_memory make_attend_memory(int64_t queries, int64_t keys, int64_t qk_channels,
                                 int64_t v_channels, int64_t scratch);
void free_attend_memory(attend_memory *memory);
/** Floats from the first of so many rows to the end of the last. */
int64_t attend_extent(int64_t rows, int64_t stride, int64_t columns);

/** cmocka tests, one per kernel. */
void check_gemm_pack(void **state);
void check_gemm_tile(void **state);
void check_gemm_finish(void **state);
void check_bf16_pack(void **state);
void check_bf16_tile(void **state);
void check_digits_pack(void **state);
void check_digits_tile(void **state);
void check_digits_longest(void **state);
void check_digits_error(void **state);
void check_digits_neighbours(void **state);
void check_digits_not_finite(void **state);
void check_activate(void **state);
void check_activation_names(void **state);
void check_layer_norm(void **state);
void check_activation_slopes(void **state);
void check_linear_backward(void **state);
void check_layer_norm_backward(void **state);
void check_normalize_backward(void **state);
void check_attend_backward(void **state);
void check_attend_sizes(void **state);
void check_attend_masks(void **state);
void check_attend_extremes(void **state);
void check_attend_grid(void **state);
void check_attend_gather(void **state);
void check_gemm_few(void **state);
void check_select(void **state);
void check_int8_select(void **state);
void check_int8_pack(void **state);
void check_int8_pack_extremes(void **state);
void check_int8_tile(void **state);
void check_int8_rounds(void **state);
void check_int8_attend_sizes(void **state);
void check_int8_attend_error(void **state);
void check_int8_attend_extremes(void **state);

#endif
