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
                        "model: got a ToyForColours, required a PerceiverForOpticalFlow");
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
    assert_complains(&run, 1, "model: got a ToyForColours, required a PerceiverForOpticalFlow");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_run),
        cmocka_unit_test(tasks_are_what_it_offers),
        cmocka_unit_test(pictures_are_classified),
        cmocka_unit_test(other_tasks_name_their_classes),
        cmocka_unit_test(unknown_types_name_all_families),
        cmocka_unit_test(the_command_inspects),
        cmocka_unit_test(the_command_classifies),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
