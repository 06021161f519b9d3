/* Videos searched frame by frame. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/batch.h>
#include <tyto/destination.h>
#include <tyto/frame_document.h>
#include <tyto/memory.h>
#include <tyto/output.h>
#include <tyto/video_search.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "runtime/engine.h"
#include "tasks/lost_frames.h"
#include "tasks/search.h"
#include "tasks/track.h"
#include "tasks/video_drawing.h"
#include "tasks/vocabulary.h"

/* Frames a second of a video that doesn't say how many it has, and the most that are drawn. */
#define RATE_UNKNOWN 25.0
#define RATE_MAX 240.0
/* A detection of this share of the threshold may still continue a track. */
#define LOW_SHARE 0.5F

struct tyto_video_search {
    tyto_session *session;
    const tyto_vocabulary *vocabulary;
    tyto_video_search_options options;
    tyto_search_options look; /* of one frame */
    tyto_track_options tracking;
    float *label_thresholds; /* those that `look` has: lower than the labels' own */
    float *label_high;       /* the labels' own */
    char *name;
    tyto_video_reader *reader;
    tyto_tracker *tracker; /* or NULL */
    tyto_image frame;
    int64_t next, done; /* the frame to read, and those that were searched */
    int64_t found;      /* in those that were added to results */
    tyto_video_drawing drawing;
    bool over, reported;
    bool unwritten; /* what was found couldn't be written */
};

static const tyto_video_search_options defaults = {.struct_bytes = sizeof(defaults), .every = 1};

void tyto_video_search_options_init(tyto_video_search_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static tyto_status check(const tyto_video_search_options *options, tyto_error *err)
{
    if (options->every < 1) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "every: got %lld, required 1 or more",
                         (long long)options->every);
    }
    return tyto_check_list(options->labels, options->n_labels, "labels", err);
}

/* The search has to find what may continue a track as well, and its embedding. */
static tyto_status set_tracking(tyto_video_search *search, tyto_error *err)
{
    tyto_search_options *look = &search->look;
    tyto_track_options *tracking = &search->tracking;
    tyto_track_options_init(tracking, sizeof(*tracking));
    tracking->high = look->threshold;
    tracking->low = LOW_SHARE * look->threshold;
    tracking->label_high = look->label_thresholds;
    tracking->n_label_high = look->n_label_thresholds;
    TYTO_TRY(tyto_options_read(tracking, sizeof(*tracking), search->options.tracking,
                               "tyto_track_options", err));
    look->embeddings = look->embeddings || tracking->appearance > 0.0F;
    look->threshold = tracking->low;
    look->nms = look->nms == TYTO_NMS_OFF ? TYTO_NMS_ALL : look->nms;
    if (tracking->n_label_high > 0) {
        const float share = tracking->high > 0.0F ? tracking->low / tracking->high : 1.0F;
        search->label_thresholds = tyto_alloc((size_t)tracking->n_label_high, sizeof(float));
        if (!search->label_thresholds) {
            return tyto_fail_memory(err, "thresholds");
        }
        for (int64_t i = 0; i < tracking->n_label_high; i++) {
            search->label_thresholds[i] = share * tracking->label_high[i];
        }
        look->label_thresholds = search->label_thresholds;
        look->n_label_thresholds = tracking->n_label_high;
    }
    return tyto_tracker_create(tracking, &search->tracker, err);
}

static double rate_of(const tyto_video_search *search)
{
    const double rate = tyto_video_reader_rate(search->reader);
    return fmin(rate > 0.0 ? rate : RATE_UNKNOWN, RATE_MAX);
}

/* Where the drawn video goes, and what its boxes are called. */
static tyto_status check_drawn(const tyto_video_search *search, const char *video, tyto_error *err)
{
    const int64_t labels = search->vocabulary ? search->vocabulary->count : 1;
    if (search->options.n_labels < labels) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "labels: got %lld, required %lld to draw",
                         (long long)search->options.n_labels, (long long)labels);
    }
    TYTO_TRY(tyto_inputs_spare("drawn", search->options.drawn, &video, 1, err));
    return tyto_output_check_file(search->options.drawn, err);
}

static tyto_status open(tyto_video_search *search, const char *video, tyto_error *err)
{
    search->name = tyto_copy_text(video, strlen(video));
    if (!search->name) {
        return tyto_fail_memory(err, video);
    }
    TYTO_TRY(tyto_search_options_read(&search->look, search->options.search, err));
    TYTO_TRY(tyto_search_check(search->session, &search->look, err));
    TYTO_TRY(tyto_search_check_labels(search->vocabulary, &search->look, err));
    if (search->options.drawn) {
        TYTO_TRY(check_drawn(search, video, err));
    }
    TYTO_TRY(tyto_search_resolve(search->session->model, !search->vocabulary, &search->look,
                                 &search->label_high, err));
    if (search->options.track) {
        TYTO_TRY(set_tracking(search, err));
    }
    TYTO_TRY(tyto_video_reader_open(video, &search->reader, err));
    search->drawing.path = search->options.drawn;
    search->drawing.frames_per_second =
        tyto_max_i64(1, llround(rate_of(search) / (double)search->options.every));
    return TYTO_OK;
}

tyto_status tyto_video_search_open(tyto_session *session, const char *video,
                                   const tyto_vocabulary *vocabulary,
                                   const tyto_video_search_options *options,
                                   tyto_video_search **out, tyto_error *err)
{
    tyto_video_search_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, video);
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_video_search_options", err));
    TYTO_TRY(check(&own, err));
    tyto_video_search *search = tyto_alloc_zeroed(1, sizeof(*search));
    if (!search) {
        return tyto_fail_memory(err, video);
    }
    search->session = session;
    search->vocabulary = vocabulary;
    search->options = own;
    const tyto_status status = open(search, video, err);
    if (status == TYTO_OK) {
        *out = search;
    } else {
        tyto_video_search_destroy(search);
    }
    return status;
}

void tyto_video_search_destroy(tyto_video_search *search)
{
    if (search) {
        tyto_video_drawing_clear(&search->drawing);
        tyto_video_reader_destroy(search->reader);
        tyto_tracker_destroy(search->tracker);
        tyto_image_clear(&search->frame);
        free(search->label_thresholds);
        free(search->label_high);
        free(search->name);
        free(search);
    }
}

int64_t tyto_video_search_frame_count(const tyto_video_search *search)
{
    if (!search) {
        return 0;
    }
    const double seconds = fmin(tyto_video_reader_seconds(search->reader), TYTO_VIDEO_SECONDS_MAX),
                 frames = ceil(seconds * rate_of(search) / (double)search->options.every - 0.01);
    return tyto_max_i64((int64_t)frames, tyto_max_i64(search->done, 1));
}

int64_t tyto_video_search_done(const tyto_video_search *search)
{
    return search ? search->done : 0;
}

/* Reads on to the next frame that is searched; *more false: there is none. */
static tyto_status read_frame(tyto_video_search *search, const tyto_follow *follow, double *seconds,
                              bool *more, tyto_error *err)
{
    do {
        TYTO_TRY(tyto_video_reader_next(search->reader, &search->frame, seconds, more, err));
        if (*more) {
            const int64_t total = tyto_video_search_frame_count(search);
            search->next++;
            TYTO_TRY(tyto_follow_step(follow, "frames", search->name, search->done,
                                      tyto_max_i64(total, search->done + 1), err));
        }
    } while (*more && (search->next - 1) % search->options.every != 0);
    return TYTO_OK;
}

/* Drops what is too poor to be told without a track. */
static void drop_poor(const tyto_video_search *search, tyto_frame_detections *out)
{
    tyto_detections *found = &out->detections;
    const int64_t width = found->embedding_width;
    int64_t kept = 0;
    for (int64_t i = 0; i < found->count; i++) {
        const tyto_detection *item = &found->items[i];
        if (out->tracks[i] < 0 &&
            !(item->score > tyto_track_high(&search->tracking, item->label_index))) {
            continue;
        }
        if (found->embeddings) {
            memmove(found->embeddings + kept * width, found->embeddings + i * width,
                    (size_t)width * sizeof(float));
        }
        out->tracks[kept] = out->tracks[i];
        found->items[kept++] = *item;
    }
    found->count = kept;
}

static tyto_status track(tyto_video_search *search, tyto_frame_detections *out, tyto_error *err)
{
    out->tracks = tyto_alloc((size_t)out->detections.count, sizeof(*out->tracks));
    if (!out->tracks) {
        return tyto_fail_memory(err, "tracks");
    }
    TYTO_TRY(
        tyto_tracker_update(search->tracker, &out->detections, out->seconds, out->tracks, err));
    drop_poor(search, out);
    return TYTO_OK;
}

static tyto_status draw(tyto_video_search *search, const tyto_frame_detections *found,
                        tyto_error *err)
{
    tyto_draw_options how;
    tyto_draw_options_init(&how, sizeof(how));
    TYTO_TRY(tyto_options_read(&how, sizeof(how), search->options.draw, "tyto_draw_options", err));
    how.ids = found->tracks;
    TYTO_TRY(tyto_draw_detections(&search->frame, &found->detections, search->options.labels,
                                  search->options.n_labels, &how, err));
    return tyto_video_drawing_add(&search->drawing, &search->frame, found->seconds, err);
}

static tyto_status search_frame(tyto_video_search *search, tyto_frame_detections *out,
                                tyto_error *err)
{
    const tyto_search_source source = {.image = &search->frame};
    out->frame = search->next - 1;
    out->width_px = search->frame.width_px;
    out->height_px = search->frame.height_px;
    TYTO_TRY(tyto_search(search->session, &source, 1, search->vocabulary, &search->look,
                         &out->detections, err));
    if (search->tracker) {
        TYTO_TRY(track(search, out, err));
    }
    return search->drawing.path ? draw(search, out, err) : TYTO_OK;
}

static tyto_status next(tyto_video_search *search, const tyto_follow *follow,
                        tyto_frame_detections *out, bool *more, tyto_error *err)
{
    TYTO_TRY(read_frame(search, follow, &out->seconds, more, err));
    if (*more) {
        TYTO_TRY(search_frame(search, out, err));
        search->done++;
    }
    return TYTO_OK;
}

/* Once the video is over, or its search is. */
static void report(tyto_video_search *search)
{
    tyto_video_info info;
    if (!search->reported) {
        tyto_video_reader_info(search->reader, &info);
        tyto_lost_frames_report(search->session, search->name, &info);
        search->reported = true;
    }
}

tyto_status tyto_video_search_next(tyto_video_search *search, tyto_frame_detections *out,
                                   bool *more, tyto_error *err)
{
    tyto_follow follow;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, search);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, more);
    *out = (tyto_frame_detections){0};
    *more = false;
    if (search->over) {
        return TYTO_OK;
    }
    tyto_follow_begin(&follow, search->session, search->options.progress,
                      search->options.progress_user);
    const tyto_status status = next(search, &follow, out, more, err);
    tyto_follow_end(&follow);
    if (status != TYTO_OK || !*more) {
        tyto_frame_detections_clear(out);
        *more = false;
        search->over = true;
        report(search);
    }
    return status;
}

tyto_status tyto_video_search_finish(tyto_video_search *search, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, search);
    search->over = true;
    report(search);
    return tyto_video_drawing_end(&search->drawing, err);
}

static tyto_status run(tyto_video_search *search, tyto_results *results, tyto_error *err)
{
    for (;;) {
        tyto_frame_detections found;
        tyto_bytes bytes = {0};
        bool more;
        TYTO_TRY(tyto_video_search_next(search, &found, &more, err));
        if (!more) {
            return TYTO_OK;
        }
        tyto_status status = tyto_document_add_frame(tyto_results_document(results), search->name,
                                                     &found, &bytes, err);
        search->found += found.detections.count;
        tyto_frame_detections_clear(&found);
        if (status == TYTO_OK) {
            status = tyto_results_add(results, &bytes, err);
            search->unwritten = status != TYTO_OK;
        }
        if (status != TYTO_OK) {
            return status;
        }
    }
}

tyto_status tyto_video_search_run(tyto_video_search *search, tyto_results *results, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, search);
    TYTO_REQUIRE(err, results);
    const tyto_status status = run(search, results, err);
    const tyto_status finished = tyto_video_search_finish(search, status == TYTO_OK ? err : NULL);
    return status == TYTO_OK ? finished : status;
}

/* Begins the results with a document of frames. */
static tyto_status begin(const tyto_session *session, const tyto_vocabulary *vocabulary,
                         const tyto_video_search_options *options, tyto_format format,
                         tyto_results *results, tyto_error *err)
{
    tyto_frame_document_options how;
    tyto_document *document;
    tyto_bytes bytes;
    tyto_frame_document_options_init(&how, sizeof(how));
    how.format = format;
    how.labels = options->labels;
    how.n_labels = options->n_labels;
    how.threshold = tyto_search_threshold(session, vocabulary, options->search);
    TYTO_TRY(tyto_frame_document_create(&how, &document, &bytes, err));
    return tyto_results_begin(results, document, &bytes, err);
}

/* A search of several videos. */
typedef struct several {
    tyto_session *session;
    const tyto_vocabulary *vocabulary;
    tyto_video_search_options options;
    const tyto_destination *drawn;
    tyto_results *results;
    int64_t found;
} several;

/* One of them. A search that is stopped, not one whose results nobody reads any more, says how far
 * it came. */
static tyto_status search_one(void *user, tyto_batch_photo *video, tyto_error *err)
{
    several *all = user;
    tyto_video_search *search = NULL;
    char *path = tyto_destination_path(all->drawn, video->path, -1);
    all->options.drawn = path;
    tyto_status status = path || !all->drawn || !all->drawn->path
                             ? tyto_video_search_open(all->session, video->path, all->vocabulary,
                                                      &all->options, &search, err)
                             : tyto_fail_memory(err, video->path);
    if (status == TYTO_OK) {
        status = tyto_video_search_run(search, all->results, err);
        all->found += search->found;
        video->last = search->unwritten;
    }
    video->last = video->last || status == TYTO_E_MEMORY || status == TYTO_E_IO;
    if (status == TYTO_E_CANCELLED && search && !search->unwritten) {
        tyto_engine_log(all->session->model->engine, TYTO_LOG_LEVEL_WARNING,
                        "%s: interrupted after %lld of %lld frames", video->path,
                        (long long)search->done, (long long)tyto_video_search_frame_count(search));
    }
    tyto_video_search_destroy(search);
    tyto_free(path);
    return status;
}

static void say(void *user, tyto_log_level level, const char *message)
{
    tyto_engine_log(user, level, "%s", message);
}

tyto_status tyto_search_videos(tyto_session *session, const char *const *videos, int64_t n_videos,
                               const tyto_vocabulary *vocabulary,
                               const tyto_video_search_options *options, tyto_format format,
                               const tyto_destination *drawn, tyto_results *results,
                               tyto_batch_summary *summary, tyto_error *err)
{
    tyto_batch_options how;
    several all = {.session = session,
                   .vocabulary = vocabulary,
                   .options = defaults,
                   .drawn = drawn,
                   .results = results};
    TYTO_ENTER(err);
    if (summary) {
        *summary = (tyto_batch_summary){.inputs = n_videos, .kind = TYTO_BATCH_KIND_VIDEOS};
    }
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, results);
    TYTO_TRY(tyto_check_list(videos, n_videos, "videos", err));
    TYTO_TRY(tyto_options_read(&all.options, sizeof(all.options), options,
                               "tyto_video_search_options", err));
    TYTO_TRY(begin(session, vocabulary, &all.options, format, results, err));
    tyto_batch_options_init(&how, sizeof(how));
    how.kind = TYTO_BATCH_KIND_VIDEOS;
    how.results = results;
    how.progress = all.options.progress;
    how.progress_user = all.options.progress_user;
    how.log = say;
    how.log_user = (void *)session->model->engine;
    const tyto_status status =
        tyto_batch_run(videos, n_videos, search_one, &all, &how, summary, err);
    if (summary) {
        summary->found = all.found;
    }
    return status;
}
