/* Where files of many inputs go, and pictures that are saved beside the caller's work. */
#include <sys/stat.h>
#include <unistd.h>

#include <tyto/destination.h>
#include <tyto/memory.h>
#include <tyto/photo_writer.h>

#include "base/file.h"
#include "support/golden.h"
#include "support/room.h"

#include "support/cases.h"

static void put(const char *path)
{
    assert_int_equal(tyto_file_write(path, "x", 1, NULL), TYTO_OK);
}

static tyto_destination_options pictures(void)
{
    tyto_destination_options options;
    tyto_destination_options_init(&options, sizeof(options));
    options.name = "--draw";
    options.input = "photo";
    options.made = "drawn to";
    return options;
}

static tyto_destination_options videos(void)
{
    tyto_destination_options options;
    tyto_destination_options_init(&options, sizeof(options));
    options.name = "-o";
    options.endings = ".mp4|.mov|.mkv";
    options.ending = ".mp4";
    return options;
}

static void assert_goes(const tyto_destination *place, const char *input, int64_t frame,
                        const char *expected)
{
    char *path = tyto_destination_path(place, input, frame);
    assert_string_equal(path, expected);
    tyto_free(path);
}

static void one_input_goes_to_a_file(void **state)
{
    (void)state;
    static const char *const inputs[] = {"in/a.gif"};
    const tyto_destination_options options = pictures();
    tyto_destination place;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_destination_open("x.JPEG", inputs, 1, &options, &place, &err), &err);
    assert_false(place.in_folder);
    assert_goes(&place, "in/a.gif", -1, "x.JPEG");
    assert_int_not_equal(access("x.JPEG", F_OK), 0);
    ASSERT_DONE(tyto_destination_open(NULL, inputs, 1, NULL, &place, &err), &err);
    assert_null(place.path);
    assert_null(tyto_destination_path(&place, "a", -1));
    assert_null(tyto_destination_path(NULL, "a", -1));
}

static void many_go_to_a_folder_that_is_made(void **state)
{
    (void)state;
    static const char *const inputs[] = {"in/a.png", "b.gif", "-", ".png", "c.JPG"};
    tyto_destination_options options = pictures();
    tyto_destination place;
    tyto_error err = TYTO_ERROR_INIT;
    ASSERT_DONE(tyto_destination_open("many", inputs, 5, &options, &place, &err), &err);
    assert_true(place.in_folder && tyto_folder_exists("many"));
    assert_goes(&place, "in/a.png", -1, "many/a.png");
    assert_goes(&place, "b.gif", -1, "many/b.gif.png");
    assert_goes(&place, "-", -1, "many/stdin.png");
    assert_goes(&place, ".png", -1, "many/.png.png");
    assert_goes(&place, "c.JPG", -1, "many/c.JPG");
    options = videos();
    ASSERT_DONE(tyto_destination_open("clips/", inputs, 1, &options, &place, &err), &err);
    assert_goes(&place, "in/my.clip.webm", -1, "clips/my.clip.mp4");
    assert_goes(&place, "in/my.clip.webm", 12, "clips/my.clip_000012.mp4");
    options.folder = true;
    ASSERT_DONE(tyto_destination_open("more", inputs, 1, &options, &place, &err), &err);
    assert_true(place.in_folder);
}

static void what_cannot_be_meant_is_refused(void **state)
{
    (void)state;
    static const char *const inputs[] = {"a.png", "b/a.png", "c.png", "a.gif"};
    const struct {
        const char *path;
        bool pictures, folder;
        int64_t first, count, n_files;
        tyto_status status;
        const char *message;
    } cases[] = {
        {"", true, false, 0, 1, 0, TYTO_E_ARGUMENT,
         "--draw: got an empty name, required a file or a folder"},
        {"x.png", true, false, 1, 2, 0, TYTO_E_ARGUMENT,
         "--draw: got 'x.png' for 2 photos, required a folder"},
        {"x.mp4", false, true, 0, 1, 0, TYTO_E_ARGUMENT,
         "-o: got the file 'x.mp4' for more than one, required a folder"},
        {"x.txt", true, false, 0, 1, 0, TYTO_E_ARGUMENT,
         "--draw: got 'x.txt', required a name that ends in .png, .jpg, .jpeg or .webp, or a "
         "folder"},
        {"x.txt", false, false, 0, 2, 1, TYTO_E_ARGUMENT,
         "-o: got 'x.txt', required a name that ends in .mp4, .mov or .mkv, or a folder"},
        {"out", true, false, 0, 2, 0, TYTO_E_ARGUMENT,
         "a.png and b/a.png: both would be drawn to 'a.png', required different names"},
        {"out", false, false, 2, 2, 0, TYTO_OK, ""},
        {"out", false, false, 0, 4, 0, TYTO_E_ARGUMENT,
         "a.png and b/a.png: both would be written to 'a', required different names"},
        {"here", true, false, 0, 1, 0, TYTO_E_ARGUMENT,
         "--draw: here/a.png is the photo itself, required another place"},
        {"here/a.mp4", false, false, 0, 1, 0, TYTO_E_ARGUMENT,
         "-o: here/a.mp4 is one of the inputs, required another place"},
        {"here", true, true, 2, 2, 1, TYTO_OK, ""},
        {"no/x.png", true, false, 0, 1, 0, TYTO_E_NOT_FOUND,
         "no/x.png: No such file or directory: required a folder that is there"},
        {"here/a.png", true, false, 1, 2, 0, TYTO_E_ARGUMENT,
         "--draw: got 'here/a.png' for 2 photos, required a folder"},
        {"file", true, false, 1, 2, 0, TYTO_E_IO, "file: got a file, required a folder"},
    };
    static const char *const spared[] = {"nowhere", "here/a.png", "here/a.mp4", "here/a.gif"};
    assert_int_equal(mkdir("here", 0777), 0);
    put("here/a.png");
    put("here/a.mp4");
    put("here/a.gif");
    put("file");
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_destination_options options = cases[i].pictures ? pictures() : videos();
        tyto_destination place;
        tyto_error err = TYTO_ERROR_INIT;
        options.folder = cases[i].folder;
        options.spared = spared;
        options.n_spared = 4;
        options.n_files = cases[i].n_files;
        const tyto_status status = tyto_destination_open(cases[i].path, inputs + cases[i].first,
                                                         cases[i].count, &options, &place, &err);
        assert_string_equal(err.message ? err.message : "", cases[i].message);
        assert_int_equal(status, cases[i].status);
        assert_true((place.path != NULL) == (status == TYTO_OK));
        tyto_error_clear(&err);
    }
    tyto_destination place;
    assert_int_equal(tyto_destination_open("x.png", NULL, 1, NULL, &place, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_destination_open("x.png", NULL, -1, NULL, &place, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_destination_open("x.png", NULL, 0, NULL, NULL, NULL), TYTO_E_ARGUMENT);
}

static tyto_image picture(int64_t width)
{
    tyto_image image;
    assert_int_equal(tyto_image_make(width, 1, &image, NULL), TYTO_OK);
    memset(image.data, 7, (size_t)width * 3);
    return image;
}

static void pictures_are_saved_one_after_the_other(void **state)
{
    (void)state;
    tyto_photo_writer *writer;
    tyto_error err = TYTO_ERROR_INIT;
    char path[32];
    ASSERT_DONE(tyto_photo_writer_create(&writer, &err), &err);
    ASSERT_DONE(tyto_photo_writer_finish(writer, &err), &err);
    for (int64_t i = 1; i <= 3; i++) {
        tyto_image image = picture(i);
        snprintf(path, sizeof(path), "%d.png", (int)i);
        ASSERT_DONE(tyto_photo_writer_add(writer, path, &image, &err), &err);
        assert_null(image.data);
    }
    ASSERT_DONE(tyto_photo_writer_finish(writer, &err), &err);
    for (int64_t i = 1; i <= 3; i++) {
        tyto_image image;
        snprintf(path, sizeof(path), "%d.png", (int)i);
        ASSERT_DONE(tyto_image_load(path, NULL, &image, &err), &err);
        assert_int_equal(image.width_px, i);
        tyto_image_clear(&image);
    }
    tyto_photo_writer_destroy(writer);
    tyto_photo_writer_destroy(NULL);
    ASSERT_DONE(tyto_photo_writer_finish(NULL, &err), &err);
}

/* What goes wrong with one is said with the next, which is saved all the same. */
static void a_failure_is_said_later(void **state)
{
    (void)state;
    tyto_photo_writer *writer;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image first = picture(1), second = picture(2), third = picture(3);
    ASSERT_DONE(tyto_photo_writer_create(&writer, &err), &err);
    ASSERT_DONE(tyto_photo_writer_add(writer, "no/1.png", &first, &err), &err);
    assert_int_equal(tyto_photo_writer_add(writer, "good.png", &second, &err), TYTO_E_NOT_FOUND);
    assert_string_equal(tyto_error_message(&err),
                        "no/1.png: No such file or directory: required a folder that is there");
    ASSERT_DONE(tyto_photo_writer_finish(writer, &err), &err);
    assert_int_equal(access("good.png", F_OK), 0);
    ASSERT_DONE(tyto_photo_writer_add(writer, "no/3.png", &third, &err), &err);
    assert_int_equal(tyto_photo_writer_finish(writer, &err), TYTO_E_NOT_FOUND);
    ASSERT_DONE(tyto_photo_writer_finish(writer, &err), &err);
    assert_int_equal(tyto_photo_writer_add(writer, NULL, &third, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
    tyto_photo_writer_destroy(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_input_goes_to_a_file),
        cmocka_unit_test(many_go_to_a_folder_that_is_made),
        cmocka_unit_test(what_cannot_be_meant_is_refused),
        cmocka_unit_test(pictures_are_saved_one_after_the_other),
        cmocka_unit_test(a_failure_is_said_later),
    };
    return cmocka_run_group_tests(tests, room_begin, room_end);
}
