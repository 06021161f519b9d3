/* What only a terminal sees, and what a signal leaves behind. */
#include "run.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A second's hundredth. */
static void wait_a_little(void)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    nanosleep(&pause, NULL);
}

static _Noreturn void become_tyto(char *const words[])
{
    const char *emulator = getenv("TYTO_EMULATOR"), *command = getenv("TYTO_COMMAND");
    char *line[32];
    size_t count = 0;
    if (emulator && *emulator) {
        line[count++] = strdup(emulator);
    }
    line[count++] = strdup(command);
    while (*words) {
        line[count++] = *words++;
    }
    line[count] = NULL;
    execvp(line[0], line);
    _exit(127);
}

/* Everything that tyto writes to a terminal; the status must be the one that is wanted. */
static char *on_terminal(int status, char *const words[])
{
    int master;
    char *text = calloc(1, 1 << 16);
    size_t length = 0;
    assert_non_null(text);
    const pid_t child = forkpty(&master, NULL, NULL, NULL);
    assert_true(child >= 0);
    if (child == 0) {
        setenv("TERM", "xterm", 1);
        become_tyto(words);
    }
    for (;;) {
        const ssize_t got = read(master, text + length, (1 << 16) - 1 - length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        length += (size_t)got;
    }
    close(master);
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    if (WEXITSTATUS(ended) != status) {
        fail_msg("status %d, required %d: %s", WEXITSTATUS(ended), status, text);
    }
    return text;
}

static char *words_of(const char *text)
{
    char *copy = strdup(text);
    assert_non_null(copy);
    return copy;
}

static void a_terminal_shows_progress(void **state)
{
    (void)state;
    char *model = words_of(ODD_MODEL), *cat = words_of(CAT), *coffee = words_of(COFFEE);
    char *const loud[] = {"detect", "-m", model, cat, coffee, "-t", "x", "--top-k", "1", NULL};
    char *const quiet[] = {"detect", "-m", model, cat, coffee, "-t", "x", "-q", NULL};
    char *text = on_terminal(0, loud);
    assert_non_null(strstr(text, "] 0/2  "));
    assert_non_null(strstr(text, "] 1/2  "));
    const char *gone = strstr(text, "\r\033[K");
    assert_non_null(gone);
    assert_non_null(strstr(gone, "found"));
    free(text);
    text = on_terminal(0, quiet);
    assert_null(strchr(text, '\033'));
    free(text);
    char *const written[] = {"convert", model, "-o", "converted", NULL};
    text = on_terminal(0, written);
    assert_non_null(strstr(text, " MB  "));
    assert_non_null(strstr(text, "model.safetensors"));
    free(text);
    free(model);
    free(cat);
    free(coffee);
}

/* The records of an array leave their line open, and what is said beside them isn't part of it. */
static void a_terminal_shows_messages_on_lines_of_their_own(void **state)
{
    (void)state;
    char *model = words_of(ODD_MODEL), *cat = words_of(CAT), *coffee = words_of(COFFEE);
    char *const words[] = {"detect", "-m", model,  cat,       "no.png", coffee, "-t",
                           "x",      "-f", "json", "--top-k", "1",      NULL};
    char *text = on_terminal(1, words);
    assert_non_null(strstr(text, "error: "));
    assert_non_null(strstr(text, "tyto detect: 2 photos done, 1 failed"));
    for (const char *at = text; (at = strstr(at, "tyto detect: ")) != NULL; at++) {
        assert_true(at == text || at[-1] == '\n' || at[-1] == 'K');
    }
    assert_null(strstr(text, "}\r\033")); /* no bar takes the line away */
    assert_null(strstr(text, "[\r\033"));
    free(text);
    free(model);
    free(cat);
    free(coffee);
}

/* One photo has steps too: the whole of it, and 3×2 tiles, or what of several photos is done. */
static void a_terminal_shows_tiles(void **state)
{
    (void)state;
    char *model = words_of(ODD_MODEL), *cat = words_of(CAT), *coffee = words_of(COFFEE);
    char *const one[] = {"detect", "-m", model, cat, "-t", "x", "--tiles=250", NULL};
    char *const two[] = {"detect", "-m", model, cat, coffee, "-t", "x", "--tiles=250", NULL};
    char *text = on_terminal(0, one);
    assert_non_null(strstr(text, "] 0/7  "));
    assert_non_null(strstr(text, "] 6/7  "));
    free(text);
    text = on_terminal(0, two);
    assert_non_null(strstr(text, "] 0/14  "));
    assert_non_null(strstr(text, "] 6/14  "));
    assert_non_null(strstr(text, "] 1/2  "));
    free(text);
    free(model);
    free(cat);
    free(coffee);
}

static void a_terminal_shows_errors_in_colour_unless_told(void **state)
{
    (void)state;
    char *const words[] = {"detect", "--wrong", NULL};
    unsetenv("NO_COLOR");
    char *text = on_terminal(2, words);
    assert_non_null(strstr(text, "\033[1;31merror: \033[0munknown option"));
    free(text);
    setenv("NO_COLOR", "1", 1);
    text = on_terminal(2, words);
    assert_null(strchr(text, '\033'));
    assert_non_null(strstr(text, "error: unknown option"));
    free(text);
    unsetenv("NO_COLOR");
}

/* Whether a process has a file of that folder open, with or without a name there. */
static bool is_writing_in(pid_t process, const char *folder)
{
    char path[PATH_MAX], target[PATH_MAX], whole[PATH_MAX];
    bool found = false;
    assert_non_null(realpath(folder, whole));
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)process);
    DIR *files = opendir(path);
    for (struct dirent *file; files && !found && (file = readdir(files)) != NULL;) {
        const ssize_t length = readlinkat(dirfd(files), file->d_name, target, sizeof(target) - 1);
        target[length > 0 ? length : 0] = '\0';
        found = strncmp(target, whole, strlen(whole)) == 0;
    }
    if (files) {
        closedir(files);
    }
    return found;
}

/* Waits for a photo on a pipe that gives none, is interrupted, and leaves nothing. */
static void an_interrupted_run_leaves_nothing(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(mkdir("interrupted", 0777), 0);
    assert_int_equal(pipe(ends), 0);
    char *model = words_of(ODD_MODEL);
    char *const words[] = {"detect", "-m", model, "-", "-t", "x", "-o", "interrupted/x.json", NULL};
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[0], STDIN_FILENO);
        close(ends[1]);
        freopen("/dev/null", "w", stderr);
        become_tyto(words);
    }
    close(ends[0]);
    for (int i = 0; i < 3000 && !is_writing_in(child, "interrupted"); i++) {
        wait_a_little();
    }
    assert_true(is_writing_in(child, "interrupted"));
    /* A signal may come just before the command begins to wait, and then a second one ends it. */
    int ended;
    pid_t done = 0;
    for (int i = 0; i < 3000 && done == 0; i++) {
        if (i % 100 == 0) {
            kill(child, SIGINT);
        }
        wait_a_little();
        done = waitpid(child, &ended, WNOHANG);
    }
    assert_int_equal(done, child);
    close(ends[1]);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 130);
    assert_int_equal(folder_count("interrupted"), 0);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_shows_progress),
        cmocka_unit_test(a_terminal_shows_messages_on_lines_of_their_own),
        cmocka_unit_test(a_terminal_shows_tiles),
        cmocka_unit_test(a_terminal_shows_errors_in_colour_unless_told),
        cmocka_unit_test(an_interrupted_run_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
