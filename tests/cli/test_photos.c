/* How photos are read: turned or not, damaged or not, from pipes, and what a folder passes over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <tyto/tyto.h>

#include "run.h"

static void turned_photos_can_be_left_as_they_are(void **state)
{
    (void)state;
    const char *photo = test_path("golden/data/images/good/orientation_6.jpg");
    ran run = tyto("detect", photo, "-t", "globe", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "(19 x 29 px)"));
    ran_clear(&run);
    run = tyto("detect", photo, "-t", "globe", "--exif", "ignore", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "(29 x 19 px)"));
    ran_clear(&run);
}

static void damaged_photos_are_used_when_wanted(void **state)
{
    (void)state;
    const char *photo = test_path("golden/data/images/damaged/cut_rgb_420.jpg");
    ran run = tyto("detect", "-m", ODD_MODEL, photo, "-t", "globe", NULL);
    assert_complains(&run, 1, "--damaged use");
    run = tyto("detect", photo, "-t", "globe", "--damaged", "use", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, "it is cut or damaged; what is there is used"));
    ran_clear(&run);
}

static void pipes_are_photos_and_annotations(void **state)
{
    (void)state;
    size_t length;
    char *bytes = file_text(test_path("golden/data/images/good/rgb.bmp"), &length);
    ran run = tyto_reading(bytes, length, "detect", "/dev/stdin", "-t", "globe", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "/dev/stdin (29 x 19 px)"));
    ran_clear(&run);
    free(bytes);
    bytes = file_text(test_path("data/scenes/coco.json"), &length);
    run = tyto_reading(bytes, length, "eval", "detect", "-a", "/dev/stdin", "-i",
                       test_path("data/scenes"), "--limit", "1", NULL);
    assert_done(&run);
    ran_clear(&run);
    free(bytes);
}

/* What annotations were made on is for the user to say. */
static void an_evaluation_warns_of_turned_photos(void **state)
{
    (void)state;
    static const char truth[] =
        "{\"images\": [{\"id\": 1, \"file_name\": \"orientation_3.jpg\", \"width\": 29, "
        "\"height\": 19}], \"categories\": [{\"id\": 1, \"name\": \"cat\"}], \"annotations\": "
        "[{\"id\": 1, \"image_id\": 1, \"category_id\": 1, \"bbox\": [1, 2, 9, 9], \"area\": 81, "
        "\"iscrowd\": 0}]}";
    static const char *const choices[] = {"turn", "ignore"};
    const char *photos = test_path("golden/data/images/good");
    write_file("truth.json", truth, sizeof(truth) - 1);
    ran run = tyto("eval", "detect", "-a", "truth.json", "-i", photos, NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, "1 of 1 photos are turned or mirrored by EXIF"));
    ran_clear(&run);
    for (size_t i = 0; i < 2; i++) {
        run = tyto("eval", "detect", "-a", "truth.json", "-i", photos, "--exif", choices[i], NULL);
        assert_done(&run);
        assert_string_equal(run.err, "");
        ran_clear(&run);
    }
}

/* The first scenes, of which there are annotations. */
#define SCENES 4

static const char *scene(int i)
{
    char name[64];
    snprintf(name, sizeof(name), "data/scenes/%04d.jpg", i);
    return test_path(name);
}

/* A JPEG as it is, but for an EXIF segment behind its first marker. */
static void copy_marked(const char *source, const char *path, int orientation)
{
    uint8_t segment[] = {0xff, 0xe1, 0, 34, 'E', 'x', 'i', 'f', 0,    0, 'I', 'I',
                         '*',  0,    8, 0,  0,   0,   1,   0,   0x12, 1, 3,   0,
                         1,    0,    0, 0,  0,   0,   0,   0,   0,    0, 0,   0};
    size_t length;
    char *bytes = file_text(source, &length);
    segment[28] = (uint8_t)orientation;
    FILE *file = fopen(path, "wb");
    assert_true(fwrite(bytes, 1, 2, file) == 2 &&
                fwrite(segment, 1, sizeof(segment), file) == sizeof(segment) &&
                fwrite(bytes + 2, 1, length - 2, file) == length - 2);
    fclose(file);
    free(bytes);
}

/* The photo's pixels a half turn around, as a PNG whose eXIf chunk turns them back. */
static void write_upside_down(const char *source, const char *path)
{
    enum { HEAD = 33 }; /* signature and IHDR */
    static const uint8_t chunk[] = {0, 0, 0, 26, 'e', 'X',  'I', 'f', 'I',  'I',  '*',  0,   8,
                                    0, 0, 0, 1,  0,   0x12, 1,   3,   0,    1,    0,    0,   0,
                                    3, 0, 0, 0,  0,   0,    0,   0,   0xff, 0xa8, 0x1f, 0x4d};
    tyto_image image = {0};
    size_t length;
    assert_int_equal(tyto_image_load(source, NULL, &image, NULL), TYTO_OK);
    const int64_t n = image.width_px * image.height_px;
    for (int64_t i = 0; i < n / 2; i++) {
        uint8_t *one = image.data + 3 * i, *other = image.data + 3 * (n - 1 - i), kept[3];
        memcpy(kept, one, 3);
        memcpy(one, other, 3);
        memcpy(other, kept, 3);
    }
    assert_int_equal(tyto_image_save(path, &image, NULL), TYTO_OK);
    tyto_image_clear(&image);
    char *bytes = file_text(path, &length);
    FILE *file = fopen(path, "wb");
    assert_true(fwrite(bytes, 1, HEAD, file) == HEAD &&
                fwrite(chunk, 1, sizeof(chunk), file) == sizeof(chunk) &&
                fwrite(bytes + HEAD, 1, length - HEAD, file) == length - HEAD);
    fclose(file);
    free(bytes);
}

static double precision_in(const char *photos, const char *exif)
{
    char limit[16];
    snprintf(limit, sizeof(limit), "%d", SCENES);
    ran run = tyto("eval", "detect", "-a", test_path("data/scenes/coco.json"), "-i", photos,
                   "--limit", limit, "--exif", exif, "-f", "json", NULL);
    assert_done(&run);
    json_t *scores = json_loads(run.out, 0, NULL);
    const double ap = json_real_value(json_object_get(scores, "ap"));
    json_decref(scores);
    ran_clear(&run);
    return ap;
}

/* With boxes that are in the pixels as they are stored, and with such as are in the photo as it
 * stands, the right choice gives the number of photos that nothing turns, and the other nearly
 * none. Pictures keep their endings' names: contents decide. */
static void precision_follows_what_annotations_mean(void **state)
{
    (void)state;
    assert_int_equal(mkdir("plain", 0777) + mkdir("stored", 0777) + mkdir("standing", 0777), 0);
    for (int i = 0; i < SCENES; i++) {
        char path[64];
        snprintf(path, sizeof(path), "plain/%04d.jpg", i);
        copy_file(scene(i), path);
        snprintf(path, sizeof(path), "stored/%04d.jpg", i);
        copy_marked(scene(i), path, 3);
        write_upside_down(scene(i), "turned.png");
        snprintf(path, sizeof(path), "standing/%04d.jpg", i);
        assert_int_equal(rename("turned.png", path), 0);
    }
    const double ap = precision_in("plain", "turn");
    assert_true(ap > 0.7);
    assert_true(precision_in("plain", "ignore") == ap);
    assert_true(precision_in("stored", "ignore") == ap);
    assert_true(precision_in("stored", "turn") < 0.2 * ap);
    assert_true(precision_in("standing", "turn") == ap);
    assert_true(precision_in("standing", "ignore") < 0.2 * ap);
}

static void what_a_folder_passes_over_is_said(void **state)
{
    (void)state;
    copy_file(test_path("golden/data/images/good/rgb.tif"), "a.tif");
    copy_file(test_path("golden/data/images/good/palette.gif"), "b.gif");
    copy_file(test_path("golden/data/images/good/grey.jpg"), "c.jfif");
    write_file("notes.txt", "x", 1);
    ran run = tyto("detect", ".", "-t", "globe", NULL);
    assert_non_null(strstr(run.out, "c.jfif"));
    assert_non_null(strstr(run.err, "passed over"));
    ran_clear(&run);
}

/* Messages of a command that begins without standard error are lost; they go into no result. */
static void no_message_gets_into_a_result(void **state)
{
    (void)state;
    char line[1024];
    snprintf(line, sizeof(line),
             "$TYTO_EMULATOR \"$TYTO_COMMAND\" detect no.jpg '%s' -t globe -v -o quiet.csv 2>&-",
             test_path("golden/data/images/good/rgb.bmp"));
    const int status = system(line);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
    size_t length;
    char *text = file_text("quiet.csv", &length);
    assert_non_null(strstr(text, "image,width,height"));
    assert_ptr_equal(strstr(text, "image,width,height"), text);
    assert_null(strstr(text, "tyto"));
    free(text);
    snprintf(line, sizeof(line),
             "$TYTO_EMULATOR \"$TYTO_COMMAND\" detect '%s' -t globe >&- 2>error.txt",
             test_path("golden/data/images/good/rgb.bmp"));
    assert_int_not_equal(system(line), 0);
    text = file_text("error.txt", &length);
    assert_non_null(strstr(text, "standard output: Bad file descriptor"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_message_gets_into_a_result),
        cmocka_unit_test(turned_photos_can_be_left_as_they_are),
        cmocka_unit_test(damaged_photos_are_used_when_wanted),
        cmocka_unit_test(pipes_are_photos_and_annotations),
        cmocka_unit_test(an_evaluation_warns_of_turned_photos),
        cmocka_unit_test(precision_follows_what_annotations_mean),
        cmocka_unit_test(what_a_folder_passes_over_is_said),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
