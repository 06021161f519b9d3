/** What an operator runs on: scratch, kernels, threads, and the profile that records its time. */
#ifndef TYTO_NN_EXEC_H
#define TYTO_NN_EXEC_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/precision.h>
#include <tyto/progress.h>
#include <tyto/stage.h>
#include <tyto/status.h>

#include "base/arena.h"
#include "base/pool.h"
#include "kernels/kernels.h"

/** Most pairs of stage and operation of one run. */
#define TYTO_PROFILE_STAGES 48

/** Time and floating-point operations of a run, per stage and operation. */
typedef struct tyto_profile {
    tyto_stage entries[TYTO_PROFILE_STAGES];
    size_t count;
} tyto_profile;

struct tyto_packed_matrix;

/** Sees what products with packed weights are given: x[rows,k], rows ldx apart, after the layer
 *  norm that belongs to the product. Called on the thread that runs the network. */
typedef struct tyto_product_observer {
    void (*product)(void *user, const struct tyto_packed_matrix *weight, const float *x,
                    int64_t ldx, int64_t rows);
    void *user;
} tyto_product_observer;

/** An operator checks its shapes, takes its scratch from `arena`, computes, and gives the scratch
 *  back. */
typedef struct tyto_exec {
    const tyto_kernels *kernels;
    tyto_precision precision; /* of attention; products have that of their weights */
    tyto_pool *pool;
    tyto_arena *arena;
    tyto_profile *profile;                 /* NULL: nobody asks */
    const tyto_product_observer *observer; /* or NULL */
    const char *stage;                     /* set by the model, for the profile */
    tyto_progress_fn progress;             /* asked between layers whether to go on, or NULL */
    void *progress_user;
    tyto_error *err;
} tyto_exec;

/** *out = count·size bytes of scratch, not zeroed. */
TYTO_NODISCARD tyto_status tyto_exec_take(tyto_exec *exec, int64_t count, size_t size, void **out);
/** *out = count floats of scratch, not zeroed. */
TYTO_NODISCARD tyto_status tyto_exec_floats(tyto_exec *exec, int64_t count, float **out);
/** The same, unless *memory is some already, such as that of an output which is wanted. */
TYTO_NODISCARD tyto_status tyto_exec_need(tyto_exec *exec, int64_t count, float **memory);

/** What goes from one operator to the next: floats, or bf16 where what reads it rounds it anyway.
 *  The other pointer is NULL. */
typedef struct tyto_operand {
    uint16_t *bf16;
    float *floats;
} tyto_operand;

/** *out = count numbers of scratch, not zeroed. */
TYTO_NODISCARD tyto_status tyto_exec_operand(tyto_exec *exec, bool bf16, int64_t count,
                                             tyto_operand *out);
/** The operand from its number i on. */
static inline tyto_operand tyto_operand_at(tyto_operand operand, int64_t i)
{
    return (tyto_operand){.bf16 = operand.bf16 ? operand.bf16 + i : NULL,
                          .floats = operand.floats ? operand.floats + i : NULL};
}

/** Floats between rows of `columns` of which a few are read or written at a time: an odd number of
 *  cache lines, since rows some power of two apart fall on the same few lines of the first cache.
 */
static inline int64_t tyto_row_stride(int64_t columns)
{
    return columns % 32 == 0 ? columns + 16 : columns;
}

/** The same of numbers that are bf16 or floats. */
static inline int64_t tyto_operand_row_stride(bool bf16, int64_t columns)
{
    return bf16 && columns % 2 == 0 ? 2 * tyto_row_stride(columns / 2) : tyto_row_stride(columns);
}

/** Before step `done` of `total` of exec->stage, such as a layer.
 *  errors  E_CANCELLED when whoever follows the progress says so */
TYTO_NODISCARD tyto_status tyto_exec_step(tyto_exec *exec, int64_t done, int64_t total);

/** Seconds of a steady clock, simulated where the threads are, or 0 when nobody profiles. */
double tyto_exec_clock(const tyto_exec *exec);
/** Adds the time since `start`, and the operations done in it, on floats. */
void tyto_exec_account(tyto_exec *exec, const char *operation, double start, double flops);
/** The same on operands of a precision. */
void tyto_exec_account_as(tyto_exec *exec, const char *operation, tyto_precision precision,
                          double start, double flops);

#endif
