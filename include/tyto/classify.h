/** Classifying texts and pictures: preprocess → forward → postprocess, and the classes. */
#ifndef TYTO_CLASSIFY_H
#define TYTO_CLASSIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/classes.h>
#include <tyto/image.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** What a model's classes are of. */
typedef enum tyto_classifies {
    TYTO_CLASSIFIES_NOTHING = 0,
    TYTO_CLASSIFIES_TEXTS = 1,
    TYTO_CLASSIFIES_IMAGES = 2
} tyto_classifies;

/** By the model's class, or by the preprocessor and decoder that it was composed of; of NULL,
 *  nothing. Videos are classified by tyto_classify_video of <tyto/autoencode.h>.
 *  threads  any */
TYTO_API tyto_classifies tyto_model_classifies(const tyto_model *model);

typedef struct tyto_classify_options {
    size_t struct_bytes; /**< set by tyto_classify_options_init */
    int64_t top_k;       /**< 0: all classes */
    tyto_scores scores;
    bool truncation; /**< texts: cut to the model's length, instead of E_LIMIT */
    /** Before each layer; or NULL: as the session's. */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_classify_options;

/** All classes, scores as configured, no truncation. */
TYTO_API void tyto_classify_options_init(tyto_classify_options *options, size_t struct_bytes);

/** Classifies texts in one batch.
 *  texts          [count]
 *  lengths_bytes  [count]; NULL: the texts end at their NUL
 *  options        NULL: the defaults
 *  out            [count]; all filled, or none on failure; release each with tyto_classes_clear
 *  errors         E_ARGUMENT (a model that doesn't classify texts), E_LIMIT (a text of more tokens
 *                 than the model takes), E_CANCELLED, those of tyto_forward
 *  threads        one at a time per session */
TYTO_API TYTO_NODISCARD tyto_status tyto_classify_texts(tyto_session *session,
                                                        const char *const *texts,
                                                        const size_t *lengths_bytes, int64_t count,
                                                        const tyto_classify_options *options,
                                                        tyto_classes *out, tyto_error *err);
/** The same of pictures, which must have one shape after the model's image processor.
 *  errors  E_ARGUMENT (a model that doesn't classify pictures, or has no image processor), E_SHAPE
 *          (pictures of different shapes), E_CANCELLED, those of tyto_image_processor_run and
 *          tyto_forward */
TYTO_API TYTO_NODISCARD tyto_status tyto_classify_images(tyto_session *session,
                                                         const tyto_image *images, int64_t count,
                                                         const tyto_classify_options *options,
                                                         tyto_classes *out, tyto_error *err);

TYTO_END_DECLS

#endif
