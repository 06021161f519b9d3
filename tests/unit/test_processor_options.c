/* Image processors that differ from their files: the pixels are those of files that say the same.
 */
#include "support/golden.h"

#include "support/cases.h"

#define OFF TYTO_SWITCH_OFF
#define ON TYTO_SWITCH_ON

/* Largest differences on any pixel, after normalisation; a Perceiver's bytes are equal. */
#define OWLV2_TOLERANCE 1e-4
#define PERCEIVER_TOLERANCE 1e-6

static const double odd_mean[] = {1.0, 0.5, -2.0}, odd_std[] = {3.0, 0.1, -1.0};
static const int nearest = 0, lanczos = 1, bilinear = 2, hamming = 5;

/* The fields of a case, as _init and a program would set them. */
static tyto_image_processor_options sized(tyto_image_processor_options options)
{
    options.struct_bytes = sizeof(options);
    return options;
}

/* With these options, the processor of folder `from` does what that of folder `to` does. */
static const struct {
    const char *from, *to;
    tyto_image_processor_options options;
} cases[] = {
    {"processor/no_pad", "processor/defaults", {.do_pad = ON, .height_px = 24, .width_px = 24}},
    {"processor/nothing",
     "processor/factor",
     {.do_rescale = ON,
      .do_pad = ON,
      .do_resize = ON,
      .do_normalize = ON,
      .rescale_factor = 2.0 / 255.0,
      .mean = odd_mean,
      .std = odd_std}},
    {"processor/no_normalize",
     "processor/negative_factor",
     {.rescale_factor = -0.01, .do_normalize = ON}},
    {"processor/defaults",
     "processor/no_normalize",
     {.do_normalize = OFF, .height_px = 16, .width_px = 16}},
    {"processor/defaults", "processor/no_pad", {.do_pad = OFF, .height_px = 16, .width_px = 16}},
    {"processor/defaults",
     "processor/no_rescale",
     {.do_rescale = OFF, .height_px = 16, .width_px = 16}},
    {"processor/defaults", "processor/no_resize", {.do_resize = OFF}},
    {"processor/defaults",
     "processor/oblong",
     {.height_px = 20, .width_px = 33, .resample = &bilinear}},
    {"perceiver_processor/oblong",
     "perceiver_processor/small",
     {.height_px = 16, .width_px = 16, .crop_height_px = 18, .crop_width_px = 18}},
    {"perceiver_processor/small", "perceiver_processor/no_crop", {.do_center_crop = OFF}},
    {"perceiver_processor/small",
     "perceiver_processor/oblong",
     {.height_px = 20, .width_px = 33, .crop_height_px = 21, .crop_width_px = 40}},
    {"perceiver_processor/bicubic_down",
     "perceiver_processor/nearest_down",
     {.resample = &nearest}},
    {"perceiver_processor/nearest_up", "perceiver_processor/lanczos_up", {.resample = &lanczos}},
    {"perceiver_processor/small",
     "perceiver_processor/hamming_down",
     {.do_center_crop = OFF,
      .do_rescale = OFF,
      .do_normalize = OFF,
      .height_px = 11,
      .width_px = 14,
      .resample = &hamming}},
    /* The file's whole number has a rule of its own, which the option's number hasn't. */
    {"perceiver_processor/whole_factor",
     "perceiver_processor/factor",
     {.rescale_factor = 2.0 / 255.0, .mean = odd_mean, .std = odd_std}},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static tyto_image_processor *open_folder(const char *name)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor = NULL;
    golden_path(path, "%s", name);
    ASSERT_DONE(tyto_image_processor_open(path, &processor, &err), &err);
    return processor;
}

static double value_at(const tyto_tensor *tensor, int64_t i)
{
    return tensor->dtype == TYTO_U8 ? (double)((const uint8_t *)tensor->data)[i]
                                    : golden_value(tensor, i);
}

static void compare(const tyto_image_processor *processor, const tyto_tensor *picture,
                    const tyto_tensor *expected, double tolerance, const char *name)
{
    const tyto_image image = {picture->shape[1], picture->shape[0], picture->data};
    tyto_error err = TYTO_ERROR_INIT;
    int64_t shape[3];
    tyto_image_processor_shape(processor, image.width_px, image.height_px, shape);
    assert_memory_equal(shape, expected->shape, sizeof(shape));
    const int64_t count = tyto_tensor_elements(expected);
    float *out = malloc((size_t)count * sizeof(float));
    assert_non_null(out);
    fill_with(out, count, NAN);
    ASSERT_DONE(tyto_image_processor_run(processor, NULL, &image, out, &err), &err);
    for (int64_t i = 0; i < count; i++) {
        if (!is_close((double)out[i], value_at(expected, i), tolerance)) {
            fail_msg("%s, picture %s: element %lld: got %.9g, required %.9g", name, expected->name,
                     (long long)i, (double)out[i], value_at(expected, i));
        }
    }
    free(out);
}

static void options_do_what_files_do(void **state)
{
    (void)state;
    for (size_t c = 0; next_case(c, CASES); c++) {
        char path[GOLDEN_PATH_BYTES];
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image_processor *from = open_folder(cases[c].from), *made = NULL;
        const tyto_image_processor_options options = sized(cases[c].options);
        ASSERT_DONE(tyto_image_processor_override(from, &options, &made, &err), &err);
        tyto_image_processor_destroy(from);
        golden_path(path, "%s/images.safetensors", cases[c].to);
        tyto_tensor_file *images = golden_tensors(path);
        golden_path(path, "%s/expected.safetensors", cases[c].to);
        tyto_tensor_file *expected = golden_tensors(path);
        assert_true(tyto_tensor_file_count(expected) > 0);
        for (int64_t i = 0; i < tyto_tensor_file_count(expected); i++) {
            const tyto_tensor *pixels = tyto_tensor_file_at(expected, (int64_t)i);
            compare(made, tyto_tensor_file_find(images, pixels->name), pixels,
                    cases[c].to[1] == 'e' ? PERCEIVER_TOLERANCE : OWLV2_TOLERANCE, cases[c].to);
        }
        tyto_tensor_file_destroy(images);
        tyto_tensor_file_destroy(expected);
        tyto_image_processor_destroy(made);
    }
}

static void options_are_refused(void **state)
{
    (void)state;
    static const double zero[] = {1.0, 0.0, 1.0}, endless[] = {0.0, INFINITY, 0.0};
    static const int beyond = 6, before = -1;
    static const struct {
        const char *from;
        tyto_image_processor_options options;
        tyto_status status;
        const char *part;
    } bad[] = {
        {"processor/defaults",
         {.height_px = 16385},
         TYTO_E_RANGE,
         "size: got 24x16385, required 1"},
        {"processor/defaults", {.width_px = -1}, TYTO_E_RANGE, "size: got -1x24"},
        {"processor/defaults", {.std = zero}, TYTO_E_RANGE, "image_std: got 0"},
        {"processor/defaults", {.mean = endless}, TYTO_E_RANGE, "required finite numbers"},
        {"processor/defaults", {.rescale_factor = (double)NAN}, TYTO_E_RANGE, "rescale_factor"},
        {"processor/defaults", {.do_center_crop = OFF}, TYTO_E_UNSUPPORTED, "do_center_crop"},
        {"processor/defaults", {.crop_width_px = 9}, TYTO_E_UNSUPPORTED, "crop_size"},
        {"processor/defaults",
         {.resample = &nearest},
         TYTO_E_UNSUPPORTED,
         "resample: got 0, required 2"},
        {"perceiver_processor/small", {.do_pad = ON}, TYTO_E_UNSUPPORTED, "do_pad"},
        {"perceiver_processor/small", {.crop_height_px = -2}, TYTO_E_RANGE, "crop_size: got 18x-2"},
        {"perceiver_processor/small", {.resample = &beyond}, TYTO_E_RANGE, "resample: got 6"},
        {"perceiver_processor/small", {.resample = &before}, TYTO_E_RANGE, "resample: got -1"},
    };
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image_processor *from = open_folder(bad[i].from), *made = NULL;
        const tyto_image_processor_options options = sized(bad[i].options);
        const tyto_status status = tyto_image_processor_override(from, &options, &made, &err);
        if (status != bad[i].status || !strstr(tyto_error_message(&err), bad[i].part)) {
            fail_msg("%s: got %s: %s", bad[i].part, tyto_status_name(status),
                     tyto_error_message(&err));
        }
        assert_null(made);
        tyto_error_clear(&err);
        tyto_image_processor_destroy(from);
    }
}

/* The field that a text sets, as a number. */
static double field(const tyto_image_processor_options *options, const char *name)
{
    return strcmp(name, "pad") == 0              ? (double)options->do_pad
           : strcmp(name, "resize") == 0         ? (double)options->do_resize
           : strcmp(name, "rescale") == 0        ? (double)options->do_rescale
           : strcmp(name, "normalize") == 0      ? (double)options->do_normalize
           : strcmp(name, "crop") == 0           ? (double)options->do_center_crop
           : strcmp(name, "rescale_factor") == 0 ? options->rescale_factor
           : strcmp(name, "size") == 0 ? (double)(1000 * options->width_px + options->height_px)
           : strcmp(name, "crop-size") == 0
               ? (double)(1000 * options->crop_width_px + options->crop_height_px)
           : strcmp(name, "resample") == 0   ? *options->resample
           : strcmp(name, "image-mean") == 0 ? options->mean[0] + 10.0 * options->mean[2]
                                             : options->std[0] + 10.0 * options->std[2];
}

static void options_are_set_by_texts(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
        double value;
    } good[] = {
        {"size", "96x48", 96048},         {"size", "96", 96096},
        {"crop-size", "20x30", 20030},    {"image-mean", "0.5", 5.5},
        {"image-mean", "1,2,0.25", 3.5},  {"image-std", "3", 33.0},
        {"pad", "on", TYTO_SWITCH_ON},    {"resize", "off", TYTO_SWITCH_OFF},
        {"rescale", "config", 0},         {"normalize", "off", TYTO_SWITCH_OFF},
        {"crop", "on", TYTO_SWITCH_ON},   {"rescale_factor", "-0.5", -0.5},
        {"resample", "nearest", nearest}, {"resample", "hamming", hamming},
    };
    static const struct {
        const char *name, *text, *part;
    } bad[] = {
        {"size", "0x3", "size: got '0x3', required WIDTHxHEIGHT in pixels"},
        {"size", "3x", "size: got '3x'"},
        {"size", "", "size: got ''"},
        {"size", "3x4x5", "required WIDTHxHEIGHT"},
        {"crop_size", "-3", "crop_size: got '-3'"},
        {"image-mean", "1,2", "image-mean: got '1,2', required one number, or three as R,G,B"},
        {"image-mean", "1,2,3,4", "image-mean"},
        {"image-std", "nan", "image-std: got 'nan'"},
        {"image-std", "1,,2", "image-std"},
        {"rescale-factor", "0", "required a number other than 0"},
        {"resample", "2", "required nearest, lanczos"},
        {"pad", "yes", "pad: got 'yes', required config, on or off"},
        {"colour", "red", "colour: required size, pad"},
        {"siz", "3", "siz: required"},
        {"sizes", "3", "sizes: required"},
    };
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor_options options, untouched;
    tyto_image_processor_values values = {.resample = 0};
    for (size_t i = 0; next_case(i, sizeof(good) / sizeof(good[0])); i++) {
        tyto_image_processor_options_init(&options, sizeof(options));
        ASSERT_DONE(
            tyto_image_processor_options_set(&options, &values, good[i].name, good[i].text, &err),
            &err);
        assert_true(field(&options, good[i].name) == good[i].value);
    }
    tyto_image_processor_options_init(&untouched, sizeof(untouched));
    for (size_t i = 0; next_case(i, sizeof(bad) / sizeof(bad[0])); i++) {
        tyto_image_processor_options_init(&options, sizeof(options));
        assert_int_equal(
            tyto_image_processor_options_set(&options, &values, bad[i].name, bad[i].text, &err),
            TYTO_E_ARGUMENT);
        assert_non_null(strstr(tyto_error_message(&err), bad[i].part));
        tyto_error_clear(&err);
        assert_int_equal(options.width_px, untouched.width_px);
        assert_int_equal(options.crop_height_px, untouched.crop_height_px);
        assert_true(!options.mean && !options.std && !options.resample);
    }
}

/* Classes have the defaults of files that say nothing else. */
static void classes_are_made_without_files(void **state)
{
    (void)state;
    static const struct {
        const char *type;
        int64_t side;
    } classes[] = {{"Owlv2ImageProcessor", 960},
                   {"PerceiverFeatureExtractor", 224},
                   {"PerceiverImageProcessorFast", 224}};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor = NULL;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
        int64_t shape[3];
        ASSERT_DONE(tyto_image_processor_create(classes[i].type, NULL, &processor, &err), &err);
        tyto_image_processor_shape(processor, 300, 200, shape);
        assert_int_equal(shape[1], classes[i].side);
        assert_int_equal(shape[2], classes[i].side);
        tyto_image_processor_destroy(processor);
    }
    assert_int_equal(tyto_image_processor_create("ViTImageProcessor", NULL, &processor, &err),
                     TYTO_E_UNSUPPORTED);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_do_what_files_do),
        cmocka_unit_test(options_are_refused),
        cmocka_unit_test(options_are_set_by_texts),
        cmocka_unit_test(classes_are_made_without_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
