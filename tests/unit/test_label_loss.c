/* Losses beside labels, against their formulas and values that are known. */
#include "nn/label_loss.h"

#include <math.h>

#include "support/support.h"

static void assert_near(double got, double wanted)
{
    if (!(fabs(got - wanted) <= 1e-6 * (1.0 + fabs(wanted)))) {
        fail_msg("got %.9g, required %.9g", got, wanted);
    }
}

static void classes_are_labelled(void **state)
{
    (void)state;
    const float logits[] = {0.5f, -1.0f, 2.0f, 3.0f, 3.0f, 3.0f, 900.0f, -900.0f, 0.0f};
    const int64_t labels[] = {2, -100, 1}, none[] = {-100, -100, -100}, even[] = {-100, 0, -100};
    const double first = log(exp(0.5 - 2.0) + exp(-1.0 - 2.0) + 1.0);
    assert_near(tyto_cross_entropy(3, 3, logits, labels, -100), (first + 1800.0) / 2.0);
    assert_near(tyto_cross_entropy(3, 3, logits, even, -100), log(3.0));
    assert_true(isnan(tyto_cross_entropy(3, 3, logits, none, -100)));
}

static void truths_are_labelled(void **state)
{
    (void)state;
    const float x[] = {0.0f, 2.0f, -3.0f, 800.0f, -800.0f}, y[] = {1.0f, 0.25f, 0.0f, 1.0f, 1.0f};
    const double wanted = log(2.0) + 0.25 * log1p(exp(-2.0)) + 0.75 * log1p(exp(2.0)) +
                          log1p(exp(-3.0)) + 0.0 + 800.0;
    assert_near(tyto_binary_cross_entropy(5, x, y), wanted / 5.0);
}

static void numbers_are_labelled(void **state)
{
    (void)state;
    const float x[] = {1.5f, -2.0f, 4.0f}, y[] = {1.0f, 2.0f, 4.0f};
    const int64_t whole[] = {1, 2, INT64_C(16777221)};
    assert_near(tyto_squared_error(3, x, y, NULL), 16.25 / 3.0);
    assert_near(tyto_squared_error(2, x, NULL, whole), 16.25 / 2.0);
    /* More than floats can count to. */
    assert_near(sqrt(tyto_squared_error(1, x + 2, NULL, whole + 2)), 16777217.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_are_labelled),
        cmocka_unit_test(truths_are_labelled),
        cmocka_unit_test(numbers_are_labelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
