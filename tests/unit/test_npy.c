/* .npy files: what is written comes back, what NumPy writes is read, other things are refused. */
#include <stdio.h>

#include "support/golden.h"

#include "support/cases.h"

/* A file: magic, version, header's length, header, and data of 0, 1, 2, … */
typedef struct bytes {
    unsigned char at[512];
    size_t length;
} bytes;

static bytes file_of(int major, const char *dict, size_t data)
{
    bytes file = {.at = "\x93NUMPY"};
    const size_t length = strlen(dict), wide = major == 1 ? 2 : 4;
    file.at[6] = (unsigned char)major;
    for (size_t i = 0; i < wide; i++) {
        file.at[8 + i] = (unsigned char)(length >> (8 * i));
    }
    memcpy(file.at + 8 + wide, dict, length);
    file.length = 8 + wide + length + data;
    assert_true(file.length <= sizeof(file.at));
    for (size_t i = 0; i < data; i++) {
        file.at[8 + wide + length + i] = (unsigned char)i;
    }
    return file;
}

static void headers_of_numpy_are_read(void **state)
{
    (void)state;
    const struct {
        int major;
        const char *dict;
        tyto_dtype dtype;
        int rank;
        int64_t shape[3];
        size_t data;
    } cases[] = {
        {1,
         "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }          \n",
         TYTO_F32,
         2,
         {2, 3},
         24},
        {2, "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }\n", TYTO_F64, 1, {3}, 24},
        {3, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }\n", TYTO_U8, 0, {0}, 1},
        {1, "{'shape':(1,0,7),\"descr\":'<u1','fortran_order':False}", TYTO_U8, 3, {1, 0, 7}, 0},
        {1, "{'descr': '|b1', 'fortran_order': True, 'shape': (5,)}", TYTO_BOOL, 1, {5}, 5},
        {1, "{'descr': '<i8', 'fortran_order': False, 'shape': (1, 2,)}", TYTO_I64, 2, {1, 2}, 16},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_npy npy;
        const bytes file = file_of(cases[i].major, cases[i].dict, cases[i].data);
        ASSERT_DONE(tyto_npy_parse(file.at, file.length, "x.npy", &npy, &err), &err);
        assert_int_equal(npy.tensor.dtype, cases[i].dtype);
        assert_int_equal(npy.tensor.rank, cases[i].rank);
        assert_memory_equal(npy.tensor.shape, cases[i].shape,
                            (size_t)cases[i].rank * sizeof(int64_t));
        for (size_t k = 0; k < cases[i].data; k++) {
            assert_int_equal(((unsigned char *)npy.tensor.data)[k], k);
        }
        tyto_npy_clear(&npy);
    }
}

static void other_files_are_refused(void **state)
{
    (void)state;
    const struct {
        int major;
        const char *dict;
        size_t data;
        tyto_status status;
    } cases[] = {
        {4, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, TYTO_E_UNSUPPORTED},
        {0, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4, TYTO_E_UNSUPPORTED},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (214888888888688, 57151, 0)}", 0,
         TYTO_E_FORMAT},
        {1, "{'descr': '>f4', 'fortran_order': False, 'shape': (1,)}", 4, TYTO_E_UNSUPPORTED},
        {1, "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", 4, TYTO_E_UNSUPPORTED},
        {1, "{'descr': '', 'fortran_order': False, 'shape': (1,)}", 4, TYTO_E_UNSUPPORTED},
        {1, "{'descr': '<f4', 'fortran_order': True, 'shape': (1, 1)}", 4, TYTO_E_UNSUPPORTED},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 4, TYTO_E_FORMAT},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 5, TYTO_E_FORMAT},
        {1, "{'descr': '<f4', 'fortran_order': False}", 4, TYTO_E_FORMAT},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", 4, TYTO_E_FORMAT},
        {1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", 4, TYTO_E_FORMAT},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 4, TYTO_E_FORMAT},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,2,3,4,5,6,7,8,9)}", 4,
         TYTO_E_FORMAT},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}", 4,
         TYTO_E_FORMAT},
        {1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0,
         TYTO_E_FORMAT},
        {1, "{'descr': '<f4", 0, TYTO_E_FORMAT},
        {1, "", 0, TYTO_E_FORMAT},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_npy npy;
        const bytes file = file_of(cases[i].major, cases[i].dict, cases[i].data);
        const tyto_status status = tyto_npy_parse(file.at, file.length, "x.npy", &npy, &err);
        if (status != cases[i].status || strncmp(err.message, "x.npy: ", 7) != 0) {
            fail_msg("case %zu: status %d, '%s'", i, (int)status, tyto_error_message(&err));
        }
        tyto_npy_clear(&npy);
        tyto_error_clear(&err);
    }
    /* Every shorter file too. */
    const bytes whole = file_of(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", 4);
    for (size_t length = 0; length < whole.length; length++) {
        tyto_npy npy;
        guarded short_one = guarded_bytes(length);
        memcpy(short_one.data, whole.at, length);
        assert_int_not_equal(tyto_npy_parse(short_one.data, length, "x.npy", &npy, NULL), TYTO_OK);
        guarded_free(&short_one);
    }
}

static void what_is_saved_comes_back(void **state)
{
    (void)state;
    char path[] = "/tmp/tyto-npy-XXXXXX.npy";
    const int made = mkstemps(path, 4);
    assert_true(made >= 0);
    close(made);
    int64_t numbers[6] = {1, -2, 3, 4, 5, INT64_MAX};
    const tyto_tensor cases[] = {
        {.dtype = TYTO_I64, .rank = 2, .shape = {2, 3}, .data = numbers},
        {.dtype = TYTO_F16, .rank = 1, .shape = {7}, .data = numbers},
        {.dtype = TYTO_F32, .rank = 0, .data = numbers},
        {.dtype = TYTO_F32, .rank = 2, .shape = {0, 5}},
    };
    tyto_error err = TYTO_ERROR_INIT;
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_npy back;
        ASSERT_DONE(tyto_npy_save(path, &cases[i], &err), &err);
        ASSERT_DONE(tyto_npy_load(path, &back, &err), &err);
        assert_int_equal(back.tensor.dtype, cases[i].dtype);
        assert_int_equal(back.tensor.rank, cases[i].rank);
        assert_memory_equal(back.tensor.shape, cases[i].shape,
                            (size_t)cases[i].rank * sizeof(int64_t));
        assert_memory_equal(back.tensor.data, numbers,
                            (size_t)tyto_tensor_elements(&cases[i]) *
                                tyto_dtype_bytes(cases[i].dtype));
        tyto_npy_clear(&back);
    }
    const tyto_tensor brain = {.dtype = TYTO_BF16, .rank = 1, .shape = {2}, .data = numbers};
    assert_int_equal(tyto_npy_save(path, &brain, &err), TYTO_E_UNSUPPORTED);
    tyto_error_clear(&err);
    assert_int_equal(tyto_npy_save("/nowhere/x.npy", &cases[0], &err), TYTO_E_NOT_FOUND);
    tyto_error_clear(&err);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_numpy_are_read),
        cmocka_unit_test(other_files_are_refused),
        cmocka_unit_test(what_is_saved_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
