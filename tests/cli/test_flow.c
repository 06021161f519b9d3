/* tyto flow on pictures and videos, with a small network. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../support/rendered.h"

#define FLOW_MODEL test_path("golden/data/perceiver/flow/model")

static void write_frame(const char *path, int64_t width, int64_t height, int index)
{
    tyto_image frame = rendered_frame(width, height, index);
    assert_int_equal(tyto_image_save(path, &frame, NULL), TYTO_OK);
    tyto_image_clear(&frame);
}

/* What the library gives for two frames of the pattern. */
static tyto_flow_field expected(int64_t width, int64_t height, int index, float scale)
{
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    tyto_session *session = NULL;
    tyto_flow_field flow = {0};
    tyto_flow_options options;
    tyto_image first = rendered_frame(width, height, index),
               second = rendered_frame(width, height, index + 1);
    tyto_flow_options_init(&options, sizeof(options));
    options.overlap_px = 3;
    options.scale = scale;
    assert_int_equal(tyto_engine_create(NULL, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, FLOW_MODEL, NULL, &model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(model, NULL, &session, NULL), TYTO_OK);
    assert_int_equal(tyto_flow(session, &first, &second, &options, &flow, NULL), TYTO_OK);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    tyto_image_clear(&first);
    tyto_image_clear(&second);
    return flow;
}

static void assert_flow(const char *path, int64_t width, int64_t height, int index, float scale)
{
    tyto_flow_field flow = {0}, want = expected(width, height, index, scale);
    assert_int_equal(tyto_flow_field_load(path, &flow, NULL), TYTO_OK);
    assert_int_equal(flow.width_px, width);
    assert_int_equal(flow.height_px, height);
    for (int64_t i = 0; i < 2 * width * height; i++) {
        assert_float_equal(flow.data[i], want.data[i], 1e-4f);
    }
    tyto_flow_field_clear(&flow);
    tyto_flow_field_clear(&want);
}

static void two_pictures_give_one_flow(void **state)
{
    (void)state;
    write_frame("a.png", 24, 15, 0);
    write_frame("b.png", 24, 15, 1);
    ran run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "a.png", "b.png", "-o", "out.flo",
                   "--draw", "out.png", NULL);
    assert_done(&run);
    assert_string_equal(run.err, "");
    ran_clear(&run);
    assert_flow("out.flo", 24, 15, 0, 20.0f);
    tyto_flow_field flow = {0};
    tyto_image drawn = {0}, want = {0};
    assert_int_equal(tyto_flow_field_load("out.flo", &flow, NULL), TYTO_OK);
    assert_int_equal(tyto_flow_field_draw(&flow, 0.0, &want, NULL), TYTO_OK);
    assert_int_equal(tyto_image_load("out.png", NULL, &drawn, NULL), TYTO_OK);
    assert_int_equal(drawn.width_px, 24);
    assert_memory_equal(drawn.data, want.data, 24 * 15 * 3);
    tyto_image_clear(&drawn);
    tyto_image_clear(&want);
    tyto_flow_field_clear(&flow);

    run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "--scale", "1", "a.png", "b.png", "-o",
               "unit.flo", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_flow("unit.flo", 24, 15, 0, 1.0f);
}

static void sequences_give_a_flow_each(void **state)
{
    (void)state;
    char name[32];
    assert_int_equal(mkdir("frames", 0777), 0);
    for (int i = 0; i < 5; i++) {
        snprintf(name, sizeof(name), "frames/%02d.png", i);
        write_frame(name, 12, 9, i);
    }
    ran run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "frames", "-o", "flows", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, "4 pairs done, 0 failed, in "));
    ran_clear(&run);
    assert_int_equal(folder_count("flows"), 4);
    assert_flow("flows/00.flo", 12, 9, 0, 20.0f);
    assert_flow("flows/03.flo", 12, 9, 3, 20.0f);
    /* What is there isn't made again. */
    assert_int_equal(unlink("flows/02.flo"), 0);
    write_file("flows/01.flo", "mine", 4);
    run =
        tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "frames", "-o", "flows", "--resume", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, "1 pair done, 0 failed, 3 done before, in "));
    ran_clear(&run);
    assert_flow("flows/02.flo", 12, 9, 2, 20.0f);
    size_t length;
    free(file_text("flows/01.flo", &length));
    assert_int_equal(length, 4);
    /* One that can't be read takes its two pairs along, and no other. */
    write_file("frames/01.png", "\x89PNG\r\n\x1a\n", 8);
    run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "frames", "-o", "rest", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "frames/01.png"));
    assert_non_null(strstr(run.err, "2 pairs done, 2 failed, in "));
    ran_clear(&run);
    assert_int_equal(folder_count("rest"), 2);
    assert_true(file_there("rest/02.flo") && file_there("rest/03.flo"));
    /* Nor does one of another size. */
    write_frame("frames/01.png", 13, 9, 1);
    run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "-q", "frames/01.png", "frames/02.png",
               "frames/03.png", "-o", "some/", NULL);
    assert_complains(&run, 1, "frames/01.png: frames: got 13 x 9 and 12 x 9 pixels");
    assert_int_equal(folder_count("some"), 1);
}

static void small_frames_are_padded_and_said(void **state)
{
    (void)state;
    write_frame("s0.png", 6, 5, 0);
    write_frame("s1.png", 6, 5, 1);
    write_frame("s2.png", 6, 5, 2);
    ran run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "s0.png", "s1.png", "s2.png", "-o",
                   "small", NULL);
    assert_done(&run);
    const char *warning = "tyto flow: warning: s0.png: 6 x 5 pixels, less than the 10 x 7 that the "
                          "network takes: padded\ntyto flow: 2 pairs done, ";
    assert_int_equal(strncmp(run.err, warning, strlen(warning)), 0);
    ran_clear(&run);
    assert_flow("small/s0.flo", 6, 5, 0, 20.0f);
}

static void videos_give_a_flow_for_each_pair(void **state)
{
    (void)state;
    if (!tyto_video_available()) {
        skip();
    }
    rendered_video("clip.mp4", 32, 20, 6, 25, 0, 0.0);
    ran run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "clip.mp4", "-o", "of_clip",
                   "--draw", "of_clip", NULL);
    assert_done(&run);
    ran_clear(&run);
    assert_int_equal(folder_count("of_clip"), 10);
    assert_true(file_there("of_clip/clip_000000.flo") && file_there("of_clip/clip_000004.png"));
    /* A video is one by its content; some pairs of it; a broken one does not stop the other. */
    copy_file("clip.mp4", "nameless");
    write_file("broken.mp4", "no video", 8);
    run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "broken.mp4", "nameless", "--pairs", "2",
               "-o", "of_two", NULL);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "broken.mp4: not a video"));
    assert_non_null(strstr(run.err, "2 pairs done, 1 failed, in "));
    ran_clear(&run);
    assert_int_equal(folder_count("of_two"), 2);
    /* So are those of folders, whose flows lie in such folders too. */
    assert_int_equal(mkdir("clips", 0777), 0);
    assert_int_equal(mkdir("clips/more", 0777), 0);
    copy_file("clip.mp4", "clips/a.mp4");
    copy_file("clip.mp4", "clips/more/a.mp4");
    run = tyto("flow", "-m", FLOW_MODEL, "clips", "-r", "--pairs", "1", "-o", "deep", NULL);
    assert_done(&run);
    assert_non_null(strstr(run.err, "2 pairs done, 0 failed, in "));
    ran_clear(&run);
    assert_true(file_there("deep/a_000000.flo"));
    assert_true(file_there("deep/more/a_000000.flo"));
    rendered_video("still.mp4", 32, 20, 1, 25, 0, 0.0);
    run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "still.mp4", "-o", "of_still", NULL);
    assert_complains(&run, 1, "still.mp4: got one frame alone");
    rendered_video("loud.mkv", 0, 0, 1, 1, 8000, 100.0);
    run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "3", "loud.mkv", "-o", "of_loud", NULL);
    assert_complains(&run, 1, "loud.mkv: no picture in it");
}

static void wrong_usage_is_told_before_work(void **state)
{
    (void)state;
    write_frame("a.png", 24, 15, 0);
    write_frame("b.png", 24, 15, 1);
    ran run = tyto("flow", "-m", "nowhere", NULL);
    assert_complains(&run, 2, "no frames");
    run = tyto("flow", "-m", "nowhere", "a.png", "b.png", NULL);
    assert_complains(&run, 2, "nowhere to write");
    run = tyto("flow", "-m", "nowhere", "a.png", "-o", "x.flo", NULL);
    assert_complains(&run, 2, "a.png: got one frame alone");
    run = tyto("flow", "-m", "nowhere", "a.png", "b.png", "-o", "x.txt", NULL);
    assert_complains(&run, 2, "-o: got 'x.txt'");
    run = tyto("flow", "-m", "nowhere", "a.png", "b.png", "a.png", "-o", "x.flo", NULL);
    assert_complains(&run, 2, "-o: got the file 'x.flo' for more than one, required a folder");
    run = tyto("flow", "-m", "nowhere", "a.png", "b.png", "--draw", "x.flo", NULL);
    assert_complains(&run, 2, "--draw: got 'x.flo'");
    run = tyto("flow", "-m", "nowhere", "a.png", "b.png", "--draw", "b.png", NULL);
    assert_complains(&run, 2, "b.png is one of the inputs");
    run = tyto("flow", "-m", "nowhere", "a.png", "b.png", "--draw", ".", NULL);
    assert_complains(&run, 2, "a.png is one of the inputs");
    run = tyto("flow", "-m", "nowhere", "a.png", "b.png", "./a.png", "-o", "out", NULL);
    assert_complains(&run, 2, "both would be flow 'a'");
    /* Tiles that small share less than 20 pixels, unless that is asked for. */
    run = tyto("flow", "-m", FLOW_MODEL, "a.png", "b.png", "-o", "own.flo", NULL);
    assert_done(&run);
    ran_clear(&run);
    run = tyto("flow", "-m", FLOW_MODEL, "--overlap", "7", "a.png", "b.png", "-o", "x.flo", NULL);
    assert_complains(&run, 1, "overlap: got 7 pixels, required 0 to 6");
    run = tyto("flow", "-m", test_path("golden/data/perceiver/bare/model"), "a.png", "b.png", "-o",
               "x.flo", NULL);
    assert_complains(&run, 1, ": got PerceiverModel, required PerceiverForOpticalFlow");
    assert_false(file_there("x.flo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_pictures_give_one_flow),
        cmocka_unit_test(sequences_give_a_flow_each),
        cmocka_unit_test(small_frames_are_padded_and_said),
        cmocka_unit_test(videos_give_a_flow_for_each_pair),
        cmocka_unit_test(wrong_usage_is_told_before_work),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}
