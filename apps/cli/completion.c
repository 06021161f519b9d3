/* Shell completion, from the same table. */
#include <string.h>

#include "commands.h"

static const char *const shell_note = "# Written by 'tyto help --completion': change the command's "
                                      "option tables instead.\n";

/* Text inside '…' of a shell. */
static void quoted(FILE *to, const char *text)
{
    fputc('\'', to);
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", to);
        } else {
            fputc(*text, to);
        }
    }
    fputc('\'', to);
}

/* The words of a choice with spaces between them. */
static void spaced(FILE *to, const char *words)
{
    for (; *words; words++) {
        fputc(*words == '|' ? ' ' : *words, to);
    }
}

static void bash_names(FILE *to, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        fprintf(to, " --%s", o->name);
    }
}

/* What an option's value can be, as a case of the previous word. */
static void bash_values(FILE *to, const char *scope, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        if (o->kind == OPTION_FLAG || o->kind == OPTION_MAYBE) {
            continue;
        }
        fprintf(to, "    %s:--%s", scope, o->name);
        if (o->letter) {
            fprintf(to, " | %s:-%c", scope, o->letter);
        }
        fputs(") ", to);
        if (o->kind == OPTION_CHOICE) {
            fputs("_tyto_words '", to);
            spaced(to, o->value);
            fputs("' \"$word\"", to);
        } else {
            fputs(o->files == COMPLETES_FILES     ? "_tyto_files -f \"$word\""
                  : o->files == COMPLETES_FOLDERS ? "_tyto_files -d \"$word\""
                                                  : ":",
                  to);
        }
        fputs(" ;;\n", to);
    }
}

void print_bash_completion(FILE *to)
{
    fputs(shell_note, to);
    fputs("_tyto_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\"); }\n"
          "_tyto_files() {\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$2\")\n"
          "}\n"
          "_tyto()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local command=${COMP_WORDS[1]} options=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" = 1 ]; then\n        _tyto_words '",
          to);
    for (const command *const *at = commands; *at; at++) {
        fprintf(to, "%s ", (*at)->name);
    }
    fputs("--help --version' \"$word\"\n        return\n    fi\n    case $command:$before in\n",
          to);
    for (const command *const *at = commands; *at; at++) {
        bash_values(to, (*at)->name, (*at)->options);
    }
    bash_values(to, "*", common_options);
    fputs("    *)\n        case $command in\n", to);
    for (const command *const *at = commands; *at; at++) {
        fprintf(to, "        %s) options='", (*at)->name);
        bash_names(to, (*at)->options);
        fputs("' ;;\n", to);
    }
    fputs("        esac\n        case $word in\n        -*) _tyto_words \"$options", to);
    bash_names(to, common_options);
    fputs("\" \"$word\" ;;\n        *) _tyto_files -f \"$word\" ;;\n        esac\n        ;;\n"
          "    esac\n}\ncomplete -F _tyto tyto\n",
          to);
}

/* Text inside a specification of _arguments, which gives ':' and '[' a meaning. */
static void zsh_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", to);
        } else {
            if (strchr(":[]\\", *text)) {
                fputc('\\', to);
            }
            fputc(*text, to);
        }
    }
}

static void zsh_action(FILE *to, const option *o)
{
    if (o->kind == OPTION_CHOICE) {
        fputs("(", to);
        spaced(to, o->value);
        fputs(")", to);
    } else if (o->files == COMPLETES_FILES) {
        fputs("_files", to);
    } else if (o->files == COMPLETES_FOLDERS) {
        fputs("_files -/", to);
    } else {
        fputs(" ", to);
    }
}

static void zsh_spec(FILE *to, const option *o, const char *dashes, const char *name)
{
    fprintf(to, " \\\n            '%s%s%s%s[", o->kind == OPTION_TEXTS ? "*" : "", dashes, name,
            o->kind == OPTION_MAYBE ? "=-" : "");
    zsh_text(to, o->help);
    fputs("]", to);
    if (o->kind != OPTION_FLAG) {
        fputs(o->kind == OPTION_MAYBE ? "::" : ":", to);
        zsh_text(to, o->kind == OPTION_CHOICE ? o->name : o->value);
        fputs(":", to);
        zsh_action(to, o);
    }
    fputs("'", to);
}

static void zsh_specs(FILE *to, const command *self, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        zsh_spec(to, o, "--", o->name);
        if (option_letter(self, o)) {
            const char name[2] = {o->letter, '\0'};
            zsh_spec(to, o, "-", name);
        }
    }
}

void print_zsh_completion(FILE *to)
{
    fputs("#compdef tyto\n", to);
    fputs(shell_note, to);
    fputs("_tyto() {\n    local -a commands\n    commands=(\n", to);
    for (const command *const *at = commands; *at; at++) {
        fprintf(to, "        '%s:", (*at)->name);
        zsh_text(to, (*at)->summary);
        fputs("'\n", to);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
          "        return\n    fi\n    local command=$words[2]\n    shift words\n    (( CURRENT-- "
          "))\n"
          "    case $command in\n",
          to);
    for (const command *const *at = commands; *at; at++) {
        fprintf(to, "    %s)\n        _arguments -s", (*at)->name);
        zsh_specs(to, *at, (*at)->options);
        zsh_specs(to, *at, common_options);
        fputs((*at)->files == COMPLETES_FILES ? " \\\n            '*:argument:_files'\n"
                                              : " \\\n            '*:argument: '\n",
              to);
        fputs("        ;;\n", to);
    }
    fputs("    esac\n}\n_tyto \"$@\"\n", to);
}

static void fish_options(FILE *to, const char *when, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        fprintf(to, "complete -c tyto -n '%s' -l %s", when, o->name);
        if (o->letter) {
            fprintf(to, " -s %c", o->letter);
        }
        if (o->kind == OPTION_CHOICE) {
            fputs(" -x -a '", to);
            spaced(to, o->value);
            fputs("'", to);
        } else if (o->kind != OPTION_FLAG && o->kind != OPTION_MAYBE) {
            fputs(o->files == COMPLETES_FILES     ? " -r -F"
                  : o->files == COMPLETES_FOLDERS ? " -x -a '(__fish_complete_directories)'"
                                                  : " -x",
                  to);
        }
        fputs(" -d ", to);
        quoted(to, o->help);
        fputc('\n', to);
    }
}

void print_fish_completion(FILE *to)
{
    fputs(shell_note, to);
    for (const command *const *at = commands; *at; at++) {
        fprintf(to, "complete -c tyto -f -n __fish_use_subcommand -a %s -d ", (*at)->name);
        quoted(to, (*at)->summary);
        fputc('\n', to);
    }
    for (const command *const *at = commands; *at; at++) {
        char when[80];
        snprintf(when, sizeof(when), "__fish_seen_subcommand_from %s", (*at)->name);
        fish_options(to, when, (*at)->options);
    }
    fish_options(to, "not __fish_use_subcommand", common_options);
}
