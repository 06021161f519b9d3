/* tyto fill-mask and classify, on real files: what they say is what the library finds. */
#include "run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/cases.h"

#define TASKS "golden/data/perceiver_tasks/"

static json_t *cases_of(const char *name)
{
    char path[128];
    snprintf(path, sizeof(path), TASKS "%s/cases.json", name);
    char *text = file_text(test_path(path), NULL);
    json_t *cases = json_loads(text, 0, NULL);
    free(text);
    assert_non_null(cases);
    return cases;
}

static const json_t *at(const json_t *list, size_t i)
{
    return json_array_get(list, i);
}

static json_t *done(ran *run)
{
    assert_done(run);
    json_t *root = parsed(run->out);
    ran_clear(run);
    return root;
}

static void masks_are_filled(void **state)
{
    (void)state;
    json_t *cases = cases_of("fill_mask");
    const json_t *first = at(cases, 0), *top = json_object_get(first, "top");
    const char *text = json_string_value(json_object_get(first, "text"));
    const char *model = test_path(TASKS "fill_mask/model");
    ran run = tyto("fill-mask", "-m", model, text, "--mask-text", " missing", "--span", "51:52",
                   "--span", "59:60", "-k", "4", "-f", "json", NULL);
    json_t *root = done(&run);
    const json_t *object = at(root, 0), *masks = json_object_get(object, "masks");
    const char *best = json_string_value(json_object_get(object, "best"));
    assert_string_equal(json_string_value(json_object_get(object, "text")), text);
    assert_int_equal(json_array_size(root), 1);
    assert_true(json_array_size(masks) == json_array_size(top) && json_array_size(top) == 9);
    for (size_t m = 0; m < 9; m++) {
        const json_t *mask = at(masks, m), *guesses = json_object_get(mask, "guesses");
        assert_int_equal(json_integer_value(json_object_get(mask, "position")), 52 + m);
        assert_int_equal(json_array_size(guesses), 4);
        for (size_t i = 0; i < 4; i++) {
            const json_t *guess = at(guesses, i), *pair = at(at(top, m), i);
            const double score = json_number_value(json_object_get(guess, "score"));
            assert_int_equal(json_integer_value(json_object_get(guess, "id")),
                             json_integer_value(at(pair, 0)));
            assert_true(fabs(score - json_real_value(at(pair, 1))) < 1e-5);
        }
    }
    assert_int_equal(json_string_length(json_object_get(object, "best")), strlen(text));
    assert_memory_equal(best, text, 51);
    json_decref(root);
    json_decref(cases);
}

static void masks_have_every_format(void **state)
{
    (void)state;
    const char *model = test_path(TASKS "fill_mask/model");
    ran run = tyto("fill-mask", "-m", model, "a, [MASK]", "[MASK]!", "-k", "2", "-f", "csv", NULL);
    assert_done(&run);
    assert_memory_equal(run.out, "text,best,position,rank,id,token,score\n\"a, [MASK]\",", 51);
    size_t lines = 0;
    for (const char *c = run.out; *c; c++) {
        lines += *c == '\n';
    }
    assert_int_equal(lines, 5);
    ran_clear(&run);

    run = tyto_reading("a\n\nbcd\n", 7, "fill-mask", "-m", model, "--file", "-", "-s", "0:1", "-f",
                       "jsonl", "-o", "out.jsonl", NULL);
    assert_done(&run);
    assert_string_equal(run.out, "");
    ran_clear(&run);
    char *text = file_text("out.jsonl", NULL);
    assert_memory_equal(text, "{\"text\": \"a\", \"best\": ", 22);
    assert_non_null(strstr(text, "}\n{\"text\": \"bcd\", \"best\": "));
    free(text);

    run = tyto("fill-mask", "-m", model, "a[MASK]b", "-k", "1", NULL);
    assert_done(&run);
    assert_memory_equal(run.out, "text  a[MASK]b\nbest  a", 22);
    assert_non_null(strstr(run.out, "\n  token  guesses\n      2  "));
    ran_clear(&run);
}

/* A text that can't be filled is told, and the others are filled. */
static void other_texts_are_filled_all_the_same(void **state)
{
    (void)state;
    const char *model = test_path(TASKS "fill_mask/model");
    char longer[200];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    ran run =
        tyto("fill-mask", "-m", model, "short", longer, "word", "-t", "x", "-f", "json", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "\"short\": got no \"x\" in it"));
    assert_non_null(strstr(run.err, "xx\u2026\": text: got 201 tokens, required at most 96"));
    assert_null(strstr(run.err, longer + 100)); /* the text is not said whole */
    assert_non_null(strstr(run.err, "\"word\": got no \"x\" in it"));
    assert_string_equal(run.out, "[]\n");
    ran_clear(&run);
    run = tyto("fill-mask", "-m", model, "no", "a[MASK]", "-f", "jsonl", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "\"no\": text: got no mask, required [MASK] or a span"));
    assert_memory_equal(run.out, "{\"text\": \"a[MASK]\"", 18);
    ran_clear(&run);
    run = tyto("fill-mask", "-m", model, "four", "-s", "2:9", NULL);
    assert_complains(&run, 1,
                     "\"four\": span: got 2 to 9, required a start before its end, in a "
                     "text of 4 bytes");
}

/* What is cut to be said is cut between characters. */
static void long_texts_are_said_in_part(void **state)
{
    (void)state;
    for (int before = 0; before < 4; before++) {
        char text[4 * 100 + 4] = "abc";
        for (int i = 0; i < 100; i++) {
            memcpy(text + before + 4 * i, "\U0001F600", 5);
        }
        ran run = tyto("classify", "-m", test_path(TASKS "texts/model"), text, NULL);
        json_t *said = json_string(run.err); /* NULL unless UTF-8 */
        assert_non_null(said);
        json_decref(said);
        assert_complains(&run, 1, "\U0001F600\u2026\": text 0: got ");
    }
}

static void wrong_usage_is_told_before_the_model_is_read(void **state)
{
    (void)state;
    static const char *const spans[] = {
        "3", "3:", ":3", "3:3", "4:3", "-1:3", "1:2x", "a:b", "1:99999999999999999999"};
    for (size_t i = 0; next_case(i, sizeof(spans) / sizeof(spans[0])); i++) {
        ran run = tyto("fill-mask", "-m", "absent", "text", "-s", spans[i], NULL);
        assert_complains(&run, 2, "required START:END");
    }
    ran run = tyto("fill-mask", "-m", "absent", "text", "-t", "", NULL);
    assert_complains(&run, 2, "--mask-text: got an empty text");
    run = tyto("fill-mask", "-m", "absent", NULL);
    assert_complains(&run, 2, "no text");
    run = tyto("classify", "-m", "absent", NULL);
    assert_complains(&run, 2, "nothing to classify");
    run = tyto("classify", "-m", "absent", "x", "--batch", "0", NULL);
    assert_complains(&run, 2, "--batch");
    run = tyto("fill-mask", "-m", test_path(TASKS "texts/model"), "[MASK]", NULL);
    assert_complains(&run, 1,
                     "got PerceiverForSequenceClassification, required PerceiverForMaskedLM, such "
                     "as 'deepmind/language-perceiver'");
    run = tyto("classify", "-m", test_path(TASKS "texts/model"), CAT, NULL);
    assert_complains(&run, 1, "cat.jpg: got a photo, required a text, which ");
    run = tyto("classify", "-m", test_path(TASKS "fill_mask/model"), "text", NULL);
    assert_complains(&run, 1, "got PerceiverForMaskedLM, required PerceiverModel, ");
    run = tyto("classify", "-m", test_path("golden/data/perceiver/learned/model"), CAT, NULL);
    assert_complains(&run, 1, "no preprocessor_config.json, required to read pictures");
}

/* The classes of JSON are the scores of a case. */
static void compare(const json_t *object, const json_t *item, size_t count)
{
    const json_t *classes = json_object_get(object, "classes");
    const json_t *scores = json_object_get(item, "scores");
    assert_int_equal(json_array_size(classes), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *c = at(classes, i);
        const size_t label = (size_t)json_integer_value(json_object_get(c, "label_index"));
        const double score = json_number_value(json_object_get(c, "score"));
        assert_true(fabs(score - json_real_value(at(scores, label))) < 1e-5);
    }
}

static void photos_are_classified(void **state)
{
    (void)state;
    json_t *cases = cases_of("pictures");
    const char *model = test_path(TASKS "pictures/model");
    ran run =
        tyto("classify", "-m", model, test_path("../assets/photos"), "-f", "json", "-k", "0", NULL);
    json_t *root = done(&run);
    assert_int_equal(json_array_size(root), 2);
    for (size_t i = 0; i < 2; i++) {
        const char *path = json_string_value(json_object_get(at(root, i), "image"));
        assert_non_null(strstr(path, json_string_value(json_object_get(at(cases, i), "photo"))));
        compare(at(root, i), at(cases, i), 6);
    }
    const json_t *best = at(json_object_get(at(root, 0), "classes"), 0);
    assert_string_equal(json_string_value(json_object_get(best, "label")), "gnu");
    json_decref(root);

    /* One at a time, with one that is no photo among them. */
    write_file("bad.jpg", "no photo", 8);
    run = tyto("classify", "-m", model, CAT, "bad.jpg", COFFEE, "-f", "jsonl", "-b", "2", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "bad.jpg: "));
    char *second = strchr(run.out, '\n') + 1;
    root = parsed(second);
    compare(root, at(cases, 1), 5);
    json_decref(root);
    ran_clear(&run);
    run = tyto("classify", "-m", model, "absent.jpg", NULL);
    assert_complains(&run, 1, "absent.jpg");
    json_decref(cases);
}

static void texts_are_classified(void **state)
{
    (void)state;
    json_t *cases = cases_of("texts");
    const char *model = test_path(TASKS "texts/model");
    const char *text = json_string_value(json_object_get(at(cases, 2), "text"));
    ran run = tyto("classify", "-m", model, "hello world!", text, "-f", "json", NULL);
    json_t *root = done(&run);
    compare(at(root, 0), at(cases, 1), 3);
    compare(at(root, 1), at(cases, 2), 3);
    json_decref(root);

    char longer[200];
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    run = tyto("classify", "-m", model, "hello world!", longer, "b", "-f", "csv", "-k", "1", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "got 201 tokens, required at most 96"));
    assert_non_null(strstr(run.out, "input,rank,label,label_index,score,logit\n"
                                    "hello world!,1,\"neutral, or so\",1,0.8124"));
    assert_non_null(strstr(run.out, "\nb,1,"));
    ran_clear(&run);
    run = tyto("classify", "-m", model, longer, "--truncation", "-f", "json", NULL);
    root = done(&run);
    compare(at(root, 0), at(cases, 3), 3);
    json_decref(root);
    run = tyto_reading("hello world!\n", 13, "classify", "-m", model, "--file", "-", "-k", "1",
                       "--scores", "none", NULL);
    assert_done(&run);
    assert_string_equal(run.out, "hello world!\n  score  label\n 2.3420  neutral, or so\n");
    ran_clear(&run);
    json_decref(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(masks_are_filled),
        cmocka_unit_test(masks_have_every_format),
        cmocka_unit_test(other_texts_are_filled_all_the_same),
        cmocka_unit_test(long_texts_are_said_in_part),
        cmocka_unit_test(wrong_usage_is_told_before_the_model_is_read),
        cmocka_unit_test(photos_are_classified),
        cmocka_unit_test(texts_are_classified),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
