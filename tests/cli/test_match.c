/* tyto match, embed and similarity on real photos, against the reference and the library. */
#include "run.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/tyto.h>
#include <unistd.h>

#include "support/cases.h"

/* Largest differences from a float64 run of the reference, of a score, a box in pixels, a logit,
 * a number of an embedding. */
#define SCORE_ALLOWED 3e-6
#define BOX_ALLOWED 1e-3
#define LOGIT_ALLOWED 1e-5
#define FEATURE_ALLOWED 1e-5

static double real(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_real(value));
    return json_real_value(value);
}

static const char *text(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    assert_true(json_is_string(value));
    return json_string_value(value);
}

/* A committed case of the reference, and the paths that it names. */
typedef struct reference_case {
    json_t *root;
    char model[PATH_MAX], photo[PATH_MAX], query[PATH_MAX];
} reference_case;

static reference_case open_case(const char *name)
{
    reference_case of;
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s.json", test_path("golden/data/match"), name);
    char *whole = file_text(path, NULL);
    of.root = parsed(whole);
    free(whole);
    snprintf(of.model, PATH_MAX, "%s/%s/model", test_path("golden/data/owlv2"),
             text(of.root, "checkpoint"));
    snprintf(of.photo, PATH_MAX, "%s/%s", test_path("../assets/photos"), text(of.root, "photo"));
    snprintf(of.query, PATH_MAX, "%s/%s", test_path("../assets/photos"), text(of.root, "query"));
    return of;
}

static const char *const cases[] = {"odd", "sharded", "partial"};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void an_example_finds_what_the_reference_finds(void **state)
{
    (void)state;
    static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};
    for (size_t c = 0; next_case(c, CASES); c++) {
        reference_case of = open_case(cases[c]);
        ran run = tyto("match", "-m", of.model, of.photo, "-q", of.query, "--threshold", "0.2",
                       "--iou", "0.6", "--boxes", "reference", "-f", "json", NULL);
        assert_done(&run);
        json_t *root = parsed(run.out), *got = json_object_get(root, "detections"),
               *want = json_object_get(of.root, "detections");
        assert_true(json_array_size(want) > 5);
        assert_int_equal(json_array_size(got), json_array_size(want));
        for (size_t i = 0; i < json_array_size(want); i++) {
            const json_t *a = json_array_get(got, i), *b = json_array_get(want, i),
                         *box = json_object_get(b, "box");
            if (fabs(real(a, "score") - real(b, "score")) > SCORE_ALLOWED) {
                fail_msg("%s: detection %zu: score %.9g, required %.9g", cases[c], i,
                         real(a, "score"), real(b, "score"));
            }
            for (size_t s = 0; s < 4; s++) {
                assert_true(fabs(real(json_object_get(a, "box"), sides[s]) -
                                 json_real_value(json_array_get(box, s))) <= BOX_ALLOWED);
            }
        }
        json_decref(root);
        json_decref(of.root);
        ran_clear(&run);
    }
}

static void logits_are_the_reference_s(void **state)
{
    (void)state;
    for (size_t c = 0; next_case(c, CASES); c++) {
        reference_case of = open_case(cases[c]);
        const json_t *texts = json_object_get(of.root, "texts"),
                     *logits = json_object_get(of.root, "logits_per_image");
        ran run = tyto("similarity", "-m", of.model, of.photo, "-t",
                       json_string_value(json_array_get(texts, 0)), "-t",
                       json_string_value(json_array_get(texts, 1)), "-t",
                       json_string_value(json_array_get(texts, 2)), "-f", "json", NULL);
        assert_done(&run);
        json_t *root = parsed(run.out), *list = json_object_get(root, "similarities");
        double sum = 0.0, last = INFINITY;
        assert_int_equal(json_array_size(list), 3);
        for (size_t i = 0; i < 3; i++) {
            const json_t *item = json_array_get(list, i);
            const size_t label = (size_t)json_integer_value(json_object_get(item, "label_index"));
            assert_string_equal(text(item, "label"),
                                json_string_value(json_array_get(texts, label)));
            assert_true(fabs(real(item, "logit") -
                             json_real_value(json_array_get(logits, label))) <= LOGIT_ALLOWED);
            assert_true(real(item, "logit") <= last);
            last = real(item, "logit");
            sum += real(item, "probability");
        }
        assert_true(fabs(sum - 1.0) < 1e-6);
        json_decref(root);
        json_decref(of.root);
        ran_clear(&run);
    }
}

static void compare_row(const json_t *row, const json_t *want, const char *name, const char *kind)
{
    const json_t *got = json_object_get(row, "embedding");
    assert_string_equal(text(row, "name"), name);
    assert_string_equal(text(row, "kind"), kind);
    assert_int_equal(json_array_size(got), json_array_size(want));
    for (size_t i = 0; i < json_array_size(want); i++) {
        const double a = json_real_value(json_array_get(got, i)),
                     b = json_real_value(json_array_get(want, i));
        if (!(fabs(a - b) <= FEATURE_ALLOWED)) {
            fail_msg("%s, number %zu: got %.9g, required %.9g", name, i, a, b);
        }
    }
}

static void embeddings_are_the_reference_s(void **state)
{
    (void)state;
    for (size_t c = 0; next_case(c, CASES); c++) {
        reference_case of = open_case(cases[c]);
        const json_t *texts = json_object_get(of.root, "texts");
        const char *words[3];
        for (size_t i = 0; i < 3; i++) {
            words[i] = json_string_value(json_array_get(texts, i));
        }
        ran run = tyto("embed", "-m", of.model, of.photo, "-t", words[0], "-t", words[1], "-t",
                       words[2], NULL);
        assert_done(&run);
        json_t *rows = parsed(run.out);
        assert_int_equal(json_array_size(rows), 4);
        for (size_t i = 0; i < 3; i++) {
            compare_row(json_array_get(rows, i),
                        json_array_get(json_object_get(of.root, "text_features"), i), words[i],
                        "text");
        }
        compare_row(json_array_get(rows, 3), json_object_get(of.root, "image_features"),
                    text(of.root, "photo"), "image");
        json_decref(rows);
        json_decref(of.root);
        ran_clear(&run);
    }
}

static void similarities_have_four_forms(void **state)
{
    (void)state;
    ran run = tyto("similarity", "-m", ODD_MODEL, CAT, COFFEE, "-t", "a", "-t", "b, c", "-f", "csv",
                   "--top-k", "1", NULL);
    assert_done(&run);
    assert_true(strncmp(run.out, "image,label,label_index,logit,probability\n", 42) == 0);
    ran_clear(&run);
    run = tyto("similarity", "-m", ODD_MODEL, CAT, COFFEE, "-t", "a", "-f", "json", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_int_equal(json_array_size(root), 2);
    assert_true(real(json_array_get(json_object_get(json_array_get(root, 1), "similarities"), 0),
                     "probability") == 1.0);
    json_decref(root);
    ran_clear(&run);
    run = tyto("similarity", "-m", ODD_MODEL, CAT, COFFEE, "-t", "a", "-f", "jsonl", "-o",
               "s.jsonl", NULL);
    assert_done(&run);
    char *lines = file_text("s.jsonl", NULL);
    *strchr(lines, '\n') = '\0';
    json_decref(parsed(lines));
    free(lines);
    ran_clear(&run);
    run = tyto("similarity", "-m", ODD_MODEL, CAT, "absent.jpg", "-t", "a", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out, "probability"));
    assert_non_null(strstr(run.err, "absent.jpg: "));
    ran_clear(&run);
    run = tyto("similarity", "-m", ODD_MODEL, CAT, NULL);
    assert_complains(&run, 2, "nothing to compare with: required -t TEXT");
    run = tyto("similarity", "-m", ODD_MODEL, "-t", "x", NULL);
    assert_complains(&run, 2, "no photo");
}

/* The first photo's object of a JSON run. */
static json_t *first_object(const ran *run)
{
    assert_done(run);
    json_t *root = parsed(run->out);
    if (json_is_array(root)) {
        json_t *first = json_incref(json_array_get(root, 0));
        json_decref(root);
        root = first;
    }
    return root;
}

static void queries_are_reported_and_drawn(void **state)
{
    (void)state;
    char boxed[PATH_MAX];
    snprintf(boxed, sizeof(boxed), "%s@100,50,300.5,250=a cat", CAT);
    ran run = tyto("match", "-m", ODD_MODEL, COFFEE, "-q", boxed, "-q", COFFEE, "-t", "x", "-f",
                   "json", "--draw-queries", "drawn/", "--draw", "out.png", NULL);
    json_t *root = first_object(&run), *queries = json_object_get(root, "queries");
    assert_int_equal(json_array_size(queries), 2);
    const json_t *cat = json_array_get(queries, 0), *coffee = json_array_get(queries, 1);
    assert_string_equal(text(cat, "label"), "a cat");
    assert_int_equal(json_integer_value(json_object_get(cat, "label_index")), 1);
    assert_string_equal(text(coffee, "label"), "coffee");
    assert_string_equal(text(coffee, "image"), COFFEE);
    assert_true(real(cat, "overlap") > 0 && real(cat, "overlap") <= 1);
    assert_true(real(json_object_get(cat, "box"), "xmax") > 0);
    json_decref(root);
    ran_clear(&run);
    assert_true(file_there("drawn/cat.jpg") && file_there("drawn/coffee.jpg") &&
                file_there("out.png"));
    tyto_image drawn, photo;
    assert_int_equal(tyto_image_load("drawn/cat.jpg", NULL, &drawn, NULL), TYTO_OK);
    assert_int_equal(tyto_image_load(CAT, NULL, &photo, NULL), TYTO_OK);
    size_t changed = 0;
    for (int64_t i = 0; i < 3 * photo.width_px * photo.height_px; i++) {
        changed += abs(drawn.data[i] - photo.data[i]) > 60;
    }
    assert_true(changed > 300);
    tyto_image_clear(&drawn);
    tyto_image_clear(&photo);
    run = tyto("match", "-m", ODD_MODEL, COFFEE, "-q", boxed, NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "1 example\n  object"));
    ran_clear(&run);
}

/* Counts detections by label. */
static void count_labels(const json_t *root, size_t counts[4])
{
    const json_t *list = json_object_get(root, "detections");
    memset(counts, 0, 4 * sizeof(*counts));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_int_t label =
            json_integer_value(json_object_get(json_array_get(list, i), "label_index"));
        assert_in_range(label, 0, 3);
        counts[label]++;
    }
}

/* A box in shares of the photo's sides is that box in pixels. */
static void boxes_may_be_shares(void **state)
{
    (void)state;
    char shares[PATH_MAX], pixels[PATH_MAX];
    /* 451 x 300 pixels */
    snprintf(shares, sizeof(shares), "%s@0.25,0.5,1,0.75=thing", CAT);
    snprintf(pixels, sizeof(pixels), "%s@112.75,150,451,225=thing", CAT);
    ran one = tyto("match", "-m", ODD_MODEL, COFFEE, "-q", shares, "--threshold", "0", NULL);
    ran same = tyto("match", "-m", ODD_MODEL, COFFEE, "-q", pixels, "--threshold", "0", NULL);
    assert_done(&one);
    assert_done(&same);
    assert_string_equal(one.out, same.out);
    assert_non_null(strstr(one.out, " found"));
    ran_clear(&one);
    ran_clear(&same);
}

/* A photograph, in which the model that knows drawings sees no thing. */
static void doubtful_examples_are_warned_of(void **state)
{
    (void)state;
    const char *model = test_path("../models/tyto-small"),
               *scene = test_path("../assets/scenes/seven.jpg");
    char rabbit[PATH_MAX];
    snprintf(rabbit, sizeof(rabbit), "%s@0.69,0.11,0.95,0.44=rabbit", scene);
    ran run = tyto("match", "-m", model, scene, "-q", CAT, NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, "warning: query 'cat': the box taken for it in "));
    assert_non_null(strstr(run.out, "nothing found"));
    ran_clear(&run);
    run = tyto("match", "-m", model, scene, "-q", rabbit, NULL);
    assert_done(&run);
    assert_null(strstr(run.err, "warning"));
    assert_non_null(strstr(run.err, "scores are relative to each photo's best"));
    assert_non_null(strstr(run.out, "1 found"));
    ran_clear(&run);
}

static void examples_of_one_label_are_averaged_or_kept(void **state)
{
    (void)state;
    char first[PATH_MAX], second[PATH_MAX];
    size_t counts[4];
    snprintf(first, sizeof(first), "%s@100,50,300,250=thing", CAT);
    snprintf(second, sizeof(second), "%s@300,150,420,300=thing", COFFEE);
    ran run =
        tyto("match", "-m", ODD_MODEL, CAT, "-q", first, "-q", second, "-t", "other", "-f", "json",
             "--nms", "off", "--scores", "plain", "--multi-label", "--threshold", "0", NULL);
    json_t *root = first_object(&run);
    count_labels(root, counts);
    assert_true(counts[0] > 50 && counts[1] > 50 && counts[2] == 0);
    json_decref(root);
    ran_clear(&run);
    run = tyto("match", "-m", ODD_MODEL, CAT, "-q", first, "-q", second, "-t", "other", "-f",
               "json", "--nms", "off", "--scores", "plain", "--multi-label", "--exemplars", "keep",
               "--threshold", "0", NULL);
    root = first_object(&run);
    count_labels(root, counts);
    assert_true(counts[0] > 50 && counts[1] > 50 && counts[2] > 50);
    json_decref(root);
    ran_clear(&run);
}

/* Saved once, used by two commands: the same as without saving. */
static void classes_are_saved_and_loaded(void **state)
{
    (void)state;
    char boxed[PATH_MAX];
    snprintf(boxed, sizeof(boxed), "%s@100,50,300,250=thing", CAT);
    ran run =
        tyto("embed", "-m", ODD_MODEL, "-q", boxed, "-t", "a cat", "-o", "c.safetensors", NULL);
    assert_done(&run);
    assert_string_equal(run.out, "");
    ran_clear(&run);
    ran saved =
            tyto("match", "-m", ODD_MODEL, COFFEE, "--classes", "c.safetensors", "-f", "csv", NULL),
        fresh =
            tyto("match", "-m", ODD_MODEL, COFFEE, "-t", "a cat", "-q", boxed, "-f", "csv", NULL);
    assert_done(&saved);
    assert_done(&fresh);
    assert_string_equal(saved.out, fresh.out);
    ran_clear(&saved);
    ran_clear(&fresh);
    run = tyto("embed", "-m", ODD_MODEL, "-t", "a cat", "-t", "b", "-o", "t.npy", NULL);
    assert_done(&run);
    ran_clear(&run);
    saved = tyto("detect", "-m", ODD_MODEL, COFFEE, "--classes", "t.npy", "-f", "yolo", NULL);
    fresh = tyto("detect", "-m", ODD_MODEL, COFFEE, "-t", "a cat", "-t", "b", "-f", "yolo", NULL);
    assert_done(&saved);
    assert_true(strlen(saved.out) > 100);
    assert_string_equal(saved.out, fresh.out);
    ran_clear(&saved);
    ran_clear(&fresh);
}

/* Pipes have no ending: what they hold says what it is. */
static void classes_come_through_pipes(void **state)
{
    (void)state;
    static const char *const files[] = {"piped.safetensors", "piped.npy"};
    for (size_t i = 0; i < 2; i++) {
        ran run = tyto("embed", "-m", ODD_MODEL, "-t", "a cat", "-o", files[i], NULL);
        assert_done(&run);
        ran_clear(&run);
        size_t length;
        char *bytes = file_text(files[i], &length);
        const char *const names[] = {"-", "/dev/stdin"};
        ran direct =
            tyto("detect", "-m", ODD_MODEL, CAT, "--classes", files[i], "--threshold", "0", NULL);
        assert_done(&direct);
        for (size_t k = 0; k < 2; k++) {
            run = tyto_reading(bytes, length, "detect", "-m", ODD_MODEL, CAT, "--classes", names[k],
                               "--threshold", "0", NULL);
            assert_done(&run);
            assert_string_equal(run.out, direct.out);
            ran_clear(&run);
        }
        ran_clear(&direct);
        free(bytes);
    }
}

static void rows_of_embed(void **state)
{
    (void)state;
    ran run = tyto("embed", "-m", ODD_MODEL, CAT, "-t", "a cat", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_int_equal(json_array_size(root), 2);
    assert_string_equal(text(json_array_get(root, 0), "kind"), "text");
    assert_string_equal(text(json_array_get(root, 1), "name"), "cat.jpg");
    assert_string_equal(text(json_array_get(root, 1), "kind"), "image");
    assert_int_equal(json_array_size(json_object_get(json_array_get(root, 1), "embedding")), 36);
    json_decref(root);
    ran_clear(&run);
    run = tyto("embed", "-m", ODD_MODEL, CAT, COFFEE, "--boxes", "--top-k", "3", "--nms", "off",
               "--threshold", "0", NULL);
    assert_done(&run);
    root = parsed(run.out);
    assert_int_equal(json_array_size(root), 6);
    const json_t *last = json_array_get(root, 5);
    assert_string_equal(text(last, "name"), "coffee.jpg");
    assert_string_equal(text(last, "kind"), "box");
    assert_true(real(last, "objectness") > 0);
    assert_true(real(json_object_get(last, "box"), "xmax") > 0);
    json_decref(root);
    ran_clear(&run);
    run = tyto("embed", "-m", ODD_MODEL, CAT, COFFEE, "--boxes", "--top-k", "3", "--nms", "off",
               "--threshold", "0", "-o", "b.npy", NULL);
    assert_done(&run);
    ran_clear(&run);
    tyto_npy rows;
    assert_int_equal(tyto_npy_load("b.npy", &rows, NULL), TYTO_OK);
    assert_true(rows.tensor.rank == 2 && rows.tensor.shape[0] == 6 && rows.tensor.shape[1] == 36);
    tyto_npy_clear(&rows);
    /* One bad photo: the others are written. */
    run = tyto("embed", "-m", ODD_MODEL, CAT, "absent.jpg", "-o", "p.safetensors", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "absent.jpg: No such file"));
    assert_non_null(strstr(run.err, "1 photo done, 1 failed, in "));
    ran_clear(&run);
    assert_true(file_there("p.safetensors"));
    run = tyto("embed", "-m", ODD_MODEL, "absent.jpg", "-o", "none.npy", NULL);
    assert_complains(&run, 1, "absent.jpg: No such file");
    assert_false(file_there("none.npy"));
}

static void objects_need_no_text(void **state)
{
    (void)state;
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, "--top-k", "2", "-f", "json", NULL);
    json_t *root = first_object(&run), *list = json_object_get(root, "detections");
    assert_int_equal(json_array_size(list), 2);
    assert_string_equal(text(json_array_get(list, 0), "label"), "object");
    assert_true(real(json_array_get(list, 0), "score") >= real(json_array_get(list, 1), "score"));
    json_decref(root);
    ran_clear(&run);
}

static void folders_are_examples(void **state)
{
    (void)state;
    ran run = tyto("match", "-m", ODD_MODEL, CAT, "-q", test_path("../assets/photos"), "-f", "json",
                   NULL);
    json_t *root = first_object(&run), *queries = json_object_get(root, "queries");
    assert_int_equal(json_array_size(queries), 2);
    assert_string_equal(text(json_array_get(queries, 1), "label"), "photos");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(queries, 1), "label_index")),
                     0);
    json_decref(root);
    ran_clear(&run);
    /* A name that holds marks is a name when such a file is there. */
    copy_file(CAT, "a@b=c.jpg");
    run = tyto("match", "-m", ODD_MODEL, CAT, "-q", "a@b=c.jpg", "-q", "a@b=c.jpg=x", "-q",
               "a@b=c.jpg@0,0,9,9=y", "-f", "json", NULL);
    root = first_object(&run);
    queries = json_object_get(root, "queries");
    assert_string_equal(text(json_array_get(queries, 0), "label"), "a@b=c");
    assert_string_equal(text(json_array_get(queries, 1), "label"), "x");
    assert_string_equal(text(json_array_get(queries, 2), "label"), "y");
    json_decref(root);
    ran_clear(&run);
}

static void bad_queries_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *mark;
        int status;
        const char *complaint;
    } bad[] = {
        {"@10,10,10,20", 2, "--query: got the box 10,10,10,20, required left < right"},
        {"@10,20,30,5=x", 2, "required left < right and top < bottom"},
        {"@1,2,3", 2, "--query: got the box '1,2,3', required left,top,right,bottom in pixels"},
        {"@1,2,3,4,5", 2, "--query: got the box '1,2,3,4,5'"},
        {"@0,0,inf,5", 2, "--query: got the box 0,0,inf,5"},
        {"@nan,0,5,5", 2, "--query: got the box nan,0,5,5"},
        {"@5000,5000,6000,6000", 1,
         "query box: got 5000,5000,6000,6000, required one that overlaps"},
        {"@0.1,0.1,0.5,1.5", 2, "--query: got the box 0.1,0.1,0.5,1.5, but shares are 0 to 1"},
        {"=", 2, "required IMAGE[@BOX][=LABEL]"},
        {".absent", 1, "cat.jpg.absent: No such file"},
    };
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        char word[PATH_MAX];
        snprintf(word, sizeof(word), "%s%s", CAT, bad[i].mark);
        ran run = tyto("match", "-m", ODD_MODEL, COFFEE, "-q", word, "-o", "out.json", NULL);
        assert_complains(&run, bad[i].status, bad[i].complaint);
        assert_false(file_there("out.json"));
    }
    ran run = tyto("match", "-m", ODD_MODEL, COFFEE, NULL);
    assert_complains(&run, 2, "nothing to look for: required -q IMAGE, --classes FILE or -t TEXT");
    run = tyto("match", "-m", ODD_MODEL, "-q", CAT, NULL);
    assert_complains(&run, 2, "no photo");
    run = tyto("match", "-m", ODD_MODEL, COFFEE, "-t", "x", "--draw-queries", "q.png", NULL);
    assert_complains(&run, 2, "--draw-queries: no example to draw");
    run = tyto("match", "-m", ODD_MODEL, COFFEE, "-q", "", NULL);
    assert_complains(&run, 2, "--query: got ''");
    copy_file(CAT, "cat.png");
    run =
        tyto("match", "-m", ODD_MODEL, COFFEE, "-q", "cat.png", "--draw-queries", "cat.png", NULL);
    assert_complains(&run, 2, "--draw-queries: cat.png is the photo itself");
    run = tyto("match", "-m", ODD_MODEL, COFFEE, "-q", "cat.png", "-o", "cat.png", NULL);
    assert_complains(&run, 2, "-o: cat.png is read, required another place");
    run = tyto("match", "-m", test_path("golden/data/owlv2/contrastive/model"), COFFEE, "-q", CAT,
               NULL);
    assert_complains(&run, 1,
                     "contrastive/model: got Owlv2Model, required Owlv2ForObjectDetection");
    run = tyto("match", "-m", test_path("golden/data/perceiver/masked_lm/model"), COFFEE, "-q", CAT,
               NULL);
    assert_complains(&run, 1, "got PerceiverForMaskedLM, required Owlv2ForObjectDetection");
}

static void bad_classes_are_refused(void **state)
{
    (void)state;
    float numbers[] = {1, 2, 3};
    const tyto_tensor narrow = {
        .name = "x", .dtype = TYTO_F32, .rank = 1, .shape = {3}, .data = numbers};
    assert_int_equal(tyto_tensor_file_save("narrow.safetensors", &narrow, 1, NULL), TYTO_OK);
    ran run = tyto("detect", "-m", ODD_MODEL, CAT, "--classes", "narrow.safetensors", NULL);
    assert_complains(&run, 1, "narrow.safetensors: got embeddings of 3 numbers, required 36");
    run = tyto("match", "-m", ODD_MODEL, CAT, "--classes", "narrow.safetensors", "-t", "x", NULL);
    assert_complains(&run, 1, "narrow.safetensors: got embeddings of 3 numbers, required 36");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--classes", "absent.npy", NULL);
    assert_complains(&run, 1, "absent.npy: No such file");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--classes", CAT, NULL);
    assert_complains(&run, 1, "cat.jpg: header: got ");
    write_file("names.txt", "a cat\n", 6);
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--classes", "names.txt", NULL);
    assert_complains(&run, 1,
                     "names.txt: got a text, required embeddings in .safetensors or .npy "
                     "(a list of names is for --labels)");
    write_file("empty.npy", "", 0);
    run = tyto("detect", "-m", ODD_MODEL, CAT, "--classes", "empty.npy", NULL);
    assert_complains(&run, 1, "empty.npy: required a .npy file");
    run = tyto("embed", "-m", ODD_MODEL, NULL);
    assert_complains(&run, 2, "nothing to embed");
    run = tyto("embed", "-m", ODD_MODEL, "-t", "x", "--format", "npy", NULL);
    assert_complains(&run, 2, "--format npy: required -o FILE.npy");
    run = tyto("embed", "-m", ODD_MODEL, CAT, "--templates", NULL);
    assert_complains(&run, 2, "--templates: no text to put into them");
}

/* A photo's result doesn't hang on how many labels there are. */
static void thousands_of_texts(void **state)
{
    (void)state;
    char *lines = calloc(3001, 12);
    size_t length = 0;
    for (int i = 0; i < 3000; i++) {
        length += (size_t)sprintf(lines + length, "thing %d\n", i);
    }
    write_file("many.txt", lines, length);
    free(lines);
    ran run = tyto("embed", "-m", ODD_MODEL, "-l", "many.txt", "-o", "many.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    ran saved = tyto("detect", "-m", ODD_MODEL, CAT, "--classes", "many.safetensors", "-f", "csv",
                     NULL),
        fresh = tyto("detect", "-m", ODD_MODEL, CAT, "-l", "many.txt", "-f", "csv", NULL);
    assert_done(&saved);
    assert_string_equal(saved.out, fresh.out);
    ran_clear(&saved);
    ran_clear(&fresh);
}

static void steps_of_the_processor_are_options(void **state)
{
    (void)state;
    ran run = tyto("preprocess", "-m", ODD_MODEL, CAT, "--size", "21x14", "--pad", "off",
                   "--normalize", "off", "-o", "x.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    tyto_tensor_file *file = NULL;
    assert_int_equal(tyto_tensor_file_open("x.safetensors", &file, NULL), TYTO_OK);
    const tyto_tensor *tensor = tyto_tensor_file_at(file, 0);
    assert_true(tensor->shape[1] == 14 && tensor->shape[2] == 21);
    for (int64_t i = 0; i < tyto_tensor_elements(tensor); i++) {
        const float value = ((const float *)tensor->data)[i];
        assert_true(value >= 0.0F && value <= 1.0F);
    }
    tyto_tensor_file_destroy(file);
    ran plain = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "-f", "csv", NULL),
        same = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "-f", "csv", "--size", "63", "--pad",
                    "on", NULL),
        other = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "-f", "csv", "--image-mean", "0.2",
                     NULL);
    assert_done(&plain);
    assert_done(&same);
    assert_done(&other);
    assert_string_equal(plain.out, same.out);
    assert_true(strcmp(plain.out, other.out) != 0);
    ran_clear(&plain);
    ran_clear(&same);
    ran_clear(&other);
    run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "--size", "21x14", NULL);
    assert_complains(&run, 1, "got 14x21 pixels, required 63x63");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "--size", "0x5", NULL);
    assert_complains(&run, 2, "--size: got '0x5', required WIDTHxHEIGHT");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "--image-mean", "1,2", NULL);
    assert_complains(&run, 2, "--image-mean: got '1,2', required one number, or three");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "--image-std", "1,0,1", NULL);
    assert_complains(&run, 1, "image_std: got 0, which can't divide");
    run = tyto("preprocess", "-m", ODD_MODEL, CAT, "--size", "99999", "-o", "y.safetensors", NULL);
    assert_complains(&run, 1, "size: got 99999x99999, required 1 to 16384 a side");
    run = tyto("preprocess", "-m", ODD_MODEL, CAT, "--crop", "on", "-o", "y.safetensors", NULL);
    assert_complains(&run, 1, "OWLv2's pictures are not cropped");
    assert_false(file_there("y.safetensors"));
}

/* Nearest samples of an uncropped photo are its own bytes. */
static void steps_of_a_perceiver_are_options(void **state)
{
    (void)state;
    const char *const folder = test_path("golden/data/perceiver_processor/small");
    ran run =
        tyto("preprocess", "-m", folder, CAT, "--crop", "off", "--resample", "nearest", "--size",
             "3x2", "--rescale", "off", "--normalize", "off", "-o", "n.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    tyto_tensor_file *file = NULL;
    tyto_image photo;
    assert_int_equal(tyto_tensor_file_open("n.safetensors", &file, NULL), TYTO_OK);
    assert_int_equal(tyto_image_load(CAT, NULL, &photo, NULL), TYTO_OK);
    const tyto_tensor *tensor = tyto_tensor_file_at(file, 0);
    assert_true(tensor->shape[1] == 2 && tensor->shape[2] == 3);
    for (int64_t i = 0; i < 18; i++) {
        const int64_t y = (2 * (i / 3 % 2) + 1) * photo.height_px / 4,
                      x = (2 * (i % 3) + 1) * photo.width_px / 6;
        const uint8_t byte = photo.data[3 * (y * photo.width_px + x) + i / 6];
        assert_true(((const float *)tensor->data)[i] == (float)byte);
    }
    tyto_tensor_file_destroy(file);
    tyto_image_clear(&photo);
    run = tyto("preprocess", "-m", folder, CAT, "--resize", "off", "--crop-size", "32x32", "-o",
               "c.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(tyto_tensor_file_open("c.safetensors", &file, NULL), TYTO_OK);
    tensor = tyto_tensor_file_at(file, 0); /* 16 of 32 of the shorter side, 300 pixels */
    assert_int_equal(tensor->shape[1], tensor->shape[2]);
    assert_int_equal(tensor->shape[1], 150);
    tyto_tensor_file_destroy(file);
    run = tyto("preprocess", "-m", folder, CAT, "--pad", "on", "-o", "y.safetensors", NULL);
    assert_complains(&run, 1, "a Perceiver's pictures are not padded");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_example_finds_what_the_reference_finds),
        cmocka_unit_test(logits_are_the_reference_s),
        cmocka_unit_test(embeddings_are_the_reference_s),
        cmocka_unit_test(similarities_have_four_forms),
        cmocka_unit_test(queries_are_reported_and_drawn),
        cmocka_unit_test(boxes_may_be_shares),
        cmocka_unit_test(doubtful_examples_are_warned_of),
        cmocka_unit_test(examples_of_one_label_are_averaged_or_kept),
        cmocka_unit_test(classes_are_saved_and_loaded),
        cmocka_unit_test(classes_come_through_pipes),
        cmocka_unit_test(rows_of_embed),
        cmocka_unit_test(objects_need_no_text),
        cmocka_unit_test(folders_are_examples),
        cmocka_unit_test(bad_queries_are_refused),
        cmocka_unit_test(bad_classes_are_refused),
        cmocka_unit_test(thousands_of_texts),
        cmocka_unit_test(steps_of_the_processor_are_options),
        cmocka_unit_test(steps_of_a_perceiver_are_options),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
