#include "options.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/destination.h>
#include <tyto/document.h>
#include <tyto/words.h>
#include <unistd.h>

#include "messages.h"

#define AT(field) offsetof(common_args, field)
const option common_options[] = {
    {"model", 'm', OPTION_TEXT, "MODEL",
     "checkpoint folder or hub id OWNER/NAME; without it $TYTO_MODEL, or else the model that comes "
     "with tyto",
     AT(model), .files = COMPLETES_FOLDERS},
    {"threads", 0, OPTION_INTEGER, "N", "threads to compute with (default: one per core)",
     AT(threads), 1, 1024},
    {"precision", 0, OPTION_CHOICE, PRECISIONS,
     "what the network multiplies (default: what MODEL was packed for, or else fp32); auto: the "
     "fastest whose detections are as good",
     AT(precision)},
    {"quiet", 'q', OPTION_FLAG, NULL, "no warnings, no progress", AT(quiet)},
    {"verbose", 'v', OPTION_FLAG, NULL, "say what is done and how long it takes", AT(verbose)},
    {"help", 'h', OPTION_FLAG, NULL, "show this help", AT(help)},
    {"version", 'V', OPTION_FLAG, NULL, "show the version", AT(version)},
    {0},
};

const char *choice_word(const char *words, int i, size_t *length)
{
    for (; words; i--) {
        const char *bar = strchr(words, '|');
        *length = bar ? (size_t)(bar - words) : strlen(words);
        if (i == 0) {
            return words;
        }
        words = bar ? bar + 1 : NULL;
    }
    return NULL;
}

static const option *find(const command *self, const char *name, size_t length, char letter)
{
    const option *const tables[] = {self->options, common_options};
    for (int t = 0; t < 2; t++) {
        for (const option *o = tables[t]; o && o->name; o++) {
            if (letter ? o->letter == letter
                       : strlen(o->name) == length && memcmp(o->name, name, length) == 0) {
                return o;
            }
        }
    }
    return NULL;
}

bool option_applies(const command *self, const option *o)
{
    size_t length;
    if (self && find(self, o->name, strlen(o->name), '\0') != o) {
        return false; /* the command has one of its own */
    }
    const char *word, *idle = self ? self->idle : NULL;
    for (int i = 0; idle && (word = choice_word(idle, i, &length)) != NULL; i++) {
        if (strlen(o->name) == length && memcmp(word, o->name, length) == 0) {
            return false;
        }
    }
    return true;
}

char option_letter(const command *self, const option *o)
{
    return o->letter && self && find(self, NULL, 0, o->letter) != o ? '\0' : o->letter;
}

static bool complain_unknown(const command *self, const char *given, const char *name,
                             size_t length)
{
    const char *names[OPTIONS_MAX];
    size_t count = 0;
    const option *const tables[] = {self->options, common_options};
    for (int t = 0; t < 2; t++) {
        for (const option *o = tables[t]; o && o->name && count < OPTIONS_MAX; o++) {
            names[count++] = o->name;
        }
    }
    char *text = take_text("%.*s", (int)length, name);
    const char *near = length > 0 ? tyto_word_nearest(text, names, (int64_t)count) : NULL;
    if (near) {
        say_error("unknown option '%s'; did you mean '--%s'?", given, near);
    } else {
        say_error("unknown option '%s'; see 'tyto %s --help'", given, self->name);
    }
    free(text);
    return false;
}

/* "a, b or c" of "a|b|c" */
static char *spell_choices(const char *words)
{
    char *text = take_text("%s", "");
    size_t length;
    const char *word;
    for (int i = 0; (word = choice_word(words, i, &length)) != NULL; i++) {
        const char *joint = i == 0 ? "" : word[length] ? ", " : " or ";
        char *longer = take_text("%s%s%.*s", text, joint, (int)length, word);
        free(text);
        text = longer;
    }
    return text;
}

static bool set_choice(const option *o, const char *value, int *out)
{
    size_t length;
    const char *word;
    for (int i = 0; (word = choice_word(o->value, i, &length)) != NULL; i++) {
        if (strlen(value) == length && memcmp(value, word, length) == 0) {
            *out = i;
            return true;
        }
    }
    char *choices = spell_choices(o->value);
    say_error("--%s: got '%s', required %s", o->name, value, choices);
    free(choices);
    return false;
}

static bool set_integer(const option *o, const char *value, int64_t *out)
{
    char *end;
    errno = 0;
    const long long number = strtoll(value, &end, 10);
    if (end == value || *end || errno || (double)number < o->low || (double)number > o->high) {
        if (o->high < 1e15) {
            say_error("--%s: got '%s', required a whole number from %.0f to %.0f", o->name, value,
                      o->low, o->high);
        } else {
            say_error("--%s: got '%s', required a whole number of at least %.0f", o->name, value,
                      o->low);
        }
        return false;
    }
    *out = number;
    return true;
}

static bool set_real(const option *o, const char *value, double *out)
{
    char *end;
    const double number = strtod(value, &end);
    if (end == value || *end || !isfinite(number) || number < o->low || number > o->high) {
        say_error("--%s: got '%s', required a number from %g to %g", o->name, value, o->low,
                  o->high);
        return false;
    }
    *out = number;
    return true;
}

/* Whether a file's or folder's name is there; a tree in place of one is checked as a tree. */
static bool check_name(const option *o, const char *value)
{
    const bool missing = o->kind == OPTION_TEXT && o->files && !*value && !strchr(o->value, '|');
    if (missing) {
        say_error("--%s: got an empty name, required %s", o->name, o->value);
    }
    return !missing;
}

static bool set(const command *self, const option *o, const char *value, void *args)
{
    void *field = (char *)args + o->offset;
    if (!option_applies(self, o)) {
        say_error("--%s: has no effect in 'tyto %s', required without it", o->name, self->name);
        return false;
    }
    if (!check_name(o, value)) {
        return false;
    }
    for (size_t i = 0; self->options && self->options[i].name; i++) {
        ((common_args *)args)->given[i] |= &self->options[i] == o;
    }
    if (o->files && o->files != WRITES_FILES) {
        text_list_add(&((common_args *)args)->inputs, value, strlen(value));
    }
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_TEXT:
        *(const char **)field = value;
        return true;
    case OPTION_MAYBE:
        *(const char **)field = value ? value : "";
        return true;
    case OPTION_TEXTS:
        text_list_add(field, value, strlen(value));
        return true;
    case OPTION_INTEGER:
        return set_integer(o, value, field);
    case OPTION_REAL:
        return set_real(o, value, field);
    case OPTION_CHOICE:
        return set_choice(o, value, field);
    }
    return false;
}

/* Whether the option says something: a value that was given, or a flag or text that is there. */
static bool is_set(const command *self, const common_args *args, const option *o)
{
    const void *field = (const char *)args + o->offset;
    switch (o->kind) {
    case OPTION_FLAG:
        return *(const bool *)field;
    case OPTION_TEXT:
    case OPTION_MAYBE:
        return *(const char *const *)field != NULL;
    case OPTION_TEXTS:
        return ((const text_list *)field)->count > 0;
    default:
        return args->given[o - self->options];
    }
}

/* The choice in effect; a format that isn't given is what -o's ending says. */
static int choice_of(const command *self, const common_args *args, const option *o)
{
    const int choice = *(const int *)(const void *)((const char *)args + o->offset);
    const option *output = find(self, "output", strlen("output"), 0);
    tyto_format format;
    return choice < 0 && output && strcmp(o->name, "format") == 0 &&
                   tyto_format_by_path(
                       *(const char *const *)(const void *)((const char *)args + output->offset),
                       &format)
               ? (int)format
               : choice;
}

/* What stands for the operands in `needs`. */
static const char operands_term[] = "operands";

static bool is_operands(const char *term, size_t length)
{
    return length == strlen(operands_term) && memcmp(term, operands_term, length) == 0;
}

/* Whether a term of `needs`, "NAME" or "NAME=a|b", holds. */
static bool holds(const command *self, const common_args *args, const char *term, size_t length)
{
    const size_t name = strcspn(term, "=/,");
    if (is_operands(term, name)) {
        return args->operands.count > 0;
    }
    const option *o = find(self, term, name < length ? name : length, 0);
    if (!o || name >= length) {
        return o && is_set(self, args, o);
    }
    const int choice = choice_of(self, args, o);
    size_t bytes;
    const char *word = choice < 0 ? NULL : choice_word(o->value, choice, &bytes);
    for (const char *at = term + name + 1; word && at < term + length;) {
        const size_t one = strcspn(at, "|/,");
        if (one == bytes && memcmp(at, word, one) == 0) {
            return true;
        }
        at += one + 1;
    }
    return false;
}

/* Adds "--NAME" or "--NAME a or b" to what is spelled. */
static char *spell_term(const command *self, char *text, const char *term, size_t length)
{
    const size_t name = strcspn(term, "=/,");
    char *longer = is_operands(term, name)
                       ? take_text("%s%s%s", text, *text ? ", or " : "", self->operands)
                       : take_text("%s%s--%.*s", text, *text ? ", or " : "",
                                   (int)(name < length ? name : length), term);
    free(text);
    for (const char *at = term + name + 1; at < term + length;) {
        const size_t word = strcspn(at, "|/,");
        text = longer;
        longer = take_text("%s%s%.*s", text, at[-1] == '=' ? " " : " or ", (int)word, at);
        free(text);
        at += word + 1;
    }
    return longer;
}

/* One clause of what an option needs: any of its terms. */
static bool check_clause(const command *self, const common_args *args, const option *o,
                         const char *clause, size_t length)
{
    const bool refused = *clause == '!';
    char *spelled = take_text("%s", "");
    bool good = false;
    for (const char *at = clause + refused; at < clause + length && !good;) {
        const size_t term = strcspn(at, "/,"), name = strcspn(at, "=/,");
        if (find(self, at, name, 0) || is_operands(at, name)) {
            good = holds(self, args, at, term);
            if (good || !refused) {
                spelled = spell_term(self, spelled, at, term);
            }
        }
        at += term + 1;
    }
    if (refused && good) {
        say_error("--%s: contradicts %s, required one of the two", o->name, spelled);
    } else if (!refused && !good) {
        say_error("--%s: has no effect here, required %s beside it", o->name, spelled);
    }
    free(spelled);
    return good != refused;
}

/* Whether each option that was given has an effect with the others. */
static bool check_needs(const command *self, const common_args *args)
{
    bool good = true;
    for (const option *o = self->options; o && o->name && good; o++) {
        const char *at = args->given[o - self->options] ? o->needs : NULL;
        while (good && at && *at) {
            const size_t clause = strcspn(at, ",");
            good = check_clause(self, args, o, at, clause);
            at += clause + (at[clause] == ',');
        }
    }
    return good;
}

/* Where the reading stands. */
typedef struct reader {
    const command *self;
    char **argv;
    int argc, at;
    void *args;
} reader;

/* The next word as the value of an option. */
static bool set_from_next(reader *r, const option *o)
{
    if (r->at + 1 >= r->argc) {
        say_error("--%s: required %s after it", o->name, o->value);
        return false;
    }
    return set(r->self, o, r->argv[++r->at], r->args);
}

/* Whether the word is a number that names no file, so that it was meant for the option before. */
static bool is_lost_number(const char *word)
{
    return *word && strspn(word, "0123456789") == strlen(word) && access(word, F_OK) != 0;
}

static bool read_long(reader *r, const char *given)
{
    const char *name = given + 2, *equals = strchr(name, '=');
    const size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const option *o = find(r->self, name, length, 0);
    if (!o) {
        return complain_unknown(r->self, given, name, length);
    }
    if (o->kind == OPTION_FLAG) {
        if (equals) {
            say_error("--%s: got the value '%s', required none", o->name, equals + 1);
            return false;
        }
        return set(r->self, o, NULL, r->args);
    }
    if (o->kind == OPTION_MAYBE && !equals && r->at + 1 < r->argc &&
        is_lost_number(r->argv[r->at + 1])) {
        say_error("--%s: required its number as --%s=%s", o->name, o->name, r->argv[r->at + 1]);
        return false;
    }
    if (equals || o->kind == OPTION_MAYBE) {
        return set(r->self, o, equals ? equals + 1 : NULL, r->args);
    }
    return set_from_next(r, o);
}

/* "-q", "-qv", "-tTEXT", "-t TEXT" */
static bool read_short(reader *r, const char *given)
{
    for (const char *at = given + 1; *at; at++) {
        const option *o = find(r->self, NULL, 0, *at);
        if (!o) {
            return complain_unknown(r->self, given, at, 0);
        }
        if (o->kind != OPTION_FLAG) {
            return at[1] ? set(r->self, o, at + 1, r->args) : set_from_next(r, o);
        }
        if (!set(r->self, o, NULL, r->args)) {
            return false;
        }
    }
    return true;
}

/* Whether no file to write is one of those to read. */
static bool spare_inputs(const command *self, void *args)
{
    tyto_error err = TYTO_ERROR_INIT;
    const text_list *inputs = &((common_args *)args)->inputs;
    bool good = true;
    for (const option *o = self->options; good && o && o->name; o++) {
        const char *const *path = (void *)((char *)args + o->offset);
        char *name = take_text(o->letter == 'o' ? "-o" : "--%s", o->name);
        good = o->files != WRITES_FILES ||
               went_well(tyto_inputs_spare(name, *path, TEXTS(inputs), &err), &err);
        free(name);
    }
    return good;
}

bool options_parse(const command *self, int argc, char **argv, void *args)
{
    common_args *common = args;
    bool only_operands = false;
    reader r = {.self = self, .argv = argv, .argc = argc, .args = args};
    for (r.at = 1; r.at < argc && !common->help && !common->version; r.at++) {
        const char *word = argv[r.at];
        bool fine = true;
        if (only_operands || word[0] != '-' || !word[1]) {
            if (!self->operands) {
                say_error("unexpected argument '%s'; see 'tyto %s --help'", word, self->name);
                return false;
            }
            if (self->files && !*word) {
                say_error("got an empty name, required %s", self->operands);
                return false;
            }
            text_list_add(&common->operands, word, strlen(word));
            text_list_add(&common->inputs, self->files ? word : "", self->files ? strlen(word) : 0);
        } else if (strcmp(word, "--") == 0) {
            only_operands = true;
        } else {
            fine = word[1] == '-' ? read_long(&r, word) : read_short(&r, word);
        }
        if (!fine) {
            return false;
        }
    }
    return common->help || common->version ||
           (check_needs(self, common) && spare_inputs(self, args));
}

void options_clear(const command *self, void *args)
{
    common_args *common = args;
    text_list_clear(&common->operands);
    text_list_clear(&common->inputs);
    for (const option *o = self->options; o && o->name; o++) {
        if (o->kind == OPTION_TEXTS) {
            text_list_clear((text_list *)(void *)((char *)args + o->offset));
        }
    }
}
