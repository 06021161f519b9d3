/* Data sets: what is written of photos for other tools, and what no output may replace. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/cases.h"

static void write_text(const char *path, const char *text)
{
    write_file(path, text, strlen(text));
}

/* Each output is a file that the command reads, under another name or through a link. */
static void no_output_replaces_an_input(void **state)
{
    (void)state;
    static const char text[] = "globe\n";
    write_text("names.txt", text);
    copy_file(CAT, "cat.jpg");
    assert_int_equal(mkdir("photos", 0777), 0);
    assert_int_equal(mkdir("photos/inside", 0777), 0);
    copy_file(CAT, "photos/cat.jpg");
    copy_file(CAT, "photos/inside/cat.jpg");
    assert_int_equal(link("names.txt", "hard.txt"), 0);
    assert_int_equal(symlink("names.txt", "soft.txt"), 0);
    static const char *const cases[][9] = {
        {"detect", "cat.jpg", "-l", "names.txt", "-o", "names.txt"},
        {"detect", "cat.jpg", "-l", "names.txt", "-o", "hard.txt"},
        {"detect", "cat.jpg", "-l", "names.txt", "-o", "soft.txt"},
        {"detect", "cat.jpg", "-t", "x", "--classes", "names.txt", "-o", "./names.txt"},
        {"detect", "cat.jpg", "-t", "x", "-f", "coco", "--ids-from=names.txt", "-onames.txt"},
        {"detect", "photos", "-t", "x", "-o", "photos/cat.jpg"},
        {"detect", "photos", "-t", "x", "-o", "photos/inside/cat.jpg"},
        {"match", "photos/cat.jpg", "-q", "cat.jpg@1,2,30,40=a cat", "-o", "cat.jpg"},
        {"match", "photos/cat.jpg", "-q", "cat.jpg=cat", "-o", "cat.jpg"},
        {"similarity", "cat.jpg", "-l", "names.txt", "-o", "names.txt"},
        {"embed", "-l", "names.txt", "-o", "names.txt"},
        {"classify", "--file", "names.txt", "-o", "names.txt"},
        {"fill-mask", "--file", "names.txt", "-o", "names.txt"},
        {"tokenize", "--file", "names.txt", "-o", "names.txt"},
        {"preprocess", "cat.jpg", "-o", "cat.jpg"},
        {"forward", "--inputs", "names.txt", "-o", "names.txt"},
        {"postprocess", "--outputs", "names.txt", "-o", "names.txt"},
        {"postprocess", "--outputs", "cat.jpg", "-l", "names.txt", "-o", "names.txt"},
        {"bench", "--inputs", "names.txt", "--outputs", "names.txt"},
        {"eval", "detect", "-a", "names.txt", "-i", "photos", "-o", "names.txt"},
        {"eval", "detect", "-a", "names.txt", "-i", "photos", "-o", "photos/cat.jpg"},
        {"eval", "detect", "-a", "x", "--detections-in", "names.txt", "-o", "names.txt"},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        const char *const *w = cases[i];
        ran run = tyto(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], w[8], NULL);
        assert_complains(&run, 2, "is read, required another place");
        ran_clear(&run);
    }
    char *kept = file_text("names.txt", NULL);
    assert_string_equal(kept, text);
    free(kept);
    size_t now, before;
    free(file_text("cat.jpg", &now));
    free(file_text(CAT, &before));
    assert_true(now == before);
}

/* What is in a folder of YOLO's labels stays what it says. */
static void yolo_keeps_what_is_there(void **state)
{
    (void)state;
    copy_file(CAT, "classes.jpg");
    copy_file(CAT, "cat.jpg");
    assert_int_equal(mkdir("labels", 0777), 0);
    write_text("labels/classes.txt", "a dog\na cat\n");
    static const struct {
        const char *words[8];
        const char *message;
    } cases[] = {
        {{"cat.jpg", "-t", "a\nb", "-t", "globe", "-o", "new"}, "required one line of text"},
        {{"classes.jpg", "cat.jpg", "-t", "globe", "-o", "new"}, "would be written over"},
        {{"cat.jpg", "-t", "a cat", "-o", "labels"},
         "labels/classes.txt: line 1 is 'a dog', required 'a cat'"},
        {{"cat.jpg", "-t", "a dog", "-o", "labels"}, "line 2 is 'a cat', required no more"},
        {{"cat.jpg", "-ta dog", "-ta cat", "-tb", "-o", "labels"},
         "line 3 is missing, required 'b'"},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        const char *const *w = cases[i].words;
        ran run =
            tyto("detect", "-f", "yolo", w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], NULL);
        assert_complains(&run, 2, cases[i].message);
        ran_clear(&run);
        assert_false(file_there("new"));
    }
    /* The same names again are fine. */
    ran run = tyto("detect", "-m", ODD_MODEL, "cat.jpg", "-t", "a dog", "-t", "a cat", "-f", "yolo",
                   "-o", "labels", "--data-yaml", NULL);
    assert_done(&run);
    ran_clear(&run);
    char *data = file_text("labels/data.yaml", NULL);
    assert_string_equal(data, "nc: 2\nnames:\n  0: \"a dog\"\n  1: \"a cat\"\n");
    free(data);
    /* The file of labels is in the folder that they are written to. */
    write_text("labels/cat.txt", "a dog\na cat\n");
    run = tyto("detect", "cat.jpg", "-l", "labels/cat.txt", "-f", "yolo", "-o", "labels", NULL);
    assert_complains(&run, 2, "-o: labels/cat.txt is read, required another place");
    ran_clear(&run);
}

static void make_folders(const char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mkdir(paths[i], 0777);
    }
}

/* Photos of one name in folders within folders: files lie in such folders too, and are gone on with
 * there. */
static void folders_are_mirrored(void **state)
{
    (void)state;
    static const char *const folders[] = {"tree", "tree/a", "tree/b", "tree/b/c"};
    make_folders(folders, 4);
    copy_file(CAT, "tree/x.jpg");
    copy_file(CAT, "tree/a/x.jpg");
    copy_file(COFFEE, "tree/b/c/x.jpg");
    static const char *const operands[] = {"tree", "tree/", "./tree", "**/x.jpg", "tree/**/*.jpg"};
    for (size_t i = 0; next_case(i, sizeof(operands) / sizeof(operands[0])); i++) {
        ran run = tyto("detect", "-m", ODD_MODEL, operands[i], "-r", "-t", "a cat", "-f", "yolo",
                       "-o", "mirror", "--draw", "drawn/", NULL);
        assert_done(&run);
        ran_clear(&run);
        const bool above = i == 3; /* the folder that was looked into is that of all */
        assert_true(file_there(above ? "mirror/tree/x.txt" : "mirror/x.txt"));
        assert_true(file_there(above ? "mirror/tree/a/x.txt" : "mirror/a/x.txt"));
        assert_true(file_there(above ? "mirror/tree/b/c/x.txt" : "mirror/b/c/x.txt"));
        assert_true(file_there(above ? "drawn/tree/b/c/x.jpg" : "drawn/b/c/x.jpg"));
        assert_true(file_there("mirror/classes.txt"));
        if (i == 0) {
            unlink("mirror/a/x.txt");
            run = tyto("detect", "-m", ODD_MODEL, "tree", "-r", "-t", "a cat", "-f", "yolo", "-o",
                       "mirror", "--resume", NULL);
            assert_done(&run);
            assert_non_null(strstr(run.err, "1 photo done, 0 failed, 2 done before"));
            ran_clear(&run);
            assert_true(file_there("mirror/a/x.txt"));
        }
        assert_int_equal(system("rm -r mirror drawn"), 0);
    }
    /* Two folders: as the one is that holds both. */
    ran run = tyto("detect", "-m", ODD_MODEL, "tree/a", "tree/b", "-r", "-t", "a cat", "-f", "voc",
                   "-o", "mirror", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_true(file_there("mirror/a/x.xml") && file_there("mirror/b/c/x.xml"));
    /* Photos that are named one by one lie in one folder. */
    run = tyto("detect", "-m", ODD_MODEL, "tree/a/x.jpg", "tree/x.jpg", "-r", "-t", "a cat", "-f",
               "voc", "-o", "flat", NULL);
    assert_complains(&run, 2, "both would be written to 'x.xml'");
    /* A photo below the folder of the labels. */
    run = tyto("detect", "-m", ODD_MODEL, "tree", "-r", "-t", "a cat", "--draw", "tree", NULL);
    assert_complains(&run, 2, "is the photo itself, required another place");
}

/* A picture of each box, in folders of labels, of photos in folders. */
static void boxes_are_cut_out(void **state)
{
    (void)state;
    static const char *const folders[] = {"shots", "shots/in"};
    make_folders(folders, 2);
    copy_file(CAT, "shots/x.jpg");
    copy_file(CAT, "shots/in/x.jpg");
    copy_file(test_path("golden/data/images/good/rgb_8.png"), "shots/y.png");
    for (int i = 0; i < 2; i++) { /* a second run replaces the first one's, and resumes none */
        ran run = tyto("detect", "-m", ODD_MODEL, "shots", "-r", "-t", "a/b", "-t", "\xe7\x8c\xab",
                       "--threshold", "0", "--top-k", "5", "--crops", "cut", "-f", "csv", "-o",
                       "found.csv", "--resume", NULL);
        assert_done(&run);
        assert_non_null(strstr(run.err, " crops written"));
        ran_clear(&run);
    }
    const size_t of_x =
        (size_t)file_there("cut/a_b/x_1.jpg") + file_there("cut/\xe7\x8c\xab/x_1.jpg");
    assert_int_equal(of_x, 1);
    assert_true(file_there("cut/a_b/in/x_1.jpg") || file_there("cut/\xe7\x8c\xab/in/x_1.jpg"));
    assert_true(file_there("cut/a_b/y_1.png") || file_there("cut/\xe7\x8c\xab/y_1.png"));
    ran run = tyto("detect", "-m", ODD_MODEL, "shots/x.jpg", "shots/in/x.jpg", "-t", "a", "--crops",
                   "cut", NULL);
    assert_complains(&run, 2, "crops of both would be called as 'x.jpg'");
    run = tyto("detect", "-m", ODD_MODEL, "shots/x.jpg", "-t", "a", "--crops", "shots/y.png", NULL);
    assert_complains(&run, 1, "got a file, required a folder");
    write_text("in.mp4", "no video");
    run = tyto("detect", "-m", ODD_MODEL, "in.mp4", "-t", "a", "--crops", "cut", NULL);
    assert_complains(&run, 2, "--crops: got videos, required photos");
}

/* Ids of an existing set: by names of photos, wherever they lie, and of categories. */
static void ids_are_those_of_a_set(void **state)
{
    (void)state;
    assert_int_equal(mkdir("deep", 0777), 0);
    assert_int_equal(mkdir("deep/in", 0777), 0);
    copy_file(CAT, "deep/in/one.jpg");
    copy_file(COFFEE, "deep/two.jpg");
    write_text("set.json",
               "{\"images\":[{\"id\":\"x1\",\"file_name\":\"in\\\\one.jpg\"},"
               "{\"id\":77,\"file_name\":\"two.jpg\"}],\"annotations\":[],"
               "\"categories\":[{\"id\":5,\"name\":\"cup\"},{\"id\":9,\"name\":\"cat\"}]}");
    ran run = tyto("detect", "-m", ODD_MODEL, "deep/in/one.jpg", "deep/two.jpg", "-t", "cat", "-t",
                   "cup", "--threshold", "0", "--top-k", "1", "-f", "coco-results", "--ids-from",
                   "set.json", NULL);
    assert_done(&run);
    json_t *list = parsed(run.out);
    assert_int_equal(json_array_size(list), 2);
    const json_t *first = json_array_get(list, 0), *second = json_array_get(list, 1);
    assert_string_equal(json_string_value(json_object_get(first, "image_id")), "x1");
    assert_int_equal(json_integer_value(json_object_get(second, "image_id")), 77);
    const json_int_t category = json_integer_value(json_object_get(first, "category_id"));
    assert_true(category == 5 || category == 9);
    json_decref(list);
    ran_clear(&run);
    run =
        tyto("detect", "deep/two.jpg", "-t", "a dog", "-f", "coco", "--ids-from", "set.json", NULL);
    assert_complains(&run, 2, "label 'a dog': got no category of that name");
    ran_clear(&run);
    run = tyto("detect", "deep/two.jpg", "-t", "cup", "--ids-from", "set.json", NULL);
    assert_complains(&run, 2,
                     "--ids-from: has no effect here, required --format coco or coco-results");
    ran_clear(&run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_output_replaces_an_input), cmocka_unit_test(yolo_keeps_what_is_there),
        cmocka_unit_test(ids_are_those_of_a_set),      cmocka_unit_test(folders_are_mirrored),
        cmocka_unit_test(boxes_are_cut_out),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
