#include <float.h>

#include "checkkernels.h"
#include "kernels/scalar/definitions.h"

/* One tile's job, all of whose arrays are rows of attention_queries but x and factor. */
typedef struct gather_case {
    tyto_gather_job job;
    int64_t lanes; /* attention_queries */
    guarded x, factor, q, column, line, most, sum, state, scratch;
} gather_case;

#define GAP 3

static float *numbers_of(guarded *memory, stream *numbers, int64_t count, float scale)
{
    *memory = guarded_floats(count);
    float *values = memory->data;
    fill_floats(numbers, values, count);
    for (int64_t i = 0; i < count; i++) {
        values[i] *= scale;
    }
    return values;
}

/* A state of `before` beside the job's own sums, as earlier pieces leave it. */
static void make_case(const tyto_kernels *kernels, int64_t keys, int64_t channels, bool grid,
                      float spread, gather_case *with)
{
    stream numbers = {(uint64_t)(keys * 3 + channels * 7)};
    const int64_t R = kernels->attention_queries, rows = 1 + channels + keys + 2;
    tyto_gather_job *job = &with->job;
    *with = (gather_case){
        .job = {.keys = keys, .channels = channels, .x_stride = channels + GAP, .rows = rows},
        .lanes = R};
    job->x = numbers_of(&with->x, &numbers, (keys - 1) * job->x_stride + channels, 1.0f);
    job->factor = numbers_of(&with->factor, &numbers, keys, 1.0f);
    job->q = numbers_of(&with->q, &numbers, channels * R, spread);
    job->column = numbers_of(&with->column, &numbers, keys * R, spread);
    job->line = numbers_of(&with->line, &numbers, R, spread);
    job->most = numbers_of(&with->most, &numbers, R, 1.0f);
    job->sum = numbers_of(&with->sum, &numbers, R, 1.0f);
    job->state = numbers_of(&with->state, &numbers, rows * R, 1.0f);
    job->line_sum = job->state;
    job->o = job->state + R;
    job->column_sums = job->o + channels * R;
    const int64_t floats = (TYTO_GATHER_SCRATCH_ROWS * R + 15) / 16 * 16;
    with->scratch = guarded_floats(floats);
    fill_with(with->scratch.data, floats, NAN);
    job->scratch = with->scratch.data;
    if (!grid) {
        job->factor = job->column = job->line = NULL;
        job->column_sums = job->line_sum = NULL;
    }
}

static void free_case(gather_case *with)
{
    guarded *const all[] = {&with->x,    &with->factor, &with->q,     &with->column, &with->line,
                            &with->most, &with->sum,    &with->state, &with->scratch};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        guarded_free(all[i]);
    }
}

static void assert_near(const tyto_kernels *kernels, const gather_case *with, const char *what,
                        int64_t query, double got, double wanted, double tolerance)
{
    if (!is_close(got, wanted, tolerance)) {
        fail_msg("%s: %lld keys, %lld channels, query %lld: %s: got %.9g, required %.9g",
                 kernels->name, (long long)with->job.keys, (long long)with->job.channels,
                 (long long)query, what, got, wanted);
    }
}

/* Weights are rounded to 8 bits, and so are values, which here are such numbers before. */
#define PACKED_TOLERANCE 0x1p-8

/* Keys packed after a job's own. */
#define BEHIND 5

/* Runs the job on keys packed behind `first` others and before some, of which it must read none. */
static void run_packed(const tyto_gather_kernels *gather, const gather_case *with, int64_t first)
{
    const int64_t C = with->job.channels, all = first + with->job.keys + BEHIND,
                  steps = (all + TYTO_GATHER_KEYS - 1) / TYTO_GATHER_KEYS,
                  bytes = gather->packed_bytes(C), floats = (gather->scratch(C) + 15) / 16 * 16;
    tyto_gather_job job = with->job;
    guarded packed = guarded_bytes((size_t)(steps * bytes)), scratch = guarded_floats(floats),
            x = guarded_floats(all * C);
    float *rows = x.data;
    fill_with(rows, all * C, 3e30f);
    for (int64_t i = 0; i < job.keys * C; i++) {
        rows[first * C + i] = job.x[i / C * job.x_stride + i % C];
    }
    for (int64_t s = 0; s < steps; s++) {
        const int64_t left = all - s * TYTO_GATHER_KEYS;
        gather->pack(left < TYTO_GATHER_KEYS ? left : TYTO_GATHER_KEYS, C,
                     rows + s * TYTO_GATHER_KEYS * C, C, (char *)packed.data + s * bytes);
    }
    fill_with(scratch.data, floats, NAN);
    job.x = NULL;
    job.packed = packed.data;
    job.first = first;
    job.scratch = scratch.data;
    gather->attend(&job);
    guarded_free(&packed);
    guarded_free(&scratch);
    guarded_free(&x);
}

/* Runs the job, and holds one query's state against the formula. Everything is compared as the
 * weights' sum of that query would have it: relative to 2^most of old and new. */
static void run_case(const tyto_kernels *kernels, const tyto_gather_kernels *gather, int64_t first,
                     const gather_case *with, double tolerance)
{
    const tyto_gather_job *job = &with->job;
    const int64_t R = with->lanes, count = job->rows * R;
    float *state = malloc((size_t)count * sizeof(float)), *most = malloc((size_t)R * sizeof(float)),
          *sum = malloc((size_t)R * sizeof(float));
    assert_true(state && most && sum);
    memcpy(state, job->state, (size_t)count * sizeof(float));
    memcpy(most, job->most, (size_t)R * sizeof(float));
    memcpy(sum, job->sum, (size_t)R * sizeof(float));
    if (gather) {
        run_packed(gather, with, first);
    } else {
        kernels->attend_gather(job);
    }
    for (int64_t i = 0; i < R; i++) {
        const double shrink = exp2((double)most[i] - (double)job->most[i]);
        double total = shrink * (double)sum[i], line = shrink * (double)state[i], weights = 0.0;
        for (int64_t j = 0; j < job->keys; j++) {
            const double w = exp2(tyto_define_gather(job, R, i, j) - (double)job->most[i]);
            weights += w;
            line += job->factor ? w * (double)job->factor[j] : 0.0;
        }
        total += weights;
        const double scale = tolerance * fmax(1.0, fmax(fabs(total), weights));
        assert_true(job->most[i] >= most[i]);
        assert_near(kernels, with, "sum", i, (double)job->sum[i], total, scale);
        assert_near(kernels, with, "line", i, (double)job->state[i], line, scale);
        for (int64_t c = 0; c < job->channels; c++) {
            double o = shrink * (double)state[(1 + c) * R + i];
            for (int64_t j = 0; j < job->keys; j++) {
                o += exp2(tyto_define_gather(job, R, i, j) - (double)job->most[i]) *
                     (double)job->x[j * job->x_stride + c];
            }
            assert_near(kernels, with, "o", i, (double)job->o[c * R + i], o, scale);
        }
        for (int64_t j = 0; j < job->keys + 2; j++) {
            const int64_t row = 1 + job->channels + j;
            double wanted = shrink * (double)state[row * R + i];
            if (job->factor && j < job->keys) {
                wanted += exp2(tyto_define_gather(job, R, i, j) - (double)job->most[i]) *
                          (double)job->factor[j];
            }
            assert_near(kernels, with, "column", i, (double)job->state[row * R + i], wanted, scale);
        }
    }
    free(state);
    free(most);
    free(sum);
}

/* Sums of factors that are all 1 are those of the weights, however those are rounded. */
static void check_sums(const tyto_kernels *kernels)
{
    gather_case with;
    if (!kernels->bf16->gather) {
        return;
    }
    make_case(kernels, 9, 1, true, 1.0f, &with);
    const int64_t R = with.lanes;
    fill_with(with.factor.data, 9, 1.0f);
    fill_with(with.line.data, R, 0.0f);
    fill_with(with.column.data, 9 * R, 0.0f);
    fill_with(with.q.data, R, 1.0f);
    fill_with(with.most.data, R, 0.0f);
    fill_with(with.sum.data, R, 0.0f);
    fill_with(with.state.data, with.job.rows * R, 0.0f);
    fill_with(with.x.data, 8 * with.job.x_stride, 0.0f);
    ((float *)with.x.data)[8 * with.job.x_stride] = 20.25f;
    run_packed(kernels->bf16->gather, &with, 3);
    for (int64_t i = 0; i < R; i++) {
        assert_true(is_close((double)(with.job.line_sum[i] / with.job.sum[i]), 1.0, 1e-6));
        assert_true(
            is_close((double)(with.job.column_sums[8 * R + i] / with.job.sum[i]), 1.0, 1e-4));
    }
    free_case(&with);
}

static void check_size(const tyto_kernels *kernels, int64_t keys, int64_t channels, bool grid,
                       float spread)
{
    gather_case with;
    make_case(kernels, keys, channels, grid, spread, &with);
    run_case(kernels, NULL, 0, &with, 2e-6 * fmax(1.0, (double)spread));
    free_case(&with);
    if (kernels->bf16->gather) {
        make_case(kernels, keys, channels, grid, spread, &with);
        round_to_bf16(with.x.data, (keys - 1) * with.job.x_stride + channels);
        run_case(kernels, kernels->bf16->gather, keys * 7 % 45, &with, PACKED_TOLERANCE);
        free_case(&with);
    }
}

static void check_sizes(const tyto_kernels *kernels)
{
    for (int64_t channels = 1; channels <= 20; channels++) {
        check_size(kernels, 19, channels, true, 1.0f);
        check_size(kernels, 19, channels, false, 1.0f);
    }
    check_size(kernels, 150, 33, true, 1.0f);
    check_size(kernels, 150, 70, true, 1.0f);
    for (int64_t keys = 1; keys <= 300; keys += keys < 20 ? 1 : 31) {
        check_size(kernels, keys, 5, true, 1.0f);
    }
    /* Scores so far apart that the maximum is raised many times. */
    check_size(kernels, 300, 6, true, 100.0f);
    check_size(kernels, 300, 6, false, 100.0f);
}

void check_attend_gather(void **state)
{
    (void)state;
    for_each_table(check_sizes);
    for_each_table(check_sums);
}
