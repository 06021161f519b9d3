#include "messages.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
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
} state = {.level = NORMAL};

void messages_begin(const char *command, verbosity level)
{
    state.command = command;
    state.level = level;
}

/* C1 controls, C2 80 … C2 9F in UTF-8, steer some terminals. */
static bool is_control(const unsigned char *text, const unsigned char *at)
{
    const bool c1_begins = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
    const bool c1_ends = at > text && at[-1] == 0xc2 && at[0] >= 0x80 && at[0] < 0xa0;
    return *at < 0x20 || *at == 0x7f || c1_begins || c1_ends;
}

size_t plain_text(char *to, size_t bytes, const char *text)
{
    size_t length = 0;
    const unsigned char *begin = (const unsigned char *)text;
    for (const unsigned char *at = begin; *at; at++) {
        char piece[5] = {(char)*at};
        if (is_control(begin, at)) {
            snprintf(piece, sizeof(piece), "\\x%02x", *at);
        }
        for (const char *c = piece; *c; c++, length++) {
            if (length + 1 < bytes) {
                to[length] = *c;
            }
        }
    }
    if (bytes > 0) {
        to[length < bytes ? length : bytes - 1] = '\0';
    }
    return length;
}

const char *quoted(char to[QUOTED_BYTES], const char *text)
{
    static const char more[] = "\u2026";
    size_t length = strlen(text);
    const bool cut = length > QUOTED_BYTES - sizeof(more) - 2;
    if (cut) {
        length = QUOTED_BYTES - sizeof(more) - 2;
        while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) {
            length--; /* not in the midst of a character */
        }
    }
    snprintf(to, QUOTED_BYTES, "\"%.*s%s\"", (int)length, text, cut ? more : "");
    return to;
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
    size_t bytes = plain_text(NULL, 0, line) + 1;
    bytes = bytes < LINE_BYTES ? bytes : LINE_BYTES;
    plain = malloc(bytes);
    if (plain) {
        plain_text(plain, bytes, line);
    }
    const bool coloured = in_colour() && colour;
    progress_hide();
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

void say_tyto_error(tyto_error *err)
{
    say_error("%s", tyto_error_message(err));
    tyto_error_clear(err);
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
    plain_text(name, sizeof(name), what);
    if (share > state.began_at) {
        const double taken = seconds_now() - state.began;
        snprintf(left, sizeof(left), "%.0f s left  ",
                 taken * (1.0 - share) / (share - state.began_at));
    }
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
