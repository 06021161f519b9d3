/** Classes: what logits say that a text, a picture or a video is. */
#ifndef TYTO_CLASSES_H
#define TYTO_CLASSES_H

#include <stdint.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** What classes are of. */
typedef enum tyto_classified {
    TYTO_CLASSIFIED_NOTHING = 0,
    TYTO_CLASSIFIED_TEXT = 1,
    TYTO_CLASSIFIED_IMAGE = 2
} tyto_classified;

/** What makes scores of logits. */
typedef enum tyto_scores {
    TYTO_SCORES_AS_CONFIGURED = 0, /**< by config.json's problem_type: regression gives the values
                                        themselves, several labels or a single class a sigmoid, all
                                        else a softmax */
    TYTO_SCORES_SOFTMAX = 1,
    TYTO_SCORES_SIGMOID = 2,
    TYTO_SCORES_NONE = 3 /**< the logits themselves */
} tyto_scores;

/** One class of a text, a picture or a video. */
typedef struct tyto_class {
    int64_t label_index;
    const char *label; /**< tyto_model_label(model, label_index), which lives as the model does;
                            NULL: it has none */
    float score, logit;
    uint64_t reserved[4]; /**< zeros */
} tyto_class;

/** Highest score first; ties by label.
 *  memory  items is owned; release with tyto_classes_clear */
typedef struct tyto_classes {
    tyto_class *items;
    int64_t count;
    uint64_t reserved[4]; /**< 0 */
} tyto_classes;

/** Releases the items and makes the value empty. NULL is fine. */
TYTO_API void tyto_classes_clear(tyto_classes *classes);

/** logits[classes] to the top_k classes (0: all), which have no names.
 *  scores  not TYTO_SCORES_AS_CONFIGURED, which only a model knows
 *  errors  E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_postprocess_classification(const float *logits, int64_t classes, tyto_scores scores,
                                int64_t top_k, tyto_classes *out, tyto_error *err);

/** The scores of each class for each window of a video. Window i begins at i · window_s, and ends
 *  where the next begins, the last one at end_s.
 *  memory  release with tyto_video_classes_clear */
typedef struct tyto_video_classes {
    int64_t n_windows, n_classes;
    float *scores; /**< [n_windows,n_classes]: of each window, their sum is 1 */
    float *mean;   /**< [n_classes]: of the windows */
    double window_s, end_s;
    const char *const *labels; /**< [n_labels] of the first classes, which live as the model does */
    int64_t n_labels;
    uint64_t reserved[4]; /**< 0 */
} tyto_video_classes;

TYTO_API void tyto_video_classes_clear(tyto_video_classes *classes);

/** The top_k classes (0: all) of window i, or of the whole video for −1; their logits are 0.
 *  memory  release *out with tyto_classes_clear
 *  errors  E_RANGE (no such window), E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_video_classes_best(const tyto_video_classes *classes,
                                                            int64_t i, int64_t top_k,
                                                            tyto_classes *out, tyto_error *err);

TYTO_END_DECLS

#endif
