/** Looking for things in videos, frame by frame, and following them. */
#ifndef TYTO_VIDEO_SEARCH_H
#define TYTO_VIDEO_SEARCH_H

#include <tyto/batch.h>
#include <tyto/draw.h>
#include <tyto/results.h>
#include <tyto/search.h>
#include <tyto/track.h>
#include <tyto/video.h>

TYTO_BEGIN_DECLS

typedef struct tyto_video_search_options {
    size_t struct_bytes;               /**< set by tyto_video_search_options_init */
    const tyto_search_options *search; /**< of each frame; NULL: those for texts. What it points to,
                                            processor and thresholds, is borrowed */
    int64_t every;                     /**< only each Nth frame is searched, and drawn */
    /** Things get identities. Each must be found once: where `search` suppresses nothing, nms is
     *  TYTO_NMS_ALL. */
    bool track;
    /** How; NULL: the defaults, but that `high` is the search's threshold (a label's own where it
     *  has one), and `low` half of it. Detections up to `high` that continue no track are dropped.
     */
    const tyto_track_options *tracking;
    const char *drawn;         /**< the .mp4, .mov or .mkv to draw into, which appears with
                                    tyto_video_search_finish; NULL: none */
    const char *const *labels; /**< [n_labels] for drawing: one for each label index */
    int64_t n_labels;
    const tyto_draw_options *draw; /**< NULL: the defaults */
    /** Before each frame that is searched (stage "frames", subject the video) and each layer; or
     *  NULL: as the session's. */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_video_search_options;

/** Every frame, without identities or drawing. */
TYTO_API void tyto_video_search_options_init(tyto_video_search_options *options,
                                             size_t struct_bytes);

/** A video being searched. */
typedef struct tyto_video_search tyto_video_search;

/** Opens a video; what can be found wrong before its first frame is.
 *  vocabulary  NULL: whatever looks like an object
 *  memory      session, vocabulary and what options point to are borrowed until the search is
 *              destroyed; some frames, however long the video is; release with
 *              tyto_video_search_destroy
 *  errors      those of tyto_video_reader_open, tyto_search_check, tyto_tracker_create and
 *              tyto_video_writer_create; E_ARGUMENT */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_search_open(tyto_session *session, const char *video,
                                                           const tyto_vocabulary *vocabulary,
                                                           const tyto_video_search_options *options,
                                                           tyto_video_search **out,
                                                           tyto_error *err);
/** Releases the search; a drawing that wasn't finished is removed. NULL is fine. */
TYTO_API void tyto_video_search_destroy(tyto_video_search *search);

/** The next frame that is searched. A search that failed or was stopped can be finished: what came
 *  before is in the drawing.
 *  out     empty when *more is false; release with tyto_frame_detections_clear
 *  errors  those of tyto_video_reader_next, tyto_search and tyto_tracker_update; E_CANCELLED */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_search_next(tyto_video_search *search,
                                                           tyto_frame_detections *out, bool *more,
                                                           tyto_error *err);
/** Frames that will be searched, as far as the file has it; at least 1. 0 for NULL. */
TYTO_API int64_t tyto_video_search_frame_count(const tyto_video_search *search);
/** Frames that were searched so far. 0 for NULL. */
TYTO_API int64_t tyto_video_search_done(const tyto_video_search *search);

/** Puts the drawing, if there is any, in its place, with the frames that were searched so far, each
 *  as long as in the video (pauses of more than ten seconds are shortened to that). Frames of
 *  another size than the first one's are resized to it. The search is then over.
 *  errors  E_IO, E_MEMORY; without any frame nothing is written */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_search_finish(tyto_video_search *search,
                                                             tyto_error *err);

/** Searches all frames that are left, adds each to the results, whose document is one of frames
 *  (tyto_frame_document_create), and finishes the search, on failure too.
 *  errors  those of tyto_video_search_next, tyto_document_add_frame, tyto_results_add and
 *          tyto_video_search_finish: the first one */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_search_run(tyto_video_search *search,
                                                          tyto_results *results, tyto_error *err);

/** Searches videos one after the other. What fails with one is an error line of the engine's log,
 *  and the others go on; a search that the progress function stops says by a warning how far it
 *  came, and finishes. Videos that an earlier run has done, as results that are resumed know, are
 *  left out.
 *  options  `drawn` is not used
 *  format   of the document, text, JSON, JSON lines or CSV, which is created and begun
 *  drawn    where the drawings go (tyto_destination_open with videos' endings); NULL: nowhere
 *  results  that were opened, for these videos where they resume, and not begun
 *  summary  filled whatever the status, `found` with detections; NULL: nobody asks
 *  errors   E_ARGUMENT (the format), E_CANCELLED, E_MEMORY, E_IO (as when results can't be written:
 *           no other video is begun) */
TYTO_API TYTO_NODISCARD tyto_status
tyto_search_videos(tyto_session *session, const char *const *videos, int64_t n_videos,
                   const tyto_vocabulary *vocabulary, const tyto_video_search_options *options,
                   tyto_format format, const tyto_destination *drawn, tyto_results *results,
                   tyto_batch_summary *summary, tyto_error *err);

TYTO_END_DECLS

#endif
