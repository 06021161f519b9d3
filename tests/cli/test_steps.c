/* tyto preprocess, forward and postprocess one after the other: what detect and match do at once.
 */
#include "run.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/tyto.h>

#include "support/cases.h"

static void forward(const char *head)
{
    ran run = tyto("forward", "-m", ODD_MODEL, "--inputs", "in.safetensors", "-o",
                   "out.safetensors", "--head", head, NULL);
    assert_done(&run);
    ran_clear(&run);
}

static void near_in(const json_t *one, const json_t *other, const char *key, double allowed)
{
    const double a = json_real_value(json_object_get(one, key)),
                 b = json_real_value(json_object_get(other, key));
    if (!(fabs(a - b) <= allowed)) {
        fail_msg("%s: got %.9g, required %.9g", key, a, b);
    }
}

/* Both runs give the same detections, whatever their labels are called. (A vocabulary's embeddings
 * are brought to length 1 before the network does so: the last digits may differ.) */
static void same_detections(const ran *one, const ran *other, size_t least)
{
    static const char *const sides[] = {"xmin", "ymin", "xmax", "ymax"};
    json_t *a = parsed(one->out), *b = parsed(other->out),
           *found = json_object_get(a, "detections"), *wanted = json_object_get(b, "detections");
    assert_true(json_array_size(wanted) >= least);
    assert_int_equal(json_array_size(found), json_array_size(wanted));
    for (size_t i = 0; i < json_array_size(wanted); i++) {
        const json_t *left = json_array_get(found, i), *right = json_array_get(wanted, i);
        assert_int_equal(json_integer_value(json_object_get(left, "label_index")),
                         json_integer_value(json_object_get(right, "label_index")));
        near_in(left, right, "score", 3e-6);
        for (size_t s = 0; s < 4; s++) {
            near_in(json_object_get(left, "box"), json_object_get(right, "box"), sides[s], 1e-3);
        }
    }
    json_decref(a);
    json_decref(b);
}

static void three_steps_detect(void **state)
{
    (void)state;
    ran run = tyto("preprocess", "-m", ODD_MODEL, CAT, "-t", "a cat", "-t", "an owl", "-o",
                   "in.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    forward("Owlv2ForObjectDetection");
    run = tyto("postprocess", CAT, "--outputs", "out.safetensors", "-t", "a cat", "-t", "an owl",
               "-f", "json", "--draw", "drawn.png", NULL);
    assert_done(&run);
    assert_true(file_there("drawn.png"));
    ran whole =
        tyto("detect", "-m", ODD_MODEL, CAT, "-t", "a cat", "-t", "an owl", "-f", "json", NULL);
    assert_done(&whole);
    same_detections(&run, &whole, 5);
    ran_clear(&run);
    ran_clear(&whole);
}

static void three_steps_match(void **state)
{
    (void)state;
    ran run = tyto("preprocess", "-m", ODD_MODEL, CAT, "-q", COFFEE, "-o", "in.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    forward("Owlv2ForObjectDetection.image_guided_detection");
    run = tyto("postprocess", CAT, "--outputs", "out.safetensors", "-f", "json", NULL);
    assert_done(&run);
    ran whole =
        tyto("match", "-m", ODD_MODEL, CAT, "-q", COFFEE, "-f", "json", "--threshold", "0", NULL);
    assert_done(&whole);
    same_detections(&run, &whole, 1);
    ran_clear(&run);
    ran_clear(&whole);
}

/* Every photo has its own texts, and queries without a text go by their number. */
static void texts_may_be_ragged(void **state)
{
    (void)state;
    static const char texts[] = "[[\"a cat\", \"an owl\", \"a cup\"], [\"a spoon\"]]";
    write_file("texts.json", texts, sizeof(texts) - 1);
    ran run = tyto("preprocess", "-m", ODD_MODEL, CAT, COFFEE, "--texts", "texts.json", "-o",
                   "in.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    tyto_tensor_file *file = NULL;
    assert_int_equal(tyto_tensor_file_open("in.safetensors", &file, NULL), TYTO_OK);
    const tyto_tensor *ids = tyto_tensor_file_find(file, "input_ids"),
                      *pixels = tyto_tensor_file_find(file, "pixel_values");
    assert_true(ids && ids->shape[0] == 6 && ids->shape[1] == 16);
    assert_true(pixels && pixels->rank == 4 && pixels->shape[0] == 2);
    tyto_tensor_file_destroy(file);
    forward("Owlv2ForObjectDetection");
    run = tyto("postprocess", CAT, COFFEE, "--outputs", "out.safetensors", "--top-k", "2", "-f",
               "json", NULL);
    assert_done(&run);
    json_t *root = parsed(run.out);
    assert_int_equal(json_array_size(root), 2);
    assert_int_equal(json_array_size(json_object_get(json_array_get(root, 1), "detections")), 2);
    json_decref(root);
    ran_clear(&run);
}

static void texts_alone_are_rows(void **state)
{
    (void)state;
    ran run =
        tyto("preprocess", "-m", ODD_MODEL, "-t", "a", "-t", "b", "-o", "in.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    forward("Owlv2Model.get_text_features");
    run = tyto("postprocess", "--outputs", "out.safetensors", NULL);
    assert_complains(&run, 1, "out.safetensors: outputs: required logits and pred_boxes");
}

/* The formats of data sets, as detect writes them: of photos, of sizes, and of parts of 1. */
static void data_sets_are_written(void **state)
{
    (void)state;
    ran run = tyto("preprocess", "-m", ODD_MODEL, CAT, COFFEE, "--batch", "-t", "a cat", "-t",
                   "an owl", "-o", "in.safetensors", NULL);
    assert_done(&run);
    ran_clear(&run);
    forward("Owlv2ForObjectDetection");
    run = tyto("postprocess", CAT, COFFEE, "--outputs", "out.safetensors", "-t", "a cat", "-t",
               "an owl", "-f", "voc", "-o", "voc", NULL);
    assert_done(&run);
    assert_true(file_there("voc/cat.xml") && file_there("voc/coffee.xml"));
    ran_clear(&run);
    run = tyto("postprocess", "--outputs", "out.safetensors", "--sizes", "640x480,64x48", "-f",
               "coco", "-t", "a cat", "-t", "an owl", NULL);
    assert_done(&run);
    json_t *set = parsed(run.out);
    const json_t *image = json_array_get(json_object_get(set, "images"), 1);
    assert_string_equal(json_string_value(json_object_get(image, "file_name")), "1");
    assert_int_equal(json_integer_value(json_object_get(image, "width")), 64);
    assert_int_equal(json_array_size(json_object_get(set, "categories")), 2);
    json_decref(set);
    ran_clear(&run);
    run = tyto("postprocess", "--outputs", "out.safetensors", "-f", "yolo", "-o", "parts", NULL);
    assert_done(&run);
    assert_true(file_there("parts/0.txt") && file_there("parts/classes.txt"));
    ran_clear(&run);
    run = tyto("postprocess", "--outputs", "out.safetensors", "-f", "yolo", NULL);
    assert_complains(&run, 2, "required a folder (-o FOLDER) for more than one photo");
    run = tyto("postprocess", "--outputs", "out.safetensors", "-f", "odvg", NULL);
    assert_complains(&run, 2, "format odvg: its boxes are in pixels, required IMAGE or --sizes");
}

static void wrong_usage_is_told(void **state)
{
    (void)state;
    static const char one_row[] = "[[\"a cat\"]]", number[] = "[[\"a cat\"], 5]", cut[] = "[\"a";
    write_file("number.json", number, sizeof(number) - 1);
    write_file("cut.json", cut, sizeof(cut) - 1);
    write_file("two.json", "[[\"a\"],[\"b\"]]", 13);
    write_file("one.json", one_row, sizeof(one_row) - 1);
    static const struct {
        const char *texts, *message;
    } bad[] = {{"number.json", "number.json: required a list of texts, or a list of such lists"},
               {"cut.json", "cut.json: "},
               {"absent.json", "absent.json: "},
               {"two.json", "texts: got lists for 2 photos, required 3, one for each"}};
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        ran run = tyto("preprocess", "-m", ODD_MODEL, CAT, CAT, COFFEE, "--texts", bad[i].texts,
                       "-o", "x.safetensors", NULL);
        assert_complains(&run, 1, bad[i].message);
    }
    ran run = tyto("preprocess", "-m", ODD_MODEL, CAT, "absent.jpg", "-t", "x", "-o",
                   "x.safetensors", NULL);
    assert_complains(&run, 1, "absent.jpg: No such file");
    run = tyto("preprocess", "-m", ODD_MODEL, "--batch", "-o", "x.safetensors", NULL);
    assert_complains(&run, 2, "no photo");
    run = tyto("preprocess", "-m", ODD_MODEL, CAT, "--batch", "-q", "absent.jpg", "-o",
               "x.safetensors", NULL);
    assert_complains(&run, 1, "absent.jpg: No such file");
    assert_false(file_there("x.safetensors"));
    run = tyto("preprocess", "-m", ODD_MODEL, CAT, "--texts", "one.json", "-o", "in.safetensors",
               NULL);
    assert_done(&run);
    ran_clear(&run);
    forward("Owlv2ForObjectDetection");
    run = tyto("postprocess", "--outputs", "out.safetensors", "--sizes", "640x480,640x480", NULL);
    assert_complains(&run, 1, "sizes: got those of 2 photos, required 1");
    run = tyto("postprocess", CAT, COFFEE, "--outputs", "out.safetensors", NULL);
    assert_complains(&run, 1, "sizes: got those of 2 photos, required 1");
    run = tyto("postprocess", "--outputs", "out.safetensors", "--scores", "plain", NULL);
    assert_complains(&run, 2, "--scores: has no effect here, required outputs of image-guided");
    run = tyto("postprocess", "--outputs", "out.safetensors", "--iou", "0.3", NULL);
    assert_complains(&run, 2, "--iou: has no effect here, required --nms class or all");
    run = tyto("postprocess", "--outputs", "out.safetensors", "--sizes", "640x", NULL);
    assert_complains(&run, 2, "--sizes: got '640x', required WIDTHxHEIGHT");
    run = tyto("postprocess", CAT, "--outputs", "out.safetensors", "--sizes", "640x480", NULL);
    assert_complains(&run, 2, "--sizes: got photos too");
    run = tyto("postprocess", "--outputs", "out.safetensors", "--draw", "x.png", NULL);
    assert_complains(&run, 2, "--draw: no photo to draw in");
    run = tyto("postprocess", CAT, NULL);
    assert_complains(&run, 2, "required --outputs FILE");
    run = tyto("postprocess", CAT, COFFEE, "--outputs", "out.safetensors", "--draw", "x.png", NULL);
    assert_complains(&run, 2, "--draw: got 'x.png' for 2 photos, required a folder");
    run = tyto_reading("x\n", 2, "detect", "-m", ODD_MODEL, "-", "--labels", "-", NULL);
    assert_complains(&run, 1, "standard input: it was read already, required once");
    run = tyto("postprocess", "--outputs", "out.safetensors", "-t", "a", "-t", "b", NULL);
    assert_complains(&run, 2, "out.safetensors: got 2 names for 1 queries, required at most one");
    run = tyto("postprocess", CAT, "--outputs", CAT, NULL);
    assert_complains(&run, 1, "cat.jpg: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_steps_detect),    cmocka_unit_test(three_steps_match),
        cmocka_unit_test(texts_may_be_ragged),   cmocka_unit_test(texts_alone_are_rows),
        cmocka_unit_test(data_sets_are_written), cmocka_unit_test(wrong_usage_is_told),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
