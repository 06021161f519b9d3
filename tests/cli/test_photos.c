/* How photos are read: turned or not, damaged or not, from pipes, and what a folder passes over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

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
        cmocka_unit_test(what_a_folder_passes_over_is_said),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
