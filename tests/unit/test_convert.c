/* Checkpoints written anew: what is kept, what is refused, and what is left behind. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/folder.h"
#include "support/checkpoint.h"
#include "support/room.h"

static size_t entries_of(const char *path)
{
    size_t count = 0;
    DIR *entries = opendir(path);
    assert_non_null(entries);
    while (readdir(entries)) {
        count++;
    }
    closedir(entries);
    return count - 2;
}

static tyto_tensor_file *weights_of(const char *folder, const char *name)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    ASSERT_DONE(tyto_tensor_file_open(path, &file, &err), &err);
    return file;
}

/* Nothing but strangers are told of; user is the number of messages. */
static void count_warnings(void *user, tyto_log_level level, const char *message)
{
    assert_int_equal(level, TYTO_LOG_LEVEL_WARNING);
    assert_non_null(strstr(message, "stranger"));
    ++*(int *)user;
}

static void strangers_are_kept_and_old_buffers_are_not(void **state)
{
    (void)state;
    checkpoint from;
    int64_t ids[4] = {0, 1, 2, 3};
    double wide[2] = {0.1, -3.0};
    int warnings = 0;
    tyto_error err = TYTO_ERROR_INIT;
    checkpoint_start(&from, "odd");
    const tyto_tensor old = {.dtype = TYTO_I64, .rank = 2, .shape = {1, 4}, .data = ids};
    tyto_tensor stranger = old, buffer = old, floats = old;
    buffer.name = "owlv2.text_model.embeddings.position_ids";
    stranger.name = "stranger.position_ids";
    floats = (tyto_tensor){"stranger.floats", TYTO_F64, 1, {2}, wide};
    checkpoint_add(&from, buffer);
    checkpoint_add(&from, stranger);
    checkpoint_add(&from, floats);
    checkpoint_write(&from);
    const tyto_convert_options half = {.struct_bytes = sizeof(half),
                                       .to_dtype = true,
                                       .dtype = TYTO_F16,
                                       .log = count_warnings,
                                       .log_user = &warnings};
    ASSERT_DONE(tyto_model_convert(from.folder, "strangers", &half, &err), &err);
    assert_int_equal(warnings, 1);
    tyto_tensor_file *file = weights_of("strangers", "model.safetensors");
    assert_int_equal(tyto_tensor_file_count(file), from.count - 1);
    assert_null(tyto_tensor_file_find(file, buffer.name));
    const tyto_tensor *got = tyto_tensor_file_find(file, stranger.name);
    assert_int_equal(got->dtype, TYTO_I64);
    assert_memory_equal(got->data, ids, sizeof(ids));
    got = tyto_tensor_file_find(file, floats.name);
    assert_int_equal(got->dtype, TYTO_F16);
    assert_memory_equal(got->data, ((const uint16_t[]){0x2e66, 0xc200}), 4);
    assert_string_equal(tyto_tensor_file_metadata(file, "format"), "pt");
    tyto_tensor_file_destroy(file);
    checkpoint_end(&from);
}

static void assert_refused(const checkpoint *from, tyto_dtype dtype, tyto_status status,
                           const char *message)
{
    tyto_error err = TYTO_ERROR_INIT;
    const size_t before = entries_of(".");
    const tyto_convert_options options = {
        .struct_bytes = sizeof(options), .to_dtype = true, .dtype = dtype};
    assert_int_equal(tyto_model_convert(from->folder, "refused", &options, &err), status);
    if (!strstr(tyto_error_message(&err), message)) {
        fail_msg("said \"%s\", required \"%s\"", tyto_error_message(&err), message);
    }
    tyto_error_clear(&err);
    assert_int_equal(entries_of("."), before);
}

static void a_number_that_does_not_fit_is_named(void **state)
{
    (void)state;
    checkpoint from;
    checkpoint_start(&from, "odd");
    tyto_tensor *tensor = checkpoint_tensor(&from, "layer_norm.bias");
    float *values = malloc((size_t)tensor->shape[0] * sizeof(float));
    assert_non_null(values);
    memcpy(values, tensor->data, (size_t)tensor->shape[0] * sizeof(float));
    values[3] = -70000.0f;
    tensor->data = values;
    checkpoint_write(&from);
    assert_refused(&from, TYTO_F16, TYTO_E_RANGE,
                   "model.safetensors: 'layer_norm.bias': element 3: got -70000, required a number "
                   "that F16 can hold");
    assert_refused(&from, TYTO_I64, TYTO_E_ARGUMENT, "dtype: got I64, required F32, F16 or BF16");
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_convert_options brain = {
        .struct_bytes = sizeof(brain), .to_dtype = true, .dtype = TYTO_BF16};
    ASSERT_DONE(tyto_model_convert(from.folder, "brain", &brain, &err), &err);
    checkpoint_end(&from);
    free(values);
}

static void a_checkpoint_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    checkpoint from;
    checkpoint_start(&from, "odd");
    checkpoint_drop(&from, "box_head.dense0.weight");
    checkpoint_tensor(&from, "layer_norm.bias")->shape[0]--;
    checkpoint_tensor(&from, "layer_norm.weight")->dtype = TYTO_I32;
    checkpoint_write(&from);
    assert_refused(&from, TYTO_F32, TYTO_E_FORMAT, "'box_head.dense0.weight': missing");
    assert_refused(&from, TYTO_F32, TYTO_E_FORMAT, "'layer_norm.bias': of another shape");
    assert_refused(&from, TYTO_F32, TYTO_E_FORMAT,
                   "'layer_norm.weight': of a type that is no float");
    checkpoint_end(&from);
}

/* Stops once half of the bytes are written. */
static bool stop_half_way(void *user, const tyto_progress *progress)
{
    int64_t *before = user;
    assert_string_equal(progress->stage, "weights");
    assert_int_equal(strncmp(progress->subject, "model-0000", 10), 0);
    assert_in_range(progress->done, *before + 1, progress->total);
    *before = progress->done;
    return progress->done < progress->total / 2;
}

static void a_stopped_run_leaves_nothing(void **state)
{
    (void)state;
    char source[GOLDEN_PATH_BYTES];
    int64_t done = 0;
    tyto_error err = TYTO_ERROR_INIT;
    const size_t before = entries_of(".");
    const tyto_convert_options options = {.struct_bytes = sizeof(options),
                                          .max_shard_bytes = 40000,
                                          .progress = stop_half_way,
                                          .progress_user = &done};
    golden_path(source, "owlv2/odd/model");
    assert_int_equal(tyto_model_convert(source, "stopped", &options, &err), TYTO_E_CANCELLED);
    assert_string_equal(tyto_error_message(&err), "stopped: stopped");
    tyto_error_clear(&err);
    assert_true(done > 40000);
    assert_int_equal(entries_of("."), before);
}

static bool is_a(const char *name)
{
    return name[0] == 'a';
}

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[GOLDEN_PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    assert_int_equal(fclose(to), 0);
}

static int fill_mount_point(void)
{
    tyto_folder_writer writer;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        mount("host", "mounted", NULL, MS_BIND, NULL) != 0) {
        return 0; /* nothing is tested where the system lets nobody mount */
    }
    if (tyto_folder_writer_open("mounted", is_a, &writer, NULL) != TYTO_OK) {
        return 1;
    }
    write_text(writer.temporary, "a2", "2");
    write_text(writer.temporary, "config.json", "{}");
    if (tyto_folder_writer_commit(&writer, NULL) != TYTO_OK) {
        return 2;
    }
    return access("mounted/a2", F_OK) == 0 && access("mounted/config.json", F_OK) == 0 &&
                   access("mounted/a1", F_OK) != 0 && entries_of("mounted") == 2
               ? 0
               : 3;
}

static int fill_where_nothing_may_be_made_beside(void)
{
    tyto_folder_writer writer;
    if (seteuid(65534) != 0) {
        return 0;
    }
    if (tyto_folder_writer_open("locked/place", is_a, &writer, NULL) != TYTO_OK) {
        return 1;
    }
    tyto_folder_writer_abandon(&writer);
    if (entries_of("locked/place") != 0 ||
        tyto_folder_writer_open("locked/place", is_a, &writer, NULL) != TYTO_OK) {
        return 2;
    }
    write_text(writer.temporary, "a1", "1");
    return tyto_folder_writer_commit(&writer, NULL) == TYTO_OK && entries_of("locked/place") == 1
               ? 0
               : 3;
}

static void alone(int (*work)(void))
{
    int status = 0;
    const pid_t child = fork();
    if (child == 0) {
        _exit(work());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Such a folder stays, and its files are replaced. */
static void a_folder_that_cannot_be_replaced_is_filled(void **state)
{
    (void)state;
    assert_int_equal(mkdir("fixed", 0755), 0);
    assert_int_equal(chdir("fixed"), 0);
    assert_int_equal(chmod("..", 0755), 0);
    assert_int_equal(mkdir("host", 0777), 0);
    assert_int_equal(mkdir("mounted", 0777), 0);
    write_text("host", "a1", "1");
    alone(fill_mount_point);
    assert_int_equal(entries_of("mounted"), 0);
    assert_int_equal(mkdir("locked", 0755), 0);
    assert_int_equal(mkdir("locked/place", 0777), 0);
    assert_int_equal(chmod("locked/place", 0777), 0);
    assert_int_equal(chmod("locked", 0555), 0);
    alone(fill_where_nothing_may_be_made_beside);
    assert_int_equal(chmod("locked", 0755), 0);
    assert_int_equal(chdir(".."), 0);
}

static void a_folder_appears_whole_or_not_at_all(void **state)
{
    (void)state;
    tyto_folder_writer writer;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(mkdir("place", 0777), 0);
    assert_int_equal(chdir("place"), 0);
    ASSERT_DONE(tyto_folder_writer_open("new//", NULL, &writer, &err), &err);
    write_text(writer.temporary, "a1", "1");
    assert_int_equal(access("new", F_OK), -1);
    tyto_folder_writer_abandon(&writer);
    assert_int_equal(entries_of("."), 0);

    ASSERT_DONE(tyto_folder_writer_open("new", NULL, &writer, &err), &err);
    write_text(writer.temporary, "a1", "1");
    ASSERT_DONE(tyto_folder_writer_commit(&writer, &err), &err);
    assert_int_equal(entries_of("."), 1);
    assert_int_equal(access("new/a1", F_OK), 0);
    assert_int_equal(tyto_folder_writer_open("new", NULL, &writer, &err), TYTO_E_EXISTS);
    assert_string_equal(tyto_error_message(&err), "new: is there already, with 'a1' in it");
    tyto_error_clear(&err);

    /* Replaced, through a link that stays one; what it held is gone. */
    assert_int_equal(symlink("new", "link"), 0);
    ASSERT_DONE(tyto_folder_writer_open("link", is_a, &writer, &err), &err);
    write_text(writer.temporary, "a2", "2");
    ASSERT_DONE(tyto_folder_writer_commit(&writer, &err), &err);
    assert_int_equal(entries_of("."), 2);
    assert_int_equal(access("link/a2", F_OK), 0);
    assert_int_equal(access("new/a1", F_OK), -1);

    /* What comes in between is not lost either. */
    ASSERT_DONE(tyto_folder_writer_open("new", is_a, &writer, &err), &err);
    write_text("new", "b", "mine");
    assert_int_equal(tyto_folder_writer_commit(&writer, &err), TYTO_E_EXISTS);
    assert_non_null(strstr(tyto_error_message(&err), "holds 'b', which would be lost"));
    tyto_error_clear(&err);
    assert_int_equal(access("new/a2", F_OK), 0);
    assert_int_equal(unlink("new/b"), 0);
    assert_int_equal(mkdir("new/a3", 0777), 0);
    assert_int_equal(tyto_folder_writer_open("new", is_a, &writer, &err), TYTO_E_EXISTS);
    tyto_error_clear(&err);

    write_text(".", "file", "mine");
    assert_int_equal(tyto_folder_writer_open("file", is_a, &writer, &err), TYTO_E_EXISTS);
    assert_string_equal(tyto_error_message(&err), "file: got a file, required a folder to write");
    tyto_error_clear(&err);
    assert_int_equal(tyto_folder_writer_open("no/where", NULL, &writer, &err), TYTO_E_NOT_FOUND);
    tyto_error_clear(&err);
    assert_int_equal(mkdir("empty", 0777), 0);
    ASSERT_DONE(tyto_folder_writer_open("empty", NULL, &writer, &err), &err);
    ASSERT_DONE(tyto_folder_writer_commit(&writer, &err), &err);
    assert_int_equal(entries_of("."), 4);
    assert_int_equal(chdir(room_folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strangers_are_kept_and_old_buffers_are_not),
        cmocka_unit_test(a_number_that_does_not_fit_is_named),
        cmocka_unit_test(a_checkpoint_that_does_not_fit_is_refused),
        cmocka_unit_test(a_stopped_run_leaves_nothing),
        cmocka_unit_test(a_folder_that_cannot_be_replaced_is_filled),
        cmocka_unit_test(a_folder_appears_whole_or_not_at_all),
    };
    return cmocka_run_group_tests(tests, room_begin, room_end);
}
