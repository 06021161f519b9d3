/* YOLO's sets of annotated photos: where photos and labels lie, what lines mean, and what is
 * refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <tyto/tyto.h>

static char folder[] = "/tmp/tyto_yolo_XXXXXX";

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    fclose(file);
}

static void write_photo(const char *path, int64_t width, int64_t height)
{
    tyto_image image;
    assert_int_equal(tyto_image_make(width, height, &image, NULL), TYTO_OK);
    memset(image.data, 90, (size_t)(3 * width * height));
    assert_int_equal(tyto_image_save(path, &image, NULL), TYTO_OK);
    tyto_image_clear(&image);
}

static int enter(void **state)
{
    (void)state;
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        return -1;
    }
    static const char *const folders[] = {
        "set",         "set/images",     "set/images/val",    "set/images/val/in",
        "set/labels",  "set/labels/val", "set/labels/val/in", "flat",
        "flat/photos", "flat/labels",    "flat/labels/in",    "flat/photos/in"};
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        mkdir(folders[i], 0777);
    }
    write_photo("set/images/val/a.png", 80, 40);
    write_photo("set/images/val/in/b.png", 10, 10);
    write_photo("set/images/val/none.png", 10, 10);
    write_text("set/labels/val/a.txt", "1 0.5 0.5 0.25 0.5\r\n\n0 0.25 0.25 0.5 0.5 0.875\n");
    write_text("set/labels/val/in/b.txt", "0 0.5 0.25 0.75 0.5 0.25 1\n");
    write_text("set/data.yaml", "path: .  # here\nval: images/val\ntest:  # none\n"
                                "names:\n  0: a cat\n  1: a dog\n");
    write_photo("flat/photos/7.png", 80, 40);
    write_photo("flat/photos/in/09.png", 80, 40);
    write_text("flat/labels/7.txt", "1 0.5 0.5 0.25 0.5");
    write_text("flat/labels/in/09.txt", "0 0.5 0.5 0.25 0.5");
    write_text("flat/labels/classes.txt", "a cat\n\na dog \n\n");
    return 0;
}

static int leave(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    return chdir("/") == 0 ? system(command) : -1;
}

static tyto_coco load(const char *path, const char *photos)
{
    tyto_yolo_set_options options;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco set;
    int64_t n_unread = 9;
    tyto_yolo_set_options_init(&options, sizeof(options));
    options.photos = photos;
    if (tyto_yolo_set_load(path, &options, &set, &n_unread, &err) != TYTO_OK) {
        fail_msg("%s", tyto_error_message(&err));
    }
    assert_int_equal(n_unread, 0);
    return set;
}

static void assert_box(const tyto_coco_annotation *a, int64_t image, int64_t category, double x,
                       double y, double width, double height)
{
    assert_int_equal(a->image_id, image);
    assert_int_equal(a->category_id, category);
    assert_true(a->box.x == x && a->box.y == y && a->box.width == width && a->box.height == height);
    assert_true(a->area == width * height && !a->crowd);
}

static void data_yaml_says_all(void **state)
{
    (void)state;
    static const char *const yamls[] = {
        "path: .  # here\nval: images/val\nnames:\n  0: a cat\n  1: a dog\n",
        "val: ../images/val\nnames: [a cat, 'a dog']\n", /* as exported sets have it */
        "path: set\nval:\n- images/val\nnames: {0: a cat, 1: a dog}\n",
        "val: list.txt\nnames: ['a cat', \"a dog\"]\nnc: 2\n",
        "names: [ 'a cat', # first\n\n  # more\n 'a dog' ]  # two\nval: [\nimages/val\n]\n",
        "names:\n  {0: a cat,\n   1: a dog,\n  }\nval:\n  [images/val]\n",
        "path: ~/set\nval: images/val\nnames: [a cat\n, a dog]\n",
        "val: ~/set/images/val\nnames: [a cat, a dog]\n",
    };
    write_text("set/list.txt",
               "./images/val/a.png\nset/images/val/in/b.png\nimages/val/none.png\n");
    assert_int_equal(setenv("HOME", folder, 1), 0);
    for (size_t i = 0; i < sizeof(yamls) / sizeof(yamls[0]); i++) {
        write_text("set/data.yaml", yamls[i]);
        tyto_coco set = load("set/data.yaml", NULL);
        assert_int_equal(set.n_images, 3);
        assert_int_equal(set.n_categories, 2);
        assert_string_equal(set.categories[1].name, "a dog");
        assert_int_equal(set.categories[1].id, 2);
        assert_int_equal(set.n_annotations, 3);
        assert_int_equal(set.images[0].width_px, 80);
        assert_non_null(strstr(set.images[1].file_name, "images/val/in/b.png"));
        assert_box(&set.annotations[0], 1, 2, 30, 10, 20, 20);
        assert_box(&set.annotations[1], 1, 1, 0, 0, 40, 20);
        assert_box(&set.annotations[2], 2, 1, 2.5, 2.5, 5, 7.5);
        tyto_coco_clear(&set);
    }
}

static void a_folder_has_classes(void **state)
{
    (void)state;
    tyto_coco set = load("flat/labels", "flat/photos");
    assert_int_equal(set.n_images, 2);
    assert_int_equal(set.n_categories, 3);
    assert_string_equal(set.categories[1].name, "");
    assert_string_equal(set.categories[2].name, "a dog");
    /* Names are numbers of their own. */
    assert_box(&set.annotations[0], 7, 2, 30, 10, 20, 20);
    assert_box(&set.annotations[1], 9, 1, 30, 10, 20, 20);
    tyto_coco_clear(&set);
}

static void refuse(const char *path, const char *photos, tyto_status status, const char *message)
{
    tyto_yolo_set_options options;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_coco set;
    tyto_yolo_set_options_init(&options, sizeof(options));
    options.photos = photos;
    assert_int_equal(tyto_yolo_set_load(path, &options, &set, NULL, &err), status);
    if (!strstr(tyto_error_message(&err), message)) {
        fail_msg("got %s, required %s", tyto_error_message(&err), message);
    }
    assert_null(set.images);
    tyto_error_clear(&err);
}

static void bad_lines_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *labels, *message;
    } cases[] = {
        {"0 0.5 0.5 0.5 0.5\n3 0.5 0.5 0.5 0.5\n", "7.txt:2: got '3 0.5 0.5 0.5 0.5', required a "
                                                   "label's number, from 0 on"},
        {"\n\n-1 0.5 0.5 0.5 0.5\n", "7.txt:3: "},
        {"0.5 0.5 0.5 0.5 0.5\n", "required a label's number"},
        {"0 0.5 0.5 0.5\n", "7.txt:1: got '0 0.5 0.5 0.5', required label x y width height"},
        {"0 0.5 0.5 0.5 0.5 0.1 0.1 0.1\n", "7.txt:1: "},
        {"0 0.5 0.5 0.5 1.5\n", "required parts of the photo's sides, 0 to 1"},
        {"0 0.5 0.5 nan 0.5\n", "required numbers"},
        {"0 0.5 0.5 inf 0.5\n", "required numbers"},
        {"0x0 0.5 0.5 0.5 0.5\n", "required numbers"},
        {"0 0.5 0.5 0x1p-1 0.5\n", "required numbers"},
        {"0 0.5 0.5 0.5 0.5x\n", "required numbers"},
        {"cat 0.5 0.5 0.5 0.5\n", "required numbers"},
        {"0 0.5 0.5 0.5 -0.005\n", "required sizes of at least 0"},
        {"0 0,5 0,5 0,5 0,5\n", "required numbers"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_text("flat/labels/7.txt", cases[i].labels);
        refuse("flat/labels", "flat/photos", TYTO_E_FORMAT, cases[i].message);
    }
    write_text("flat/labels/7.txt", "1 0.5 0.5 0.25 0.5");
    refuse("flat/photos", "flat/photos", TYTO_E_NOT_FOUND, "classes.txt: required the labels'");
    refuse("flat/labels", NULL, TYTO_E_ARGUMENT,
           "flat/labels: got a folder without one of photos, required data.yaml of a set");
    refuse("set", NULL, TYTO_E_ARGUMENT, "of a set, which is there: set/data.yaml");
    write_text("set/data.yaml", "names: [a]\ntest: images/val\nval:\n");
    refuse("set/data.yaml", NULL, TYTO_E_ARGUMENT, "got no photos of 'val', required that key");
    write_text("set/data.yaml", "names: [a]\nval: elsewhere\n");
    refuse("set/data.yaml", NULL, TYTO_E_NOT_FOUND, "set/elsewhere");
    write_text("set/data.yaml", "val: images/val\n");
    refuse("set/data.yaml", NULL, TYTO_E_FORMAT, "names: got nothing");
    write_text("set/data.yaml", "names: [a,\n b\nval: images/val\n");
    refuse("set/data.yaml", NULL, TYTO_E_FORMAT, "names without a comma between them");
    write_text("set/data.yaml", "val: images/val\nnames: [a,\n b,\n");
    refuse("set/data.yaml", NULL, TYTO_E_FORMAT, "a bracket without its end");
    refuse("absent.yaml", NULL, TYTO_E_NOT_FOUND, "absent.yaml");
}

static int n_lines;

static void see_line(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    n_lines += level == TYTO_LOG_LEVEL_ERROR && strstr(message, "none.png") != NULL;
}

static bool stop(void *user, const tyto_progress *progress)
{
    (void)user;
    return progress->done < 1;
}

static void unread_photos_take_no_part(void **state)
{
    (void)state;
    tyto_yolo_set_options options;
    tyto_coco set;
    int64_t n_unread;
    write_text("set/data.yaml", "val: images/val\nnames: [a cat, a dog]\n");
    write_text("set/images/val/none.png", "no picture");
    tyto_yolo_set_options_init(&options, sizeof(options));
    options.log = see_line;
    assert_int_equal(tyto_yolo_set_load("set/data.yaml", &options, &set, &n_unread, NULL), TYTO_OK);
    assert_int_equal(n_unread, 1);
    assert_int_equal(n_lines, 1);
    assert_int_equal(set.n_images, 2);
    tyto_coco_clear(&set);
    options.progress = stop;
    assert_int_equal(tyto_yolo_set_load("set/data.yaml", &options, &set, NULL, NULL),
                     TYTO_E_CANCELLED);
}

/* A pipe is read once, and its places are in the current folder. */
static void data_yaml_may_be_piped(void **state)
{
    (void)state;
    static const char *const yamls[] = {"path: set\nval: images/val\nnames: [a cat, a dog]\n",
                                        "val: set/images/val\nnames: [a cat, a dog]\n"};
    for (size_t i = 0; i < sizeof(yamls) / sizeof(yamls[0]); i++) {
        int ends[2];
        char path[32];
        assert_int_equal(pipe(ends), 0);
        assert_int_equal(write(ends[1], yamls[i], strlen(yamls[i])), strlen(yamls[i]));
        close(ends[1]);
        snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
        tyto_coco set = load(path, NULL);
        assert_int_equal(set.n_annotations, 3);
        assert_int_equal(set.n_categories, 2);
        tyto_coco_clear(&set);
        close(ends[0]);
    }
}

static char warning[512];

static void keep_warning(void *user, tyto_log_level level, const char *message)
{
    (void)user;
    assert_int_equal(level, TYTO_LOG_LEVEL_WARNING);
    assert_string_equal(warning, ""); /* one of all */
    snprintf(warning, sizeof(warning), "%s", message);
}

static void names_are_distinct(void **state)
{
    (void)state;
    write_text("set/data.yaml", "val: images/val\nnames: [a cat, a dog, a cat]\n");
    refuse("set/data.yaml", NULL, TYTO_E_FORMAT,
           "set/data.yaml: names: got 'a cat' twice, as 0 and 2, required each once");
}

static void absent_labels_are_told(void **state)
{
    (void)state;
    tyto_yolo_set_options options;
    tyto_coco set;
    mkdir("set/images/bare", 0777);
    mkdir("set/labels/bare", 0777);
    write_photo("set/images/bare/a.png", 10, 10);
    write_photo("set/images/bare/b.png", 10, 10);
    write_photo("set/images/bare/c.png", 10, 10);
    write_text("set/data.yaml", "val: images/bare\nnames: [a cat, a dog]\n");
    refuse("set/data.yaml", NULL, TYTO_E_NOT_FOUND,
           "set/data.yaml: got no file of labels for any of 3 photos, required some, such as "
           "set/labels/bare/a.txt");
    refuse("flat/labels", "set/images/bare", TYTO_E_NOT_FOUND, "such as flat/labels/a.txt");
    write_text("set/labels/bare/b.txt", ""); /* nothing is there, on purpose */
    tyto_yolo_set_options_init(&options, sizeof(options));
    options.log = keep_warning;
    assert_int_equal(tyto_yolo_set_load("set/data.yaml", &options, &set, NULL, NULL), TYTO_OK);
    assert_int_equal(set.n_images, 3);
    assert_string_equal(warning, "set/data.yaml: 2 of 3 photos have no file of labels and count as "
                                 "showing nothing; the first would be set/labels/bare/a.txt");
    tyto_coco_clear(&set);
    *warning = '\0';
    write_text("set/labels/bare/a.txt", "");
    write_text("set/labels/bare/c.txt", "");
    assert_int_equal(tyto_yolo_set_load("set/data.yaml", &options, &set, NULL, NULL), TYTO_OK);
    assert_string_equal(warning, "");
    tyto_coco_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_yaml_says_all),         cmocka_unit_test(data_yaml_may_be_piped),
        cmocka_unit_test(a_folder_has_classes),       cmocka_unit_test(bad_lines_are_named),
        cmocka_unit_test(unread_photos_take_no_part), cmocka_unit_test(absent_labels_are_told),
        cmocka_unit_test(names_are_distinct),
    };
    return cmocka_run_group_tests(tests, enter, leave);
}
