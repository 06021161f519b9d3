/* Files of torch.save: what is read, and what is refused. Files and what they hold were written by
 * tests/golden/make_torch_bin.py, hostile ones by tests/fuzz/make_torch_corpus.py. */
#include "base/error.h"
#include "base/file.h"
#include "formats/torch.h"
#include "support/golden.h"
#include "tensor/tensor.h"

static char *corpus_path(char path[GOLDEN_PATH_BYTES], const char *folder, const char *name)
{
    snprintf(path, GOLDEN_PATH_BYTES, "%s/fuzz/corpus/%s/%s", getenv("TYTO_TEST_DATA"), folder,
             name);
    return path;
}

/* A file's bytes, without a byte more. */
static uint8_t *read_bytes(const char *path, size_t *length)
{
    char *text = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_file_read(path, (size_t)1 << 20, &text, length, &err), &err);
    uint8_t *bytes = malloc(*length ? *length : 1);
    assert_non_null(bytes);
    memcpy(bytes, text, *length);
    tyto_free(text);
    return bytes;
}

static void assert_same_tensor(const tyto_tensor *got, const tyto_tensor *wanted)
{
    size_t bytes;
    assert_non_null(got);
    assert_string_equal(tyto_dtype_name(got->dtype), tyto_dtype_name(wanted->dtype));
    assert_int_equal(got->rank, wanted->rank);
    assert_memory_equal(got->shape, wanted->shape, sizeof(int64_t) * (size_t)wanted->rank);
    assert_true(tyto_tensor_bytes(wanted, &bytes));
    if (bytes) {
        assert_memory_equal(got->data, wanted->data, bytes);
    }
}

static bool is_wide_unsigned(const tyto_tensor *tensor)
{
    return tensor->dtype == TYTO_U16 || tensor->dtype == TYTO_U32 || tensor->dtype == TYTO_U64;
}

/* Every tensor of the wanted file, but wide unsigned ones of an old form, and nothing else. */
static void assert_same_file(const char *path, const char *wanted_path, bool old)
{
    tyto_tensor_file *got = golden_tensors(path), *wanted = golden_tensors(wanted_path);
    size_t count = 0;
    for (int64_t i = 0; i < tyto_tensor_file_count(wanted); i++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(wanted, (int64_t)i);
        if (!old || !is_wide_unsigned(tensor)) {
            assert_same_tensor(tyto_tensor_file_find(got, tensor->name), tensor);
            count++;
        }
    }
    assert_int_equal(tyto_tensor_file_count(got), count);
    tyto_tensor_file_destroy(got);
    tyto_tensor_file_destroy(wanted);
}

static void every_form_is_read(void **state)
{
    (void)state;
    static const char *const forms[] = {"zip", "protocol4", "legacy"};
    for (size_t i = 0; i < 3; i++) {
        char path[GOLDEN_PATH_BYTES], wanted[GOLDEN_PATH_BYTES];
        golden_path(path, "torch_bin/%s.bin", forms[i]);
        golden_path(wanted, "torch_bin/expected.safetensors");
        /* torch has these types since the old form is not written any more. */
        assert_same_file(path, wanted, strcmp(forms[i], "legacy") == 0);
    }
}

static void every_type_is_read(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_tensor_file *file = golden_tensors(golden_path(path, "torch_bin/zip.bin"));
    static const char *const types[] = {"float32", "float64", "float16", "bfloat16", "int64",
                                        "int32",   "int16",   "int8",    "uint64",   "uint32",
                                        "uint16",  "uint8",   "bool"};
    for (size_t i = 0; i < TYTO_DTYPE_COUNT; i++) {
        char name[32];
        snprintf(name, sizeof(name), "types.%s", types[i]);
        assert_non_null(tyto_tensor_file_find(file, name));
        assert_int_equal(tyto_tensor_file_find(file, name)->dtype, i);
    }
    tyto_tensor_file_destroy(file);
}

static bool lies_in(const tyto_tensor *tensor, const uint8_t *bytes, size_t length)
{
    const uint8_t *data = tensor->data;
    return data >= bytes && data < bytes + length;
}

static void rows_are_used_where_they_lie(void **state)
{
    (void)state;
    static const char *const forms[] = {"zip", "legacy"};
    for (size_t i = 0; i < 2; i++) {
        char path[GOLDEN_PATH_BYTES];
        size_t length;
        tyto_error err = TYTO_ERROR_INIT;
        tyto_tensor_file *file = NULL;
        uint8_t *bytes = read_bytes(golden_path(path, "torch_bin/%s.bin", forms[i]), &length);
        ASSERT_DONE(tyto_tensor_file_parse(bytes, length, "m", &file, &err), &err);
        const tyto_tensor *whole = tyto_tensor_file_find(file, "state.whole");
        assert_true(lies_in(whole, bytes, length));
        assert_ptr_equal(tyto_tensor_file_find(file, "state.tied")->data, whole->data);
        assert_ptr_equal(tyto_tensor_file_find(file, "list.0")->data, whole->data);
        assert_ptr_equal(tyto_tensor_file_find(file, "state.row")->data,
                         (const float *)whole->data + 55);
        assert_true(lies_in(tyto_tensor_file_find(file, "state.ones"), bytes, length));
        assert_false(lies_in(tyto_tensor_file_find(file, "state.transposed"), bytes, length));
        assert_null(tyto_tensor_file_metadata(file, "format"));
        tyto_tensor_file_destroy(file);
        free(bytes);
    }
}

static void checkpoints_are_opened(void **state)
{
    (void)state;
    static const struct {
        const char *name, *file;
    } towers[] = {{"text_tower", "pytorch_model.bin"},
                  {"vision_tower", "pytorch_model.bin.index.json"}};
    tyto_engine *engine = NULL;
    const tyto_engine_options options = engine_options(1);
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_engine_create(&options, &engine, &err), &err);
    for (size_t i = 0; i < 2; i++) {
        char path[GOLDEN_PATH_BYTES], wanted[GOLDEN_PATH_BYTES];
        tyto_model *model = NULL, *same = NULL;
        golden_path(path, "torch_bin/%s/%s", towers[i].name, towers[i].file);
        golden_path(wanted, "owlv2/%s/model/model.safetensors", towers[i].name);
        assert_same_file(path, wanted, false);
        golden_path(path, "torch_bin/%s", towers[i].name);
        golden_path(wanted, "owlv2/%s/model", towers[i].name);
        ASSERT_DONE(tyto_model_open(engine, path, NULL, &model, &err), &err);
        ASSERT_DONE(tyto_model_open(engine, wanted, NULL, &same, &err), &err);
        assert_int_equal(tyto_model_parameter_count(model), tyto_model_parameter_count(same));
        tyto_model_destroy(model);
        tyto_model_destroy(same);
    }
    tyto_engine_destroy(engine);
}

/* What a hostile input is met with. */
typedef struct hostile {
    const char *name;
    tyto_status status;
    const char *text; /* in the message */
} hostile;

/* Every storage has these bytes. */
static const uint8_t storage[16] = {0};

static tyto_status find(void *user, const tyto_pickle_value *key, const uint8_t **data,
                        size_t *bytes, tyto_error *err)
{
    (void)user;
    *data = storage;
    *bytes = sizeof(storage);
    if (!tyto_pickle_is_text(key, "0")) {
        return tyto_fail(err, TYTO_E_FORMAT, "no such storage");
    }
    return TYTO_OK;
}

static tyto_status read_pickle(const char *name, size_t *count, tyto_error *err)
{
    char path[GOLDEN_PATH_BYTES];
    size_t length;
    uint8_t *bytes = read_bytes(corpus_path(path, "pickle", name), &length);
    tyto_pickle pickle;
    tyto_tensor_file file = {0};
    tyto_shard shard = {.path = path};
    tyto_status status = tyto_pickle_read(bytes, length, "m", &pickle, err);
    if (status == TYTO_OK) {
        const tyto_torch_source source = {&pickle, find, NULL, 0, "m"};
        status = tyto_torch_collect(&source, &file, &shard, err);
    }
    *count = file.count;
    free(file.tensors);
    free(shard.names);
    free(shard.copies);
    tyto_pickle_clear(&pickle);
    free(bytes);
    return status;
}

static tyto_status read_whole(const char *name, size_t *count, tyto_error *err)
{
    char path[GOLDEN_PATH_BYTES];
    size_t length;
    uint8_t *bytes = read_bytes(corpus_path(path, "torch", name), &length);
    tyto_tensor_file *file = NULL;
    tyto_status status = tyto_tensor_file_parse(bytes, length, "m", &file, err);
    *count = status == TYTO_OK ? (size_t)tyto_tensor_file_count(file) : 0;
    tyto_tensor_file_destroy(file);
    free(bytes);
    return status;
}

typedef tyto_status (*read_fn)(const char *name, size_t *count, tyto_error *err);

static void assert_all_refused(const hostile *inputs, size_t count, const char *folder,
                               read_fn read)
{
    for (size_t i = 0; i < count; i++) {
        char name[64];
        size_t tensors;
        tyto_error err = TYTO_ERROR_INIT;
        snprintf(name, sizeof(name), "bad_%s", inputs[i].name);
        const tyto_status status = read(name, &tensors, &err);
        if (status != inputs[i].status || !strstr(tyto_error_message(&err), inputs[i].text)) {
            fail_msg("%s: got %s '%s', required %s '%s'", name, tyto_status_name(status),
                     tyto_error_message(&err), tyto_status_name(inputs[i].status), inputs[i].text);
        }
        tyto_error_clear(&err);
    }
    /* No input of the folder is left out. */
    char path[GOLDEN_PATH_BYTES];
    struct dirent **entries;
    size_t bad = 0;
    const int found = scandir(corpus_path(path, folder, ""), &entries, NULL, NULL);
    for (int i = 0; i < found; i++) {
        bad += strncmp(entries[i]->d_name, "bad_", 4) == 0;
        free(entries[i]);
    }
    free(entries);
    assert_int_equal(bad, count);
}

static void pickles_that_tensors_do_not_need_are_refused(void **state)
{
    (void)state;
    static const hostile inputs[] = {
        {"append_to_dict", TYTO_E_UNSUPPORTED,
         "byte 4: fills something that is no list, which tensors don't need"},
        {"bare_tensor", TYTO_E_FORMAT, "required a dict of tensors"},
        {"build", TYTO_E_UNSUPPORTED,
         "byte 167: sets the state of an object, which tensors don't need"},
        {"build_name", TYTO_E_UNSUPPORTED,
         "byte 28: sets the state of an object, which tensors don't need"},
        {"builtins_eval", TYTO_E_UNSUPPORTED,
         "byte 2: uses 'builtins.eval', which tensors of this"},
        {"bytearray", TYTO_E_UNSUPPORTED,
         "byte 2: opcode 0x96, which tensors don't need; nothing was executed"},
        {"call_storage", TYTO_E_UNSUPPORTED, "byte 23: calls what is no function"},
        {"call_text", TYTO_E_UNSUPPORTED, "byte 9: calls what is no function"},
        {"deep", TYTO_E_LIMIT, "got deeper nesting, required at most 32 dicts"},
        {"deep_tuples", TYTO_E_LIMIT, "got deeper nesting, required at most 32 dicts"},
        {"empty", TYTO_E_FORMAT, "byte 0: the file is cut short"},
        {"empty_stack", TYTO_E_FORMAT, "byte 2: takes a value from an empty stack"},
        {"expand_bomb", TYTO_E_LIMIT,
         "'x': tensors that are not in a row take more than 67108864 bytes"},
        {"extension", TYTO_E_UNSUPPORTED,
         "byte 2: opcode 0x82, which tensors don't need; nothing was executed"},
        {"getattr", TYTO_E_UNSUPPORTED, "byte 2: uses 'torch.__dict__', which tensors of this"},
        {"inst", TYTO_E_UNSUPPORTED,
         "byte 10: opcode 0x69, which tensors don't need; nothing was executed"},
        {"itself", TYTO_E_LIMIT, "got deeper nesting, required at most 32 dicts"},
        {"key_latin1", TYTO_E_FORMAT, "a name below '': required UTF-8 without NUL"},
        {"key_long", TYTO_E_LIMIT, "got a longer name of a tensor, required at most 4096 bytes"},
        {"key_none", TYTO_E_FORMAT, "a name below '': required a text or an integer"},
        {"key_nul", TYTO_E_FORMAT, "a name below '': required UTF-8 without NUL"},
        {"laughs", TYTO_E_LIMIT, "got more values, required at most 1000000"},
        {"list", TYTO_E_FORMAT, "required a dict of tensors"},
        {"long4", TYTO_E_UNSUPPORTED,
         "byte 2: opcode 0x8b, which tensors don't need; nothing was executed"},
        {"mark_tuple", TYTO_E_FORMAT, "byte 4: takes a mark for a value"},
        {"mark_value", TYTO_E_FORMAT, "byte 5: takes a mark for a value"},
        {"memo_absent", TYTO_E_FORMAT, "byte 2: recalls a value that was not remembered"},
        {"memo_empty", TYTO_E_FORMAT, "byte 2: remembers a value of an empty stack"},
        {"memo_far", TYTO_E_FORMAT, "byte 3: remembers values out of order"},
        {"metadata", TYTO_E_UNSUPPORTED, "'x': has metadata, which this build doesn't know"},
        {"name_line", TYTO_E_FORMAT, "byte 2: required a line with a name"},
        {"name_steers", TYTO_E_FORMAT, "byte 2: required a line with a name"},
        {"newobj", TYTO_E_UNSUPPORTED,
         "byte 28: opcode 0x81, which tensors don't need; nothing was executed"},
        {"newobj_ex", TYTO_E_UNSUPPORTED,
         "byte 29: opcode 0x92, which tensors don't need; nothing was executed"},
        {"no_mark", TYTO_E_FORMAT, "byte 10: takes values down to a mark that isn't there"},
        {"nothing_below_mark", TYTO_E_FORMAT, "byte 4: fills a container that isn't there"},
        {"obj", TYTO_E_UNSUPPORTED, "byte 3: uses 'posix.system', which tensors of this"},
        {"odd_items", TYTO_E_FORMAT, "byte 5: a key without its value"},
        {"offset_beyond", TYTO_E_FORMAT, "'x': reaches element 4 of a storage of 4"},
        {"offset_huge", TYTO_E_FORMAT,
         "'x': reaches element 4611686018427387904 of a storage of 4"},
        {"offset_negative", TYTO_E_FORMAT, "'x': required a storage and an offset"},
        {"os_system", TYTO_E_UNSUPPORTED, "byte 2: uses 'posix.system', which tensors of this"},
        {"parameter_of_none", TYTO_E_FORMAT, "'x': required a parameter made of a tensor"},
        {"parameter_of_parameter", TYTO_E_FORMAT, "'x': required a parameter made of a tensor"},
        {"persid_line", TYTO_E_UNSUPPORTED,
         "byte 2: opcode 0x50, which tensors don't need; nothing was executed"},
        {"protocol0", TYTO_E_UNSUPPORTED,
         "byte 1: opcode 0x64, which tensors don't need; nothing was executed"},
        {"protocol9", TYTO_E_UNSUPPORTED, "byte 0: got a pickle of protocol 9, required 2 to 5"},
        {"python2_eval", TYTO_E_UNSUPPORTED,
         "byte 2: uses '__builtin__.eval', which tensors of this"},
        {"rank", TYTO_E_LIMIT, "'x': got 9 dimensions, required at most 8"},
        {"repeated_dict", TYTO_E_FORMAT, "byte 524: more items than a pickle of this length has"},
        {"size_huge", TYTO_E_FORMAT, "'x': its size is larger than any file"},
        {"size_negative", TYTO_E_FORMAT, "'x': size and stride: required integers of 0 or more"},
        {"sparse", TYTO_E_UNSUPPORTED,
         "byte 2: uses 'torch._utils._rebuild_sparse_tensor', which tensors of this"},
        {"stack_global", TYTO_E_UNSUPPORTED,
         "byte 18: uses 'builtins.exec', which tensors of this"},
        {"stop_at_mark", TYTO_E_FORMAT, "byte 3: takes a value from an empty stack"},
        {"storage_absent", TYTO_E_FORMAT, "no such storage"},
        {"storage_complex", TYTO_E_UNSUPPORTED,
         "byte 56: uses 'torch.ComplexFloatStorage', which tensors of this"},
        {"storage_few", TYTO_E_FORMAT,
         "required a storage as ('storage', type, key, place, elements)"},
        {"storage_large", TYTO_E_FORMAT,
         "'x': its storage has 16 bytes, required 1000 elements of 4 bytes"},
        {"storage_negative", TYTO_E_FORMAT,
         "required a storage as ('storage', type, key, place, elements)"},
        {"storage_overflow", TYTO_E_FORMAT,
         "'x': its storage has 16 bytes, required 4611686018427387904 elements of 4 bytes"},
        {"storage_quantized", TYTO_E_UNSUPPORTED,
         "byte 56: uses 'torch.QInt8Storage', which tensors of this"},
        {"storage_text", TYTO_E_FORMAT,
         "required a storage as ('storage', type, key, place, elements)"},
        {"storage_type", TYTO_E_FORMAT,
         "required a storage as ('storage', type, key, place, elements)"},
        {"stride_beyond", TYTO_E_FORMAT, "'x': reaches element 4 of a storage of 4"},
        {"stride_few", TYTO_E_FORMAT, "'x': required a size and a stride for each dimension"},
        {"stride_negative", TYTO_E_FORMAT, "'x': size and stride: required integers of 0 or more"},
        {"stride_overflow", TYTO_E_FORMAT,
         "'x': reaches element 9223372036854775807 of a storage of 4"},
        {"tensor_few", TYTO_E_FORMAT, "'x': required a storage and an offset"},
        {"tensor_of_text", TYTO_E_FORMAT, "'x': required a storage and an offset"},
        {"text_huge", TYTO_E_FORMAT, "byte 2: the file is cut short"},
        {"text_huge8", TYTO_E_FORMAT, "byte 2: the file is cut short"},
        {"torch_load", TYTO_E_UNSUPPORTED, "byte 2: uses 'torch.load', which tensors of this"},
    };
    assert_all_refused(inputs, sizeof(inputs) / sizeof(inputs[0]), "pickle", read_pickle);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    static const hostile inputs[] = {
        {"legacy_big_endian", TYTO_E_FORMAT, "required a file of a little-endian system"},
        {"legacy_cut", TYTO_E_FORMAT, "a storage's data lie outside of the file (it is cut short)"},
        {"legacy_cut_early", TYTO_E_FORMAT, "byte 463: the file is cut short"},
        {"legacy_listed_twice", TYTO_E_FORMAT, "a storage is listed twice, required once and used"},
        {"legacy_listed_unused", TYTO_E_FORMAT,
         "a storage is listed and not used, required once and used"},
        {"legacy_numel_huge", TYTO_E_FORMAT,
         "a storage's data lie outside of the file (it is cut short)"},
        {"legacy_os_system", TYTO_E_UNSUPPORTED,
         "byte 2: uses 'posix.system', which tensors of this"},
        {"legacy_other", TYTO_E_FORMAT, "got a pickle"},
        {"legacy_pickle", TYTO_E_UNSUPPORTED, "byte 2: uses 'posix.system', which tensors of this"},
        {"legacy_two_types", TYTO_E_FORMAT, "a storage of two types, required one"},
        {"legacy_unlisted", TYTO_E_FORMAT, "storage '0': not in the file"},
        {"legacy_version", TYTO_E_FORMAT, "required torch's protocol version 1001"},
        {"zip_beyond", TYTO_E_FORMAT, "zip archive: an entry's data lie outside of the file"},
        {"zip_big_endian", TYTO_E_UNSUPPORTED, "byteorder: required 'little'"},
        {"zip_bomb", TYTO_E_UNSUPPORTED,
         "'archive/data.pkl': compressed, required stored as torch.save does"},
        {"zip_climbs", TYTO_E_FORMAT, "storage '../1': not in the archive"},
        {"zip_compressed_storage", TYTO_E_UNSUPPORTED,
         "'archive/data/0': compressed, required stored as torch.save does"},
        {"zip_crc", TYTO_E_FORMAT,
         "data.pkl: got the checksum 19e9ad6d, required 41a75670 (the file is damaged)"},
        {"zip_cut", TYTO_E_FORMAT, "zip archive: has no end record (the file is cut short)"},
        {"zip_entries", TYTO_E_FORMAT, "zip archive: has more entries than its list has room for"},
        {"zip_list_beyond", TYTO_E_FORMAT,
         "zip archive: its list of entries lies outside of the file"},
        {"zip_local_name", TYTO_E_FORMAT, "zip archive: an entry is not where the list says"},
        {"zip_named_twice", TYTO_E_FORMAT, "'x': named twice, required once"},
        {"zip_no_pickle", TYTO_E_FORMAT, "got a zip archive without data.pkl"},
        {"zip_no_zip64", TYTO_E_FORMAT,
         "zip archive: required a zip64 locator before the end record"},
        {"zip_os_system", TYTO_E_UNSUPPORTED, "byte 2: uses 'posix.system', which tensors of this"},
        {"zip_overlap", TYTO_E_FORMAT, "zip archive: two entries overlap"},
        {"zip_script", TYTO_E_UNSUPPORTED, "got a TorchScript program"},
        {"zip_storage_short", TYTO_E_FORMAT,
         "'x': its storage has 15 bytes, required 4 elements of 4 bytes"},
        {"zip_twice", TYTO_E_FORMAT, "zip archive: two entries have the same name"},
        {"zip_zip64_entry", TYTO_E_FORMAT, "zip archive: its list of entries is damaged"},
    };
    assert_all_refused(inputs, sizeof(inputs) / sizeof(inputs[0]), "torch", read_whole);
}

static void assert_counts(const char *name, size_t wanted, read_fn read)
{
    size_t count;
    tyto_error err = TYTO_ERROR_INIT;
    if (read(name, &count, &err) != TYTO_OK) {
        fail_msg("%s: %s", name, tyto_error_message(&err));
    }
    assert_int_equal(count, wanted);
}

static void unusual_files_are_read(void **state)
{
    (void)state;
    assert_counts("good_tensor", 1, read_pickle);
    assert_counts("good_strided", 1, read_pickle);
    assert_counts("good_view", 1, read_pickle);
    assert_counts("good_old_call", 1, read_pickle);
    assert_counts("good_empty_dict", 0, read_pickle);
    assert_counts("good_python2", 1, read_pickle);
    assert_counts("good_zip", 1, read_whole);
    assert_counts("good_legacy", 1, read_whole);
    /* Names that would climb out of a folder are never used as paths. */
    assert_counts("good_odd_names", 1, read_whole);
}

static void only_torch_files_are_taken_for_such(void **state)
{
    (void)state;
    static const uint8_t zip[16] = "PK\3\4", pickle[16] = {0x80, 2, 0x8a, 10},
                         /* A header of 67,324,752 bytes: a safetensors file all the same. */
        tensors[16] = "PK\3\4\0\0\0\0{", text[16] = "{\"a\":";
    assert_true(tyto_torch_begins(zip, 16));
    assert_true(tyto_torch_begins(pickle, 16));
    assert_false(tyto_torch_begins(tensors, 16));
    assert_false(tyto_torch_begins(text, 16));
    assert_false(tyto_torch_begins(zip, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_is_read),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(rows_are_used_where_they_lie),
        cmocka_unit_test(checkpoints_are_opened),
        cmocka_unit_test(pickles_that_tensors_do_not_need_are_refused),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(unusual_files_are_read),
        cmocka_unit_test(only_torch_files_are_taken_for_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
