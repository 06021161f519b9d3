/* Files that appear whole or not at all, and what keeps one from being written. */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <tyto/output.h>

#include "base/file.h"
#include "base/folder.h"
#include "support/golden.h"
#include "support/room.h"

#include "support/cases.h"

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
    assert_string_equal(tyto_error_message(&err),
                        "no/file: No such file or directory: required a folder that is there");
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

static mode_t mode_of(const char *path)
{
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void mode_and_names_of_a_file_stay(void **state)
{
    (void)state;
    save("private", "old");
    assert_int_equal(chmod("private", 0640), 0);
    save("private", "new");
    assert_int_equal(mode_of("private"), 0640);
    assert_int_equal(link("private", "second-name"), 0);
    save("second-name", "newest");
    assert_holds("private", "newest");
    assert_int_equal(mode_of("private"), 0640);
    save("private", "x"); /* shorter than before */
    assert_holds("second-name", "x");
    assert_int_equal(symlink("later", "leads-to-later"), 0);
    save("leads-to-later", "made");
    assert_holds("later", "made");
}

/* The new file is written under a short name. */
static void a_name_may_be_as_long_as_names_can_be(void **state)
{
    (void)state;
    char name[NAME_MAX + 2];
    memset(name, 'a', sizeof(name));
    name[NAME_MAX] = '\0';
    save(name, "x");
    assert_holds(name, "x");
    name[NAME_MAX] = 'a';
    name[NAME_MAX + 1] = '\0';
    assert_int_not_equal(tyto_output_check_file(name, NULL), TYTO_OK);
}

static void what_is_placed_stays_and_grows(void **state)
{
    (void)state;
    tyto_output *output;
    tyto_error err = TYTO_ERROR_INIT;
    save("two-names", "old");
    assert_int_equal(link("two-names", "the-second"), 0);
    static const char *const paths[] = {"grows", "the-second"};
    for (size_t i = 0; next_case(i, 2); i++) {
        ASSERT_DONE(tyto_output_open(paths[i], &output, &err), &err);
        ASSERT_DONE(tyto_output_write(output, "a", 1, &err), &err);
        ASSERT_DONE(tyto_output_place(output, &err), &err);
        assert_null(tyto_output_temporary(output));
        assert_holds(paths[i], "a");
        ASSERT_DONE(tyto_output_write(output, "b", 1, &err), &err);
        ASSERT_DONE(tyto_output_place(output, &err), &err);
        assert_holds(paths[i], "ab");
        ASSERT_DONE(tyto_output_write(output, "c", 1, &err), &err);
        if (i == 1) {
            ASSERT_DONE(tyto_output_commit(output, &err), &err);
        }
        tyto_output_destroy(output);
        assert_holds(paths[i], "abc");
    }
    assert_holds("two-names", "abc");
}

/* Runs in a process of its own, which may take rights away from itself. */
static void alone(int (*work)(void))
{
    int status;
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(work());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int save_alone(const char *path, const char *text)
{
    const tyto_bytes bytes = {.data = (char *)(uintptr_t)text, .length_bytes = strlen(text)};
    return tyto_bytes_save(path, &bytes, NULL) == TYTO_OK ? 0 : 1;
}

static int save_where_nothing_may_be_made(void)
{
    (void)!seteuid(65534);
    return tyto_output_check_file("locked/new", NULL) == TYTO_OK ? 2
                                                                 : save_alone("locked/old", "new");
}

static void a_file_in_a_folder_that_may_not_be_written(void **state)
{
    (void)state;
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(mkdir("locked", 0755), 0);
    save("locked/old", "older");
    assert_int_equal(chmod("locked/old", 0666), 0);
    assert_int_equal(chmod("locked", 0555), 0);
    alone(save_where_nothing_may_be_made);
    assert_int_equal(chmod("locked", 0755), 0);
    assert_holds("locked/old", "new");
}

/* Nothing is said where the system lets nobody mount. */
static int save_to_a_mount_point(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 ||
        mount("on-host", "mounted", NULL, MS_BIND, NULL) != 0) {
        return 0;
    }
    return save_alone("mounted", "through");
}

static void a_file_that_is_a_mount_point(void **state)
{
    (void)state;
    save("on-host", "");
    save("mounted", "below");
    alone(save_to_a_mount_point);
    char *bytes;
    size_t length;
    assert_int_equal(tyto_file_read("on-host", 100, &bytes, &length, NULL), TYTO_OK);
    assert_true(length == 0 || strcmp(bytes, "through") == 0);
    free(bytes);
    assert_holds("mounted", "below");
}

static int save_without_standard_descriptors(void)
{
    tyto_output *output;
    for (int fd = 0; fd <= STDERR_FILENO; fd++) {
        close(fd);
    }
    if (tyto_output_open("clean", &output, NULL) != TYTO_OK ||
        write(STDERR_FILENO, "said", 4) >= 0 || write(STDOUT_FILENO, "said", 4) >= 0 ||
        tyto_output_write(output, "x", 1, NULL) != TYTO_OK ||
        tyto_output_commit(output, NULL) != TYTO_OK) {
        return 1;
    }
    tyto_output_destroy(output);
    return 0;
}

static void what_is_said_goes_into_no_file(void **state)
{
    (void)state;
    alone(save_without_standard_descriptors);
    assert_holds("clean", "x");
}

/* What is there is whole until there is room for the new. */
static int save_beyond_a_limit(void)
{
    tyto_output *output;
    tyto_error err = TYTO_ERROR_INIT;
    const struct rlimit limit = {8, 8};
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0 ||
        tyto_output_open("limited", &output, NULL) != TYTO_OK ||
        tyto_output_write(output, "12345", 5, NULL) != TYTO_OK ||
        tyto_output_flush(output, NULL) != TYTO_OK ||
        tyto_output_write(output, "67890", 5, NULL) != TYTO_OK ||
        tyto_output_flush(output, &err) != TYTO_E_IO) {
        return 1;
    }
    const bool told = strstr(tyto_error_message(&err), "limited: File too large, after 5 bytes");
    tyto_error_clear(&err);
    tyto_output_destroy(output);
    return told ? 0 : 2;
}

static void what_fills_up_says_how_far_it_came(void **state)
{
    (void)state;
    save("limited", "as it was");
    alone(save_beyond_a_limit);
    assert_holds("limited", "as it was");
}

/* Why a folder can't be made, for somebody who may not. */
static int make_folders_where_nobody_may(void)
{
    static const char *const told[] = {"shut/new: Permission denied", "shut/in: Permission denied"};
    tyto_error err = TYTO_ERROR_INIT;
    if (geteuid() == 0 && setuid(65534) != 0) {
        return 1;
    }
    bool good = tyto_output_make_folder("shut/new", &err) == TYTO_E_IO &&
                strcmp(tyto_error_message(&err), told[0]) == 0;
    tyto_error_clear(&err);
    good = good && tyto_folder_make_within("shut", "in/a.txt", &err) == TYTO_E_IO &&
           strcmp(tyto_error_message(&err), told[1]) == 0;
    tyto_error_clear(&err);
    return good ? 0 : 2;
}

static void a_folder_that_is_shut_is_told(void **state)
{
    (void)state;
    assert_int_equal(chmod(".", 0755), 0);
    assert_int_equal(mkdir("shut", 0555), 0);
    alone(make_folders_where_nobody_may);
    assert_int_equal(rmdir("shut"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_that_is_shut_is_told),
        cmocka_unit_test(a_file_appears_when_it_is_committed),
        cmocka_unit_test(a_file_that_is_given_up_never_was),
        cmocka_unit_test(standard_output_stays_open),
        cmocka_unit_test(what_cannot_be_written_is_said),
        cmocka_unit_test(a_reader_that_is_gone_ends_the_writing),
        cmocka_unit_test(folders_are_made_and_tried),
        cmocka_unit_test(mode_and_names_of_a_file_stay),
        cmocka_unit_test(a_name_may_be_as_long_as_names_can_be),
        cmocka_unit_test(what_is_placed_stays_and_grows),
        cmocka_unit_test(a_file_in_a_folder_that_may_not_be_written),
        cmocka_unit_test(a_file_that_is_a_mount_point),
        cmocka_unit_test(what_is_said_goes_into_no_file),
        cmocka_unit_test(what_fills_up_says_how_far_it_came),
    };
    return cmocka_run_group_tests(tests, room_begin, room_end);
}
