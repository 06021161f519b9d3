#include "nn/feed_forward.h"

#include "base/error.h"
#include "base/memory.h"

tyto_status tyto_feed_forward(tyto_exec *exec, const tyto_feed_forward_args *args)
{
    const int64_t D = args->second->n, wide = args->second->k;
    const bool in_bf16 = tyto_linear_takes_bf16(exec, args->second),
               tiled = tyto_linear_tiles(exec, args->first, args->second);
    const int64_t tile = tyto_linear_tile_rows(exec->kernels, args->second),
                  apart = tiled ? wide : tyto_operand_row_stride(in_bf16, wide),
                  rows = tiled ? tyto_round_up(args->rows, tile) : args->rows;
    size_t mark = tyto_arena_mark(exec->arena);
    tyto_operand between;
    TYTO_TRY(tyto_exec_operand(exec, in_bf16, rows * apart, &between));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = args->x,
                                                   .ldx = args->first->k,
                                                   .norm = args->norm,
                                                   .rows = args->rows,
                                                   .weight = args->first,
                                                   .bias = args->first_bias,
                                                   .activation = args->activation,
                                                   .y = between.floats,
                                                   .y_bf16 = between.bf16,
                                                   .y_tiled = tiled,
                                                   .ldy = apart}));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = between.floats,
                                                   .x_bf16 = between.bf16,
                                                   .x_tiled = tiled,
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
