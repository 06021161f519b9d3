#include "nn/feed_forward.h"

#include "base/error.h"
#include "base/memory.h"

tyto_status tyto_feed_forward(tyto_exec *exec, const tyto_feed_forward_args *args)
{
    const int64_t D = args->second->n, wide = args->second->k;
    const bool in_bf16 = tyto_linear_in_bf16(exec, args->second);
    const int64_t apart =
        in_bf16 && wide % 2 == 0 ? 2 * tyto_row_stride(wide / 2) : tyto_row_stride(wide);
    const int64_t count = args->rows * apart;
    size_t mark = tyto_arena_mark(exec->arena);
    float *between;
    TYTO_TRY(tyto_exec_floats(exec, in_bf16 ? (count + 1) / 2 : count, &between));
    uint16_t *halves = in_bf16 ? (uint16_t *)(void *)between : NULL;
    float *floats = in_bf16 ? NULL : between;
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = args->x,
                                                   .ldx = args->first->k,
                                                   .norm = args->norm,
                                                   .rows = args->rows,
                                                   .weight = args->first,
                                                   .bias = args->first_bias,
                                                   .activation = args->activation,
                                                   .y = floats,
                                                   .y_bf16 = halves,
                                                   .ldy = apart}));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = floats,
                                                   .x_bf16 = halves,
                                                   .ldx = apart,
                                                   .rows = args->rows,
                                                   .weight = args->second,
                                                   .bias = args->second_bias,
                                                   .residual = args->y,
                                                   .ldr = D,
                                                   .y = args->y,
                                                   .ldy = D}));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
