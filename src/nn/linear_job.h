/** A product with packed weights as its tasks see it: how operands lie, how the work is cut, and
 * what is done for one tile. */
#ifndef TYTO_NN_LINEAR_JOB_H
#define TYTO_NN_LINEAR_JOB_H

#include "base/memory.h"
#include "nn/linear.h"

/** Bytes and floats of a cache line. */
#define TYTO_LINE_BYTES 64
#define TYTO_LINE_FLOATS 16

/** Panels of a weight. */
static inline int64_t tyto_linear_panels(const tyto_packed_matrix *matrix)
{
    return (matrix->n + matrix->columns - 1) / matrix->columns;
}

/** A product cut into tasks of `tiles` row tiles × `panels` panels: a chunk of rows by a group of
 * outputs. Rows are packed by the task itself, or, when several groups need the same ones, by all
 * threads before. */
typedef struct tyto_linear_job {
    const tyto_linear_args *args;
    const tyto_kernels *kernels;
    int64_t rows;           /* of a tile */
    int64_t k;              /* of the packed weight */
    int64_t interleave;     /* neighbours along k that lie side by side in the weight */
    int64_t a_interleave;   /* the same in packed rows */
    int64_t a_k_bytes;      /* of one k in a packed tile of rows */
    int64_t b_k_bytes;      /* of one k in a panel */
    int64_t tail;           /* bytes after a packed tile: its rows' scales, when they have some; of
                           * digits one float more, which is not 0 when some rows have a fourth */
    int64_t prefetch_bytes; /* of the next panel that one k asks for */
    int64_t kc;             /* the depth of a block: its part of a panel stays in the cache */
    int64_t kc_inner;       /* of a block, how much of a panel serves all rows of a task in turn */
    int64_t kc_sum;         /* most products of one sum */
    bool unfinished;        /* sums wait between blocks of k, while other tiles are multiplied */
    void (*begin)(void);    /* around a task, or NULL */
    void (*end)(void);
    int64_t tiles, panels; /* of a task */
    int64_t chunks, groups;
    const char *packed;          /* all rows, tile by tile, or NULL */
    char *packs;                 /* the same, to be packed first, or NULL */
    int64_t a_bytes, sum_floats; /* of a worker's scratch */
    int64_t row_floats; /* the same: a tile's rows that are made floats to pack them, or 0 */
    float *scratch;
} tyto_linear_job;

/** Bytes of a packed tile of that depth. */
static inline int64_t tyto_linear_tile_bytes(const tyto_linear_job *job, int64_t depth)
{
    return tyto_round_up(depth, job->a_interleave) * job->a_k_bytes + job->tail;
}

/** A tile of rows and a panel. */
typedef struct tyto_linear_place {
    const char *a;     /* packed rows, from a block's first k on */
    const char *panel; /* from the first k on */
    int64_t row, column;
    int rows, columns; /* that are there */
} tyto_linear_place;

/** Where tile `tile` of all rows and panel `panel` of the weight meet; the operands are left to the
 *  caller. */
static inline tyto_linear_place tyto_linear_place_at(const tyto_linear_job *job, int64_t tile,
                                                     int64_t panel)
{
    const int64_t row = tile * job->rows, N = job->kernels->gemm_columns, column = panel * N;
    return (tyto_linear_place){
        .row = row,
        .column = column,
        .rows = (int)tyto_min_i64(job->rows, job->args->rows - row),
        .columns = (int)tyto_min_i64(N, job->args->weight->n - column),
    };
}

/** Packs `tiles` tiles, first_tile the first of them: columns at … at+depth−1 of x. Tiles lie
 *  `stride` bytes apart. `own` has room for the rows of one tile as floats. Where only one tile is
 *  packed, block after block, its rows are made once and stay there. */
void tyto_linear_pack(const tyto_linear_job *job, int64_t first_tile, int64_t tiles, int64_t at,
                      int64_t depth, float *own, char *packed, int64_t stride);
/** Multiplies k at … at+depth−1 of one tile of rows by those of a panel; a tile whose sums are
 *  complete goes through the epilogue. `block` is the k where the packed rows begin. */
void tyto_linear_multiply(const tyto_linear_job *job, const tyto_linear_place *place, int64_t block,
                          int64_t at, int64_t depth, float *sum, const char *ahead);

#endif
