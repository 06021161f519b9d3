#include <float.h>

#include "checkkernels.h"
#include "kernels/scalar/definitions.h"

/* One job with its memory. */
typedef struct attend_case {
    const char *name, *kind;
    void (*attend)(const tyto_attend_job *job);
    void (*define)(const tyto_attend_job *job, int64_t query, double *weights, double *out);
    double tolerance; /* for values in −1 … 1 and scores of a few units */
    bool takes_bf16;
    attend_memory memory;
} attend_case;

/* Which of a table's kinds of attention is checked: of floats, by parts of them, or in bf16. */
typedef enum precision { FLOATS, PARTS, BF16 } precision;
typedef struct kind {
    const tyto_kernels *kernels;
    precision precision;
} kind;

/* Rounding to bf16 changes a number by 2⁻⁸ of it at most: so weights, and so values. */
#define BF16_UNIT 0x1p-8

static void (*attend_of(const kind *of))(const tyto_attend_job *job)
{
    return of->precision == BF16    ? of->kernels->bf16->attend
           : of->precision == PARTS ? of->kernels->parts->attend
                                    : of->kernels->attend;
}

static int64_t scratch_of(const kind *of, int64_t qk_channels, int64_t v_channels)
{
    return (of->precision == BF16    ? of->kernels->bf16->attend_scratch
            : of->precision == PARTS ? of->kernels->parts->attend_scratch
                                     : of->kernels->attend_scratch)(qk_channels, v_channels);
}

static attend_case make_case(const kind *of, int64_t queries, int64_t keys, int64_t qk_channels,
                             int64_t v_channels)
{
    const bool bf16 = of->precision == BF16;
    return (attend_case){.name = of->kernels->name,
                         .kind = (const char *[]){"floats", "parts", "bf16"}[of->precision],
                         .attend = attend_of(of),
                         .define = bf16 ? tyto_define_attend_bf16 : tyto_define_attend,
                         .tolerance = bf16 ? 3.0 * BF16_UNIT : 2e-6,
                         .takes_bf16 = bf16,
                         .memory = make_attend_memory(queries, keys, qk_channels, v_channels,
                                                      scratch_of(of, qk_channels, v_channels))};
}

static void (*check_kind)(const kind *of);

static void check_kinds(const tyto_kernels *kernels)
{
    check_kind(&(kind){.kernels = kernels});
    if (kernels->bf16->dot) {
        check_kind(&(kind){.kernels = kernels, .precision = BF16});
    } else {
        assert_ptr_equal(kernels->bf16->attend, kernels->attend);
    }
    if (kernels->parts) {
        check_kind(&(kind){.kernels = kernels, .precision = PARTS});
    }
}

/* All kinds of every table; where the CPU does not multiply pairs, bf16 is that of floats. */
static void for_each_kind(void (*check)(const kind *of))
{
    check_kind = check;
    for_each_table(check_kinds);
}

/* x[count] is rounded, and *rounded has its numbers in bf16. */
static guarded in_bf16(float *x, int64_t count)
{
    guarded rounded = guarded_bytes((size_t)count * sizeof(uint16_t));
    uint16_t *to = rounded.data;
    for (int64_t i = 0; i < count; i++) {
        to[i] = tyto_define_bf16(x[i]);
        x[i] = tyto_define_widen(to[i]);
    }
    return rounded;
}

/* From bf16 to bf16: the bits of what the same numbers give as floats, rounded. */
static void run_in_bf16(const attend_case *with)
{
    const tyto_attend_job *job = &with->memory.job;
    const int64_t D = job->qk_channels, V = job->v_channels,
                  count = attend_extent(job->queries, job->out_stride, V);
    guarded q = in_bf16(with->memory.q.data, attend_extent(job->queries, job->q_stride, D)),
            k = in_bf16(with->memory.k.data, attend_extent(job->keys, job->k_stride, D)),
            v = in_bf16(with->memory.v.data, attend_extent(job->keys, job->v_stride, V)),
            out = guarded_bytes((size_t)count * sizeof(uint16_t));
    tyto_attend_job halves = *job;
    uint16_t *got = out.data;
    with->attend(job);
    memset(got, 0x55, (size_t)count * sizeof(uint16_t));
    halves.q = halves.k = halves.v = halves.out = NULL;
    halves.q_bf16 = q.data;
    halves.k_bf16 = k.data;
    halves.v_bf16 = v.data;
    halves.out_bf16 = got;
    with->attend(&halves);
    for (int64_t i = 0; i < count; i++) {
        const uint16_t wanted = i % job->out_stride < V ? tyto_define_bf16(job->out[i]) : 0x5555;
        const float one = tyto_define_widen(got[i]), other = tyto_define_widen(wanted);
        if (!(isnan(other) ? isnan(one) : one == other)) {
            fail_msg("%s: %lld queries, %lld keys, %lld and %lld channels, causal %d, mask %d, in "
                     "bf16: at %lld got %x, required %x",
                     with->name, (long long)job->queries, (long long)job->keys, (long long)D,
                     (long long)V, job->causal, job->key_mask != NULL, (long long)i, got[i],
                     wanted);
        }
    }
    guarded_free(&q);
    guarded_free(&k);
    guarded_free(&v);
    guarded_free(&out);
}

/* Runs the job and compares every query. */
static void run_case(const attend_case *with)
{
    const tyto_attend_job *job = &with->memory.job;
    double *weights = malloc((size_t)job->keys * sizeof(double)),
           *wanted = malloc((size_t)job->v_channels * sizeof(double));
    assert_true(weights && wanted);
    with->attend(job);
    for (int64_t i = 0; i < job->queries; i++) {
        with->define(job, i, weights, wanted);
        const float *out = job->out + i * job->out_stride;
        for (int64_t c = 0; c < job->v_channels; c++) {
            if (!is_close((double)out[c], wanted[c], with->tolerance)) {
                fail_msg(
                    "%s, %s: %lld queries, %lld keys, %lld and %lld channels, causal %d from %lld, "
                    "mask %d: query %lld channel %lld: got %.9g, required %.9g",
                    with->name, with->kind, (long long)job->queries, (long long)job->keys,
                    (long long)job->qk_channels, (long long)job->v_channels, job->causal,
                    (long long)job->first_query, job->key_mask != NULL, (long long)i, (long long)c,
                    (double)out[c], wanted[c]);
            }
        }
        for (int64_t c = job->v_channels; c < job->out_stride && i + 1 < job->queries; c++) {
            assert_true(out[c] == ATTEND_UNTOUCHED);
        }
    }
    free(weights);
    free(wanted);
    if (with->takes_bf16) {
        run_in_bf16(with);
    }
}

static void check_size(const kind *of, int64_t queries, int64_t keys, int64_t qk_channels,
                       int64_t v_channels)
{
    attend_case with = make_case(of, queries, keys, qk_channels, v_channels);
    run_case(&with);
    free_attend_memory(&with.memory);
}

static void check_sizes(const kind *of)
{
    const int64_t tile = of->kernels->attention_queries;
    for (int64_t channels = 1; channels <= 130; channels++) {
        check_size(of, 3, 21, channels, channels);
        check_size(of, tile, 9, channels, 131 - channels);
    }
    for (int64_t keys = 1; keys <= 700; keys++) {
        check_size(of, 1 + keys % (tile + 1), keys, 5, 3);
    }
    for (int64_t queries = 1; queries <= TYTO_ATTEND_TILES * tile; queries++) {
        check_size(of, queries, 7, 4, 6);
    }
    check_size(of, 2 * tile + 1, 577, 64, 64);
}

void check_attend_sizes(void **state)
{
    (void)state;
    for_each_kind(check_sizes);
}

typedef enum mask_kind { ALL_SEEN, RANDOM, PADDED_LEFT, PADDED_RIGHT, NONE_SEEN, MASKS } mask_kind;

static void check_mask(const kind *of, int64_t queries, int64_t keys, mask_kind hidden, bool causal,
                       int64_t first_query)
{
    attend_case with = make_case(of, queries, keys, 6, 7);
    stream numbers = {(uint64_t)(queries * 31 + keys + (int64_t)hidden)};
    uint8_t *mask = with.memory.mask.data;
    for (int64_t j = 0; j < keys; j++) {
        /* Any byte but 0 shows a key. */
        const bool seen = hidden == RANDOM         ? next_int(&numbers, 0, 1) == 1
                          : hidden == PADDED_LEFT  ? j >= keys / 2
                          : hidden == PADDED_RIGHT ? j <= keys / 2
                                                   : hidden == ALL_SEEN;
        mask[j] = seen ? (uint8_t)next_int(&numbers, 1, 255) : 0;
    }
    with.memory.job.causal = causal;
    with.memory.job.first_query = first_query;
    with.memory.job.key_mask = mask;
    run_case(&with);
    if (hidden == ALL_SEEN) {
        with.memory.job.key_mask = NULL;
        run_case(&with);
    }
    free_attend_memory(&with.memory);
}

static void check_masks(const kind *of)
{
    const int64_t tile = of->kernels->attention_queries;
    const int64_t keys[] = {1, 2, 16, 77, 127, 128, 129, 300};
    const int64_t queries[] = {1, 7, tile, tile + 1, 2 * tile + 3};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        for (size_t j = 0; j < sizeof(queries) / sizeof(queries[0]); j++) {
            for (int hidden = 0; hidden < MASKS; hidden++) {
                check_mask(of, queries[j], keys[i], (mask_kind)hidden, false, 0);
                check_mask(of, queries[j], keys[i], (mask_kind)hidden, true, 0);
                check_mask(of, queries[j], keys[i], (mask_kind)hidden, true, keys[i] / 3);
            }
        }
    }
}

void check_attend_masks(void **state)
{
    (void)state;
    for_each_kind(check_masks);
}

/* Scores so far apart that one key has all the weight; the error of a score, of the order of its
 * last place, becomes one of the weight. */
static void check_sharp(const kind *of, int64_t queries, int64_t keys, float scale)
{
    attend_case with = make_case(of, queries, keys, 8, 5);
    with.memory.job.scale = scale;
    /* An error of a score, which is a sum of floats, becomes one of the weight. */
    with.tolerance += 2e-6 * fabs((double)scale);
    run_case(&with);
    free_attend_memory(&with.memory);
}

/* Scores that rise from key to key, so that what was subtracted is too little again and again. */
static void check_rising(const kind *of)
{
    const int64_t keys = 700;
    attend_case with = make_case(of, 2 * of->kernels->attention_queries + 3, keys, 8, 5);
    float *q = with.memory.q.data, *k = with.memory.k.data;
    with.memory.job.scale = 4.0f;
    with.tolerance += 2e-6 * (double)keys;
    for (int64_t i = 0; i < with.memory.job.queries; i++) {
        q[i * with.memory.job.q_stride] = i % 3 == 0 ? 1.0f : i % 3 == 1 ? -1.0f : 0.25f;
    }
    for (int64_t j = 0; j < keys; j++) {
        k[j * with.memory.job.k_stride] = (float)j;
    }
    run_case(&with);
    free_attend_memory(&with.memory);
}

/* A query, a key or a value that is not a number spoils what it takes part in, and no more. */
static void check_not_a_number(const kind *of)
{
    attend_case with = make_case(of, of->kernels->attention_queries + 2, 150, 8, 5);
    const tyto_attend_job *job = &with.memory.job;
    float *q = with.memory.q.data, *k = with.memory.k.data, *v = with.memory.v.data;
    q[job->q_stride + 3] = NAN;
    with.attend(job);
    for (int64_t i = 0; i < job->queries * 5; i++) {
        assert_int_equal(isnan(job->out[i / 5 * job->out_stride + i % 5]) != 0, i / 5 == 1);
    }
    q[job->q_stride + 3] = 0.0f;
    v[140 * job->v_stride + 2] = NAN;
    with.attend(job);
    for (int64_t i = 0; i < job->queries * 5; i++) {
        assert_int_equal(isnan(job->out[i / 5 * job->out_stride + i % 5]) != 0, i % 5 == 2);
    }
    k[20 * job->k_stride] = NAN;
    with.attend(job);
    for (int64_t i = 0; i < job->queries * 5; i++) {
        assert_true(isnan(job->out[i / 5 * job->out_stride + i % 5]));
    }
    free_attend_memory(&with.memory);
}

/* Every so many of the numbers. */
static void multiply(float *x, int64_t count, int64_t step, float factor)
{
    for (int64_t i = 0; i < count; i += step) {
        x[i] *= factor;
    }
}

/* Queries, keys and values so large or small that kernels may have to take care of their parts. */
static void check_ranges(const kind *of)
{
    static const float factors[][3] = {{0x1p100f, 0x1p-100f, 1.0f}, {0x1p-100f, 0x1p100f, 1.0f},
                                       {0x1p-60f, 0x1p-60f, 1.0f},  {0x1p7f, 0x1p7f, 1.0f},
                                       {1.0f, 1.0f, 0x1p99f},       {1.0f, 1.0f, 0x1p-100f}};
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]); i++) {
        attend_case with = make_case(of, of->kernels->attention_queries + 1, 200, 8, 5);
        const tyto_attend_job *job = &with.memory.job;
        const float *factor = factors[i];
        multiply(with.memory.q.data, attend_extent(job->queries, job->q_stride, 8), 1, factor[0]);
        multiply(with.memory.k.data, attend_extent(job->keys, job->k_stride, 8), 1, factor[1]);
        multiply(with.memory.v.data, attend_extent(job->keys, job->v_stride, 5), 1, factor[2]);
        with.tolerance *= fmax(1.0, (double)factor[0] * (double)factor[1]) * (double)factor[2];
        run_case(&with);
        free_attend_memory(&with.memory);
    }
    attend_case with = make_case(of, of->kernels->attention_queries + 1, 200, 8, 5);
    const tyto_attend_job *job = &with.memory.job;
    multiply(with.memory.q.data, attend_extent(job->queries, job->q_stride, 8), 7, 0x1p-116f);
    multiply(with.memory.k.data, attend_extent(job->keys, job->k_stride, 8), 5, 0x1p-110f);
    multiply(with.memory.v.data, attend_extent(job->keys, job->v_stride, 5), 3, 0x1p-113f);
    run_case(&with);
    float *v = with.memory.v.data;
    v[140 * job->v_stride + 2] = INFINITY;
    run_case(&with);
    free_attend_memory(&with.memory);
}

static void check_extremes(const kind *of)
{
    static const float scales[] = {0.0f, 50.0f, -50.0f, 1000.0f};
    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        check_sharp(of, 9, 200, scales[i]);
        check_sharp(of, 2 * of->kernels->attention_queries + 3, 700, scales[i]);
    }
    check_rising(of);
    check_not_a_number(of);
    if (of->precision != BF16) {
        check_ranges(of);
    }
}

void check_attend_extremes(void **state)
{
    (void)state;
    for_each_kind(check_extremes);
}
