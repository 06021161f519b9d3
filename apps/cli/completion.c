/* Shell completion, from the same table. */
#include <string.h>

#include "commands.h"

static const char *const shell_note = "# Written by 'tyto help --completion': change the command's "
                                      "option tables instead.\n";

/* Text inside '…' of a shell. */
static void quoted(FILE *stream, const char *text)
{
    fputc('\'', stream);
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", stream);
        } else {
            fputc(*text, stream);
        }
    }
    fputc('\'', stream);
}

/* The words of a choice with spaces between them. */
static void spaced(FILE *stream, const char *words)
{
    for (; *words; words++) {
        fputc(*words == '|' ? ' ' : *words, stream);
    }
}

/* What the command's operands can be. */
static void operand_words(FILE *stream, const command *self)
{
    if (strcmp(self->words, "*") != 0) {
        spaced(stream, self->words);
        return;
    }
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, "%s%s", at == commands ? "" : " ", (*at)->name);
    }
}

static void bash_names(FILE *stream, const command *self, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        if (!option_applies(self, o)) {
            continue;
        }
        fprintf(stream, " --%s", o->name);
    }
}

/* What an option's value can be, as a case of the previous word. */
static void bash_values(FILE *stream, const char *scope, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        if (o->kind == OPTION_FLAG || o->kind == OPTION_MAYBE) {
            continue;
        }
        fprintf(stream, "    %s:--%s", scope, o->name);
        if (o->letter) {
            fprintf(stream, " | %s:-%c", scope, o->letter);
        }
        fputs(") ", stream);
        if (o->kind == OPTION_CHOICE) {
            fputs("_tyto_words '", stream);
            spaced(stream, o->value);
            fputs("' \"$word\"", stream);
        } else {
            fputs(o->files >= COMPLETES_FILES     ? "_tyto_files -f \"$word\""
                  : o->files == COMPLETES_FOLDERS ? "_tyto_files -d \"$word\""
                                                  : ":",
                  stream);
        }
        fputs(" ;;\n", stream);
    }
}

void print_bash_completion(FILE *stream)
{
    fputs(shell_note, stream);
    fputs("_tyto_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$2\"); }\n"
          "_tyto_files() {\n"
          "    compopt -o filenames 2>/dev/null\n"
          "    mapfile -t COMPREPLY < <(compgen \"$1\" -P \"$at\" -- \"$2\")\n"
          "}\n"
          "_tyto()\n{\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local command=${COMP_WORDS[1]} options= words= files=\n"
          "    COMPREPLY=()\n"
          "    # \"--format=js\" is three words\n"
          "    if [ \"$before\" = = ]; then before=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
          "    if [ \"$word\" = = ]; then word=; fi\n"
          "    # \"@list.txt\" is two, unless COMP_WORDBREAKS is without @\n"
          "    local at=; case $word in @*) at=@ word=${word#@} ;; esac\n"
          "    if [[ $COMP_WORDBREAKS == *@* ]]; then at=; fi\n"
          "    if [ \"$COMP_CWORD\" = 1 ]; then\n        _tyto_words '",
          stream);
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, "%s ", (*at)->name);
    }
    fputs("--help --version' \"$word\"\n        return\n    fi\n    case $command:$before in\n",
          stream);
    for (const command *const *at = commands; *at; at++) {
        bash_values(stream, (*at)->name, (*at)->options);
    }
    bash_values(stream, "*", common_options);
    fputs("    *)\n        case $command in\n", stream);
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, "        %s) options='", (*at)->name);
        bash_names(stream, *at, (*at)->options);
        bash_names(stream, *at, common_options);
        fputs("'", stream);
        if ((*at)->words) {
            fputs(" words='", stream);
            operand_words(stream, *at);
            fputs("'", stream);
        } else if ((*at)->files) {
            fputs((*at)->files == COMPLETES_FOLDERS ? " files=-d" : " files=-f", stream);
        }
        fputs(" ;;\n", stream);
    }
    fputs("        esac\n        case $word in\n        -*) _tyto_words \"$options\" \"$word\" ;;\n"
          "        *)\n            if [ -n \"$words\" ]; then _tyto_words \"$words\" \"$word\"\n"
          "            elif [ -n \"$files\" ]; then _tyto_files \"$files\" \"$word\"\n"
          "            fi\n            ;;\n        esac\n        ;;\n"
          "    esac\n}\ncomplete -F _tyto tyto\n",
          stream);
}

/* Text inside a specification of _arguments, which gives ':' and '[' a meaning. */
static void zsh_text(FILE *stream, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", stream);
        } else {
            if (strchr(":[]\\", *text)) {
                fputc('\\', stream);
            }
            fputc(*text, stream);
        }
    }
}

static void zsh_action(FILE *stream, const option *o)
{
    if (o->kind == OPTION_CHOICE) {
        fputs("(", stream);
        spaced(stream, o->value);
        fputs(")", stream);
    } else if (o->files >= COMPLETES_FILES) {
        fputs("_tyto_files", stream);
    } else if (o->files == COMPLETES_FOLDERS) {
        fputs("_tyto_files -/", stream);
    } else {
        fputs(" ", stream);
    }
}

static void zsh_spec(FILE *stream, const option *o, const char *dashes, const char *name)
{
    fprintf(stream, " \\\n            '%s%s%s%s[", o->kind == OPTION_TEXTS ? "*" : "", dashes, name,
            o->kind == OPTION_MAYBE ? "=-" : "");
    zsh_text(stream, o->help);
    fputs("]", stream);
    if (o->kind != OPTION_FLAG) {
        fputs(o->kind == OPTION_MAYBE ? "::" : ":", stream);
        zsh_text(stream, o->kind == OPTION_CHOICE ? o->name : o->value);
        fputs(":", stream);
        zsh_action(stream, o);
    }
    fputs("'", stream);
}

static void zsh_specs(FILE *stream, const command *self, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        if (!option_applies(self, o)) {
            continue;
        }
        zsh_spec(stream, o, "--", o->name);
        if (option_letter(self, o)) {
            const char name[2] = {o->letter, '\0'};
            zsh_spec(stream, o, "-", name);
        }
    }
}

void print_zsh_completion(FILE *stream)
{
    fputs("#compdef tyto\n", stream);
    fputs(shell_note, stream);
    fputs("_tyto_files() { compset -P @; _files \"$@\"; }\n"
          "_tyto() {\n    local -a commands\n    commands=(\n",
          stream);
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, "        '%s:", (*at)->name);
        zsh_text(stream, (*at)->summary);
        fputs("'\n", stream);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe command commands\n"
          "        return\n    fi\n    local command=$words[2]\n    shift words\n    (( CURRENT-- "
          "))\n"
          "    case $command in\n",
          stream);
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, "    %s)\n        _arguments -s", (*at)->name);
        zsh_specs(stream, *at, (*at)->options);
        zsh_specs(stream, *at, common_options);
        if ((*at)->words) {
            fputs(" \\\n            '*:argument:(", stream);
            operand_words(stream, *at);
            fputs(")'\n", stream);
        } else {
            fputs((*at)->files == COMPLETES_FILES ? " \\\n            '*:argument:_tyto_files'\n"
                  : (*at)->files == COMPLETES_FOLDERS
                      ? " \\\n            '*:argument:_tyto_files -/'\n"
                      : " \\\n            '*:argument: '\n",
                  stream);
        }
        fputs("        ;;\n", stream);
    }
    fputs("    esac\n}\n_tyto \"$@\"\n", stream);
}

static void fish_options(FILE *stream, const char *when, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        fprintf(stream, "complete -c tyto -n '%s' -l %s", when, o->name);
        if (o->letter) {
            fprintf(stream, " -s %c", o->letter);
        }
        if (o->kind == OPTION_CHOICE) {
            fputs(" -x -a '", stream);
            spaced(stream, o->value);
            fputs("'", stream);
        } else if (o->kind != OPTION_FLAG && o->kind != OPTION_MAYBE) {
            fputs(o->files >= COMPLETES_FILES     ? " -r -F"
                  : o->files == COMPLETES_FOLDERS ? " -x -a '(__fish_complete_directories)'"
                                                  : " -x",
                  stream);
        }
        fputs(" -d ", stream);
        quoted(stream, o->help);
        fputc('\n', stream);
    }
}

void print_fish_completion(FILE *stream)
{
    fputs(shell_note, stream);
    fputs("function __tyto_lists\n    for path in (__fish_complete_path (string sub -s 2 -- "
          "(commandline -ct)))\n        echo @$path\n    end\nend\n"
          "complete -c tyto -f -n 'string match -q \"@*\" -- (commandline -ct)' -a "
          "'(__tyto_lists)'\n",
          stream);
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, "complete -c tyto -f -n __fish_use_subcommand -a %s -d ", (*at)->name);
        quoted(stream, (*at)->summary);
        fputc('\n', stream);
    }
    for (const command *const *at = commands; *at; at++) {
        char when[80];
        snprintf(when, sizeof(when), "__fish_seen_subcommand_from %s", (*at)->name);
        fish_options(stream, when, (*at)->options);
        if ((*at)->words) {
            fprintf(stream, "complete -c tyto -f -n '%s' -a '", when);
            operand_words(stream, *at);
            fputs("'\n", stream);
        }
    }
    fish_options(stream, "not __fish_use_subcommand", common_options);
}
