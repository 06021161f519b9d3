/** Golden cases: what the reference computed, as tests/golden/README.md describes. */
#ifndef TYTO_TESTS_GOLDEN_H
#define TYTO_TESTS_GOLDEN_H

#include <dirent.h>
#include <float.h>
#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>
#include <tyto/tyto.h>

#include "support/engines.h"
#include "support/support.h"
#include "tensor/convert.h"

#define GOLDEN_PATH_BYTES 1024
/** Most tensors of a case's inputs or outputs. */
#define GOLDEN_TENSORS_MAX 64

/** Units in the last place of a tensor's largest number that are always allowed: a number or two
 * may come out nearer to the truth in the reference than its precision lets anybody promise. */
#define GOLDEN_UNITS 4.0

/** A file of the tests' data. */
static inline const char *golden_path(char path[GOLDEN_PATH_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline const char *golden_path(char path[GOLDEN_PATH_BYTES], const char *format, ...)
{
    const char *root = getenv("TYTO_TEST_DATA");
    assert_non_null(root);
    int length = snprintf(path, GOLDEN_PATH_BYTES, "%s/golden/data/", root);
    va_list args;
    va_start(args, format);
    length += vsnprintf(path + length, GOLDEN_PATH_BYTES - (size_t)length, format, args);
    va_end(args);
    assert_in_range(length, 1, GOLDEN_PATH_BYTES - 1);
    return path;
}

/** Fails with the message of err when a call did not succeed. */
#define ASSERT_DONE(call, err)                                                                     \
    do {                                                                                           \
        if ((call) != TYTO_OK) {                                                                   \
            fail_msg("%s: %s", #call, tyto_error_message(err));                                    \
        }                                                                                          \
    } while (0)

/** A model of the parts that a text describes. */
static inline tyto_status open_composed(const tyto_engine *engine, const char *path,
                                        const char *parts, size_t length, const char *name,
                                        tyto_model **model, tyto_error *err)
{
    tyto_model_open_options options;
    tyto_model_open_options_init(&options, sizeof(options));
    options.parts = parts;
    options.parts_length_bytes = length;
    options.parts_name = name;
    return tyto_model_open(engine, path, &options, model, err);
}

static inline tyto_tensor_file *golden_tensors(const char *path)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    ASSERT_DONE(tyto_tensor_file_open(path, &file, &err), &err);
    assert_in_range(tyto_tensor_file_count(file), 1, GOLDEN_TENSORS_MAX);
    return file;
}

/** Element i of a float tensor that may lie anywhere. */
static inline double golden_value(const tyto_tensor *tensor, int64_t i)
{
    double value;
    tyto_convert(&value, TYTO_F64,
                 (const char *)tensor->data + (size_t)i * tyto_dtype_bytes(tensor->dtype),
                 tensor->dtype, 1);
    return value;
}

/** One case of one head. */
typedef struct golden_case {
    tyto_tensor_file *inputs, *expected;
    json_t *report;
    const char *head;
    tyto_tensor given[GOLDEN_TENSORS_MAX];
    int64_t n_given;
    const char *wanted[GOLDEN_TENSORS_MAX];
    int64_t n_wanted;
    double units; /* see GOLDEN_UNITS */
    double unit;  /* last place of 1 in the numbers that products multiply */
} golden_case;

static inline void golden_open(golden_case *with, const char *folder)
{
    char path[GOLDEN_PATH_BYTES];
    *with = (golden_case){.units = GOLDEN_UNITS, .unit = (double)FLT_EPSILON};
    with->inputs = golden_tensors(golden_path(path, "%s/inputs.safetensors", folder));
    with->expected = golden_tensors(golden_path(path, "%s/expected.safetensors", folder));
    with->report = json_load_file(golden_path(path, "%s/errors.json", folder), 0, NULL);
    with->head = json_string_value(json_object_get(with->report, "head"));
    assert_non_null(with->head);
    with->n_given = tyto_tensor_file_count(with->inputs);
    for (int64_t i = 0; i < with->n_given; i++) {
        with->given[i] = *tyto_tensor_file_at(with->inputs, i);
    }
    with->n_wanted = tyto_tensor_file_count(with->expected);
    for (int64_t i = 0; i < with->n_wanted; i++) {
        with->wanted[i] = tyto_tensor_file_at(with->expected, i)->name;
    }
}

static inline void golden_close(golden_case *with)
{
    tyto_tensor_file_destroy(with->inputs);
    tyto_tensor_file_destroy(with->expected);
    json_decref(with->report);
}

/** Logits of padded queries, which must be met exactly. */
#define GOLDEN_PADDED (-1e6)
/** The unit of a case that a model runs. */
static inline double golden_unit(const tyto_model *model)
{
    return tyto_model_precision(model) == TYTO_PRECISION_BF16 ? 0x1p-7 : (double)FLT_EPSILON;
}

/** Compares one output with what the case expects of it: at most twice the error of the reference's
 *  own single precision, or a few units in the last place. In a coarser format both grow as its
 * last place does. `what` is for messages. */
static inline void golden_compare(const golden_case *with, const tyto_tensor *got, const char *what)
{
    const tyto_tensor *expected = tyto_tensor_file_find(with->expected, got->name);
    assert_non_null(expected);
    const json_t *entry = json_object_get(json_object_get(with->report, "tensors"), got->name);
    const double error = json_number_value(json_object_get(entry, "error")),
                 most = json_number_value(json_object_get(entry, "max")),
                 coarser = with->unit / (double)FLT_EPSILON,
                 allowed = coarser * fmax(2.0 * error, with->units * (double)FLT_EPSILON * most);
    assert_non_null(entry);
    assert_int_equal(got->dtype, TYTO_F32);
    assert_int_equal(got->rank, expected->rank);
    assert_memory_equal(got->shape, expected->shape, (size_t)got->rank * sizeof(int64_t));
    for (int64_t i = 0; i < tyto_tensor_elements(got); i++) {
        const double wanted = golden_value(expected, i), is = (double)((const float *)got->data)[i];
        if (!is_close(is, wanted, wanted <= GOLDEN_PADDED ? 0.0 : allowed)) {
            fail_msg("%s: '%s'[%lld]: got %.9g, required %.9g within %.2g", what, got->name,
                     (long long)i, is, wanted, allowed);
        }
    }
}

/** Runs the case in a session and compares all of it. */
static inline void golden_run(const golden_case *with, tyto_session *session, const char *head,
                              const char *what)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *outputs;
    int64_t count;
    if (tyto_forward(session, head, with->given, with->n_given, with->wanted, with->n_wanted,
                     &outputs, &count, &err) != TYTO_OK) {
        fail_msg("%s: %s", what, tyto_error_message(&err));
    }
    assert_int_equal(count, with->n_wanted);
    for (int64_t i = 0; i < count; i++) {
        assert_string_equal(outputs[i].name, with->wanted[i]);
        golden_compare(with, &outputs[i], what);
    }
}

/** Calls visit with the name of each folder below `folder`. */
static inline void golden_for_each(const char *folder, void (*visit)(const char *name, void *user),
                                   void *user)
{
    char path[GOLDEN_PATH_BYTES];
    struct dirent **entries;
    const int count = scandir(golden_path(path, "%s", folder), &entries, NULL, alphasort);
    assert_true(count > 2);
    for (int i = 0; i < count; i++) {
        struct stat info;
        const char *name = entries[i]->d_name;
        if (name[0] != '.' && stat(golden_path(path, "%s/%s", folder, name), &info) == 0 &&
            S_ISDIR(info.st_mode)) {
            visit(name, user);
        }
        free(entries[i]);
    }
    free(entries);
}

#endif
