#include "messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <tyto/words.h>
#include <unistd.h>

/* Longest line; what is longer is cut. A checkpoint of another model can lack thousands of
 * tensors, and each is named. */
#define LINE_BYTES ((size_t)1 << 20)
#define BAR_CELLS 24

static struct {
    const char *command;
    verbosity level;
    bool bar_shown, bar_began;
    double began, began_at; /* time, and share that was done by then */
    double drawn;
    const tyto_results *results; /* NULL, or those that leave a line open */
    int64_t closed_at;           /* records there were when that line was ended */
} state = {.level = NORMAL};

void messages_begin(const char *command, verbosity level)
{
    state.command = command;
    state.level = level;
}

void messages_beside(const tyto_results *results, bool begun)
{
    state.results = results;
    state.closed_at = begun ? -1 : 0;
}

/* Whether both streams are shown in one place. */
static bool share_terminal(void)
{
    struct stat out, err;
    return isatty(STDOUT_FILENO) && isatty(STDERR_FILENO) && fstat(STDOUT_FILENO, &out) == 0 &&
           fstat(STDERR_FILENO, &err) == 0 && out.st_rdev == err.st_rdev;
}

static void end_record(void)
{
    const int64_t count = tyto_results_count(state.results);
    if (state.results && count != state.closed_at && share_terminal()) {
        fputc('\n', stderr);
    }
    state.closed_at = count;
}

static bool in_colour(void)
{
    const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && !(none && *none) && terminal && strcmp(terminal, "dumb") != 0;
}

/* Works without memory: a line that can't be made is written as its format. */
static void say(const char *kind, const char *colour, const char *format, va_list args)
{
    char *text = NULL, *plain = NULL;
    if (vasprintf(&text, format, args) < 0) {
        text = NULL;
    }
    const char *line = text ? text : format;
    size_t bytes = tyto_text_plain(line, NULL, 0) + 1;
    bytes = bytes < LINE_BYTES ? bytes : LINE_BYTES;
    plain = malloc(bytes);
    if (plain) {
        tyto_text_plain(line, plain, bytes);
    }
    const bool coloured = in_colour() && colour;
    progress_hide();
    end_record();
    fprintf(stderr, "tyto%s%s: %s%s%s%s\n", state.command ? " " : "",
            state.command ? state.command : "", coloured ? colour : "", kind,
            coloured ? "\033[0m" : "", plain ? plain : format);
    fflush(stderr);
    free(plain);
    free(text);
}

void say_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say("error: ", "\033[1;31m", format, args);
    va_end(args);
}

void say_warning(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (state.level > QUIET) {
        say("warning: ", "\033[1;33m", format, args);
    }
    va_end(args);
}

void say_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (state.level >= NORMAL) {
        say("", NULL, format, args);
    }
    va_end(args);
}

void say_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (state.level >= VERBOSE) {
        say("", NULL, format, args);
    }
    va_end(args);
}

bool went_well_for(const char *input, tyto_status status, tyto_error *err)
{
    if (status != TYTO_OK) {
        progress_hide();
    }
    if (status != TYTO_OK && status != TYTO_E_CANCELLED) {
        say_error("%s%s%s", input, *input ? ": " : "", tyto_error_message(err));
    }
    tyto_error_clear(err);
    return status == TYTO_OK;
}

bool went_well(tyto_status status, tyto_error *err)
{
    return went_well_for("", status, err);
}

void say_log(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    if (level == TYTO_LOG_LEVEL_ERROR) {
        say_error("%s", message);
    } else if (level == TYTO_LOG_LEVEL_WARNING) {
        say_warning("%s", message);
    } else {
        say_info("%s", message);
    }
}

/* `share` from 0 to 1 is done; `count` says so in numbers. */
static void show_bar(double share, const char *count, const char *what)
{
    char cells[BAR_CELLS + 1], name[40], left[32] = "";
    if (share <= 0.0 || !state.bar_began) {
        state.began = seconds_now();
        state.began_at = share;
        state.bar_began = true;
    }
    memset(cells, '.', BAR_CELLS);
    memset(cells, '#', (size_t)(share * BAR_CELLS));
    cells[BAR_CELLS] = '\0';
    tyto_text_plain(what, name, sizeof(name));
    if (share > state.began_at) {
        const double taken = seconds_now() - state.began;
        snprintf(left, sizeof(left), "%.0f s left  ",
                 taken * (1.0 - share) / (share - state.began_at));
    }
    end_record();
    fprintf(stderr, "\r\033[K[%s] %s  %s%s", cells, count, left, name);
    fflush(stderr);
    state.bar_shown = true;
}

static bool shows_bars(void)
{
    return state.level > QUIET && isatty(STDERR_FILENO);
}

void progress_show(size_t done, size_t total, const char *what)
{
    char count[48];
    if (total > 1 && shows_bars()) {
        snprintf(count, sizeof(count), "%zu/%zu", done, total);
        show_bar((double)done / (double)total, count, what);
    }
}

void progress_show_bytes(uint64_t done, uint64_t total, const char *what)
{
    char count[48];
    const double now = seconds_now();
    /* Bytes come in many small blocks. */
    if (total > 0 && shows_bars() && (now - state.drawn > 0.1 || done == total)) {
        state.drawn = now;
        snprintf(count, sizeof(count), "%.1f/%.1f MB", 1e-6 * (double)done, 1e-6 * (double)total);
        show_bar((double)done / (double)total, count, what);
    }
}

void progress_hide(void)
{
    if (state.bar_shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        state.bar_shown = false;
    }
}

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
