/* The manual page, from the same table. */
#include <string.h>
#include <tyto/version.h>

#include "commands.h"

/* Text as roff means it: a backslash, a dash and a leading dot or quote are not what they seem. */
static void roff(FILE *stream, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (i == 0 && (text[i] == '.' || text[i] == '\'')) {
            fputs("\\&", stream);
        }
        switch (text[i]) {
        case '\\':
            fputs("\\e", stream);
            break;
        case '-':
            fputs("\\-", stream);
            break;
        case '\'':
            fputs("\\(aq", stream);
            break;
        default:
            fputc(text[i], stream);
        }
    }
}

static void line(FILE *stream, const char *text)
{
    roff(stream, text, strlen(text));
    fputc('\n', stream);
}

/* Paragraphs; a line "name  text" is an entry of a list. */
static void body(FILE *stream, const char *text)
{
    while (*text) {
        const size_t length = strcspn(text, "\n");
        const char *gap = strstr(text, "  ");
        if (length == 0) {
            fputs(".PP\n", stream);
        } else if (gap && gap < text + length) {
            fputs(".TP\n.B ", stream);
            roff(stream, text, (size_t)(gap - text));
            fputc('\n', stream);
            roff(stream, gap + 2, (size_t)(text + length - gap - 2));
            fputc('\n', stream);
        } else {
            roff(stream, text, length);
            fputc('\n', stream);
        }
        text += length;
        text += *text == '\n';
    }
}

static void options(FILE *stream, const option *list)
{
    for (const option *o = list; o && o->name; o++) {
        fputs(".TP\n", stream);
        if (o->letter) {
            fprintf(stream, "\\fB\\-%c\\fR, ", o->letter);
        }
        fputs("\\fB\\-\\-", stream);
        roff(stream, o->name, strlen(o->name));
        fputs("\\fR", stream);
        if (o->value) {
            fputs(o->kind == OPTION_MAYBE ? "[=\\fI" : " \\fI", stream);
            roff(stream, o->value, strlen(o->value));
            fputs(o->kind == OPTION_MAYBE ? "\\fR]" : "\\fR", stream);
        }
        fputc('\n', stream);
        line(stream, o->help);
    }
}

static void examples(FILE *stream, const example *list)
{
    for (const example *e = list; e && e->line; e++) {
        fputs(".PP\n", stream);
        line(stream, e->what);
        fputs(".PP\n.nf\n.RS\n", stream);
        line(stream, e->line);
        fputs(".RE\n.fi\n", stream);
    }
}

void print_manual(FILE *stream)
{
    fprintf(stream, ".TH TYTO 1 \"\" \"tyto %s\" \"User commands\"\n.SH NAME\ntyto \\- ",
            TYTO_VERSION);
    line(stream, tyto_summary);
    fputs(".SH SYNOPSIS\n", stream);
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, "%s.B tyto %s\n", at == commands ? "" : ".br\n", (*at)->name);
        line(stream, (*at)->synopsis);
    }
    fputs(".SH EXAMPLES\n", stream);
    examples(stream, overview_examples);
    fputs(".SH COMMANDS\n", stream);
    for (const command *const *at = commands; *at; at++) {
        fprintf(stream, ".SS tyto %s\n", (*at)->name);
        body(stream, (*at)->description);
        options(stream, (*at)->options);
        examples(stream, (*at)->examples);
    }
    fputs(".SH OPTIONS OF EVERY COMMAND\n", stream);
    options(stream, common_options);
    for (const topic *t = topics; t->title; t++) {
        fprintf(stream, ".SH %s\n", t->title);
        body(stream, t->text);
    }
}
