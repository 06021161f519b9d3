/** Arithmetic on raw pointers: one table of functions per instruction set.
 *
 *  Every table is made from the same text (src/kernels/vector/) over that set's vectors; the
 *  definitions that they are checked against are in src/kernels/scalar/definitions.h. A table is a
 *  constant value, so a test can use any that the CPU can run. */
#ifndef TYTO_KERNELS_KERNELS_H
#define TYTO_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

#include "kernels/activation.h"

/** What happens to a finished tile of a product: y = act(acc + bias) + residual. */
typedef struct tyto_epilogue {
    const float *bias; /* of the tile's first column, or NULL */
    tyto_activation activation;
    const float *residual; /* of the tile's first element, or NULL; may be y */
    int64_t residual_stride;
    void *y; /* floats, or the numbers in bf16 that tyto_bf16_kernels makes */
    int64_t y_stride;
} tyto_epilogue;

/** Distances in elements between neighbours of a [B,T,H,D] tensor; channels are adjacent. */
typedef struct tyto_attention_view {
    int64_t batch, token, head;
} tyto_attention_view;

/** Attention of some queries of one head: `tiles` tiles of attention_queries each.
 *  shapes   q[queries,D] k[keys,D] v[keys,V], rows `stride` elements apart
 *  masks    causal: query i sees keys ≤ first_query + i; key_mask[keys]: 0 hides a key. A hidden
 *           score has the most negative float added, as the reference does, so a query that sees
 *           nothing weighs its hidden keys equally. */
typedef struct tyto_attend_job {
    int64_t queries, keys, qk_channels, v_channels;
    float scale;
    const float *q, *k, *v;
    const uint16_t *q_bf16, *k_bf16, *v_bf16; /* instead: all three, where `dot` */
    int64_t q_stride, k_stride, v_stride;
    bool causal;
    int64_t first_query;
    const uint8_t *key_mask;
    float *out;         /* [queries,V] */
    uint16_t *out_bf16; /* instead, rounded, where `dot` */
    int64_t out_stride;
    float *scratch; /* attend_scratch(...) floats, 64-byte aligned */
} tyto_attend_job;

/** Up to `lanes` neighbouring queries of one line of a grid. */
typedef struct tyto_grid_run {
    int64_t first, queries;
    const float *column; /* [keys] rows of `lanes` floats, column_stride apart */
    const float *line;   /* [keys] */
} tyto_grid_run;

/** Attention of queries that lie on a grid, run by run: query i of a run sees key j at
 *      s = k[j]·q[first + i] + factor[first + i]·(column[j][i] + line[j]),
 *  and out = Σ 2^s·v[j] / Σ 2^s.
 *  shapes   q[·,D], factor[·] and out[·,V] of all queries; k[keys,D]; v in strips of
 *           attention_channels: [⌈V/strip⌉][keys][strip], missing channels 0
 *  runs     at most TYTO_ATTEND_TILES · attention_queries/lanes */
typedef struct tyto_grid_job {
    int64_t keys, qk_channels, v_channels;
    const tyto_grid_run *runs;
    int64_t count;
    const float *q, *factor, *k, *v;
    const uint16_t *v_pairs; /* in bf16: [⌈V/strip⌉][⌈keys/2⌉][strip][2], a missing key 0 */
    int64_t q_stride, k_stride, column_stride;
    float *out;
    int64_t out_stride;
    float *scratch; /* attend_grid_scratch(...) floats, 64-byte aligned */
} tyto_grid_job;

/** Attention of one tile of queries to more keys, which are values too: state goes on from call to
 *  call. Key j has the score
 *      s = x[j]·q + factor[j]·(column[j] + line)
 *  and its weight w = 2^(s − most) is added up: sum += w, o += w·x[j], and w·factor[j] to
 *  column_sums[j] and line_sum. When `most` has to rise, all of `state` shrinks.
 *  shapes   x[keys,D]; the others have a row of attention_queries for each channel, key, or alone
 *  memory   o, column_sums and line_sum lie in state[rows]; sum does not. At first most is
 *           −FLT_MAX, the rest 0 */
typedef struct tyto_gather_job {
    int64_t keys, channels;
    const float *x;
    int64_t x_stride;
    const float *q;
    const float *factor; /* NULL: column, line and the sums beside them are not there */
    const float *column, *line;
    float *most, *sum, *o, *column_sums, *line_sum;
    float *state;
    int64_t rows;
    float *scratch;     /* TYTO_GATHER_SCRATCH_ROWS rows of attention_queries, 64-byte aligned */
    const void *packed; /* for tyto_gather_kernels, in place of x: key 0 is number first of these */
    int64_t first;
} tyto_gather_job;

/** Key rows whose scores are held at once. */
#define TYTO_ATTEND_KEYS 128
#define TYTO_GATHER_SCRATCH_ROWS (TYTO_ATTEND_KEYS + 1)
/** Tiles of queries that share a block of keys while it is in the cache. */
#define TYTO_ATTEND_TILES 16

/** Keys of tyto_gather_kernels that are packed together. */
#define TYTO_GATHER_KEYS 32

/** Attention to more keys where a piece of them is packed once for all tiles of queries. */
typedef struct tyto_gather_kernels {
    /** Bytes of TYTO_GATHER_KEYS keys. */
    int64_t (*packed_bytes)(int64_t channels);
    /** TYTO_GATHER_KEYS keys of x[keys,channels], rows ldx elements apart; missing keys are 0. */
    void (*pack)(int64_t keys, int64_t channels, const float *x, int64_t ldx, void *packed);
    /** As attend_gather: x is rounded as a value, and two parts of it and of q count as keys and
     *  queries. */
    void (*attend)(const tyto_gather_job *job);
    /** Floats of scratch for it. */
    int64_t (*scratch)(int64_t channels);
} tyto_gather_kernels;

/** Products and attention whose operands are rounded to bf16; sums are floats. Numbers below the
 *  least normal float may count as 0.
 *
 *  Two neighbours along k lie side by side, a pair; an odd k's last pair has a 0. Where the CPU
 *  multiplies pairs itself, both operands are pairs; elsewhere pairs of b are widened in registers,
 *  and a is packed as floats that were rounded. */
typedef struct tyto_bf16_kernels {
    bool dot;           /* the CPU multiplies pairs itself */
    int rows;           /* of a tile of the matrix product, which has gemm_columns */
    int a_bytes;        /* of an element of a packed */
    int a_interleave;   /* neighbours along k that lie side by side in a packed, 2 or 32 */
    int kc;             /* k whose part of b should stay in the first-level cache, or 0 */
    int prefetch_bytes; /* that one k asks for ahead */

    /** Around a thread's calls of gemm_tile: registers of tiles have to be set up. NULL where there
     *  are none. */
    void (*begin)(void);
    void (*end)(void);
    /** a packed for gemm_tile from x[rows][k], rows ldx elements apart; missing rows are 0: pairs
     *  [⌈k/2⌉][rows][2], floats [2·⌈k/2⌉][rows], or [⌈k/32⌉][rows][32].
     *  rows     at most `rows` of the table */
    void (*gemm_pack)(int64_t k, const float *x, int64_t ldx, int rows, void *packed);
    /** The same from x that is rounded already. NULL where the CPU doesn't multiply pairs itself.
     */
    void (*gemm_pack_bf16)(int64_t k, const uint16_t *x, int64_t ldx, int rows, void *packed);
    /** y[i] = x[i], as floats. NULL as gemm_pack_bf16. */
    void (*widen)(int64_t count, const uint16_t *x, float *y);
    /** acc[rows][gemm_columns] = (add ? acc : 0) + a·b, for an even k
     *  shapes   a as gemm_pack gives it, b[k/2][gemm_columns][2]; acc 64-byte aligned
     *  ahead    as for floats, with each pair */
    void (*gemm_tile)(int64_t k, const void *a, const uint16_t *b, float *acc, bool add,
                      const void *ahead);
    /** As that of floats, rounded; rows ≤ those of a tile here. NULL as gemm_pack_bf16. */
    void (*gemm_finish)(const float *acc, int rows, int columns, const tyto_epilogue *epilogue);
    /** As that of floats: queries, keys, weights and values are rounded on the way, or were before.
     */
    void (*attend)(const tyto_attend_job *job);
    int64_t (*attend_scratch)(int64_t qk_channels, int64_t v_channels);
    /** As that of floats: scores keep at least two parts of queries and keys, since positions need
     *  them. Weights are rounded on the way and values were. NULL where the CPU doesn't multiply
     *  pairs itself. */
    void (*attend_grid)(const tyto_grid_job *job);
    int64_t (*attend_grid_scratch)(int64_t qk_channels, int64_t v_channels, int64_t runs);
    const tyto_gather_kernels *gather; /* or NULL: that of floats is the fastest there is */
    /** As fma_rounds, with pairs. */
    double (*dot_rounds)(int64_t rounds);
} tyto_bf16_kernels;

/** Attention of floats by three parts of each, all of them bf16, where the CPU multiplies bf16 so
 * much faster that it pays to split them. */
typedef struct tyto_parts_kernels {
    int rows; /* queries of a tile */
    /* From where on it pays: keys, and channels of both products. */
    int64_t attend_keys_min, attend_channels_min;
    /** As those of floats. */
    void (*attend)(const tyto_attend_job *job);
    int64_t (*attend_scratch)(int64_t qk_channels, int64_t v_channels);
    void (*attend_grid)(const tyto_grid_job *job);
    int64_t (*attend_grid_scratch)(int64_t qk_channels, int64_t v_channels, int64_t runs);
} tyto_parts_kernels;

/** Products of floats by their digits (kernels/digits.h). */
typedef struct tyto_digits_kernels tyto_digits_kernels;

typedef struct tyto_kernels {
    const char *name;
    const char *family;          /* name of the plainest table with the same tiles */
    int gemm_rows, gemm_columns; /* of a tile of the matrix product */
    int attention_queries;       /* of a tile of attention */
    int attention_channels;      /* of a strip of values */
    int lanes;                   /* floats in a vector */

    /** packed[k][gemm_rows] = x[rows][k] transposed, rows ldx elements apart; missing rows are 0.
     *  rows     at most gemm_rows */
    void (*gemm_pack)(int64_t k, const float *x, int64_t ldx, int rows, float *packed);
    /** acc[gemm_rows][gemm_columns] = (add ? acc : 0) + a·b
     *  shapes   a[k][gemm_rows], b[k][gemm_columns], both packed; acc 64-byte aligned
     *  ahead    the caller's next operand, or NULL: a cache line of it is fetched with each k. Any
     *           address will do */
    void (*gemm_tile)(int64_t k, const float *a, const float *b, float *acc, bool add,
                      const float *ahead);
    /** y[rows][columns] = epilogue(acc); any rows of acc, columns ≤ gemm_columns. acc may start at
     *  any column of a tile that has as many from there on; no other is read. */
    void (*gemm_finish)(const float *acc, int rows, int columns, const tyto_epilogue *epilogue);
    /** y[rows][n] = x[rows][k]·w[n][k]ᵀ for few n: rows of x are read where they lie. */
    void (*gemm_few)(int64_t rows, int64_t n, int64_t k, const float *x, int64_t ldx,
                     const float *w, float *y, int64_t ldy);
    /** x[i] = act(x[i]) */
    void (*activate)(tyto_activation activation, float *x, int64_t count);
    /** y = (x − mean)/√(variance + eps)·gamma + beta over one row; y may be x */
    void (*layer_norm)(int64_t columns, const float *x, const float *gamma, const float *beta,
                       float eps, float *y);
    /** out = softmax(scale·q·kᵀ + mask)·v, never holding more than a block of scores */
    void (*attend)(const tyto_attend_job *job);
    /** Floats of scratch for a job: all tiles, any number of keys. */
    int64_t (*attend_scratch)(int64_t qk_channels, int64_t v_channels);
    void (*attend_grid)(const tyto_grid_job *job);
    /** Floats of scratch for a job of that many runs. */
    int64_t (*attend_grid_scratch)(int64_t qk_channels, int64_t v_channels, int64_t runs);
    void (*attend_gather)(const tyto_gather_job *job);
    /** Runs `rounds` rounds of multiply-adds in registers; gives their floating-point operations.
     */
    double (*fma_rounds)(int64_t rounds);
    const tyto_bf16_kernels *bf16;
    const tyto_parts_kernels *parts;   /* or NULL: attend is the fastest there is */
    const tyto_digits_kernels *digits; /* or NULL: gemm_tile is the fastest there is */
} tyto_kernels;

/** Calls a function that some tables lack. */
static inline void tyto_call(void (*function)(void))
{
    if (function) {
        function();
    }
}

extern const tyto_kernels tyto_kernels_scalar;
extern const tyto_kernels tyto_kernels_avx2;
extern const tyto_kernels tyto_kernels_avx512;
extern const tyto_kernels tyto_kernels_avx512_bf16;
extern const tyto_kernels tyto_kernels_amx;
extern const tyto_kernels tyto_kernels_neon;
extern const tyto_kernels tyto_kernels_neon_bf16;

/** What the tables of CPUs that multiply pairs have beside what they share with the plainer ones:
 *  from files of their own, for their flags. */
extern const tyto_bf16_kernels tyto_bf16_avx512_bf16;
extern const tyto_bf16_kernels tyto_bf16_amx;
extern const tyto_parts_kernels tyto_parts_amx;
extern const tyto_digits_kernels tyto_digits_amx;
extern const tyto_bf16_kernels tyto_bf16_neon_bf16;

/** The table called `isa`, or the fastest that CPU and system support when isa is NULL.
 *  errors  E_ARGUMENT (no such name), E_UNSUPPORTED (this CPU can't run it) */
TYTO_NODISCARD tyto_status tyto_kernels_select(const char *isa, const tyto_kernels **out,
                                               tyto_error *err);

/** The tables that this CPU can run, slowest first; at most `most`. Returns how many. */
size_t tyto_kernels_list(const tyto_kernels **out, size_t most);

#endif
