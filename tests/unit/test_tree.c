/* Trees as people write them, and as programs build them. */
#include <stdio.h>
#include <tyto/memory.h>
#include <tyto/tree.h>

#include "support/support.h"

static tyto_tree *parsed(const char *text)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tree *tree = NULL;
    if (tyto_tree_parse(text, &tree, &err) != TYTO_OK) {
        fail_msg("%s: %s", text, tyto_error_message(&err));
    }
    assert_int_equal(tyto_tree_check(tree, NULL), TYTO_OK);
    return tree;
}

static void assert_spelled(const tyto_tree *tree, const char *wanted)
{
    char *text = NULL;
    assert_int_equal(tyto_tree_text(tree, &text, NULL), TYTO_OK);
    assert_string_equal(text, wanted);
    tyto_free(text);
}

static void assert_read_as(const char *given, const char *wanted)
{
    tyto_tree *tree = parsed(given);
    assert_spelled(tree, wanted);
    tyto_tree_destroy(tree);
    tree = parsed(wanted);
    assert_spelled(tree, wanted);
    tyto_tree_destroy(tree);
}

static void assert_refused(const char *given, tyto_status status, const char *message)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tree *tree = (tyto_tree *)&err;
    const tyto_status got = tyto_tree_parse(given, &tree, &err);
    if (got != status || err.status != status || strcmp(tyto_error_message(&err), message) != 0) {
        fail_msg("%s: got %s (%s), required %s", given, tyto_status_name(got),
                 tyto_error_message(&err), message);
    }
    assert_null(tree);
    tyto_error_clear(&err);
}

static tyto_tree_node node_at(const tyto_tree *tree, int64_t i)
{
    tyto_tree_node node;
    assert_true(tyto_tree_node_at(tree, i, &node));
    return node;
}

static tyto_tree_list list_at(const tyto_tree *tree, int64_t i)
{
    tyto_tree_list list;
    assert_true(tyto_tree_list_at(tree, i, &list));
    return list;
}

static void nodes_and_lists_come_in_the_order_of_the_text(void **state)
{
    (void)state;
    tyto_tree *tree = parsed(" [a  face@0.3 [an eye, a nose]\n(happy, sad) , a hand](in, out)");
    static const struct {
        const char *label;
        float threshold;
        int64_t list, next, inner;
    } nodes[] = {{"a face", 0.3F, 0, 5, 1}, {"an eye", -2, 1, 2, -1}, {"a nose", -2, 1, -1, -1},
                 {"happy", -2, 2, 4, -1},   {"sad", -2, 2, -1, -1},   {"a hand", -2, 0, -1, -1},
                 {"in", -2, 3, 7, -1},      {"out", -2, 3, -1, -1}};
    static const tyto_tree_list lists[] = {
        {TYTO_TREE_KIND_THINGS, -1, 1, 0, 2, 3, {0}},
        {TYTO_TREE_KIND_THINGS, 0, 2, 1, 2, 2, {0}},
        {TYTO_TREE_KIND_CHOICE, 0, 2, 3, 2, -1, {0}},
        {TYTO_TREE_KIND_CHOICE, -1, 1, 6, 2, -1, {0}},
    };
    assert_int_equal(tyto_tree_node_count(tree), 8);
    assert_int_equal(tyto_tree_list_count(tree), 4);
    assert_int_equal(tyto_tree_first_list(tree), 0);
    for (int64_t i = 0; i < 8; i++) {
        const tyto_tree_node node = node_at(tree, i);
        assert_string_equal(node.label, nodes[i].label);
        assert_true(node.threshold == nodes[i].threshold);
        assert_int_equal(node.list, nodes[i].list);
        assert_int_equal(node.next, nodes[i].next);
        assert_int_equal(node.inner, nodes[i].inner);
    }
    for (int64_t i = 0; i < 4; i++) {
        const tyto_tree_list list = list_at(tree, i);
        assert_int_equal(list.kind, lists[i].kind);
        assert_int_equal(list.node, lists[i].node);
        assert_int_equal(list.depth, lists[i].depth);
        assert_int_equal(list.first, lists[i].first);
        assert_int_equal(list.count, lists[i].count);
        assert_int_equal(list.next, lists[i].next);
    }
    tyto_tree_node node;
    tyto_tree_list list;
    assert_false(tyto_tree_node_at(tree, 8, &node) || tyto_tree_node_at(tree, -1, &node) ||
                 tyto_tree_node_at(NULL, 0, &node) || tyto_tree_node_at(tree, 0, NULL));
    assert_false(tyto_tree_list_at(tree, 4, &list) || tyto_tree_list_at(tree, -1, &list) ||
                 tyto_tree_list_at(NULL, 0, &list) || tyto_tree_list_at(tree, 0, NULL));
    assert_int_equal(tyto_tree_node_count(NULL), 0);
    assert_int_equal(tyto_tree_list_count(NULL), 0);
    assert_int_equal(tyto_tree_first_list(NULL), TYTO_TREE_NONE);
    tyto_tree_destroy(tree);
}

static void trees_are_spelled(void **state)
{
    (void)state;
    assert_read_as("[a]", "[a]");
    assert_read_as("[ a ,b ]\t( c,\n d )", "[a, b] (c, d)");
    assert_read_as("[a@0.25, b @ 1 [c]]", "[a@0.25, b@1 [c]]");
    assert_read_as("[a@.5, b@1e-05, c@0.30000000]", "[a@0.5, b@1e-05, c@0.3]");
    assert_read_as("(a dog [an ear], a cat)", "(a dog [an ear], a cat)");
    assert_read_as("[\"a\", \"a \", \"a  b\", \"\\\"\"]", "[a, \"a \", \"a  b\", \"\\\"\"]");
    assert_read_as("[a 19\" wheel, it's, C:\\\\x, a\\nb]",
                   "[a 19\" wheel, it's, \"C:\\\\x\", \"a\\nb\"]");
    assert_read_as("[\\[\\]\\(\\)\\,\\@, \\  x, \\\"y]", "[\"[](),@\", \"  x\", \"\\\"y\"]");
    assert_read_as("[\x01, \xff\xfe, \"\x0b\", \xf0\x9f\xa6\x89 [\xe7\x8c\xab]]",
                   "[\x01, \xff\xfe, \"\x0b\", \xf0\x9f\xa6\x89 [\xe7\x8c\xab]]");
}

static void errors_say_where_and_what_was_required(void **state)
{
    (void)state;
#define WHERE(place, got, required) "tree: " place ": got " got ", required " required
    static const char *const cases[][2] = {
        {"", WHERE("character 1", "the end", "'[' or '('")},
        {"a face", WHERE("character 1", "'a'", "'[' or '('")},
        {"[a] b", WHERE("character 5", "'b'", "'[' or '('")},
        {"[a]]", WHERE("character 4", "']'", "'[' or '('")},
        {"[]", WHERE("character 2", "']'", "a label")},
        {"[a, ]", WHERE("character 5", "']'", "a label")},
        {"[\"\"]", WHERE("character 4", "']'", "a label")},
        {"[@0.3]", WHERE("character 2", "'@'", "a label")},
        {"[a", WHERE("character 3", "the end",
                     "',', '[', '(' or ']', which ends the list of character 1")},
        {"[a)",
         WHERE("character 3", "')'", "',', '[', '(' or ']', which ends the list of character 1")},
        {"[\xe7\x8c\xab\n[b] \xe7\x8c\xab]",
         WHERE("line 2, character 5", "'\xe7\x8c\xab'",
               "',', '[', '(' or ']', which ends the list of character 1")},
        {"[\"a\" b]",
         WHERE("character 6", "'b'", "',', '[', '(' or ']', which ends the list of character 1")},
        {"[a@0.3@0.4]",
         WHERE("character 7", "'@'", "',', '[', '(' or ']', which ends the list of character 1")},
        {"[a] (b, c, \"d)",
         WHERE("character 15", "the end", "'\"', which ends the label of character 12")},
        {"(a)", WHERE("character 3", "')'", "',' and another label to choose from")},
        {"[\\q]", WHERE("character 3", "'q'",
                        "n, r, t or a character that is no letter or digit, behind '\\'")},
        {"[a\\", WHERE("character 4", "the end",
                       "n, r, t or a character that is no letter or digit, behind '\\'")},
        {"[a\\\x01@x]", WHERE("character 6", "'x'",
                              "a number from 0 to 1 behind '@' (the character itself is \\@)")},
        {"[a@]", WHERE("character 4", "']'",
                       "a number from 0 to 1 behind '@' (the character itself is \\@)")},
        {"[a@1.5]", WHERE("character 4", "'1'",
                          "a number from 0 to 1 behind '@' (the character itself is \\@)")},
        {"[a@nan]", WHERE("character 4", "'n'",
                          "a number from 0 to 1 behind '@' (the character itself is \\@)")},
        {"[a@-0]", WHERE("character 4", "'-'",
                         "a number from 0 to 1 behind '@' (the character itself is \\@)")},
        {"[a@0x1]", WHERE("character 4", "'0'",
                          "a number from 0 to 1 behind '@' (the character itself is \\@)")},
        {"[a@.]", WHERE("character 4", "'.'",
                        "a number from 0 to 1 behind '@' (the character itself is \\@)")},
        {"[a@1e999]", WHERE("character 4", "'1'",
                            "a number from 0 to 1 behind '@' (the character itself is \\@)")},
        {"[a, b, \"a\"]",
         "tree: character 8: label: got the same twice in a list, required it once"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_refused(cases[i][0], TYTO_E_FORMAT, cases[i][1]);
    }
    assert_read_as("[a@0,3]", "[a@0, 3]");
}

/* Text that a parser could stumble over. */
static void random_label(stream *s, char *out, size_t most)
{
    static const char *const parts[] = {"a",
                                        " ",
                                        "  ",
                                        "[",
                                        "]",
                                        "(",
                                        ")",
                                        ",",
                                        "@",
                                        "\"",
                                        "\\",
                                        "\n",
                                        "\t",
                                        "\r",
                                        "\x0b",
                                        "\x7f",
                                        "0.3",
                                        "\xc3\xa9",
                                        "\xf0\x9f\xa6\x89",
                                        "\xff",
                                        "n",
                                        "'",
                                        "\x01"};
    const int64_t count = next_int(s, 1, 12);
    out[0] = '\0';
    for (int64_t i = 0; i < count && strlen(out) + 5 < most; i++) {
        strcat(out, parts[next_int(s, 0, (int64_t)(sizeof(parts) / sizeof(parts[0])) - 1)]);
    }
}

/* Adds lists about a node's region in the order of the text. */
static void grow(tyto_tree *tree, stream *s, int64_t node, int depth)
{
    const int64_t lists = next_int(s, node == TYTO_TREE_PHOTO, depth < 4 ? 2 : 0);
    for (int64_t i = 0; i < lists; i++) {
        const tyto_tree_kind kind = (tyto_tree_kind)next_int(s, 0, 1);
        int64_t list, added, wanted = next_int(s, 1 + (kind == TYTO_TREE_KIND_CHOICE), 4);
        assert_int_equal(tyto_tree_add_list(tree, node, kind, &list, NULL), TYTO_OK);
        while (wanted > 0) {
            char label[80];
            random_label(s, label, sizeof(label));
            const float threshold =
                next_int(s, 0, 2) ? TYTO_TREE_THRESHOLD_NONE : (next_float(s) + 1.0F) / 2.0F;
            const tyto_status status = tyto_tree_add(tree, list, label, threshold, &added, NULL);
            if (status == TYTO_E_ARGUMENT) {
                continue; /* the list has it already */
            }
            assert_int_equal(status, TYTO_OK);
            grow(tree, s, added, depth + 1);
            wanted--;
        }
    }
}

static void any_tree_is_read_as_it_was_spelled(void **state)
{
    stream s = {.state = 7};
    (void)state;
    for (int round = 0; round < 300; round++) {
        tyto_tree *tree = NULL;
        char *text = NULL;
        assert_int_equal(tyto_tree_create(&tree, NULL), TYTO_OK);
        grow(tree, &s, TYTO_TREE_PHOTO, 0);
        assert_int_equal(tyto_tree_text(tree, &text, NULL), TYTO_OK);
        tyto_tree *again = parsed(text);
        assert_int_equal(tyto_tree_node_count(again), tyto_tree_node_count(tree));
        assert_int_equal(tyto_tree_list_count(again), tyto_tree_list_count(tree));
        for (int64_t i = 0; i < tyto_tree_node_count(tree); i++) {
            const tyto_tree_node a = node_at(tree, i), b = node_at(again, i);
            assert_string_equal(a.label, b.label);
            assert_true(a.threshold == b.threshold);
            assert_int_equal(a.list, b.list);
            assert_int_equal(a.next, b.next);
            assert_int_equal(a.inner, b.inner);
        }
        assert_spelled(again, text);
        tyto_free(text);
        tyto_tree_destroy(tree);
        tyto_tree_destroy(again);
    }
}

/* Bytes of the alphabet of trees, in any order: refused or complete. */
static void any_text_is_read_or_refused(void **state)
{
    static const char alphabet[] = "[[]](),,@ab\" \\\n01.\xc3\xa9";
    stream s = {.state = 9};
    int64_t good = 0;
    (void)state;
    for (int round = 0; round < 20000; round++) {
        char text[24];
        tyto_tree *tree = NULL;
        tyto_error err = TYTO_ERROR_INIT;
        const int64_t length = next_int(&s, 0, (int64_t)sizeof(text) - 1);
        for (int64_t i = 0; i < length; i++) {
            text[i] = alphabet[next_int(&s, 0, (int64_t)sizeof(alphabet) - 2)];
        }
        text[length] = '\0';
        if (tyto_tree_parse(text, &tree, &err) == TYTO_OK) {
            good++;
            assert_int_equal(tyto_tree_check(tree, NULL), TYTO_OK);
        } else {
            assert_int_equal(err.status, TYTO_E_FORMAT);
            assert_non_null(strstr(tyto_error_message(&err), "tree: "));
        }
        tyto_error_clear(&err);
        tyto_tree_destroy(tree);
    }
    assert_true(good > 0);
}

static void limits_are_clear_errors(void **state)
{
    enum { ROOM = 64 << 10 };
    static char text[ROOM];
    (void)state;
    for (int depth = TYTO_TREE_DEPTH_MAX; depth <= TYTO_TREE_DEPTH_MAX + 1; depth++) {
        text[0] = '\0';
        for (int i = 0; i < depth; i++) {
            strcat(text, "[a");
        }
        for (int i = 0; i < depth; i++) {
            strcat(text, "]");
        }
        if (depth > TYTO_TREE_DEPTH_MAX) {
            assert_refused(text, TYTO_E_LIMIT,
                           "tree: character 65: lists: got one deeper than 32, required at most "
                           "that");
        } else {
            tyto_tree_destroy(parsed(text));
        }
    }
    size_t length = 0;
    for (int i = 0; i <= TYTO_TREE_NODES_MAX; i++) {
        length += (size_t)snprintf(text + length, ROOM - length, "%s%d", i ? "," : "[", i);
    }
    assert_true(length + 2 < ROOM);
    strcpy(text + length, "]");
    assert_refused(text, TYTO_E_LIMIT,
                   "tree: character 19372: labels: got more than 4096, required at most that");
    strcpy(strrchr(text, ','), "]");
    tyto_tree_destroy(parsed(text));
    char *huge = malloc(TYTO_TREE_BYTES_MAX + 2);
    assert_non_null(huge);
    memset(huge, 'a', TYTO_TREE_BYTES_MAX + 1);
    huge[0] = '[';
    huge[TYTO_TREE_BYTES_MAX + 1] = '\0';
    assert_refused(huge, TYTO_E_LIMIT, "tree: got more than 1048576 bytes, required at most that");
    huge[TYTO_TREE_BYTES_MAX - 1] = ']';
    huge[TYTO_TREE_BYTES_MAX] = '\0';
    tyto_tree_destroy(parsed(huge));
    free(huge);
}

static void builders_are_checked(void **state)
{
    tyto_tree *tree = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    int64_t list, node;
    char *text;
    (void)state;
    assert_int_equal(tyto_tree_create(&tree, NULL), TYTO_OK);
    assert_int_equal(tyto_tree_check(tree, &err), TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err), "tree: got no list, required one of the photo");
    assert_int_equal(tyto_tree_text(tree, &text, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add_list(tree, 0, TYTO_TREE_KIND_THINGS, NULL, NULL), TYTO_E_RANGE);
    assert_int_equal(tyto_tree_add_list(tree, -2, TYTO_TREE_KIND_THINGS, NULL, NULL), TYTO_E_RANGE);
    assert_int_equal(tyto_tree_add_list(tree, TYTO_TREE_PHOTO, (tyto_tree_kind)2, NULL, NULL),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add(tree, 0, "a", 0.5F, NULL, NULL), TYTO_E_RANGE);
    assert_int_equal(tyto_tree_add_list(tree, TYTO_TREE_PHOTO, TYTO_TREE_KIND_CHOICE, &list, NULL),
                     TYTO_OK);
    assert_int_equal(tyto_tree_add(tree, list, "a", 0.5F, &node, NULL), TYTO_OK);
    assert_int_equal(tyto_tree_check(tree, &err), TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err), "tree: list 0: got 1 labels, required 2 or more");
    assert_int_equal(tyto_tree_add(tree, list, "a", 0.5F, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add(tree, list, "", 0.5F, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add(tree, list, "b", NAN, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add(tree, list, "b", -1.0F, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add(tree, list, "b", 1.5F, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add(tree, list, "b", TYTO_TREE_THRESHOLD_NONE, NULL, &err), TYTO_OK);
    assert_int_equal(tyto_tree_add_list(tree, node, TYTO_TREE_KIND_THINGS, &list, &err), TYTO_OK);
    assert_int_equal(tyto_tree_text(tree, &text, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add(tree, list, "c", TYTO_TREE_THRESHOLD_NONE, NULL, &err), TYTO_OK);
    assert_spelled(tree, "(a@0.5 [c], b)");
    tyto_tree_destroy(tree);
    tyto_tree_destroy(NULL);
    assert_int_equal(tyto_tree_parse(NULL, &tree, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_parse("[a]", NULL, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add(NULL, 0, "a", 0, NULL, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_tree_add_list(NULL, 0, TYTO_TREE_KIND_THINGS, NULL, NULL),
                     TYTO_E_ARGUMENT);
}

static void write_tree(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
}

static void files_hold_trees(void **state)
{
    char path[] = "/tmp/tyto-tree-XXXXXX", words[64];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tree *tree = NULL;
    const int made = mkstemp(path);
    (void)state;
    assert_true(made >= 0);
    close(made);
    snprintf(words, sizeof(words), "@%s", path);
    write_tree(path, "\xef\xbb\xbf[a face\r\n  [an eye,\r\n   a nose]]\r\n");
    assert_int_equal(tyto_tree_read(words, &tree, NULL), TYTO_OK);
    assert_spelled(tree, "[a face [an eye, a nose]]");
    tyto_tree_destroy(tree);
    write_tree(path, "[a face\n  b)");
    assert_int_equal(tyto_tree_read(words, &tree, &err), TYTO_E_FORMAT);
    assert_non_null(strstr(tyto_error_message(&err), path));
    assert_non_null(strstr(tyto_error_message(&err), ": tree: line 2, character 4: got ')'"));
    write_tree(path, "");
    assert_int_equal(tyto_tree_read(words, &tree, &err), TYTO_E_FORMAT);
    unlink(path);
    assert_int_equal(tyto_tree_read(words, &tree, &err), TYTO_E_NOT_FOUND);
    tyto_error_clear(&err);
    assert_null(tree);
    assert_int_equal(tyto_tree_read("[a]", &tree, NULL), TYTO_OK);
    tyto_tree_destroy(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_and_lists_come_in_the_order_of_the_text),
        cmocka_unit_test(trees_are_spelled),
        cmocka_unit_test(errors_say_where_and_what_was_required),
        cmocka_unit_test(any_tree_is_read_as_it_was_spelled),
        cmocka_unit_test(any_text_is_read_or_refused),
        cmocka_unit_test(limits_are_clear_errors),
        cmocka_unit_test(builders_are_checked),
        cmocka_unit_test(files_hold_trees),
    };
    return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
