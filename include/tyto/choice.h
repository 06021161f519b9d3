/** What a calibration chooses for a product. */
#ifndef TYTO_CHOICE_H
#define TYTO_CHOICE_H

#include <stdbool.h>
#include <stdint.h>
#include <tyto/export.h>

TYTO_BEGIN_DECLS

/** Notes of the products of one model: <tyto/calibrate.h> makes them. */
typedef struct tyto_calibration tyto_calibration;

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

TYTO_END_DECLS

#endif
