/** Tracking: which of the things found in a frame are those of the frames before. */
#ifndef TYTO_TRACK_H
#define TYTO_TRACK_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** Most detections of a frame that are followed, which is more than OWLv2 has patches; and most
 *  tracks that wait for their things to come back: where there are more, those that weren't seen for
 *  the longest end early. */
#define TYTO_TRACK_DETECTIONS_MAX 6000
#define TYTO_TRACKS_MAX 6000

typedef struct tyto_track_options {
    size_t struct_bytes; /**< set by tyto_track_options_init */
    /** A score above this is paired first, and begins a track when it pairs with none. */
    float high;
    /** A score above this, up to `high`, only continues a track that was there the frame before:
     *  what turns away or is half hidden keeps its identity. Below, a detection has none. */
    float low;
    /** How a pair is judged: this share by embeddings, where detections have them, the rest by
     *  overlap; 0: overlap alone. */
    float appearance;
    float overlap; /**< least intersection over union of a box with where its track should be */
    /** Least cosine of a detection's embedding with its track's; and the one by which a thing that
     *  comes back is known where boxes no longer overlap. */
    float alike, same;
    double patience_s; /**< a track that wasn't seen for longer has ended */
    /** [n_label_high]: `high` of each label index, and in proportion `low`; NULL: all have the
     *  same. Borrowed by tracker and caller. */
    const float *label_high;
    int64_t n_label_high;
} tyto_track_options;

/** high 0.1, low half of it, appearance 0.5, overlap 0.2, alike 0.5, same 0.8, patience 2 s. */
TYTO_API void tyto_track_options_init(tyto_track_options *options, size_t struct_bytes);

/** Tracks of one video; belongs to one thread at a time.
 *  memory  a box, its motion and an embedding for each track that hasn't ended, and 8 bytes for each
 *          pair of a track and a detection: 300 MB at most. A frame takes milliseconds with a
 *          hundred detections, and some seconds with thousands that lie over one another */
typedef struct tyto_tracker tyto_tracker;

/** options  NULL: the defaults
 *  memory   release with tyto_tracker_destroy
 *  errors   E_ARGUMENT, E_RANGE (a score, share or overlap beyond 0 to 1, low above high),
 *           E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_tracker_create(const tyto_track_options *options,
                                                        tyto_tracker **out, tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_tracker_destroy(tyto_tracker *tracker);

/** Gives the detections of the next frame their identities: ByteTrack's rounds, by boxes that a
 *  Kalman filter of constant velocity predicts, and by the embeddings.
 *  detections  each thing once: what isn't suppressed becomes a track of its own. Their embeddings
 *              count where there are any, and must be as wide in all frames
 *  seconds     when the frame is shown; frames may be any time apart
 *  ids         [count] receives identities, counted from 1 and never used again, or −1
 *  errors      E_ARGUMENT, E_LIMIT (too many), E_SHAPE (embeddings of another width), E_RANGE (a time before the last),
 *              E_MEMORY; the tracks are then those of the frame before
 *  source      Zhang et al. 2022, ByteTrack; Wojke et al. 2017, Deep SORT, for motion and gate */
TYTO_API TYTO_NODISCARD tyto_status tyto_tracker_update(tyto_tracker *tracker,
                                                        const tyto_detections *detections,
                                                        double seconds, int64_t *ids,
                                                        tyto_error *err);

/** How many identities were given so far. 0 for NULL. */
TYTO_API int64_t tyto_tracker_count(const tyto_tracker *tracker);

TYTO_END_DECLS

#endif
