/* Help, wrong usage, and standard output that goes nowhere. */
#include "run.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <tyto/version.h>
#include <unistd.h>

/* The commands that the overview lists. */
static char names[32][32];
static size_t n_names;

static int list_commands(void **state)
{
    if (enter_folder(state) != 0) {
        return -1;
    }
    ran run = tyto("--help", NULL);
    const char *at = strstr(run.out, "\ncommands\n");
    for (at = at ? at + 10 : ""; n_names < 32 && strncmp(at, "  ", 2) == 0;) {
        /* A longer summary goes on in lines that are indented further. */
        n_names += sscanf(at + 2, "%31[a-z-]", names[n_names]) == 1;
        at = strchr(at, '\n') + 1;
    }
    ran_clear(&run);
    return n_names > 0 ? 0 : -1;
}

/* An option that changes nothing is refused, with what it takes. */
static void idle_options_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words[8], *said;
    } cases[] = {
        {{"detect", "x.jpg", "--iou", "0.5"},
         "--iou: has no effect here, required --nms class or all"},
        {{"match", "x.jpg", "-q", "y.jpg", "--nms", "off", "--iou", "0.5"},
         "required --nms class or all beside it"},
        {{"detect", "x.jpg", "--yolo-scores", "-o", "x.csv"}, "required --format yolo beside it"},
        {{"detect", "x.jpg", "--tile-overlap", "0.5"}, "required --tiles beside it"},
        {{"detect", "x.jpg", "--positions", "truncate"}, "required --input-size beside it"},
        {{"match", "x.jpg", "-t", "x", "--rule", "overlap"}, "required --query beside it"},
        {{"embed", "x.jpg", "--top-k", "3"}, "--top-k: has no effect here, required --boxes"},
        {{"detect", "x.jpg", "--track"}, "--track: got x.jpg, which isn't a video"},
        {{"detect", "x.jpg", "--every", "2"}, "--every: got x.jpg, which isn't a video"},
        {{"convert", "x", "-o", "y", "--seed", "3"}, "required --init beside it"},
        {{"flow", "a.png", "b.png", "-o", "x.flo", "--longest", "3"}, "required --draw beside it"},
        {{"eval", "detect", "--detections-in", "x", "--threshold", "0.5"}, "required --images"},
        {{"tokenize", "x", "--stride", "3"}, "required --overflow beside it"},
        {{"tokenize", "x", "--threads", "3"}, "--threads: has no effect in 'tyto tokenize'"},
        {{"detect", "x.jpg", "--tree-margin", "1"}, "required --tree beside it"},
        {{"detect", "x.jpg", "-t", "x", "--tree-regions", "3"}, "required --tree beside it"},
        {{"detect", "x.jpg", "--tree", "[x]", "--nms", "off", "--iou", "0.5"},
         "--iou: contradicts --nms off"},
        {{"postprocess", "--outputs", "x", "--nms", "off", "--iou", "0.5"},
         "--iou: contradicts --nms off"},
        {{"postprocess", "--outputs", "x", "-r"}, "required IMAGE beside it"},
        {{"postprocess", "--outputs", "x", "--exif", "turn"}, "required IMAGE beside it"},
        {{"postprocess", "--outputs", "x", "--damaged", "use"}, "required IMAGE beside it"},
        {{"match", "x.jpg", "-t", "x", "--exemplars", "keep"},
         "required --query, or --classes beside it"},
        {{"embed", "-t", "x", "--boxes"}, "--boxes: has no effect here, required IMAGE beside it"},
        {{"embed", "-t", "x", "-r"}, "required IMAGE beside it"},
        {{"embed", "-t", "x", "--exif", "ignore"}, "required IMAGE, or --query beside it"},
        {{"embed", "-t", "x", "--classes", "c.npy", "--exemplars", "keep"},
         "--exemplars: has no effect here, required --query beside it"},
        {{"eval", "detect", "-a", "x.json", "--detections-in", "y.json", "--exif", "turn"},
         "--exif: has no effect here, required --images, or --data beside it"},
        {{"preprocess", "-t", "x", "--resume", "-o", "x.safetensors"},
         "--resume: contradicts --text, required"},
        {{"bench", "--peak", "--runs", "3"}, "--runs: contradicts --peak, required one of the two"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const *w = cases[i].words;
        ran run = tyto(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], NULL);
        assert_complains(&run, 2, cases[i].said);
    }
}

/* A name's ending is what the file holds: JSON, or an error that names what there is. */
static void endings_say_the_format(void **state)
{
    (void)state;
    static const struct {
        const char *words[8], *said;
    } cases[] = {
        {{"tokenize", "x", "-o", "x.npy"}, "got the ending '.npy', required .json or .txt"},
        {{"inspect", "-o", "x.csv"}, "got the ending '.csv', required .json or .txt"},
        {{"bench", "-o", "x.html"}, "got the ending '.html', required .json or .txt"},
        {{"bench", "--outputs", "x.npy"}, "--outputs: got the ending '.npy'"},
        {{"preprocess", "x.jpg", "-o", "x.npy"},
         "-o: got the ending '.npy', required .safetensors"},
        {{"forward", "--inputs", "x", "-o", "x.csv"}, "ending '.csv', required .safetensors"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const *w = cases[i].words;
        ran run = tyto(w[0], w[1], w[2], w[3], w[4], w[5], w[6], w[7], NULL);
        assert_complains(&run, 2, cases[i].said);
    }
    static const char *const commands[] = {"tokenize", "inspect"};
    for (size_t i = 0; i < 2; i++) {
        const char *operand = i == 0 ? "x" : "--tensors";
        ran run = tyto(commands[i], "-m", ODD_MODEL, operand, "-f", "json", NULL);
        assert_done(&run);
        ran file = tyto(commands[i], "-m", ODD_MODEL, operand, "-o", "named.json", NULL);
        assert_done(&file);
        size_t length;
        char *text = file_text("named.json", &length);
        assert_string_equal(text, run.out);
        free(text);
        ran_clear(&file);
        ran_clear(&run);
    }
}

static void every_command_has_help_with_examples(void **state)
{
    (void)state;
    assert_true(n_names >= 6);
    assert_string_equal(names[0], "detect");
    assert_string_equal(names[n_names - 1], "help");
    for (size_t i = 0; i < n_names; i++) {
        char heading[1200];
        ran run = tyto(names[i], "--help", NULL);
        assert_done(&run);
        assert_string_equal(run.err, "");
        snprintf(heading, sizeof(heading), "usage: tyto %s ", names[i]);
        assert_non_null(strstr(run.out, heading));
        const char *examples = strstr(run.out, "\nexamples\n  tyto ");
        assert_non_null(examples);
        assert_non_null(strstr(run.out, "--verbose"));
        ran same = tyto("help", names[i], NULL);
        assert_string_equal(same.out, run.out);
        ran_clear(&same);
        ran_clear(&run);
    }
    ran run = tyto("detect", "--version", NULL);
    assert_done(&run);
    assert_string_equal(run.out, "tyto " TYTO_VERSION "\n");
    ran_clear(&run);
}

/* Every option of the help is in the manual and in each completion. */
static void manual_and_completion_have_every_option(void **state)
{
    (void)state;
    ran made[4] = {tyto("help", "--completion", "bash", NULL),
                   tyto("help", "--completion", "zsh", NULL),
                   tyto("help", "--completion", "fish", NULL), tyto("help", "--man", NULL)};
    const char *const forms[] = {"--%s", "--%s[", "-l %s", "\\-\\-%s"};
    const char *const with_equals[] = {"--%s", "--%s=-[", "-l %s", "\\-\\-%s"};
    for (size_t i = 0; i < n_names; i++) {
        ran run = tyto(names[i], "--help", NULL);
        for (char *at = run.out; (at = strstr(at, "--")) != NULL; at += 2) {
            char option[64], word[160], dashed[128] = "";
            if (at[-1] != ' ' || at[-2] != ' ' || sscanf(at + 2, "%60[a-z-]", option) != 1) {
                continue;
            }
            const bool maybe = strncmp(at + 2 + strlen(option), "[=", 2) == 0;
            size_t length = 0;
            for (const char *c = option; *c; c++) {
                length += (size_t)snprintf(dashed + length, sizeof(dashed) - length,
                                           *c == '-' ? "\\%c" : "%c", *c);
            }
            for (int k = 0; k < 4; k++) {
                snprintf(word, sizeof(word), maybe ? with_equals[k] : forms[k],
                         k == 3 ? dashed : option);
                if (!strstr(made[k].out, word)) {
                    fail_msg("'%s' of tyto %s is not in text %d", option, names[i], k);
                }
            }
        }
        ran_clear(&run);
    }
    for (int k = 0; k < 4; k++) {
        assert_done(&made[k]);
        ran_clear(&made[k]);
    }
}

static void slips_get_the_nearest(void **state)
{
    (void)state;
    ran run = tyto("detetc", NULL);
    assert_complains(&run, 2, "unknown command 'detetc'; did you mean 'detect'?");
    run = tyto("detect", "--treshold", "0.3", NULL);
    assert_complains(&run, 2, "unknown option '--treshold'; did you mean '--threshold'?");
    run = tyto("detect", "--thresh=0.3", NULL);
    assert_complains(&run, 2, "did you mean '--threshold'?");
    run = tyto("detect", "--tresh", "0.3", NULL);
    assert_complains(&run, 2, "did you mean '--threshold'?");
    run = tyto("detect", "--xyzzy", NULL);
    assert_complains(&run, 2, "unknown option '--xyzzy'; see 'tyto detect --help'");
    run = tyto("detect", "-Z", NULL);
    assert_complains(&run, 2, "unknown option '-Z'");
    run = tyto("xyzzy", NULL);
    assert_complains(&run, 2, "unknown command 'xyzzy'; see 'tyto --help'");
    write_file("photo.jpg", "x", 1);
    run = tyto("photo.jpg", "-t", "x", NULL);
    assert_complains(&run, 2, "a command comes first, such as 'tyto detect photo.jpg'");
    run = tyto("fill-mask", "a [MASK]", NULL);
    assert_complains(&run, 1, "without -m, the model that comes with tyto: got Owlv2ForObject");
    assert_int_equal(mkdir("kept", 0777), 0);
    run = tyto("detect", "-m", ODD_MODEL, "photo.jpg", "-t", "x", "-o", "kept", NULL);
    assert_complains(&run, 2,
                     "required a file, such as kept/found.json, or a format with a file for "
                     "each photo: yolo or voc");
    run = tyto("detect", "-m", ODD_MODEL, "photo.jpg", "-t", "x", "-o", "none/", "-f", "csv", NULL);
    assert_complains(&run, 2, "-o: got the folder none/ for results in one file");
    run = tyto(NULL);
    assert_complains(&run, 2, "no command");
    run = tyto("--threads", "2", "detect", NULL);
    assert_complains(&run, 2, "a command comes first");
}

/* What was meant is said in words of the person's situation. */
static void messages_name_what_there_is(void **state)
{
    (void)state;
    mkdir("hollow", 0777);
    mkdir("shots", 0777);
    mkdir("deep", 0777);
    mkdir("deep/shots", 0777);
    copy_file(CAT, "shots/cat.jpg");
    write_file("clip.mp4", "0123456789", 10);
    write_file("names.txt", "a\n", 2);
    static const struct {
        const char *words[7], *said;
        int status;
    } cases[] = {
        {{"detect", "-m", "hollow", "shots/cat.jpg", "-t", "x"},
         "hollow: no config.json in this folder, required a checkpoint's\n",
         1},
        {{"inspect", "shots"}, "it holds photos or videos, which 'tyto detect' looks into", 1},
        {{"inspect", "shots/cat.jpg"}, "shots/cat.jpg: got a photo, required tensors", 1},
        {{"inspect", "clip.mp4"}, "clip.mp4: got a video, required tensors", 1},
        {{"detect", "shots/cat.jpg", "--tree", "[x]", "-o", "found.csv"},
         "found.csv: got csv beside --tree",
         2},
        {{"detect", "shots/cat.jpg", "--tree", "[a\xff]"}, "--tree: byte 2: got 0xFF", 2},
        {{"detect", "shots/cat.jpg", "-t", "a\xff"}, "byte 1: got 0xFF, required UTF-8", 2},
        {{"preprocess", "--texts", "names.txt", "-o", "x.safetensors"},
         "names.txt: got something that is no value, required JSON: a list of texts",
         1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *const *w = cases[i].words;
        ran run = tyto(w[0], w[1], w[2], w[3], w[4], w[5], w[6], NULL);
        assert_complains(&run, cases[i].status, cases[i].said);
    }
    ran run = tyto("detect", "deep", "-t", "x", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "; -r (in programs 'recursive') looks into the folders"));
    ran_clear(&run);
}

static void values_are_checked(void **state)
{
    (void)state;
    ran run = tyto("detect", "--threads", "0", NULL);
    assert_complains(&run, 2, "--threads: got '0', required a whole number from 1 to 1024");
    run = tyto("detect", "--threads", "2x", NULL);
    assert_complains(&run, 2, "--threads: got '2x'");
    run = tyto("detect", "--top-k", "99999999999999999999", NULL);
    assert_complains(&run, 2, "--top-k: got");
    run = tyto("detect", "--iou", "nan", NULL);
    assert_complains(&run, 2, "--iou: got 'nan', required a number from 0 to 1");
    run = tyto("detect", "--format", "xml", NULL);
    assert_complains(&run, 2, "--format: got 'xml', required text, json, jsonl, csv, coco, ");
    run = tyto("detect", "--quiet=yes", NULL);
    assert_complains(&run, 2, "--quiet: got the value 'yes', required none");
    run = tyto("detect", "-t", NULL);
    assert_complains(&run, 2, "--text: required TEXT after it");
    run = tyto("detect", "-t", "x", CAT, "--tiles", "400", NULL);
    assert_complains(&run, 2, "--tiles: required its number as --tiles=400");
    run = tyto("detect", "-t", "x", CAT, "--threshold", "1.5", NULL);
    assert_complains(&run, 2, "--threshold: got '1.5'");
    run = tyto("detect", "-t", "", CAT, NULL);
    assert_complains(&run, 2, "--text: got an empty text");
    run = tyto("detect", "-t", "x", NULL);
    assert_complains(&run, 2, "no photo");
    run = tyto("detect", "-t", "x", CAT, "--precision", "int4", NULL);
    assert_complains(&run, 2, "--precision: got 'int4', required fp32, bf16, int8 or auto");
    run = tyto("detect", "", "-t", "x", NULL);
    assert_complains(&run, 2, "got an empty name, required IMAGE or VIDEO");
    run = tyto("detect", CAT, "-t", "x", "-o", "", NULL);
    assert_complains(&run, 2, "--output: got an empty name, required PATH");
    run = tyto("detect", CAT, "-t", "x", "--crops", "", NULL);
    assert_complains(&run, 2, "--crops: got an empty name, required FOLDER");
    run = tyto("detect", "-m", "nope", CAT, "-t", "x", NULL);
    assert_complains(&run, 1, "nope: no such folder; ids of the hub are OWNER/NAME");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "globe", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "what to look for is given by -t: -t 'globe'"));
    ran_clear(&run);
    run = tyto("bench", "folder", NULL);
    assert_complains(&run, 2, "unexpected argument 'folder'");
    run = tyto("help", "nothing", NULL);
    assert_complains(&run, 2, "unknown command 'nothing'");
}

/* A hostile name can't break the line or steer a terminal. */
static void control_characters_are_spelled(void **state)
{
    (void)state;
    ran run = tyto("detect", "-m", ODD_MODEL, "a\nb\033]31m\xc2\x9b", "-t", "x", NULL);
    assert_complains(&run, 1, "a\\x0ab\\x1b]31m\\xc2\\x9b: No such file");
}

static void a_full_device_is_an_error_and_a_closed_pipe_is_silent(void **state)
{
    (void)state;
    const int full = open("/dev/full", O_WRONLY);
    assert_true(full >= 0);
    ran run = tyto_writing_to(full, "detect", "-m", ODD_MODEL, CAT, "-t", "x", NULL);
    assert_complains(&run, 1, "standard output: No space left on device");
    run = tyto_writing_to(full, "--help", NULL);
    assert_complains(&run, 1, "No space left on device");
    run = tyto_writing_to(full, "detect", "-m", ODD_MODEL, CAT, "-t", "x", "-f", "coco", NULL);
    assert_complains(&run, 1, "No space left on device");
    close(full);

    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    run = tyto_writing_to(ends[1], "detect", "-m", ODD_MODEL, CAT, COFFEE, "-t", "x", NULL);
    close(ends[1]);
    assert_int_equal(run.status, 1);
    assert_string_equal(run.err, "");
    ran_clear(&run);
}

static void no_model_is_a_clear_error(void **state)
{
    (void)state;
    ran run = tyto("inspect", "-m", "", NULL);
    assert_complains(&run, 2, "--model: got an empty name, required MODEL");
    assert_int_equal(setenv("TYTO_MODEL", "/nonexistent", 1), 0);
    run = tyto("detect", CAT, "-t", "x", NULL);
    assert_int_equal(unsetenv("TYTO_MODEL"), 0);
    assert_complains(&run, 1, "/nonexistent: no such folder");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_options_are_refused),
        cmocka_unit_test(endings_say_the_format),
        cmocka_unit_test(every_command_has_help_with_examples),
        cmocka_unit_test(manual_and_completion_have_every_option),
        cmocka_unit_test(slips_get_the_nearest),
        cmocka_unit_test(messages_name_what_there_is),
        cmocka_unit_test(values_are_checked),
        cmocka_unit_test(control_characters_are_spelled),
        cmocka_unit_test(a_full_device_is_an_error_and_a_closed_pipe_is_silent),
        cmocka_unit_test(no_model_is_a_clear_error),
    };
    return cmocka_run_group_tests(tests, list_commands, leave_folder);
}
