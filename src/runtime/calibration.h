/** What a model's products are given while it runs, and how well whole numbers serve each. */
#ifndef TYTO_RUNTIME_CALIBRATION_H
#define TYTO_RUNTIME_CALIBRATION_H

#include <tyto/calibrate.h>

#include "nn/linear.h"

/** Rows of x that are kept of a product, a fair sample of all. */
#define TYTO_CALIBRATION_ROWS 64

/** A product and what it was given. */
typedef struct tyto_calibration_site {
    const char *name;
    const tyto_packed_matrix *weight; /* of floats */
    float *most;                      /* [k] largest magnitude of each channel */
    float *rows;                      /* [kept,k] */
    int64_t kept, seen;
} tyto_calibration_site;

/** Takes notes of every product that is one of its sites. */
struct tyto_calibration {
    const struct tyto_model *model;
    tyto_calibration_site *sites;
    size_t count;
    uint64_t random;
    const tyto_kernels *kernels;
    tyto_pool *pool;
    tyto_product_observer observer; /* of sessions: tyto_calibration_note */
};

/** What was chosen, as the file of choices has it: names and data are owned. */
typedef struct tyto_choices {
    tyto_tensor *tensors;
    size_t count;
} tyto_choices;

/** Chooses for each product.
 *  memory  clear *out whatever the status
 *  errors  E_CANCELLED, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_calibration_choose(const tyto_calibration *calibration,
                                                   const tyto_calibration_options *options,
                                                   tyto_choices *out, tyto_error *err);
void tyto_choices_clear(tyto_choices *made);

/** A site over a named product.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_calibration_site_init(tyto_calibration_site *site, const char *name,
                                                      const tyto_packed_matrix *weight,
                                                      tyto_error *err);
void tyto_calibration_site_clear(tyto_calibration_site *site);

/** x[rows,k] goes into the product with that weight; user: the calibration. */
void tyto_calibration_note(void *user, const tyto_packed_matrix *weight, const float *x,
                           int64_t ldx, int64_t rows);

/** factors[k] that even out what x and w have in channels that stand out: w's share of the
 *  unevenness grows with `strength`, 0 … 1. w at all: one of 1.
 *  source  SmoothQuant (Xiao et al. 2023), whose s is 1/factor */
void tyto_calibration_smooth(const tyto_calibration_site *site, float strength, float *factors);

/** *error = |y − y₈|/|y| over the kept rows, where y₈ is the product in whole numbers, smoothed by
 *  factors[k] or, when NULL, not.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_calibration_error(const tyto_calibration_site *site,
                                                  const tyto_kernels *kernels, tyto_pool *pool,
                                                  const float *factors, double *error,
                                                  tyto_error *err);

#endif
