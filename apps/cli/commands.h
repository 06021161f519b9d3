/** The commands, and the texts that help and manual share. */
#ifndef TYTO_CLI_COMMANDS_H
#define TYTO_CLI_COMMANDS_H

#include <stdio.h>

#include "options.h"

/** Where the command is built with the server. */
#ifdef TYTO_SERVER
#define COMMAND_SERVE(X) X(serve)
#else
#define COMMAND_SERVE(X)
#endif
/** X(name): a command has its file cmd_NAME.c, which defines cmd_NAME, and its line here. */
#define COMMANDS(X)                                                                                \
    X(detect)                                                                                      \
    X(match)                                                                                       \
    X(similarity)                                                                                  \
    X(embed)                                                                                       \
    X(classify)                                                                                    \
    X(fill_mask)                                                                                   \
    X(tokenize)                                                                                    \
    X(preprocess)                                                                                  \
    X(postprocess)                                                                                 \
    X(flow)                                                                                        \
    X(autoencode)                                                                                  \
    X(forward)                                                                                     \
    X(eval)                                                                                        \
    COMMAND_SERVE(X)                                                                               \
    X(inspect)                                                                                     \
    X(pull)                                                                                        \
    X(convert)                                                                                     \
    X(bench)                                                                                       \
    X(help)

#define COMMAND_DECLARE(name) extern const command cmd_##name;
COMMANDS(COMMAND_DECLARE)
#undef COMMAND_DECLARE

/** All of them; ends with NULL. */
extern const command *const commands[];
/** The command of that name, or NULL. */
const command *command_find(const char *name);
/** Complains about a command that isn't there, with the nearest one. */
void complain_no_command(const char *name);

/** One line: what tyto is. */
extern const char tyto_summary[];
/** What a section of the manual says; ends with an entry of zeros. */
typedef struct topic {
    const char *title;
    const char *text; /**< paragraphs, separated by an empty line; "name  text" lines are a list */
} topic;
extern const topic topics[];
/** Examples of the whole tool. */
extern const example overview_examples[];

void print_overview(FILE *stream);
void print_help(FILE *stream, const command *self);
/** The manual, for man(7). */
void print_manual(FILE *stream);
void print_bash_completion(FILE *stream);
void print_zsh_completion(FILE *stream);
void print_fish_completion(FILE *stream);

#endif
