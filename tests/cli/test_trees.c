/* tyto detect --tree, with a small network in which anything is anywhere. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TREE "[a cat [an eye (open, shut)], a dog@0.9] (indoors, outdoors)"

static const json_t *inside(const json_t *list, size_t i)
{
    const json_t *got = json_object_get(json_array_get(list, i), "inside");
    assert_true(json_is_array(got));
    return got;
}

/* Two cats, two eyes in each, open or shut; and the photo as a whole. */
static void check_photo(const json_t *photo, const char *name)
{
    const json_t *found = json_object_get(photo, "found");
    assert_string_equal(json_string_value(json_object_get(photo, "image")), name);
    assert_string_equal(json_string_value(json_object_get(photo, "tree")), TREE);
    assert_true(json_number_value(json_object_get(photo, "threshold")) == 0.0);
    assert_int_equal(json_array_size(found), 3);
    for (size_t i = 0; i < 2; i++) {
        const json_t *cat = json_array_get(found, i);
        assert_string_equal(json_string_value(json_object_get(cat, "label")), "a cat");
        assert_int_equal(json_object_size(json_object_get(cat, "box")), 4);
        assert_int_equal(json_array_size(inside(found, i)), 2);
        for (size_t k = 0; k < 2; k++) {
            const json_t *eye = json_array_get(inside(found, i), k);
            assert_string_equal(json_string_value(json_object_get(eye, "label")), "an eye");
            const json_t *choice = json_array_get(inside(inside(found, i), k), 0);
            const json_t *choices = json_object_get(choice, "choices");
            assert_int_equal(json_array_size(choices), 2);
            assert_string_equal(
                json_string_value(json_object_get(json_array_get(choices, 0), "label")), "open");
            assert_int_equal(
                json_integer_value(json_object_get(json_array_get(choices, 1), "label_index")), 3);
        }
    }
    const json_t *whole = json_array_get(found, 2);
    assert_int_equal(json_array_size(json_object_get(whole, "choices")), 2);
    assert_null(json_object_get(whole, "box"));
    assert_null(json_object_get(whole, "inside"));
}

static void objects_nest(void **state)
{
    (void)state;
    copy_file(CAT, "a.jpg");
    copy_file(COFFEE, "b.jpg");
    ran run = tyto("detect", "-m", ODD_MODEL, "a.jpg", "--tree", TREE, "--threshold", "0",
                   "--top-k", "2", "-f", "json", NULL);
    assert_done(&run);
    json_t *one = parsed(run.out);
    check_photo(one, "a.jpg");
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, "a.jpg", "b.jpg", "--tree", TREE, "--threshold", "0",
               "--top-k", "2", "-o", "found.json", "--draw", "drawn", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, "2 photos done, 0 failed, 12 found"));
    ran_clear(&run);
    char *text = file_text("found.json", NULL);
    json_t *both = parsed(text);
    assert_int_equal(json_array_size(both), 2);
    assert_true(json_equal(json_array_get(both, 0), one));
    check_photo(json_array_get(both, 1), "b.jpg");
    assert_int_equal(folder_count("drawn"), 2);
    json_decref(both);
    json_decref(one);
    free(text);
}

static void tables_are_indented(void **state)
{
    (void)state;
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, "--tree", TREE, "--threshold", "0", "--top-k",
                   "2", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "px): 6 found\n  score "));
    assert_non_null(strstr(run.out, "  a cat\n"));
    assert_non_null(strstr(run.out, "    an eye\n"));
    assert_true(strstr(run.out, "      = open (shut 0.") || strstr(run.out, "= shut (open 0."));
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--tree", TREE, "--threshold", "0", "--tree-regions",
               "1", "--top-k", "3", "-f", "jsonl", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "\"inside\": null"));
    assert_non_null(strstr(run.err, "4 things weren't looked into (--tree-regions)"));
    ran_clear(&run);
}

static void trees_come_from_files(void **state)
{
    static const char file[] = "[a cat [an eye\n          (open, shut)],\n a dog@0.9]\n"
                               "(indoors, outdoors)\n";
    (void)state;
    write_file("tree.txt", file, strlen(file));
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, "--tree", "@tree.txt", "--threshold", "0",
                   "--top-k", "2", "-f", "jsonl", NULL);
    assert_done(&run);
    json_t *photo = parsed(run.out);
    check_photo(photo, CAT);
    json_decref(photo);
    ran_clear(&run);
    run = tyto_reading(file, strlen(file), "detect", "-m", ODD_MODEL, CAT, "--tree", "@-",
                       "--threshold", "0", "--top-k", "2", "-f", "jsonl", NULL);
    assert_done(&run);
    ran_clear(&run);
    write_file("tree.txt", "[a cat\n b)", 10);
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--tree", "@tree.txt", NULL);
    assert_complains(&run, 1, "tree.txt: tree: line 2, character 3: got ')', required");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--tree", "@nowhere.txt", NULL);
    assert_complains(&run, 1, "nowhere.txt: No such file");
    write_file("tree.jsonl", file, strlen(file));
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--tree", "@tree.jsonl", "-o", "tree.jsonl", NULL);
    assert_complains(&run, 2, "tree.jsonl");
    char *text = file_text("tree.jsonl", NULL);
    assert_string_equal(text, file);
    free(text);
}

/* Labels of characters that mean something, and in other scripts. */
static void labels_hold_any_character(void **state)
{
    static const char *const labels[] = {"a [sign], \"(STOP)\" @ 0.5\n\\", "\xe7\x8c\xab",
                                         "a 19\" wheel"};
    (void)state;
    ran run =
        tyto("detect", "-m", ODD_MODEL, CAT, "--tree",
             "[\"a [sign], \\\"(STOP)\\\" @ 0.5\\n\\\\\"@0] [\xe7\x8c\xab@0] [a 19\" wheel@0]",
             "--top-k", "1", "-f", "jsonl", NULL);
    assert_done(&run);
    json_t *photo = parsed(run.out);
    for (size_t i = 0; i < 3; i++) {
        const json_t *item = json_array_get(json_object_get(photo, "found"), i);
        assert_string_equal(json_string_value(json_object_get(item, "label")), labels[i]);
    }
    json_decref(photo);
    ran_clear(&run);
}

static void runs_go_on(void **state)
{
    (void)state;
    copy_file(CAT, "a.jpg");
    copy_file(COFFEE, "b.jpg");
    ran run = tyto("detect", "-m", ODD_MODEL, "a.jpg", "--tree", TREE, "--threshold", "0",
                   "--top-k", "2", "-o", "lines.jsonl", NULL);
    assert_done(&run);
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, "a.jpg", "b.jpg", "--tree", TREE, "--threshold", "0",
               "--top-k", "2", "-o", "lines.jsonl", "--resume", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, ", 1 done before"));
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, "a.jpg", "b.jpg", "--tree", "[a cat]", "--threshold", "0",
               "-o", "lines.jsonl", "--resume", NULL);
    assert_complains(&run, 1, "lines.jsonl: got results of the tree '[a cat [an eye");
}

static void what_does_not_go_together_is_refused(void **state)
{
    static const char *const beside[][3] = {
        {"-t", "x", "--text: got it beside --tree"},
        {"--labels", "names.txt", "--labels: got it beside --tree"},
        {"--classes", "x.npy", "--classes: got it beside --tree"},
        {"--boxes", "reference", "--boxes reference: got it beside --tree"},
        {"--every", "2", "--every: got it beside --tree"},
        {"--threshold", "a cat=0.3", "--threshold: got 'a cat=0.3' beside --tree"},
        {"--format", "csv", "got csv beside --tree, required text, json or jsonl"},
        {"--format", "coco", "got coco beside --tree, required text, json or jsonl"},
        {"--tree-regions", "0", "--tree-regions: got '0'"},
        {"--tree-margin", "-1", "--tree-margin: got '-1'"},
        {"--tree", "[a", "--tree: character 3: got the end, required"},
        {"--tree", "", "--tree: character 1: got the end, required '[' or '('"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(beside) / sizeof(beside[0]); i++) {
        ran run =
            tyto("detect", "-m", ODD_MODEL, CAT, "--tree", TREE, beside[i][0], beside[i][1], NULL);
        assert_complains(&run, 2, beside[i][2]);
    }
    ran run = tyto("detect", "-m", ODD_MODEL, "in.mp4", "--tree", TREE, NULL);
    assert_complains(&run, 2, "--tree: got the video in.mp4, required photos");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--tree", TREE, "-o", "found.csv", NULL);
    assert_complains(&run, 2, "got csv beside --tree, required text, json or jsonl");
    assert_false(file_there("found.csv"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_nest),
        cmocka_unit_test(tables_are_indented),
        cmocka_unit_test(trees_come_from_files),
        cmocka_unit_test(labels_hold_any_character),
        cmocka_unit_test(runs_go_on),
        cmocka_unit_test(what_does_not_go_together_is_refused),
    };
    return cmocka_run_group_tests_name("trees", tests, enter_folder, leave_folder);
}
