/* Each step of a task by itself, on the examples of the reference's documentation: what its
 * processor makes of texts and photos, what the network makes of that, and what that amounts to. */
#include "support/golden.h"

/* Largest differences: of a pixel (JPEGs are decoded to the same bytes), of an output, of a score
 * and of a box as a share of the photo. */
#define PIXEL_ALLOWED 1e-4
#define OUTPUT_ALLOWED 1e-4
#define SCORE_ALLOWED 2e-5
#define BOX_ALLOWED 1e-5

#define MOST 8

static tyto_engine *engine;
static tyto_model *model;

static int open_model(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_engine_create(NULL, &engine, &err), &err);
    ASSERT_DONE(tyto_model_open(engine, golden_path(path, "owlv2/odd/model"), NULL, &model, &err),
                &err);
    return 0;
}

static int close_model(void **state)
{
    (void)state;
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    return 0;
}

static int64_t load_photos(const json_t *names, tyto_image *images)
{
    char path[GOLDEN_PATH_BYTES];
    for (size_t i = 0; i < json_array_size(names); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        const char *name = json_string_value(json_array_get(names, i));
        snprintf(path, sizeof(path), "%s/../assets/photos/%s", getenv("TYTO_TEST_DATA"), name);
        ASSERT_DONE(tyto_image_load(path, NULL, &images[i], &err), &err);
    }
    return (int64_t)json_array_size(names);
}

/* Lists of lists, or one list of rows. */
static int64_t read_texts(const json_t *from, const char *items[][MOST], tyto_text_list *lists)
{
    const bool nested = json_is_array(json_array_get(from, 0));
    const size_t count = nested ? json_array_size(from) : from ? 1 : 0;
    for (size_t i = 0; i < count; i++) {
        const json_t *list = nested ? json_array_get(from, i) : from;
        lists[i] = (tyto_text_list){items[i], (int64_t)json_array_size(list)};
        for (size_t t = 0; t < (size_t)lists[i].count; t++) {
            items[i][t] = json_string_value(json_array_get(list, t));
        }
    }
    return (int64_t)count;
}

/* Those that the file has, element by element; returns how many. */
static size_t compare(const tyto_tensor *got, size_t count, const tyto_tensor_file *file,
                      const char *kind, double allowed)
{
    size_t compared = 0;
    for (size_t i = 0; i < count; i++) {
        char name[128];
        snprintf(name, sizeof(name), "%s.%s", kind, got[i].name);
        const tyto_tensor *wanted = tyto_tensor_file_find(file, name);
        if (!wanted) {
            continue;
        }
        compared++;
        assert_int_equal(got[i].dtype, wanted->dtype);
        assert_int_equal(got[i].rank, wanted->rank);
        assert_memory_equal(got[i].shape, wanted->shape, (size_t)got[i].rank * sizeof(int64_t));
        if (wanted->dtype == TYTO_I64) {
            assert_memory_equal(got[i].data, wanted->data,
                                (size_t)tyto_tensor_elements(wanted) * sizeof(int64_t));
            continue;
        }
        for (int64_t e = 0; e < tyto_tensor_elements(wanted); e++) {
            const double is = (double)((const float *)got[i].data)[e];
            if (!is_close(is, golden_value(wanted, e), allowed)) {
                fail_msg("%s[%lld]: got %.9g, required %.9g", name, (long long)e, is,
                         golden_value(wanted, e));
            }
        }
    }
    return compared;
}

/* The reference keeps the order of boxes, tyto sorts by score: each of its detections is found
 * among the reference's, once. */
static void compare_results(const tyto_detections *found, size_t photo,
                            const tyto_tensor_file *file, double side)
{
    char name[64];
    const tyto_tensor *parts[3];
    static const char *const names[] = {"scores", "boxes", "labels"};
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof(name), "result.%zu.%s", photo, names[i]);
        parts[i] = tyto_tensor_file_find(file, name);
    }
    const int64_t count = parts[0]->shape[0];
    assert_int_equal(found->count, count);
    bool *seen = calloc((size_t)count + 1, sizeof(*seen));
    assert_non_null(seen);
    for (int64_t i = 0; i < found->count; i++) {
        const tyto_detection *item = &found->items[i];
        const float box[] = {item->box.xmin, item->box.ymin, item->box.xmax, item->box.ymax};
        bool there = false;
        for (int64_t k = 0; k < count && !there; k++) {
            int64_t label = item->label_index;
            if (parts[2]) {
                memcpy(&label, (const char *)parts[2]->data + (size_t)k * sizeof(label),
                       sizeof(label));
            }
            there = !seen[k] && label == item->label_index &&
                    is_close((double)item->score, golden_value(parts[0], k), SCORE_ALLOWED);
            for (int c = 0; c < 4; c++) {
                there = there && is_close((double)box[c], golden_value(parts[1], 4 * k + c),
                                          BOX_ALLOWED * side);
            }
            seen[k] = seen[k] || there;
        }
        if (!there) {
            fail_msg("photo %zu: detection %zu is not the reference's", photo, i);
        }
    }
    free(seen);
}

static void postprocess(const json_t *of, const tyto_tensor *outputs, int64_t n_outputs,
                        const tyto_tensor_file *file, size_t photos)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_postprocess_options options;
    tyto_detections found[MOST];
    tyto_size sizes[MOST];
    const json_t *given = json_object_get(of, "sizes"), *iou = json_object_get(of, "nms_threshold");
    const size_t n_sizes = json_array_size(given);
    for (size_t i = 0; i < n_sizes; i++) {
        const json_t *size = json_array_get(given, i);
        sizes[i] = (tyto_size){json_integer_value(json_array_get(size, 1)),
                               json_integer_value(json_array_get(size, 0))};
    }
    tyto_postprocess_options_init_for(&options, sizeof(options), outputs, (int64_t)n_outputs);
    options.boxes = TYTO_BOXES_REFERENCE;
    options.threshold = (float)json_real_value(json_object_get(of, "threshold"));
    options.nms_iou = iou ? (float)json_real_value(iou) : options.nms_iou;
    assert_int_equal(tyto_postprocess_photo_count(outputs, (int64_t)n_outputs), photos);
    ASSERT_DONE(tyto_postprocess_batch(outputs, (int64_t)n_outputs, sizes, (int64_t)n_sizes,
                                       &options, found, (int64_t)photos, &err),
                &err);
    for (size_t i = 0; i < photos; i++) {
        const double side =
            n_sizes ? fmax((double)sizes[i].width_px, (double)sizes[i].height_px) : 1.0;
        compare_results(&found[i], i, file, side);
        tyto_detections_clear(&found[i]);
    }
}

static void run_example(const json_t *of)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    tyto_image images[MOST] = {{0}}, queries[MOST] = {{0}};
    tyto_text_list lists[MOST];
    const char *items[MOST][MOST];
    tyto_inputs inputs;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    const char *name = json_string_value(json_object_get(of, "name"));
    tyto_tensor_file *file = golden_tensors(golden_path(path, "examples/%s.safetensors", name));
    const tyto_inputs_source source = {
        .struct_bytes = sizeof(source),
        .texts = lists,
        .n_texts = read_texts(json_object_get(of, "texts"), items, lists),
        .tokenizer = tyto_model_tokenizer(model),
        .images = images,
        .n_images = load_photos(json_object_get(of, "photos"), images),
        .query_images = queries,
        .n_query_images = load_photos(json_object_get(of, "queries"), queries),
        .processor = tyto_model_image_processor(model),
        .engine = engine,
    };
    ASSERT_DONE(tyto_inputs_make(&source, &inputs, &err), &err);
    const size_t expected = (source.n_texts ? 2U : 0U) + (source.n_images ? 1U : 0U) +
                            (source.n_query_images ? 1U : 0U);
    assert_int_equal(inputs.count, expected);
    (void)compare(inputs.tensors, (size_t)inputs.count, file, "input", PIXEL_ALLOWED);
    ASSERT_DONE(tyto_session_create(model, NULL, &session, &err), &err);
    ASSERT_DONE(tyto_forward(session, json_string_value(json_object_get(of, "head")),
                             inputs.tensors, inputs.count, NULL, 0, &outputs, &n_outputs, &err),
                &err);
    assert_true(compare(outputs, (size_t)n_outputs, file, "output", OUTPUT_ALLOWED) > 0);
    if (json_object_get(of, "threshold")) {
        postprocess(of, outputs, n_outputs, file, (size_t)source.n_images);
    }
    tyto_session_destroy(session);
    tyto_inputs_clear(&inputs);
    for (size_t i = 0; i < MOST; i++) {
        tyto_image_clear(&images[i]);
        tyto_image_clear(&queries[i]);
    }
    tyto_tensor_file_destroy(file);
}

static void documented_examples_are_the_reference_s(void **state)
{
    (void)state;
    char path[GOLDEN_PATH_BYTES];
    json_t *cases = json_load_file(golden_path(path, "examples/cases.json"), 0, NULL);
    assert_true(json_array_size(cases) >= 11);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        run_example(json_array_get(cases, i));
    }
    json_decref(cases);
}

static void refused(tyto_status status, tyto_status wanted, tyto_error *err, const char *message)
{
    assert_int_equal(status, wanted);
    assert_string_equal(tyto_error_message(err), message);
    tyto_error_clear(err);
}

/* Rows of texts for each photo, and the same list said once. */
static void shared_texts_are_every_photos(void **state)
{
    (void)state;
    static const char *const two[] = {"a cat", "a dog"};
    const tyto_text_list lists[] = {{two, 2}, {two, 2}, {two, 2}};
    uint8_t pixels[2 * 3 * 3] = {0};
    const tyto_image images[] = {{2, 3, pixels}, {2, 3, pixels}, {2, 3, pixels}};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_inputs_source source;
    tyto_inputs each, shared, alone;
    tyto_inputs_source_init(&source, sizeof(source));
    source.tokenizer = tyto_model_tokenizer(model);
    source.processor = tyto_model_image_processor(model);
    source.texts = lists;
    source.n_texts = 3;
    source.images = images;
    source.n_images = 3;
    ASSERT_DONE(tyto_inputs_make(&source, &each, &err), &err);
    source.shared_texts = true;
    refused(tyto_inputs_make(&source, &shared, &err), TYTO_E_ARGUMENT, &err,
            "texts: got 3 shared lists, required one");
    source.n_texts = 1;
    ASSERT_DONE(tyto_inputs_make(&source, &shared, &err), &err);
    source.n_images = 0;
    ASSERT_DONE(tyto_inputs_make(&source, &alone, &err), &err);
    assert_int_equal(each.count, 3);
    assert_int_equal(shared.count, 3);
    assert_int_equal(each.tensors[0].shape[0], 6);
    assert_int_equal(alone.tensors[0].shape[0], 2);
    for (int t = 0; t < 2; t++) {
        const tyto_tensor *a = &each.tensors[t], *b = &shared.tensors[t];
        assert_string_equal(a->name, b->name);
        assert_memory_equal(a->shape, b->shape, 2 * sizeof(a->shape[0]));
        assert_memory_equal(a->data, b->data, (size_t)tyto_tensor_elements(a) * sizeof(int64_t));
    }
    tyto_inputs_clear(&each);
    tyto_inputs_clear(&shared);
    tyto_inputs_clear(&alone);
}

static void bad_calls_are_refused(void **state)
{
    (void)state;
    static const char *const two[] = {"a cat", "a dog"};
    const tyto_text_list lists[] = {{two, 2}, {two, 1}}, empty[] = {{two, 0}, {two, 0}};
    uint8_t pixels[2 * 3 * 3] = {0};
    const tyto_image images[] = {{2, 3, pixels}, {3, 2, pixels}, {2, 2, pixels}};
    const tyto_image_processor *own = tyto_model_image_processor(model);
    const tyto_image_processor_options as_it_is = {.struct_bytes =
                                                       sizeof(tyto_image_processor_options),
                                                   .do_resize = TYTO_SWITCH_OFF,
                                                   .do_pad = TYTO_SWITCH_OFF};
    tyto_image_processor *unsized = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_inputs inputs;
    ASSERT_DONE(tyto_image_processor_override(own, &as_it_is, &unsized, &err), &err);
    tyto_inputs_source source;
    tyto_inputs_source_init(&source, sizeof(source));
    refused(tyto_inputs_make(&source, &inputs, &err), TYTO_E_ARGUMENT, &err,
            "inputs: got nothing, required texts, pictures or query pictures");
    source = (tyto_inputs_source){.struct_bytes = sizeof(source), .texts = lists, .n_texts = 2};
    refused(tyto_inputs_make(&source, &inputs, &err), TYTO_E_ARGUMENT, &err,
            "texts: required a tokenizer");
    source.tokenizer = tyto_model_tokenizer(model);
    source.images = images;
    source.n_images = 3;
    refused(tyto_inputs_make(&source, &inputs, &err), TYTO_E_ARGUMENT, &err,
            "pictures: required an image processor");
    source.processor = unsized;
    refused(tyto_inputs_make(&source, &inputs, &err), TYTO_E_ARGUMENT, &err,
            "texts: got lists for 2 photos, required 3, one for each");
    source.n_images = 2;
    refused(tyto_inputs_make(&source, &inputs, &err), TYTO_E_SHAPE, &err,
            "pixel_values: picture 1 becomes 3x2, required 2x3 as the first");
    assert_int_equal(inputs.count, 0);
    source = (tyto_inputs_source){.struct_bytes = sizeof(source),
                                  .texts = empty,
                                  .n_texts = 2,
                                  .tokenizer = source.tokenizer};
    refused(tyto_inputs_make(&source, &inputs, &err), TYTO_E_ARGUMENT, &err,
            "texts: got empty lists, required a text");
    static const char *const lengths[] = {"a", "a b c d e f g h i j k l m n o p q r"};
    const tyto_text_list uneven = {lengths, 2};
    source.texts = &uneven;
    source.n_texts = 1;
    refused(
        tyto_inputs_make(&source, &inputs, &err), TYTO_E_SHAPE, &err,
        "text 'a b c d e f g h i j k l m n o p q r': got 20 tokens, required 16 as 'a' has: pad "
        "or cut them");
    tyto_image_processor_destroy(unsized);
}

static void bad_outputs_are_refused(void **state)
{
    (void)state;
    float numbers[2 * 5 * 4] = {0};
    tyto_tensor outputs[] = {
        {.name = "logits", .dtype = TYTO_F32, .rank = 3, .shape = {2, 5, 1}, .data = numbers},
        {.name = "pred_boxes", .dtype = TYTO_F32, .rank = 3, .shape = {2, 5, 4}, .data = numbers}};
    const tyto_size sizes[] = {{640, 480}, {640, 480}, {640, 480}};
    tyto_detections found[3];
    tyto_error err = TYTO_ERROR_INIT;
    refused(tyto_postprocess_batch(outputs, 2, sizes, 1, NULL, found, 2, &err), TYTO_E_ARGUMENT,
            &err, "sizes: got those of 1 photos, required 2, as outputs are about");
    refused(tyto_postprocess_batch(outputs, 2, sizes, 3, NULL, found, 2, &err), TYTO_E_ARGUMENT,
            &err, "sizes: got those of 3 photos, required 2, as outputs are about");
    refused(tyto_postprocess_batch(outputs, 2, sizes, 2, NULL, found, 3, &err), TYTO_E_ARGUMENT,
            &err, "photos: got 3, required 2, as outputs are about");
    refused(tyto_postprocess_batch(outputs, 1, sizes, 2, NULL, found, 2, &err), TYTO_E_ARGUMENT,
            &err,
            "outputs: required logits and pred_boxes or target_pred_boxes, or objectness_logits "
            "and pred_boxes");
    outputs[1].shape[1] = 4;
    refused(tyto_postprocess_batch(outputs, 2, NULL, 0, NULL, found, 2, &err), TYTO_E_SHAPE, &err,
            "pred_boxes: got [2,4,4], required [2,5,4]");
    outputs[1].shape[1] = 5;
    outputs[0].rank = 2;
    refused(tyto_postprocess_batch(outputs, 2, NULL, 0, NULL, found, 2, &err), TYTO_E_SHAPE, &err,
            "logits: got F32 of rank 2, required floats of rank 3");
    /* By objectness there is one score a box, and sigmoid(0) is above the threshold. */
    outputs[0].name = "objectness_logits";
    ASSERT_DONE(tyto_postprocess_batch(outputs, 2, sizes, 2, NULL, found, 2, &err), &err);
    assert_int_equal(found[1].count, 5);
    assert_true(found[1].items[4].score == 0.5F && found[1].items[4].label_index == 0);
    tyto_detections_clear(&found[0]);
    tyto_detections_clear(&found[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documented_examples_are_the_reference_s),
        cmocka_unit_test(shared_texts_are_every_photos),
        cmocka_unit_test(bad_calls_are_refused),
        cmocka_unit_test(bad_outputs_are_refused),
    };
    return cmocka_run_group_tests(tests, open_model, close_model);
}
