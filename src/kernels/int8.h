/** Products of 8-bit whole numbers: one table of functions per way that a CPU can sum them.
 *
 *  Activations are quantised row by row as they are packed: q = round(x·smooth·127/max|x·smooth|),
 *  to even at ties. Weights come quantised, each output by a scale of its own. Sums are exact, so
 *  products of every table have the same bits. Definitions: scalar/int8_definitions.h, and, of
 *  attention, scalar/attend_int8_definitions.h. */
#ifndef TYTO_KERNELS_INT8_H
#define TYTO_KERNELS_INT8_H

#include "kernels/kernels.h"

/** Quantised numbers lie in −TYTO_INT8_MOST … TYTO_INT8_MOST. */
#define TYTO_INT8_MOST 127
/** Neighbours along k that are interleaved in packed weights. */
#define TYTO_INT8_INTERLEAVE 4
/** Longest sum: so many products of two such numbers fit 32 bits. */
#define TYTO_INT8_DEPTH_MAX 131072
/** Keys of a block of attention. */
#define TYTO_INT8_ATTEND_KEYS 128
/** A row whose largest magnitude is below this counts as zeros. */
#define TYTO_INT8_LEAST 0x1p-100f

/** What turns the whole numbers of a tile into floats. */
typedef struct tyto_int8_scales {
    const float *rows;    /* [rows of a tile] */
    const float *columns; /* [columns of a tile] */
    const int32_t *sums;  /* [columns of a tile], Σ of each column of b over all of k */
} tyto_int8_scales;

typedef struct tyto_int8_kernels {
    const char *name;
    const char *isa;    /* family of the tables in kernels.h that it belongs to */
    int rows, columns;  /* of a tile, which has as many columns as that table's */
    int offset;         /* what packed activations are raised by: 128 where the instruction takes
                          them without sign, else 0 */
    int a_interleave;   /* neighbours along k that lie side by side in packed activations */
    int kc;             /* k that `part` should be called for, or 0: no parts */
    int prefetch_bytes; /* that one k asks for ahead */

    /** Around a thread's calls of tile and part, as in tyto_bf16_kernels. */
    void (*begin)(void);
    void (*end)(void);
    /** packed[⌈k/a_interleave⌉][rows][a_interleave] = x[rows][k] quantised, and scales[rows] = what
     *  one whole number is worth. Missing rows are 0, with scale 0; a row with a number that is not
     *  finite has the scale NaN, and zeros.
     *  rows     at most `rows` of the table; ldx elements apart
     *  smooth   [k] factors of x, or NULL */
    void (*pack)(int64_t k, const float *x, int64_t ldx, int rows, const float *smooth,
                 uint8_t *packed, float *scales);
    /** y[rows][columns] = (Σ a·b)·row scale·column scale, whole numbers until the last.
     *  shapes   a as packed, b[groups][columns][4]; y and b 64-byte aligned
     *  ahead    as in gemm_tile */
    void (*tile)(int64_t groups, const uint8_t *a, const int8_t *b, const tyto_int8_scales *scales,
                 float *y, const void *ahead);
    /** The same in parts: sums[rows][columns] = (add ? sums : 0) + Σ a·b, and at the end y of them.
     *  y may be sums. NULL: no parts. */
    void (*part)(int64_t groups, const uint8_t *a, const int8_t *b, int32_t *sums, bool add,
                 const void *ahead);
    void (*finish)(const int32_t *sums, const tyto_int8_scales *scales, float *y);
    /** Attention without masks, as in tyto_kernels, of queries, keys and values in whole numbers.
     *  NULL: that of bf16 is faster. */
    void (*attend)(const tyto_attend_job *job);
    int64_t (*attend_scratch)(int64_t qk_channels, int64_t v_channels);
    int queries; /* of a tile of attend */
    /** Runs `rounds` rounds of products in registers; gives their operations, two per product. */
    double (*dot_rounds)(int64_t rounds);
} tyto_int8_kernels;

extern const tyto_int8_kernels tyto_int8_scalar;
extern const tyto_int8_kernels tyto_int8_avx2;
extern const tyto_int8_kernels tyto_int8_avxvnni;
extern const tyto_int8_kernels tyto_int8_avx512;
extern const tyto_int8_kernels tyto_int8_vnni512;
extern const tyto_int8_kernels tyto_int8_amx;
extern const tyto_int8_kernels tyto_int8_neon;
extern const tyto_int8_kernels tyto_int8_dotprod;

/** The fastest table of the instruction set of `kernels` that this CPU can run. */
const tyto_int8_kernels *tyto_int8_select(const tyto_kernels *kernels);
/** All tables that this CPU can run; at most `most`. Returns how many. */
size_t tyto_int8_list(const tyto_int8_kernels **out, size_t most);

/** Bytes of a packed tile of that k. */
static inline int64_t tyto_int8_tile_bytes(const tyto_int8_kernels *kernels, int64_t k)
{
    return (k + kernels->a_interleave - 1) / kernels->a_interleave * kernels->a_interleave *
           kernels->rows;
}

#endif
