/* Image processors against the reference's pixels, and what their configurations may say. */
#include "support/golden.h"

#include "support/cases.h"

/* Largest difference that is allowed on any pixel, after normalisation. */
#define PIXEL_TOLERANCE 1e-4
/* The same of a Perceiver's: bytes are equal. */
#define PERCEIVER_TOLERANCE 1e-6

static tyto_image image_of(const tyto_tensor *tensor)
{
    assert_int_equal(tensor->dtype, TYTO_U8);
    assert_int_equal(tensor->shape[2], 3);
    return (tyto_image){tensor->shape[1], tensor->shape[0], tensor->data};
}

static float *run(const tyto_image_processor *processor, tyto_engine *engine,
                  const tyto_image *image, int64_t shape[3])
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor_shape(processor, image->width_px, image->height_px, shape);
    float *out = malloc((size_t)(shape[0] * shape[1] * shape[2]) * sizeof(float));
    assert_non_null(out);
    fill_with(out, shape[0] * shape[1] * shape[2], NAN);
    ASSERT_DONE(tyto_image_processor_run(processor, engine, image, out, &err), &err);
    return out;
}

static void compare(const char *what, const tyto_image_processor *processor, tyto_engine *engine,
                    const tyto_tensor *image_tensor, const tyto_tensor *expected, double tolerance)
{
    const tyto_image image = image_of(image_tensor);
    int64_t shape[3];
    float *out = run(processor, engine, &image, shape);
    assert_int_equal(expected->rank, 3);
    assert_memory_equal(shape, expected->shape, sizeof(shape));
    for (int64_t i = 0; i < shape[0] * shape[1] * shape[2]; i++) {
        const double wanted = expected->dtype == TYTO_U8
                                  ? (double)((const uint8_t *)expected->data)[i]
                                  : golden_value(expected, i);
        if (!is_close((double)out[i], wanted, tolerance)) {
            fail_msg("%s, picture %s: channel %lld, row %lld, column %lld: got %.9g, required %.9g",
                     what, expected->name, (long long)(i / shape[2] / shape[1]),
                     (long long)(i / shape[2] % shape[1]), (long long)(i % shape[2]),
                     (double)out[i], wanted);
        }
    }
    free(out);
}

/* Engines that a case runs on; NULL is none. */
typedef struct engines {
    tyto_engine *all[3];
    const char *folder;
    double tolerance;
    int cases;
} engines;

static void run_config(const char *name, void *user)
{
    engines *on = user;
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor = NULL;
    golden_path(path, "%s/%s", on->folder, name);
    ASSERT_DONE(tyto_image_processor_open(path, &processor, &err), &err);
    golden_path(path, "%s/%s/images.safetensors", on->folder, name);
    tyto_tensor_file *images = golden_tensors(path);
    golden_path(path, "%s/%s/expected.safetensors", on->folder, name);
    tyto_tensor_file *expected = golden_tensors(path);
    for (int64_t i = 0; i < tyto_tensor_file_count(expected); i++) {
        const tyto_tensor *pixels = tyto_tensor_file_at(expected, (int64_t)i);
        for (size_t e = 0; e < 3; e++) {
            compare(name, processor, on->all[e], tyto_tensor_file_find(images, pixels->name),
                    pixels, on->tolerance);
        }
        on->cases++;
    }
    tyto_tensor_file_destroy(images);
    tyto_tensor_file_destroy(expected);
    tyto_image_processor_destroy(processor);
}

static void make_engines(engines *on)
{
    *on = (engines){0};
    for (int i = 1; i < 3; i++) {
        const tyto_engine_options options = engine_options(2 * i - 1);
        tyto_error err = TYTO_ERROR_INIT;
        ASSERT_DONE(tyto_engine_create(&options, &on->all[i], &err), &err);
    }
}

static void free_engines(engines *on)
{
    for (int i = 0; i < 3; i++) {
        tyto_engine_destroy(on->all[i]);
    }
}

static void pixels_are_the_reference_s(void **state)
{
    (void)state;
    engines on;
    make_engines(&on);
    on.folder = "processor";
    on.tolerance = PIXEL_TOLERANCE;
    golden_for_each("processor", run_config, &on);
    assert_true(on.cases >= 50);
    on.folder = "perceiver_processor";
    on.tolerance = PERCEIVER_TOLERANCE;
    golden_for_each("perceiver_processor", run_config, &on);
    assert_true(on.cases >= 218);
    free_engines(&on);
}

/* A processor of the configuration given, through a file. */
static tyto_status open_text(const char *text, tyto_image_processor **out, tyto_error *err)
{
    char folder[] = "/tmp/tyto-processor-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/preprocessor_config.json", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    const tyto_status status = tyto_image_processor_open(folder, out, err);
    unlink(path);
    rmdir(folder);
    return status;
}

/* One and three rows, which the reference takes for channels: as columns are, turned. */
static void rows_are_no_channels(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{1, 1}, {1, 9}, {3, 40}, {3, 3}, {1, 100}};
    static const char *const configs[] = {
        "{\"size\": {\"height\": 24, \"width\": 24}}",
        "{\"size\": {\"height\": 24, \"width\": 24}, \"do_rescale\": false}"};
    for (size_t i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
        const int64_t h = sizes[i / 2][0], w = sizes[i / 2][1];
        stream numbers = {i + 1};
        uint8_t lying[3 * 120], standing[3 * 120];
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image_processor *processor = NULL;
        ASSERT_DONE(open_text(configs[i % 2], &processor, &err), &err);
        for (int64_t k = 0; k < 3 * h * w; k++) {
            lying[k] = (uint8_t)next_int(&numbers, 0, 255);
            standing[(k / 3 % w * h + k / 3 / w) * 3 + k % 3] = lying[k];
        }
        int64_t shape[3];
        float *a = run(processor, NULL, &(tyto_image){w, h, lying}, shape),
              *b = run(processor, NULL, &(tyto_image){h, w, standing}, shape);
        /* Bytes are cut after each direction, so the order of directions shows. */
        const double tolerance = i % 2 ? 2.0 / 0.26 : 1e-5;
        for (int k = 0; k < 3 * 24 * 24; k++) {
            const int turned = k / 576 * 576 + k % 24 * 24 + k / 24 % 24;
            assert_true(is_close((double)a[k], (double)b[turned], tolerance));
        }
        free(a);
        free(b);
        tyto_image_processor_destroy(processor);
    }
}

/* Of one colour before, of one colour after, whatever the sizes. */
static void one_colour_stays_one_colour(void **state)
{
    (void)state;
    static const int64_t sizes[][2] = {{7, 7}, {960, 960}, {1200, 1200}, {64, 64}};
    engines on;
    make_engines(&on);
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor = NULL;
    ASSERT_DONE(open_text("{}", &processor, &err), &err);
    for (size_t i = 0; next_case(i, sizeof(sizes) / sizeof(sizes[0])); i++) {
        tyto_image image;
        int64_t shape[3];
        ASSERT_DONE(tyto_image_make(sizes[i][1], sizes[i][0], &image, &err), &err);
        memset(image.data, 200, (size_t)(3 * sizes[i][0] * sizes[i][1]));
        float *out = run(processor, on.all[2], &image, shape);
        const double mean[] = {0.48145466, 0.4578275, 0.40821073},
                     std[] = {0.26862954, 0.26130258, 0.27577711};
        assert_int_equal(shape[1], 960);
        assert_int_equal(shape[2], 960);
        for (int64_t k = 0; k < 3 * 960 * 960; k++) {
            const int64_t c = k / 960 / 960;
            assert_true(is_close((double)out[k], (200.0 / 255.0 - mean[c]) / std[c], 1e-5));
        }
        free(out);
        tyto_image_clear(&image);
    }
    tyto_image_processor_destroy(processor);
    free_engines(&on);
}

static void configurations_are_read(void **state)
{
    (void)state;
    static const char *const accepted[] = {
        "{}",
        "{\"processor_class\": \"Owlv2Processor\"}",
        "{\"size\": null, \"image_mean\": null, \"image_std\": null}",
        "{\"feature_extractor_type\": \"Owlv2FeatureExtractor\", \"resample\": 3}",
        "{\"image_processor_type\": \"Owlv2ImageProcessor\"}",
        "{\"crop_size\": {\"height\": 768}, \"do_center_crop\": false, \"do_convert_rgb\": true}",
        "{\"size\": {\"height\": 960, \"width\": 960}, \"rescale_factor\": 0.00392156862745098}",
    };
    for (size_t i = 0; next_case(i, sizeof(accepted) / sizeof(accepted[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image_processor *processor = NULL;
        int64_t shape[3];
        ASSERT_DONE(open_text(accepted[i], &processor, &err), &err);
        tyto_image_processor_shape(processor, 100, 50, shape);
        assert_int_equal(shape[0], 3);
        assert_int_equal(shape[1], 960);
        assert_int_equal(shape[2], 960);
        tyto_image_processor_destroy(processor);
    }
}

static void configurations_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        tyto_status status;
        const char *part;
    } cases[] = {
        {"[]", TYTO_E_FORMAT, "preprocessor_config.json"},
        {"{\"do_pad\"", TYTO_E_FORMAT, "JSON"},
        {"{\"image_processor_type\": \"CLIPImageProcessor\"}", TYTO_E_UNSUPPORTED, "CLIP"},
        {"{\"image_processor_type\": 3}", TYTO_E_FORMAT, "image_processor_type"},
        {"{\"do_pad\": 1}", TYTO_E_FORMAT, "'do_pad'"},
        {"{\"rescale_factor\": \"1/255\"}", TYTO_E_FORMAT, "'rescale_factor'"},
        {"{\"size\": 960}", TYTO_E_FORMAT, "'size'"},
        {"{\"size\": {\"height\": 960}}", TYTO_E_FORMAT, "'size'"},
        {"{\"size\": {\"shortest_edge\": 960}}", TYTO_E_FORMAT, "'size'"},
        {"{\"size\": {\"height\": 0, \"width\": 3}}", TYTO_E_RANGE, "'size'"},
        {"{\"size\": {\"height\": 3, \"width\": -1}}", TYTO_E_RANGE, "'size'"},
        {"{\"size\": {\"height\": 1000000000, \"width\": 5}}", TYTO_E_RANGE, "'size'"},
        {"{\"size\": {\"height\": \"a\", \"width\": 5}}", TYTO_E_FORMAT, "'height'"},
        {"{\"image_processor_type\": \"PerceiverImageProcessor\", \"size\": 0}", TYTO_E_RANGE,
         "'size': got 0x0"},
        {"{\"image_processor_type\": \"PerceiverImageProcessor\", \"size\": 2.5}", TYTO_E_FORMAT,
         "'size'"},
        {"{\"image_processor_type\": \"PerceiverImageProcessor\", \"size\": [1, 2, 3]}",
         TYTO_E_FORMAT, "'size'"},
        {"{\"image_processor_type\": \"PerceiverImageProcessor\", \"crop_size\": "
         "{\"shortest_edge\": 3}}",
         TYTO_E_FORMAT, "'crop_size'"},
        {"{\"image_processor_type\": \"PerceiverImageProcessor\", \"resample\": 6}", TYTO_E_RANGE,
         "'resample': got 6, required 0 to 5"},
        {"{\"image_processor_type\": \"PerceiverImageProcessor\", \"resample\": \"bicubic\"}",
         TYTO_E_FORMAT, "'resample'"},
        {"{\"image_mean\": [0.5, 0.5]}", TYTO_E_FORMAT, "'image_mean'"},
        {"{\"image_mean\": [0.5, 0.5, \"a\"]}", TYTO_E_FORMAT, "'image_mean'"},
        {"{\"image_std\": [0.5, 0.5, 0]}", TYTO_E_RANGE, "'image_std'"},
        {"{\"image_std\": 0}", TYTO_E_RANGE, "'image_std'"},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image_processor *processor = NULL;
        const tyto_status status = open_text(cases[i].text, &processor, &err);
        if (status != cases[i].status || !strstr(tyto_error_message(&err), cases[i].part)) {
            fail_msg("%s: got %s: %s", cases[i].text, tyto_status_name(status),
                     tyto_error_message(&err));
        }
        assert_null(processor);
        tyto_error_clear(&err);
    }
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor = NULL;
    assert_int_equal(tyto_image_processor_open("/nonexistent", &processor, &err), TYTO_E_NOT_FOUND);
    tyto_error_clear(&err);
}

/* What the published files say in the older form is what is meant when nothing is said. */
static void a_perceiver_has_its_own_defaults(void **state)
{
    (void)state;
    static const char *const configs[] = {
        "{\"image_processor_type\": \"PerceiverImageProcessor\"}",
        "{\"feature_extractor_type\": \"PerceiverFeatureExtractor\", \"size\": 224, \"crop_size\": "
        "256, \"resample\": 3, \"do_center_crop\": true, \"image_mean\": [0.485, 0.456, 0.406], "
        "\"image_std\": [0.229, 0.224, 0.225]}"};
    static uint8_t pixels[3 * 31 * 40];
    float *out[2];
    int64_t shape[3];
    stream numbers = {3};
    for (size_t i = 0; i < sizeof(pixels); i++) {
        pixels[i] = (uint8_t)next_int(&numbers, 0, 255);
    }
    for (size_t i = 0; i < 2; i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image_processor *processor = NULL;
        ASSERT_DONE(open_text(configs[i], &processor, &err), &err);
        out[i] = run(processor, NULL, &(tyto_image){40, 31, pixels}, shape);
        assert_int_equal(shape[1], 224);
        assert_int_equal(shape[2], 224);
        tyto_image_processor_destroy(processor);
    }
    assert_memory_equal(out[0], out[1], 3 * 224 * 224 * sizeof(float));
    free(out[0]);
    free(out[1]);
}

static void a_crop_must_leave_something(void **state)
{
    (void)state;
    uint8_t pixels[3 * 5] = {0};
    float out[1];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor = NULL;
    ASSERT_DONE(open_text("{\"image_processor_type\": \"PerceiverImageProcessor\", \"size\": 2, "
                          "\"crop_size\": 3}",
                          &processor, &err),
                &err);
    assert_int_equal(
        tyto_image_processor_run(processor, NULL, &(tyto_image){5, 1, pixels}, out, &err),
        TYTO_E_RANGE);
    assert_non_null(
        strstr(tyto_error_message(&err), "got 5x1 pixels, of which the crop leaves 0x0"));
    tyto_error_clear(&err);
    tyto_image_processor_destroy(processor);
    ASSERT_DONE(
        open_text("{\"image_processor_type\": \"PerceiverImageProcessor\", \"size\": 16384, "
                  "\"crop_size\": 1, \"do_resize\": false}",
                  &processor, &err),
        &err);
    assert_int_equal(
        tyto_image_processor_run(processor, NULL, &(tyto_image){1, 5, pixels}, out, &err),
        TYTO_E_LIMIT);
    tyto_error_clear(&err);
    tyto_image_processor_destroy(processor);
}

static void pictures_need_pixels(void **state)
{
    (void)state;
    uint8_t pixel[3] = {0};
    float out[3];
    const tyto_image empty[] = {{0, 1, pixel}, {1, 0, pixel}, {1, 1, NULL}, {-1, -1, pixel}};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor = NULL;
    ASSERT_DONE(open_text("{}", &processor, &err), &err);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(tyto_image_processor_run(processor, NULL, &empty[i], out, &err),
                         TYTO_E_ARGUMENT);
        tyto_error_clear(&err);
    }
    tyto_image_processor_destroy(processor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_are_the_reference_s),
        cmocka_unit_test(rows_are_no_channels),
        cmocka_unit_test(one_colour_stays_one_colour),
        cmocka_unit_test(configurations_are_read),
        cmocka_unit_test(configurations_are_refused),
        cmocka_unit_test(pictures_need_pixels),
        cmocka_unit_test(a_perceiver_has_its_own_defaults),
        cmocka_unit_test(a_crop_must_leave_something),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
