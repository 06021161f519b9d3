/** Products of floats as whole numbers of four digits to the base 256, where the CPU multiplies
 *  8-bit whole numbers so much faster that it pays.
 *
 *  A row's largest magnitude m sets a step, m/(127·2²⁴), in which its numbers are counted: q =
 *  round(x·127·2²⁴/m) = ((d₀·256 + d₁)·256 + d₂)·256 + d₃, each digit in −128 … 127. A product of
 *  two rows is one of whole numbers for each pair of digits dᵢ and eⱼ, whose weight is i + j; sums
 *  of pairs of one weight are exact, and weights above 3 are left out.
 *
 *  Columns, the weights of a layer, have four digits: what is off in them would be so in every
 *  product. Rows have three, but those in which numbers stand out, as the 50 in a row of numbers
 *  about 1, have the fourth too (tyto_digits_stand_out), whatever their neighbours are.
 *
 *  So a product is off by some 2⁻²⁴ of max|x|·max|w|·√k, and by less with four digits; a number
 *  that is next to nothing beside its row's largest counts as 0, even where that one meets a weight
 *  of 0. A row with an infinite number comes to no numbers.
 *
 *  source  Ootomo, Ozaki and Yokota 2024, who make products in double precision so
 *
 *  Definitions: src/kernels/scalar/digits_definitions.h. */
#ifndef TYTO_KERNELS_DIGITS_H
#define TYTO_KERNELS_DIGITS_H

#include <math.h>

#include "kernels/kernels.h"

#define TYTO_DIGITS 4
/** Digits that every row has. */
#define TYTO_DIGITS_LEADING 3
/** Pairs of digits in most products. */
#define TYTO_DIGITS_PAIRS 9
/** What a row's largest magnitude counts as: 127·2²⁴. */
#define TYTO_DIGITS_MOST 2130706432.0
/** And in first digits. */
#define TYTO_DIGITS_FIRST 127.0f
/** A row whose largest magnitude is below this counts as zeros. */
#define TYTO_DIGITS_LEAST 0x1p-90f
/** Neighbours along k whose digits are interleaved. */
#define TYTO_DIGITS_INTERLEAVE 64
/** Longest sum: so many products of two digits, by four pairs, fit 32 bits. */
#define TYTO_DIGITS_DEPTH_MAX 32704

/** What a row is counted by, its largest magnitude: 0 when it counts as zeros, NaN when a number is
 *  not finite. */
static inline float tyto_digits_size(float most)
{
    return !isfinite(most) ? NAN : most < TYTO_DIGITS_LEAST ? 0.0f : most;
}

/** What numbers of such a row are multiplied by to be counted. */
static inline double tyto_digits_inverse(float size)
{
    return size > 0.0f ? TYTO_DIGITS_MOST / (double)size : 0.0;
}

/** The number that a column's digits stand for: the very one that they were made of where it is at
 *  least a 64th of the column's size. */
static inline float tyto_digits_value(const int8_t digits[TYTO_DIGITS], float size)
{
    const double whole =
        (((double)digits[0] * 256.0 + digits[1]) * 256.0 + digits[2]) * 256.0 + digits[3];
    return (float)(whole * (double)size / TYTO_DIGITS_MOST);
}

/** A tile of rows from some k on. Scales are size/127², a column's its size, so that both
 *  make what a product of first digits is worth, and sizes of weights stay what they are. */
typedef struct tyto_digits_rows {
    const void *leading; /* [⌈k/64⌉][TYTO_DIGITS_LEADING][rows][64] */
    const void *last;    /* [⌈k/64⌉][rows][64], or NULL: they are 0 */
    const float *scales; /* [rows] */
} tyto_digits_rows;

/** A panel of columns from some k on. Scales are sizes. */
typedef struct tyto_digits_columns {
    const void *digits;  /* [⌈k/64⌉][TYTO_DIGITS][columns/16][16][16][4]: four k of sixteen
                            columns lie side by side */
    const float *scales; /* [columns] */
} tyto_digits_columns;

/** Columns that lie side by side. */
#define TYTO_DIGITS_COLUMNS 16

struct tyto_digits_kernels {
    int rows;           /* of a tile of the matrix product, which has gemm_columns */
    int prefetch_bytes; /* that one k asks for ahead */
    int kc;             /* k that tile should be called for */
    /** Around a thread's calls of tile. */
    void (*begin)(void);
    void (*end)(void);
    /** The digits of x[rows][k], rows ldx elements apart: leading and last, one after the other,
     * and scales[rows]. Missing rows are 0, with scale 0; a row with a number that is not finite
     * has zeros and the scale NaN. The last digits of rows in which no number stands out are 0;
     * where no row has others they are left out. Gives whether they are there. */
    bool (*pack)(int64_t k, const float *x, int64_t ldx, int rows, void *packed, float *scales);
    /** max|x|, or what is not finite when there is such a number. */
    float (*most)(int64_t k, const float *x);
    /** The digits of x[…] as column `column` of a panel of that k: those at … at+63, or those that
     *  are there, `at` being a multiple of 64. They are counted in double precision, by `size` of
     *  the whole column, which is above 0. */
    void (*pack_column)(int64_t k, int64_t at, const float *x, float size, int column, void *panel);
    /** acc[rows][gemm_columns] = (add ? acc : 0) + a·b over groups·64 k, at most
     *  TYTO_DIGITS_DEPTH_MAX; acc 64-byte aligned
     *  ahead    as for floats */
    void (*tile)(int64_t groups, const tyto_digits_rows *a, const tyto_digits_columns *b,
                 float *acc, bool add, const void *ahead);
};

/** Bytes of the digits of k numbers of so many rows or columns. */
static inline int64_t tyto_digits_bytes(int64_t k, int64_t across)
{
    return (k + TYTO_DIGITS_INTERLEAVE - 1) / TYTO_DIGITS_INTERLEAVE * TYTO_DIGITS_INTERLEAVE *
           across * TYTO_DIGITS;
}

/** Where digit d of number i of a column lies in a panel, in bytes; columns are a multiple of
 *  TYTO_DIGITS_COLUMNS. */
static inline int64_t tyto_digits_place(int64_t columns, int d, int64_t i, int column)
{
    const int64_t fours = TYTO_DIGITS_INTERLEAVE / 4, within = i % TYTO_DIGITS_INTERLEAVE,
                  group = (i / TYTO_DIGITS_INTERLEAVE * TYTO_DIGITS + d) *
                              (columns / TYTO_DIGITS_COLUMNS) +
                          column / TYTO_DIGITS_COLUMNS;
    return ((group * fours + within / 4) * TYTO_DIGITS_COLUMNS + column % TYTO_DIGITS_COLUMNS) * 4 +
           within % 4;
}

/** Whether a row takes its fourth digit; `squares` are Σ(x/size)². Counted in 2⁻²⁴ of √k times both
 *  root mean squares, a row's numbers of three digits are off by √(k/squares/3) when what is off is
 *  as good as random; a sum of floats is off by some √k/4, and by 5 to 6 where it is cut into short
 *  ones. Numbers about 0, such as a layer norm's, have k/squares of 10 to 30. */
static inline bool tyto_digits_stand_out(int64_t k, float squares)
{
    const float most = k < 384 ? (float)k / 8.0f : 48.0f;
    return (float)k > most * squares;
}

#endif
