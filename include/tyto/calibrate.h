/** Calibration: records the inputs of a model's matrix products while it runs on a user's data, and
 *  chooses which of the products may be computed in int8. */
#ifndef TYTO_CALIBRATE_H
#define TYTO_CALIBRATE_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/choice.h>
#include <tyto/files.h>
#include <tyto/image.h>
#include <tyto/progress.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** Notes with nothing in them yet. They belong to one thread at a time; the model must outlive
 *  them.
 *  errors  E_ARGUMENT (a model that does not compute in fp32), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_calibration_create(const tyto_model *model,
                                                            tyto_calibration **out,
                                                            tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_calibration_destroy(tyto_calibration *calibration);

/** From now on, notes are taken of what the session runs; NULL: no more.
 *  session  of the calibration's model
 *  errors   E_ARGUMENT (NULL; a session of another model) */
TYTO_API TYTO_NODISCARD tyto_status tyto_session_calibrate(tyto_session *session,
                                                           tyto_calibration *calibration,
                                                           tyto_error *err);

typedef struct tyto_calibration_options {
    size_t struct_bytes;   /**< set by tyto_calibration_options_init */
    tyto_choice_fn report; /**< receives what is chosen; NULL: nobody */
    void *report_user;
    /** Before each input (stage "calibration", its subject the photo or text), each layer that runs
     *  on it, and each choice (stage "choices", its subject the product). */
    tyto_progress_fn progress;
    void *progress_user;
    const tyto_image_options *image; /**< how photos are read; NULL: the defaults. Borrowed */
} tyto_calibration_options;

/** All defaults: no report, no progress. struct_bytes: sizeof(tyto_calibration_options). */
TYTO_API void tyto_calibration_options_init(tyto_calibration_options *options, size_t struct_bytes);

/** What a model is calibrated on.
 *  memory  owned; release with tyto_calibration_samples_clear */
typedef struct tyto_calibration_samples {
    tyto_file_list photos, texts;
    int64_t failed; /**< places that hold nothing, or couldn't be read */
    uint64_t reserved[4];
} tyto_calibration_samples;

/** The photos and texts that places mean: photos, folders and patterns as tyto_file_list_make takes
 *  them, and files that end in .txt, with a text in each line. A place that holds nothing is
 *  logged, counted, and doesn't keep the others from being listed.
 *  places   [count]
 *  options  NULL: the defaults
 *  errors   E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_calibration_samples_list(
    const char *const *places, int64_t count, const tyto_file_list_options *options,
    tyto_calibration_samples *out, tyto_error *err);
TYTO_API void tyto_calibration_samples_clear(tyto_calibration_samples *samples);

/** Takes notes of what the model does with photos and texts, as its task is: it searches the photos
 *  for the texts (or, without any, for common things) and for objects of any kind, classifies
 *  either, or fills in a masked part of each text.
 *  session  of the calibration's model
 *  photos   [n_photos] paths; "-" is standard input
 *  texts    [n_texts]
 *  errors   E_ARGUMENT (a model that has no use for them), and those of reading and running; the
 *           first one ends the run
 *  threads  one at a time per session and calibration */
TYTO_API TYTO_NODISCARD tyto_status
tyto_calibration_run(tyto_calibration *calibration, tyto_session *session,
                     const char *const *photos, int64_t n_photos, const char *const *texts,
                     int64_t n_texts, const tyto_calibration_options *options, tyto_error *err);

/** Chooses for each product, by the error on its own inputs, and writes the choices to a file:
 *  int8.safetensors in a checkpoint's folder is what tyto_model_open reads for int8. Without a
 *  file, tyto_model_open_options.calibration opens a model with the same choices.
 *  options  NULL: the defaults
 *  errors   E_IO, E_NOT_FOUND, E_CANCELLED, E_MEMORY
 *  source   SmoothQuant (Xiao et al. 2023) for what smoothing is */
TYTO_API TYTO_NODISCARD tyto_status tyto_calibration_save(const tyto_calibration *calibration,
                                                          const char *path,
                                                          const tyto_calibration_options *options,
                                                          tyto_error *err);

TYTO_END_DECLS

#endif
