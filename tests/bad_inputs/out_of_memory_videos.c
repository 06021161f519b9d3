/* Things followed through videos, results and runs over photos, with each allocation failing in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../support/engines.h"
#include "../support/rendered.h"
#include "out_of_memory.h"

static char video[] = "/tmp/tyto-videos-XXXXXX.mp4";
static char lines[] = "/tmp/tyto-videos-XXXXXX.jsonl";
static const char *const labels[] = {"a cat"};

/* Tracks that begin, go on, are lost and end. */
static tyto_status follow(tyto_error *err)
{
    static tyto_detection items[12];
    static float embeddings[12 * 4];
    int64_t ids[12];
    tyto_tracker *tracker = NULL;
    tyto_status status = tyto_tracker_create(NULL, &tracker, err);
    for (int k = 0; k < 5 && status == TYTO_OK; k++) {
        for (int i = 0; i < 12; i++) {
            const float x = (float)(30 * i + k * k), score = i < 3 * k ? 0.9f : 0.08f;
            items[i] = (tyto_detection){.box = {x, 0, x + 20, 20}, .score = score};
            embeddings[4 * i + i % 4] = 1.0f;
        }
        const tyto_detections found = {
            .items = items, .count = 12, .embeddings = embeddings, .embedding_width = 4};
        status = tyto_tracker_update(tracker, &found, 3.0 * k, ids, err);
    }
    tyto_tracker_destroy(tracker);
    return status;
}

static tyto_status add_frames(tyto_results *results, tyto_error *err)
{
    static tyto_detection item = {.box = {1, 2, 3, 4}, .score = 0.5f};
    static int64_t id = 1;
    for (int k = 0; k < 3; k++) {
        tyto_bytes bytes = {0};
        const tyto_frame_detections frame = {.frame = k,
                                             .seconds = k,
                                             .width_px = 8,
                                             .height_px = 8,
                                             .detections = {.items = &item, .count = 1},
                                             .tracks = &id};
        tyto_status status =
            tyto_document_add_frame(tyto_results_document(results), "a.mp4", &frame, &bytes, err);
        if (status == TYTO_OK) {
            status = tyto_results_add(results, &bytes, err);
        }
        if (status != TYTO_OK) {
            return status;
        }
    }
    return TYTO_OK;
}

static tyto_status write_results(tyto_error *err)
{
    tyto_results_options options;
    tyto_frame_document_options frames;
    tyto_results *results = NULL;
    tyto_document *document = NULL;
    tyto_bytes bytes = {0};
    tyto_results_options_init(&options, sizeof(options));
    options.path = lines;
    options.format = TYTO_FORMAT_JSONL;
    tyto_frame_document_options_init(&frames, sizeof(frames));
    frames.format = TYTO_FORMAT_JSONL;
    frames.labels = labels;
    frames.n_labels = 1;
    tyto_status status = tyto_results_open(&options, &results, err);
    if (status == TYTO_OK) {
        status = tyto_frame_document_create(&frames, &document, &bytes, err);
    }
    if (status == TYTO_OK) {
        status = tyto_results_begin(results, document, &bytes, err);
    }
    if (status == TYTO_OK) {
        status = add_frames(results, err);
    }
    if (status == TYTO_OK) {
        status = tyto_results_end(results, true, err);
    }
    tyto_results_destroy(results);
    return status;
}

static tyto_status look(void *user, tyto_batch_photo *photo, tyto_error *err)
{
    (void)user;
    (void)photo;
    (void)err;
    return TYTO_OK;
}

/* A photo that there was no memory for is a photo that failed. */
static tyto_status run_batch(tyto_error *err)
{
    char path[512];
    const char *const paths[] = {path, path};
    tyto_batch_options options;
    tyto_batch_summary summary = {0};
    tyto_bytes text = {0};
    snprintf(path, sizeof(path), "%s/golden/data/images/good/rgb_420.jpg",
             getenv("TYTO_TEST_DATA"));
    tyto_batch_options_init(&options, sizeof(options));
    options.ahead = 0;
    tyto_status status = tyto_batch_run(paths, 2, look, NULL, &options, &summary, err);
    if (status == TYTO_OK && summary.failed > 0) {
        status = err->status = TYTO_E_MEMORY;
    } else if (status == TYTO_OK) {
        status = tyto_batch_summary_text(&summary, "found", 1, &text, err);
    }
    tyto_bytes_clear(&text);
    return status;
}

/* Codecs end the process when they get no memory, so only tyto's own allocations fail here. */
#ifdef FAILING_MEMORY_WRAPS
static tyto_session *session;
static const tyto_vocabulary *vocabulary;

static tyto_status search_video(tyto_error *err)
{
    tyto_video_search_options options;
    tyto_video_search *search = NULL;
    bool more = true;
    tyto_video_search_options_init(&options, sizeof(options));
    options.track = true;
    tyto_status status = tyto_video_search_open(session, video, vocabulary, &options, &search, err);
    while (status == TYTO_OK && more) {
        tyto_frame_detections frame = {0};
        status = tyto_video_search_next(search, &frame, &more, err);
        tyto_frame_detections_clear(&frame);
    }
    if (status == TYTO_OK) {
        status = tyto_video_search_finish(search, err);
    }
    tyto_video_search_destroy(search);
    return status;
}

static void follow_in_video(void)
{
    char path[512];
    const tyto_engine_options options = engine_options(1);
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    tyto_vocabulary *made = NULL;
    snprintf(path, sizeof(path), "%s/golden/data/owlv2/odd/model", getenv("TYTO_TEST_DATA"));
    assert_int_equal(tyto_engine_create(&options, &engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(engine, path, NULL, &model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(model, NULL, &session, NULL), TYTO_OK);
    assert_int_equal(tyto_vocabulary_create(session, labels, 1, NULL, &made, NULL), TYTO_OK);
    vocabulary = made;
    rendered_video(video, 16, 16, 3, 25, 0, 0.0);
    fail_each_once_and_forever(search_video);
    tyto_vocabulary_destroy(made);
    tyto_session_destroy(session);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
}
#endif

void videos_are_searched(void **state)
{
    (void)state;
    close(mkstemps(video, 4));
    close(mkstemps(lines, 6));
    fail_each_once_and_forever(follow);
    fail_each_once_and_forever(write_results);
    fail_each_once_and_forever(run_batch);
#ifdef FAILING_MEMORY_WRAPS
    if (tyto_video_available()) {
        follow_in_video();
    }
#endif
    unlink(video);
    unlink(lines);
}
