/* tyto detect on videos, with a small network. */
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../support/rendered.h"

enum { FRAMES = 6 };

static int enter_with_video(void **state)
{
    const int status = enter_folder(state);
    rendered_video("clip.mp4", 48, 32, FRAMES, 25, 0, 0.0);
    return status;
}

/* An object for each frame, in order and on time. Returns how many. */
static int check_lines(const char *path, int every, bool tracked)
{
    char *text = file_text(path, NULL), *rest = text;
    int count = 0;
    for (char *line; (line = strsep(&rest, "\n")) && *line; count++) {
        json_t *frame = parsed(line);
        assert_string_equal(json_string_value(json_object_get(frame, "video")), "clip.mp4");
        assert_int_equal(json_integer_value(json_object_get(frame, "frame")), count * every);
        const double seconds = json_number_value(json_object_get(frame, "time_s"));
        assert_true(fabs(seconds - count * every / 25.0) < 1e-3);
        assert_int_equal(json_integer_value(json_object_get(frame, "width")), 48);
        const json_t *found = json_object_get(frame, "detections");
        assert_true(json_array_size(found) > 0);
        for (size_t i = 0; i < json_array_size(found); i++) {
            const json_t *track = json_object_get(json_array_get(found, i), "track");
            assert_int_equal(track != NULL, tracked);
        }
        json_decref(frame);
    }
    free(text);
    return count;
}

static void a_line_for_each_frame(void **state)
{
    (void)state;
    ran run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "--threshold", "0", "--top-k",
                   "3", "-o", "found.jsonl", "--draw", "drawn.mp4", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(check_lines("found.jsonl", 1, false), FRAMES);
    assert_int_equal(rendered_frames_in("drawn.mp4", NULL), FRAMES);
    run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "--threshold", "0", "--track",
               "-o", "tracked.jsonl", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(check_lines("tracked.jsonl", 1, true), FRAMES);
    run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "--threshold", "0", "--every", "4",
               "-o", "some.jsonl", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(check_lines("some.jsonl", 4, false), 2);
}

static void other_formats(void **state)
{
    (void)state;
    ran run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "--threshold", "0", "-f",
                   "json", NULL);
    assert_done(&run);
    json_t *all = parsed(run.out);
    assert_int_equal(json_array_size(all), FRAMES);
    json_decref(all);
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "--threshold", "0", "-f", "csv",
               NULL);
    assert_done(&run);
    assert_int_equal(strncmp(run.out, "video,frame,time_s,width,", 25), 0);
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "--threshold", "0", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.out, "clip.mp4: frame 5, 0.200 s (48 x 32 px): "));
    ran_clear(&run);
}

static void what_does_not_go_with_videos_is_refused(void **state)
{
    (void)state;
    ran run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "-f", "coco", NULL);
    assert_complains(&run, 2, "--format: got coco for videos");
    run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", CAT, "-t", "x", NULL);
    assert_complains(&run, 2, "got 1 videos among 2 inputs");
    run = tyto("detect", "-m", ODD_MODEL, CAT, "-t", "x", "--track", NULL);
    assert_complains(&run, 2, "which isn't a video; required VIDEO");
    run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "--draw", "a.png", NULL);
    assert_complains(&run, 2, "--draw: ");
    run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "--draw", "clip.mp4", NULL);
    assert_complains(&run, 2, "--draw: ");
    run = tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "-o", "clip.mp4", NULL);
    assert_complains(&run, 2, "-o: ");
    assert_int_equal(rendered_frames_in("clip.mp4", NULL), FRAMES);
    /* One that can't be read doesn't keep the others from being searched. */
    write_file("broken.mp4", "no video", 8);
    run = tyto("detect", "-m", ODD_MODEL, "broken.mp4", "clip.mp4", "-t", "x", "--threshold", "0",
               "-o", "rest.jsonl", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "broken.mp4: not a video"));
    assert_non_null(strstr(run.err, "1 video done, 1 failed, "));
    ran_clear(&run);
    assert_int_equal(check_lines("rest.jsonl", 1, false), FRAMES);
}

static ran search_two(const char *format, const char *output, const char *resume)
{
    return tyto("detect", "-m", ODD_MODEL, "clip.mp4", "twin.mp4", "-t", "x", "--threshold", "0",
                "--top-k", "2", "-f", format, "-o", output, resume, NULL);
}

/* A video whose frames are all there isn't searched again; the last one, which may be cut, is. */
static void videos_are_gone_on_with(void **state)
{
    (void)state;
    static const char *const formats[] = {"jsonl", "json", "csv"};
    copy_file("clip.mp4", "twin.mp4");
    for (size_t i = 0; i < 3; i++) {
        size_t length, again;
        ran run = search_two(formats[i], "two", "--quiet");
        assert_done(&run);
        ran_clear(&run);
        char *whole = file_text("two", &length);
        const char *cut = strstr(strstr(whole, "twin.mp4"), "\n");
        write_file("two", whole, (size_t)(cut - whole) + 5);
        run = search_two(formats[i], "two", "--resume");
        assert_done(&run);
        assert_non_null(strstr(run.err, "1 video done, 0 failed, 1 done before, 12 found"));
        ran_clear(&run);
        char *text = file_text("two", &again);
        assert_string_equal(text, whole);
        free(text);
        free(whole);
    }
    unlink("two");
    ran run =
        tyto("detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x", "-o", "two.jsonl", "--resume", NULL);
    assert_complains(&run, 2, "--resume: a video is searched from its first frame on");
}

/* Records of a video in a file of lines. */
static int records_of(const char *path, const char *video)
{
    char key[64], *text = file_text(path, NULL);
    int count = 0;
    snprintf(key, sizeof(key), "{\"video\": \"%s\", ", video);
    for (const char *at = text; (at = strstr(at, key)); at++) {
        count++;
    }
    free(text);
    return count;
}

/* However they are named, each is searched by itself and drawn under its name. */
static void folders_of_videos_are_searched(void **state)
{
    (void)state;
    static const char *const operands[] = {"clips", "clips/**/*.mp4", "@list.txt"};
    assert_int_equal(mkdir("clips", 0777), 0);
    assert_int_equal(mkdir("clips/more", 0777), 0);
    copy_file("clip.mp4", "clips/a.mp4");
    copy_file("clip.mp4", "clips/more/a.mp4");
    write_file("clips/bad.mp4", "no video", 8);
    write_file("list.txt", "clips/bad.mp4\nclips/a.mp4\nclips/more\n", 37);
    for (size_t i = 0; i < 3; i++) {
        const char *recursive = i == 0 ? "-r" : "--quiet";
        ran run = tyto("detect", "-m", ODD_MODEL, operands[i], recursive, "-t", "x", "--threshold",
                       "0", "--top-k", "1", "--track", "-o", "many.jsonl", i < 2 ? "--draw" : NULL,
                       "drawn", NULL);
        assert_int_equal(run.status, 1);
        assert_non_null(strstr(run.err, "clips/bad.mp4: not a video"));
        assert_true(i > 0 || strstr(run.err, "2 videos done, 1 failed, "));
        ran_clear(&run);
        assert_int_equal(records_of("many.jsonl", "clips/a.mp4"), FRAMES);
        assert_int_equal(records_of("many.jsonl", "clips/more/a.mp4"), FRAMES);
        if (i < 2) {
            assert_int_equal(rendered_frames_in("drawn/a.mp4", NULL), FRAMES);
            assert_int_equal(rendered_frames_in("drawn/more/a.mp4", NULL), FRAMES);
            assert_int_equal(unlink("drawn/a.mp4"), 0);
            assert_int_equal(unlink("drawn/more/a.mp4"), 0);
        }
    }
    /* Identities begin anew in each. */
    char *text = file_text("many.jsonl", NULL);
    const char *second = strstr(text, "{\"video\": \"clips/more/a.mp4\", \"frame\": 0, ");
    assert_non_null(second);
    assert_non_null(strstr(text, "\"track\": 1, "));
    assert_non_null(strstr(second, "\"track\": 1, "));
    free(text);
    /* A folder that holds a photo is one of photos, and says what it passes over. */
    copy_file(CAT, "clips/cat.jpg");
    ran run = tyto("detect", "-m", ODD_MODEL, "clips", "-t", "x", "-o", "mixed.jsonl", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, "passed over in folders, as of another kind: 3"));
    assert_int_equal(records_of("mixed.jsonl", "clips/a.mp4"), 0);
    ran_clear(&run);
    run = tyto("detect", "-m", ODD_MODEL, "clips", "-t", "x", "--threshold", "0", "--every", "6",
               "-o", "mixed.jsonl", NULL);
    assert_int_equal(run.status, 1);
    assert_int_equal(records_of("mixed.jsonl", "clips/a.mp4"), 1);
    ran_clear(&run);
}

/* A reader that has seen enough ends the run, and nothing is said. */
static void a_reader_that_leaves_ends_quietly(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    ran run = tyto_writing_to(ends[1], "detect", "-m", ODD_MODEL, "clip.mp4", "-t", "x",
                              "--threshold", "0", "-f", "jsonl", NULL);
    close(ends[1]);
    assert_string_equal(run.err, "");
    ran_clear(&run);
}

static void wait_a_little(void)
{
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
    nanosleep(&pause, NULL);
}

/* What was searched is there, in both files, and said. */
static void an_interrupted_search_keeps_its_frames(void **state)
{
    (void)state;
    const tyto_video_format format = {.width_px = 32, .height_px = 32, .frames_per_second = 100};
    tyto_video_writer *writer = NULL;
    tyto_image frame = rendered_frame(32, 32, 0);
    int ended = 0;
    assert_int_equal(tyto_video_writer_create("long.mp4", &format, &writer, NULL), TYTO_OK);
    for (int i = 0; i < 20000; i++) {
        assert_int_equal(tyto_video_writer_add_frame(writer, &frame, NULL), TYTO_OK);
    }
    assert_int_equal(tyto_video_writer_commit(writer, NULL), TYTO_OK);
    tyto_video_writer_destroy(writer);
    tyto_image_clear(&frame);
    char *model = strdup(ODD_MODEL);
    const pid_t child = fork();
    if (child == 0) {
        if (!freopen("said.txt", "w", stderr)) {
            _exit(99);
        }
        execl(getenv("TYTO_COMMAND"), "tyto", "detect", "-m", model, "long.mp4", "-t", "x", "-o",
              "kept.jsonl", "--draw", "kept.mp4", "--threshold", "0.99", (char *)NULL);
        _exit(99);
    }
    for (int k = 0; k < 1000 && !file_there("kept.jsonl"); k++) {
        wait_a_little();
    }
    kill(child, SIGINT);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_true(WIFEXITED(ended));
    assert_int_equal(WEXITSTATUS(ended), 130);
    char *said = file_text("said.txt", NULL), *text = file_text("kept.jsonl", NULL);
    int lines = 0;
    for (const char *at = text; (at = strchr(at, '\n')); at++) {
        lines++;
    }
    assert_true(lines > 0 && lines < 20000);
    char want[64];
    snprintf(want, sizeof(want), "long.mp4: interrupted after %d of 20000 frames", lines);
    assert_non_null(strstr(said, want));
    assert_int_equal(rendered_frames_in("kept.mp4", NULL), lines);
    free(said);
    free(text);
    free(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_each_frame),
        cmocka_unit_test(other_formats),
        cmocka_unit_test(what_does_not_go_with_videos_is_refused),
        cmocka_unit_test(videos_are_gone_on_with),
        cmocka_unit_test(folders_of_videos_are_searched),
        cmocka_unit_test(a_reader_that_leaves_ends_quietly),
        cmocka_unit_test(an_interrupted_search_keeps_its_frames),
    };
    return tyto_video_available() ? cmocka_run_group_tests(tests, enter_with_video, leave_folder)
                                  : 0;
}
