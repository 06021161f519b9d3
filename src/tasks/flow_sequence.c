/* Flow between frames that follow each other, of photos and of videos. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/files.h>
#include <tyto/memory.h>
#include <tyto/video.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "runtime/engine.h"
#include "tasks/flow.h"
#include "tasks/follow.h"
#include "tasks/lost_frames.h"

/* Most photos. */
#define FRAMES_MAX ((int64_t)1 << 31)

struct tyto_flow_sequence {
    char **paths; /* [count] of photos, NULL for one that is given; or the video's alone */
    int64_t count;
    tyto_image *given;        /* [count] of photos */
    tyto_video_reader *video; /* or NULL: photos */
    tyto_image first, second; /* the frame before `next`, and room for that one */
    bool has_first;
    int64_t next;        /* the frame to read */
    int64_t pairs, most; /* that were given, and that will be at most */
    bool reported;       /* what the video lacks was said */
    bool told_small;     /* that frames are padded */
    /* Where files of pairs are that are left out; NULL: all are compared. */
    const tyto_destination *flows, *pictures;
    int64_t left_out;
};

void tyto_flow_sequence_destroy(tyto_flow_sequence *sequence)
{
    if (!sequence) {
        return;
    }
    for (int64_t i = 0; i < sequence->count; i++) {
        free(sequence->paths ? sequence->paths[i] : NULL);
        if (sequence->given) {
            tyto_image_clear(&sequence->given[i]);
        }
    }
    tyto_image_clear(&sequence->first);
    tyto_image_clear(&sequence->second);
    tyto_video_reader_destroy(sequence->video);
    free(sequence->paths);
    free(sequence->given);
    free(sequence);
}

/* Room for that many paths and pictures. */
static tyto_flow_sequence *make(int64_t count)
{
    tyto_flow_sequence *sequence = tyto_alloc_zeroed(1, sizeof(*sequence));
    if (sequence) {
        sequence->count = count;
        sequence->most = INT64_MAX;
        sequence->paths = tyto_alloc_zeroed((size_t)count, sizeof(*sequence->paths));
        sequence->given = tyto_alloc_zeroed((size_t)count, sizeof(*sequence->given));
    }
    if (sequence && (!sequence->paths || !sequence->given)) {
        tyto_flow_sequence_destroy(sequence);
        return NULL;
    }
    return sequence;
}

tyto_status tyto_flow_sequence_create(const char *const *paths, int64_t count,
                                      tyto_flow_sequence **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, paths);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    if (count < 2 || count > FRAMES_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "frames: got %lld, required 2 or more",
                         (long long)count);
    }
    tyto_flow_sequence *sequence = make(count);
    bool good = sequence != NULL;
    for (int64_t i = 0; i < count && good; i++) {
        if (paths[i]) {
            sequence->paths[i] = tyto_copy_text(paths[i], strlen(paths[i]));
            good = sequence->paths[i] != NULL;
        }
    }
    if (!good) {
        tyto_flow_sequence_destroy(sequence);
        return tyto_fail_memory(err, "frames");
    }
    *out = sequence;
    return TYTO_OK;
}

tyto_status tyto_flow_sequence_open(const char *path, tyto_flow_sequence **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    tyto_flow_sequence *sequence = make(1);
    if (sequence) {
        sequence->paths[0] = tyto_copy_text(path, strlen(path));
    }
    tyto_status status = sequence && sequence->paths[0]
                             ? tyto_video_reader_open(path, &sequence->video, err)
                             : tyto_fail_memory(err, path);
    if (status == TYTO_OK) {
        *out = sequence;
    } else {
        tyto_flow_sequence_destroy(sequence);
    }
    return status;
}

tyto_status tyto_flow_sequence_give(tyto_flow_sequence *sequence, int64_t i, tyto_image *image,
                                    tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, sequence);
    TYTO_REQUIRE(err, image);
    if (sequence->video || i < sequence->next || i >= sequence->count ||
        (sequence->paths[i] && strcmp(sequence->paths[i], "-") != 0)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "frame: got %lld, required one without a path, of %lld to %lld",
                         (long long)i, (long long)sequence->next, (long long)sequence->count - 1);
    }
    tyto_image_clear(&sequence->given[i]);
    sequence->given[i] = *image;
    *image = (tyto_image){0};
    return TYTO_OK;
}

void tyto_flow_sequence_limit(tyto_flow_sequence *sequence, int64_t pairs)
{
    if (sequence) {
        sequence->most = pairs > 0 ? pairs : INT64_MAX;
    }
}

int64_t tyto_flow_sequence_pair_count(const tyto_flow_sequence *sequence)
{
    if (!sequence) {
        return 0;
    }
    if (!sequence->video) {
        return tyto_min_i64(sequence->count - 1, sequence->most);
    }
    const double frames =
        tyto_video_reader_seconds(sequence->video) * tyto_video_reader_rate(sequence->video);
    return frames > 2.0 && frames < (double)FRAMES_MAX
               ? tyto_min_i64((int64_t)(frames - 1.0), sequence->most)
               : 1;
}

void tyto_flow_pair_clear(tyto_flow_pair *pair)
{
    if (pair) {
        tyto_flow_field_clear(&pair->flow);
        free(pair->name);
        *pair = (tyto_flow_pair){0};
    }
}

tyto_status tyto_flow_pair_save(const tyto_flow_pair *pair, const char *path, const char *picture,
                                double longest, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, pair);
    tyto_image drawn = {0};
    tyto_status status = path ? tyto_flow_field_save(path, &pair->flow, err) : TYTO_OK;
    if (status == TYTO_OK && picture) {
        status = tyto_flow_field_draw(&pair->flow, longest, &drawn, err);
        if (status == TYTO_OK) {
            status = tyto_image_save(picture, &drawn, err);
        }
        tyto_image_clear(&drawn);
    }
    return status;
}

/* The next frame becomes `second`, which is empty for a photo that nobody gave; *there is false
 * behind the last. */
static tyto_status read_frame(tyto_flow_sequence *sequence, const tyto_image_options *how,
                              bool *there, tyto_error *err)
{
    if (sequence->video) {
        double seconds;
        TYTO_TRY(tyto_video_reader_next(sequence->video, &sequence->second, &seconds, there, err));
        sequence->next += *there;
        return TYTO_OK;
    }
    *there = sequence->next < sequence->count;
    if (!*there) {
        return TYTO_OK;
    }
    const int64_t i = sequence->next++;
    tyto_image_clear(&sequence->second);
    if (!sequence->given[i].data && sequence->paths[i]) {
        return tyto_file_load_photo(sequence->paths[i], how, &sequence->second, err);
    }
    sequence->second = sequence->given[i];
    sequence->given[i] = (tyto_image){0};
    return TYTO_OK;
}

/* `second` becomes the frame that the next one is compared with. */
static void step(tyto_flow_sequence *sequence)
{
    const tyto_image kept = sequence->first;
    sequence->first = sequence->second;
    sequence->second = kept;
    sequence->has_first = sequence->first.data != NULL;
}

/* Whether frames may be left after a failure. */
static bool goes_on(const tyto_flow_sequence *sequence)
{
    return sequence->video || sequence->next < sequence->count;
}

/* The name of frame i, newly allocated; NULL when memory is out. */
static char *frame_name(const tyto_flow_sequence *sequence, int64_t i)
{
    const char *path = sequence->video ? sequence->paths[0] : sequence->paths[i];
    const bool numbered = sequence->video || !path;
    const size_t bytes = (path ? strlen(path) : 0) + 40;
    char *name = tyto_alloc(bytes, 1);
    if (name && numbered) {
        snprintf(name, bytes, "%s%sframe %lld", path ? path : "", path ? ": " : "", (long long)i);
    } else if (name) {
        snprintf(name, bytes, "%s", path);
    }
    return name;
}

/* Whether a pair's file is there, or isn't wanted. */
static bool has_file(const tyto_flow_sequence *sequence, const tyto_destination *place,
                     int64_t frame)
{
    const char *path = sequence->video ? sequence->paths[0] : sequence->paths[frame];
    if (!place || !place->path) {
        return true;
    }
    char *file = tyto_destination_path(place, path, sequence->video ? frame : -1);
    const bool there = file && tyto_file_exists(file);
    tyto_free(file);
    return there;
}

/* Whether an earlier run has done the pair. */
static bool is_done(const tyto_flow_sequence *sequence, int64_t frame)
{
    return (sequence->flows || sequence->pictures) && has_file(sequence, sequence->flows, frame) &&
           has_file(sequence, sequence->pictures, frame);
}

/* What is said of a pair. */
static void say_pair(const tyto_session *session, tyto_flow_sequence *sequence,
                     const tyto_flow_pair *pair)
{
    const tyto_engine *engine = session->model->engine;
    const tyto_flow_tiles *tiles = &pair->tiles;
    double mean, longest;
    if (!sequence->told_small &&
        (tiles->width_px < tiles->tile_width_px || tiles->height_px < tiles->tile_height_px)) {
        tyto_engine_log(engine, TYTO_LOG_LEVEL_WARNING,
                        "%s: %lld x %lld pixels, less than the %lld x %lld that the network takes: "
                        "padded",
                        pair->name, (long long)tiles->width_px, (long long)tiles->height_px,
                        (long long)tiles->tile_width_px, (long long)tiles->tile_height_px);
        sequence->told_small = true;
    }
    tyto_flow_field_measure(&pair->flow, &mean, &longest);
    tyto_engine_log(engine, TYTO_LOG_LEVEL_INFO,
                    "%s: %lld x %lld, %.2f pixels in the mean, %.2f the longest", pair->name,
                    (long long)tiles->width_px, (long long)tiles->height_px, mean, longest);
}

/* The pair of `first` and `second`, which is frame number `frame` and the one after it. */
static tyto_status compare(tyto_session *session, tyto_flow_sequence *sequence, int64_t frame,
                           const tyto_flow_options *options, tyto_flow_pair *out, tyto_error *err)
{
    *out = (tyto_flow_pair){.frame = frame, .name = frame_name(sequence, frame)};
    if (!out->name) {
        return tyto_fail_memory(err, "frame");
    }
    const int64_t pairs = tyto_flow_sequence_pair_count(sequence);
    const tyto_flow_place place = {.name = out->name,
                                   .pair = sequence->pairs,
                                   .pairs = tyto_max_i64(pairs, sequence->pairs + 1)};
    const tyto_status status =
        tyto_flow_of_frames(session, &place, &sequence->first, &sequence->second, options,
                            &out->flow, &out->tiles, err);
    if (status != TYTO_OK) {
        tyto_error_prefix(err, out->name);
        tyto_flow_pair_clear(out);
        return status;
    }
    say_pair(session, sequence, out);
    return TYTO_OK;
}

/* Once the last frame was read. */
static void report(const tyto_session *session, tyto_flow_sequence *sequence)
{
    tyto_video_info info;
    if (sequence->video && !sequence->reported) {
        tyto_video_reader_info(sequence->video, &info);
        tyto_lost_frames_report(session, sequence->paths[0], &info);
        sequence->reported = true;
    }
}

tyto_status tyto_flow_sequence_next(tyto_session *session, tyto_flow_sequence *sequence,
                                    const tyto_flow_options *options, tyto_flow_pair *out,
                                    bool *more, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, sequence);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, more);
    *out = (tyto_flow_pair){0};
    *more = false;
    tyto_flow_options own;
    tyto_flow_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_flow_options", err));
    while (sequence->pairs < sequence->most) {
        bool there = false;
        const int64_t frame = sequence->next - 1;
        tyto_status status = read_frame(sequence, own.image, &there, err);
        if (status != TYTO_OK) {
            report(session, sequence);
            tyto_image_clear(&sequence->second);
            step(sequence);
            *more = !sequence->video && goes_on(sequence);
            return status;
        }
        if (!there) {
            report(session, sequence);
            return sequence->video && sequence->next == 1
                       ? tyto_fail(err, TYTO_E_FORMAT,
                                   "%s: got one frame alone, required two or more",
                                   sequence->paths[0])
                       : TYTO_OK;
        }
        bool is_pair = sequence->has_first && sequence->second.data;
        if (is_pair && is_done(sequence, frame)) {
            is_pair = false;
            sequence->pairs++;
            sequence->left_out++;
        } else if (is_pair) {
            status = compare(session, sequence, frame, options, out, err);
        }
        step(sequence);
        if (status != TYTO_OK) {
            *more = status != TYTO_E_CANCELLED && goes_on(sequence);
            return status;
        }
        if (is_pair) {
            sequence->pairs++;
            *more = true;
            return TYTO_OK;
        }
    }
    report(session, sequence);
    return TYTO_OK;
}

static tyto_status save(const tyto_flow_sequence *sequence, const tyto_flow_pair *pair,
                        const tyto_destination *flows, const tyto_destination *pictures,
                        double longest, tyto_error *err)
{
    const char *input = sequence->video ? sequence->paths[0] : pair->name;
    const int64_t frame = sequence->video ? pair->frame : -1;
    char *flow = tyto_destination_path(flows, input, frame);
    char *picture = tyto_destination_path(pictures, input, frame);
    const bool whole =
        (flow || !flows || !flows->path) && (picture || !pictures || !pictures->path);
    const tyto_status status = whole ? tyto_flow_pair_save(pair, flow, picture, longest, err)
                                     : tyto_fail_memory(err, pair->name);
    tyto_free(flow);
    tyto_free(picture);
    return status;
}

/* Whether the caller wants no further pair. */
static bool is_stopped(tyto_session *session, const tyto_flow_options *options)
{
    tyto_follow follow;
    tyto_follow_begin(&follow, session, options->progress, options->progress_user);
    const tyto_status status = tyto_follow_step(&follow, "pairs", NULL, 0, 0, NULL);
    tyto_follow_end(&follow);
    return status != TYTO_OK;
}

/* Saves all pairs; what fails is said and counted. */
static tyto_status run(tyto_session *session, tyto_flow_sequence *sequence,
                       const tyto_flow_options *options, const tyto_destination *flows,
                       const tyto_destination *pictures, double longest, tyto_batch_summary *sum,
                       tyto_error *err)
{
    for (bool more = true; more;) {
        tyto_flow_pair pair;
        tyto_status status = tyto_flow_sequence_next(session, sequence, options, &pair, &more, err);
        const bool there = status == TYTO_OK && more;
        if (there) {
            status = save(sequence, &pair, flows, pictures, longest, err);
        }
        tyto_flow_pair_clear(&pair);
        if (status != TYTO_OK && is_stopped(session, options)) {
            status = TYTO_E_CANCELLED; /* reading a pipe fails when a signal comes */
        }
        if (status == TYTO_E_CANCELLED || status == TYTO_E_MEMORY) {
            sum->interrupted = status == TYTO_E_CANCELLED;
            return status;
        }
        sum->done += there && status == TYTO_OK;
        if (status != TYTO_OK) {
            tyto_engine_log_error(session->model->engine, err);
            sum->failed++;
        }
    }
    return TYTO_OK;
}

tyto_status tyto_flow_sequence_run(tyto_session *session, tyto_flow_sequence *sequence,
                                   const tyto_flow_options *options, const tyto_destination *flows,
                                   const tyto_destination *pictures, double longest,
                                   tyto_batch_summary *summary, tyto_error *err)
{
    const double began = tyto_seconds_now();
    tyto_flow_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, sequence);
    TYTO_REQUIRE(err, summary);
    tyto_flow_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_flow_options", err));
    /* What is wrong with all pairs is said once. */
    tyto_flow_tiles tiles;
    TYTO_TRY(tyto_flow_plan(session->model, 1, 1, options, &tiles, err));
    sequence->flows = own.resume ? flows : NULL;
    sequence->pictures = own.resume ? pictures : NULL;
    sequence->left_out = 0;
    tyto_batch_summary sum = {.inputs = tyto_flow_sequence_pair_count(sequence)};
    const tyto_status status = run(session, sequence, &own, flows, pictures, longest, &sum, err);
    sequence->flows = sequence->pictures = NULL;
    sum.left_out = sequence->left_out;
    if (status == TYTO_OK && sequence->video) {
        sum.inputs = sum.done + sum.failed + sum.left_out; /* before, it was as the file has it */
    } else if (status == TYTO_OK) {
        sum.failed = sum.inputs - sum.done - sum.left_out; /* a frame has two pairs */
    }
    summary->kind = TYTO_BATCH_KIND_PAIRS;
    summary->inputs += sum.inputs;
    summary->done += sum.done;
    summary->failed += sum.failed;
    summary->left_out += sum.left_out;
    summary->interrupted = summary->interrupted || sum.interrupted;
    summary->seconds += tyto_seconds_now() - began;
    return status;
}
