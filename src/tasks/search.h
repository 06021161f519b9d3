/** A search from the inside. */
#ifndef TYTO_TASKS_SEARCH_H
#define TYTO_TASKS_SEARCH_H

#include <tyto/search.h>

#include "runtime/session.h"
#include "tasks/follow.h"
#include "tasks/photo.h"

/** Pictures that run together, at most: their pixels and outputs are in memory at once. */
#define TYTO_SEARCH_TOGETHER 8

/** What the calls of one search share. */
typedef struct tyto_search_job {
    tyto_session *session;
    tyto_follow follow;
    const tyto_family_search *family;
    const tyto_vocabulary *vocabulary; /* NULL: objects of any kind */
    tyto_search_options options;
    float *label_thresholds; /* the options', resolved; owned */
    float *queries; /* [TYTO_SEARCH_TOGETHER,count,width]: the vocabulary's for each picture, once
                       several ran together; owned */
} tyto_search_job;

/** How the network sees one photo. */
typedef struct tyto_sight {
    tyto_tensor tensor;          /* pixel_values[1,3,h,w], or image_embeds[1,G,G,D] */
    const float *boxes;          /* pred_boxes[P,4] where they are known, or NULL */
    int64_t width_px, height_px; /* of the photo, which boxes are scaled to */
    bool padded;                 /* to a square, before the network saw it */
    bool windowed;               /* the top left of a grid of patches, or a grid of another size */
    bool interpolated;           /* whose positions are resized */
    int64_t patch_grid[2];       /* rows and columns of the whole grid */
    tyto_image_processor processor;
    int64_t full[3]; /* the processor's output, before patches are left out */
} tyto_sight;

/** *own = the defaults, and over them what the caller gave. */
TYTO_NODISCARD tyto_status tyto_search_options_read(tyto_search_options *own,
                                                    const tyto_search_options *given,
                                                    tyto_error *err);

/** Whether there are thresholds for each query, or none. */
TYTO_NODISCARD tyto_status tyto_search_check_labels(const tyto_vocabulary *vocabulary,
                                                    const tyto_search_options *options,
                                                    tyto_error *err);

/** Puts numbers where the options have TYTO_THRESHOLD_MODEL.
 *  labels  receives the list that options->label_thresholds becomes, to be freed, or NULL */
TYTO_NODISCARD tyto_status tyto_search_resolve(const tyto_model *model, bool objects,
                                               tyto_search_options *options, float **labels,
                                               tyto_error *err);

/** Pixels of a patch's side, and patches of the checkpoint's own pictures; false: the model takes
 *  no other pictures than those. */
bool tyto_search_patches(const tyto_model *model, int64_t *side_px, int64_t *grid);

/** What tyto_search_check does, of options that are complete. */
TYTO_NODISCARD tyto_status tyto_search_check_options(const tyto_session *session,
                                                     const tyto_search_options *options,
                                                     tyto_error *err);

/** How a picture of that size is seen. Nothing is read yet.
 *  errors  E_ARGUMENT (no processor, approximations with one that doesn't resize), E_SHAPE (one of
 *          another size than the model's, with approximations) */
TYTO_NODISCARD tyto_status tyto_sight_plan(const tyto_search_job *job, int64_t width_px,
                                           int64_t height_px, tyto_sight *out, tyto_error *err);
/** pixels[3,h,w] of the picture, with room for all of sight->full while it is made. */
TYTO_NODISCARD tyto_status tyto_sight_read(const tyto_search_job *job, const tyto_sight *sight,
                                           const tyto_image *image, float *pixels, tyto_error *err);

/** Runs the network on n photos that it sees in one shape, the first one's tensor holding the data
 *  of all.
 *  patches  receives how many each has; may be NULL
 *  out      [n] */
TYTO_NODISCARD tyto_status tyto_search_run(tyto_search_job *job, const tyto_sight *sights,
                                           int64_t n, int64_t *patches, tyto_detections *out,
                                           tyto_error *err);

/** One picture, read and run by itself. */
TYTO_NODISCARD tyto_status tyto_search_picture(tyto_search_job *job, const tyto_image *image,
                                               int64_t *patches, tyto_detections *out,
                                               tyto_error *err);
/** One picture in tiles. */
TYTO_NODISCARD tyto_status tyto_search_parts(tyto_search_job *job, const tyto_image *image,
                                             tyto_detections *out, tyto_error *err);

#endif
