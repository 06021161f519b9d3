/* Products of floats by their parts (src/kernels/kernels.h).
 *
 * Weights stay floats, so panels are split as they are needed: some at once, which stay in the
 * second-level cache while all rows of a task go by. A task's rows are many, so that splitting the
 * panels anew for each task shows little. */
#include "nn/linear_job.h"

/* Bytes of panels that are split at once, and of a task's packed rows. */
#define PANELS_BYTES ((int64_t)1 << 20)
#define ROWS_BYTES ((int64_t)8 << 20)
/* Tiles of rows that are worth a task of their own. */
#define TILES_MIN 16
/* Most steps of a block: deeper, there would be too few such panels. */
#define DEPTH_MAX 1536

const tyto_parts_kernels *tyto_linear_parts(const tyto_kernels *kernels,
                                            const tyto_packed_matrix *weight, int64_t rows)
{
    const tyto_parts_kernels *parts = kernels->parts;
    /* With one panel alone, packing rows costs more than their product saves. */
    const bool pays = weight->dtype == TYTO_F32 && parts && rows >= parts->rows_min &&
                      weight->n > weight->columns;
    return pays ? parts : NULL;
}

void tyto_linear_cut_split(const tyto_exec *exec, tyto_linear_job *job)
{
    const int64_t R = job->rows, N = job->kernels->gemm_columns, K = job->k,
                  panels = tyto_linear_panels(job->args->weight),
                  tiles = (job->args->rows + R - 1) / R, tile = tyto_linear_tile_bytes(job, K);
    const int64_t blocks = tyto_max_i64(1, (K + DEPTH_MAX - 1) / DEPTH_MAX),
                  most = tyto_max_i64(1, ROWS_BYTES / tile),
                  wanted = TYTO_TASKS_OF_TILES * (int64_t)tyto_pool_threads(exec->pool);
    job->depth = tyto_max_i64(1, tyto_round_up((K + blocks - 1) / blocks, job->a_steps));
    /* Outputs are parted, and all rows packed before, only where chunks are few and small. */
    job->chunks = tyto_max_i64((tiles + most - 1) / most,
                               tyto_min_i64((tiles + TILES_MIN - 1) / TILES_MIN, wanted));
    job->groups = tyto_min_i64(tyto_max_i64(1, wanted / job->chunks), panels);
    tyto_linear_even_tasks(job, tiles, panels);
    const int64_t bytes = tyto_parts_bytes(job->depth, N),
                  fit = tyto_max_i64(1, PANELS_BYTES / bytes),
                  turns = (job->panels + fit - 1) / fit;
    job->resident = (job->panels + turns - 1) / turns;
    job->unfinished = job->depth < K;
    job->a_bytes = job->groups > 1 ? 0 : job->tiles * tile;
    job->b_bytes = job->resident * bytes;
    job->sum_floats = R * N * (job->unfinished ? job->tiles * job->resident : 1);
}

/* The rows of a task by some panels, which are split here. */
static void multiply_split(const tyto_linear_job *job, int64_t first_tile, int64_t tiles,
                           int64_t first_panel, int64_t panels, const char *a, float *sums,
                           char *parts)
{
    const tyto_packed_matrix *weight = job->args->weight;
    const int64_t R = job->rows, N = weight->columns, K = job->k,
                  stride = tyto_linear_tile_bytes(job, K);
    for (int64_t at = 0; at < K; at += job->depth) {
        const int64_t depth = tyto_min_i64(job->depth, K - at), bytes = tyto_parts_bytes(depth, N);
        const int64_t steps = (depth + TYTO_PARTS_STEPS - 1) / TYTO_PARTS_STEPS;
        const int64_t fetched = steps * job->fetches, wanted = depth * job->a_step;
        for (int64_t p = 0; p < panels; p++) {
            const float *panel = (const float *)weight->data + (first_panel + p) * K * N;
            job->parts->gemm_split(depth, panel + at * N, parts + p * bytes);
        }
        for (int64_t t = 0; t < tiles; t++) {
            for (int64_t p = 0; p < panels; p++) {
                tyto_linear_place place =
                    tyto_linear_place_of(job, first_tile + t, first_panel + p);
                place.a = a + t * stride + at * job->a_step;
                place.panel = parts + p * bytes;
                float *sum = job->unfinished ? sums + (t * job->resident + p) * R * N : sums;
                const bool fetches = t + 1 < tiles && p * fetched < wanted;
                tyto_linear_multiply(job, &place, at, at, depth, sum,
                                     fetches ? place.a + stride + p * fetched : NULL);
            }
        }
    }
}

void tyto_linear_split_task(const tyto_linear_job *job, int64_t first_tile, int64_t tiles,
                            int64_t first_panel, int64_t panels, const char *a, float *sums,
                            char *parts)
{
    for (int64_t p = 0; p < panels; p += job->resident) {
        multiply_split(job, first_tile, tiles, first_panel + p,
                       tyto_min_i64(job->resident, panels - p), a, sums, parts);
    }
}
