/* What is done for one tile of a product: packing its rows, multiplying, the epilogue. */
#include "nn/linear_job.h"

/* own[rows][k] = rows row … of x as floats, after their norm if there is one. */
static void make_rows(const tyto_linear_job *job, int64_t row, int rows, float *own)
{
    const tyto_linear_args *args = job->args;
    const tyto_norm *norm = &args->norm;
    const int64_t K = args->weight->k;
    for (int r = 0; r < rows; r++) {
        const int64_t offset = (row + r) * args->ldx;
        if (norm->gamma) {
            job->kernels->layer_norm(K, args->x + offset, norm->gamma, norm->beta, norm->eps,
                                     own + r * K);
        } else {
            job->kernels->bf16->widen(K, args->x_bf16 + offset, own + r * K);
        }
    }
}

/* Packs columns of a tile of floats. */
static void pack_floats(const tyto_linear_job *job, int64_t k, const float *x, int64_t ldx,
                        int rows, char *tile, float *scales)
{
    const tyto_packed_matrix *weight = job->args->weight;
    const tyto_kernels *kernels = job->kernels;
    if (weight->dtype == TYTO_I8) {
        weight->int8->pack(k, x, ldx, rows, weight->smooth, (uint8_t *)tile, scales);
    } else if (weight->dtype == TYTO_BF16) {
        kernels->bf16->gemm_pack(k, x, ldx, rows, tile);
    } else if (weight->digits) {
        scales[job->rows] = weight->digits->pack(k, x, ldx, rows, tile, scales);
    } else {
        kernels->gemm_pack(k, x, ldx, rows, (float *)tile);
    }
}

void tyto_linear_pack(const tyto_linear_job *job, int64_t first_tile, int64_t tiles, int64_t at,
                      int64_t depth, float *own, char *packed, int64_t stride)
{
    const tyto_linear_args *args = job->args;
    const int64_t R = job->rows, K = args->weight->k, k = tyto_min_i64(depth, K - at),
                  tail = tyto_linear_tile_bytes(job, depth) - job->tail;
    for (int64_t t = 0; t < tiles; t++) {
        const int64_t row = (first_tile + t) * R, offset = row * args->ldx + at;
        const int rows = (int)tyto_min_i64(R, args->rows - row);
        char *tile = packed + t * stride;
        float *scales = (float *)(tile + tail);
        if (job->row_floats) {
            if (at == 0 || tiles > 1) {
                make_rows(job, row, rows, own);
            }
            pack_floats(job, k, own + at, K, rows, tile, scales);
        } else if (args->x_bf16) {
            job->kernels->bf16->gemm_pack_bf16(k, args->x_bf16 + offset, args->ldx, rows, tile);
        } else {
            pack_floats(job, k, args->x + offset, args->ldx, rows, tile, scales);
        }
    }
}

/* A tile of whole numbers: k at … at+depth−1 of a packed tile and of a panel whose first column
 * is `column`. sum holds whole numbers until the last k. */
static void multiply_int8(const tyto_linear_job *job, int64_t at, int64_t depth, const char *tile,
                          const char *panel, int64_t column, float *sum, const char *ahead)
{
    const tyto_packed_matrix *weight = job->args->weight;
    const tyto_int8_kernels *int8 = weight->int8;
    const char *scales_of_rows = tile + tyto_linear_tile_bytes(job, job->k) - job->tail;
    const tyto_int8_scales scales = {.rows = (const float *)scales_of_rows,
                                     .columns = weight->scales + column,
                                     .sums = weight->sums + column};
    const uint8_t *a = (const uint8_t *)(tile + at * job->a_k_bytes);
    const int8_t *b = (const int8_t *)(panel + at * job->b_k_bytes);
    const int64_t groups = depth / TYTO_INT8_INTERLEAVE;
    if (depth == job->k) {
        int8->tile(groups, a, b, &scales, sum, ahead);
        return;
    }
    int32_t *whole = (int32_t *)(void *)sum;
    int8->part(groups, a, b, whole, at > 0, ahead);
    if (at + depth == job->k) {
        int8->finish(whole, &scales, sum);
    }
}

/* A tile of floats in digits. */
static void multiply_digits(const tyto_linear_job *job, const tyto_linear_place *place,
                            int64_t block, int64_t at, int64_t depth, float *sum, const char *ahead)
{
    const tyto_packed_matrix *weight = job->args->weight;
    const int64_t R = job->rows, whole = tyto_min_i64(job->kc, job->k - block);
    const float *scales =
        (const float *)(place->a + tyto_linear_tile_bytes(job, whole) - job->tail);
    const tyto_digits_rows rows = {
        .leading = place->a + (at - block) * TYTO_DIGITS_LEADING * R,
        .last =
            scales[R] != 0.0f ? place->a + (whole * TYTO_DIGITS_LEADING + at - block) * R : NULL,
        .scales = scales};
    const tyto_digits_columns columns = {.digits = place->panel + at * job->b_k_bytes,
                                         .scales = weight->scales + place->column};
    weight->digits->tile(depth / TYTO_DIGITS_INTERLEAVE, &rows, &columns, sum, at > 0, ahead);
}

/* sum = (add ? sum : 0) + a·b over `depth` numbers along k. */
static void multiply_tile(const tyto_linear_job *job, int64_t depth, const char *a, const char *b,
                          float *sum, bool add, const char *ahead)
{
    const tyto_kernels *kernels = job->kernels;
    if (job->args->weight->dtype == TYTO_BF16) {
        kernels->bf16->gemm_tile(depth, a, (const uint16_t *)b, sum, add, ahead);
    } else {
        kernels->gemm_tile(depth, (const float *)a, (const float *)b, sum, add,
                           (const float *)ahead);
    }
}

/* What follows a tile whose sum is complete. */
static tyto_epilogue epilogue_of(const tyto_linear_job *job, int64_t row, int64_t column)
{
    const tyto_linear_args *args = job->args;
    const int64_t R = job->rows, n = args->weight->n, group = args->group ? args->group : n,
                  at = args->y_tiled
                           ? row * n + column * R
                           : column / group * args->group_stride + row * args->ldy + column % group;
    return (tyto_epilogue){
        .bias = args->bias ? args->bias + column : NULL,
        .activation = args->activation,
        .residual = args->residual ? args->residual + row * args->ldr + column : NULL,
        .residual_stride = args->ldr,
        .y = args->y_bf16 ? (void *)(args->y_bf16 + at) : (void *)(args->y + at),
        .y_stride = args->y_tiled ? job->kernels->gemm_columns : args->ldy,
    };
}

/* The epilogue of a tile, group by group. */
static void finish_tile(const tyto_linear_job *job, int64_t row, int rows, int64_t column,
                        int columns, const float *sum)
{
    const tyto_linear_args *args = job->args;
    int part;
    for (int c = 0; c < columns; c += part) {
        part = columns - c;
        if (args->group) {
            part = (int)tyto_min_i64(part, args->group - (column + c) % args->group);
        }
        const tyto_epilogue epilogue = epilogue_of(job, row, column + c);
        if (args->y_bf16) {
            job->kernels->bf16->gemm_finish(sum + c, rows, part, &epilogue);
        } else {
            job->kernels->gemm_finish(sum + c, rows, part, &epilogue);
        }
    }
}

/* Asks for the lines that the epilogue will touch, a whole tile's arithmetic before it does. */
static void fetch_outputs(const tyto_epilogue *epilogue, int width, int rows, int columns)
{
    for (int r = 0; r < rows; r++) {
        const char *y = (const char *)epilogue->y + r * epilogue->y_stride * width;
        for (int c = 0; c < columns * width; c += TYTO_LINE_BYTES) {
            __builtin_prefetch(y + c, 1);
        }
        for (int c = 0; epilogue->residual && epilogue->residual != epilogue->y && c < columns;
             c += TYTO_LINE_FLOATS) {
            __builtin_prefetch(epilogue->residual + r * epilogue->residual_stride + c, 0);
        }
    }
}

void tyto_linear_multiply(const tyto_linear_job *job, const tyto_linear_place *place, int64_t block,
                          int64_t at, int64_t depth, float *sum, const char *ahead)
{
    const tyto_linear_args *args = job->args;
    const bool finishes = at + depth == job->k;
    if (finishes) {
        const tyto_epilogue epilogue = epilogue_of(job, place->row, place->column);
        fetch_outputs(&epilogue, args->y_bf16 ? sizeof(uint16_t) : sizeof(float), place->rows,
                      place->columns);
    }
    if (args->weight->dtype == TYTO_I8) {
        multiply_int8(job, at, depth, place->a, place->panel, place->column, sum, ahead);
    } else if (args->weight->digits) {
        multiply_digits(job, place, block, at, depth, sum, ahead);
    } else {
        for (int64_t i = 0; i < depth; i += job->kc_sum) {
            multiply_tile(job, tyto_min_i64(job->kc_sum, depth - i),
                          place->a + (at + i - block) * job->a_k_bytes,
                          place->panel + (at + i) * job->b_k_bytes, sum, at + i > 0,
                          ahead ? ahead + i * job->prefetch_bytes : NULL);
        }
    }
    if (finishes) {
        const int rows = args->y_tiled ? (int)job->rows : place->rows;
        finish_tile(job, place->row, rows, place->column, place->columns, sum);
    }
}
