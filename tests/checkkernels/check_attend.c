#include <float.h>

#include "checkkernels.h"
#include "kernels/scalar/definitions.h"

/* One job with its memory; every row is followed by a gap that nobody may write to. */
typedef struct attend_case {
    tyto_attend_job job;
    guarded q, k, v, mask, out, scratch;
} attend_case;

#define GAP 5
#define UNTOUCHED 12345.0f

static int64_t extent(int64_t rows, int64_t stride, int64_t columns)
{
    return (rows - 1) * stride + columns;
}

static attend_case make_case(const tyto_kernels *kernels, int64_t queries, int64_t keys,
                             int64_t qk_channels, int64_t v_channels)
{
    stream numbers = {(uint64_t)(queries + keys * 3 + qk_channels * 7 + v_channels * 11)};
    attend_case with = {.job = {.queries = queries,
                                .keys = keys,
                                .qk_channels = qk_channels,
                                .v_channels = v_channels,
                                .scale = 3.0f / sqrtf((float)qk_channels),
                                .q_stride = qk_channels + GAP,
                                .k_stride = qk_channels + GAP - 1,
                                .v_stride = v_channels + GAP - 2,
                                .out_stride = v_channels + GAP}};
    tyto_attend_job *job = &with.job;
    const int64_t q = extent(queries, job->q_stride, qk_channels),
                  k = extent(keys, job->k_stride, qk_channels),
                  v = extent(keys, job->v_stride, v_channels),
                  out = extent(queries, job->out_stride, v_channels),
                  scratch = (kernels->attend_scratch(qk_channels, v_channels) + 15) / 16 * 16;
    with.q = guarded_floats(q);
    with.k = guarded_floats(k);
    with.v = guarded_floats(v);
    with.mask = guarded_bytes((size_t)keys);
    with.out = guarded_floats(out);
    with.scratch = guarded_floats(scratch);
    fill_floats(&numbers, with.q.data, q);
    fill_floats(&numbers, with.k.data, k);
    fill_floats(&numbers, with.v.data, v);
    fill_with(with.out.data, out, UNTOUCHED);
    fill_with(with.scratch.data, scratch, NAN);
    job->q = with.q.data;
    job->k = with.k.data;
    job->v = with.v.data;
    job->out = with.out.data;
    job->scratch = with.scratch.data;
    return with;
}

static void free_case(attend_case *with)
{
    guarded_free(&with->q);
    guarded_free(&with->k);
    guarded_free(&with->v);
    guarded_free(&with->mask);
    guarded_free(&with->out);
    guarded_free(&with->scratch);
}

/* Runs the job and compares every query; `tolerance` is for values in −1 … 1. */
static void run_case(const tyto_kernels *kernels, const attend_case *with, double tolerance)
{
    const tyto_attend_job *job = &with->job;
    double *weights = malloc((size_t)job->keys * sizeof(double)),
           *wanted = malloc((size_t)job->v_channels * sizeof(double));
    assert_true(weights && wanted);
    kernels->attend(job);
    for (int64_t i = 0; i < job->queries; i++) {
        tyto_define_attend(job, i, weights, wanted);
        const float *out = job->out + i * job->out_stride;
        for (int64_t c = 0; c < job->v_channels; c++) {
            if (!is_close((double)out[c], wanted[c], tolerance)) {
                fail_msg(
                    "%s: %lld queries, %lld keys, %lld and %lld channels, causal %d from %lld, "
                    "mask %d: query %lld channel %lld: got %.9g, required %.9g",
                    kernels->name, (long long)job->queries, (long long)job->keys,
                    (long long)job->qk_channels, (long long)job->v_channels, job->causal,
                    (long long)job->first_query, job->key_mask != NULL, (long long)i, (long long)c,
                    (double)out[c], wanted[c]);
            }
        }
        for (int64_t c = job->v_channels; c < job->out_stride && i + 1 < job->queries; c++) {
            assert_true(out[c] == UNTOUCHED);
        }
    }
    free(weights);
    free(wanted);
}

static void check_size(const tyto_kernels *kernels, int64_t queries, int64_t keys,
                       int64_t qk_channels, int64_t v_channels)
{
    attend_case with = make_case(kernels, queries, keys, qk_channels, v_channels);
    run_case(kernels, &with, 2e-6);
    free_case(&with);
}

static void check_sizes(const tyto_kernels *kernels)
{
    const int64_t tile = kernels->attention_queries;
    for (int64_t channels = 1; channels <= 130; channels++) {
        check_size(kernels, 3, 21, channels, channels);
        check_size(kernels, tile, 9, channels, 131 - channels);
    }
    for (int64_t keys = 1; keys <= 700; keys++) {
        check_size(kernels, 1 + keys % (tile + 1), keys, 5, 3);
    }
    for (int64_t queries = 1; queries <= TYTO_ATTEND_TILES * tile; queries++) {
        check_size(kernels, queries, 7, 4, 6);
    }
    check_size(kernels, 2 * tile + 1, 577, 64, 64);
}

void check_attend_sizes(void **state)
{
    (void)state;
    for_each_table(check_sizes);
}

typedef enum mask_kind { ALL_SEEN, RANDOM, PADDED_LEFT, PADDED_RIGHT, NONE_SEEN, MASKS } mask_kind;

static void check_mask(const tyto_kernels *kernels, int64_t queries, int64_t keys, mask_kind kind,
                       bool causal, int64_t first_query)
{
    attend_case with = make_case(kernels, queries, keys, 6, 7);
    stream numbers = {(uint64_t)(queries * 31 + keys + (int64_t)kind)};
    uint8_t *mask = with.mask.data;
    for (int64_t j = 0; j < keys; j++) {
        /* Any byte but 0 shows a key. */
        const bool seen = kind == RANDOM         ? next_int(&numbers, 0, 1) == 1
                          : kind == PADDED_LEFT  ? j >= keys / 2
                          : kind == PADDED_RIGHT ? j <= keys / 2
                                                 : kind == ALL_SEEN;
        mask[j] = seen ? (uint8_t)next_int(&numbers, 1, 255) : 0;
    }
    with.job.causal = causal;
    with.job.first_query = first_query;
    with.job.key_mask = mask;
    run_case(kernels, &with, 2e-6);
    if (kind == ALL_SEEN) {
        with.job.key_mask = NULL;
        run_case(kernels, &with, 2e-6);
    }
    free_case(&with);
}

static void check_masks(const tyto_kernels *kernels)
{
    const int64_t tile = kernels->attention_queries;
    const int64_t keys[] = {1, 2, 16, 77, 127, 128, 129, 300};
    const int64_t queries[] = {1, 7, tile, tile + 1, 2 * tile + 3};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        for (size_t j = 0; j < sizeof(queries) / sizeof(queries[0]); j++) {
            for (int kind = 0; kind < MASKS; kind++) {
                check_mask(kernels, queries[j], keys[i], (mask_kind)kind, false, 0);
                check_mask(kernels, queries[j], keys[i], (mask_kind)kind, true, 0);
                check_mask(kernels, queries[j], keys[i], (mask_kind)kind, true, keys[i] / 3);
            }
        }
    }
}

void check_attend_masks(void **state)
{
    (void)state;
    for_each_table(check_masks);
}

/* Scores so far apart that one key has all the weight; the error of a score, of the order of its
 * last place, becomes one of the weight. */
static void check_sharp(const tyto_kernels *kernels, float scale)
{
    attend_case with = make_case(kernels, 9, 200, 8, 5);
    with.job.scale = scale;
    run_case(kernels, &with, 2e-6 * fmax(1.0, fabs((double)scale)));
    free_case(&with);
}

/* A query, a key or a value that is not a number spoils what it takes part in, and no more. */
static void check_not_a_number(const tyto_kernels *kernels)
{
    attend_case with = make_case(kernels, kernels->attention_queries + 2, 150, 8, 5);
    const tyto_attend_job *job = &with.job;
    float *q = with.q.data, *k = with.k.data, *v = with.v.data;
    q[job->q_stride + 3] = NAN;
    kernels->attend(job);
    for (int64_t i = 0; i < job->queries * 5; i++) {
        assert_int_equal(isnan(job->out[i / 5 * job->out_stride + i % 5]) != 0, i / 5 == 1);
    }
    q[job->q_stride + 3] = 0.0f;
    v[140 * job->v_stride + 2] = NAN;
    kernels->attend(job);
    for (int64_t i = 0; i < job->queries * 5; i++) {
        assert_int_equal(isnan(job->out[i / 5 * job->out_stride + i % 5]) != 0, i % 5 == 2);
    }
    k[20 * job->k_stride] = NAN;
    kernels->attend(job);
    for (int64_t i = 0; i < job->queries * 5; i++) {
        assert_true(isnan(job->out[i / 5 * job->out_stride + i % 5]));
    }
    free_case(&with);
}

static void check_extremes(const tyto_kernels *kernels)
{
    check_sharp(kernels, 0.0f);
    check_sharp(kernels, 50.0f);
    check_sharp(kernels, -50.0f);
    check_sharp(kernels, 1000.0f);
    check_not_a_number(kernels);
}

void check_attend_extremes(void **state)
{
    (void)state;
    for_each_table(check_extremes);
}
