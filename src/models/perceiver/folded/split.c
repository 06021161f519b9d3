#include "models/perceiver/folded/split.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "nn/linear.h"
#include "nn/rows.h"

/* Rows of one task. */
#define TASK_ROWS 64
/* Long rows are filled up to so many channels: kernels take them together. */
#define STRIP 8

/* Learned positions whose sums were folded. */
static bool has_table(const tyto_perceiver_input *input)
{
    return input->part->position.type == TYTO_PERCEIVER_POSITION_TRAINABLE &&
           input->part->turned.table_sums;
}

bool tyto_perceiver_splits(const tyto_perceiver_input *input)
{
    return input->part && !input->part->add_pos &&
           (tyto_perceiver_positions_separate(&input->positions) || has_table(input));
}

int64_t tyto_perceiver_split_row(const tyto_perceiver_split *split)
{
    const int64_t all = split->raw + 2 + split->table;
    return split->table > 0 ? tyto_round_up(all, STRIP) : all;
}

/* The folded product that content is, or NULL. */
static const tyto_packed_matrix *turned_content(const tyto_perceiver_split *split)
{
    const tyto_perceiver_input *content = split->content;
    return content && content->raw > 0 && content->raw < content->content &&
                   content->part->turned.content.data
               ? &content->part->turned.content
               : NULL;
}

/* The folded projection of learned positions, or NULL. */
static const tyto_packed_matrix *turned_table(const tyto_perceiver_split *split)
{
    return split->table > 0 && split->content->part->turned.table.data
               ? &split->content->part->turned.table
               : NULL;
}

static void add_sums(int64_t n, const float *values, double sums[2])
{
    for (int64_t i = 0; i < n; i++) {
        sums[0] += (double)values[i];
        sums[1] += (double)values[i] * (double)values[i];
    }
}

static tyto_status prepare_axes(tyto_perceiver_split *split, tyto_exec *exec)
{
    const tyto_perceiver_positions *positions = split->positions;
    const int64_t size = positions->size;
    for (int a = 0; a < positions->rank; a++) {
        const int64_t n = positions->dims[a];
        TYTO_TRY(tyto_exec_floats(exec, n * size, &split->axes[a]));
        split->sums[a] = tyto_arena_take(exec->arena, (size_t)n, 2 * sizeof(double));
        if (!split->sums[a]) {
            return tyto_fail_memory(exec->err, "scratch");
        }
        tyto_perceiver_positions_axis(positions, a, split->axes[a]);
        for (int64_t i = 0; i < n; i++) {
            split->sums[a][2 * i] = split->sums[a][2 * i + 1] = 0.0;
            add_sums(size, split->axes[a] + i * size, split->sums[a] + 2 * i);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_split_prepare(tyto_perceiver_split *split, tyto_exec *exec)
{
    const bool separate = tyto_perceiver_positions_separate(split->positions);
    split->table = separate ? 0 : split->positions->size;
    split->raw = turned_content(split) ? split->content->raw : split->content_channels;
    split->padding_sums[0] = split->padding_sums[1] = 0.0;
    add_sums(split->channels - split->content_channels - split->positions->channels, split->padding,
             split->padding_sums);
    return separate ? prepare_axes(split, exec) : TYTO_OK;
}

typedef struct rows_job {
    const tyto_perceiver_split *split;
    int64_t first;
    const int64_t *indices;
    int64_t n;
    const float *content; /* rows of it, ldc apart, when split rows carry something else; or NULL */
    int64_t ldc;
    const float *moments; /* or what its sums are found by; or NULL */
    float *rows, *factors;
} rows_job;

/* The sums of content, in parts that lie side by side, which compilers turn into vectors. */
static void add_content(int64_t n, const float *values, double sums[2])
{
    enum { PARTS = 8 };
    float sum[PARTS] = {0}, squares[PARTS] = {0};
    int64_t c = 0;
    for (; c + PARTS <= n; c += PARTS) {
        for (int i = 0; i < PARTS; i++) {
            sum[i] += values[c + i];
            squares[i] += values[c + i] * values[c + i];
        }
    }
    for (int i = 0; i < PARTS; i++) {
        sums[0] += (double)sum[i];
        sums[1] += (double)squares[i];
    }
    add_sums(n - c, values + c, sums);
}

/* The sums of content by the moments of its product with few inputs. */
static void add_moments(int64_t raw, const float *values, const float *moments, double sums[2])
{
    for (int64_t a = 0; a <= raw; a++) {
        const double one = a < raw ? (double)values[a] : 1.0;
        sums[0] += one * (double)moments[a];
        for (int64_t b = 0; b <= raw; b++) {
            const double other = b < raw ? (double)values[b] : 1.0;
            sums[1] += one * other * (double)moments[(a + 1) * (raw + 1) + b];
        }
    }
}

/* The sums of a position. */
static void add_position(const tyto_perceiver_split *split, int64_t at, double sums[2])
{
    if (split->table > 0) {
        const float *of = split->content->part->turned.table_sums + 2 * at;
        sums[0] += (double)of[0];
        sums[1] += (double)of[1];
    }
    for (int a = split->positions->rank - 1; split->table == 0 && a >= 0; a--) {
        const double *of = split->sums[a] + at % split->positions->dims[a] * 2;
        sums[0] += of[0];
        sums[1] += of[1];
        at /= split->positions->dims[a];
    }
}

static void rows_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const rows_job *job = context;
    const tyto_perceiver_split *split = job->split;
    const int64_t R = split->raw, T = split->table, D = tyto_perceiver_split_row(split),
                  end = tyto_min_i64(job->n, (index + 1) * TASK_ROWS);
    for (int64_t i = index * TASK_ROWS; i < end; i++) {
        const int64_t at = job->indices ? job->indices[i] : job->first + i;
        float *row = job->rows + i * D;
        double sums[2] = {split->padding_sums[0], split->padding_sums[1]};
        add_position(split, at, sums);
        if (job->moments) {
            add_moments(R, row, job->moments, sums);
        } else {
            add_content(split->content_channels, job->content ? job->content + i * job->ldc : row,
                        sums);
        }
        const double mean = sums[0] / (double)split->channels,
                     variance = fmax(0.0, sums[1] / (double)split->channels - mean * mean),
                     rstd = 1.0 / sqrt(variance + (double)TYTO_PERCEIVER_EPS);
        const float factor = (float)rstd;
        for (int64_t c = 0; c < R; c++) {
            row[c] *= factor;
        }
        row[R] = (float)(rstd * mean);
        row[R + 1] = T > 0 ? factor : 1.0f;
        for (int64_t c = 0; c < T; c++) {
            row[R + 2 + c] = split->positions->position->table[at * T + c] * factor;
        }
        for (int64_t c = R + 2 + T; c < D; c++) {
            row[c] = 0.0f;
        }
        job->factors[i] = factor;
    }
}

/* The rows carry what content is made of; its product is made for its sums alone, if at all. */
static tyto_status raw_rows(const tyto_perceiver_split *split, tyto_exec *exec, int64_t b,
                            int64_t first, int64_t n, float *rows, rows_job *job)
{
    const tyto_perceiver_input *input = split->content;
    const int64_t D = tyto_perceiver_split_row(split);
    float *content;
    TYTO_TRY(tyto_perceiver_image_raw(input, exec, b, first, n, rows, D));
    job->moments = input->part->turned.moments;
    if (job->moments) {
        return TYTO_OK;
    }
    job->ldc = input->content;
    TYTO_TRY(tyto_exec_floats(exec, n * input->content, &content));
    job->content = content;
    return tyto_linear(exec, &(tyto_linear_args){.x = rows,
                                                 .ldx = D,
                                                 .rows = n,
                                                 .weight = &input->part->content.weight,
                                                 .bias = input->part->content.bias,
                                                 .y = content,
                                                 .ldy = input->content});
}

tyto_status tyto_perceiver_split_rows(const tyto_perceiver_split *split, tyto_exec *exec, int64_t b,
                                      int64_t first, const int64_t *indices, int64_t n, float *rows,
                                      float *factors)
{
    rows_job job = {.split = split,
                    .first = first,
                    .indices = indices,
                    .n = n,
                    .rows = rows,
                    .factors = factors};
    size_t mark = tyto_arena_mark(exec->arena);
    if (turned_content(split)) {
        TYTO_TRY(raw_rows(split, exec, b, first, n, rows, &job));
    } else if (split->content) {
        TYTO_TRY(tyto_perceiver_input_content(split->content, exec, b, first, n, rows,
                                              tyto_perceiver_split_row(split)));
    }
    const double start = tyto_exec_clock(exec);
    tyto_pool_run(exec->pool, (n + TASK_ROWS - 1) / TASK_ROWS, rows_task, &job);
    tyto_exec_account(exec, "norm", start, 0.0);
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* to[N, turned − 1] = x[N, …] on the other side of a product, and what its bias gives is added to
 * constants[N]; without a product x itself. Rows of to and of constants are ldt apart. */
static tyto_status turn(const tyto_packed_matrix *turned, tyto_exec *exec, int64_t N,
                        int64_t channels, const float *x, int64_t ldx, float *to, float *constants,
                        int64_t ldt)
{
    size_t mark = tyto_arena_mark(exec->arena);
    const int64_t all = turned ? turned->n : channels;
    float *product = NULL;
    if (turned) {
        TYTO_TRY(tyto_exec_floats(exec, N * all, &product));
        TYTO_TRY(tyto_linear(
            exec, &(tyto_linear_args){
                      .x = x, .ldx = ldx, .rows = N, .weight = turned, .y = product, .ldy = all}));
    }
    for (int64_t i = 0; i < N; i++) {
        const float *from = turned ? product + i * all : x + i * ldx;
        memcpy(to + i * ldt, from, (size_t)channels * sizeof(float));
        constants[i * ldt] += turned ? from[channels] : 0.0f;
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_perceiver_split_partners(const tyto_perceiver_split *split, tyto_exec *exec,
                                          int64_t N, const float *scored, int64_t ld, float *out)
{
    const int64_t D = tyto_perceiver_split_row(split), R = split->raw, T = split->table,
                  C = split->content_channels, start = C + split->positions->channels;
    for (int64_t i = 0; i < N; i++) {
        const float *from = scored + i * ld;
        double constant = 0.0;
        for (int64_t c = start; c < split->channels; c++) {
            constant += (double)from[c] * (double)split->padding[c - start];
        }
        memset(out + i * D, 0, (size_t)D * sizeof(float));
        out[i * D + R] = -from[split->channels];
        out[i * D + R + 1] = (float)constant;
    }
    TYTO_TRY(turn(turned_content(split), exec, N, R, scored, ld, out, out + R + 1, D));
    if (T > 0) {
        TYTO_TRY(
            turn(turned_table(split), exec, N, T, scored + C, ld, out + R + 2, out + R + 1, D));
    }
    return TYTO_OK;
}
