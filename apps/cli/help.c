/* --help: the same table that options are parsed with, for a terminal. */
#include <stdio.h>
#include <string.h>

#include "commands.h"

#define WIDTH 88
/* Where the explanation of an option begins. */
#define COLUMN 28

/* Words wrapped to WIDTH; the first line continues at column `at`, others are indented. */
static void wrap(FILE *stream, const char *text, size_t length, size_t at, size_t indent)
{
    const char *end = text + length;
    bool first = true;
    while (text < end) {
        const size_t word =
            strcspn(text, " ") < (size_t)(end - text) ? strcspn(text, " ") : (size_t)(end - text);
        if (!first && at + 1 + word > WIDTH) {
            fprintf(stream, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            fputc(' ', stream);
            at++;
        }
        fprintf(stream, "%.*s", (int)word, text);
        at += word;
        first = false;
        text += word;
        text += text < end && *text == ' ';
    }
    fputc('\n', stream);
}

static void paragraphs(FILE *stream, const char *text, size_t indent)
{
    while (*text) {
        const size_t length = strcspn(text, "\n");
        if (length > 0) {
            fprintf(stream, "%*s", (int)indent, "");
            wrap(stream, text, length, indent, indent);
        } else {
            fputc('\n', stream);
        }
        text += length;
        text += *text == '\n';
    }
}

static void print_options(FILE *stream, const command *self, const option *options)
{
    for (const option *o = options; o && o->name; o++) {
        if (!option_applies(self, o)) {
            continue;
        }
        char left[160];
        const char letter = option_letter(self, o);
        int length = snprintf(left, sizeof(left), letter ? "  -%c, " : "      ", letter);
        length += snprintf(left + length, sizeof(left) - (size_t)length, "--%s%s%s%s", o->name,
                           o->kind == OPTION_MAYBE ? "[="
                           : o->value              ? " "
                                                   : "",
                           o->value ? o->value : "", o->kind == OPTION_MAYBE ? "]" : "");
        if (length + 2 > COLUMN) {
            fprintf(stream, "%s\n%*s", left, COLUMN, "");
        } else {
            fprintf(stream, "%-*s", COLUMN, left);
        }
        wrap(stream, o->help, strlen(o->help), COLUMN, COLUMN);
    }
}

static void print_examples(FILE *stream, const example *examples)
{
    for (const example *e = examples; e && e->line; e++) {
        fprintf(stream, "  %s\n      ", e->line);
        wrap(stream, e->what, strlen(e->what), 6, 6);
    }
}

void print_help(FILE *stream, const command *self)
{
    fprintf(stream, "tyto %s: %s\n\nusage: tyto %s %s\n\n", self->name, self->summary, self->name,
            self->synopsis);
    paragraphs(stream, self->description, 0);
    if (self->options) {
        fputs("\noptions\n", stream);
        print_options(stream, self, self->options);
    }
    fputs("\noptions of every command\n", stream);
    print_options(stream, self, common_options);
    fputs("\nexamples\n", stream);
    print_examples(stream, self->examples);
}

void print_overview(FILE *stream)
{
    fprintf(stream, "tyto %s\n\nusage: tyto COMMAND [option...] [argument...]\n\ncommands\n",
            tyto_summary);
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, "  %-12s", (*at)->name);
        wrap(stream, (*at)->summary, strlen((*at)->summary), 14, 14);
    }
    fputs("\nexamples\n", stream);
    print_examples(stream, overview_examples);
    for (const topic *t = topics; t->title; t++) {
        fputc('\n', stream);
        for (const char *c = t->title; *c; c++) {
            fputc(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c, stream);
        }
        fputc('\n', stream);
        paragraphs(stream, t->text, 2);
    }
    fputs("\nOptions and examples of a command: tyto COMMAND --help\n", stream);
}
