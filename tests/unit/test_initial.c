/* What parameters begin with: the generator, and moments beside the reference's own. */
#include "support/golden.h"

#include <math.h>

#include "weights/initial.h"

static void generator_is_the_published_one(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], words[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint32_t words[4];
        tyto_philox(known[i].counter, known[i].key, words);
        assert_memory_equal(words, known[i].words, sizeof(words));
    }
}

static void quantiles_undo_the_distribution(void **state)
{
    (void)state;
    assert_true(tyto_normal_quantile(0.5) == 0.0);
    for (double z = -8.0; z <= 8.0; z += 0.0625) {
        const double p = 0.5 * erfc(-z / sqrt(2.0));
        /* Above the middle p is rounded to the nearest double below 1. */
        const double slack = 1e-14 + 2e-16 * exp(z * z / 2) * (z > 0 ? 3.0 : 0.0);
        if (p < 1.0 && fabs(tyto_normal_quantile(p) - z) > slack * (1 + fabs(z))) {
            fail_msg("%g: got %.17g", z, tyto_normal_quantile(p));
        }
    }
}

static void elements_depend_on_seed_name_and_place_alone(void **state)
{
    (void)state;
    enum { N = 101 };
    float whole[N], part[N], other[N];
    const tyto_initial normal = tyto_initial_normal(0.02);
    tyto_initial_fill(normal, 7, "a.weight", 0, N, whole);
    for (int64_t first = 0; first < N; first += 13) {
        const int64_t count = N - first < 13 ? N - first : 13;
        tyto_initial_fill(normal, 7, "a.weight", first, count, part + first);
    }
    assert_memory_equal(whole, part, sizeof(whole));
    tyto_initial_fill(normal, 8, "a.weight", 0, N, other);
    assert_memory_not_equal(whole, other, sizeof(whole));
    tyto_initial_fill(normal, 7, "b.weight", 0, N, other);
    assert_memory_not_equal(whole, other, sizeof(whole));
    /* The same bits on every machine: these were drawn on x86-64. */
    static const uint32_t bits[4] = {0x3cd50d33u, 0xbc2b9effu, 0x3d0238aeu, 0xbc0a4501u};
    assert_memory_equal(whole, bits, sizeof(bits));
}

static double number(const json_t *of, const char *key)
{
    return json_number_value(json_object_get(of, key));
}

typedef struct sums {
    double count, mean, square, fourth;
    float first;
    bool constant;
} sums;

static void add(sums *to, const float *values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const double v = (double)values[i];
        if (to->count == 0) {
            to->first = values[i];
            to->constant = true;
        }
        to->constant = to->constant && values[i] == to->first;
        to->count += 1;
        to->mean += v;
        to->square += v * v;
        to->fourth += v * v * v * v;
    }
}

/* Within so many standard errors of both samples: of tens of thousands of comparisons, none is
 * farther off by chance. */
#define ERRORS 6.0

static void compare_moments(const char *where, const char *name, const sums *of,
                            const json_t *expected)
{
    const double count = number(expected, "count");
    const json_t *constant = json_object_get(expected, "constant");
    if (of->count != count) {
        fail_msg("%s: '%s': got %g values, required %g", where, name, of->count, count);
    }
    if (count == 0) {
        return;
    }
    if (constant || of->constant) {
        if (!constant || !of->constant || of->first != (float)json_number_value(constant)) {
            fail_msg("%s: '%s': got %s %g, required %g", where, name,
                     of->constant ? "always" : "not always", (double)of->first,
                     json_number_value(constant));
        }
        return;
    }
    const double std = number(expected, "std"), fourth = number(expected, "fourth");
    const double mean = of->mean / count, got = sqrt(of->square / count);
    const double each = sqrt(2.0 / count); /* both are samples */
    if (fabs(mean - number(expected, "mean")) > ERRORS * std * each) {
        fail_msg("%s: '%s': mean %g, required %g", where, name, mean, number(expected, "mean"));
    }
    if (fabs(got - std) > ERRORS * std * each * sqrt(fmax(fourth - 1.0, 0.2)) / 2.0) {
        fail_msg("%s: '%s': standard deviation %g, required %g", where, name, got, std);
    }
    if (count >= 5000) {
        const double kurtosis = of->fourth / count / (got * got * got * got);
        if (fabs(kurtosis - fourth) > 0.4 * ERRORS * sqrt(5000.0 / count)) {
            fail_msg("%s: '%s': fourth moment %g, required %g", where, name, kurtosis, fourth);
        }
    }
}

/* The case's parameters, of one seed. */
static tyto_parameters *create(const char *name, const json_t *of, uint64_t seed)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_parameters *parameters = NULL;
    char *config = json_dumps(json_object_get(of, "config"), 0);
    const json_t *parts = json_object_get(of, "parts");
    char *description = parts ? json_dumps(parts, 0) : NULL;
    tyto_parameters_options options;
    tyto_parameters_options_init(&options, sizeof(options));
    options.seed = seed;
    options.parts = description;
    options.parts_length_bytes = description ? strlen(description) : 0;
    ASSERT_DONE(tyto_parameters_create(config, strlen(config), name, &options, &parameters, &err),
                &err);
    free(description);
    free(config);
    return parameters;
}

/* The names and shapes are the reference's. */
static void compare_names(const char *where, const tyto_parameters *parameters,
                          const json_t *tensors)
{
    const char *name;
    const json_t *expected;
    assert_int_equal(tyto_parameters_count(parameters), (int64_t)json_object_size(tensors));
    json_object_foreach((json_t *)(uintptr_t)tensors, name, expected)
    {
        const tyto_parameter *info = tyto_parameters_find(parameters, name);
        const json_t *shape = json_object_get(expected, "shape");
        if (!info) {
            fail_msg("%s: '%s' is missing", where, name);
            return;
        }
        bool same = info->rank == (int)json_array_size(shape) &&
                    info->buffer == json_is_true(json_object_get(expected, "buffer"));
        for (int i = 0; same && i < info->rank; i++) {
            same = info->shape[i] == json_integer_value(json_array_get(shape, (size_t)i));
        }
        if (!same || !info->initial) {
            fail_msg("%s: '%s': another shape, or another kind", where, name);
        }
    }
}

static void add_all(const tyto_parameters *parameters, sums *to)
{
    tyto_error err = TYTO_ERROR_INIT;
    for (int64_t i = 0; i < tyto_parameters_count(parameters); i++) {
        const tyto_parameter *info = tyto_parameters_at(parameters, i);
        tyto_tensor tensor = {.name = info->name, .dtype = info->dtype, .rank = info->rank};
        memcpy(tensor.shape, info->shape, sizeof(tensor.shape));
        const int64_t count = tyto_tensor_elements(&tensor);
        double *room = malloc((size_t)(count + 1) * sizeof(double));
        assert_non_null(room);
        tensor.data = room;
        ASSERT_DONE(tyto_parameters_read(parameters, info->name, info->dtype, room,
                                         (size_t)count * tyto_dtype_bytes(info->dtype), &err),
                    &err);
        if (info->dtype == TYTO_I64) {
            const float counted = (float)*(const int64_t *)tensor.data;
            add(&to[i], &counted, 1);
        } else {
            add(&to[i], tensor.data, count);
        }
        free(room);
    }
}

static void moments_are_those_of_the_reference(void **state)
{
    (void)state;
    enum { SEEDS = 24 };
    char path[GOLDEN_PATH_BYTES];
    json_t *root = json_load_file(golden_path(path, "initial/moments.json"), 0, NULL);
    const char *name;
    const json_t *of;
    assert_non_null(root);
    json_object_foreach(root, name, of)
    {
        const json_t *tensors = json_object_get(of, "tensors");
        sums *seen = calloc(json_object_size(tensors) + 1, sizeof(*seen));
        assert_non_null(seen);
        for (uint64_t seed = 0; seed < SEEDS; seed++) {
            tyto_parameters *parameters = create(name, of, seed);
            if (seed == 0) {
                compare_names(name, parameters, tensors);
            }
            add_all(parameters, seen);
            if (seed == SEEDS - 1) {
                for (int64_t i = 0; i < tyto_parameters_count(parameters); i++) {
                    const char *called = tyto_parameters_at(parameters, i)->name;
                    compare_moments(name, called, &seen[i], json_object_get(tensors, called));
                }
            }
            tyto_parameters_destroy(parameters);
        }
        free(seen);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generator_is_the_published_one),
        cmocka_unit_test(quantiles_undo_the_distribution),
        cmocka_unit_test(elements_depend_on_seed_name_and_place_alone),
        cmocka_unit_test(moments_are_those_of_the_reference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
