/* The definitions as a table. */
#include "kernels/scalar/int8_definitions.h"

#define ROWS 4
#define COLUMNS 4

static void pack(int64_t k, const float *x, int64_t ldx, int rows, const float *smooth,
                 uint8_t *packed, float *scales)
{
    const int64_t whole =
        (k + TYTO_INT8_INTERLEAVE - 1) / TYTO_INT8_INTERLEAVE * TYTO_INT8_INTERLEAVE;
    for (int r = 0; r < ROWS; r++) {
        const float *row = r < rows ? x + r * ldx : x;
        tyto_int8_step step = {0.0f, 0.0f};
        if (r < rows) {
            step = tyto_int8_step_of(tyto_define_most(k, row, smooth));
        }
        scales[r] = step.scale;
        for (int64_t i = 0; i < whole; i++) {
            const int value = r < rows && i < k ? tyto_define_quantised(row, smooth, i, step) : 0;
            uint8_t *group = packed + (i / TYTO_INT8_INTERLEAVE * ROWS + r) * TYTO_INT8_INTERLEAVE;
            group[i % TYTO_INT8_INTERLEAVE] = (uint8_t)value;
        }
    }
}

static void tile(int64_t groups, const uint8_t *a, const int8_t *b, const tyto_int8_scales *scales,
                 float *y, const void *ahead)
{
    (void)ahead;
    for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < COLUMNS; c++) {
            const int32_t sum = tyto_define_int8_product(groups, a + r * TYTO_INT8_INTERLEAVE, ROWS,
                                                         b + c * TYTO_INT8_INTERLEAVE, COLUMNS, 0);
            y[r * COLUMNS + c] = (float)sum * scales->rows[r] * scales->columns[c];
        }
    }
}

static double dot_rounds(int64_t rounds)
{
    volatile int8_t a = 1, b = 2;
    int32_t sum = 0;
    for (int64_t n = 0; n < rounds; n++) {
        sum += a * b;
    }
    volatile int32_t keep = sum;
    (void)keep;
    return (double)rounds * 2.0;
}

const tyto_int8_kernels tyto_int8_scalar = {
    .name = "scalar",
    .isa = "scalar",
    .rows = ROWS,
    .columns = COLUMNS,
    .offset = 0,
    .a_interleave = TYTO_INT8_INTERLEAVE,
    .prefetch_bytes = 1,
    .pack = pack,
    .tile = tile,
    .dot_rounds = dot_rounds,
};
