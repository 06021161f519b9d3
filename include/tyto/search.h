/** Looking for things in photos, by texts, by examples, or by how much they look like an object. */
#ifndef TYTO_SEARCH_H
#define TYTO_SEARCH_H

#include <tyto/photo.h>
#include <tyto/tiles.h>

TYTO_BEGIN_DECLS

/** What the patches of a photo of another size than the checkpoint's take as their positions. */
typedef enum tyto_positions {
    TYTO_POSITIONS_INTERPOLATED = 0, /**< the checkpoint's grid, resized (bicubic) */
    TYTO_POSITIONS_TRUNCATED = 1     /**< its top left, as it is; for smaller photos only */
} tyto_positions;

/** As a threshold: what the checkpoint recommends for texts, or for examples where the search is
 *  guided (tyto_model_threshold); for objects of any kind TYTO_THRESHOLD_COMMON. */
#define TYTO_THRESHOLD_MODEL (-2.0F)

/** How photos are searched, and what is kept of what is found. */
typedef struct tyto_search_options {
    size_t struct_bytes; /**< set by tyto_search_options_init or its sibling */

    /* What is kept. */
    /** Scores are post-processed as after image queries (tyto_postprocess_image_guided_detection),
     *  instead of as after texts (tyto_postprocess_object_detection). */
    bool guided;
    bool relative_scores;          /**< guided: the photo's best score becomes 1, a tenth of it 0 */
    bool multi_label;              /**< every label above its threshold, not each box's best */
    float threshold;               /**< keep scores > threshold; or TYTO_THRESHOLD_MODEL */
    const float *label_thresholds; /**< one per query, or NULL; they override threshold */
    int64_t n_label_thresholds;    /**< as many as there are queries */
    tyto_boxes boxes;
    tyto_nms nms;
    float nms_iou; /**< boxes that overlap more than this are dropped */
    int64_t top_k; /**< of each photo; 0: all */

    /* Tiles: what is too small for a network that sees the whole photo at once is large enough in
     * a part of it. Of pictures, not of photos that are encoded already. */
    bool tiles;
    bool whole;          /**< search the whole photo at once too, for what is larger than a tile */
    int64_t tile_px;     /**< side; 0: as many as the network sees, so that no pixel is lost */
    double tile_overlap; /**< of neighbours, as a share of the side */
    tyto_merge_rule merge;
    float merge_overlap;

    /* Approximations: less work for each photo, and other numbers than the reference's. Of
     * pictures, not of photos that are encoded already. A detection's patch then counts those that
     * were run: row · patches in a row + column. */
    /** Patches that hold nothing of the photo, only the padding that makes it square, are left
     *  out. A photo of 4:3 has a quarter less of them, one of 16:9 44 % less. */
    bool skip_padding;
    /** Side of the square that photos are resized to, in pixels, a multiple of the model's patches;
     *  0: the processor's. */
    int64_t input_px;
    tyto_positions positions; /**< with input_px */

    const tyto_image_processor *processor; /**< of pictures; NULL: the model's. Borrowed */
    /** Before each part of a photo in tiles (stage "tiles") and each layer; or NULL: as the
     *  session's. */
    tyto_progress_fn progress;
    void *progress_user;
    /** Detections get their embeddings too. E_ARGUMENT of models whose head gives none. */
    bool embeddings;
} tyto_search_options;

/** For texts: the model's threshold, image boxes, no NMS with IoU 0.5 ready, all, best label. No
 *  tiles: those that are switched on are of the network's own size, with a quarter of overlap, and
 *  the whole photo too, merged at seams at 0.5. No approximations. */
TYTO_API void tyto_search_options_init(tyto_search_options *options, size_t struct_bytes);
/** The same for examples: guided, NMS of all at 0.3, relative scores. The reference's threshold
 *  here is 0, which gives boxes in every photo. */
TYTO_API void tyto_search_options_init_guided(tyto_search_options *options, size_t struct_bytes);

/** A photo to search: a picture, or one that is encoded already; the other is NULL. What is encoded
 *  is searched as it is: tiles and approximations are for pictures. */
typedef struct tyto_search_source {
    const tyto_image *image;
    const tyto_photo *photo;
    uint64_t reserved[4]; /**< zeros */
} tyto_search_source;

/** Finds a vocabulary's objects in n photos: preprocess, forward, postprocess.
 *
 *  Pictures that the network sees in one shape run together, some at a time, where nothing of it
 *  shows: each photo's result is, bit for bit, what a call for it alone gives.
 *
 *  In tiles, the parts of a photo run one after the other, and what they show is merged. A photo
 *  that fits one tile gives what it gives without tiles. Suppression (nms) and top_k are applied to
 *  each part and again to the whole; relative scores are relative to the best of all parts; boxes
 *  must be TYTO_BOXES_IMAGE. A detection's patch counts through the parts: the rows of pred_boxes
 *  of the whole photo, if it was searched, then of each tile.
 *
 *  vocabulary  NULL: whatever looks like an object, its score the objectness and its label 0
 *  options     NULL: those for texts
 *  out         [n]; release each with tyto_detections_clear; all empty after an error
 *  memory      pixels and outputs of up to 8 pictures at a time
 *  errors      E_ARGUMENT (a source that is neither or both, options that don't go together, a
 *              model that doesn't search or has no image processor), what tyto_search_check gives,
 *              E_SHAPE, E_LIMIT, E_CANCELLED, E_MEMORY; for several photos the message begins with
 *              the index of the photo at fault, where it is about one
 *  threads     one at a time per session
 *  source      Owlv2ForObjectDetection.forward, .image_guided_detection */
TYTO_API TYTO_NODISCARD tyto_status tyto_search(tyto_session *session,
                                                const tyto_search_source *sources, int64_t n,
                                                const tyto_vocabulary *vocabulary,
                                                const tyto_search_options *options,
                                                tyto_detections *out, tyto_error *err);

/** What is wrong with the model or the options for every picture, before the first one.
 *  errors  E_ARGUMENT (a model that doesn't search or has no image processor, an option that is no
 *          number or below what it can be, an input_px that is no multiple of the
 *          patches), E_UNSUPPORTED (approximations of a model that takes none), E_RANGE (an
 *          input_px below a patch, above the most patches, or, with truncated positions, above the
 *          checkpoint's own size) */
TYTO_API TYTO_NODISCARD tyto_status tyto_search_check(const tyto_session *session,
                                                      const tyto_search_options *options,
                                                      tyto_error *err);

/** The tiles that a search takes for a photo of that size; one where it fits.
 *  errors  E_ARGUMENT (no image processor; side 0 and one that doesn't resize), E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_search_tiles(const tyto_session *session, int64_t width_px,
                                                      int64_t height_px,
                                                      const tyto_search_options *options,
                                                      tyto_tiles *out, tyto_error *err);

/** The threshold that a search takes by these options, NULL being the defaults.
 *  vocabulary  NULL: objects of any kind are searched for */
TYTO_API float tyto_search_threshold(const tyto_session *session, const tyto_vocabulary *vocabulary,
                                     const tyto_search_options *options);

/** Thresholds as people write them: "0.3" for all labels, "LABEL=0.3" for one, which is all of that
 *  name. The last one of a kind counts.
 *  threshold  holds the default; receives what was given for all
 *  out        [n_labels] receives each label's threshold
 *  errors     E_ARGUMENT (no number from 0 to 1, a label that isn't one) */
TYTO_API TYTO_NODISCARD tyto_status tyto_search_thresholds(const char *const *texts,
                                                           int64_t n_texts,
                                                           const char *const *labels,
                                                           int64_t n_labels, float *threshold,
                                                           float *out, tyto_error *err);

TYTO_END_DECLS

#endif
