/** Products of 8-bit whole numbers, and their table. Included once per way to sum them, after its
 *  vectors vf_* and whole numbers vi_*. */
#include "kernels/vector/int8_most.h"

#ifdef INT8_ATTENDS
#include "kernels/vector/attend_int8.h"
#endif

#define INT8_COLUMNS (INT8_VECTORS * VF_LANES)
#define CACHE_LINE 64
/* Rows that are packed together: their groups of four bytes fill 128 bits. */
#define QUAD 4

/* VF_LANES steps of four rows, of which the first `groups` groups and `rows` rows are wanted. */
static inline __attribute__((always_inline)) void pack_quad(const float *const x[QUAD],
                                                            const float *smooth,
                                                            const float *inverses, int rows,
                                                            int groups, uint8_t *packed)
{
    vf v[QUAD];
#pragma GCC unroll 4
    for (int r = 0; r < QUAD; r++) {
        v[r] = vf_mul(smoothed(x[r], smooth), vf_set(inverses[r]));
    }
    vi_store_quad(v, packed, INT8_ROWS * TYTO_INT8_INTERLEAVE, rows, groups);
}

/* Rows of a quad: `wanted` of a tile, of which `given` are there. A row that is missing or has no
 * step is read as zeros. */
static inline __attribute__((always_inline)) void pack_quads(int wanted, int given, int64_t k,
                                                             const float *x, int64_t ldx,
                                                             const float *smooth, uint8_t *packed,
                                                             float *scales)
{
    static const float zeros[VF_LANES];
    const float *source[QUAD];
    int64_t moves[QUAD];
    float inverses[QUAD], tail[QUAD + 1][VF_LANES];
    for (int r = 0; r < QUAD; r++) {
        tyto_int8_step step = {0.0f, 0.0f};
        if (r < given) {
            step = tyto_int8_step_of(most_of(k, x + r * ldx, smooth));
        }
        inverses[r] = step.inverse;
        moves[r] = step.inverse == 0.0f ? 0 : -1;
        source[r] = moves[r] ? x + r * ldx : zeros;
        if (r < wanted) {
            scales[r] = step.scale;
        }
    }
    int64_t i = 0;
    for (; i + VF_LANES <= k; i += VF_LANES) {
        const float *const at[QUAD] = {source[0] + (i & moves[0]), source[1] + (i & moves[1]),
                                       source[2] + (i & moves[2]), source[3] + (i & moves[3])};
        pack_quad(at, smooth ? smooth + i : NULL, inverses, wanted, VF_LANES / TYTO_INT8_INTERLEAVE,
                  packed + i * INT8_ROWS);
    }
    if (i == k) {
        return;
    }
    for (int64_t j = 0; j < VF_LANES; j++) {
        for (int r = 0; r < QUAD; r++) {
            tail[r][j] = i + j < k && moves[r] ? source[r][i + j] : 0.0f;
        }
        tail[QUAD][j] = i + j < k && smooth ? smooth[i + j] : 1.0f;
    }
    const float *const at[QUAD] = {tail[0], tail[1], tail[2], tail[3]};
    pack_quad(at, tail[QUAD], inverses, wanted,
              (int)((k - i + TYTO_INT8_INTERLEAVE - 1) / TYTO_INT8_INTERLEAVE),
              packed + i * INT8_ROWS);
}

static void int8_pack(int64_t k, const float *x, int64_t ldx, int rows, const float *smooth,
                      uint8_t *packed, float *scales)
{
    int r = 0;
    for (; r + QUAD <= INT8_ROWS; r += QUAD) {
        const float *source = r < rows ? x + r * ldx : x;
        if (smooth) {
            pack_quads(QUAD, rows - r, k, source, ldx, smooth, packed + r * TYTO_INT8_INTERLEAVE,
                       scales + r);
        } else {
            pack_quads(QUAD, rows - r, k, source, ldx, NULL, packed + r * TYTO_INT8_INTERLEAVE,
                       scales + r);
        }
    }
    if (INT8_ROWS % QUAD) {
        pack_quads(INT8_ROWS % QUAD, rows - r, k, r < rows ? x + r * ldx : x, ldx, smooth,
                   packed + r * TYTO_INT8_INTERLEAVE, scales + r);
    }
}

/* sum += a·b; whether it fetches is known at compile time: asking for what is there costs time. */
static inline __attribute__((always_inline)) void int8_steps(int64_t groups, const uint8_t *a,
                                                             const int8_t *b,
                                                             vi sum[INT8_ROWS][INT8_VECTORS],
                                                             bool fetches, const char *ahead)
{
    for (int64_t g = 0; g < groups; g++) {
        vi column[INT8_VECTORS];
        if (fetches) {
            __builtin_prefetch(ahead + g * CACHE_LINE, 0, 2);
        }
#pragma GCC unroll 16
        for (int v = 0; v < INT8_VECTORS; v++) {
            column[v] = vi_load(b + v * VF_LANES * TYTO_INT8_INTERLEAVE);
        }
#pragma GCC unroll 16
        for (int r = 0; r < INT8_ROWS; r++) {
            const vi row = vi_spread(a + r * TYTO_INT8_INTERLEAVE);
#pragma GCC unroll 16
            for (int v = 0; v < INT8_VECTORS; v++) {
                sum[r][v] = vi_dot(sum[r][v], row, column[v]);
            }
        }
        a += INT8_ROWS * TYTO_INT8_INTERLEAVE;
        b += INT8_COLUMNS * TYTO_INT8_INTERLEAVE;
    }
}

/* All loops over rows and vectors have constant bounds: unrolled, `sum` lives in registers. */
static void int8_tile(int64_t groups, const uint8_t *a, const int8_t *b,
                      const tyto_int8_scales *scales, float *y, const void *ahead)
{
    vi sum[INT8_ROWS][INT8_VECTORS];
#pragma GCC unroll 16
    for (int r = 0; r < INT8_ROWS; r++) {
#pragma GCC unroll 16
        for (int v = 0; v < INT8_VECTORS; v++) {
            /* Takes out what the offset of the rows adds to each column. */
            sum[r][v] = vi_start(scales->sums + v * VF_LANES);
        }
    }
    if (ahead) {
        int8_steps(groups, a, b, sum, true, ahead);
    } else {
        int8_steps(groups, a, b, sum, false, NULL);
    }
#pragma GCC unroll 16
    for (int r = 0; r < INT8_ROWS; r++) {
        const vf row = vf_set(scales->rows[r]);
#pragma GCC unroll 16
        for (int v = 0; v < INT8_VECTORS; v++) {
            /* A conversion could read them from memory, and gcc 12 would keep them there. */
            vi_keep(sum[r][v]);
            const vf value = vf_mul(vi_float(sum[r][v]), row);
            vf_store(y + r * INT8_COLUMNS + v * VF_LANES,
                     vf_mul(value, vf_load(scales->columns + v * VF_LANES)));
        }
    }
}

/* Independent chains, enough to hide the latency of a product on two ports, as in a tile without
 * its loads. What the compiler can't see through is not made once for all. */
static double int8_rounds(int64_t rounds)
{
    enum { CHAINS = 10 };
    static const uint8_t ones[TYTO_INT8_INTERLEAVE] = {1, 1, 1, 1};
    static const int8_t weights[VF_LANES * TYTO_INT8_INTERLEAVE] = {1, 2, 3, 4};
    static const int32_t none[VF_LANES];
    vi row = vi_spread(ones), column[2] = {vi_load(weights), vi_load(weights)}, sum[CHAINS];
#pragma GCC unroll 16
    for (int c = 0; c < CHAINS; c++) {
        sum[c] = vi_start(none);
        vi_keep(sum[c]);
    }
    vi_keep(column[0]);
    vi_keep(column[1]);
    for (int64_t n = 0; n < rounds; n++) {
#pragma GCC unroll 16
        for (int c = 0; c < CHAINS; c += 2) {
            vi_keep(row);
            sum[c] = vi_dot(sum[c], row, column[0]);
            sum[c + 1] = vi_dot(sum[c + 1], row, column[1]);
        }
    }
    vf total = vf_set(0.0f);
#pragma GCC unroll 16
    for (int c = 0; c < CHAINS; c++) {
        vi_keep(sum[c]);
        total = vf_add(total, vi_float(sum[c]));
    }
    float lanes[VF_LANES];
    vf_store(lanes, total);
    volatile float keep = lanes[0];
    (void)keep;
    return (double)rounds * CHAINS * VF_LANES * TYTO_INT8_INTERLEAVE * 2.0;
}

const tyto_int8_kernels INT8_TABLE = {
    .name = INT8_NAME,
    .isa = INT8_ISA,
    .rows = INT8_ROWS,
    .columns = INT8_COLUMNS,
    .offset = INT8_OFFSET,
    .a_interleave = TYTO_INT8_INTERLEAVE,
    .prefetch_bytes = CACHE_LINE / TYTO_INT8_INTERLEAVE,
    .pack = int8_pack,
    .tile = int8_tile,
#ifdef INT8_ATTENDS
    .attend = attend_int8,
    .attend_scratch = attend_int8_scratch,
    .queries = ATTEND_QUERIES,
#endif
    .dot_rounds = int8_rounds,
};
