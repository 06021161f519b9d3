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

/** What a model's classes are of: by its class, or by the preprocessor and decoder that it was
 *  composed of; of NULL, nothing. Videos are classified by tyto_classify_video of
 *  <tyto/autoencode.h>.
 *  threads  any */
TYTO_API tyto_classified tyto_model_classifies(const tyto_model *model);

typedef struct tyto_classify_options {
    size_t struct_bytes; /**< set by tyto_classify_options_init */
    int64_t top_k;       /**< 0: all classes */
    tyto_scores scores;
    bool truncation; /**< texts: cut to the model's length, instead of E_LIMIT */
    /** Before each layer; or NULL: as the session's. */
    tyto_progress_fn progress;
    void *progress_user;
    int64_t batch; /**< tyto_classify_inputs: how many go through the network together, at most;
                        1 … TYTO_CLASSIFY_BATCH_MAX */
    const tyto_image_options *image; /**< tyto_classify_inputs: how photos are read; NULL: the
                                          defaults. Borrowed */
    const bool *done; /**< tyto_classify_inputs: [count] which are left out, as an earlier run has
                           done them; NULL: none. Borrowed */
} tyto_classify_options;

/** Most inputs of a batch. */
#define TYTO_CLASSIFY_BATCH_MAX 256

/** All classes, scores as configured, no truncation, batches of 8. */
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

/** Receives the classes of input i, or NULL and why it has none. Returning false stops the call.
 *  memory  both are borrowed for the time of the call */
typedef bool (*tyto_classes_fn)(void *user, int64_t i, const tyto_classes *classes,
                                const tyto_error *failure);

/** Classifies any number of inputs, batch by batch: what the model classifies, texts or the paths
 *  of photos ("-": standard input), which are read ahead. What is wrong with one input keeps no
 *  other from its classes: `each` receives them in order, but for photos that can't be read, of
 *  which it hears as soon as they are tried.
 *
 *  Before each input, progress has the stage "inputs" with the input as subject.
 *  inputs   [count]
 *  options  NULL: the defaults
 *  errors   E_ARGUMENT (a model that classifies neither, or photos without image processor),
 *           E_RANGE (batch), E_CANCELLED (by progress, or by `each`), E_MEMORY
 *  threads  one at a time per session */
TYTO_API TYTO_NODISCARD tyto_status tyto_classify_inputs(tyto_session *session,
                                                         const char *const *inputs, int64_t count,
                                                         const tyto_classify_options *options,
                                                         tyto_classes_fn each, void *user,
                                                         tyto_error *err);

TYTO_END_DECLS

#endif
