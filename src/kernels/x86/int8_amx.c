/* Products of bytes in AMX's registers: both signed, so nothing is raised. */
#include "kernels/x86/int8_avx512.h"
#include "kernels/x86/tiles_amx.h"

#include "kernels/vector/int8_most.h"

/* Bytes of a step of registers. */
#define STEPS TILE_BYTES

/* STEPS steps of a row as bytes; the pairs of packs keep to their 128 bits, which are put in order
 * at the end. */
static inline __attribute__((always_inline)) __m512i quantised(const vf v[4])
{
    const __m512i low = _mm512_packs_epi32(_mm512_cvtps_epi32(v[0]), _mm512_cvtps_epi32(v[1])),
                  high = _mm512_packs_epi32(_mm512_cvtps_epi32(v[2]), _mm512_cvtps_epi32(v[3]));
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, _mm512_packs_epi16(low, high));
}

/* One row; `smooth`, NULL or not, is known at compile time. */
static inline __attribute__((always_inline)) void
pack_row(int64_t k, const float *x, const float *smooth, float inverse, char *target)
{
    const vf factor = vf_set(inverse);
    int64_t i = 0;
    for (; i + STEPS <= k; i += STEPS, target += STEP_BYTES) {
        vf v[4];
#pragma GCC unroll 4
        for (int j = 0; j < 4; j++) {
            const int64_t at = i + j * VF_LANES;
            v[j] = vf_mul(smoothed(x + at, smooth ? smooth + at : NULL), factor);
        }
        vb_store(target, quantised(v));
    }
    if (i < k) {
        float tail[STEPS] = {0.0f};
        for (int64_t j = 0; i + j < k; j++) {
            tail[j] = tyto_define_smoothed(x, smooth, i + j) * inverse;
        }
        const vf v[4] = {vf_load(tail), vf_load(tail + VF_LANES), vf_load(tail + 2 * VF_LANES),
                         vf_load(tail + 3 * VF_LANES)};
        vb_store(target, quantised(v));
    }
}

/* packed[⌈k/64⌉][TILES_ROWS][64]; a row without a step is zeros. */
static void pack(int64_t k, const float *x, int64_t ldx, int rows, const float *smooth,
                 uint8_t *packed, float *scales)
{
    for (int r = 0; r < TILES_ROWS; r++) {
        char *target = (char *)packed + r * TILE_BYTES;
        tyto_int8_step step = {0.0f, 0.0f};
        if (r < rows) {
            step = tyto_int8_step_of(most_of(k, x + r * ldx, smooth));
        }
        scales[r] = step.scale;
        if (step.inverse == 0.0f) {
            for (int64_t i = 0; i < k; i += STEPS, target += STEP_BYTES) {
                vb_store(target, _mm512_setzero_si512());
            }
        } else if (smooth) {
            pack_row(k, x + r * ldx, smooth, step.inverse, target);
        } else {
            pack_row(k, x + r * ldx, NULL, step.inverse, target);
        }
    }
}

static void part(int64_t groups, const uint8_t *a, const int8_t *b, int32_t *sums, bool add,
                 const void *ahead)
{
    TILES_PRODUCT(_tile_dpbssd, groups, a, b, sums, add, ahead);
}

static void finish(const int32_t *sums, const tyto_int8_scales *scales, float *y)
{
    const vf columns[2] = {vf_load(scales->columns), vf_load(scales->columns + VF_LANES)};
    for (int r = 0; r < TILES_ROWS; r++) {
        const vf row = vf_set(scales->rows[r]);
#pragma GCC unroll 2
        for (int v = 0; v < 2; v++) {
            const int at = r * TILES_COLUMNS + v * VF_LANES;
            vf_store(y + at, vf_mul(vf_mul(vi_float(vi_load(sums + at)), row), columns[v]));
        }
    }
}

static void tile(int64_t groups, const uint8_t *a, const int8_t *b, const tyto_int8_scales *scales,
                 float *y, const void *ahead)
{
    part(groups, a, b, (int32_t *)(void *)y, false, ahead);
    finish((const int32_t *)(const void *)y, scales, y);
}

static double tile_rounds(int64_t rounds)
{
    int8_t numbers[TILE_ROWS * TILE_BYTES] __attribute__((aligned(64)));
    for (int i = 0; i < TILE_ROWS * TILE_BYTES; i++) {
        numbers[i] = (int8_t)(i * 37 % 255 - 127);
    }
    TILES_ROUNDS(_tile_dpbssd, numbers, rounds);
    return (double)rounds * 2.0 * TILES_ROWS * TILES_COLUMNS * STEPS;
}

const tyto_int8_kernels tyto_int8_amx = {
    .name = "amx",
    .isa = INT8_ISA,
    .rows = TILES_ROWS,
    .columns = TILES_COLUMNS,
    .offset = 0,
    .a_interleave = STEPS,
    .kc = 512,
    .prefetch_bytes = TILES_FETCHED / STEPS,
    .begin = tyto_amx_begin,
    .end = tyto_amx_end,
    .pack = pack,
    .tile = tile,
    .part = part,
    .finish = finish,
    .dot_rounds = tile_rounds,
};
