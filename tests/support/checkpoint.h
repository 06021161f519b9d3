/** Checkpoints made from golden ones: tensors left out, added or misshapen, fields of config.json
 *  changed. */
#ifndef TYTO_TESTS_CHECKPOINT_H
#define TYTO_TESTS_CHECKPOINT_H

#include "support/golden.h"

#define CHECKPOINT_TENSORS_MAX 256

/** A checkpoint about to be written. */
typedef struct checkpoint {
    char folder[64];
    tyto_tensor_file *source;
    tyto_tensor tensors[CHECKPOINT_TENSORS_MAX];
    size_t count;
    json_t *config;
} checkpoint;

/** Starts from the checkpoint data/FROM; the new one lies in a folder of its own. */
static inline void checkpoint_start_at(checkpoint *to, const char *from)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    *to = (checkpoint){.folder = "/tmp/tyto-checkpoint-XXXXXX"};
    assert_non_null(mkdtemp(to->folder));
    to->config = json_load_file(golden_path(path, "%s/config.json", from), 0, NULL);
    assert_non_null(to->config);
    ASSERT_DONE(
        tyto_tensor_file_open(golden_path(path, "%s/model.safetensors", from), &to->source, &err),
        &err);
    to->count = (size_t)tyto_tensor_file_count(to->source);
    assert_in_range(to->count, 1, CHECKPOINT_TENSORS_MAX);
    for (size_t i = 0; i < to->count; i++) {
        to->tensors[i] = *tyto_tensor_file_at(to->source, (int64_t)i);
    }
}

/** Starts from data/owlv2/NAME/model. */
static inline void checkpoint_start(checkpoint *to, const char *name)
{
    char from[128];
    snprintf(from, sizeof(from), "owlv2/%s/model", name);
    checkpoint_start_at(to, from);
}

static inline tyto_tensor *checkpoint_tensor(checkpoint *to, const char *name)
{
    for (size_t i = 0; i < to->count; i++) {
        if (strcmp(to->tensors[i].name, name) == 0) {
            return &to->tensors[i];
        }
    }
    fail_msg("no tensor '%s'", name);
    return NULL;
}

static inline void checkpoint_drop(checkpoint *to, const char *name)
{
    *checkpoint_tensor(to, name) = to->tensors[to->count - 1];
    to->count--;
}

/** Leaves out all tensors whose name has that part. */
static inline void checkpoint_drop_all(checkpoint *to, const char *part)
{
    for (size_t i = to->count; i-- > 0;) {
        if (strstr(to->tensors[i].name, part)) {
            checkpoint_drop(to, to->tensors[i].name);
        }
    }
}

/** Adds a tensor; name and data must outlive the writing. */
static inline void checkpoint_add(checkpoint *to, tyto_tensor tensor)
{
    assert_true(to->count < CHECKPOINT_TENSORS_MAX);
    to->tensors[to->count++] = tensor;
}

/** Merges a JSON object into config.json, nested dicts too. */
static inline void checkpoint_merge(checkpoint *to, const char *json)
{
    json_error_t error;
    json_t *changes = json_loads(json, 0, &error);
    if (!changes) {
        fail_msg("%s: %s", json, error.text);
    }
    assert_int_equal(json_object_update_recursive(to->config, changes), 0);
    json_decref(changes);
}

static inline void checkpoint_write(const checkpoint *to)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(path, sizeof(path), "%s/model.safetensors", to->folder);
    ASSERT_DONE(tyto_tensor_file_save(path, to->tensors, (int64_t)to->count, &err), &err);
    snprintf(path, sizeof(path), "%s/config.json", to->folder);
    assert_int_equal(json_dump_file(to->config, path, 0), 0);
}

/** Removes the folder and its files. */
static inline void checkpoint_end(checkpoint *to)
{
    char path[GOLDEN_PATH_BYTES];
    static const char *const names[] = {"model.safetensors", "config.json",
                                        "preprocessor_config.json"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", to->folder, names[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(to->folder), 0);
    tyto_tensor_file_destroy(to->source);
    json_decref(to->config);
}

#endif
