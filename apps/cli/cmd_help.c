/* tyto help: the overview, a command's help, the manual and shell completion. */
#include <stdio.h>

#include "commands.h"
#include "messages.h"
#include "output.h"

enum { BASH, ZSH, FISH, NO_SHELL };

typedef struct help_args {
    common_args common;
    bool man;
    int completion;
} help_args;

static int run(void *given)
{
    const help_args *args = given;
    const text_list *names = &args->common.operands;
    if (names->count > 1) {
        say_error("got %zu commands, required one", names->count);
        return EXIT_USAGE;
    }
    if (args->man) {
        print_manual(stdout);
    } else if (args->completion == BASH) {
        print_bash_completion(stdout);
    } else if (args->completion == ZSH) {
        print_zsh_completion(stdout);
    } else if (args->completion == FISH) {
        print_fish_completion(stdout);
    } else if (names->count == 0) {
        print_overview(stdout);
    } else if (command_find(names->items[0])) {
        print_help(stdout, command_find(names->items[0]));
    } else {
        complain_no_command(names->items[0]);
        return EXIT_USAGE;
    }
    return output_flush_stdout() ? EXIT_DONE : EXIT_FAILED;
}

#define AT(field) offsetof(help_args, field)
static const option options[] = {
    {"man", 0, OPTION_FLAG, NULL, "print the manual page", AT(man)},
    {"completion", 0, OPTION_CHOICE, "bash|zsh|fish", "print a shell's completion", AT(completion)},
    {0},
};

static const example examples[] = {
    {"tyto help detect", "the options and examples of tyto detect"},
    {"tyto help --completion bash > ~/.local/share/bash-completion/completions/tyto",
     "complete tyto's options in bash"},
    {0},
};

static const help_args defaults = {.completion = NO_SHELL};

const command cmd_help = {
    .name = "help",
    .summary = "help on a command, the manual, shell completion",
    .synopsis = "[COMMAND] [option...]",
    .operands = "COMMAND",
    .description = "Prints the overview, or what 'tyto COMMAND --help' prints.",
    .options = options,
    .words = "*",
    .idle = "model|threads|precision",
    .examples = examples,
    .args_bytes = sizeof(help_args),
    .defaults = &defaults,
    .run = run,
};
