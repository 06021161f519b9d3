/* Flow, videos and their windows, with each allocation failing in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <tyto/tyto.h>

#include "../support/engines.h"
#include "../support/rendered.h"
#include "out_of_memory.h"

static char path[] = "/tmp/tyto-media-XXXXXX.mp4";
static tyto_image frames[2];
static tyto_session *session;

static tyto_status save_and_draw_flow(tyto_error *err)
{
    tyto_flow_field flow = {0}, back = {0};
    tyto_image picture = {0};
    tyto_status status = tyto_flow_field_make(5, 4, &flow, err);
    if (status == TYTO_OK) {
        status = tyto_flow_field_save(path, &flow, err);
    }
    if (status == TYTO_OK) {
        status = tyto_flow_field_load(path, &back, err);
    }
    if (status == TYTO_OK) {
        status = tyto_flow_field_draw(&back, 0.0, &picture, err);
    }
    tyto_image_clear(&picture);
    tyto_flow_field_clear(&flow);
    tyto_flow_field_clear(&back);
    return status;
}

static tyto_session *open_session(tyto_engine *engine, const char *name, tyto_model **model)
{
    char folder[512];
    tyto_session *made = NULL;
    snprintf(folder, sizeof(folder), "%s/golden/data/perceiver/%s/model", getenv("TYTO_TEST_DATA"),
             name);
    assert_int_equal(tyto_model_open(engine, folder, NULL, model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(*model, NULL, &made, NULL), TYTO_OK);
    return made;
}

static tyto_status find_flow(tyto_error *err)
{
    tyto_flow_options options;
    tyto_flow_field flow = {0};
    tyto_flow_options_init(&options, sizeof(options));
    options.overlap_px = 2;
    tyto_status status = tyto_flow(session, &frames[0], &frames[1], &options, &flow, err);
    tyto_flow_field_clear(&flow);
    return status;
}

static tyto_status autoencode(tyto_error *err)
{
    static const float images[3 * 3 * 64], sound[24];
    tyto_autoencode_options options;
    tyto_reconstruction made = {0};
    tyto_autoencode_options_init(&options, sizeof(options));
    tyto_status status = tyto_autoencode(session, images, sound, &options, &made, err);
    tyto_reconstruction_clear(&made);
    return status;
}

/* Codecs end the process when they get no memory, so only tyto's own allocations fail here. */
#ifdef FAILING_MEMORY_WRAPS
static tyto_status write_video(tyto_error *err)
{
    static const float sound[3000];
    const tyto_video_format format = {frames[0].width_px, frames[0].height_px, 25, 48000};
    tyto_video_writer *writer = NULL;
    tyto_status status = tyto_video_writer_create(path, &format, &writer, err);
    for (int i = 0; i < 2 && status == TYTO_OK; i++) {
        status = tyto_video_writer_add_frame(writer, &frames[i], err);
    }
    if (status == TYTO_OK) {
        status = tyto_video_writer_add_sound(writer, sound, 3000, err);
    }
    if (status == TYTO_OK) {
        status = tyto_video_writer_commit(writer, err);
    }
    tyto_video_writer_destroy(writer);
    return status;
}

static tyto_status read_clip(tyto_error *err)
{
    static float images[2 * 3 * 64], sound[3840];
    const tyto_clip_shape shape = {2, 8, 8, 3840, 25, 48000};
    tyto_clip_reader *reader = NULL;
    int64_t count;
    tyto_status status =
        tyto_clip_reader_open(path, NULL, TYTO_CLIP_SOUND_OWN, &shape, &reader, err);
    if (status == TYTO_OK) {
        status = tyto_clip_reader_next(reader, images, sound, &count, err);
        tyto_clip_reader_destroy(reader);
    }
    return status;
}
#endif

void flows_are_found(void **state)
{
    const tyto_engine_options options = engine_options(1);
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    (void)state;
    close(mkstemps(path, 4));
    frames[0] = rendered_frame(14, 9, 0);
    frames[1] = rendered_frame(14, 9, 1);
    fail_each_once_and_forever(save_and_draw_flow);
    assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
    session = open_session(engine, "flow", &model);
    fail_each_once_and_forever(find_flow);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    session = open_session(engine, "multimodal", &model);
    fail_each_once_and_forever(autoencode);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
#ifdef FAILING_MEMORY_WRAPS
    if (tyto_video_available()) {
        fail_each_once_and_forever(write_video);
        fail_each_once_and_forever(read_clip);
    }
#endif
    tyto_image_clear(&frames[0]);
    tyto_image_clear(&frames[1]);
    unlink(path);
}
