/* tyto COMMAND: picks the command, reads its options, runs it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/precision.h>
#include <tyto/version.h>
#include <tyto/words.h>
#include <unistd.h>

#include "commands.h"
#include "inputs.h"
#include "messages.h"
#include "output.h"
#include "photo_reader.h"
#include "signals.h"

#define COMMAND_ENTRY(name) &cmd_##name,
const command *const commands[] = {COMMANDS(COMMAND_ENTRY) NULL};

#define COMMANDS_MAX 64

const command *command_find(const char *name)
{
    for (const command *const *at = commands; *at; at++) {
        if (strcmp((*at)->name, name) == 0) {
            return *at;
        }
    }
    return NULL;
}

void complain_no_command(const char *name)
{
    const char *names[COMMANDS_MAX];
    size_t count = 0;
    for (const command *const *at = commands; *at && count < COMMANDS_MAX; at++) {
        names[count++] = (*at)->name;
    }
    const char *near = tyto_word_nearest(name, names, (int64_t)count);
    if (access(name, F_OK) == 0) {
        say_error("'%s' is a file or a folder; a command comes first, such as 'tyto detect %s'",
                  name, name);
    } else if (name[0] == '-') {
        say_error("unknown option '%s'; a command comes first, see 'tyto --help'", name);
    } else if (near) {
        say_error("unknown command '%s'; did you mean '%s'?", name, near);
    } else {
        say_error("unknown command '%s'; see 'tyto --help'", name);
    }
}

static int print_and_check(void (*print)(FILE *, const command *), const command *self)
{
    print(stdout, self);
    return output_flush_stdout() ? EXIT_DONE : EXIT_FAILED;
}

static void overview(FILE *stream, const command *self)
{
    (void)self;
    print_overview(stream);
}

static void version(FILE *stream, const command *self)
{
    (void)self;
    fprintf(stream, "tyto %s\n", tyto_version());
}

static int run(const command *self, int argc, char **argv)
{
    int code = EXIT_USAGE;
    common_args *args = take(1, self->args_bytes);
    if (self->defaults) {
        memcpy(args, self->defaults, self->args_bytes);
    }
    args->precision = TYTO_PRECISION_DEFAULT;
    messages_begin(self->name, NORMAL);
    if (options_parse(self, argc, argv, args)) {
        messages_begin(self->name, args->quiet ? QUIET : args->verbose ? VERBOSE : NORMAL);
        if (args->help) {
            code = print_and_check(print_help, self);
        } else if (args->version) {
            code = print_and_check(version, self);
        } else {
            photos_begin(args);
            code = self->run(args);
        }
    }
    options_clear(self, args);
    free(args);
    if (code == EXIT_SERVED) {
        return EXIT_DONE;
    }
    if (interrupted()) {
        say_interrupted();
    }
    return interrupted() ? EXIT_INTERRUPTED : code;
}

/* A descriptor that the command began without isn't free for the first file that it opens: what is
 * written to it, or read, fails as before. */
static void standard_begin(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        }
    }
}

int main(int argc, char **argv)
{
    standard_begin();
    signals_begin();
    const char *first = argc > 1 ? argv[1] : NULL;
    if (!first) {
        say_error("no command; see 'tyto --help'");
        return EXIT_USAGE;
    }
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
        return print_and_check(overview, NULL);
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        return print_and_check(version, NULL);
    }
    const command *self = command_find(first);
    if (!self) {
        complain_no_command(first);
        return EXIT_USAGE;
    }
    return run(self, argc - 1, argv + 1);
}
