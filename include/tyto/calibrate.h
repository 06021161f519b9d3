/** Calibration: records the inputs of a model's matrix products while it runs on a user's data, and
 *  chooses which of the products may be computed in int8. */
#ifndef TYTO_CALIBRATE_H
#define TYTO_CALIBRATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/progress.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** Notes of the products of one model. Belongs to one thread at a time; the model must outlive it.
 */
typedef struct tyto_calibration tyto_calibration;

/** Notes with nothing in them yet.
 *  errors  E_ARGUMENT (a model that does not compute in fp32), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_calibration_create(const tyto_model *model,
                                                            tyto_calibration **out,
                                                            tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_calibration_destroy(tyto_calibration *calibration);

/** From now on, notes are taken of what the session runs; NULL: no more.
 *  session  of the calibration's model */
TYTO_API void tyto_session_calibrate(tyto_session *session, tyto_calibration *calibration);

/** What was chosen for a product. */
typedef struct tyto_choice {
    const char *name; /**< of its weight; of the first, when several are one product */
    int64_t index, count;
    int64_t rows;   /**< of inputs that it was given; without any it is chosen as any other */
    double plain;   /**< |y − y8|/|y| without smoothing, on a sample of them; 0 without any */
    double error;   /**< the same as chosen */
    float strength; /**< of the smoothing: 0, none, to 1, all unevenness goes to the weights */
    bool bf16;      /**< it stays in bf16: the error would be more than TYTO_CHOICE_ERROR_MAX */
    uint64_t reserved[4];
} tyto_choice;

/** Products whose relative error is larger stay in bf16. Those of the model that comes with tyto
 *  have 0.003 to 0.014, and it keeps its AP within 0.2 points; with twice as much it loses 0.8. */
#define TYTO_CHOICE_ERROR_MAX 0.02

/** Receives each choice as it is made. */
typedef void (*tyto_choice_fn)(void *user, const tyto_choice *choice);

typedef struct tyto_calibration_options {
    size_t struct_bytes;   /**< set by tyto_calibration_options_init */
    tyto_choice_fn report; /**< receives what is chosen; NULL: nobody */
    void *report_user;
    /** Before each input (stage "calibration", its subject the photo or text), each layer that runs
     *  on it, and each choice (stage "choices", its subject the product). */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_calibration_options;

/** All defaults: no report, no progress. struct_bytes: sizeof(tyto_calibration_options). */
TYTO_API void tyto_calibration_options_init(tyto_calibration_options *options, size_t struct_bytes);

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
 *  int8.safetensors in a checkpoint's folder is what tyto_model_open reads for int8.
 *  options  NULL: the defaults
 *  errors   E_IO, E_NOT_FOUND, E_CANCELLED, E_MEMORY
 *  source   SmoothQuant (Xiao et al. 2023) for what smoothing is */
TYTO_API TYTO_NODISCARD tyto_status tyto_calibration_save(const tyto_calibration *calibration,
                                                          const char *path,
                                                          const tyto_calibration_options *options,
                                                          tyto_error *err);

/** tyto_model_open for int8, with the choices of a calibration of the same checkpoint instead of
 *  those beside its weights: what tyto_model_pack may then write.
 *  engine   of precision int8
 *  options  NULL: the defaults
 *  errors   as tyto_model_open; E_CANCELLED */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_open_calibrated(
    tyto_engine *engine, const char *path, const tyto_calibration *calibration,
    const tyto_calibration_options *options, tyto_model **out, tyto_error *err);

TYTO_END_DECLS

#endif
