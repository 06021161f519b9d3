/** Products of floats in AMX's registers of tiles, which multiply bf16 alone.
 *
 *  A float is the sum of three parts, each of them a bf16: what rounding to bf16 gives, what is
 * left of that cut off, and the rest. Of the nine products of two numbers' parts the six largest
 * are added up; those left out are below 2⁻²³ of the product, and mostly near 2⁻²⁶. A product of
 * two parts is exact, and 32 of them are added before they meet a sum. What is rounded then grows
 * with the sum, so a tile's sums take the smaller products of all steps before the largest ones.
 *
 *  Infinite numbers, those that rounding to bf16 makes infinite (from 2¹²⁸·(1 − 2⁻⁹) on), and
 *  products that overflow come out as no numbers. Parts below the least normal float count as 0, so
 *  numbers below some 2⁻¹¹⁰ keep fewer digits. */
#ifndef TYTO_KERNELS_X86_PARTS_AMX_H
#define TYTO_KERNELS_X86_PARTS_AMX_H

#include "kernels/x86/tiles_amx.h"

/* Bytes of all parts of a or b that one step of registers takes: [TYTO_PARTS][STEP_BYTES]. Steps i
 * and i + 16 of 32 lie side by side. */
#define PARTS_STEP_BYTES (TYTO_PARTS * STEP_BYTES)
/* Steps of registers of a sum: what is rounded grows with its length. */
#define PARTS_DEPTH 32
/* Bytes ahead that a step asks for, a sixth of it with each pair of parts. */
#define PARTS_FETCHED 2304

/* The parts of 32 numbers, those of `first` beside those of `second`, `apart` bytes apart. */
static inline __attribute__((always_inline)) void parts_split_apart(vf first, vf second, char *to,
                                                                    int64_t apart)
{
    const vb high = _mm512_set1_epi32((int)0xffff0000), half = _mm512_set1_epi32(0x8000);
    const vb even = _mm512_add_epi32(vf_bits(first), half),
             odd = _mm512_and_si512(_mm512_add_epi32(vf_bits(second), half), high);
    vb_store(to, _mm512_or_si512(_mm512_srli_epi32(even, 16), odd));
    const vf even_left = vf_sub(first, vb_as_vf(_mm512_and_si512(even, high))),
             odd_left = vf_sub(second, vb_as_vf(odd));
    const vb odd_cut = _mm512_and_si512(vf_bits(odd_left), high);
    vb_store(to + apart, _mm512_or_si512(_mm512_srli_epi32(vf_bits(even_left), 16), odd_cut));
    const vf even_rest = vf_sub(even_left, vb_as_vf(_mm512_and_si512(vf_bits(even_left), high))),
             odd_rest = vf_sub(odd_left, vb_as_vf(odd_cut));
    vb_store(to + 2 * apart,
             /* Below the normal floats the rest has more bits than bf16 has. */
             _mm512_ternarylogic_epi32(_mm512_srli_epi32(vf_bits(even_rest), 16), vf_bits(odd_rest),
                                       high, 0xf8));
}

/* The same as an operand of a step of registers has them. */
static inline __attribute__((always_inline)) void parts_split(vf first, vf second, char *to)
{
    parts_split_apart(first, second, to, STEP_BYTES);
}

/* Part `part` of a step's rows or columns, in two registers. */
#define PARTS_ROWS(a, part)                                                                        \
    do {                                                                                           \
        tile_load(4, (a) + (part)*STEP_BYTES, TILE_BYTES);                                         \
        tile_load(5, (a) + (part)*STEP_BYTES + TILE_ROWS * TILE_BYTES, TILE_BYTES);                \
    } while (0)
#define PARTS_COLUMNS(b, part)                                                                     \
    do {                                                                                           \
        tile_load(6, (b) + (part)*STEP_BYTES, 2 * TILE_BYTES);                                     \
        tile_load(7, (b) + (part)*STEP_BYTES + TILE_BYTES, 2 * TILE_BYTES);                        \
    } while (0)
#define PARTS_FOUR(other)                                                                          \
    do {                                                                                           \
        _tile_dpbf16ps(0, 4, 6);                                                                   \
        _tile_dpbf16ps(1, 4, 7);                                                                   \
        _tile_dpbf16ps(2, 5, 6);                                                                   \
        _tile_dpbf16ps(3, 5, 7);                                                                   \
        other;                                                                                     \
    } while (0)
/* One step of all pairs of parts but the largest, in an order that loads little; `other` is done
 * after each. */
#define PARTS_SMALLER(a, b, other)                                                                 \
    do {                                                                                           \
        PARTS_ROWS(a, 2);                                                                          \
        PARTS_COLUMNS(b, 0);                                                                       \
        PARTS_FOUR(other);                                                                         \
        PARTS_ROWS(a, 1);                                                                          \
        PARTS_FOUR(other);                                                                         \
        PARTS_COLUMNS(b, 1);                                                                       \
        PARTS_FOUR(other);                                                                         \
        PARTS_ROWS(a, 0);                                                                          \
        PARTS_FOUR(other);                                                                         \
        PARTS_COLUMNS(b, 2);                                                                       \
        PARTS_FOUR(other);                                                                         \
    } while (0)
/* And of the largest. */
#define PARTS_LARGEST(a, b, other)                                                                 \
    do {                                                                                           \
        PARTS_ROWS(a, 0);                                                                          \
        PARTS_COLUMNS(b, 0);                                                                       \
        PARTS_FOUR(other);                                                                         \
    } while (0)

/* The first of `left` floats that are there, the rest 0. */
static inline vf parts_some(const float *x, int64_t left)
{
    return _mm512_maskz_loadu_ps(amx_lanes(left, 0), x);
}

/* packed[⌈k/32⌉][TYTO_PARTS][TILES_ROWS][32] */
static void pack_parts(int64_t k, const float *x, int64_t ldx, int rows, void *packed)
{
    char *to = packed;
    for (int64_t i = 0; i < k; i += VB_LANES, to += PARTS_STEP_BYTES) {
        for (int r = 0; r < TILES_ROWS; r++) {
            const float *row = x + r * ldx + i;
            const int64_t left = r < rows ? k - i : 0;
            parts_split(parts_some(row, left), parts_some(row + VF_LANES, left - VF_LANES),
                        to + r * TILE_BYTES);
        }
    }
}

/* parts[⌈k/32⌉][TYTO_PARTS][16][TILES_COLUMNS][2] */
static void split_columns(int64_t k, const float *b, void *parts)
{
    for (int64_t i = 0; i < (k + VB_LANES - 1) / VB_LANES * TILE_ROWS; i++) {
        const int64_t step = i / TILE_ROWS * VB_LANES + i % TILE_ROWS;
        const float *first = b + step * TILES_COLUMNS, *second = first + TILE_ROWS * TILES_COLUMNS;
        char *to =
            (char *)parts + i / TILE_ROWS * PARTS_STEP_BYTES + i % TILE_ROWS * 2 * TILE_BYTES;
        for (int c = 0; c < TILES_COLUMNS; c += VF_LANES) {
            const vf low = step < k ? vf_load(first + c) : vf_set(0.0f),
                     high = step + TILE_ROWS < k ? vf_load(second + c) : vf_set(0.0f);
            parts_split(low, high, to + c * (int)sizeof(float));
        }
    }
}

static inline __attribute__((always_inline)) void parts_fetch(const char **next)
{
    if (*next) {
#pragma GCC unroll 8
        for (int i = 0; i < PARTS_FETCHED / 6; i += TILE_BYTES) {
            _mm_prefetch(*next + i, _MM_HINT_T1);
        }
        *next += PARTS_FETCHED / 6;
    }
}

/* Sums that are on their way to those before them. */
typedef struct parts_addend {
    const float *from;
    float *to;
    int64_t left; /* quarters */
} parts_addend;
#define PARTS_QUARTER (TILES_ROWS * TILES_COLUMNS / 4)

/* A quarter of them, so that it's done in any step. */
static inline __attribute__((always_inline)) void parts_add_some(parts_addend *addend)
{
    if (addend->left) {
#pragma GCC unroll 16
        for (int i = 0; i < PARTS_QUARTER; i += VF_LANES) {
            vf_store(addend->to + i, vf_add(vf_load(addend->to + i), vf_load(addend->from + i)));
        }
        addend->from += PARTS_QUARTER;
        addend->to += PARTS_QUARTER;
        addend->left--;
    }
}

/* Sums in registers are PARTS_DEPTH steps long at most, and are added to those before while the
 * next ones are made. In each the largest products come last, since what is rounded grows with what
 * a product is added to. */
static void multiply_parts(int64_t k, const void *a, const void *b, float *acc, bool add,
                           const void *ahead)
{
    const int64_t steps = (k + VB_LANES - 1) / VB_LANES,
                  count = (steps + PARTS_DEPTH - 1) / PARTS_DEPTH;
    const char *rows = a, *columns = b, *next = ahead;
    float sums[4 * PARTS_QUARTER] __attribute__((aligned(64)));
    parts_addend addend = {.left = 0};
    for (int64_t i = 0; i < count; i++) {
        const int64_t first = steps * i / count, own = steps * (i + 1) / count - first;
        tiles_start(NULL, false);
        for (int64_t s = 0; s < own; s++) {
            PARTS_SMALLER(rows + s * PARTS_STEP_BYTES, columns + s * PARTS_STEP_BYTES,
                          parts_fetch(&next);
                          parts_add_some(&addend));
        }
        for (int64_t s = 0; s < own; s++) {
            PARTS_LARGEST(rows + s * PARTS_STEP_BYTES, columns + s * PARTS_STEP_BYTES,
                          parts_fetch(&next));
        }
        if (i == 0 && !add) {
            tiles_give(acc);
        } else {
            tiles_give(sums);
            addend = (parts_addend){.from = sums, .to = acc, .left = 4};
        }
        rows += own * PARTS_STEP_BYTES;
        columns += own * PARTS_STEP_BYTES;
    }
    while (addend.left) {
        parts_add_some(&addend);
    }
}

#endif
