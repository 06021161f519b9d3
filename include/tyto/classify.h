/** Classifying texts and pictures: preprocess → forward → postprocess, and the classes. */
#ifndef TYTO_CLASSIFY_H
#define TYTO_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/image.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** What makes scores of logits. */
typedef enum tyto_scores {
    TYTO_SCORES_AS_CONFIGURED, /**< by config.json's problem_type: regression gives the values
                                    themselves, several labels or a single class a sigmoid, all else
                                    a softmax */
    TYTO_SCORES_SOFTMAX,
    TYTO_SCORES_SIGMOID,
    TYTO_SCORES_NONE /**< the logits themselves */
} tyto_scores;

/** One class of a text or picture; its name is tyto_model_label(model, label). */
typedef struct tyto_class {
    int64_t label;
    float score, logit;
} tyto_class;

/** Highest score first; ties by label.
 *  memory  items is owned; release with tyto_classes_clear */
typedef struct tyto_classes {
    tyto_class *items;
    size_t count;
} tyto_classes;

TYTO_API void tyto_classes_clear(tyto_classes *classes);

/** logits[classes] to the top_k classes (0: all).
 *  scores  not TYTO_SCORES_AS_CONFIGURED, which only a model can tell
 *  errors  E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_postprocess_classification(const float *logits, int64_t classes, tyto_scores scores,
                                int64_t top_k, tyto_classes *out, tyto_error *err);

/** What a model's classes are of. */
typedef enum tyto_classifies {
    TYTO_CLASSIFIES_NOTHING,
    TYTO_CLASSIFIES_TEXTS,
    TYTO_CLASSIFIES_IMAGES
} tyto_classifies;
/** By its class, or by the preprocessor and decoder that it was composed of. */
TYTO_API tyto_classifies tyto_model_classifies(const tyto_model *model);

typedef struct tyto_classify_options {
    int64_t top_k; /**< 0: all classes */
    tyto_scores scores;
    bool truncation; /**< texts: cut to the model's length, instead of E_LIMIT */
} tyto_classify_options;

/** Classifies texts in one batch. lengths_bytes may be NULL: the texts then end at their NUL.
 *  options may be NULL: zeros.
 *  out     [count]; all filled, or none on failure; release each with tyto_classes_clear
 *  errors  E_ARGUMENT (a model that doesn't classify texts), E_LIMIT (a text of more tokens than
 *  the model takes), those of tyto_forward */
TYTO_API TYTO_NODISCARD tyto_status tyto_classify_texts(tyto_session *session,
                                                        const char *const *texts,
                                                        const size_t *lengths_bytes, size_t count,
                                                        const tyto_classify_options *options,
                                                        tyto_classes *out, tyto_error *err);
/** The same of pictures, which must have one shape after the model's image processor.
 *  errors  E_ARGUMENT (a model that doesn't classify pictures, or has no image processor), E_SHAPE
 *          (pictures of different shapes), those of tyto_image_processor_run and tyto_forward */
TYTO_API TYTO_NODISCARD tyto_status tyto_classify_images(tyto_session *session,
                                                         const tyto_image *images, size_t count,
                                                         const tyto_classify_options *options,
                                                         tyto_classes *out, tyto_error *err);

TYTO_END_DECLS

#endif
