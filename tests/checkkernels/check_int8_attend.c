/* Attention in whole numbers, of every table that has it, against its definition and against
 * attention itself. A number that falls on either side of a half, as sums of floats round, becomes
 * another whole number: single outputs may then differ by about a step of a weight, all of them
 * together hardly. */
#include "checkkernels.h"
#include "kernels/scalar/attend_int8_definitions.h"
#include "kernels/scalar/definitions.h"

/* More tables than any machine has. */
#define TABLES_MAX 8
/* The definition's mean of keys is made anew for every query: of so many at most. */
#define QUERIES_DEFINED 24

typedef struct whole_case {
    const tyto_int8_kernels *kernels;
    attend_memory memory;
} whole_case;

static whole_case make_case(const tyto_int8_kernels *kernels, int64_t queries, int64_t keys,
                            int64_t qk_channels, int64_t v_channels)
{
    return (whole_case){.kernels = kernels,
                        .memory =
                            make_attend_memory(queries, keys, qk_channels, v_channels,
                                               kernels->attend_scratch(qk_channels, v_channels))};
}

/* How far outputs are from something, and how large that is. */
typedef struct distance {
    double most, squares, reference_squares;
    int64_t count;
} distance;

static void add_distance(distance *d, double got, double wanted)
{
    d->most = fmax(d->most, fabs(got - wanted));
    d->squares += (got - wanted) * (got - wanted);
    d->reference_squares += wanted * wanted;
    d->count++;
}

/* Runs the job; distances of its first queries from the definition, or from exact attention. */
static distance run_case(const whole_case *with, bool exact)
{
    const tyto_attend_job *job = &with->memory.job;
    double *weights = malloc((size_t)job->keys * sizeof(double)),
           *wanted = malloc((size_t)job->v_channels * sizeof(double));
    float *floats = malloc(2 * (size_t)job->qk_channels * sizeof(float));
    assert_true(weights && wanted && floats);
    distance d = {0};
    with->kernels->attend(job);
    for (int64_t i = 0; i < job->queries; i++) {
        const float *out = job->out + i * job->out_stride;
        for (int64_t c = job->v_channels; c < job->out_stride && i + 1 < job->queries; c++) {
            assert_true(out[c] == ATTEND_UNTOUCHED);
        }
        if (i >= QUERIES_DEFINED && i + 2 < job->queries) {
            continue;
        }
        if (exact) {
            tyto_define_attend(job, i, weights, wanted);
        } else {
            tyto_define_attend_int8(job, with->kernels->offset ? 255 : 127, i, weights, floats,
                                    wanted);
        }
        for (int64_t c = 0; c < job->v_channels; c++) {
            add_distance(&d, (double)out[c], wanted[c]);
        }
    }
    free(weights);
    free(wanted);
    free(floats);
    return d;
}

static void check_size(const tyto_int8_kernels *kernels, int64_t queries, int64_t keys,
                       int64_t qk_channels, int64_t v_channels)
{
    whole_case with = make_case(kernels, queries, keys, qk_channels, v_channels);
    const distance d = run_case(&with, false);
    const double mean = sqrt(d.squares / (double)d.count);
    if (!(d.most <= 0.02 && mean <= 2e-3)) {
        fail_msg("%s: %lld queries, %lld keys, %lld and %lld channels: off by %g, on average %g",
                 kernels->name, (long long)queries, (long long)keys, (long long)qk_channels,
                 (long long)v_channels, d.most, mean);
    }
    free_attend_memory(&with.memory);
}

static void check_sizes(const tyto_int8_kernels *kernels)
{
    const int64_t tile = kernels->queries;
    for (int64_t channels = 1; channels <= 130; channels++) {
        check_size(kernels, 3, 21, channels, channels);
        check_size(kernels, tile, 9, channels, 131 - channels);
    }
    for (int64_t keys = 1; keys <= 3 * TYTO_INT8_ATTEND_KEYS; keys++) {
        check_size(kernels, 1 + keys % (tile + 1), keys, 5, 3);
    }
    for (int64_t queries = 1; queries <= TYTO_ATTEND_TILES * tile; queries++) {
        check_size(kernels, queries, 7, 4, 6);
    }
    check_size(kernels, 2 * tile + 1, 577, 64, 64);
}

/* Weights and values in 255 steps or fewer, scores in steps of a row: together a few hundredths of
 * the outputs' size, whose average is small where many keys are seen. */
static void check_error(const tyto_int8_kernels *kernels)
{
    static const float factors[] = {0.1f, 1.0f, 4.0f};
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        whole_case with = make_case(kernels, 2 * kernels->queries, 600, 64, 64);
        with.memory.job.scale *= factors[i];
        /* What all keys share cancels, and costs no steps. */
        for (int64_t j = 0; j < with.memory.job.keys; j++) {
            ((float *)with.memory.k.data)[j * with.memory.job.k_stride + 3] += 50.0f;
        }
        const distance d = run_case(&with, true);
        const double share = sqrt(d.squares / d.reference_squares);
        if (!(share <= 0.03)) {
            fail_msg("%s, scores times %g: off by %g of the outputs", kernels->name,
                     (double)factors[i], share);
        }
        free_attend_memory(&with.memory);
    }
}

/* Scores so far apart that one key has all the weight: its value comes out, to half a step. */
static void check_sharp(const tyto_int8_kernels *kernels)
{
    static const float scales[] = {50.0f, -50.0f, 1000.0f, 1e30f};
    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        whole_case with = make_case(kernels, kernels->queries + 3, 300, 8, 5);
        float *q = with.memory.q.data, *k = with.memory.k.data;
        with.memory.job.scale = scales[i];
        for (int64_t n = 0; n < with.memory.job.queries; n++) {
            for (int64_t c = 0; c < 8; c++) {
                q[n * with.memory.job.q_stride + c] =
                    c == 0 ? (scales[i] < 0.0f ? -1.0f : 1.0f) : 0.0f;
            }
        }
        k[177 * with.memory.job.k_stride] = 9.0f;
        const distance d = run_case(&with, true);
        assert_true(d.most <= 1.0 / 127.0);
        free_attend_memory(&with.memory);
    }
}

/* Scores that rise from block to block, so that what was summed shrinks again and again. */
static void check_rising(const tyto_int8_kernels *kernels)
{
    const int64_t keys = 1000;
    whole_case with = make_case(kernels, 2 * kernels->queries + 3, keys, 8, 5);
    float *q = with.memory.q.data, *k = with.memory.k.data;
    with.memory.job.scale = 0.02f;
    for (int64_t i = 0; i < with.memory.job.queries; i++) {
        q[i * with.memory.job.q_stride] = i % 3 == 0 ? 1.0f : i % 3 == 1 ? -1.0f : 0.25f;
    }
    for (int64_t j = 0; j < keys; j++) {
        k[j * with.memory.job.k_stride] = (float)j;
    }
    const distance d = run_case(&with, false);
    assert_true(d.most <= 0.02);
    free_attend_memory(&with.memory);
}

/* Nothing to tell keys or values apart: steps of nothing. */
static void check_flat(const tyto_int8_kernels *kernels)
{
    whole_case with = make_case(kernels, kernels->queries + 1, 200, 8, 5);
    fill_with(with.memory.q.data,
              attend_extent(with.memory.job.queries, with.memory.job.q_stride, 8), 0.0f);
    assert_true(run_case(&with, true).most <= 0.5 / 127.0);
    fill_with(with.memory.k.data, attend_extent(200, with.memory.job.k_stride, 8), 1.0f);
    assert_true(run_case(&with, true).most <= 0.5 / 127.0);
    fill_with(with.memory.v.data, attend_extent(200, with.memory.job.v_stride, 5), 0.0f);
    assert_true(run_case(&with, true).most == 0.0);
    free_attend_memory(&with.memory);
}

/* A query, a key or a value that is not a number spoils what it takes part in, and no more. */
static void check_not_a_number(const tyto_int8_kernels *kernels)
{
    static const float bad[] = {NAN, INFINITY};
    for (size_t n = 0; n < sizeof(bad) / sizeof(bad[0]); n++) {
        whole_case with = make_case(kernels, kernels->queries + 2, 150, 8, 5);
        const tyto_attend_job *job = &with.memory.job;
        float *q = with.memory.q.data, *k = with.memory.k.data, *v = with.memory.v.data;
        q[job->q_stride + 3] = bad[n];
        kernels->attend(job);
        for (int64_t i = 0; i < job->queries * 5; i++) {
            assert_int_equal(isnan(job->out[i / 5 * job->out_stride + i % 5]) != 0, i / 5 == 1);
        }
        q[job->q_stride + 3] = 0.0f;
        v[140 * job->v_stride + 2] = bad[n];
        kernels->attend(job);
        for (int64_t i = 0; i < job->queries * 5; i++) {
            assert_int_equal(isnan(job->out[i / 5 * job->out_stride + i % 5]) != 0, i % 5 == 2);
        }
        k[20 * job->k_stride] = bad[n];
        kernels->attend(job);
        for (int64_t i = 0; i < job->queries * 5; i++) {
            assert_true(isnan(job->out[i / 5 * job->out_stride + i % 5]));
        }
        free_attend_memory(&with.memory);
    }
}

static void for_each_attend(void (*check)(const tyto_int8_kernels *kernels))
{
    const tyto_int8_kernels *tables[TABLES_MAX];
    const size_t count = tyto_int8_list(tables, TABLES_MAX);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(!tables[i]->attend, !tables[i]->attend_scratch);
        if (tables[i]->attend) {
            check(tables[i]);
        }
    }
}

void check_int8_attend_sizes(void **state)
{
    (void)state;
    for_each_attend(check_sizes);
}

void check_int8_attend_error(void **state)
{
    (void)state;
    for_each_attend(check_error);
}

void check_int8_attend_extremes(void **state)
{
    (void)state;
    for_each_attend(check_sharp);
    for_each_attend(check_rising);
    for_each_attend(check_flat);
    for_each_attend(check_not_a_number);
}
