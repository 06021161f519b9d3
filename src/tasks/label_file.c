#include "tasks/label_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "tasks/files.h"

#define SPACES " \t\r\v\f"

/* A line and its place. */
typedef struct placed {
    char *text;
    int64_t at;
} placed;

static bool is_yaml(const char *path)
{
    const char *ending = strrchr(tyto_path_base(path), '.');
    return ending && (strcasecmp(ending, ".yaml") == 0 || strcasecmp(ending, ".yml") == 0);
}

static void trim(char *text)
{
    const size_t before = strspn(text, SPACES);
    size_t length = strlen(text) - before;
    memmove(text, text + before, length + 1);
    while (length > 0 && strchr(SPACES, text[length - 1])) {
        text[--length] = '\0';
    }
}

static int by_text(const void *left, const void *right)
{
    const placed *a = left, *b = right;
    const int order = strcmp(a->text, b->text);
    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

/* Takes out what is empty, and what comes again. */
static tyto_status merge(tyto_file_list *list, int64_t *merged, tyto_error *err)
{
    placed *sorted = tyto_alloc((size_t)list->count, sizeof(*sorted));
    if (!sorted) {
        return tyto_fail_memory(err, "labels");
    }
    for (int64_t i = 0; i < list->count; i++) {
        trim(list->items[i]);
        sorted[i] = (placed){list->items[i], i};
    }
    if (list->count > 1) {
        qsort(sorted, (size_t)list->count, sizeof(*sorted), by_text);
    }
    const char *last = "";
    for (int64_t i = 0; i < list->count; i++) {
        const bool again = strcmp(sorted[i].text, last) == 0;
        *merged += again && *last;
        last = sorted[i].text;
        list->items[sorted[i].at] = again ? NULL : sorted[i].text;
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < list->count; i++) {
        if (list->items[i]) {
            list->items[kept++] = list->items[i];
        }
    }
    /* Those taken out are released in the sorted order, where equal ones are neighbours. */
    last = "";
    for (int64_t i = 0; i < list->count; i++) {
        if (strcmp(sorted[i].text, last) == 0) {
            free(sorted[i].text);
        } else {
            last = sorted[i].text;
        }
    }
    list->count = kept;
    free(sorted);
    return TYTO_OK;
}

/* A list of names as it grows, from the lines of a YAML file. */
typedef struct names {
    const char *path, *key;
    tyto_file_list *out;
    int64_t capacity;
    tyto_error *err;
} names;

static tyto_status refuse(const names *list, const char *got)
{
    return tyto_fail(list->err, TYTO_E_FORMAT,
                     "%s: %s: got %s, required a list, or names numbered from 0 on", list->path,
                     list->key, got);
}

/* Adds the scalar that begins at *at, and moves it behind. flow: within brackets. */
static tyto_status add_scalar(names *list, char **at, bool flow)
{
    char *begin = *at + strspn(*at, SPACES), *place = begin, *next = begin;
    const char quote = *begin == '"' || *begin == '\'' ? *begin : '\0';
    if (quote) {
        for (next++; *next && (*next != quote || (quote == '\'' && next[1] == quote)); next++) {
            next += (quote == '"' && *next == '\\' && next[1]) || *next == quote;
            *place++ = *next;
        }
        if (!*next) {
            return refuse(list, "a text without an end");
        }
        next++;
    } else {
        while (*next && !(flow && strchr(",]}", *next)) &&
               !(*next == '#' && next > begin && strchr(SPACES, next[-1]))) {
            next++;
        }
        place = next;
        while (place > begin && strchr(SPACES, place[-1])) {
            place--;
        }
    }
    *at = next;
    return place == begin ? refuse(list, "an empty name")
                          : tyto_file_list_add(list->out, &list->capacity, begin,
                                               (size_t)(place - begin), list->err);
}

/* Skips "N:" where names are numbered, which must be in order. */
static tyto_status skip_number(const names *list, char **at)
{
    char *begin = *at + strspn(*at, SPACES), *end;
    const long long number = strtoll(begin, &end, 10);
    end += strspn(end, SPACES);
    if (end != begin && *end == ':') {
        if (number != list->out->count) {
            return refuse(list, "a number out of its order");
        }
        *at = end + 1;
    }
    return TYTO_OK;
}

/* Moves *at to what comes next within brackets, on line *line or a later one; false: nothing. */
static bool find_next(const tyto_file_list *lines, int64_t *line, char **at)
{
    for (;;) {
        const char *begin = *at;
        *at += strspn(begin, SPACES);
        const bool apart = *at > begin || begin == lines->items[*line];
        if (**at && !(**at == '#' && apart)) {
            return true;
        }
        if (++*line >= lines->count) {
            return false;
        }
        *at = lines->items[*line];
    }
}

/* "[a, 'b']" or "{0: a, 1: b}", on one line or several, from the bracket at `at` on. */
static tyto_status add_flow(names *list, const tyto_file_list *lines, int64_t line, char *at)
{
    const char close = *at == '[' ? ']' : '}';
    bool apart = true; /* by a comma from the name before */
    for (at++; find_next(lines, &line, &at);) {
        if (*at == close) {
            return TYTO_OK;
        }
        if (*at == ',') {
            apart = true;
            at++;
            continue;
        }
        if (!apart) {
            return refuse(list, "names without a comma between them");
        }
        TYTO_TRY(skip_number(list, &at));
        TYTO_TRY(add_scalar(list, &at, true));
        apart = false;
    }
    return refuse(list, "a bracket without its end");
}

/* Lines "- a" or "0: a" below `names:`. */
static tyto_status add_block(names *list, const tyto_file_list *lines, int64_t first)
{
    for (int64_t i = first; i < lines->count; i++) {
        char *at = lines->items[i] + strspn(lines->items[i], SPACES);
        if (!*at || *at == '#') {
            continue;
        }
        if ((*at == '[' || *at == '{') && list->out->count == 0 && at > lines->items[i]) {
            return add_flow(list, lines, i, at);
        }
        if (at == lines->items[i] && *at != '-') {
            break;
        }
        if (*at == '-') {
            at++;
        } else {
            char *before = at;
            TYTO_TRY(skip_number(list, &at));
            if (at == before) {
                return refuse(list, "a line without a number");
            }
        }
        TYTO_TRY(add_scalar(list, &at, false));
    }
    return TYTO_OK;
}

/* What follows the key on its line, which is line *at; NULL: there is no such key. */
static char *find_key(const tyto_file_list *lines, const char *key, int64_t *at)
{
    const size_t length = strlen(key);
    for (*at = 0; *at < lines->count; ++*at) {
        char *line = lines->items[*at];
        if (strncmp(line, key, length) == 0 && line[length] == ':') {
            return line + length + 1 + strspn(line + length + 1, SPACES);
        }
    }
    return NULL;
}

tyto_status tyto_yaml_texts_read(const char *path, const tyto_file_list *lines, const char *key,
                                 tyto_file_list *out, tyto_error *err)
{
    names list = {.path = path, .key = key, .out = out, .err = err};
    int64_t at;
    char *rest = find_key(lines, key, &at);
    *out = (tyto_file_list){0};
    if (!rest) {
        return TYTO_OK;
    }
    if (*rest == '[' || *rest == '{') {
        return add_flow(&list, lines, at, rest);
    }
    return *rest && *rest != '#' ? add_scalar(&list, &rest, false)
                                 : add_block(&list, lines, at + 1);
}

tyto_status tyto_yaml_names_read(const char *path, const tyto_file_list *lines, tyto_file_list *out,
                                 tyto_error *err)
{
    names list = {.path = path, .key = "names", .out = out, .err = err};
    int64_t i;
    char *rest = find_key(lines, list.key, &i);
    *out = (tyto_file_list){0};
    if (!rest) {
        return refuse(&list, "nothing");
    }
    return *rest == '[' || *rest == '{' ? add_flow(&list, lines, i, rest)
                                        : add_block(&list, lines, i + 1);
}

static tyto_status read_names(const char *path, tyto_file_list *lines, tyto_error *err)
{
    tyto_file_list out;
    const tyto_status status = tyto_yaml_names_read(path, lines, &out, err);
    tyto_file_list_clear(lines);
    *lines = out;
    return status;
}

tyto_status tyto_label_file_read(const char *path, tyto_file_list *out, int64_t *merged,
                                 tyto_error *err)
{
    *merged = 0;
    TYTO_TRY(tyto_file_lines_read(path, false, out, err));
    return is_yaml(path) ? read_names(path, out, err) : merge(out, merged, err);
}
