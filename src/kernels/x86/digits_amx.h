/** Products of floats by their digits in AMX's registers of tiles, which multiply bytes. */
#ifndef TYTO_KERNELS_X86_DIGITS_AMX_H
#define TYTO_KERNELS_X86_DIGITS_AMX_H

#include "kernels/digits.h"
#include "kernels/scalar/digits_definitions.h"
#include "kernels/x86/tiles_amx.h"

/* Bytes of what one step of registers takes: rows' leading digits, and columns. */
#define DIGITS_STEP_BYTES (TYTO_DIGITS_LEADING * STEP_BYTES)
#define DIGITS_COLUMNS_BYTES (TYTO_DIGITS * STEP_BYTES)
/* Lines ahead that a step asks for with each pair of digits: few at a time, since what is asked for
 * waits where what is loaded from the second-level cache passes through. */
#define DIGITS_LINES 2
#define DIGITS_FETCHED (TYTO_DIGITS_PAIRS * DIGITS_LINES * TILE_BYTES)
#define DIGITS_SUMS (TILES_ROWS * TILES_COLUMNS)
#define DIGITS_VECTORS (TYTO_DIGITS_INTERLEAVE / VF_LANES)

/* The digits of 64 numbers that are counted, target[d] those of weight d. */
static inline __attribute__((always_inline)) void digits_of(const vb counts[DIGITS_VECTORS],
                                                            vb target[TYTO_DIGITS])
{
    /* With 128 added to every digit all are carried, and flipping a digit's highest bit takes it
     * off again. */
    const vb half = _mm512_set1_epi32((int)0x80808080u);
    /* Digits of one weight side by side, within 128 bits; and the 128 bits' parts in order. */
    const vb gather =
        _mm512_broadcast_i32x4(_mm_setr_epi8(3, 7, 11, 15, 2, 6, 10, 14, 1, 5, 9, 13, 0, 4, 8, 12));
    const vb order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    vb w[DIGITS_VECTORS];
#pragma GCC unroll 4
    for (int i = 0; i < DIGITS_VECTORS; i++) {
        const vb carried = _mm512_add_epi32(counts[i], half);
        w[i] = _mm512_shuffle_epi8(_mm512_xor_si512(carried, half), gather);
    }
    const vb first = _mm512_unpacklo_epi32(w[0], w[1]), second = _mm512_unpacklo_epi32(w[2], w[3]),
             third = _mm512_unpackhi_epi32(w[0], w[1]), fourth = _mm512_unpackhi_epi32(w[2], w[3]);
    target[0] = _mm512_permutexvar_epi32(order, _mm512_unpacklo_epi64(first, second));
    target[1] = _mm512_permutexvar_epi32(order, _mm512_unpackhi_epi64(first, second));
    target[2] = _mm512_permutexvar_epi32(order, _mm512_unpacklo_epi64(third, fourth));
    target[3] = _mm512_permutexvar_epi32(order, _mm512_unpackhi_epi64(third, fourth));
}

/* Bits of magnitudes are in the order of what they stand for, those of no numbers last. */
static float digits_most(int64_t k, const float *x)
{
    const vb magnitude = _mm512_set1_epi32(0x7fffffff);
    vb most[2] = {_mm512_setzero_si512(), _mm512_setzero_si512()};
    for (int64_t i = 0; i < k; i += 2 * VF_LANES) {
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            const __mmask16 lanes = amx_lanes(k, i + j * VF_LANES);
            const vb bits = vf_bits(_mm512_maskz_loadu_ps(lanes, x + i + j * VF_LANES));
            most[j] = _mm512_max_epi32(most[j], _mm512_and_si512(bits, magnitude));
        }
    }
    const int bits = _mm512_reduce_max_epi32(_mm512_max_epi32(most[0], most[1]));
    float size;
    memcpy(&size, &bits, sizeof(size));
    return size;
}

/* Σ(x·by)² of a row. */
static inline float digits_squares(int64_t k, const float *x, float by)
{
    vf sums[2] = {vf_set(0.0f), vf_set(0.0f)};
    for (int64_t i = 0; i < k; i += 2 * VF_LANES) {
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            const __mmask16 lanes = amx_lanes(k, i + j * VF_LANES);
            const vf v = vf_mul(_mm512_maskz_loadu_ps(lanes, x + i + j * VF_LANES), vf_set(by));
            sums[j] = vf_fma(v, v, sums[j]);
        }
    }
    return vf_sum(vf_add(sums[0], sums[1]));
}

/* 64 numbers of a row from step `at` on, counted. */
static inline __attribute__((always_inline)) void
digits_count(int64_t k, const float *x, int64_t at, float inverse, vb counts[DIGITS_VECTORS])
{
#pragma GCC unroll 4
    for (int j = 0; j < DIGITS_VECTORS; j++) {
        const int64_t first = at + j * VF_LANES;
        const vf v = _mm512_maskz_loadu_ps(amx_lanes(k, first), x + first);
        counts[j] = _mm512_cvtps_epi32(vf_mul(v, vf_set(inverse)));
    }
}

/* Numbers counted in double precision. */
static inline vb digits_count_exactly(vf v, double inverse)
{
    const __m512d low = _mm512_cvtps_pd(_mm512_castps512_ps256(v)),
                  high = _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1)),
                  by = _mm512_set1_pd(inverse);
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm512_cvtpd_epi32(_mm512_mul_pd(low, by))),
                              _mm512_cvtpd_epi32(_mm512_mul_pd(high, by)), 1);
}

/* One row of a tile of so many groups of 64 numbers: its leading digits, and the last ones where
 * the tile has any, as they are or 0. */
static inline void pack_digits_row(int64_t k, const float *x, float inverse, int64_t groups,
                                   bool has_last, bool last, char *target)
{
    for (int64_t s = 0; s < groups; s++) {
        vb counts[DIGITS_VECTORS], digits[TYTO_DIGITS];
        digits_count(k, x, s * TYTO_DIGITS_INTERLEAVE, inverse, counts);
        digits_of(counts, digits);
#pragma GCC unroll 3
        for (int d = 0; d < TYTO_DIGITS_LEADING; d++) {
            vb_store(target + s * DIGITS_STEP_BYTES + d * STEP_BYTES, digits[d]);
        }
        if (has_last) {
            vb_store(target + groups * DIGITS_STEP_BYTES + s * STEP_BYTES,
                     last ? digits[TYTO_DIGITS_LEADING] : _mm512_setzero_si512());
        }
    }
}

/* leading[⌈k/64⌉][TYTO_DIGITS_LEADING][TILES_ROWS][64] last[⌈k/64⌉][TILES_ROWS][64] */
static bool pack_digits(int64_t k, const float *x, int64_t ldx, int rows, void *packed,
                        float *scales)
{
    const int64_t groups = (k + TYTO_DIGITS_INTERLEAVE - 1) / TYTO_DIGITS_INTERLEAVE;
    float sizes[TILES_ROWS] = {0.0f};
    bool stands_out[TILES_ROWS] = {false}, any = false;
    for (int r = 0; r < rows; r++) {
        const float *row = x + r * ldx;
        sizes[r] = tyto_digits_size(digits_most(k, row));
        stands_out[r] =
            sizes[r] > 0.0f && tyto_digits_stand_out(k, digits_squares(k, row, 1.0f / sizes[r]));
        any = any || stands_out[r];
    }
    for (int r = 0; r < TILES_ROWS; r++) {
        const float inverse = (float)tyto_digits_inverse(sizes[r]);
        /* Without a size nothing is read: 0 by what is not finite would not be 0. */
        pack_digits_row(inverse > 0.0f ? k : 0, r < rows ? x + r * ldx : x, inverse, groups, any,
                        stands_out[r], (char *)packed + r * TILE_BYTES);
        scales[r] = sizes[r] / (TYTO_DIGITS_FIRST * TYTO_DIGITS_FIRST);
    }
    return any;
}

static void pack_digits_column(int64_t k, int64_t at, const float *x, float size, int column,
                               void *panel)
{
    const double inverse = tyto_digits_inverse(size);
    vb counts[DIGITS_VECTORS], digits[TYTO_DIGITS];
#pragma GCC unroll 4
    for (int j = 0; j < DIGITS_VECTORS; j++) {
        const int64_t first = j * VF_LANES;
        const vf v = _mm512_maskz_loadu_ps(amx_lanes(k - at, first), x + first);
        counts[j] = digits_count_exactly(v, inverse);
    }
    digits_of(counts, digits);
    for (int d = 0; d < TYTO_DIGITS; d++) {
        int32_t fours[TILE_ROWS];
        char *target = (char *)panel + tyto_digits_place(TILES_COLUMNS, d, at, column);
        vb_store(fours, digits[d]);
#pragma GCC unroll 16
        for (int i = 0; i < TILE_ROWS; i++) {
            memcpy(target + i * TILE_BYTES, &fours[i], sizeof(fours[i]));
        }
    }
}

/* Two registers of sums, one below the other, and of rows. */
#define DIGITS_STORE(upper, lower, sums)                                                           \
    do {                                                                                           \
        _tile_stored(upper, sums, SUMS_STRIDE);                                                    \
        _tile_stored(lower, (sums) + DIGITS_SUMS / 2, SUMS_STRIDE);                                \
    } while (0)
#define DIGITS_ROWS(source)                                                                        \
    do {                                                                                           \
        tile_load(5, source, TILE_BYTES);                                                          \
        tile_load(6, (source) + TILE_ROWS * TILE_BYTES, TILE_BYTES);                               \
    } while (0)
#define DIGITS_TWO(upper, lower, columns)                                                          \
    do {                                                                                           \
        _tile_dpbssd(upper, 5, columns);                                                           \
        _tile_dpbssd(lower, 6, columns);                                                           \
    } while (0)

static inline __attribute__((always_inline)) void digits_fetch(const char **ahead)
{
    if (*ahead) {
#pragma GCC unroll 4
        for (int line = 0; line < DIGITS_LINES; line++) {
            _mm_prefetch(*ahead + line * TILE_BYTES, _MM_HINT_T1);
        }
        *ahead += DIGITS_LINES * TILE_BYTES;
    }
}

/* The sums of both lower weights' pairs for half of the columns: each row's digits meet two of a
 * column's while they are in a register. */
static inline __attribute__((always_inline)) void
digits_lower(int64_t groups, const tyto_digits_rows *a, const tyto_digits_columns *b, int half,
             bool last, const char **ahead, int32_t *third, int32_t *second)
{
    const int64_t aside = half * TILE_ROWS * TILE_BYTES;
    const char *rows = a->leading, *last_rows = a->last, *columns = (const char *)b->digits + aside;
    tiles_start(NULL, false);
    for (int64_t s = 0; s < groups; s++) {
        tile_load(4, columns, TILE_BYTES);
        if (last) {
            DIGITS_ROWS(last_rows);
            DIGITS_TWO(0, 1, 4);
            last_rows += STEP_BYTES;
        }
        DIGITS_ROWS(rows + 2 * STEP_BYTES);
        DIGITS_TWO(2, 3, 4);
        tile_load(7, columns + STEP_BYTES, TILE_BYTES);
        DIGITS_TWO(0, 1, 7);
        digits_fetch(ahead);
        DIGITS_ROWS(rows + STEP_BYTES);
        DIGITS_TWO(2, 3, 7);
        tile_load(4, columns + 2 * STEP_BYTES, TILE_BYTES);
        DIGITS_TWO(0, 1, 4);
        digits_fetch(ahead);
        DIGITS_ROWS(rows);
        DIGITS_TWO(2, 3, 4);
        tile_load(7, columns + 3 * STEP_BYTES, TILE_BYTES);
        DIGITS_TWO(0, 1, 7);
        digits_fetch(ahead);
        rows += DIGITS_STEP_BYTES;
        columns += DIGITS_COLUMNS_BYTES;
    }
    DIGITS_STORE(0, 1, third + half * VF_LANES);
    DIGITS_STORE(2, 3, second + half * VF_LANES);
}

/* The sums of one of the higher weights' pairs. */
static inline __attribute__((always_inline)) void
digits_higher(int64_t groups, const tyto_digits_rows *a, const tyto_digits_columns *b, int weight,
              const char **ahead, int32_t *sums)
{
    const char *rows = a->leading, *columns = b->digits;
    tiles_start(NULL, false);
    for (int64_t s = 0; s < groups; s++) {
#pragma GCC unroll 2
        for (int i = weight; i >= 0; i--) {
            const char *row = rows + i * STEP_BYTES, *column = columns + (weight - i) * STEP_BYTES;
            tile_load(4, row, TILE_BYTES);
            tile_load(6, column, TILE_BYTES);
            _tile_dpbssd(0, 4, 6);
            tile_load(7, column + TILE_ROWS * TILE_BYTES, TILE_BYTES);
            _tile_dpbssd(1, 4, 7);
            tile_load(5, row + TILE_ROWS * TILE_BYTES, TILE_BYTES);
            _tile_dpbssd(2, 5, 6);
            _tile_dpbssd(3, 5, 7);
            digits_fetch(ahead);
        }
        rows += DIGITS_STEP_BYTES;
        columns += DIGITS_COLUMNS_BYTES;
    }
    tiles_give(sums);
}

/* As tyto_define_digits_sum, of all sums of a tile. */
static inline __attribute__((always_inline)) void
digits_finish(const int32_t sums[TYTO_DIGITS][DIGITS_SUMS], const float *rows, const float *columns,
              float *acc, bool add)
{
    const vf base = vf_set(0x1p-8f);
    const vf worth[2] = {vf_load(columns), vf_load(columns + VF_LANES)};
    for (int r = 0; r < TILES_ROWS; r++) {
        const vf row = vf_set(rows[r]);
#pragma GCC unroll 2
        for (int v = 0; v < 2; v++) {
            const int at = r * TILES_COLUMNS + v * VF_LANES;
            vf sum = _mm512_cvtepi32_ps(vb_load(sums[TYTO_DIGITS - 1] + at));
#pragma GCC unroll 4
            for (int i = TYTO_DIGITS - 2; i >= 0; i--) {
                sum = vf_fma(sum, base, _mm512_cvtepi32_ps(vb_load(sums[i] + at)));
            }
            sum = vf_mul(vf_mul(sum, row), worth[v]);
            vf_store(acc + at, add ? vf_add(vf_load(acc + at), sum) : sum);
        }
    }
}

static void multiply_digits(int64_t groups, const tyto_digits_rows *a, const tyto_digits_columns *b,
                            float *acc, bool add, const void *ahead)
{
    int32_t sums[TYTO_DIGITS][DIGITS_SUMS] __attribute__((aligned(64)));
    const char *next = ahead;
    for (int half = 0; half < 2; half++) {
        if (a->last) {
            digits_lower(groups, a, b, half, true, &next, sums[3], sums[2]);
        } else {
            digits_lower(groups, a, b, half, false, &next, sums[3], sums[2]);
        }
    }
    digits_higher(groups, a, b, 1, &next, sums[1]);
    digits_higher(groups, a, b, 0, &next, sums[0]);
    digits_finish(sums, a->scales, b->scales, acc, add);
}

#endif
