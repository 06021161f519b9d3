/** Evaluation of a model: its detections in annotated photos, and COCO's numbers for them. */
#ifndef TYTO_EVALUATE_H
#define TYTO_EVALUATE_H

#include <tyto/eval.h>
#include <tyto/search.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** What a category's name takes the place of in a prompt. */
#define TYTO_EVALUATE_PLACE "{}"
/** The stage of tyto_progress before each photo. */
#define TYTO_EVALUATE_STAGE "photos"

typedef struct tyto_evaluate_options {
    size_t struct_bytes; /**< set by tyto_evaluate_options_init */
    const char *prompt;  /**< what is looked for, with TYTO_EVALUATE_PLACE in the name's place */
    bool templates;      /**< tyto_embed_options.templates */
    const char *name;    /**< of the annotations, for messages */
    /** Before each photo (stage TYTO_EVALUATE_STAGE, its subject the photo), each part of one in
     *  tiles and each layer; then before each category (stage "categories"). */
    tyto_progress_fn progress;
    void *progress_user;
    tyto_log_fn log; /**< receives an error for each photo that can't be searched, and warnings of
                          what the numbers then mean */
    void *log_user;
    const tyto_image_options *image; /**< how photos are read; NULL: the defaults. Borrowed */
} tyto_evaluate_options;

/** The name alone. struct_bytes: sizeof(tyto_evaluate_options). */
TYTO_API void tyto_evaluate_options_init(tyto_evaluate_options *options, size_t struct_bytes);

/** As COCO is evaluated: the 100 best pairs of box and category of each photo, whatever their
 *  scores; else tyto_search_options_init. */
TYTO_API void tyto_evaluate_search_options_init(tyto_search_options *options, size_t struct_bytes);

/** Logs what of the annotations doesn't count, or counts otherwise than one may think, as
 *  warnings: annotations of what isn't listed, and the id 0.
 *  name  of the annotations; NULL: "annotations" */
TYTO_API void tyto_coco_log_faults(const tyto_coco *truth, const char *name, tyto_log_fn log,
                                   void *log_user);

/** memory  owned; release with tyto_evaluation_clear */
typedef struct tyto_evaluation {
    tyto_coco_results results; /**< what was found, photo by photo */
    tyto_coco_scores scores;
    int64_t photos;
    int64_t unread;  /**< photos that couldn't be read or searched: nothing counts as found in
                              them */
    int64_t turned;  /**< photos that EXIF or XMP says to turn or mirror: whether annotations were
                              made on them as stored decides which tyto_image_exif is right */
    int64_t damaged; /**< photos that were used though they are damaged */
    int64_t other_sizes; /**< photos of another size than the annotations say: boxes may lie
                              elsewhere */
    uint64_t reserved[4];
} tyto_evaluation;

/** Searches every photo of the annotations for all their categories, and scores what is found by
 *  tyto_coco_evaluate. A photo that can't be searched is logged, and counted.
 *  session  NULL: fine where there are no categories, since nothing is searched for
 *  folder   of the photos, which are called as the annotations say
 *  search   NULL: tyto_evaluate_search_options_init's
 *  options  NULL: the defaults
 *  memory   release *out with tyto_evaluation_clear; it is empty after an error
 *  errors   E_ARGUMENT (a model that doesn't search, a prompt without a place), E_FORMAT (an image
 *           without a name), E_CANCELLED, E_MEMORY, and those of tyto_search_check,
 *           tyto_vocabulary_create and tyto_coco_evaluate
 *  threads  one at a time per session */
TYTO_API TYTO_NODISCARD tyto_status tyto_evaluate(tyto_session *session, const tyto_coco *truth,
                                                  const char *folder,
                                                  const tyto_search_options *search,
                                                  const tyto_evaluate_options *options,
                                                  tyto_evaluation *out, tyto_error *err);
/** Scores a "results" file of any detector instead.
 *  listed_only  results of images that the annotations don't list are left out, as when only some
 *               of a file's images take part; else they are refused
 *  memory       release *out with tyto_evaluation_clear; it is empty after an error
 *  options      of which only the progress function counts; NULL: the defaults
 *  errors       those of tyto_coco_results_load and tyto_coco_evaluate
 *  threads      any */
TYTO_API TYTO_NODISCARD tyto_status tyto_evaluate_results(const char *path, const tyto_coco *truth,
                                                          bool listed_only,
                                                          const tyto_evaluate_options *options,
                                                          tyto_evaluation *out, tyto_error *err);
TYTO_API void tyto_evaluation_clear(tyto_evaluation *evaluation);

TYTO_END_DECLS

#endif
