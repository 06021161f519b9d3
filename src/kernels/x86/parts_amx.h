/** Floats as parts for AMX's registers of tiles, which multiply bf16: for attention, whose sums are
 *  short.
 *
 *  A float is the sum of three parts, each of them a bf16: what rounding to bf16 gives, what is
 * left of that cut off, and the rest. Of the nine products of two numbers' parts the six largest
 * are added up; those left out are below 2⁻²³ of the product, and mostly near 2⁻²⁶. A product of
 * two parts is exact, and 32 of them are added before they meet a sum.
 *
 *  Infinite numbers, those that rounding to bf16 makes infinite (from 2¹²⁸·(1 − 2⁻⁹) on), and
 *  products that overflow come out as no numbers. Parts below the least normal float count as 0, so
 *  numbers below some 2⁻¹¹⁰ keep fewer digits. */
#ifndef TYTO_KERNELS_X86_PARTS_AMX_H
#define TYTO_KERNELS_X86_PARTS_AMX_H

#include "kernels/x86/tiles_amx.h"

#define PARTS 3
/* Bytes of all parts of a or b that one step of registers takes: [PARTS][STEP_BYTES]. Steps i and
 * i + 16 of 32 lie side by side. */
#define PARTS_STEP_BYTES (PARTS * STEP_BYTES)

/* The parts of 32 numbers, those of `first` beside those of `second`, `apart` bytes apart. */
static inline __attribute__((always_inline)) void parts_split_apart(vf first, vf second,
                                                                    char *target, int64_t apart)
{
    const vb high = _mm512_set1_epi32((int)0xffff0000), half = _mm512_set1_epi32(0x8000);
    const vb even = _mm512_add_epi32(vf_bits(first), half),
             odd = _mm512_and_si512(_mm512_add_epi32(vf_bits(second), half), high);
    vb_store(target, _mm512_or_si512(_mm512_srli_epi32(even, 16), odd));
    const vf even_left = vf_sub(first, vb_as_vf(_mm512_and_si512(even, high))),
             odd_left = vf_sub(second, vb_as_vf(odd));
    const vb odd_cut = _mm512_and_si512(vf_bits(odd_left), high);
    vb_store(target + apart, _mm512_or_si512(_mm512_srli_epi32(vf_bits(even_left), 16), odd_cut));
    const vf even_rest = vf_sub(even_left, vb_as_vf(_mm512_and_si512(vf_bits(even_left), high))),
             odd_rest = vf_sub(odd_left, vb_as_vf(odd_cut));
    vb_store(target + 2 * apart,
             /* Below the normal floats the rest has more bits than bf16 has. */
             _mm512_ternarylogic_epi32(_mm512_srli_epi32(vf_bits(even_rest), 16), vf_bits(odd_rest),
                                       high, 0xf8));
}

/* The same as an operand of a step of registers has them. */
static inline __attribute__((always_inline)) void parts_split(vf first, vf second, char *target)
{
    parts_split_apart(first, second, target, STEP_BYTES);
}

/* Part `part` of a step's rows, in two registers. */
#define PARTS_ROWS(a, part)                                                                        \
    do {                                                                                           \
        tile_load(4, (a) + (part)*STEP_BYTES, TILE_BYTES);                                         \
        tile_load(5, (a) + (part)*STEP_BYTES + TILE_ROWS * TILE_BYTES, TILE_BYTES);                \
    } while (0)
#define PARTS_FOUR(other)                                                                          \
    do {                                                                                           \
        _tile_dpbf16ps(0, 4, 6);                                                                   \
        _tile_dpbf16ps(1, 4, 7);                                                                   \
        _tile_dpbf16ps(2, 5, 6);                                                                   \
        _tile_dpbf16ps(3, 5, 7);                                                                   \
        other;                                                                                     \
    } while (0)

/* Sums that are on their way to those before them. */
typedef struct parts_addend {
    const float *source;
    float *target;
    int64_t left; /* quarters */
} parts_addend;
#define PARTS_QUARTER (TILES_ROWS * TILES_COLUMNS / 4)

/* A quarter of them, so that it's done in any step. */
static inline __attribute__((always_inline)) void parts_add_some(parts_addend *addend)
{
    if (addend->left) {
#pragma GCC unroll 16
        for (int i = 0; i < PARTS_QUARTER; i += VF_LANES) {
            vf_store(addend->target + i,
                     vf_add(vf_load(addend->target + i), vf_load(addend->source + i)));
        }
        addend->source += PARTS_QUARTER;
        addend->target += PARTS_QUARTER;
        addend->left--;
    }
}

#endif
