#include "run.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/room.h"

#define WORDS_MAX 64
#define PATH_BYTES 4096
#define PATHS_MAX 16

int enter_folder(void **state)
{
    return room_begin(state);
}

int leave_folder(void **state)
{
    return room_end(state);
}

static const char *environment(const char *name)
{
    const char *value = getenv(name);
    return value ? value : "";
}

const char *test_path(const char *path)
{
    static char paths[PATHS_MAX][PATH_BYTES];
    static size_t count;
    char full[PATH_BYTES];
    snprintf(full, sizeof(full), "%s/%s", environment("TYTO_TEST_DATA"), path);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(paths[i], full) == 0) {
            return paths[i];
        }
    }
    assert_true(count < PATHS_MAX);
    return strcpy(paths[count++], full);
}

static char *stream_text(FILE *stream, size_t *length)
{
    assert_int_equal(fseek(stream, 0, SEEK_END), 0);
    const long size = ftell(stream);
    assert_true(size >= 0);
    rewind(stream);
    char *text = calloc((size_t)size + 1, 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, stream), size);
    if (length) {
        *length = (size_t)size;
    }
    fclose(stream);
    return text;
}

/* output < 0: kept. */
static ran run(const char *const words[], const void *input, size_t length, int output)
{
    FILE *in = tmpfile(), *out = tmpfile(), *err = tmpfile();
    assert_true(in && out && err);
    assert_int_equal(fwrite(input, 1, length, in), length);
    rewind(in);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(fileno(in), STDIN_FILENO);
        dup2(output < 0 ? fileno(out) : output, STDOUT_FILENO);
        dup2(fileno(err), STDERR_FILENO);
        if (output >= 0) {
            close(output);
        }
        execvp(words[0], (char *const *)(uintptr_t)words);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    fclose(in);
    return (ran){.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                 .out = stream_text(out, NULL),
                 .err = stream_text(err, NULL)};
}

/* The emulator, when there is one, the command, and the words. */
static void gather(const char *words[WORDS_MAX], const char *first, va_list rest)
{
    size_t count = 0;
    if (*environment("TYTO_EMULATOR")) {
        words[count++] = environment("TYTO_EMULATOR");
    }
    words[count++] = environment("TYTO_COMMAND");
    for (const char *word = first; word; word = va_arg(rest, const char *)) {
        assert_true(count + 1 < WORDS_MAX);
        words[count++] = word;
    }
    words[count] = NULL;
}

ran tyto(const char *first, ...)
{
    const char *words[WORDS_MAX];
    va_list rest;
    va_start(rest, first);
    gather(words, first, rest);
    va_end(rest);
    return run(words, "", 0, -1);
}

ran tyto_reading(const void *bytes, size_t length, const char *first, ...)
{
    const char *words[WORDS_MAX];
    va_list rest;
    va_start(rest, first);
    gather(words, first, rest);
    va_end(rest);
    return run(words, bytes, length, -1);
}

ran tyto_writing_to(int descriptor, const char *first, ...)
{
    const char *words[WORDS_MAX];
    va_list rest;
    va_start(rest, first);
    gather(words, first, rest);
    va_end(rest);
    return run(words, "", 0, descriptor);
}

void ran_clear(ran *run_over)
{
    free(run_over->out);
    free(run_over->err);
    *run_over = (ran){0};
}

void assert_done(const ran *run_over)
{
    if (run_over->status != 0) {
        fail_msg("status %d: %s", run_over->status, run_over->err);
    }
}

void assert_complains(ran *run_over, int status, const char *text)
{
    const char *newline = strchr(run_over->err, '\n');
    if (run_over->status != status || !strstr(run_over->err, text) || !newline || newline[1]) {
        fail_msg("status %d, required %d; said \"%s\", required one line with \"%s\"",
                 run_over->status, status, run_over->err, text);
    }
    ran_clear(run_over);
}

json_t *parsed(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        fail_msg("not JSON: %s at line %d: %.200s", error.text, error.line, text);
    }
    return value;
}

char *file_text(const char *path, size_t *length)
{
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        fail_msg("%s: not there", path);
    }
    return stream_text(stream, length);
}

void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_int_equal(fwrite(bytes, 1, length, stream), length);
    assert_int_equal(fclose(stream), 0);
}

void copy_file(const char *from, const char *to)
{
    size_t length;
    char *bytes = file_text(from, &length);
    write_file(to, bytes, length);
    free(bytes);
}

bool file_there(const char *path)
{
    return access(path, F_OK) == 0;
}

size_t folder_count(const char *path)
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
