/* Identities by ByteTrack's rounds: good detections to predicted tracks, poor ones to what is left.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "nn/assignment.h"
#include "results/boxes.h"
#include "tasks/track.h"
#include "tasks/track_motion.h"

/* Least overlap of a poor detection, and of what was seen once, with where it should be. */
#define POOR_OVERLAP 0.5F
#define NEW_OVERLAP 0.3F
/* 99 % of the centres of a track lie within this squared distance, by χ² of two degrees. */
#define GATE 9.21
/* What a track's embedding keeps of itself when it is seen. */
#define KEPT 0.9F

typedef struct track {
    int64_t id;
    tyto_motion motion;    /* at the time of the last frame */
    tyto_motion predicted; /* at that of the next, while that is paired */
    tyto_box box;          /* by the prediction */
    float *embedding;      /* [width] of length 1; owned; NULL: there are none */
    double seen_s;         /* when it was seen last */
    bool seen;             /* in the last frame */
    bool confirmed;        /* seen twice or more */
} track;

struct tyto_tracker {
    tyto_track_options options;
    track *tracks;
    int64_t count, room;
    int64_t width; /* of embeddings; 0: none came so far */
    int64_t given; /* identities */
    double last_s;
    bool begun;
    tyto_arena scratch;
};

/* A frame while its things are paired. */
typedef struct frame {
    tyto_tracker *tracker;
    const tyto_detections *found;
    float *embeddings;                       /* [count][width] of length 1, or NULL */
    int64_t *track_of;                       /* [count] of detections; −1: none yet */
    bool *paired;                            /* [tracks] */
    int64_t *rows, *columns, *column_of_row; /* of one round: tracks, detections, and its pairs */
    double *costs;
    float **fresh; /* [count]: memory for the embeddings of new tracks */
} frame;

static const tyto_track_options defaults = {.struct_bytes = sizeof(defaults),
                                            .high = 0.1F,
                                            .low = 0.05F,
                                            .appearance = 0.5F,
                                            .overlap = 0.2F,
                                            .alike = 0.5F,
                                            .same = 0.8F,
                                            .patience_s = 2.0};

void tyto_track_options_init(tyto_track_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

float tyto_track_high(const tyto_track_options *options, int64_t label)
{
    return options->label_high && label >= 0 && label < options->n_label_high
               ? options->label_high[label]
               : options->high;
}

static bool is_good(const tyto_track_options *options, const tyto_detection *found)
{
    return found->score > tyto_track_high(options, found->label_index);
}

/* Whether it may continue a track, at least. */
static bool is_poor(const tyto_track_options *options, const tyto_detection *found)
{
    const float high = tyto_track_high(options, found->label_index),
                low = options->high > 0.0F ? options->low / options->high * high : options->low;
    return found->score > low && !(found->score > high);
}

static tyto_status check_share(const char *name, float value, tyto_error *err)
{
    return value >= 0.0F && value <= 1.0F
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_RANGE, "tracker: %s: got %g, required 0 to 1", name,
                           (double)value);
}

static tyto_status check_options(const tyto_track_options *options, tyto_error *err)
{
    TYTO_TRY(check_share("high", options->high, err));
    TYTO_TRY(check_share("low", options->low, err));
    TYTO_TRY(check_share("appearance", options->appearance, err));
    TYTO_TRY(check_share("overlap", options->overlap, err));
    TYTO_TRY(check_share("alike", options->alike, err));
    TYTO_TRY(check_share("same", options->same, err));
    TYTO_TRY(tyto_check_list(options->label_high, options->n_label_high, "label_high", err));
    for (int64_t i = 0; i < options->n_label_high; i++) {
        TYTO_TRY(check_share("label_high", options->label_high[i], err));
    }
    if (options->low > options->high) {
        return tyto_fail(err, TYTO_E_RANGE, "tracker: low: got %g, required at most high, %g",
                         (double)options->low, (double)options->high);
    }
    return options->patience_s >= 0.0
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_RANGE, "tracker: patience: got %g s, required 0 or more",
                           options->patience_s);
}

tyto_status tyto_tracker_create(const tyto_track_options *options, tyto_tracker **out,
                                tyto_error *err)
{
    tyto_track_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_track_options", err));
    TYTO_TRY(check_options(&own, err));
    tyto_tracker *tracker = tyto_alloc_zeroed(1, sizeof(*tracker));
    if (!tracker) {
        return tyto_fail_memory(err, "tracker");
    }
    tracker->options = own;
    *out = tracker;
    return TYTO_OK;
}

void tyto_tracker_destroy(tyto_tracker *tracker)
{
    if (!tracker) {
        return;
    }
    for (int64_t i = 0; i < tracker->count; i++) {
        free(tracker->tracks[i].embedding);
    }
    free(tracker->tracks);
    tyto_arena_clear(&tracker->scratch);
    free(tracker);
}

int64_t tyto_tracker_count(const tyto_tracker *tracker)
{
    return tracker ? tracker->given : 0;
}

/* Scales to length 1; what has no direction stays all zeros. */
static void normalise(float *v, int64_t width)
{
    double sum = 0.0;
    for (int64_t i = 0; i < width; i++) {
        sum += (double)v[i] * (double)v[i];
    }
    const double scale = sum > 0.0 && isfinite(sum) ? 1.0 / sqrt(sum) : 0.0;
    for (int64_t i = 0; i < width; i++) {
        v[i] = scale > 0.0 ? (float)((double)v[i] * scale) : 0.0F;
    }
}

static float cosine(const float *a, const float *b, int64_t width)
{
    double sum = 0.0;
    for (int64_t i = 0; i < width; i++) {
        sum += (double)a[i] * (double)b[i];
    }
    return (float)sum;
}

/* How alike a track and a detection are, above 0 to 1; 0: they can't be one thing. */
typedef float similarity(const frame *f, const track *t, int64_t detection);

/* Whether both have embeddings; *alike is then their cosine. */
static bool compare(const frame *f, const track *t, int64_t detection, float *alike)
{
    const int64_t width = f->tracker->width;
    if (!f->embeddings || !t->embedding || !(f->tracker->options.appearance > 0.0F)) {
        return false;
    }
    *alike = cosine(t->embedding, f->embeddings + detection * width, width);
    return true;
}

/* (1 − w)·overlap + w·cosine, where both are enough. */
static float by_overlap(const frame *f, const track *t, int64_t detection, float least)
{
    const tyto_track_options *options = &f->tracker->options;
    const float overlap = tyto_box_iou(&t->box, &f->found->items[detection].box);
    float alike;
    if (!(overlap > 0.0F) || overlap < least) {
        return 0.0F;
    }
    if (!compare(f, t, detection, &alike)) {
        return overlap;
    }
    return alike < options->alike
               ? 0.0F
               : (1.0F - options->appearance) * overlap + options->appearance * alike;
}

static float good_similarity(const frame *f, const track *t, int64_t detection)
{
    return by_overlap(f, t, detection, f->tracker->options.overlap);
}

static float poor_similarity(const frame *f, const track *t, int64_t detection)
{
    return by_overlap(f, t, detection, POOR_OVERLAP);
}

static float new_similarity(const frame *f, const track *t, int64_t detection)
{
    return by_overlap(f, t, detection, NEW_OVERLAP);
}

/* By embedding, within where the track can have gone. */
static float returning_similarity(const frame *f, const track *t, int64_t detection)
{
    const double distance = tyto_motion_distance(&t->predicted, &f->found->items[detection].box);
    float alike;
    if (distance > GATE || !compare(f, t, detection, &alike) || alike < f->tracker->options.same) {
        return 0.0F;
    }
    return alike * (float)(1.0 - distance / (2.0 * GATE));
}

/* Which tracks and detections a round is about. */
typedef struct pairing {
    bool poor;                 /* detections up to `high`, not those above */
    bool unseen;               /* tracks that weren't in the last frame too */
    bool confirmed, tentative; /* tracks seen twice or more, and once */
    similarity *alike;
} pairing;

static bool takes_track(const pairing *r, const track *t)
{
    return (t->confirmed ? r->confirmed : r->tentative) && (t->seen || r->unseen);
}

static bool takes_detection(const frame *f, const pairing *r, const tyto_detection *found)
{
    const tyto_track_options *options = &f->tracker->options;
    return r->poor ? is_poor(options, found) : is_good(options, found);
}

/* Pairs what is left over of a round's tracks and detections so that the sum of similarities is
 * most. */
static tyto_status run_round(frame *f, const pairing *r, tyto_error *err)
{
    tyto_tracker *tracker = f->tracker;
    tyto_exec exec = {.arena = &tracker->scratch, .err = err};
    int64_t rows = 0, columns = 0;
    for (int64_t i = 0; i < tracker->count; i++) {
        if (!f->paired[i] && takes_track(r, &tracker->tracks[i])) {
            f->rows[rows++] = i;
        }
    }
    for (int64_t i = 0; i < f->found->count; i++) {
        if (f->track_of[i] < 0 && takes_detection(f, r, &f->found->items[i])) {
            f->columns[columns++] = i;
        }
    }
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < columns; j++) {
            f->costs[i * columns + j] =
                1.0 - (double)r->alike(f, &tracker->tracks[f->rows[i]], f->columns[j]);
        }
    }
    TYTO_TRY(tyto_assign(&exec, f->costs, rows, columns, f->column_of_row));
    for (int64_t i = 0; i < rows; i++) {
        const int64_t j = f->column_of_row[i];
        if (j >= 0 && f->costs[i * columns + j] < 1.0) {
            f->track_of[f->columns[j]] = f->rows[i];
            f->paired[f->rows[i]] = true;
        }
    }
    return TYTO_OK;
}

static tyto_status run_rounds(frame *f, tyto_error *err)
{
    static const pairing rounds[] = {
        {.confirmed = true, .unseen = true, .alike = good_similarity},
        {.confirmed = true, .poor = true, .alike = poor_similarity},
        {.confirmed = true, .tentative = true, .unseen = true, .alike = returning_similarity},
        {.tentative = true, .alike = new_similarity},
    };
    for (size_t i = 0; i < sizeof(rounds) / sizeof(rounds[0]); i++) {
        if (f->embeddings || rounds[i].alike != returning_similarity) { /* which compares these */
            TYTO_TRY(run_round(f, &rounds[i], err));
        }
    }
    return TYTO_OK;
}

/* Room for what the frame needs, so that nothing fails once tracks change. */
static tyto_status take_room(frame *f, tyto_error *err)
{
    tyto_tracker *tracker = f->tracker;
    tyto_arena *arena = &tracker->scratch;
    const size_t n = (size_t)f->found->count, tracks = (size_t)tracker->count;
    const int64_t all = tracker->count + f->found->count;
    if (all > tracker->room) {
        track *more = tyto_realloc(tracker->tracks, (size_t)(2 * all), sizeof(*more));
        if (!more) {
            return tyto_fail_memory(err, "tracks");
        }
        tracker->tracks = more;
        tracker->room = 2 * all;
    }
    f->track_of = tyto_arena_take(arena, n, sizeof(*f->track_of));
    f->columns = tyto_arena_take(arena, n, sizeof(*f->columns));
    f->fresh = tyto_arena_take(arena, n, sizeof(*f->fresh));
    f->paired = tyto_arena_take(arena, tracks, sizeof(*f->paired));
    f->rows = tyto_arena_take(arena, tracks, sizeof(*f->rows));
    f->column_of_row = tyto_arena_take(arena, tracks, sizeof(*f->column_of_row));
    f->costs = tyto_arena_take(arena, n * tracks, sizeof(*f->costs));
    if (f->found->embeddings) {
        f->embeddings = tyto_arena_take(arena, n * (size_t)tracker->width, sizeof(float));
    }
    if (!f->track_of || !f->columns || !f->fresh || !f->paired || !f->rows || !f->column_of_row ||
        !f->costs || (f->found->embeddings && !f->embeddings)) {
        return tyto_fail_memory(err, "tracks");
    }
    memset(f->fresh, 0, n * sizeof(*f->fresh));
    memset(f->paired, 0, tracks * sizeof(*f->paired));
    for (size_t i = 0; i < n; i++) {
        f->track_of[i] = -1;
    }
    return TYTO_OK;
}

static void read_embeddings(const frame *f)
{
    const int64_t width = f->tracker->width;
    for (int64_t i = 0; f->embeddings && i < f->found->count; i++) {
        memcpy(f->embeddings + i * width, f->found->embeddings + i * width,
               (size_t)width * sizeof(float));
        normalise(f->embeddings + i * width, width);
    }
}

/* Memory for the embeddings of what begins a track. */
static tyto_status take_fresh(frame *f, tyto_error *err)
{
    for (int64_t i = 0; f->embeddings && i < f->found->count; i++) {
        if (f->track_of[i] < 0 && is_good(&f->tracker->options, &f->found->items[i])) {
            f->fresh[i] = tyto_alloc((size_t)f->tracker->width, sizeof(float));
            if (!f->fresh[i]) {
                return tyto_fail_memory(err, "tracks");
            }
        }
    }
    return TYTO_OK;
}

static void predict(const frame *f, double seconds)
{
    for (int64_t i = 0; i < f->tracker->count; i++) {
        track *t = &f->tracker->tracks[i];
        t->predicted = t->motion;
        tyto_motion_predict(&t->predicted, seconds - f->tracker->last_s, t->seen);
        t->box = tyto_motion_box(&t->predicted);
    }
}

/* A track is seen as detection i. Poor ones show little of it, and don't say how it looks. */
static void see(const frame *f, track *t, int64_t i, double seconds)
{
    const tyto_detection *found = &f->found->items[i];
    const int64_t width = f->tracker->width;
    tyto_motion_correct(&t->motion, &found->box);
    t->seen = t->confirmed = true;
    t->seen_s = seconds;
    if (f->embeddings && t->embedding && is_good(&f->tracker->options, found)) {
        for (int64_t k = 0; k < width; k++) {
            t->embedding[k] = KEPT * t->embedding[k] + (1.0F - KEPT) * f->embeddings[i * width + k];
        }
        normalise(t->embedding, width);
    }
}

/* Detection i begins a track, if it is good enough; returns its identity. */
static int64_t begin(frame *f, int64_t i, double seconds)
{
    tyto_tracker *tracker = f->tracker;
    const tyto_detection *found = &f->found->items[i];
    if (!is_good(&tracker->options, found)) {
        return -1;
    }
    track *t = &tracker->tracks[tracker->count++];
    *t = (track){.id = ++tracker->given, .seen_s = seconds, .seen = true};
    tyto_motion_begin(&t->motion, &found->box);
    if (f->fresh[i]) {
        memcpy(f->fresh[i], f->embeddings + i * tracker->width,
               (size_t)tracker->width * sizeof(float));
        t->embedding = f->fresh[i];
        f->fresh[i] = NULL;
    }
    return t->id;
}

/* Drops tracks unseen for longer than `patience`, and those seen once alone. */
static void end_unseen(tyto_tracker *tracker, double seconds, double patience)
{
    int64_t kept = 0;
    for (int64_t i = 0; i < tracker->count; i++) {
        track *t = &tracker->tracks[i];
        if (t->seen || (t->confirmed && seconds - t->seen_s <= patience)) {
            tracker->tracks[kept++] = *t;
        } else {
            free(t->embedding);
        }
    }
    tracker->count = kept;
}

/* Where too many are left, patience is shorter. */
static void end_tracks(tyto_tracker *tracker, double seconds)
{
    const double least_s = 1e-3;
    double patience = tracker->options.patience_s;
    end_unseen(tracker, seconds, patience);
    while (tracker->count > TYTO_TRACKS_MAX && patience >= 0.0) {
        patience = patience > least_s ? patience / 2.0 : -1.0;
        end_unseen(tracker, seconds, patience);
    }
}

/* What was paired becomes so. */
static void apply(frame *f, double seconds, int64_t *ids)
{
    tyto_tracker *tracker = f->tracker;
    for (int64_t i = 0; i < tracker->count; i++) {
        tracker->tracks[i].motion = tracker->tracks[i].predicted;
        tracker->tracks[i].seen = false;
    }
    for (int64_t i = 0; i < f->found->count; i++) {
        if (f->track_of[i] >= 0) {
            track *t = &tracker->tracks[f->track_of[i]];
            see(f, t, i, seconds);
            ids[i] = t->id;
        } else {
            ids[i] = begin(f, i, seconds);
        }
    }
    end_tracks(tracker, seconds);
    tracker->last_s = seconds;
    tracker->begun = true;
}

static tyto_status check_frame(tyto_tracker *tracker, const tyto_detections *found, double seconds,
                               const int64_t *ids, tyto_error *err)
{
    TYTO_TRY(tyto_check_list(found->items, found->count, "detections", err));
    TYTO_TRY(tyto_check_list(ids, found->count, "ids", err));
    if (found->count > TYTO_TRACK_DETECTIONS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "tracker: got %lld detections in a frame, required at most %d",
                         (long long)found->count, TYTO_TRACK_DETECTIONS_MAX);
    }
    if (!isfinite(seconds) || (tracker->begun && seconds < tracker->last_s)) {
        return tyto_fail(err, TYTO_E_RANGE, "tracker: got a frame at %g s, required one after %g s",
                         seconds, tracker->last_s);
    }
    if (found->embeddings && found->count > 0) {
        const int64_t width = found->embedding_width;
        if (width < 1 || (tracker->width > 0 && width != tracker->width)) {
            return tyto_fail(err, TYTO_E_SHAPE,
                             "tracker: got embeddings of %lld numbers, required %lld",
                             (long long)width, (long long)tyto_max_i64(tracker->width, 1));
        }
        tracker->width = width;
    }
    return TYTO_OK;
}

tyto_status tyto_tracker_update(tyto_tracker *tracker, const tyto_detections *detections,
                                double seconds, int64_t *ids, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, tracker);
    TYTO_REQUIRE(err, detections);
    TYTO_TRY(check_frame(tracker, detections, seconds, ids, err));
    frame f = {.tracker = tracker, .found = detections};
    tyto_arena_reset(&tracker->scratch);
    TYTO_TRY(take_room(&f, err));
    read_embeddings(&f);
    predict(&f, seconds);
    TYTO_CHECK(run_rounds(&f, err));
    TYTO_CHECK(take_fresh(&f, err));
    apply(&f, seconds, ids);
cleanup:
    for (int64_t i = 0; i < detections->count; i++) {
        free(f.fresh[i]);
    }
    return status;
}
