/* The manual page, from the same table. */
#include <string.h>
#include <tyto/version.h>

#include "commands.h"

/* Text as roff means it: a backslash, a dash and a leading dot or quote are not what they seem. */
static void roff(FILE *to, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (i == 0 && (text[i] == '.' || text[i] == '\'')) {
            fputs("\\&", to);
        }
        switch (text[i]) {
        case '\\':
            fputs("\\e", to);
            break;
        case '-':
            fputs("\\-", to);
            break;
        case '\'':
            fputs("\\(aq", to);
            break;
        default:
            fputc(text[i], to);
        }
    }
}

static void line(FILE *to, const char *text)
{
    roff(to, text, strlen(text));
    fputc('\n', to);
}

/* Paragraphs; a line "name  text" is an entry of a list. */
static void body(FILE *to, const char *text)
{
    while (*text) {
        const size_t length = strcspn(text, "\n");
        const char *gap = strstr(text, "  ");
        if (length == 0) {
            fputs(".PP\n", to);
        } else if (gap && gap < text + length) {
            fputs(".TP\n.B ", to);
            roff(to, text, (size_t)(gap - text));
            fputc('\n', to);
            roff(to, gap + 2, (size_t)(text + length - gap - 2));
            fputc('\n', to);
        } else {
            roff(to, text, length);
            fputc('\n', to);
        }
        text += length;
        text += *text == '\n';
    }
}

static void options(FILE *to, const option *list)
{
    for (const option *o = list; o && o->name; o++) {
        fputs(".TP\n", to);
        if (o->letter) {
            fprintf(to, "\\fB\\-%c\\fR, ", o->letter);
        }
        fputs("\\fB\\-\\-", to);
        roff(to, o->name, strlen(o->name));
        fputs("\\fR", to);
        if (o->value) {
            fputs(o->kind == OPTION_MAYBE ? "[=\\fI" : " \\fI", to);
            roff(to, o->value, strlen(o->value));
            fputs(o->kind == OPTION_MAYBE ? "\\fR]" : "\\fR", to);
        }
        fputc('\n', to);
        line(to, o->help);
    }
}

static void examples(FILE *to, const example *list)
{
    for (const example *e = list; e && e->line; e++) {
        fputs(".PP\n", to);
        line(to, e->what);
        fputs(".PP\n.nf\n.RS\n", to);
        line(to, e->line);
        fputs(".RE\n.fi\n", to);
    }
}

void print_manual(FILE *to)
{
    fprintf(to, ".TH TYTO 1 \"\" \"tyto %s\" \"User commands\"\n.SH NAME\ntyto \\- ", TYTO_VERSION);
    line(to, tyto_summary);
    fputs(".SH SYNOPSIS\n", to);
    for (const command *const *at = commands; *at; at++) {
        fprintf(to, "%s.B tyto %s\n", at == commands ? "" : ".br\n", (*at)->name);
        line(to, (*at)->synopsis);
    }
    fputs(".SH EXAMPLES\n", to);
    examples(to, overview_examples);
    fputs(".SH COMMANDS\n", to);
    for (const command *const *at = commands; *at; at++) {
        fprintf(to, ".SS tyto %s\n", (*at)->name);
        body(to, (*at)->description);
        options(to, (*at)->options);
        examples(to, (*at)->examples);
    }
    fputs(".SH OPTIONS OF EVERY COMMAND\n", to);
    options(to, common_options);
    for (const topic *t = topics; t->title; t++) {
        fprintf(to, ".SH %s\n", t->title);
        body(to, t->text);
    }
}
