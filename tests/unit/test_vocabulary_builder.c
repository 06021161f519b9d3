/* Vocabularies of texts, saved classes, examples and photos together. */
#include <tyto/tyto.h>

#include "support/golden.h"
#include "support/search.h"

static struct {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_image cat, coffee;
} with;

static int open_all(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_engine_create(NULL, &with.engine, &err), &err);
    ASSERT_DONE(
        tyto_model_open(with.engine, golden_path(path, "owlv2/odd/model"), NULL, &with.model, &err),
        &err);
    ASSERT_DONE(tyto_session_create(with.model, NULL, &with.session, &err), &err);
    snprintf(path, sizeof(path), "%s/../assets/photos/cat.jpg", getenv("TYTO_TEST_DATA"));
    ASSERT_DONE(tyto_image_load(path, NULL, &with.cat, &err), &err);
    snprintf(path, sizeof(path), "%s/../assets/photos/coffee.jpg", getenv("TYTO_TEST_DATA"));
    ASSERT_DONE(tyto_image_load(path, NULL, &with.coffee, &err), &err);
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    tyto_image_clear(&with.cat);
    tyto_image_clear(&with.coffee);
    tyto_session_destroy(with.session);
    tyto_model_destroy(with.model);
    tyto_engine_destroy(with.engine);
    return 0;
}

static tyto_vocabulary *texts(const char *const *labels, int64_t count)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *made = NULL;
    ASSERT_DONE(tyto_vocabulary_create(with.session, labels, count, NULL, &made, &err), &err);
    return made;
}

static const tyto_box region = {40, 40, 300, 260};

/* "a cat" twice, a saved "cup" and "a cat", examples of "cup" (twice) and "a cat". */
static tyto_vocabulary_builder *filled(tyto_averaging averaging)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary_builder *builder;
    const char *const names[] = {"cup", "a cat"};
    const tyto_vocabulary_example examples[] = {
        {.photo = "cat.jpg", .region = &region, .label = "cup"},
        {.photo = "coffee.jpg", .label = "a cat"},
        {.photo = "cat.jpg", .rule = TYTO_QUERY_RULE_OVERLAP, .label = "cup"}};
    ASSERT_DONE(tyto_vocabulary_builder_create(averaging, &builder, &err), &err);
    for (int i = 0; i < 3; i++) { /* what is added later has its place all the same */
        ASSERT_DONE(tyto_vocabulary_builder_add_example(builder, &examples[i], &err), &err);
    }
    tyto_vocabulary *saved = texts(names, 2);
    ASSERT_DONE(tyto_vocabulary_builder_add_vocabulary(builder, saved, &err), &err);
    tyto_vocabulary_destroy(saved);
    ASSERT_DONE(tyto_vocabulary_builder_add_text(builder, "a cat", &err), &err);
    ASSERT_DONE(tyto_vocabulary_builder_add_text(builder, "a cat", &err), &err);
    return builder;
}

/* Labels and examples' places among them, by averaging. */
static const struct {
    tyto_averaging averaging;
    int64_t count;
    const char *labels[7];
    int64_t places[3];
} cases[] = {
    {TYTO_AVERAGING_NONE, 7, {"a cat", "a cat", "cup", "a cat", "cup", "a cat", "cup"}, {4, 5, 6}},
    {TYTO_AVERAGING_EXAMPLES, 6, {"a cat", "a cat", "cup", "a cat", "cup", "a cat"}, {4, 5, 4}},
    {TYTO_AVERAGING_ALL, 2, {"a cat", "cup"}, {1, 0, 1}},
};

static void labels_are_known_before_the_model(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        tyto_vocabulary_builder *builder = filled(cases[c].averaging);
        const char *const *labels;
        const tyto_example_note *notes;
        int64_t count;
        ASSERT_DONE(tyto_vocabulary_builder_labels(builder, &labels, &count, &err), &err);
        assert_int_equal(count, cases[c].count);
        for (int64_t i = 0; i < count; i++) {
            assert_string_equal(labels[i], cases[c].labels[i]);
        }
        assert_int_equal(tyto_vocabulary_builder_text_count(builder), 2);
        assert_int_equal(tyto_vocabulary_builder_width(builder),
                         tyto_model_query_width(with.model));
        assert_int_equal(tyto_vocabulary_builder_photo_count(builder), 2);
        assert_string_equal(tyto_vocabulary_builder_photo(builder, 0), "cat.jpg");
        assert_string_equal(tyto_vocabulary_builder_photo(builder, 1), "coffee.jpg");
        assert_null(tyto_vocabulary_builder_photo(builder, 2));
        ASSERT_DONE(tyto_vocabulary_builder_notes(builder, &notes, &count, &err), &err);
        assert_int_equal(count, 3);
        for (int64_t i = 0; i < 3; i++) {
            assert_int_equal(notes[i].label_index, cases[c].places[i]);
            assert_string_equal(notes[i].photo, i == 1 ? "coffee.jpg" : "cat.jpg");
        }
        tyto_vocabulary_builder_destroy(builder);
    }
}

static void embed_pictures(tyto_vocabulary_builder *builder)
{
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(
        tyto_vocabulary_builder_embed_examples(builder, with.session, 0, &with.cat, NULL, &err),
        &err);
    ASSERT_DONE(
        tyto_vocabulary_builder_embed_examples(builder, with.session, 1, &with.coffee, NULL, &err),
        &err);
}

/* The parts by hand, joined and averaged. */
static tyto_vocabulary *by_hand(tyto_averaging averaging, tyto_query_box chosen[3])
{
    tyto_error err = TYTO_ERROR_INIT;
    const char *const names[] = {"a cat", "a cat", "cup", "a cat"};
    tyto_photo *cat, *coffee;
    tyto_vocabulary *parts[4] = {texts(names, 4)}, *joined, *examples, *averaged;
    ASSERT_DONE(tyto_photo_create(with.session, &with.cat, NULL, &cat, &err), &err);
    ASSERT_DONE(tyto_photo_create(with.session, &with.coffee, NULL, &coffee, &err), &err);
    ASSERT_DONE(tyto_photo_query(with.session, cat, &region, TYTO_QUERY_RULE_OBJECTNESS, "cup",
                                 &chosen[0], &parts[1], &err),
                &err);
    ASSERT_DONE(tyto_photo_query(with.session, coffee, NULL, TYTO_QUERY_RULE_REFERENCE, "a cat",
                                 &chosen[1], &parts[2], &err),
                &err);
    ASSERT_DONE(tyto_photo_query(with.session, cat, NULL, TYTO_QUERY_RULE_OVERLAP, "cup",
                                 &chosen[2], &parts[3], &err),
                &err);
    ASSERT_DONE(tyto_vocabulary_join((const tyto_vocabulary *const *)parts + 1, 3, &examples, &err),
                &err);
    if (averaging == TYTO_AVERAGING_EXAMPLES) {
        ASSERT_DONE(tyto_vocabulary_average(examples, &averaged, &err), &err);
        tyto_vocabulary_destroy(examples);
        examples = averaged;
    }
    const tyto_vocabulary *const both[] = {parts[0], examples};
    ASSERT_DONE(tyto_vocabulary_join(both, 2, &joined, &err), &err);
    if (averaging == TYTO_AVERAGING_ALL) {
        ASSERT_DONE(tyto_vocabulary_average(joined, &averaged, &err), &err);
        tyto_vocabulary_destroy(joined);
        joined = averaged;
    }
    for (int i = 0; i < 4; i++) {
        tyto_vocabulary_destroy(parts[i]);
    }
    tyto_vocabulary_destroy(examples);
    tyto_photo_destroy(cat);
    tyto_photo_destroy(coffee);
    return joined;
}

static void it_builds_what_its_parts_make(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
        tyto_vocabulary_builder *builder = filled(cases[c].averaging);
        tyto_query_box chosen[3];
        tyto_vocabulary *built, *expected = by_hand(cases[c].averaging, chosen);
        embed_pictures(builder);
        ASSERT_DONE(tyto_vocabulary_builder_build(builder, with.session, NULL, &built, &err), &err);
        const int64_t count = tyto_vocabulary_count(built), width = tyto_vocabulary_width(built);
        assert_int_equal(count, cases[c].count);
        assert_int_equal(tyto_vocabulary_count(expected), count);
        for (int64_t i = 0; i < count; i++) {
            assert_string_equal(tyto_vocabulary_label(built, i), cases[c].labels[i]);
        }
        for (int64_t i = 0; i < count * width; i++) {
            assert_true(is_close((double)tyto_vocabulary_unit_features(built)[i],
                                 (double)tyto_vocabulary_unit_features(expected)[i], 1e-5));
        }
        const tyto_example_note *notes;
        int64_t n_notes;
        ASSERT_DONE(tyto_vocabulary_builder_notes(builder, &notes, &n_notes, &err), &err);
        assert_int_equal(n_notes, 3);
        for (int64_t i = 0; i < 3; i++) {
            assert_memory_equal(&notes[i].box, &chosen[i].box, sizeof(notes[i].box));
            assert_true(notes[i].objectness == chosen[i].objectness);
            assert_true(notes[i].overlap == chosen[i].iou);
        }
        tyto_vocabulary_destroy(built);
        tyto_vocabulary_destroy(expected);
        tyto_vocabulary_builder_destroy(builder);
    }
}

/* Queries know what they were made of. */
static void kinds_are_kept(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    static const tyto_query_kind kinds[] = {TYTO_QUERY_KIND_TEXT,    TYTO_QUERY_KIND_TEXT,
                                            TYTO_QUERY_KIND_TEXT,    TYTO_QUERY_KIND_TEXT,
                                            TYTO_QUERY_KIND_EXAMPLE, TYTO_QUERY_KIND_EXAMPLE,
                                            TYTO_QUERY_KIND_IMAGE};
    tyto_vocabulary_builder *builder = filled(TYTO_AVERAGING_EXAMPLES);
    tyto_vocabulary *built;
    tyto_search_options boxes = search_defaults(false);
    tyto_query query;
    int64_t found;
    boxes.threshold = 0.0F;
    boxes.top_k = 3;
    embed_pictures(builder);
    ASSERT_DONE(
        tyto_vocabulary_builder_embed_image(builder, with.session, "whole", &with.cat, NULL, &err),
        &err);
    ASSERT_DONE(tyto_vocabulary_builder_embed_boxes(builder, with.session, "thing", &with.coffee,
                                                    NULL, &boxes, &found, &err),
                &err);
    assert_int_equal(found, 3);
    ASSERT_DONE(tyto_vocabulary_builder_build(builder, with.session, NULL, &built, &err), &err);
    assert_int_equal(tyto_vocabulary_count(built), 10);
    for (int64_t i = 0; i < 10; i++) {
        assert_true(tyto_vocabulary_query(built, i, &query));
        assert_int_equal(query.kind, i < 7 ? kinds[i] : TYTO_QUERY_KIND_BOX);
        assert_non_null(tyto_query_kind_name(query.kind));
        assert_true((query.score > 0.0F) == (i >= 7));
        assert_true((query.box.xmax > query.box.xmin) == (i >= 7));
        assert_ptr_equal(query.features, tyto_vocabulary_features(built) + i * query.width);
    }
    assert_string_equal(query.label, "thing");
    assert_false(tyto_vocabulary_query(built, 10, &query));
    assert_false(tyto_vocabulary_query(built, -1, &query));
    tyto_vocabulary_destroy(built);
    tyto_vocabulary_builder_destroy(builder);
}

/* A picture that nobody hands over is read by its name. */
static void pictures_are_read_by_name(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    char path[GOLDEN_PATH_BYTES];
    tyto_vocabulary_builder *builder;
    tyto_vocabulary *built;
    snprintf(path, sizeof(path), "%s/../assets/photos/cat.jpg", getenv("TYTO_TEST_DATA"));
    const tyto_vocabulary_example there = {.photo = path, .label = "x"},
                                  missing = {.photo = "/no/such.jpg", .label = "y"};
    ASSERT_DONE(tyto_vocabulary_builder_create(TYTO_AVERAGING_NONE, &builder, &err), &err);
    ASSERT_DONE(tyto_vocabulary_builder_build(builder, with.session, NULL, &built, &err), &err);
    assert_null(built); /* nothing was added */
    ASSERT_DONE(tyto_vocabulary_builder_add_example(builder, &there, &err), &err);
    ASSERT_DONE(tyto_vocabulary_builder_build(builder, with.session, NULL, &built, &err), &err);
    assert_int_equal(tyto_vocabulary_count(built), 1);
    tyto_vocabulary_destroy(built);
    ASSERT_DONE(tyto_vocabulary_builder_add_example(builder, &missing, &err), &err);
    assert_int_equal(tyto_vocabulary_builder_build(builder, with.session, NULL, &built, &err),
                     TYTO_E_NOT_FOUND);
    assert_null(built);
    tyto_error_clear(&err);
    tyto_vocabulary_builder_destroy(builder);
}

static void examples_are_written_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *suffix, *label; /* NULL: refused */
        tyto_status status;
        const char *text; /* of the refusal */
    } words[] = {
        {"cat.jpg", "cat", TYTO_OK, NULL},
        {"cat.jpg=a cat", "a cat", TYTO_OK, NULL},
        {"cat.jpg@1,2,30,40=x=y", NULL, TYTO_E_ARGUMENT, "query: got the box '1,2,30,40=x'"},
        {"cat.jpg@1,2,30,40", "cat", TYTO_OK, NULL},
        {"cat.jpg@1,2,30=x", NULL, TYTO_E_ARGUMENT, "required left,top,right,bottom in pixels"},
        {"cat.jpg@9,2,3,4=x", NULL, TYTO_E_ARGUMENT, "required left < right and top < bottom"},
        {"cat.jpg=", NULL, TYTO_E_ARGUMENT, "required IMAGE[@BOX][=LABEL]"},
        {"@1,2,3,4=x", NULL, TYTO_E_ARGUMENT, "is a folder, required one photo for a box"},
        {"=cups", "cups", TYTO_OK, NULL},
    };
    char folder[GOLDEN_PATH_BYTES], word[GOLDEN_PATH_BYTES + 64];
    snprintf(folder, sizeof(folder), "%s/../assets/photos/", getenv("TYTO_TEST_DATA"));
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_vocabulary_builder *builder;
        const char *const *labels;
        int64_t count;
        snprintf(word, sizeof(word), "%s%s", folder, words[i].suffix);
        ASSERT_DONE(tyto_vocabulary_builder_create(TYTO_AVERAGING_ALL, &builder, &err), &err);
        const tyto_status status =
            tyto_vocabulary_builder_add_words(builder, word, TYTO_QUERY_RULE_AUTO, &err);
        if (status != words[i].status ||
            (words[i].text && !strstr(tyto_error_message(&err), words[i].text))) {
            fail_msg("'%s': %s: %s", words[i].suffix, tyto_status_name(status),
                     tyto_error_message(&err));
        }
        tyto_error_clear(&err);
        ASSERT_DONE(tyto_vocabulary_builder_labels(builder, &labels, &count, &err), &err);
        assert_int_equal(count, words[i].label ? 1 : 0);
        if (words[i].label) {
            assert_string_equal(labels[0], words[i].label);
            assert_true(tyto_vocabulary_builder_photo_count(builder) ==
                        (words[i].suffix[0] == '=' ? 2 : 1));
        }
        tyto_vocabulary_builder_destroy(builder);
    }
}

static void files_hold_texts_and_queries(void **state)
{
    (void)state;
    char folder[] = "/tmp/tyto-builder-XXXXXX", lines[64], empty[64], saved[64];
    const char *const names[] = {"cup", "pen"}, *const expected[] = {"a cat", "two", "cup", "pen"};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary_builder *builder;
    const char *const *labels;
    int64_t count;
    assert_non_null(mkdtemp(folder));
    snprintf(lines, sizeof(lines), "%s/lines.txt", folder);
    snprintf(empty, sizeof(empty), "%s/empty.txt", folder);
    snprintf(saved, sizeof(saved), "%s/saved.safetensors", folder);
    FILE *file = fopen(lines, "wb");
    assert_non_null(file);
    fputs("a cat\r\n\ntwo", file);
    assert_int_equal(fclose(file), 0);
    file = fopen(empty, "wb");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    tyto_vocabulary *made = texts(names, 2);
    ASSERT_DONE(tyto_vocabulary_save(made, saved, &err), &err);
    tyto_vocabulary_destroy(made);
    ASSERT_DONE(tyto_vocabulary_builder_create(TYTO_AVERAGING_NONE, &builder, &err), &err);
    ASSERT_DONE(tyto_vocabulary_builder_add_file(builder, saved, &err), &err);
    ASSERT_DONE(tyto_vocabulary_builder_add_lines(builder, lines, &err), &err);
    assert_int_equal(tyto_vocabulary_builder_add_lines(builder, empty, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "empty.txt: no label in it"));
    assert_int_equal(tyto_vocabulary_builder_add_lines(builder, "/nowhere/x", &err),
                     TYTO_E_NOT_FOUND);
    assert_int_equal(tyto_vocabulary_builder_add_lines(builder, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_vocabulary_builder_add_file(builder, lines, &err), TYTO_E_FORMAT);
    assert_int_equal(tyto_vocabulary_builder_add_file(builder, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_vocabulary_builder_add_file(NULL, saved, &err), TYTO_E_ARGUMENT);
    ASSERT_DONE(tyto_vocabulary_builder_labels(builder, &labels, &count, &err), &err);
    assert_int_equal(count, 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(labels[i], expected[i]);
    }
    tyto_vocabulary_builder_destroy(builder);
    remove(lines);
    remove(empty);
    remove(saved);
    remove(folder);
    tyto_error_clear(&err);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary_builder *builder = filled(TYTO_AVERAGING_NONE);
    tyto_vocabulary *strange, *built;
    const tyto_vocabulary_example nameless = {.label = "x"};
    const char *const label = "x";
    ASSERT_DONE(
        tyto_vocabulary_from_features((const float[]){1, 2, 3}, &label, 1, 3, &strange, &err),
        &err);
    assert_int_equal(tyto_vocabulary_builder_add_vocabulary(builder, strange, &err), TYTO_E_SHAPE);
    assert_int_equal(tyto_vocabulary_builder_add_text(builder, "", &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_vocabulary_builder_add_text(builder, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_vocabulary_builder_add_text(NULL, "x", &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_vocabulary_builder_add_example(builder, &nameless, &err),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_vocabulary_builder_notes(builder, NULL, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(
        tyto_vocabulary_builder_embed_examples(builder, with.session, 2, &with.cat, NULL, &err),
        TYTO_E_RANGE);
    assert_int_equal(tyto_vocabulary_builder_build(builder, NULL, NULL, &built, &err),
                     TYTO_E_ARGUMENT);
    assert_int_equal(tyto_vocabulary_builder_text_count(NULL), 0);
    tyto_vocabulary_builder_destroy(NULL);
    tyto_error_clear(&err);
    tyto_vocabulary_destroy(strange);
    tyto_vocabulary_builder_destroy(builder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_known_before_the_model),
        cmocka_unit_test(it_builds_what_its_parts_make),
        cmocka_unit_test(kinds_are_kept),
        cmocka_unit_test(pictures_are_read_by_name),
        cmocka_unit_test(examples_are_written_in_words),
        cmocka_unit_test(files_hold_texts_and_queries),
        cmocka_unit_test(what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
