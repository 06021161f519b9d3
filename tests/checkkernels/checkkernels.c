/* Every kernel against its definition; `tyto bench --kernels` measures them. */
#include "checkkernels.h"

#include "base/error.h"
#include "kernels/scalar/definitions.h"
#include "support/tables.h"

/* More tables than any machine has. */
#define TABLES_MAX 8

void for_each_table(void (*check)(const tyto_kernels *kernels))
{
    const tyto_kernels *tables[TABLES_MAX];
    const size_t count = tested_tables(tables, TABLES_MAX);
    assert_true(count > 0);
    for (size_t i = 0; i < count; i++) {
        check(tables[i]);
    }
}

void round_to_bf16(float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        x[i] = tyto_define_widen(tyto_define_bf16(x[i]));
    }
}

static void check_selected(const tyto_kernels *kernels)
{
    const tyto_kernels *selected = NULL;
    assert_int_equal(tyto_kernels_select(kernels->name, &selected, NULL), TYTO_OK);
    assert_ptr_equal(selected, kernels);
    assert_true(kernels->gemm_rows > 0 && kernels->gemm_columns % kernels->lanes == 0);
}

void check_select(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_kernels *selected = NULL, *tables[TABLES_MAX];
    for_each_table(check_selected);
    assert_int_equal(tyto_kernels_select(NULL, &selected, NULL), TYTO_OK);
    assert_ptr_equal(selected, tables[tyto_kernels_list(tables, TABLES_MAX) - 1]);
    assert_int_equal(tyto_kernels_list(tables, 1), 1);
    assert_int_equal(tyto_kernels_select("mmx", &selected, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "mmx"));
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_select),
        cmocka_unit_test(check_gemm_pack),
        cmocka_unit_test(check_gemm_tile),
        cmocka_unit_test(check_gemm_finish),
        cmocka_unit_test(check_bf16_pack),
        cmocka_unit_test(check_bf16_tile),
        cmocka_unit_test(check_digits_pack),
        cmocka_unit_test(check_digits_tile),
        cmocka_unit_test(check_digits_longest),
        cmocka_unit_test(check_digits_error),
        cmocka_unit_test(check_digits_neighbours),
        cmocka_unit_test(check_digits_not_finite),
        cmocka_unit_test(check_activation_names),
        cmocka_unit_test(check_activate),
        cmocka_unit_test(check_layer_norm),
        cmocka_unit_test(check_activation_slopes),
        cmocka_unit_test(check_linear_backward),
        cmocka_unit_test(check_layer_norm_backward),
        cmocka_unit_test(check_normalize_backward),
        cmocka_unit_test(check_attend_backward),
        cmocka_unit_test(check_attend_sizes),
        cmocka_unit_test(check_attend_masks),
        cmocka_unit_test(check_attend_extremes),
        cmocka_unit_test(check_int8_select),
        cmocka_unit_test(check_int8_pack),
        cmocka_unit_test(check_int8_pack_extremes),
        cmocka_unit_test(check_int8_tile),
        cmocka_unit_test(check_int8_rounds),
        cmocka_unit_test(check_int8_attend_sizes),
        cmocka_unit_test(check_int8_attend_error),
        cmocka_unit_test(check_int8_attend_extremes),
        cmocka_unit_test(check_attend_grid),
        cmocka_unit_test(check_attend_gather),
        cmocka_unit_test(check_gemm_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
