/* Safetensors: what is read, what is refused and how, and what is written. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "formats/safetensors.h"
#include "tensor/tensor.h"

/* A file's bytes: the header's length, the header, and `data_bytes` bytes 0, 1, 2, ... */
typedef struct file_bytes {
    uint8_t bytes[4096];
    size_t length;
} file_bytes;

static file_bytes make_file(const char *header, size_t data_bytes)
{
    file_bytes file = {.length = 8 + strlen(header) + data_bytes};
    assert_true(file.length <= sizeof(file.bytes));
    for (size_t i = 0; i < 8; i++) {
        file.bytes[i] = (uint8_t)((uint64_t)strlen(header) >> (8 * i));
    }
    memcpy(file.bytes + 8, header, strlen(header));
    for (size_t i = 0; i < data_bytes; i++) {
        file.bytes[8 + strlen(header) + i] = (uint8_t)i;
    }
    return file;
}

static tyto_status parse(const file_bytes *file, tyto_tensor_file **out, tyto_error *err)
{
    return tyto_tensor_file_parse(file->bytes, file->length, "m", out, err);
}

static void assert_refused(const char *header, size_t data_bytes, tyto_status status,
                           const char *message)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    file_bytes bytes = make_file(header, data_bytes);
    assert_int_equal(parse(&bytes, &file, &err), status);
    assert_string_equal(tyto_error_message(&err), message);
    tyto_error_clear(&err);
}

static void types_know_their_names_and_sizes(void **state)
{
    (void)state;
    tyto_dtype dtype;
    assert_string_equal(tyto_dtype_name(TYTO_BF16), "BF16");
    assert_string_equal(tyto_dtype_name((tyto_dtype)99), "?");
    assert_int_equal(tyto_dtype_bytes(TYTO_F64), 8);
    assert_int_equal(tyto_dtype_bytes((tyto_dtype)99), 0);
    assert_true(tyto_dtype_from_name("BOOL", &dtype));
    assert_int_equal(dtype, TYTO_BOOL);
    assert_false(tyto_dtype_from_name("F8_E4M3", &dtype));

    tyto_tensor tensor = {.dtype = TYTO_F32, .rank = 2, .shape = {3, 5}};
    size_t bytes;
    assert_int_equal(tyto_tensor_elements(&tensor), 15);
    assert_true(tyto_tensor_bytes(&tensor, &bytes));
    assert_int_equal(bytes, 60);
    tensor.shape[0] = 0;
    assert_true(tyto_tensor_bytes(&tensor, &bytes));
    assert_int_equal(bytes, 0);
    tensor.shape[1] = INT64_MAX / 2;
    assert_false(tyto_tensor_bytes(&tensor, &bytes));
    tensor.shape[1] = -1;
    assert_false(tyto_tensor_bytes(&tensor, &bytes));
    tensor.rank = TYTO_RANK_MAX + 1;
    assert_false(tyto_tensor_bytes(&tensor, &bytes));
}

static void reads_what_the_header_says(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    file_bytes bytes =
        make_file("{\"__metadata__\":{\"format\":\"pt\"},"
                  "\"late\":{\"dtype\":\"I16\",\"shape\":[2],\"data_offsets\":[9,13]},"
                  "\"none\":{\"dtype\":\"F32\",\"shape\":[0,4],\"data_offsets\":[9,9]},"
                  "\"early\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1],\"extra\":1},"
                  "\"b\\u00e9\":{\"dtype\":\"F64\",\"shape\":[1,1],\"data_offsets\":[1,9]}}   ",
                  13);
    assert_int_equal(parse(&bytes, &file, &err), TYTO_OK);
    assert_int_equal(tyto_tensor_file_count(file), 4);
    const char *order[] = {"early", "b\xc3\xa9", "none", "late"};
    const uint8_t starts[] = {0, 1, 9, 9};
    for (size_t i = 0; i < 4; i++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(file, (int64_t)i);
        assert_string_equal(tensor->name, order[i]);
        assert_ptr_equal(tyto_tensor_file_find(file, order[i]), tensor);
        assert_int_equal(*(const uint8_t *)tensor->data, starts[i]);
    }
    assert_int_equal(tyto_tensor_file_at(file, 0)->rank, 0);
    assert_int_equal(tyto_tensor_file_at(file, 3)->dtype, TYTO_I16);
    assert_int_equal(tyto_tensor_file_at(file, 2)->shape[1], 4);
    assert_null(tyto_tensor_file_at(file, 4));
    assert_null(tyto_tensor_file_find(file, "absent"));
    assert_null(tyto_tensor_file_find(file, "__metadata__"));
    assert_string_equal(tyto_tensor_file_metadata(file, "format"), "pt");
    assert_null(tyto_tensor_file_metadata(file, "other"));
    tyto_tensor_file_destroy(file);
    tyto_tensor_file_destroy(NULL);
}

static void refuses_what_contradicts_itself(void **state)
{
    (void)state;
    assert_refused("[]", 0, TYTO_E_FORMAT, "m: header: required a JSON object at byte 8");
    assert_refused("", 0, TYTO_E_FORMAT, "m: header: required a JSON object at byte 8");
    assert_refused("{\"a\":3}", 0, TYTO_E_FORMAT, "m: 'a': got an integer, required an object");
    assert_refused("{\"a\":{\"shape\":[],\"data_offsets\":[0,1]}}", 1, TYTO_E_FORMAT,
                   "m: 'a': dtype: got nothing, required a string");
    assert_refused("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[],\"data_offsets\":[0,1]}}", 1,
                   TYTO_E_UNSUPPORTED,
                   "m: 'a': dtype: got 'F8_E4M3', required a type of 8, 16, 32 or 64 bits that "
                   "this build knows");
    assert_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[-1],\"data_offsets\":[0,1]}}", 1,
                   TYTO_E_FORMAT, "m: 'a': shape: required integers of 0 or more");
    assert_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":3,\"data_offsets\":[0,1]}}", 1,
                   TYTO_E_FORMAT, "m: 'a': shape: got an integer, required an array");
    assert_refused(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1,
        TYTO_E_LIMIT, "m: 'a': shape: got 9 dimensions, required at most 8");
    assert_refused(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967296],\"data_offsets\":[0,0]}}", 0,
        TYTO_E_FORMAT, "m: 'a': shape: [4294967296,4294967296] is larger than any memory");
    assert_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4,
                   TYTO_E_FORMAT, "m: 'a': data_offsets: got 4 bytes, required 8 for F32[2]");
    assert_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0]}}", 2,
                   TYTO_E_FORMAT, "m: 'a': data_offsets: required two integers");
    assert_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 1,
                   TYTO_E_FORMAT,
                   "m: 'a': data_offsets: got [0,2], required a part of the file's 1 data bytes");
    assert_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,1]}}", 4,
                   TYTO_E_FORMAT,
                   "m: 'a': data_offsets: got [3,1], required a part of the file's 4 data bytes");
    assert_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 3,
                   TYTO_E_FORMAT, "m: got 3 data bytes, required 2 as the header says");
    assert_refused("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
                   "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
                   3, TYTO_E_FORMAT,
                   "m: 'b': data_offsets: got a start at 1, required 2 (no overlap and no hole)");
    assert_refused("{\"__metadata__\":{\"a\":1}}", 0, TYTO_E_FORMAT,
                   "m: '__metadata__': 'a': got an integer, required a string");
}

static void refuses_broken_headers(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    file_bytes twice = make_file("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]},"
                                 "\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}",
                                 1);
    assert_int_equal(parse(&twice, &file, &err), TYTO_E_FORMAT);
    assert_non_null(strstr(tyto_error_message(&err), "not valid JSON"));
    tyto_error_clear(&err);

    file_bytes good =
        make_file("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 2);
    for (size_t length = 0; length < good.length; length++) {
        assert_int_equal(tyto_tensor_file_parse(good.bytes, length, "m", &file, &err),
                         TYTO_E_FORMAT);
        tyto_error_clear(&err);
    }
    good.bytes[7] = 1;
    assert_int_equal(parse(&good, &file, &err), TYTO_E_LIMIT);
    tyto_error_clear(&err);
}

static char *folder_path(const char *folder, const char *name)
{
    char *path = tyto_path_join(folder, name);
    assert_non_null(path);
    return path;
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    char folder[] = "/tmp/tyto-safetensors-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = folder_path(folder, "a.safetensors");
    float floats[] = {1.5f, -2.0f};
    uint8_t bytes[] = {7, 8, 9};
    int64_t whole = 42;
    tyto_tensor tensors[] = {
        {.name = "small", .dtype = TYTO_U8, .rank = 1, .shape = {3}, .data = bytes},
        {.name = "f \"x\"\\\n", .dtype = TYTO_F32, .rank = 2, .shape = {1, 2}, .data = floats},
        {.name = "nothing", .dtype = TYTO_F32, .rank = 1, .shape = {0}},
        {.name = "scalar", .dtype = TYTO_I64, .rank = 0, .data = &whole},
    };
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_tensor_file_save(path, tensors, 4, &err), TYTO_OK);

    tyto_tensor_file *file = NULL;
    assert_int_equal(tyto_tensor_file_open(path, &file, &err), TYTO_OK);
    const size_t order[] = {3, 1, 2, 0};
    for (size_t i = 0; i < 4; i++) {
        const tyto_tensor *got = tyto_tensor_file_at(file, (int64_t)i), *want = &tensors[order[i]];
        size_t size;
        assert_string_equal(got->name, want->name);
        assert_int_equal(got->dtype, want->dtype);
        assert_int_equal(got->rank, want->rank);
        assert_true(tyto_tensor_bytes(want, &size));
        assert_int_equal((uintptr_t)got->data % tyto_dtype_bytes(got->dtype), 0);
        if (size) {
            assert_memory_equal(got->data, want->data, size);
        }
        tyto_tensor_file_release(file, got);
        if (size) {
            assert_memory_equal(got->data, want->data, size);
        }
    }
    tyto_tensor_file_destroy(file);

    char *first, *second;
    size_t first_length, second_length;
    assert_int_equal(tyto_file_read(path, 4096, &first, &first_length, &err), TYTO_OK);
    assert_int_equal(tyto_tensor_file_save(path, tensors, 4, &err), TYTO_OK);
    assert_int_equal(tyto_file_read(path, 4096, &second, &second_length, &err), TYTO_OK);
    assert_int_equal(first_length, second_length);
    assert_memory_equal(first, second, first_length);
    assert_int_equal(first[0] % 8, 0);
    free(first);
    free(second);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    free(path);
}

static void refuses_to_write_nonsense(void **state)
{
    (void)state;
    uint8_t byte = 1;
    const tyto_tensor good = {
        .name = "a", .dtype = TYTO_U8, .rank = 1, .shape = {1}, .data = &byte};
    tyto_tensor bad[6];
    for (size_t i = 0; i < 6; i++) {
        bad[i] = good;
    }
    bad[0].name = "__metadata__";
    bad[1].name = "\xff";
    bad[2].rank = 9;
    bad[3].shape[0] = -1;
    bad[4].data = NULL;
    bad[5].dtype = (tyto_dtype)77;
    const char *path = "/tmp/tyto-never-written.safetensors";
    tyto_error err = TYTO_ERROR_INIT;
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(tyto_tensor_file_save(path, &bad[i], 1, &err), TYTO_E_ARGUMENT);
        tyto_error_clear(&err);
    }
    const tyto_tensor twice[] = {good, good};
    assert_int_equal(tyto_tensor_file_save(path, twice, 2, &err), TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err),
                        "/tmp/tyto-never-written.safetensors: 'a': named twice, required once");
    tyto_error_clear(&err);
    assert_false(tyto_file_exists(path));
    assert_int_equal(tyto_tensor_file_save("/nonexistent/x", &good, 1, &err), TYTO_E_NOT_FOUND);
    tyto_error_clear(&err);
}

static void assert_index(const char *folder, const char *text, tyto_status status,
                         const char *message)
{
    char *path = folder_path(folder, "m.safetensors.index.json");
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    assert_int_equal(tyto_file_write(path, text, strlen(text), &err), TYTO_OK);
    assert_int_equal(tyto_tensor_file_open(path, &file, &err), status);
    assert_non_null(strstr(tyto_error_message(&err), message));
    tyto_error_clear(&err);
    if (status == TYTO_OK) {
        assert_int_equal(tyto_tensor_file_count(file), 2);
        assert_int_equal(*(const uint8_t *)tyto_tensor_file_find(file, "a")->data, 5);
        assert_int_equal(*(const uint8_t *)tyto_tensor_file_find(file, "b")->data, 6);
        assert_string_equal(tyto_tensor_file_at(file, 0)->name, "b");
        tyto_tensor_file_destroy(file);
    }
    unlink(path);
    free(path);
}

static void reads_sharded_sets(void **state)
{
    (void)state;
    char folder[] = "/tmp/tyto-shards-XXXXXX";
    assert_non_null(mkdtemp(folder));
    uint8_t five = 5, six = 6;
    tyto_tensor a = {.name = "a", .dtype = TYTO_U8, .data = &five};
    tyto_tensor b = {.name = "b", .dtype = TYTO_U8, .data = &six};
    char *first = folder_path(folder, "1.safetensors");
    char *second = folder_path(folder, "2.safetensors");
    char *third = folder_path(folder, "3.safetensors");
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_tensor_file_save(first, &b, 1, &err), TYTO_OK);
    assert_int_equal(tyto_tensor_file_save(second, &a, 1, &err), TYTO_OK);
    assert_int_equal(tyto_tensor_file_save(third, &a, 1, &err), TYTO_OK);

    assert_index(folder, "{\"weight_map\":{\"a\":\"2.safetensors\",\"b\":\"1.safetensors\"}}",
                 TYTO_OK, "");
    assert_index(folder, "{}", TYTO_E_FORMAT, "weight_map: got nothing, required an object");
    assert_index(folder, "{\"weight_map\":{}}", TYTO_E_FORMAT, "required 1 to");
    assert_index(folder, "{\"weight_map\":{\"a\":1}}", TYTO_E_FORMAT, "required a file name");
    assert_index(folder, "{\"weight_map\":{\"a\":\"../1.safetensors\"}}", TYTO_E_FORMAT,
                 "required the plain name of a file in the same folder");
    assert_index(folder, "{\"weight_map\":{\"a\":\"..\"}}", TYTO_E_FORMAT, "plain name");
    assert_index(folder, "{\"weight_map\":{\"a\":\"/etc/passwd\"}}", TYTO_E_FORMAT, "plain name");
    assert_index(folder, "{\"weight_map\":{\"a\":\"absent\"}}", TYTO_E_NOT_FOUND, "absent");
    assert_index(folder, "{\"weight_map\":{\"c\":\"1.safetensors\"}}", TYTO_E_FORMAT,
                 "'c': not in '1.safetensors'");
    assert_index(folder, "{\"weight_map\":{\"a\":\"2.safetensors\",\"x\":\"3.safetensors\"}}",
                 TYTO_E_FORMAT, "'a': in two shards, required in one");
    char *paths[] = {first, second, third};
    for (size_t i = 0; i < 3; i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_know_their_names_and_sizes),
        cmocka_unit_test(reads_what_the_header_says),
        cmocka_unit_test(refuses_what_contradicts_itself),
        cmocka_unit_test(refuses_broken_headers),
        cmocka_unit_test(writes_what_it_reads),
        cmocka_unit_test(refuses_to_write_nonsense),
        cmocka_unit_test(reads_sharded_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
