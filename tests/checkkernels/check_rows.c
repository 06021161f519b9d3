/* Activations and layer norm. */
#include <float.h>

#include "checkkernels.h"
#include "kernels/scalar/definitions.h"

static const float extremes[] = {
    0.0f,       -0.0f,  FLT_MIN, -FLT_MIN, 1e-42f,      -1e-42f,      FLT_MAX,
    -FLT_MAX,   1e30f,  -1e30f,  1e19f,    -1e19f,      INFINITY,     -INFINITY,
    NAN,        88.5f,  -88.5f,  104.0f,   -104.0f,     300.0f,       -300.0f,
    6.0f,       10.0f,  -10.0f,  20.0f,    20.000001f,  0.249999f,    0.25f,
    0.2500001f, -0.25f, 5.9396f, -5.9396f, FLT_EPSILON, -FLT_EPSILON, 1e-5f};
#define EXTREMES (sizeof(extremes) / sizeof(extremes[0]))

/* x/2 (1 + erf) loses digits where erf is near −1, in single precision whoever computes it; the
 * others keep theirs. */
static bool keeps_digits(tyto_activation activation)
{
    return activation != TYTO_ACT_GELU && activation != TYTO_ACT_GELU_10 &&
           activation != TYTO_ACT_GELU_NEW && activation != TYTO_ACT_LAPLACE;
}

static double tolerance_of(tyto_activation activation, double x, double wanted)
{
    if (keeps_digits(activation)) {
        /* Near the least normal number, results may be 0; e^x takes a hundredth of x's last place.
         */
        return (6e-7 + 1e-7 * fmin(fabs(x), 100.0)) * fabs(wanted) + (double)FLT_MIN * 100.0;
    }
    return 3e-7 * fmax(1.0, fmax(fmin(fabs(x), 6.0), fabs(wanted)));
}

static void check_value(const tyto_kernels *kernels, tyto_activation activation, float x, float got)
{
    const double wanted = (double)(float)tyto_activation_value(activation, (double)x);
    if (!is_close((double)got, wanted, tolerance_of(activation, (double)x, wanted))) {
        fail_msg("%s: activation %d at %.9g: got %.9g, required %.9g", kernels->name,
                 (int)activation, (double)x, (double)got, wanted);
    }
}

/* All of −30 … 30, and the extremes. */
static void check_values(const tyto_kernels *kernels, tyto_activation activation)
{
    const int64_t steps = 60 * 256 + 1, count = steps + (int64_t)EXTREMES;
    guarded x = guarded_floats(count);
    float *values = x.data;
    for (int64_t i = 0; i < count; i++) {
        values[i] = i < steps ? (float)(i - steps / 2) / 256.0f : extremes[i - steps];
    }
    kernels->activate(activation, values, count);
    for (int64_t i = 0; i < count; i++) {
        check_value(kernels, activation,
                    i < steps ? (float)(i - steps / 2) / 256.0f : extremes[i - steps], values[i]);
    }
    guarded_free(&x);
}

static void check_tails(const tyto_kernels *kernels, tyto_activation activation)
{
    for (int64_t count = 0; count <= 5 * kernels->lanes + 1; count++) {
        guarded x = guarded_floats(count), before = guarded_floats(count);
        stream numbers = {(uint64_t)count + 1};
        fill_floats(&numbers, before.data, count);
        memcpy(x.data, before.data, (size_t)count * sizeof(float));
        kernels->activate(activation, x.data, count);
        for (int64_t i = 0; i < count; i++) {
            check_value(kernels, activation, ((float *)before.data)[i], ((float *)x.data)[i]);
        }
        guarded_free(&x);
        guarded_free(&before);
    }
}

static void check_activations(const tyto_kernels *kernels)
{
#define CHECK(id, name, formula)                                                                   \
    check_values(kernels, TYTO_ACT_##id);                                                          \
    check_tails(kernels, TYTO_ACT_##id);
    TYTO_ACTIVATION_LIST(CHECK)
#undef CHECK
}

void check_activate(void **state)
{
    (void)state;
    for_each_table(check_activations);
}

void check_activation_names(void **state)
{
    (void)state;
    tyto_activation found;
#define FIND(id, name, formula)                                                                    \
    assert_true(tyto_activation_find(name, &found));                                               \
    assert_int_equal(found, TYTO_ACT_##id);                                                        \
    assert_non_null(strstr(tyto_activation_names(), name));
    TYTO_ACTIVATION_LIST(FIND)
#undef FIND
    assert_false(tyto_activation_find("selu", &found));
    assert_false(tyto_activation_find("", &found));
}

static void check_norm(const tyto_kernels *kernels, int64_t columns, float offset, float spread,
                       float eps)
{
    guarded x = guarded_floats(columns), gamma = guarded_floats(columns),
            beta = guarded_floats(columns), y = guarded_floats(columns);
    stream numbers = {(uint64_t)columns + 7};
    float *values = x.data, *out = y.data;
    double *wanted = malloc((size_t)columns * sizeof(double));
    assert_non_null(wanted);
    fill_floats(&numbers, values, columns);
    fill_floats(&numbers, gamma.data, columns);
    fill_floats(&numbers, beta.data, columns);
    fill_with(out, columns, NAN);
    for (int64_t c = 0; c < columns; c++) {
        values[c] = values[c] * spread + offset;
    }
    tyto_define_layer_norm(columns, values, gamma.data, beta.data, eps, wanted);
    kernels->layer_norm(columns, values, gamma.data, beta.data, eps, out);
    /* What x keeps of its digits beside the mean. */
    const double deviation = sqrt((double)(spread * spread) / 3.0 + (double)eps);
    const double tolerance = 2e-6 + 0.25 * (double)FLT_EPSILON * fabs((double)offset) / deviation;
    for (int pass = 0; pass < 2; pass++) {
        for (int64_t c = 0; c < columns; c++) {
            if (!is_close((double)out[c], wanted[c], tolerance)) {
                fail_msg("%s: %lld columns of %g ± %g, eps %g, pass %d: at %lld got %.9g, required "
                         "%.9g",
                         kernels->name, (long long)columns, (double)offset, (double)spread,
                         (double)eps, pass, (long long)c, (double)out[c], wanted[c]);
            }
        }
        /* And in place. */
        kernels->layer_norm(columns, values, gamma.data, beta.data, eps, values);
        out = values;
    }
    free(wanted);
    guarded_free(&x);
    guarded_free(&gamma);
    guarded_free(&beta);
    guarded_free(&y);
}

static void check_norms(const tyto_kernels *kernels)
{
    static const int64_t wide[] = {255, 512, 768, 1023, 1024, 4097};
    for (int64_t columns = 1; columns <= 130; columns++) {
        check_norm(kernels, columns, 0.0f, 1.0f, 1e-5f);
        check_norm(kernels, columns, -30.0f, 5.0f, 1e-3f);
        check_norm(kernels, columns, 3.0f, 0.0f, 1e-5f);
    }
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        check_norm(kernels, wide[i], 0.5f, 2.0f, 1e-5f);
        check_norm(kernels, wide[i], 1000.0f, 1.0f, 1e-5f);
        check_norm(kernels, wide[i], 0.0f, 1e-4f, 1e-12f);
        check_norm(kernels, wide[i], 0.0f, 1e15f, 1e-5f);
    }
}

void check_layer_norm(void **state)
{
    (void)state;
    for_each_table(check_norms);
}
