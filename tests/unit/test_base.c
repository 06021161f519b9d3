/* Errors, arena, buffers, files and the thread pool. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/cores.h"
#include "base/cursor.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "base/pool.h"

static void first_error_wins(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_fail(&err, TYTO_E_SHAPE, "got %d", 3), TYTO_E_SHAPE);
    assert_int_equal(tyto_fail(&err, TYTO_E_IO, "later"), TYTO_E_IO);
    assert_string_equal(tyto_error_message(&err), "got 3");
    tyto_error_prefix(&err, "photo.jpg");
    assert_string_equal(tyto_error_message(&err), "photo.jpg: got 3");
    tyto_error_clear(&err);
    assert_int_equal(err.status, TYTO_OK);
}

static void sizes_that_overflow_give_no_memory(void **state)
{
    (void)state;
    assert_null(tyto_alloc(SIZE_MAX / 2, 3));
    assert_null(tyto_realloc(NULL, SIZE_MAX / 2, 3));
    assert_null(tyto_alloc_zeroed(SIZE_MAX / 2, 3));
}

static void arena_grows_and_moves_nothing(void **state)
{
    (void)state;
    tyto_arena arena = {0};
    char *kept = tyto_arena_take(&arena, 100, 1);
    memset(kept, 1, 100);
    size_t mark = tyto_arena_mark(&arena);
    char *scratch = tyto_arena_take(&arena, 1000, 4);
    assert_non_null(scratch);
    tyto_arena_release(&arena, mark);
    assert_ptr_equal(tyto_arena_take(&arena, 10, 4), scratch);
    const size_t before = arena.capacity;
    char *large = tyto_arena_take(&arena, 3 * before, 1);
    assert_non_null(large);
    memset(large, 2, 3 * before);
    assert_true(arena.capacity > before);
    assert_int_equal(kept[99], 1);
    /* What a run took once is there for the next one. */
    const size_t after = arena.capacity;
    tyto_arena_reset(&arena);
    assert_ptr_equal(tyto_arena_take(&arena, 100, 1), kept);
    assert_non_null(tyto_arena_take(&arena, 3 * before, 1));
    assert_int_equal(arena.capacity, after);
    assert_null(tyto_arena_take(&arena, SIZE_MAX / 2, 4));
    assert_null(tyto_arena_take(&arena, SIZE_MAX / 2, 1));
    tyto_arena_clear(&arena);
}

/* The first fields of an options struct, and what a later version adds. */
typedef struct old_options {
    size_t struct_bytes;
    int first;
} old_options;
typedef struct new_options {
    size_t struct_bytes;
    int first;
    int second;
} new_options;

static void options_of_an_older_header_keep_defaults(void **state)
{
    (void)state;
    const new_options defaults = {.first = 3, .second = 4};
    old_options old;
    new_options own = defaults;
    tyto_options_init(&old, sizeof(old), &defaults, sizeof(defaults));
    assert_int_equal(old.struct_bytes, sizeof(old));
    assert_int_equal(old.first, 3);
    old.first = 5;
    assert_int_equal(tyto_options_read(&own, sizeof(own), &old, "tyto_x_options", NULL), TYTO_OK);
    assert_int_equal(own.first, 5);
    assert_int_equal(own.second, 4);
    assert_int_equal(tyto_options_read(&own, sizeof(own), NULL, "tyto_x_options", NULL), TYTO_OK);
}

static void options_that_were_not_made_are_refused(void **state)
{
    (void)state;
    new_options own = {0}, given = {0};
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_options_read(&own, sizeof(own), &given, "tyto_x_options", &err),
                     TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "tyto_x_options_init"));
    tyto_error_clear(&err);
    given.struct_bytes = sizeof(given) + 8;
    assert_int_equal(tyto_options_read(&own, sizeof(own), &given, "tyto_x_options", &err),
                     TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

static void caches_have_a_size(void **state)
{
    (void)state;
    tyto_pool *pool = tyto_pool_create(1);
    assert_non_null(pool);
    assert_in_range(tyto_pool_cache_bytes(pool), 256 << 10, 4 << 20);
    assert_in_range(tyto_pool_cache_bytes(NULL), 256 << 10, 4 << 20);
    tyto_pool_destroy(pool);
}

static void buffer_stops_at_its_maximum(void **state)
{
    (void)state;
    tyto_buffer buffer;
    tyto_buffer_init(&buffer, 8);
    assert_true(tyto_buffer_text(&buffer, "abc"));
    assert_true(tyto_buffer_format(&buffer, "%d", 12345));
    assert_false(tyto_buffer_text(&buffer, "x"));
    assert_null(tyto_buffer_take(&buffer));
    assert_true(tyto_buffer_text(&buffer, "fresh"));
    char *text = tyto_buffer_take(&buffer);
    assert_string_equal(text, "fresh");
    free(text);
}

static void cursor_never_reads_past_the_end(void **state)
{
    (void)state;
    const uint8_t bytes[] = {1, 2, 3, 4, 5};
    tyto_cursor cursor = tyto_cursor_over(bytes, sizeof(bytes));
    assert_int_equal(tyto_cursor_little(&cursor, 2), 0x0201);
    assert_int_equal(tyto_cursor_big(&cursor, 2), 0x0304);
    assert_int_equal(tyto_cursor_little(&cursor, 2), 0);
    assert_true(cursor.failed);
    assert_null(tyto_cursor_take(&cursor, 1));
}

static void files_are_whole_or_not_there(void **state)
{
    (void)state;
    char folder[] = "/tmp/tyto-base-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = tyto_path_join(folder, "a.bin");
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_file_write(path, "hello", 5, &err), TYTO_OK);

    tyto_file_writer writer;
    assert_int_equal(tyto_file_writer_open(path, &writer, &err), TYTO_OK);
    fputs("half", writer.stream);
    tyto_file_writer_abandon(&writer);

    char *text;
    size_t length;
    assert_int_equal(tyto_file_read(path, 100, &text, &length, &err), TYTO_OK);
    assert_int_equal(length, 5);
    assert_string_equal(text, "hello");
    free(text);
    assert_int_equal(tyto_file_read(path, 4, &text, &length, &err), TYTO_E_LIMIT);
    tyto_error_clear(&err);
    assert_int_equal(tyto_file_read(folder, 100, &text, &length, &err), TYTO_E_IO);
    tyto_error_clear(&err);
    assert_int_equal(tyto_file_read("/nonexistent/x", 4, &text, &length, &err), TYTO_E_NOT_FOUND);
    tyto_error_clear(&err);
    assert_int_equal(tyto_file_write("/nonexistent/x", "", 0, &err), TYTO_E_NOT_FOUND);
    tyto_error_clear(&err);

    tyto_file_map map;
    assert_int_equal(tyto_file_map_open(path, &map, &err), TYTO_OK);
    assert_memory_equal(map.data, "hello", 5);
    tyto_file_map_close(&map);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    free(path);
}

/* Whether a page is in this process's memory, or -1 where the system doesn't tell. */
static int is_held(const uint8_t *at)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint64_t entry = 0;
    const int fd = open("/proc/self/pagemap", O_RDONLY);
    const ssize_t got = pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)at / page * 8));
    close(fd);
    return got == (ssize_t)sizeof(entry) ? (int)(entry >> 63) : -1;
}

/* A huge page that holds a part of what is released goes as a whole, the next one stays. */
/* Writes to a pipe from a process of its own. */
static void fill_pipe(const char *path, size_t bytes)
{
    if (fork() == 0) {
        FILE *pipe = fopen(path, "wb");
        for (size_t i = 0; pipe && i < bytes; i++) {
            fputc((int)(i % 251), pipe);
        }
        _exit(pipe && fclose(pipe) == 0 ? 0 : 1);
    }
}

/* A pipe is read to its end, in one piece or as a map, and no further than the limit. */
static void pipes_are_read_like_files(void **state)
{
    (void)state;
    enum { BYTES = 200000 };
    char path[] = "/tmp/tyto-pipe-XXXXXX";
    tyto_error err = TYTO_ERROR_INIT;
    char *text;
    size_t length;
    tyto_file_map map;
    close(mkstemp(path));
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    fill_pipe(path, BYTES);
    assert_int_equal(tyto_file_read(path, BYTES, &text, &length, &err), TYTO_OK);
    assert_int_equal(length, BYTES);
    assert_int_equal((uint8_t)text[BYTES - 1], (BYTES - 1) % 251);
    free(text);
    fill_pipe(path, BYTES);
    assert_int_equal(tyto_file_map_open(path, &map, &err), TYTO_OK);
    assert_int_equal(map.length, BYTES);
    tyto_file_map_release(&map, 0, BYTES); /* nothing to read again: it stays */
    assert_int_equal(map.data[BYTES - 1], (BYTES - 1) % 251);
    tyto_file_map_close(&map);
    signal(SIGPIPE, SIG_DFL);
    fill_pipe(path, BYTES);
    assert_int_equal(tyto_file_read(path, BYTES / 2, &text, &length, &err), TYTO_E_LIMIT);
    tyto_error_clear(&err);
    assert_true(tyto_file_is_stream(path));
    assert_false(tyto_file_is_stream("/tmp"));
    for (int i = 0; i < 3; i++) {
        wait(NULL);
    }
    unlink(path);
}

/* A repository's file that git lfs hasn't brought is named as what it is, however it is read. */
static void lfs_pointers_are_named(void **state)
{
    (void)state;
    static const char pointer[] = "version https://git-lfs.github.com/spec/v1\n"
                                  "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e"
                                  "2ca24d17e2393\nsize 618999996\n";
    char path[] = "/tmp/tyto-pointer-XXXXXX";
    tyto_error err = TYTO_ERROR_INIT;
    char *text;
    size_t length;
    tyto_file_map map;
    close(mkstemp(path));
    assert_int_equal(tyto_file_write(path, pointer, sizeof(pointer) - 1, &err), TYTO_OK);
    assert_int_equal(tyto_file_read(path, 4096, &text, &length, &err), TYTO_E_FORMAT);
    assert_null(text);
    assert_non_null(strstr(tyto_error_message(&err), "got a Git LFS pointer"));
    tyto_error_clear(&err);
    assert_int_equal(tyto_file_map_open(path, &map, &err), TYTO_E_FORMAT);
    assert_null(map.data);
    assert_non_null(strstr(tyto_error_message(&err), "git lfs pull"));
    tyto_error_clear(&err);
    /* A text that only begins alike. */
    assert_int_equal(tyto_file_write(path, pointer, 30, &err), TYTO_OK);
    assert_int_equal(tyto_file_read(path, 4096, &text, &length, &err), TYTO_OK);
    free(text);
    unlink(path);
}

static void files_that_are_mapped_are_released_in_huge_pages(void **state)
{
    (void)state;
    enum { PAGES = 4 };
    const size_t huge = TYTO_HUGE_PAGE_BYTES, length = PAGES * huge + 100;
    char folder[] = "/tmp/tyto-base-XXXXXX";
    assert_non_null(mkdtemp(folder));
    char *path = tyto_path_join(folder, "a.bin");
    uint8_t *bytes = malloc(length);
    assert_non_null(bytes);
    for (size_t i = 0; i < length; i++) {
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    }
    tyto_error err = TYTO_ERROR_INIT;
    tyto_file_map map;
    assert_int_equal(tyto_file_write(path, bytes, length, &err), TYTO_OK);
    assert_int_equal(tyto_file_map_open(path, &map, &err), TYTO_OK);
    assert_memory_equal(map.data, bytes, length);
    /* The first page that begins in the map, and one in its middle. */
    const size_t first = (huge - (uintptr_t)map.data % huge) % huge, part = first + huge / 2;
    if (is_held(map.data + part) == 1) {
        tyto_file_map_release(&map, part, SIZE_MAX);
        tyto_file_map_release(&map, length, 1);
        tyto_file_map_release(&map, part, 0);
        assert_int_equal(is_held(map.data + part), 1);
        tyto_file_map_release(&map, part, 10);
        assert_int_equal(is_held(map.data + first), 0);
        assert_int_equal(is_held(map.data + first + huge - 1), 0);
        assert_int_equal(is_held(map.data + first + huge), 1);
    }
    tyto_file_map_release(&map, 0, length);
    assert_int_not_equal(is_held(map.data + length - 1), 1);
    assert_memory_equal(map.data, bytes, length);
    tyto_file_map_close(&map);
    tyto_file_map_release(&map, 0, 0);
    free(bytes);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
    free(path);
}

static void count_task(void *context, int64_t index, int worker)
{
    (void)worker;
    atomic_int *seen = context;
    atomic_fetch_add(&seen[index], 1);
}

/* A link stays a link, and what is no regular file is never replaced by one. */
static void files_keep_their_kind(void **state)
{
    (void)state;
    char folder[] = "/tmp/tyto-base-XXXXXX", text_read[8] = "";
    struct stat info;
    tyto_error err = TYTO_ERROR_INIT;
    assert_non_null(mkdtemp(folder));
    char *target = tyto_path_join(folder, "target"), *link = tyto_path_join(folder, "link");
    char *pipe = tyto_path_join(folder, "pipe");
    assert_int_equal(tyto_file_write(target, "old", 3, &err), TYTO_OK);
    assert_int_equal(symlink("target", link), 0);
    assert_int_equal(tyto_file_write(link, "new", 3, &err), TYTO_OK);
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    char *text;
    size_t length;
    assert_int_equal(tyto_file_read(target, 9, &text, &length, &err), TYTO_OK);
    assert_string_equal(text, "new");
    free(text);

    assert_int_equal(mkfifo(pipe, 0600), 0);
    int reader = open(pipe, O_RDWR);
    assert_true(reader >= 0);
    assert_int_equal(tyto_file_write(pipe, "through", 7, &err), TYTO_OK);
    assert_int_equal(stat(pipe, &info), 0);
    assert_true(S_ISFIFO(info.st_mode));
    assert_int_equal(read(reader, text_read, 7), 7);
    assert_string_equal(text_read, "through");
    close(reader);
    FILE *stream = NULL;
    assert_int_equal(tyto_file_stream(pipe, &stream, &err), TYTO_E_IO); /* and doesn't wait */
    tyto_error_clear(&err);
    unlink(target);
    unlink(link);
    unlink(pipe);
    assert_int_equal(rmdir(folder), 0);
    free(target);
    free(link);
    free(pipe);
}

/* A process that ends in the midst of writing leaves nothing beside what was there. */
static void nothing_is_left_by_a_process_that_is_killed(void **state)
{
    (void)state;
    char folder[] = "/tmp/tyto-base-XXXXXX";
    int status;
    assert_non_null(mkdtemp(folder));
    char *path = tyto_path_join(folder, "a.bin");
    const pid_t child = fork();
    if (child == 0) {
        tyto_file_writer writer;
        if (tyto_file_writer_open(path, &writer, NULL) != TYTO_OK) {
            _exit(1);
        }
        fputs("half", writer.stream);
        fflush(writer.stream);
        if (!writer.nameless) { /* on some file systems it can't be helped */
            tyto_file_writer_abandon(&writer);
        }
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_equal(rmdir(folder), 0);
    free(path);
}

static void files_of_other_processes_are_not_touched(void **state)
{
    (void)state;
    char folder[] = "/tmp/tyto-base-XXXXXX", other[96], path[64];
    tyto_file_writer writer;
    struct stat info;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/a", folder);
    assert_int_equal(tyto_file_writer_open(path, &writer, NULL), TYTO_OK);
    snprintf(other, sizeof(other), "%s/tyto-%d-0.part", folder, (int)getpid());
    assert_int_equal(tyto_file_write(other, "theirs", 6, NULL), TYTO_OK);
    fputs("ours", writer.stream);
    assert_int_equal(tyto_file_writer_commit(&writer, NULL), TYTO_OK);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_size, 4);
    assert_int_equal(stat(other, &info), 0);
    assert_int_equal(info.st_size, 6);
    unlink(path);
    unlink(other);
    assert_int_equal(rmdir(folder), 0);
}

static double clock_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void pool_runs_each_task_once(void **state)
{
    (void)state;
    enum { TASKS = 1000 };
    static atomic_int seen[TASKS];
    for (int threads = 1; threads <= 4; threads++) {
        tyto_pool *pool = tyto_pool_create(threads);
        assert_non_null(pool);
        for (int round = 0; round < 50; round++) {
            memset(seen, 0, sizeof(seen));
            tyto_pool_run(pool, TASKS, count_task, seen);
            for (int i = 0; i < TASKS; i++) {
                assert_int_equal(atomic_load(&seen[i]), 1);
            }
        }
        tyto_pool_destroy(pool);
    }
    assert_true(tyto_cores() >= 1);
}

/* How long each task computes, and which worker it got. */
typedef struct waits {
    int milliseconds[4];
    int worker[4];
} waits;

static void wait_task(void *context, int64_t index, int worker)
{
    waits *job = context;
    const double until =
        clock_seconds(CLOCK_THREAD_CPUTIME_ID) + 1e-3 * (double)job->milliseconds[index];
    while (clock_seconds(CLOCK_THREAD_CPUTIME_ID) < until) {
    }
    job->worker[index] = worker;
}

/* Two workers: 40 beside 10, 10 and 10, so 30 of 70 ms are saved, more where other programs come
 * between. */
static void simulated_threads_take_the_next_task_when_they_are_free(void **state)
{
    (void)state;
    waits job = {.milliseconds = {40, 10, 10, 10}};
    tyto_pool *pool = tyto_pool_create_simulated(2);
    assert_non_null(pool);
    assert_int_equal(tyto_pool_threads(pool), 2);
    assert_true(tyto_pool_saved_s(pool) == 0.0);
    const double began = clock_seconds(CLOCK_MONOTONIC);
    tyto_pool_run(pool, 4, wait_task, &job);
    const double took = clock_seconds(CLOCK_MONOTONIC) - began, saved = tyto_pool_saved_s(pool);
    assert_true(saved >= 0.0299 && took - saved >= 0.0399);
    static const int expected[] = {0, 1, 1, 1};
    assert_memory_equal(job.worker, expected, sizeof(expected));
    tyto_pool_destroy(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_error_wins),
        cmocka_unit_test(sizes_that_overflow_give_no_memory),
        cmocka_unit_test(arena_grows_and_moves_nothing),
        cmocka_unit_test(options_of_an_older_header_keep_defaults),
        cmocka_unit_test(options_that_were_not_made_are_refused),
        cmocka_unit_test(caches_have_a_size),
        cmocka_unit_test(buffer_stops_at_its_maximum),
        cmocka_unit_test(cursor_never_reads_past_the_end),
        cmocka_unit_test(files_are_whole_or_not_there),
        cmocka_unit_test(files_that_are_mapped_are_released_in_huge_pages),
        cmocka_unit_test(files_keep_their_kind),
        cmocka_unit_test(nothing_is_left_by_a_process_that_is_killed),
        cmocka_unit_test(files_of_other_processes_are_not_touched),
        cmocka_unit_test(pool_runs_each_task_once),
        cmocka_unit_test(simulated_threads_take_the_next_task_when_they_are_free),
        cmocka_unit_test(pipes_are_read_like_files),
        cmocka_unit_test(lfs_pointers_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
