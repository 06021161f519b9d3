/** The rest of a table, and the table itself. Included once per instruction set, last. */
#include <math.h>

#include "kernels/vector/attend.h"
#include "kernels/vector/gather.h"
#include "kernels/vector/gemm.h"
#include "kernels/vector/gemm_few.h"
#include "kernels/vector/grid.h"
#include "kernels/vector/widen.h"

static void activate(tyto_activation activation, float *x, int64_t count)
{
    int64_t i = 0;
    for (; i + VF_LANES <= count; i += VF_LANES) {
        vf_store(x + i, vf_activate(activation, vf_load(x + i)));
    }
    float last[VF_LANES] = {0};
    const int64_t left = count - i;
    for (int64_t j = 0; j < left; j++) {
        last[j] = x[i + j];
    }
    vf_store(last, vf_activate(activation, vf_load(last)));
    for (int64_t j = 0; j < left; j++) {
        x[i + j] = last[j];
    }
}

/* Two passes, the second of which corrects the first: the differences to a rounded mean add up to
 * what it is off by. What all of a row is multiplied with is computed in double, since its error
 * would not average out. */
static void layer_norm(int64_t columns, const float *x, const float *gamma, const float *beta,
                       float eps, float *y)
{
    vf sum = vf_set(0.0f), square = vf_set(0.0f);
    const int64_t whole = columns / VF_LANES * VF_LANES;
    for (int64_t c = 0; c < whole; c += VF_LANES) {
        sum = vf_add(sum, vf_load(x + c));
    }
    double total = (double)vf_sum(sum), squares;
    for (int64_t c = whole; c < columns; c++) {
        total += (double)x[c];
    }
    const float mean = (float)(total / (double)columns);
    sum = vf_set(0.0f);
    for (int64_t c = 0; c < whole; c += VF_LANES) {
        const vf difference = vf_sub(vf_load(x + c), vf_set(mean));
        sum = vf_add(sum, difference);
        square = vf_fma(difference, difference, square);
    }
    total = (double)vf_sum(sum);
    squares = (double)vf_sum(square);
    for (int64_t c = whole; c < columns; c++) {
        total += (double)(x[c] - mean);
        squares += (double)(x[c] - mean) * (double)(x[c] - mean);
    }
    const double off = total / (double)columns,
                 variance = fmax(0.0, squares / (double)columns - off * off);
    const float rest = (float)off, factor = (float)(1.0 / sqrt(variance + (double)eps));
    for (int64_t c = 0; c < whole; c += VF_LANES) {
        const vf difference = vf_sub(vf_sub(vf_load(x + c), vf_set(mean)), vf_set(rest));
        const vf unit = vf_mul(difference, vf_set(factor));
        vf_store(y + c, vf_fma(unit, vf_load(gamma + c), vf_load(beta + c)));
    }
    for (int64_t c = whole; c < columns; c++) {
        y[c] = (x[c] - mean - rest) * factor * gamma[c] + beta[c];
    }
}

/* Twelve independent chains: enough to hide the latency of a multiply-add on two ports. */
static double fma_rounds(int64_t rounds)
{
    vf a = vf_set(0.1f), b = vf_set(0.2f), c = vf_set(0.3f), d = vf_set(0.4f), e = vf_set(0.5f),
       f = vf_set(0.6f), g = vf_set(0.7f), h = vf_set(0.8f), i = vf_set(0.9f), j = vf_set(1.0f),
       k = vf_set(1.1f), l = vf_set(1.2f);
    const vf x = vf_set(0.999f), y = vf_set(0.001f);
    for (int64_t n = 0; n < rounds; n++) {
        a = vf_fma(a, x, y), b = vf_fma(b, x, y), c = vf_fma(c, x, y), d = vf_fma(d, x, y);
        e = vf_fma(e, x, y), f = vf_fma(f, x, y), g = vf_fma(g, x, y), h = vf_fma(h, x, y);
        i = vf_fma(i, x, y), j = vf_fma(j, x, y), k = vf_fma(k, x, y), l = vf_fma(l, x, y);
    }
    const vf sum = vf_add(vf_add(vf_add(vf_add(a, b), vf_add(c, d)), vf_add(e, f)),
                          vf_add(vf_add(vf_add(g, h), vf_add(i, j)), vf_add(k, l)));
    volatile float keep = vf_sum(sum);
    (void)keep;
    return (double)rounds * 12.0 * 2.0 * VF_LANES;
}

static const tyto_bf16_kernels widened = {
    .rows = GEMM_ROWS,
    .a_bytes = sizeof(float),
    .a_interleave = 2,
    .prefetch_bytes = CACHE_LINE / 2,
    .gemm_pack = gemm_pack_rounded,
    .gemm_tile = gemm_tile_widened,
    .attend = attend,
    .attend_scratch = attend_scratch,
    .dot_rounds = fma_rounds,
};

#define TABLE(table_name, bf16_kernels, parts_kernels, digits_kernels)                             \
    {                                                                                              \
        .name = table_name, .family = KERNELS_NAME, .gemm_rows = GEMM_ROWS,                        \
        .gemm_columns = GEMM_COLUMNS, .attention_queries = ATTEND_QUERIES,                         \
        .attention_channels = ATTEND_ROWS, .lanes = VF_LANES, .gemm_pack = gemm_pack,              \
        .gemm_tile = gemm_tile, .gemm_finish = gemm_finish, .gemm_few = gemm_few,                  \
        .activate = activate, .layer_norm = layer_norm, .attend = attend,                          \
        .attend_scratch = attend_scratch, .attend_grid = attend_grid,                              \
        .attend_grid_scratch = attend_grid_scratch, .attend_gather = attend_gather,                \
        .fma_rounds = fma_rounds, .bf16 = bf16_kernels, .parts = parts_kernels,                    \
        .digits = digits_kernels                                                                   \
    }

const tyto_kernels KERNELS = TABLE(KERNELS_NAME, &widened, NULL, NULL);
#ifdef KERNELS_DOT
const tyto_kernels KERNELS_DOT = TABLE(KERNELS_DOT_NAME, &KERNELS_DOT_BF16, NULL, NULL);
#endif
#ifdef KERNELS_TILES
const tyto_kernels KERNELS_TILES =
    TABLE(KERNELS_TILES_NAME, &KERNELS_TILES_BF16, &KERNELS_TILES_PARTS, &KERNELS_TILES_DIGITS);
#endif
