/* Operators by truth values and by heads, against their formulas. */
#include "nn/masks.h"
#include "support/operators.h"

enum { ROWS = 37, COLS = 11, HEADS = 3, INNER = 13 };

static void fill(int64_t count, float *x)
{
    for (int64_t i = 0; i < count; i++) {
        x[i] = 0.25f * (float)(i % 101) - 7.0f;
    }
}

static void rows_are_kept_in_order(void **state)
{
    (void)state;
    float x[ROWS * COLS], given[ROWS * COLS];
    uint8_t flags[ROWS] = {0};
    fill(ROWS * COLS, x);
    memcpy(given, x, sizeof(x));
    assert_false(tyto_mask_any(flags, ROWS));
    assert_int_equal(tyto_keep_rows(ROWS, COLS, flags, x), 0);
    int64_t kept = 0;
    for (int64_t i = 0; i < ROWS; i++) {
        flags[i] = (uint8_t)(i % 3 == 1 ? 2 : 0);
        kept += i % 3 == 1;
    }
    assert_true(tyto_mask_any(flags, ROWS));
    assert_int_equal(tyto_keep_rows(ROWS, COLS, flags, x), kept);
    for (int64_t i = 0; i < kept; i++) {
        assert_memory_equal(x + i * COLS, given + (3 * i + 1) * COLS, COLS * sizeof(float));
    }
    memset(flags, 1, sizeof(flags));
    memcpy(x, given, sizeof(x));
    assert_int_equal(tyto_keep_rows(ROWS, COLS, flags, x), ROWS);
    assert_memory_equal(x, given, sizeof(x));
}

static void highest_values_are_seen(void **state)
{
    (void)state;
    const float some[] = {0.25f, 0.0f, 0.5f, 0.5f, 1.0f}, wrong[] = {0.0f, 1.0f, 1.5f, -1.0f};
    const int64_t whole[] = {0, 0, 1, 0, 2};
    const tyto_mask_values real = {.real = some}, integers = {.whole = whole};
    uint8_t seen[4];
    /* None is 1: those that come nearest. */
    assert_true(tyto_mask_highest(&real, 0, 4, seen));
    assert_memory_equal(seen, ((uint8_t[]){0, 0, 1, 1}), 4);
    assert_false(tyto_mask_highest(&real, 1, 4, seen));
    assert_memory_equal(seen, ((uint8_t[]){0, 0, 0, 1}), 4);
    assert_false(tyto_mask_highest(&integers, 0, 3, seen));
    assert_memory_equal(seen, ((uint8_t[]){0, 0, 1}), 3);
    assert_true(tyto_mask_highest(&integers, 0, 2, seen));
    assert_memory_equal(seen, ((uint8_t[]){1, 1}), 2);
    assert_int_equal(tyto_mask_find_outside(&real, 5), -1);
    assert_int_equal(tyto_mask_find_outside(&integers, 5), 4);
    assert_int_equal(tyto_mask_find_outside(&(tyto_mask_values){.real = wrong}, 4), 2);
    assert_int_equal(tyto_mask_find_outside(&(tyto_mask_values){.real = (float[]){NAN}}, 1), 0);
}

static void items_of_groups_are_valid(void **state)
{
    (void)state;
    const int64_t counts[] = {1, 0, 3}, x[] = {5, 9, 0, 9, 2, 9, -1, 9};
    uint8_t valid[9];
    tyto_mask_groups(3, 3, counts, x, 2, valid);
    assert_memory_equal(valid, ((uint8_t[]){1, 0, 0, 0, 0, 0, 0, 1, 0}), 9);
    tyto_mask_groups(3, 3, counts, NULL, 0, valid);
    assert_memory_equal(valid, ((uint8_t[]){1, 0, 0, 0, 0, 0, 1, 1, 1}), 9);
}

static void check_cleared(tyto_exec *exec)
{
    float x[ROWS * COLS], given[ROWS * COLS];
    uint8_t flags[ROWS];
    fill(ROWS * COLS, given);
    for (int64_t i = 0; i < ROWS; i++) {
        flags[i] = i % 5 == 0;
    }
    memcpy(x, given, sizeof(x));
    assert_int_equal(tyto_clear_rows(exec, ROWS, COLS, flags, 1, x), TYTO_OK);
    for (int64_t i = 0; i < ROWS * COLS; i++) {
        assert_true(x[i] == (i / COLS % 5 == 0 ? 0.0f : given[i]));
    }
    memcpy(x, given, sizeof(x));
    assert_int_equal(tyto_clear_rows(exec, ROWS, COLS, flags + 1, 0, x), TYTO_OK);
    assert_memory_equal(x, given, sizeof(x));
    assert_int_equal(tyto_clear_rows(exec, ROWS, COLS, flags, 0, x), TYTO_OK);
    for (int64_t i = 0; i < ROWS * COLS; i++) {
        assert_true(x[i] == 0.0f);
    }
}

static void check_replaced(tyto_exec *exec)
{
    float y[ROWS * COLS], given[ROWS * COLS], x[COLS - 1];
    uint8_t flags[ROWS];
    fill(ROWS * COLS, given);
    fill(COLS - 1, x);
    for (int64_t i = 0; i < ROWS; i++) {
        flags[i] = i % 4 == 2;
    }
    memcpy(y, given, sizeof(y));
    assert_int_equal(tyto_replace_rows(exec, ROWS, COLS - 1, flags, x, y, COLS), TYTO_OK);
    for (int64_t i = 0; i < ROWS * COLS; i++) {
        const bool replaced = i / COLS % 4 == 2 && i % COLS < COLS - 1;
        assert_true(y[i] == (replaced ? x[i % COLS] : given[i]));
    }
}

static void check_scaled(tyto_exec *exec)
{
    static const float factors[HEADS] = {0.0f, -1.5f, 1.0f};
    enum { OUTER = 211 };
    static float x[OUTER * HEADS * INNER], given[OUTER * HEADS * INNER];
    fill(OUTER * HEADS * INNER, given);
    memcpy(x, given, sizeof(x));
    assert_int_equal(tyto_scale_heads(exec, OUTER, HEADS, INNER, factors, x), TYTO_OK);
    for (int64_t i = 0; i < OUTER * HEADS * INNER; i++) {
        assert_true(x[i] == given[i] * factors[i / INNER % HEADS]);
    }
}

static void rows_are_cleared(void **state)
{
    (void)state;
    for_each_exec(check_cleared);
}

static void rows_are_replaced(void **state)
{
    (void)state;
    for_each_exec(check_replaced);
}

static void heads_are_scaled(void **state)
{
    (void)state;
    for_each_exec(check_scaled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_kept_in_order),    cmocka_unit_test(highest_values_are_seen),
        cmocka_unit_test(items_of_groups_are_valid), cmocka_unit_test(rows_are_cleared),
        cmocka_unit_test(rows_are_replaced),         cmocka_unit_test(heads_are_scaled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
