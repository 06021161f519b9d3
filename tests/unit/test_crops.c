/* Pictures cut out of photos: their names, their pixels, and what they must not replace. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <tyto/tyto.h>

static char folder[] = "/tmp/tyto_crops_XXXXXX";

static int enter(void **state)
{
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return chdir("/") == 0 ? system(command) : -1;
}

static tyto_crops *open_crops(const char *const *labels, int64_t n_labels,
                              const char *const *inputs, int64_t n_inputs, const char *mirrored)
{
    tyto_crops_options options;
    tyto_crops *crops;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_crops_options_init(&options, sizeof(options));
    options.labels = labels;
    options.n_labels = n_labels;
    options.inputs = inputs;
    options.n_inputs = n_inputs;
    options.mirrored = mirrored;
    const tyto_status status = tyto_crops_open("out", &options, &crops, &err);
    if (status != TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    return crops;
}

static void assert_path(const tyto_crops *crops, const char *photo, int64_t label,
                        const char *required)
{
    char *path = tyto_crops_path(crops, photo, label, 3);
    assert_string_equal(path, required);
    tyto_free(path);
}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

/* However many labels look alike in names of files, each has a folder of its own, and soon. */
static void labels_that_look_alike(void **state)
{
    (void)state;
    enum { COUNT = 5000, BYTES = 400 };
    char(*texts)[BYTES] = malloc(COUNT * sizeof(*texts));
    const char **labels = malloc(COUNT * sizeof(*labels));
    assert_true(texts && labels);
    for (int i = 0; i < COUNT; i++) {
        memset(texts[i], 'y', 300);
        snprintf(texts[i] + 300, BYTES - 300, "%d", i);
        labels[i] = texts[i];
    }
    const clock_t before = clock();
    tyto_crops *crops = open_crops(labels, COUNT, NULL, 0, NULL);
    assert_true(clock() - before < 5 * CLOCKS_PER_SEC);
    tyto_crops_destroy(crops);
    free(labels);
    free(texts);
}

static void labels_are_folders(void **state)
{
    (void)state;
    static const char *const labels[] = {"a cat",
                                         "a/b",
                                         "a\\b",
                                         "..",
                                         "",
                                         ".hidden",
                                         "end. ",
                                         "\xe7\x8c\xab",
                                         "a\nb",
                                         "bad \xff byte",
                                         "a_b",
                                         "what?:*",
                                         "a/b",
                                         SIXTY SIXTY "\xc3\xa4",
                                         SIXTY TEN TEN TEN TEN TEN
                                         "012345678\xe7\x8c\xab\xe7\x8c\xab",
                                         "_"};
    static const char *const folders[] = {
        "a cat",   "a_b",     "a_b_2",        "__",        "_",
        "_hidden", "end._",   "\xe7\x8c\xab", "a_b_3",     "bad _ byte",
        "a_b_4",   "what___", "a_b_5",        SIXTY SIXTY, SIXTY TEN TEN TEN TEN TEN "012345678",
        "__2"};
    const int64_t count = sizeof(labels) / sizeof(labels[0]);
    tyto_crops *crops = open_crops(labels, count, NULL, 0, NULL);
    for (int64_t i = 0; i < count; i++) {
        char required[256];
        snprintf(required, sizeof(required), "out/%s/x_3.jpg", folders[i]);
        assert_path(crops, "in/x.jpg", i, required);
    }
    tyto_crops_destroy(crops);
}

static void photos_are_files(void **state)
{
    (void)state;
    static const char *const labels[] = {"cat"};
    tyto_crops *crops = open_crops(labels, 1, NULL, 0, "in");
    assert_path(crops, "in/x.jpg", 0, "out/cat/x_3.jpg");
    assert_path(crops, "in/a/x.JPEG", 0, "out/cat/a/x_3.jpg");
    assert_path(crops, "other/a/x.png", 0, "out/cat/x_3.png");
    assert_path(crops, "in/../x.png", 0, "out/cat/x_3.png");
    assert_path(crops, "in/x.webp", 0, "out/cat/x.webp_3.png");
    assert_path(crops, "in/.jpg", 0, "out/cat/.jpg_3.png");
    assert_path(crops, "in/x", 0, "out/cat/x_3.png");
    assert_path(crops, "-", 0, "out/cat/stdin_3.png");
    assert_null(tyto_crops_path(crops, "in/x.jpg", 1, 1));
    assert_null(tyto_crops_path(crops, "in/x.jpg", 0, 0));
    tyto_crops_destroy(crops);
    static const char *const twins[] = {"a/x.jpg", "b/x.jpeg"};
    tyto_crops_options options;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_crops_options_init(&options, sizeof(options));
    options.inputs = twins;
    options.n_inputs = 2;
    assert_int_equal(tyto_crops_open("out", &options, &crops, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "crops of both would be called as 'x.jpg'"));
    tyto_error_clear(&err);
}

/* A picture whose pixels are their places. */
static tyto_image make_image(void)
{
    tyto_image image;
    assert_int_equal(tyto_image_make(20, 10, &image, NULL), TYTO_OK);
    for (int i = 0; i < 200; i++) {
        image.data[3 * i] = (uint8_t)(i % 20);
        image.data[3 * i + 1] = (uint8_t)(i / 20);
        image.data[3 * i + 2] = 7;
    }
    return image;
}

static void pixels_are_those_that_boxes_touch(void **state)
{
    (void)state;
    static const char *const labels[] = {"cat"};
    tyto_detection boxes[] = {
        {.box = {2.0F, 3.0F, 5.0F, 9.0F}},   {.box = {2.9F, 3.9F, 5.1F, 8.1F}},
        {.box = {-5.0F, -1.0F, 4.0F, 2.0F}}, {.box = {18.5F, 8.0F, 90.0F, 1e30F}},
        {.box = {20.0F, 0.0F, 30.0F, 5.0F}}, {.box = {5.0F, 5.0F, 5.0F, 9.0F}},
        {.box = {9.0F, 5.0F, 3.0F, 9.0F}},   {.box = {-9.0F, 0.0F, 0.0F, 5.0F}},
        {.box = {NAN, 0.0F, 3.0F, 5.0F}},
    };
    static const int sides[][4] = {{2, 3, 3, 6}, {2, 3, 4, 6}, {0, 0, 4, 2}, {18, 8, 2, 2}};
    const tyto_detections found = {boxes, sizeof(boxes) / sizeof(boxes[0])};
    tyto_image image = make_image();
    tyto_crops *crops = open_crops(labels, 1, NULL, 0, NULL);
    assert_int_equal(tyto_crops_add(crops, "p.png", &image, &found, NULL), TYTO_OK);
    const tyto_crops_count count = tyto_crops_counted(crops);
    assert_int_equal(count.written, 4);
    assert_int_equal(count.empty, 5);
    for (int i = 0; i < 4; i++) {
        char path[64];
        tyto_image crop;
        snprintf(path, sizeof(path), "out/cat/p_%d.png", i + 1);
        assert_int_equal(tyto_image_load(path, NULL, &crop, NULL), TYTO_OK);
        assert_int_equal(crop.width_px, sides[i][2]);
        assert_int_equal(crop.height_px, sides[i][3]);
        for (int y = 0; y < sides[i][3]; y++) {
            for (int x = 0; x < sides[i][2]; x++) {
                const uint8_t *pixel = crop.data + 3 * (y * sides[i][2] + x);
                assert_int_equal(pixel[0], sides[i][0] + x);
                assert_int_equal(pixel[1], sides[i][1] + y);
            }
        }
        tyto_image_clear(&crop);
    }
    assert_int_equal(access("out/cat/p_5.png", F_OK), -1);
    boxes[0].label_index = 1;
    assert_int_equal(tyto_crops_add(crops, "p.png", &image, &found, NULL), TYTO_E_ARGUMENT);
    tyto_crops_destroy(crops);
    tyto_image_clear(&image);
}

/* A photo that is called as another one's crop will be. */
static void no_crop_replaces_an_input(void **state)
{
    (void)state;
    static const char *const labels[] = {"in"};
    static const char *const inputs[] = {"out/in/a.png", "out/in/a_1.png"};
    tyto_detection box = {.box = {2.0F, 3.0F, 5.0F, 9.0F}};
    const tyto_detections found = {&box, 1};
    tyto_image image = make_image();
    tyto_error err = TYTO_ERROR_INIT;
    mkdir("out", 0777);
    mkdir("out/in", 0777);
    assert_int_equal(tyto_image_save(inputs[0], &image, NULL), TYTO_OK);
    assert_int_equal(tyto_image_save(inputs[1], &image, NULL), TYTO_OK);
    tyto_crops *crops = open_crops(labels, 1, inputs, 2, NULL);
    assert_int_equal(tyto_crops_add(crops, inputs[0], &image, &found, &err), TYTO_E_ARGUMENT);
    assert_non_null(strstr(err.message, "out/in/a_1.png: it is one of the inputs"));
    tyto_error_clear(&err);
    assert_int_equal(tyto_crops_add(crops, inputs[1], &image, &found, NULL), TYTO_OK);
    assert_int_equal(access("out/in/a_1_1.png", F_OK), 0);
    tyto_crops_destroy(crops);
    tyto_image_clear(&image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_folders),
        cmocka_unit_test(labels_that_look_alike),
        cmocka_unit_test(photos_are_files),
        cmocka_unit_test(pixels_are_those_that_boxes_touch),
        cmocka_unit_test(no_crop_replaces_an_input),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
