/* Runs over many photos: what an interruption leaves, and how the next run goes on with it. */
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PHOTOS "photos/a.png", "photos/b.png", "photos/c.png"

static int enter_with_photos(void **state)
{
    const int status = enter_folder(state);
    mkdir("photos", 0777);
    static const char *const copies[] = {PHOTOS};
    for (size_t i = 0; i < 3; i++) {
        copy_file(test_path("golden/data/images/good/rgb_8.png"), copies[i]);
    }
    return status;
}

static ran detect(const char *format, const char *output, const char *label, const char *threshold,
                  const char *resume)
{
    return tyto("detect", "-m", ODD_MODEL, "photos", "-t", label, "-t", "b, \"c\"", "--threshold",
                threshold, "--top-k", "3", "-f", format, "-o", output, resume, NULL);
}

/* The file without what comes after the last record's beginning: half of it is there. */
static void cut_lines(const char *path, size_t records)
{
    size_t length;
    char *text = file_text(path, &length);
    char *at = text;
    for (size_t i = 0; i < records; i++) {
        at = strchr(at, '\n') + 1;
    }
    write_file(path, text, (size_t)(at - text) + 7);
    free(text);
}

static void keep_of_coco(const char *path)
{
    char *text = file_text(path, NULL);
    json_t *root = parsed(text), *images = json_object_get(root, "images"),
           *items = json_object_get(root, "annotations");
    while (json_array_size(images) > 1) {
        json_array_remove(images, 1);
    }
    for (size_t i = json_array_size(items); i > 0; i--) {
        if (json_integer_value(json_object_get(json_array_get(items, i - 1), "image_id")) != 1) {
            json_array_remove(items, i - 1);
        }
    }
    assert_true(json_array_size(items) > 0);
    assert_int_equal(json_dump_file(root, path, JSON_REAL_PRECISION(9)), 0);
    json_decref(root);
    free(text);
}

static void keep_of_results(const char *path)
{
    char *text = file_text(path, NULL);
    json_t *items = parsed(text);
    for (size_t i = json_array_size(items); i > 0; i--) {
        if (json_integer_value(json_object_get(json_array_get(items, i - 1), "image_id")) != 1) {
            json_array_remove(items, i - 1);
        }
    }
    assert_int_equal(json_dump_file(items, path, JSON_REAL_PRECISION(9)), 0);
    json_decref(items);
    free(text);
}

/* Whatever was lost of the results, the next run makes them what they were. */
static void results_are_gone_on_with_to_the_byte(void **state)
{
    (void)state;
    static const struct {
        const char *format;
        size_t lines; /* that are left before the cut; 0: another way of cutting */
        void (*cut)(const char *path);
        const char *before; /* how many are known to be done */
    } cases[] = {{"jsonl", 1, NULL, "1 done before"},
                 {"csv", 5, NULL, "1 done before"},
                 {"json", 2, NULL, "1 done before"},
                 {"coco", 0, keep_of_coco, "1 done before"},
                 {"coco-results", 0, keep_of_results, "1 done before"},
                 {"odvg", 1, NULL, "1 done before"},
                 {"openimages", 5, NULL, "1 done before"},
                 {"labelstudio", 2, NULL, "1 done before"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ran run = detect(cases[i].format, "found", "a", "0", "--quiet");
        assert_done(&run);
        ran_clear(&run);
        size_t length, again;
        char *whole = file_text("found", &length);
        if (cases[i].cut) {
            cases[i].cut("found");
        } else {
            cut_lines("found", cases[i].lines);
        }
        run = detect(cases[i].format, "found", "a", "0", "--resume");
        assert_done(&run);
        assert_non_null(strstr(run.err, cases[i].before));
        ran_clear(&run);
        char *text = file_text("found", &again);
        assert_string_equal(text, whole);
        assert_int_equal(again, length);
        free(text);
        free(whole);
    }
}

static void files_of_a_folder_are_left_as_they_are(void **state)
{
    (void)state;
    ran run = detect("yolo", "labels", "a", "0", "--resume");
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(unlink("labels/b.txt"), 0);
    write_file("labels/a.txt", "mine", 4);
    run = detect("yolo", "labels", "a", "0", "--resume");
    assert_done(&run);
    assert_non_null(strstr(run.err, "1 photo done, 0 failed, 2 done before, 3 found"));
    ran_clear(&run);
    assert_true(file_there("labels/b.txt"));
    char *text = file_text("labels/a.txt", NULL);
    assert_string_equal(text, "mine");
    free(text);
    for (int i = 0; i < 2; i++) {
        run = detect("voc", "voc", "a", "0", "--resume");
        assert_done(&run);
        assert_non_null(strstr(run.err, i == 0 ? "3 photos done, 0 failed," : "1 photo done"));
        ran_clear(&run);
        assert_int_equal(folder_count("voc"), 3);
        unlink("voc/b.xml");
    }
    /* The file of one photo. */
    for (int i = 0; i < 2; i++) {
        write_file("one.xml", "mine", 4);
        run = tyto("detect", "-m", ODD_MODEL, "photos/a.png", "-t", "a", "-f", "voc", "-o",
                   "one.xml", i == 0 ? "--resume" : "--quiet", NULL);
        assert_done(&run);
        ran_clear(&run);
        text = file_text("one.xml", NULL);
        assert_int_equal(strcmp(text, "mine") == 0, i == 0);
        free(text);
    }
}

/* A photo whose drawing is missing isn't done, and has no second record. */
static void missing_drawings_are_made(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        ran run = tyto("detect", "-m", ODD_MODEL, "photos", "-t", "x", "-o", "d.jsonl", "--draw",
                       "drawn/", "--resume", NULL);
        assert_done(&run);
        assert_non_null(strstr(run.err, i == 0 ? "3 photos done, 0 failed," : "1 photo done"));
        ran_clear(&run);
        assert_int_equal(folder_count("drawn"), 3);
        unlink("drawn/b.png");
    }
    char *text = file_text("d.jsonl", NULL);
    size_t lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 3);
    free(text);
}

/* Records say nothing of crops, so that whoever asks for them is told what isn't cut out. */
static void missing_crops_are_told(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        ran run = tyto("detect", "-m", ODD_MODEL, "photos", "-t", "x", "-o", "c.jsonl", "--crops",
                       "crops", "--resume", NULL);
        assert_done(&run);
        const char *said = strstr(run.err, "crops: no crops of 3 photos, whose results were there");
        assert_int_equal(said != NULL, i == 1);
        ran_clear(&run);
    }
}

static void what_was_made_otherwise_is_refused_and_stays(void **state)
{
    (void)state;
    static const struct {
        const char *format, *label, *threshold, *message;
    } cases[] = {
        {"jsonl", "a", "0.5", "results of threshold 0, required those of 0.5"},
        {"json", "z", "0", "whose label 0 is 'a', required those of 'z'"},
        {"csv", "z", "0", "whose label 0 is 'a', required those of 'z'"},
        {"coco", "z", "0", "whose label 0 is 'a', required those of 'z'"},
        {"odvg", "z", "0", "whose label 0 is 'a', required those of 'z'"},
        {"openimages", "z", "0", "results of label 'a', required those of this run's labels"},
        {"labelstudio", "z", "0", "results of label 'a', required those of this run's labels"},
        {"yolo", "z", "0", "classes.txt: line 1 is 'a', required 'z'"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const bool folder = strcmp(cases[i].format, "yolo") == 0;
        const char *path = folder ? "other" : "other.json";
        ran run = detect(cases[i].format, path, "a", "0", "--quiet");
        assert_done(&run);
        ran_clear(&run);
        char *before = folder ? NULL : file_text(path, NULL);
        run = detect(cases[i].format, path, cases[i].label, cases[i].threshold, "--resume");
        assert_complains(&run, strcmp(cases[i].format, "yolo") == 0 ? 2 : 1, cases[i].message);
        char *after = folder ? NULL : file_text(path, NULL);
        assert_true(folder || strcmp(before, after) == 0);
        free(before);
        free(after);
    }
    write_file("notes.json", "{\"a\": [1]}\n", 11);
    ran run = detect("json", "notes.json", "a", "0", "--resume");
    assert_complains(&run, 1, "notes.json: line 1: required results in format json");
    run = detect("odvg", "notes.json", "a", "0", "--resume");
    assert_complains(&run, 1, "notes.json: line 1: required results in format odvg");
    run = detect("openimages", "notes.json", "a", "0", "--resume");
    assert_complains(&run, 1, "notes.json: got another first line");
    run = detect("csv", "notes.json", "a", "0", "--resume");
    assert_complains(&run, 1, "notes.json: got another first line");
    run = detect("jsonl", "-", "a", "0", "--resume");
    assert_complains(&run, 2, "-o: got standard output, which can't be gone on with");
    run = detect("text", "t.txt", "a", "0", "--resume");
    assert_complains(&run, 2, "-o: got tables, which can't be gone on with");
}

static void other_commands_go_on_too(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        ran run = tyto("similarity", "-m", ODD_MODEL, PHOTOS, "-t", "a", "-f", "json", "-o",
                       "alike.json", "--resume", NULL);
        assert_done(&run);
        ran_clear(&run);
        char *text = file_text("alike.json", NULL);
        json_t *root = parsed(text);
        assert_int_equal(json_array_size(root), 3);
        json_array_remove(root, 2);
        json_decref(root);
        free(text);
    }
}

static void texts_go_on_too(void **state)
{
    (void)state;
    const char *model = test_path("golden/data/perceiver_tasks/fill_mask/model");
    static const char *const said[] = {"1 text done, 1 failed, in",
                                       "0 texts done, 1 failed, 1 done before"};
    for (int i = 0; i < 2; i++) {
        ran run = tyto("fill-mask", "-m", model, "none", "a[MASK]", "-o", "filled.jsonl",
                       "--resume", NULL);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "\"none\": "));
        assert_non_null(strstr(run.err, said[i]));
        ran_clear(&run);
    }
    char *text = file_text("filled.jsonl", NULL);
    const char *newline = strchr(text, '\n');
    assert_true(newline && !newline[1]);
    free(text);
}

/* Rows and tensors of photos that a file has aren't made again, and the file becomes what one run
 * makes it. */
static void rows_go_on_too(void **state)
{
    (void)state;
    static const char *const cases[][4] = {{"embed", "rows.json", "-t", "a"},
                                           {"embed", "rows.safetensors", "-t", "a"},
                                           {"embed", "boxes.json", "--boxes", "--verbose"},
                                           {"preprocess", "in.safetensors", "--size", "16x16"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const *of = cases[i];
        size_t length, again;
        ran run = tyto(of[0], "-m", ODD_MODEL, PHOTOS, of[2], of[3], "-o", of[1], NULL);
        assert_done(&run);
        ran_clear(&run);
        char *whole = file_text(of[1], &length);
        run = tyto(of[0], "-m", ODD_MODEL, "photos/a.png", "photos/b.png", of[2], of[3], "-o",
                   of[1], NULL);
        assert_done(&run);
        ran_clear(&run);
        run = tyto(of[0], "-m", ODD_MODEL, PHOTOS, of[2], of[3], "-o", of[1], "--resume", NULL);
        assert_done(&run);
        assert_non_null(strstr(run.err, "1 photo done, 0 failed, 2 done before"));
        ran_clear(&run);
        char *text = file_text(of[1], &again);
        assert_int_equal(again, length);
        assert_memory_equal(text, whole, length);
        free(text);
        free(whole);
    }
    ran run = tyto("embed", "-m", ODD_MODEL, PHOTOS, "-o", "rows.npy", "--resume", NULL);
    assert_complains(&run, 2, "--resume: rows of .npy have no names");
    run = tyto("embed", "-m", ODD_MODEL, PHOTOS, "--resume", NULL);
    assert_complains(&run, 2, "--resume: got standard output");
    write_file("rows.json", "[\n{\"a\": 1}\n]\n", 13);
    run = tyto("embed", "-m", ODD_MODEL, PHOTOS, "-o", "rows.json", "--resume", NULL);
    assert_complains(&run, 1, "rows.json: required embeddings as they were written");
}

/* A folder is an array of JSON, however many photos it has; a photo by itself is an object. */
static void json_has_one_shape(void **state)
{
    (void)state;
    mkdir("single", 0777);
    copy_file("photos/a.png", "single/a.png");
    static const struct {
        const char *operand;
        bool array;
    } cases[] = {{"single", true}, {"single/*.png", true}, {"single/a.png", false}};
    static const char *const commands[] = {"detect", "similarity"};
    for (size_t i = 0; i < 6; i++) {
        ran run = tyto(commands[i / 3], "-m", ODD_MODEL, cases[i % 3].operand, "-t", "x", "-f",
                       "json", NULL);
        assert_done(&run);
        json_t *root = parsed(run.out);
        assert_int_equal(json_is_array(root), cases[i % 3].array);
        json_decref(root);
        ran_clear(&run);
    }
    ran run = tyto("similarity", "-m", ODD_MODEL, "-r", ".", "-t", "x", "-o", "s.csv", NULL);
    assert_done(&run);
    ran_clear(&run);
    char *text = file_text("s.csv", NULL);
    assert_non_null(strstr(text, "./single/a.png,"));
    free(text);
    run = tyto("detect", "-m", ODD_MODEL, "single", "-t", "x", "-o", "x.html", NULL);
    assert_complains(&run, 2, "-o: x.html: got the ending '.html'");
    run = tyto("embed", "-m", ODD_MODEL, "single/a.png", "-o", "x.csv", NULL);
    assert_complains(&run, 2, "-o: got the ending '.csv'");
}

/* The command, whose standard input is a pipe that gives nothing. */
static pid_t begin_waiting(char *const words[], const char *errors, int *writer)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const char *emulator = getenv("TYTO_EMULATOR");
        char *line[32];
        size_t count = 0;
        if (emulator && *emulator) {
            line[count++] = strdup(emulator);
        }
        line[count++] = strdup(getenv("TYTO_COMMAND"));
        while (*words) {
            line[count++] = *words++;
        }
        line[count] = NULL;
        dup2(ends[0], STDIN_FILENO);
        close(ends[1]);
        freopen(errors, "w", stderr);
        execvp(line[0], line);
        _exit(127);
    }
    close(ends[0]);
    *writer = ends[1];
    return child;
}

static void wait_a_little(void)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    nanosleep(&pause, NULL);
}

/* Ends the command by a signal, which is sent until it is gone, and returns what it said. */
static char *interrupt(pid_t child, int signal, int writer)
{
    int ended = 0;
    pid_t done = 0;
    wait_a_little();
    for (int k = 0; k < 3000 && done == 0; k++) {
        if (k % 100 == 0) {
            kill(child, signal);
        }
        wait_a_little();
        done = waitpid(child, &ended, WNOHANG);
    }
    close(writer);
    assert_int_equal(done, child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 130);
    return file_text("said.txt", NULL);
}

static void wait_for(const char *path)
{
    for (int k = 0; k < 3000 && !file_there(path); k++) {
        wait_a_little();
    }
    assert_true(file_there(path));
}

/* What was finished is there and whole, and said; a file that grows was there before. */
static void an_interrupted_run_keeps_what_was_finished(void **state)
{
    (void)state;
    static const struct {
        const char *format, *path, *result;
        int signal;
    } cases[] = {{"jsonl", "kept.jsonl", "kept.jsonl", SIGINT},
                 {"yolo", "kept", "kept/a.txt", SIGTERM},
                 {"json", "kept.json", "kept.json", SIGTERM},
                 {"coco", "kept.coco", "kept.coco", SIGINT},
                 {"json", "hung-up.json", "hung-up.json", SIGHUP}};
    char *model = strdup(ODD_MODEL);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const bool grows = i < 2;
        int writer;
        char format[16], path[16], last[] = "drawn-before/";
        snprintf(format, sizeof(format), "%s", cases[i].format);
        snprintf(path, sizeof(path), "%s", cases[i].path);
        char *const words[] = {"detect",       "-m", model,    "photos/a.png", "-",
                               "photos/c.png", "-t", "x",      "-f",           format,
                               "-o",           path, "--draw", last,           NULL};
        const pid_t child = begin_waiting(words, "said.txt", &writer);
        wait_for("drawn-before/a.png");
        for (int k = 0; k < 300 && grows && !file_there(cases[i].result); k++) {
            wait_a_little();
        }
        assert_int_equal(file_there(cases[i].result), grows);
        if (cases[i].signal == SIGHUP) { /* a terminal that closes may send it twice */
            kill(child, SIGHUP);
            wait_a_little();
        }
        char *said = interrupt(child, cases[i].signal, writer);
        char *text = file_text(cases[i].result, NULL);
        assert_non_null(strstr(said, "interrupted after 1 of 3 photos: 1 photo done"));
        if (strncmp(format, "json", 4) == 0 || strcmp(format, "coco") == 0) {
            json_decref(parsed(text));
        }
        free(said);
        free(text);
        assert_true(file_there("drawn-before/a.png"));
        assert_int_equal(unlink("drawn-before/a.png"), 0);
    }
    free(model);
}

/* Both signals come at once, so that nothing can be ended in between: nothing is said either. */
static void a_second_signal_ends_at_once(void **state)
{
    (void)state;
    int writer, ended;
    bool begun = false;
    char *model = strdup(ODD_MODEL);
    char *const words[] = {"detect", "-m", model, "-v", "photos/a.png", "-", "-t", "x", NULL};
    const pid_t child = begin_waiting(words, "twice.txt", &writer);
    for (int k = 0; k < 3000 && !begun; k++) {
        wait_a_little();
        char *text = file_there("twice.txt") ? file_text("twice.txt", NULL) : strdup("");
        begun = strstr(text, "photos/a.png: ") != NULL;
        free(text);
    }
    assert_true(begun);
    kill(child, SIGSTOP);
    assert_int_equal(waitpid(child, &ended, WUNTRACED), child);
    assert_true(WIFSTOPPED(ended));
    kill(child, SIGINT);
    kill(child, SIGTERM);
    kill(child, SIGCONT);
    assert_int_equal(waitpid(child, &ended, 0), child);
    close(writer);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 130);
    char *said = file_text("twice.txt", NULL);
    assert_null(strstr(said, "interrupted"));
    free(said);
    free(model);
}

/* What is written at the end holds what was finished. */
static void an_interrupted_run_writes_what_it_has(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"embed", "had.json"},
                                           {"preprocess", "had.safetensors"}};
    char *model = strdup(ODD_MODEL);
    for (size_t i = 0; i < 2; i++) {
        int writer;
        char name[16], path[16];
        snprintf(name, sizeof(name), "%s", cases[i][0]);
        snprintf(path, sizeof(path), "%s", cases[i][1]);
        char *const words[] = {name, "-m", model, "photos/a.png", "-", "-o", path, "-v", NULL};
        const pid_t child = begin_waiting(words, "said.txt", &writer);
        bool said_it = false;
        for (int k = 0; k < 3000 && !said_it; k++) {
            wait_a_little();
            char *text = file_there("said.txt") ? file_text("said.txt", NULL) : strdup("");
            said_it = strstr(text, "photos/a.png: ") != NULL;
            free(text);
        }
        char *said = interrupt(child, SIGINT, writer), *made = file_text(path, NULL);
        assert_non_null(strstr(said, "interrupted after 1 of 2 photos: 1 photo done, 0 failed"));
        assert_true(i > 0 || strstr(made, "\"name\": \"a.png\""));
        free(said);
        free(made);
        unlink("said.txt");
    }
    free(model);
}

/* Pairs of frames, too, and how many were left. */
static void an_interrupted_sequence_keeps_its_pairs(void **state)
{
    (void)state;
    int writer;
    char *model = strdup(test_path("golden/data/perceiver/flow/model"));
    char *const words[] = {"flow",         "-m", model, "--overlap", "3", "photos/a.png",
                           "photos/b.png", "-",  "-o",  "moved",     NULL};
    const pid_t child = begin_waiting(words, "said.txt", &writer);
    wait_for("moved/a.flo");
    char *said = interrupt(child, SIGTERM, writer);
    assert_non_null(strstr(said, "interrupted after 1 of 2 pairs: 1 pair done, 0 failed"));
    assert_int_equal(folder_count("moved"), 1);
    free(said);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_gone_on_with_to_the_byte),
        cmocka_unit_test(files_of_a_folder_are_left_as_they_are),
        cmocka_unit_test(missing_drawings_are_made),
        cmocka_unit_test(missing_crops_are_told),
        cmocka_unit_test(what_was_made_otherwise_is_refused_and_stays),
        cmocka_unit_test(other_commands_go_on_too),
        cmocka_unit_test(texts_go_on_too),
        cmocka_unit_test(rows_go_on_too),
        cmocka_unit_test(json_has_one_shape),
        cmocka_unit_test(an_interrupted_run_keeps_what_was_finished),
        cmocka_unit_test(a_second_signal_ends_at_once),
        cmocka_unit_test(an_interrupted_run_writes_what_it_has),
        cmocka_unit_test(an_interrupted_sequence_keeps_its_pairs),
    };
    return cmocka_run_group_tests(tests, enter_with_photos, leave_folder);
}
