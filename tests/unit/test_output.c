/* Files that appear whole or not at all, and what keeps one from being written. */
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tyto/output.h>

#include "base/file.h"
#include "support/golden.h"
#include "support/room.h"

#include "support/cases.h"

static char room[] = "/tmp/tyto-output-XXXXXX";

static int make_room(void **state)
{
    (void)state;
    return room_enter(room);
}

static int remove_room(void **state)
{
    (void)state;
    return room_leave(room);
}

static void assert_holds(const char *path, const char *expected)
{
    char *bytes;
    size_t length;
    assert_int_equal(tyto_file_read(path, 100, &bytes, &length, NULL), TYTO_OK);
    assert_string_equal(bytes, expected);
    assert_int_equal(length, strlen(expected));
    free(bytes);
}

static void save(const char *path, char *text)
{
    const tyto_bytes bytes = {.data = text, .length_bytes = strlen(text)};
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_bytes_save(path, &bytes, &err), &err);
}

static void a_file_appears_when_it_is_committed(void **state)
{
    (void)state;
    tyto_output *output;
    tyto_error err = TYTO_ERROR_INIT;
    save("there", "old");
    assert_int_equal(symlink("there", "link"), 0);
    ASSERT_DONE(tyto_output_open("link", &output, &err), &err);
    ASSERT_DONE(tyto_output_write(output, "ne", 2, &err), &err);
    ASSERT_DONE(tyto_output_write(output, NULL, 0, &err), &err);
    ASSERT_DONE(tyto_output_flush(output, &err), &err);
    assert_holds("there", "old");
    ASSERT_DONE(tyto_output_write(output, "w", 1, &err), &err);
    ASSERT_DONE(tyto_output_commit(output, &err), &err);
    assert_holds("there", "new");
    assert_int_equal(tyto_output_write(output, "x", 1, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_output_commit(output, &err), TYTO_E_ARGUMENT);
    assert_null(tyto_output_temporary(output));
    tyto_output_destroy(output);
    struct stat info;
    assert_true(lstat("link", &info) == 0 && S_ISLNK(info.st_mode));
    tyto_error_clear(&err);
}

static void a_file_that_is_given_up_never_was(void **state)
{
    (void)state;
    tyto_output *output;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_output_open("given-up", &output, &err), &err);
    ASSERT_DONE(tyto_output_write(output, "x", 1, &err), &err);
    tyto_output_destroy(output);
    assert_int_not_equal(access("given-up", F_OK), 0);
    tyto_output_destroy(NULL);
}

static void standard_output_stays_open(void **state)
{
    (void)state;
    tyto_output *output;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_output_open("-", &output, &err), &err);
    ASSERT_DONE(tyto_output_commit(output, &err), &err);
    ASSERT_DONE(tyto_output_flush(output, &err), &err);
    tyto_output_destroy(output);
    assert_int_equal(fflush(stdout), 0);
}

static void what_cannot_be_written_is_said(void **state)
{
    (void)state;
    tyto_output *output;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_output_open(".", &output, &err), TYTO_E_IO);
    assert_string_equal(tyto_error_message(&err), ".: got a folder, required a file to write");
    assert_null(output);
    assert_int_equal(tyto_output_check_file("no/file", &err), TYTO_E_NOT_FOUND);
    assert_string_equal(tyto_error_message(&err), "no/file: No such file or directory");
    assert_int_equal(tyto_output_open(NULL, &output, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_bytes_save("x", NULL, &err), TYTO_E_ARGUMENT);
    ASSERT_DONE(tyto_output_check_file("/dev/full", &err), &err);
    const tyto_bytes bytes = {.data = (char[]){"x"}, .length_bytes = 1};
    assert_int_equal(tyto_bytes_save("/dev/full", &bytes, &err), TYTO_E_IO);
    assert_string_equal(tyto_error_message(&err), "/dev/full: No space left on device");
    tyto_error_clear(&err);
}

static void a_reader_that_is_gone_ends_the_writing(void **state)
{
    (void)state;
    tyto_output *output;
    tyto_error err = TYTO_ERROR_INIT;
    int ends[2];
    char path[64];
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
    ASSERT_DONE(tyto_output_open(path, &output, &err), &err);
    assert_null(tyto_output_temporary(output));
    ASSERT_DONE(tyto_output_write(output, "x", 1, &err), &err);
    close(ends[0]);
    close(ends[1]);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(tyto_output_commit(output, &err), TYTO_E_CANCELLED);
    tyto_output_destroy(output);
    tyto_error_clear(&err);
}

static void folders_are_made_and_tried(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_output_make_folder("made", &err), &err);
    ASSERT_DONE(tyto_output_make_folder("made", &err), &err);
    assert_true(tyto_folder_exists("made"));
    assert_int_equal(rmdir("made"), 0); /* nothing is left in it */
    save("file", "x");
    assert_int_equal(tyto_output_make_folder("file", &err), TYTO_E_IO);
    assert_string_equal(tyto_error_message(&err), "file: got a file, required a folder");
    assert_int_equal(tyto_output_make_folder("no/folder", &err), TYTO_E_IO);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_appears_when_it_is_committed),
        cmocka_unit_test(a_file_that_is_given_up_never_was),
        cmocka_unit_test(standard_output_stays_open),
        cmocka_unit_test(what_cannot_be_written_is_said),
        cmocka_unit_test(a_reader_that_is_gone_ends_the_writing),
        cmocka_unit_test(folders_are_made_and_tried),
    };
    return cmocka_run_group_tests(tests, make_room, remove_room);
}
