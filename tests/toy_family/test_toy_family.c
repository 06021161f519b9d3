/* A family that nothing outside its folder knows: its checkpoints run by the same calls and by the
 * same command as those of the families that come with tyto. */
#include "toy_family/toy.h"

#include "cli/run.h"
#include "support/golden.h"

#define CLASSES 3

/* Classes are how red, green and blue a picture is. */
static void write_checkpoint(const char *model_type)
{
    static const float weight[CLASSES][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}};
    static const float bias[CLASSES] = {0.0F, 0.0F, 0.25F};
    const tyto_tensor tensors[] = {
        {.name = "weight",
         .dtype = TYTO_F32,
         .rank = 2,
         .shape = {CLASSES, 3},
         .data = (void *)(uintptr_t)weight},
        {.name = "bias",
         .dtype = TYTO_F32,
         .rank = 1,
         .shape = {CLASSES},
         .data = (void *)(uintptr_t)bias},
    };
    static const char processor[] =
        "{\"image_processor_type\": \"PerceiverImageProcessor\", \"do_center_crop\": false, "
        "\"do_resize\": false, \"do_normalize\": false, \"rescale_factor\": 0.00392156862745098}";
    char config[256];
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(config, sizeof(config),
             "{\"model_type\": \"%s\", \"architectures\": [\"ToyForColours\"], \"classes\": %d, "
             "\"id2label\": {\"0\": \"red\", \"1\": \"green\", \"2\": \"blue\"}}",
             model_type, CLASSES);
    mkdir("toy", 0777);
    write_file("toy/config.json", config, strlen(config));
    write_file("toy/preprocessor_config.json", processor, strlen(processor));
    ASSERT_DONE(tyto_tensor_file_save("toy/model.safetensors", tensors, 2, &err), &err);
}

/* 4×4 pixels of one colour. */
static void write_picture(const char *path, const uint8_t colour[3])
{
    uint8_t data[16 * 3];
    const tyto_image image = {.width_px = 4, .height_px = 4, .data = data};
    tyto_error err = TYTO_ERROR_INIT;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = colour[i % 3];
    }
    ASSERT_DONE(tyto_image_save(path, &image, &err), &err);
}

typedef struct opened {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
} opened;

static void begin(opened *with)
{
    const tyto_engine_options options = engine_options(1);
    tyto_error err = TYTO_ERROR_INIT;
    write_checkpoint("toy");
    ASSERT_DONE(tyto_engine_create(&options, &with->engine, &err), &err);
    ASSERT_DONE(tyto_model_open(with->engine, "toy", NULL, &with->model, &err), &err);
    ASSERT_DONE(tyto_session_create(with->model, NULL, &with->session, &err), &err);
}

static void end(opened *with)
{
    tyto_session_destroy(with->session);
    tyto_model_destroy(with->model);
    tyto_engine_destroy(with->engine);
}

static void heads_run(void **state)
{
    (void)state;
    opened with;
    float pixels[3] = {0.5F, 0.25F, 0.0F};
    const tyto_tensor input = {.name = "pixel_values",
                               .dtype = TYTO_F32,
                               .rank = 4,
                               .shape = {1, 3, 1, 1},
                               .data = pixels};
    const tyto_tensor *outputs;
    int64_t n;
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with);
    assert_string_equal(tyto_model_head(with.model), "ToyForColours");
    ASSERT_DONE(tyto_forward(with.session, NULL, &input, 1, NULL, 0, &outputs, &n, &err), &err);
    assert_int_equal(n, 1);
    assert_string_equal(outputs[0].name, "logits");
    assert_float_equal(((const float *)outputs[0].data)[0], 0.5F, 0);
    assert_float_equal(((const float *)outputs[0].data)[1], 0.25F, 0);
    assert_float_equal(((const float *)outputs[0].data)[2], 0.25F, 0);
    assert_int_equal(
        tyto_forward(with.session, "ToyForColours.name", &input, 1, NULL, 0, &outputs, &n, &err),
        TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "ToyForColours, ToyForColours.compare"));
    tyto_error_clear(&err);
    end(&with);
}

static void tasks_are_what_it_offers(void **state)
{
    (void)state;
    opened with;
    begin(&with);
    for (int task = TYTO_TASK_SEARCH; tyto_task_name((tyto_task)task); task++) {
        assert_int_equal(tyto_model_offers(with.model, (tyto_task)task),
                         task == TYTO_TASK_SEARCH || task == TYTO_TASK_EMBED ||
                             task == TYTO_TASK_CLASSIFY || task == TYTO_TASK_SIMILARITY);
    }
    assert_int_equal(tyto_model_classifies(with.model), TYTO_CLASSIFIED_IMAGE);
    end(&with);
    assert_false(tyto_model_offers(NULL, TYTO_TASK_CLASSIFY));
    assert_null(tyto_task_name((tyto_task)99));
}

static void pictures_are_classified(void **state)
{
    (void)state;
    opened with;
    uint8_t pixels[] = {0, 255, 51};
    const tyto_image image = {.width_px = 1, .height_px = 1, .data = pixels};
    tyto_classes classes;
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with);
    ASSERT_DONE(tyto_classify_images(with.session, &image, 1, NULL, &classes, &err), &err);
    assert_int_equal(classes.count, CLASSES);
    assert_string_equal(tyto_model_label(with.model, classes.items[0].label_index), "green");
    assert_string_equal(tyto_model_label(with.model, classes.items[1].label_index), "blue");
    assert_float_equal(classes.items[1].logit, 0.45F, 1e-6);
    assert_float_equal(classes.items[1].score, 1.0F / (1.0F + expf(-0.45F)), 1e-6);
    tyto_classes_clear(&classes);
    end(&with);
}

static const char *const colour_names[] = {"red", "green"};

/* Colours of which pictures are searched. */
static tyto_vocabulary *colours(void)
{
    static const float features[] = {2, 0, 0, 0, 0.5F, 0};
    tyto_vocabulary *made = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_vocabulary_from_features(features, colour_names, 2, 3, &made, &err), &err);
    return made;
}

static void pictures_are_compared(void **state)
{
    (void)state;
    opened with;
    uint8_t pixels[] = {51, 255, 0};
    const tyto_image image = {.width_px = 1, .height_px = 1, .data = pixels};
    const float far = 0.2F / sqrtf(1.04F), near = 1.0F / sqrtf(1.04F);
    float logits[2], probabilities[2], *features;
    int64_t width;
    tyto_similarities best;
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with);
    tyto_vocabulary *vocabulary = colours();
    ASSERT_DONE(
        tyto_similarity(with.session, vocabulary, &image, NULL, logits, probabilities, &err), &err);
    assert_float_equal(logits[0], far, 1e-6);
    assert_float_equal(logits[1], near, 1e-6);
    assert_float_equal(probabilities[1], 1.0F / (1.0F + expf(far - near)), 1e-6);
    assert_float_equal(probabilities[0] + probabilities[1], 1.0F, 1e-6);
    ASSERT_DONE(tyto_similarity_best(with.session, vocabulary, &image, NULL, 1, &best, &err), &err);
    assert_int_equal(best.count, 1);
    assert_int_equal(best.items[0].label_index, 1);
    assert_float_equal(best.items[0].logit, near, 1e-6);
    tyto_similarities_clear(&best);
    ASSERT_DONE(tyto_embed_image(with.session, &image, NULL, &features, &width, &err), &err);
    assert_int_equal(width, 3);
    assert_float_equal(features[0], 0.2F, 1e-6);
    assert_float_equal(features[1], 1.0F, 1e-6);
    assert_float_equal(features[2], 0.0F, 0);
    tyto_free(features);
    /* It has no texts. */
    assert_int_equal(tyto_embed_texts(with.session, colour_names, 2, NULL, &features, &width, &err),
                     TYTO_E_ARGUMENT);
    assert_null(features);
    tyto_error_clear(&err);
    tyto_vocabulary_destroy(vocabulary);
    end(&with);
}

/* 8×8 pixels, grey but for one quarter. */
static void paint_quarter(uint8_t pixels[8 * 8 * 3], int quarter, const uint8_t colour[3])
{
    memset(pixels, 128, 8 * 8 * 3);
    for (int p = 0; p < 16; p++) {
        const int x = quarter % 2 * 4 + p % 4, y = quarter / 2 * 4 + p / 4;
        memcpy(pixels + (y * 8 + x) * 3, colour, 3);
    }
}

static void assert_found(tyto_detections *found, int64_t quarter, int64_t label, float logit)
{
    assert_int_equal(found->count, 1);
    assert_int_equal(found->items[0].label_index, label);
    assert_int_equal(found->items[0].patch, quarter);
    assert_float_equal(found->items[0].score, 1.0F / (1.0F + expf(-logit)), 1e-5);
    const float x = (float)(quarter % 2 * 4), y = (float)(quarter / 2 * 4);
    const tyto_box box = found->items[0].box;
    assert_true(box.xmin == x && box.ymin == y && box.xmax == x + 4.0F && box.ymax == y + 4.0F);
    tyto_detections_clear(found);
}

/* Several at once, one that is encoded before, and whatever looks like an object. */
static void pictures_are_searched(void **state)
{
    (void)state;
    opened with;
    uint8_t pixels[2][8 * 8 * 3];
    const tyto_image images[] = {{.width_px = 8, .height_px = 8, .data = pixels[0]},
                                 {.width_px = 8, .height_px = 8, .data = pixels[1]}};
    const tyto_search_source sources[] = {{.image = &images[0]}, {.image = &images[1]}};
    tyto_photo *photo;
    tyto_vocabulary *boxes;
    tyto_detections found[2];
    tyto_error err = TYTO_ERROR_INIT;
    paint_quarter(pixels[0], 1, (const uint8_t[]){255, 0, 0});
    paint_quarter(pixels[1], 2, (const uint8_t[]){0, 255, 0});
    begin(&with);
    tyto_vocabulary *vocabulary = colours();
    ASSERT_DONE(tyto_search(with.session, sources, 2, vocabulary, NULL, found, &err), &err);
    assert_found(&found[0], 1, 0, 1.0F);
    assert_found(&found[1], 2, 1, 1.0F);
    ASSERT_DONE(tyto_photo_create(with.session, &images[1], NULL, &photo, &err), &err);
    const tyto_search_source encoded = {.photo = photo};
    ASSERT_DONE(tyto_search(with.session, &encoded, 1, vocabulary, NULL, found, &err), &err);
    assert_found(&found[0], 2, 1, 1.0F);
    ASSERT_DONE(tyto_search(with.session, &encoded, 1, NULL, NULL, found, &err), &err);
    ASSERT_DONE(tyto_photo_embed(with.session, photo, found, NULL, &boxes, &err), &err);
    assert_float_equal(tyto_vocabulary_features(boxes)[1], 1.0F, 1e-6);
    assert_found(&found[0], 2, 0, 5.0F);
    tyto_vocabulary_destroy(boxes);
    tyto_photo_destroy(photo);
    tyto_vocabulary_destroy(vocabulary);
    end(&with);
}

/* What its table leaves out is refused: examples, and parts of pictures. */
static void other_searches_are_refused(void **state)
{
    (void)state;
    opened with;
    uint8_t pixels[8 * 8 * 3] = {0};
    const tyto_image image = {.width_px = 8, .height_px = 8, .data = pixels};
    tyto_photo *photo;
    tyto_vocabulary *query = NULL;
    tyto_search_options options;
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with);
    ASSERT_DONE(tyto_photo_create(with.session, &image, NULL, &photo, &err), &err);
    assert_int_equal(tyto_photo_query(with.session, photo, NULL, TYTO_QUERY_RULE_AUTO, "thing",
                                      NULL, &query, &err),
                     TYTO_E_UNSUPPORTED);
    assert_null(query);
    assert_non_null(strstr(tyto_error_message(&err), "examples can't be queries of it"));
    tyto_search_options_init(&options, sizeof(options));
    ASSERT_DONE(tyto_search_check(with.session, &options, &err), &err);
    options.skip_padding = true;
    assert_int_equal(tyto_search_check(with.session, &options, &err), TYTO_E_UNSUPPORTED);
    assert_string_equal(tyto_error_message(&err),
                        "shortcuts: got a model without Owlv2ForObjectDetection, required one");
    tyto_error_clear(&err);
    tyto_photo_destroy(photo);
    end(&with);
}

/* What a task refuses names the classes that have it, of all families. */
static void other_tasks_name_their_classes(void **state)
{
    (void)state;
    opened with;
    tyto_flow_tiles tiles;
    tyto_flow_options options;
    tyto_error err = TYTO_ERROR_INIT;
    begin(&with);
    tyto_flow_options_init(&options, sizeof(options));
    assert_int_equal(tyto_flow_plan(with.model, 8, 8, &options, &tiles, &err), TYTO_E_ARGUMENT);
    assert_string_equal(tyto_error_message(&err),
                        "model: got a ToyForColours, required a PerceiverForOpticalFlow, such as "
                        "'deepmind/optical-flow-perceiver'");
    tyto_error_clear(&err);
    end(&with);
}

static void unknown_types_name_all_families(void **state)
{
    (void)state;
    const tyto_engine_options options = engine_options(1);
    tyto_engine *engine;
    tyto_model *model = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    write_checkpoint("bert");
    ASSERT_DONE(tyto_engine_create(&options, &engine, &err), &err);
    assert_int_equal(tyto_model_open(engine, "toy", NULL, &model, &err), TYTO_E_UNSUPPORTED);
    assert_non_null(strstr(tyto_error_message(&err),
                           "got 'bert', required owlv2, owlv2_text_model, "
                           "owlv2_vision_model, perceiver or toy"));
    tyto_error_clear(&err);
    write_checkpoint("toy");
    assert_int_equal(open_composed(engine, "toy", "{}", 2, "parts", &model, &err),
                     TYTO_E_UNSUPPORTED);
    assert_non_null(strstr(tyto_error_message(&err), "got 'toy', which takes no parts"));
    tyto_error_clear(&err);
    tyto_engine_destroy(engine);
}

static void the_command_inspects(void **state)
{
    (void)state;
    write_checkpoint("toy");
    ran run = tyto("inspect", "-m", "toy", "--tensors", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "toy"));
    assert_non_null(strstr(run.out, "weight"));
    ran_clear(&run);
    unlink("toy/model.safetensors");
    const float bias[CLASSES] = {0};
    const tyto_tensor alone = {.name = "bias",
                               .dtype = TYTO_F32,
                               .rank = 1,
                               .shape = {CLASSES},
                               .data = (void *)(uintptr_t)bias};
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_tensor_file_save("toy/model.safetensors", &alone, 1, &err), &err);
    run = tyto("inspect", "-m", "toy", NULL);
    assert_non_null(strstr(run.out, "weight"));
    ran_clear(&run);
}

static void the_command_classifies(void **state)
{
    (void)state;
    write_checkpoint("toy");
    write_picture("red.png", (const uint8_t[]){255, 0, 0});
    write_picture("blue.png", (const uint8_t[]){0, 0, 128});
    ran run = tyto("classify", "-m", "toy", "red.png", "blue.png", "-k", "1", "-f", "jsonl", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "{\"image\": \"red.png\", \"classes\": [{\"label\": \"red\""));
    assert_non_null(
        strstr(run.out, "{\"image\": \"blue.png\", \"classes\": [{\"label\": \"blue\""));
    ran_clear(&run);
    run = tyto("flow", "-m", "toy", "red.png", "blue.png", "-o", "out.flo", NULL);
    assert_complains(&run, 1, "toy: got ToyForColours, required PerceiverForOpticalFlow, such as");
}

/* By queries that were saved, since it knows no texts. */
static void the_command_searches(void **state)
{
    (void)state;
    uint8_t pixels[8 * 8 * 3];
    const tyto_image image = {.width_px = 8, .height_px = 8, .data = pixels};
    tyto_error err = TYTO_ERROR_INIT;
    write_checkpoint("toy");
    write_picture("red.png", (const uint8_t[]){255, 0, 0});
    paint_quarter(pixels, 3, (const uint8_t[]){0, 255, 0});
    ASSERT_DONE(tyto_image_save("quarter.png", &image, &err), &err);
    tyto_vocabulary *vocabulary = colours();
    ASSERT_DONE(tyto_vocabulary_save(vocabulary, "colours.safetensors", &err), &err);
    tyto_vocabulary_destroy(vocabulary);
    ran run = tyto("similarity", "-m", "toy", "red.png", "--classes", "colours.safetensors",
                   "--top-k", "1", "-f", "csv", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "\nred.png,red,"));
    assert_null(strstr(run.out, "green"));
    ran_clear(&run);
    run = tyto("detect", "-m", "toy", "quarter.png", "--classes", "colours.safetensors", "-f",
               "csv", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "\nquarter.png,8,8,green,"));
    assert_non_null(strstr(run.out, ",4,4,8,8\n"));
    assert_null(strstr(run.out, "red"));
    ran_clear(&run);
    run = tyto("embed", "-m", "toy", "red.png", "-o", "features.npy", NULL);
    assert_done(&run);
    ran_clear(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_run),
        cmocka_unit_test(tasks_are_what_it_offers),
        cmocka_unit_test(pictures_are_classified),
        cmocka_unit_test(pictures_are_compared),
        cmocka_unit_test(pictures_are_searched),
        cmocka_unit_test(other_searches_are_refused),
        cmocka_unit_test(other_tasks_name_their_classes),
        cmocka_unit_test(unknown_types_name_all_families),
        cmocka_unit_test(the_command_inspects),
        cmocka_unit_test(the_command_classifies),
        cmocka_unit_test(the_command_searches),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
