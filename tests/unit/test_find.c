/* Which number is the largest, the best candidate, or out of bounds. */
#include "nn/find.h"
#include "support/support.h"

static void the_first_of_equals_is_found(void **state)
{
    (void)state;
    const int64_t x[] = {3, -7, 9, 9, 0};
    assert_int_equal(tyto_find_largest(5, x), 2);
    assert_int_equal(tyto_find_largest(2, x), 0);
    assert_int_equal(tyto_find_largest(1, x + 1), 0);
}

static void indices_have_bounds(void **state)
{
    (void)state;
    const int64_t x[] = {0, 4, 5, -1};
    assert_int_equal(tyto_find_outside(2, x, 5), -1);
    assert_int_equal(tyto_find_outside(4, x, 5), 2);
    assert_int_equal(tyto_find_outside(4, x, 6), 3);
    assert_int_equal(tyto_find_outside(0, x, 0), -1);
}

static void candidates_compete(void **state)
{
    (void)state;
    const float merit[] = {9.0f, 1.0f, 2.0f, 2.0f, NAN}, score[] = {0.1f, 0.5f, 0.6f, 0.7f, 0.9f},
                nothing[] = {-INFINITY, NAN};
    assert_int_equal(tyto_find_best(5, merit, score, 0.5f), 2);
    assert_int_equal(tyto_find_best(5, merit, score, 0.0f), 0);
    assert_int_equal(tyto_find_best(5, merit, score, 0.65f), 3);
    assert_int_equal(tyto_find_best(5, merit, score, 0.8f), -1);
    assert_int_equal(tyto_find_best(2, nothing, score, 0.0f), -1);
    assert_true(tyto_largest_positive(5, merit) == 9.0f);
    assert_true(tyto_largest_positive(2, nothing) == 0.0f);
}

static void numbers_are_finite(void **state)
{
    (void)state;
    const double x[] = {1.0, -1e308, 0.0, NAN, INFINITY};
    assert_true(tyto_all_finite(3, x));
    assert_false(tyto_all_finite(4, x));
    assert_false(tyto_all_finite(1, x + 4));
    assert_true(tyto_all_finite(0, x));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_equals_is_found),
        cmocka_unit_test(indices_have_bounds),
        cmocka_unit_test(candidates_compete),
        cmocka_unit_test(numbers_are_finite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
