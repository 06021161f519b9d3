/** Optical flow: a network's flow fields of frames, of any size and of whole videos. */
#ifndef TYTO_FLOW_H
#define TYTO_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/batch.h>
#include <tyto/destination.h>
#include <tyto/flow_field.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

typedef struct tyto_flow_options {
    size_t struct_bytes; /**< set by tyto_flow_options_init */
    int64_t
        overlap_px; /**< of neighbouring tiles, at least; 20: of small tiles less, half of them */
    float scale;    /**< of the network's output to pixels */
    /** Before each tile (stage "tiles") and each layer; or NULL: as the session's. */
    tyto_progress_fn progress;
    void *progress_user;
    const tyto_image_options *image; /**< how photos of a sequence are read; NULL: the defaults.
                                          Borrowed */
    bool resume; /**< tyto_flow_sequence_run leaves pairs out whose files are all there */
} tyto_flow_options;

/** 20 pixels, scale 20: those of the network's authors. */
TYTO_API void tyto_flow_options_init(tyto_flow_options *options, size_t struct_bytes);

/** The tiles that the model takes for frames of that size.
 *  options  NULL: the defaults
 *  errors   E_ARGUMENT (a model that doesn't offer TYTO_TASK_FLOW, overlap), E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_plan(const tyto_model *model, int64_t width_px,
                                                   int64_t height_px,
                                                   const tyto_flow_options *options,
                                                   tyto_flow_tiles *out, tyto_error *err);

/** Flow from the first frame to the second: preprocess, forward, postprocess for each tile.
 *  options  NULL: the defaults
 *  memory   release *out with tyto_flow_field_clear
 *  errors   those of tyto_flow_plan; E_SHAPE (frames of different sizes), E_CANCELLED, E_MEMORY
 *  threads  one at a time per session
 *  source   Jaegle et al. 2021, and the authors' notebook on optical flow */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow(tyto_session *session, const tyto_image *first,
                                              const tyto_image *second,
                                              const tyto_flow_options *options,
                                              tyto_flow_field *out, tyto_error *err);

/** Frames that follow each other, of which each is compared with the next: photos, or those of a
 *  video. Belongs to one thread at a time. */
typedef struct tyto_flow_sequence tyto_flow_sequence;

/** Photos in that order; paths[i] NULL: one that tyto_flow_sequence_give gives, or a gap without
 *  pairs; "-": standard input, unless it is given.
 *  memory  paths are copied; release *out with tyto_flow_sequence_destroy
 *  errors  E_ARGUMENT (fewer than two), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_sequence_create(const char *const *paths,
                                                              int64_t count,
                                                              tyto_flow_sequence **out,
                                                              tyto_error *err);
/** The frames of a video, in the order of showing.
 *  errors  those of tyto_video_reader_open */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_sequence_open(const char *path,
                                                            tyto_flow_sequence **out,
                                                            tyto_error *err);
TYTO_API void tyto_flow_sequence_destroy(tyto_flow_sequence *sequence);

/** Photo number i is this picture, which the sequence takes over: *image is empty afterwards.
 *  errors  E_ARGUMENT (a video, a photo that has a path or was passed already) */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_sequence_give(tyto_flow_sequence *sequence, int64_t i,
                                                            tyto_image *image, tyto_error *err);

/** Ends the sequence after so many pairs; 0: with its last frame. */
TYTO_API void tyto_flow_sequence_limit(tyto_flow_sequence *sequence, int64_t pairs);
/** Pairs that there will be, as far as a video's file has it; at least 1. 0 for NULL. */
TYTO_API int64_t tyto_flow_sequence_pair_count(const tyto_flow_sequence *sequence);

/** A frame, and how far its pixels move to the next. */
typedef struct tyto_flow_pair {
    int64_t frame; /**< its place in the sequence */
    char *name;    /**< for messages: the photo's path, or "clip.mp4: frame 12" */
    tyto_flow_field flow;
    tyto_flow_tiles tiles; /**< how the frames were covered */
    uint64_t reserved[4];  /**< 0 */
} tyto_flow_pair;

TYTO_API void tyto_flow_pair_clear(tyto_flow_pair *pair);
/** Saves its flow as .flo, and draws it.
 *  path, picture  where; NULL: neither or one alone
 *  longest        pixels that have full colour; 0: the flow's own longest
 *  errors         those of tyto_flow_field_save, tyto_flow_field_draw and tyto_image_save */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_pair_save(const tyto_flow_pair *pair,
                                                        const char *path, const char *picture,
                                                        double longest, tyto_error *err);

/** The next pair whose frames can be read. Progress of the stage "tiles" has its name as subject,
 *  and counts through all pairs. What is to be said of a pair, such as that frames were padded,
 *  goes to the engine's log.
 *
 *  A failure may concern one frame or pair: *more says whether another call may succeed. A photo
 *  that can't be read fails once, and then the pairs that have it are passed over; what is wrong
 *  with two photos, such as different sizes, fails with the first one's path in front; a video that
 *  can't be read is at its end.
 *  options  NULL: the defaults
 *  out      *out is empty when *more is false
 *  memory   release *out with tyto_flow_pair_clear
 *  errors   those of tyto_image_load, tyto_video_reader_next and tyto_flow; E_FORMAT (a video of
 *           one frame)
 *  threads  one at a time per session */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_sequence_next(tyto_session *session,
                                                            tyto_flow_sequence *sequence,
                                                            const tyto_flow_options *options,
                                                            tyto_flow_pair *out, bool *more,
                                                            tyto_error *err);

/** Saves and draws all pairs that are left, each named by its first frame. What fails with one is
 *  an error line of the engine's log, and the others go on.
 *  flows, pictures  where (tyto_destination_open); NULL: nowhere
 *  longest          as tyto_flow_pair_save takes it
 *  summary          of pairs, to which those of this sequence are added, whatever the status: zeros
 *                   at first; a pair whose frame can't be read has failed
 *  errors           E_CANCELLED, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_flow_sequence_run(
    tyto_session *session, tyto_flow_sequence *sequence, const tyto_flow_options *options,
    const tyto_destination *flows, const tyto_destination *pictures, double longest,
    tyto_batch_summary *summary, tyto_error *err);

TYTO_END_DECLS

#endif
