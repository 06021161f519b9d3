#include <stdint.h>
#include <string.h>

#include "kernels/x86/attend_amx.h"
#include "kernels/x86/attend_parts_amx.h"
#include "kernels/x86/digits_amx.h"
#include "kernels/x86/gather_amx.h"
#include "kernels/x86/grid_amx.h"
#include "kernels/x86/grid_parts_amx.h"
#include "kernels/x86/parts_amx.h"
#include "kernels/x86/tiles_amx.h"

void tyto_amx_begin(void)
{
    /* As the instruction reads it: palette 1, and of each register the bytes of a row and the rows.
     */
    struct {
        uint8_t palette, start_row, reserved[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } config __attribute__((aligned(64))) = {.palette = 1};
    for (int i = 0; i < 8; i++) {
        config.bytes[i] = TILE_BYTES;
        config.rows[i] = TILE_ROWS;
    }
    __asm__ volatile("" : : "r"(&config) : "memory");
    _tile_loadconfig(&config);
}

void tyto_amx_end(void)
{
    _tile_release();
}

/* packed[⌈k/32⌉][TILES_ROWS][32]: neighbours stay neighbours. */
static void pack_tiles(int64_t k, const float *x, int64_t ldx, int rows, void *packed)
{
    const int64_t whole = k / VB_LANES * VB_LANES;
    const int left = (int)(k - whole), most = left < VF_LANES ? left : VF_LANES;
    const __mmask16 low = (__mmask16)((1u << most) - 1),
                    high = (__mmask16)((1u << (left - most)) - 1);
    for (int r = 0; r < TILES_ROWS; r++) {
        const float *row = x + r * ldx;
        char *target = (char *)packed + r * TILE_BYTES;
        for (int64_t i = 0; i < whole; i += VB_LANES, target += STEP_BYTES) {
            vb_store(target, r < rows ? vb_neighbours(vf_load(row + i), vf_load(row + i + VF_LANES))
                                      : _mm512_setzero_si512());
        }
        if (left) {
            vb_store(target, r < rows
                                 ? vb_neighbours(_mm512_maskz_loadu_ps(low, row + whole),
                                                 _mm512_maskz_loadu_ps(high, row + whole + most))
                                 : _mm512_setzero_si512());
        }
    }
}

/* The same from numbers that are bf16 already: lines are copied. */
static void copy_tiles(int64_t k, const uint16_t *x, int64_t ldx, int rows, void *packed)
{
    const int64_t whole = k / VB_LANES * VB_LANES;
    const __mmask32 left = (__mmask32)((1ull << (k - whole)) - 1);
    for (int r = 0; r < TILES_ROWS; r++) {
        const uint16_t *row = x + r * ldx;
        char *target = (char *)packed + r * TILE_BYTES;
        for (int64_t i = 0; i < whole; i += VB_LANES, target += STEP_BYTES) {
            vb_store(target, r < rows ? vb_load(row + i) : _mm512_setzero_si512());
        }
        if (left) {
            vb_store(target, r < rows ? _mm512_maskz_loadu_epi16(left, row + whole)
                                      : _mm512_setzero_si512());
        }
    }
}

static void multiply_tile(int64_t k, const void *a, const uint16_t *b, float *acc, bool add,
                          const void *ahead)
{
    TILES_PRODUCT(_tile_dpbf16ps, k / 2, a, b, acc, add, ahead);
}

/* Numbers between 1/2 and 1 of either sign. */
static double tile_rounds(int64_t rounds)
{
    uint16_t numbers[TILE_ROWS * VB_LANES] __attribute__((aligned(64)));
    for (int i = 0; i < TILE_ROWS * VB_LANES; i++) {
        numbers[i] = (uint16_t)(0x3f00 + i * 37 % 128 + (i * 5 % 7 % 2) * 0x8000);
    }
    TILES_ROUNDS(_tile_dpbf16ps, numbers, rounds);
    return (double)rounds * 2.0 * TILES_ROWS * TILES_COLUMNS * VB_LANES;
}

static const tyto_gather_kernels gather_amx = {
    .packed_bytes = gather_amx_bytes,
    .pack = gather_amx_pack,
    .attend = attend_gather_amx,
    .scratch = gather_amx_scratch,
};

const tyto_bf16_kernels tyto_bf16_amx = {
    .dot = true,
    .rows = TILES_ROWS,
    .a_bytes = sizeof(uint16_t),
    .a_interleave = VB_LANES,
    .kc = 256,
    .prefetch_bytes = TILES_FETCHED / VB_LANES,
    .begin = tyto_amx_begin,
    .end = tyto_amx_end,
    .gemm_pack = pack_tiles,
    .gemm_pack_bf16 = copy_tiles,
    .widen = widen,
    .gemm_tile = multiply_tile,
    .gemm_finish = gemm_finish_pairs,
    .attend = attend_amx,
    .attend_scratch = attend_amx_scratch,
    .attend_grid = attend_grid_amx,
    .attend_grid_scratch = attend_grid_amx_scratch,
    .gather = &gather_amx,
    .dot_rounds = tile_rounds,
};

const tyto_parts_kernels tyto_parts_amx = {
    .rows = TILES_ROWS,
    .attend_keys_min = 2 * AMX_KEYS,
    .attend_channels_min = 2 * TILES_COLUMNS,
    .attend = attend_parts,
    .attend_scratch = attend_parts_scratch,
    .attend_grid = attend_grid_parts,
    .attend_grid_scratch = attend_grid_parts_scratch,
};

const tyto_digits_kernels tyto_digits_amx = {
    .rows = TILES_ROWS,
    .prefetch_bytes = DIGITS_FETCHED / TYTO_DIGITS_INTERLEAVE,
    .kc = 384,
    .begin = tyto_amx_begin,
    .end = tyto_amx_end,
    .pack = pack_digits,
    .most = digits_most,
    .pack_column = pack_digits_column,
    .tile = multiply_digits,
};
