/* Trees as people write them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "results/tree.h"
#include "results/writer.h"

/* What means something outside of quotes. */
#define MARKS "[](),@\\"
#define SPACES " \t\n\r\v\f"

typedef struct parser {
    const char *text, *at;
    tyto_tree *tree;
    tyto_buffer label;
    tyto_error *err;
} parser;

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

/* Where a place of the text is, in characters from 1: "character 7", or "line 2, character 7". */
static void spell_place(const parser *p, const char *place, char *out, size_t bytes)
{
    long long line = 1, character = 1;
    for (const char *at = p->text; at < place; at++) {
        if (*at == '\n') {
            line++;
            character = 1;
        } else if (((unsigned char)*at & 0xC0) != 0x80) {
            character++;
        }
    }
    if (line > 1) {
        snprintf(out, bytes, "line %lld, character %lld", line, character);
    } else {
        snprintf(out, bytes, "character %lld", character);
    }
}

/* The character at a place, in quotes, control ones as \xNN. */
static void spell_character(const char *at, char *out, size_t bytes)
{
    size_t length = 1;
    while (*at && ((unsigned char)at[length] & 0xC0) == 0x80 && length < 4) {
        length++;
    }
    if (!*at) {
        snprintf(out, bytes, "the end");
    } else if ((unsigned char)*at < ' ' || *at == 0x7F) {
        snprintf(out, bytes, "\\x%02X", (unsigned)(unsigned char)*at);
    } else {
        snprintf(out, bytes, "'%.*s'", (int)length, at);
    }
}

/* "tree: character 7: got 'x', required …" */
static tyto_status refuse(const parser *p, const char *required)
{
    char place[64], got[16];
    spell_place(p, p->at, place, sizeof(place));
    spell_character(p->at, got, sizeof(got));
    return tyto_fail(p->err, TYTO_E_FORMAT, "tree: %s: got %s, required %s", place, got, required);
}

/* What the tree says of something that begins there comes with its place. */
static tyto_status placed(const parser *p, const char *begin, tyto_status status)
{
    char place[64] = "tree: ";
    if (status == TYTO_E_ARGUMENT || status == TYTO_E_LIMIT) {
        spell_place(p, begin, place + strlen(place), sizeof(place) - strlen(place));
        tyto_error_prefix(p->err, place);
        status = status == TYTO_E_ARGUMENT ? TYTO_E_FORMAT : status;
        if (p->err) {
            p->err->status = status;
        }
    }
    return status;
}

static void skip_spaces(parser *p)
{
    p->at += strspn(p->at, SPACES);
}

/* The character that an escape stands for; p->at is at the one behind '\'. */
static tyto_status read_escape(parser *p, char *out)
{
    const char c = *p->at;
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'),
               digit = c >= '0' && c <= '9';
    *out = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    if (!c || digit || (letter && *out == c)) {
        return refuse(p, "n, r, t or a character that is no letter or digit, behind '\\'");
    }
    p->at++;
    return TYTO_OK;
}

static tyto_status add_byte(parser *p, char c)
{
    return tyto_buffer_add(&p->label, &c, 1) ? TYTO_OK : tyto_fail_memory(p->err, "tree");
}

static tyto_status read_quoted(parser *p)
{
    const char *begin = p->at++;
    while (*p->at != '"') {
        char c = *p->at;
        if (!c) {
            char place[64], required[128];
            spell_place(p, begin, place, sizeof(place));
            snprintf(required, sizeof(required), "'\"', which ends the label of %s", place);
            return refuse(p, required);
        }
        p->at++;
        if (c == '\\') {
            TYTO_TRY(read_escape(p, &c));
        }
        TYTO_TRY(add_byte(p, c));
    }
    p->at++;
    return TYTO_OK;
}

/* White space is added as one space once something follows. */
static tyto_status read_bare(parser *p)
{
    bool space = false;
    while (*p->at && (*p->at == '\\' || !is_one_of(*p->at, MARKS))) {
        char c = *p->at++;
        if (is_one_of(c, SPACES)) {
            space = true;
            continue;
        }
        if (c == '\\') {
            TYTO_TRY(read_escape(p, &c));
        }
        if (space) {
            TYTO_TRY(add_byte(p, ' '));
            space = false;
        }
        TYTO_TRY(add_byte(p, c));
    }
    return TYTO_OK;
}

static tyto_status read_number(parser *p, float *out)
{
    const size_t length = strcspn(p->at, SPACES MARKS);
    if (!tyto_float_read(p->at, length, out) || *out > 1.0F) {
        return refuse(p, "a number from 0 to 1 behind '@' (the character itself is \\@)");
    }
    p->at += length;
    return TYTO_OK;
}

static tyto_status read_lists(parser *p, int64_t node);

/* A label, its threshold, and the lists about its region. */
static tyto_status read_node(parser *p, int64_t list)
{
    float threshold = TYTO_TREE_THRESHOLD_NONE;
    int64_t node;
    skip_spaces(p);
    const char *begin = p->at;
    p->label.length = 0;
    TYTO_TRY(*p->at == '"' ? read_quoted(p) : read_bare(p));
    if (p->label.length == 0) {
        return refuse(p, "a label");
    }
    skip_spaces(p);
    if (*p->at == '@') {
        p->at++;
        skip_spaces(p);
        TYTO_TRY(read_number(p, &threshold));
    }
    TYTO_TRY(
        placed(p, begin, tyto_tree_add(p->tree, list, p->label.data, threshold, &node, p->err)));
    return read_lists(p, node);
}

/* '[' or '(', nodes with commas between, and the same bracket. */
static tyto_status read_list(parser *p, int64_t node)
{
    const char *begin = p->at++;
    const bool choice = *begin == '(';
    const char end = choice ? ')' : ']';
    int64_t list, count = 0;
    TYTO_TRY(placed(p, begin,
                    tyto_tree_add_list(p->tree, node,
                                       choice ? TYTO_TREE_KIND_CHOICE : TYTO_TREE_KIND_THINGS,
                                       &list, p->err)));
    for (;;) {
        TYTO_TRY(read_node(p, list));
        count++;
        if (*p->at != ',') {
            break;
        }
        p->at++;
    }
    if (*p->at != end) {
        char place[64], required[128];
        spell_place(p, begin, place, sizeof(place));
        snprintf(required, sizeof(required), "',', '[', '(' or '%c', which ends the list of %s",
                 end, place);
        return refuse(p, required);
    }
    if (choice && count < 2) {
        return refuse(p, "',' and another label to choose from");
    }
    p->at++;
    return TYTO_OK;
}

static tyto_status read_lists(parser *p, int64_t node)
{
    skip_spaces(p);
    while (*p->at == '[' || *p->at == '(') {
        TYTO_TRY(read_list(p, node));
        skip_spaces(p);
    }
    return TYTO_OK;
}

static tyto_status read_tree(parser *p)
{
    TYTO_TRY(read_lists(p, TYTO_TREE_PHOTO));
    if (*p->at || p->tree->photo.first == TYTO_TREE_NONE) {
        return refuse(p, "'[' or '('");
    }
    return TYTO_OK;
}

tyto_status tyto_tree_parse(const char *text, tyto_tree **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, text);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    if (strnlen(text, TYTO_TREE_BYTES_MAX + 1) > TYTO_TREE_BYTES_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT, "tree: got more than %zu bytes, required at most that",
                         TYTO_TREE_BYTES_MAX);
    }
    parser p = {.text = text, .at = text, .err = err};
    tyto_buffer_init(&p.label, TYTO_TREE_BYTES_MAX);
    TYTO_TRY(tyto_tree_create(&p.tree, err));
    const tyto_status status = read_tree(&p);
    tyto_buffer_clear(&p.label);
    if (status == TYTO_OK) {
        *out = p.tree;
    } else {
        tyto_tree_destroy(p.tree);
    }
    return status;
}

/* Whether a label is read back the same without quotes. */
static bool is_plain(const char *label)
{
    const size_t length = strlen(label);
    return label[0] != '"' && label[0] != ' ' && label[length - 1] != ' ' &&
           !strpbrk(label, MARKS "\t\n\r\v\f") && !strstr(label, "  ");
}

static void write_label(tyto_writer *writer, const char *label)
{
    if (is_plain(label)) {
        tyto_writer_text(writer, label);
        return;
    }
    tyto_writer_text(writer, "\"");
    for (const char *at = label; *at; at++) {
        const char *escaped = *at == '"'    ? "\\\""
                              : *at == '\\' ? "\\\\"
                              : *at == '\n' ? "\\n"
                              : *at == '\r' ? "\\r"
                              : *at == '\t' ? "\\t"
                                            : NULL;
        tyto_writer_bytes(writer, escaped ? escaped : at, escaped ? 2 : 1);
    }
    tyto_writer_text(writer, "\"");
}

static void write_lists(const tyto_tree *tree, int64_t first, tyto_writer *writer)
{
    for (int64_t i = first; i != TYTO_TREE_NONE; i = tree->lists[i].next) {
        const tyto_list *list = &tree->lists[i];
        const bool choice = list->kind == TYTO_TREE_KIND_CHOICE;
        tyto_writer_text(writer, i != first || list->node != TYTO_TREE_PHOTO ? " " : "");
        tyto_writer_text(writer, choice ? "(" : "[");
        for (int64_t n = list->nodes.first; n != TYTO_TREE_NONE; n = tree->nodes[n].next) {
            const tyto_node *node = &tree->nodes[n];
            tyto_writer_text(writer, n == list->nodes.first ? "" : ", ");
            write_label(writer, node->label);
            if (node->threshold != TYTO_TREE_THRESHOLD_NONE) {
                tyto_writer_text(writer, "@");
                tyto_writer_float(writer, node->threshold);
            }
            write_lists(tree, node->lists.first, writer);
        }
        tyto_writer_text(writer, choice ? ")" : "]");
    }
}

tyto_status tyto_tree_text(const tyto_tree *tree, char **out, tyto_error *err)
{
    tyto_writer writer;
    tyto_bytes bytes;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tree);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_tree_check(tree, err));
    tyto_writer_init(&writer);
    write_lists(tree, tree->photo.first, &writer);
    TYTO_TRY(tyto_writer_end(&writer, &bytes, err));
    *out = bytes.data;
    return TYTO_OK;
}
