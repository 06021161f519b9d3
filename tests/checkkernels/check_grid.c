#include "checkkernels.h"
#include "kernels/scalar/definitions.h"

/* One job with its memory; every row is followed by a gap that nobody may write to. */
typedef struct grid_case {
    tyto_grid_job job;
    tyto_grid_run runs[TYTO_ATTEND_TILES * 16];
    guarded q, factor, k, v, column, line, out, scratch;
} grid_case;

#define GAP 3
#define UNTOUCHED 12345.0f

static const float *numbers_of(guarded *memory, stream *numbers, int64_t count, float scale)
{
    *memory = guarded_floats(count);
    float *values = memory->data;
    fill_floats(numbers, values, count);
    for (int64_t i = 0; i < count; i++) {
        values[i] *= scale;
    }
    return values;
}

/* Scratch of another kernel than before. */
static void take_scratch(grid_case *with, int64_t (*floats_of)(int64_t, int64_t, int64_t))
{
    tyto_grid_job *job = &with->job;
    const int64_t floats =
        (floats_of(job->qk_channels, job->v_channels, job->count) + 15) / 16 * 16;
    guarded_free(&with->scratch);
    with->scratch = guarded_floats(floats);
    fill_with(with->scratch.data, floats, NAN);
    job->scratch = with->scratch.data;
}

/* Runs of 1 to `lanes` queries, that read the tables at any column. */
static void make_case(const tyto_kernels *kernels, int64_t runs, int64_t keys, int64_t D, int64_t V,
                      float spread, grid_case *with)
{
    const int64_t lanes = kernels->lanes, queries = runs * lanes, S = kernels->attention_channels,
                  columns = 2 * lanes + 1, strips = (V + S - 1) / S;
    stream numbers = {(uint64_t)(runs + keys * 3 + D * 7 + V * 11)};
    tyto_grid_job *job = &with->job;
    *with = (grid_case){.job = {.keys = keys,
                                .qk_channels = D,
                                .v_channels = V,
                                .runs = with->runs,
                                .count = runs,
                                .q_stride = D + GAP,
                                .k_stride = D + GAP - 1,
                                .column_stride = columns,
                                .out_stride = V + GAP}};
    job->q = numbers_of(&with->q, &numbers, queries * job->q_stride, spread);
    job->factor = numbers_of(&with->factor, &numbers, queries, 1.0f);
    job->k = numbers_of(&with->k, &numbers, keys * job->k_stride, 1.0f);
    job->v = numbers_of(&with->v, &numbers, strips * keys * S, 1.0f);
    const float *column = numbers_of(&with->column, &numbers, keys * columns, spread),
                *line = numbers_of(&with->line, &numbers, 2 * keys, spread);
    with->out = guarded_floats(queries * job->out_stride);
    job->out = with->out.data;
    fill_with(job->out, queries * job->out_stride, UNTOUCHED);
    const int64_t floats = (kernels->attend_grid_scratch(D, V, runs) + 15) / 16 * 16;
    with->scratch = guarded_floats(floats);
    job->scratch = with->scratch.data;
    fill_with(job->scratch, floats, NAN);
    for (int64_t r = 0; r < runs; r++) {
        with->runs[r] = (tyto_grid_run){.first = (runs - 1 - r) * lanes,
                                        .queries = next_int(&numbers, 1, (int)lanes),
                                        .column = column + next_int(&numbers, 0, (int)lanes + 1),
                                        .line = line + r % 2 * keys};
    }
}

static void free_case(grid_case *with)
{
    guarded *const all[] = {&with->q,      &with->factor, &with->k,   &with->v,
                            &with->column, &with->line,   &with->out, &with->scratch};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        guarded_free(all[i]);
    }
}

static void check_run(const tyto_kernels *kernels, const grid_case *with, const tyto_grid_run *run,
                      double tolerance)
{
    const tyto_grid_job *job = &with->job;
    double weights[1000], wanted[1000];
    for (int64_t i = 0; i < kernels->lanes; i++) {
        const float *out = job->out + (run->first + i) * job->out_stride;
        const int64_t written = i < run->queries ? job->v_channels : 0;
        if (i < run->queries) {
            tyto_define_attend_grid(job, kernels->attention_channels, run, i, weights, wanted);
        }
        for (int64_t c = 0; c < written; c++) {
            if (!is_close((double)out[c], wanted[c], tolerance)) {
                fail_msg("%s: %lld runs, %lld keys, %lld and %lld channels: query %lld channel "
                         "%lld: got %.9g, required %.9g",
                         kernels->name, (long long)job->count, (long long)job->keys,
                         (long long)job->qk_channels, (long long)job->v_channels,
                         (long long)(run->first + i), (long long)c, (double)out[c], wanted[c]);
            }
        }
        for (int64_t c = written; c < job->out_stride; c++) {
            assert_true(out[c] == UNTOUCHED);
        }
    }
}

/* Weights are rounded to 8 bits, and so are values, which here are such numbers before. */
#define PAIRS_TOLERANCE 0x1p-8

/* The same in bf16, where the CPU multiplies such numbers. */
static void check_pairs(const tyto_kernels *kernels, grid_case *with)
{
    tyto_grid_job *job = &with->job;
    const int64_t S = kernels->attention_channels, strips = (job->v_channels + S - 1) / S,
                  all = (job->keys + 1) / 2 * 2;
    guarded pairs = guarded_bytes((size_t)(strips * all * S) * sizeof(uint16_t));
    uint16_t *to = pairs.data;
    float *v = with->v.data;
    memset(to, 0, (size_t)(strips * all * S) * sizeof(uint16_t));
    for (int64_t i = 0; i < strips * job->keys * S; i++) {
        const int64_t strip = i / S / job->keys, key = i / S % job->keys;
        const uint16_t bits = tyto_define_bf16(v[i]);
        v[i] = tyto_define_widen(bits);
        to[((strip * all / 2 + key / 2) * S + i % S) * 2 + key % 2] = bits;
    }
    take_scratch(with, kernels->bf16->attend_grid_scratch);
    job->v_pairs = to;
    job->v = NULL;
    kernels->bf16->attend_grid(job);
    job->v = v;
    for (int64_t r = 0; r < job->count; r++) {
        check_run(kernels, with, &with->runs[r], PAIRS_TOLERANCE);
    }
    guarded_free(&pairs);
}

static void check_size(const tyto_kernels *kernels, int64_t runs, int64_t keys, int64_t D,
                       int64_t V, float spread)
{
    grid_case with;
    make_case(kernels, runs, keys, D, V, spread, &with);
    const double tolerance = 2e-6 * fmax(1.0, (double)spread);
    kernels->attend_grid(&with.job);
    for (int64_t r = 0; r < runs; r++) {
        check_run(kernels, &with, &with.runs[r], tolerance);
    }
    if (kernels->parts) {
        take_scratch(&with, kernels->parts->attend_grid_scratch);
        fill_with(with.job.out, runs * kernels->lanes * with.job.out_stride, UNTOUCHED);
        kernels->parts->attend_grid(&with.job);
        for (int64_t r = 0; r < runs; r++) {
            check_run(kernels, &with, &with.runs[r], tolerance);
        }
    }
    if (kernels->bf16->attend_grid) {
        check_pairs(kernels, &with);
    }
    free_case(&with);
}

static void check_sizes(const tyto_kernels *kernels)
{
    const int64_t per_tile = kernels->attention_queries / kernels->lanes;
    for (int64_t channels = 0; channels <= 40; channels++) {
        check_size(kernels, 3, 21, channels, 41 - channels, 1.0f);
    }
    for (int64_t keys = 1; keys <= 400; keys += keys < 20 ? 1 : 13) {
        check_size(kernels, 1 + keys % (per_tile + 1), keys, 5, 3, 1.0f);
    }
    check_size(kernels, 2 * per_tile, 300, 70, 33, 1.0f);
    for (int64_t runs = 1; runs <= TYTO_ATTEND_TILES * per_tile; runs++) {
        check_size(kernels, runs, 9, 2, 6, 1.0f);
    }
    /* Scores so far apart, and rising, that the maximum is raised many times. */
    check_size(kernels, per_tile + 1, 700, 6, 9, 40.0f);
    check_size(kernels, per_tile + 1, 700, 6, 9, 1000.0f);
}

void check_attend_grid(void **state)
{
    (void)state;
    for_each_table(check_sizes);
}

static void check_gemm_few_size(const tyto_kernels *kernels, int64_t rows, int64_t n, int64_t k)
{
    const int64_t ldx = k + GAP, ldy = n + 1;
    stream numbers = {(uint64_t)(rows + n * 3 + k * 7)};
    guarded x, w, y = guarded_floats((rows - 1) * ldy + n);
    const float *from = numbers_of(&x, &numbers, (rows - 1) * ldx + k, 1.0f),
                *weight = numbers_of(&w, &numbers, n * k, 1.0f);
    float *to = y.data;
    fill_with(to, (rows - 1) * ldy + n, UNTOUCHED);
    kernels->gemm_few(rows, n, k, from, ldx, weight, to, ldy);
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; c < n; c++) {
            const double wanted = tyto_define_product(k, from + r * ldx, 1, weight + c * k, 1);
            assert_true(is_close((double)to[r * ldy + c], wanted, 1e-6 * (double)k));
        }
        assert_true(r + 1 == rows || to[r * ldy + n] == UNTOUCHED);
    }
    guarded_free(&x);
    guarded_free(&w);
    guarded_free(&y);
}

static void check_gemm_few_sizes(const tyto_kernels *kernels)
{
    for (int64_t rows = 1; rows <= 9; rows++) {
        for (int64_t n = 1; n <= 8; n++) {
            check_gemm_few_size(kernels, rows, n, 37);
        }
    }
    for (int64_t k = 1; k <= 70; k++) {
        check_gemm_few_size(kernels, 6, 4, k);
    }
}

void check_gemm_few(void **state)
{
    (void)state;
    for_each_table(check_gemm_few_sizes);
}
