/** Tiles of a product in AMX's registers: 32 rows × 32 columns of sums in four of them, two for
 *  rows and two for columns. */
#ifndef TYTO_KERNELS_X86_TILES_AMX_H
#define TYTO_KERNELS_X86_TILES_AMX_H

#include <stdint.h>
#include <string.h>

#include "kernels/x86/amx.h"
#include "kernels/x86/vector_avx512_bf16.h"

/* Of a register. */
#define TILE_ROWS 16
#define TILE_BYTES 64
/* Of a product's tile: rows and columns, and bytes of a row of sums. */
#define TILES_ROWS (2 * TILE_ROWS)
#define TILES_COLUMNS (2 * VF_LANES)
#define SUMS_STRIDE (TILES_COLUMNS * 4)
/* Bytes of the part of a and of b that one step of registers takes. */
#define STEP_BYTES (TILES_ROWS * TILE_BYTES)

/* The lanes of a vector at `at` that are among the first n. */
static inline __mmask16 amx_lanes(int64_t n, int64_t at)
{
    return (__mmask16)(n - at >= VF_LANES ? 0xffff : n > at ? (1u << (n - at)) - 1 : 0);
}

/* The compiler doesn't know that a load reads memory. */
#define tile_load(tile, source, stride)                                                            \
    do {                                                                                           \
        __asm__ volatile("" : : : "memory");                                                       \
        _tile_loadd(tile, source, stride);                                                         \
    } while (0)

/* The four registers of sums, 0 or from memory. */
static inline __attribute__((always_inline)) void tiles_start(const void *sums, bool add)
{
    const char *source = sums;
    if (add) {
        tile_load(0, source, SUMS_STRIDE);
        tile_load(1, source + TILE_BYTES, SUMS_STRIDE);
        tile_load(2, source + TILE_ROWS * SUMS_STRIDE, SUMS_STRIDE);
        tile_load(3, source + TILE_ROWS * SUMS_STRIDE + TILE_BYTES, SUMS_STRIDE);
    } else {
        _tile_zero(0);
        _tile_zero(1);
        _tile_zero(2);
        _tile_zero(3);
    }
}

static inline __attribute__((always_inline)) void tiles_give(void *sums)
{
    char *target = sums;
    _tile_stored(0, target, SUMS_STRIDE);
    _tile_stored(1, target + TILE_BYTES, SUMS_STRIDE);
    _tile_stored(2, target + TILE_ROWS * SUMS_STRIDE, SUMS_STRIDE);
    _tile_stored(3, target + TILE_ROWS * SUMS_STRIDE + TILE_BYTES, SUMS_STRIDE);
}

/* Bytes ahead that a step of registers asks for: few, so that they come from memory while a whole
 * chunk of rows is multiplied. */
#define TILES_FETCHED 256

static inline __attribute__((always_inline)) void tiles_fetch(const char *ahead)
{
#pragma GCC unroll 16
    for (int i = 0; i < TILES_FETCHED; i += TILE_BYTES) {
        _mm_prefetch(ahead + i, _MM_HINT_T1);
    }
}

/* One step: sums += a·b by `multiply`, an instruction; `other` is done after each of its four. */
#define TILES_STEP_WITH(multiply, a, b, other)                                                     \
    do {                                                                                           \
        tile_load(4, a, TILE_BYTES);                                                               \
        tile_load(6, b, 2 * TILE_BYTES);                                                           \
        multiply(0, 4, 6);                                                                         \
        other;                                                                                     \
        tile_load(7, (b) + TILE_BYTES, 2 * TILE_BYTES);                                            \
        multiply(1, 4, 7);                                                                         \
        other;                                                                                     \
        tile_load(5, (a) + TILE_ROWS * TILE_BYTES, TILE_BYTES);                                    \
        multiply(2, 5, 6);                                                                         \
        other;                                                                                     \
        multiply(3, 5, 7);                                                                         \
        other;                                                                                     \
    } while (0)

#define TILES_STEP(multiply, a, b) TILES_STEP_WITH(multiply, a, b, (void)0)

/* sums = (add ? sums : 0) + a·b over `lines` lines of b, each of which is all columns of what lies
 * side by side in 32 bits. After the last whole step a has zeros; b is copied up to its end. */
#define TILES_PRODUCT(multiply, lines, a, b, sums, add, ahead)                                     \
    do {                                                                                           \
        const char *rows = (const char *)(a), *columns = (const char *)(b),                        \
                   *next = (const char *)(ahead);                                                  \
        const bool fetches = next != NULL;                                                         \
        tiles_start(sums, add);                                                                    \
        for (int64_t step = 0; step < (lines) / TILE_ROWS; step++) {                               \
            if (fetches) {                                                                         \
                tiles_fetch(next);                                                                 \
                next += TILES_FETCHED;                                                             \
            }                                                                                      \
            TILES_STEP(multiply, rows, columns);                                                   \
            rows += STEP_BYTES;                                                                    \
            columns += STEP_BYTES;                                                                 \
        }                                                                                          \
        if ((lines) % TILE_ROWS) {                                                                 \
            char last[STEP_BYTES] __attribute__((aligned(64))) = {0};                              \
            memcpy(last, columns, (size_t)((lines) % TILE_ROWS) * 2 * TILE_BYTES);                 \
            TILES_STEP(multiply, rows, last);                                                      \
        }                                                                                          \
        tiles_give(sums);                                                                          \
    } while (0)

/* Rounds of products by `multiply`, from operands that fill a register and change from row to row:
 * a core slows down under such work, not under zeros. Four registers of sums at a time hide the
 * latency of a product. Gives products of one register with one. */
#define TILES_ROUNDS(multiply, operand, rounds)                                                    \
    do {                                                                                           \
        char sums[TILES_ROWS * SUMS_STRIDE] __attribute__((aligned(64)));                          \
        tyto_amx_begin();                                                                          \
        tiles_start(NULL, false);                                                                  \
        tile_load(4, operand, TILE_BYTES);                                                         \
        tile_load(5, operand, TILE_BYTES);                                                         \
        tile_load(6, operand, TILE_BYTES);                                                         \
        tile_load(7, operand, TILE_BYTES);                                                         \
        for (int64_t n = 0; n < (rounds); n++) {                                                   \
            multiply(0, 4, 6);                                                                     \
            multiply(1, 4, 7);                                                                     \
            multiply(2, 5, 6);                                                                     \
            multiply(3, 5, 7);                                                                     \
        }                                                                                          \
        tiles_give(sums);                                                                          \
        tyto_amx_end();                                                                            \
        volatile char keep = sums[0];                                                              \
        (void)keep;                                                                                \
    } while (0)

#endif
