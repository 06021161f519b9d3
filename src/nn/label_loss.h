/** Losses of logits beside labels: means over what is labelled, in double; and their gradients:
 *  dlogits or dx += slope·∂loss/∂logits or ∂x.
 *  errors  none */
#ifndef TYTO_NN_LABEL_LOSS_H
#define TYTO_NN_LABEL_LOSS_H

#include "nn/exec.h"

/** The mean of −log softmax(logits[r,·])[labels[r]] over rows whose label isn't `ignored`; NaN when
 *  all are. Other labels are classes.
 *  shapes  logits[rows,classes] labels[rows]
 *  source  CrossEntropyLoss of torch */
double tyto_cross_entropy(int64_t rows, int64_t classes, const float *logits, const int64_t *labels,
                          int64_t ignored);
/** (softmax(logits[r,·]) − 1 at labels[r]) / labelled rows; nothing when all are ignored. */
void tyto_cross_entropy_backward(int64_t rows, int64_t classes, const float *logits,
                                 const int64_t *labels, int64_t ignored, double slope,
                                 float *dlogits);
/** The mean of −y·log σ(x) − (1 − y)·log(1 − σ(x)), in a form that doesn't overflow.
 *  source  BCEWithLogitsLoss of torch */
double tyto_binary_cross_entropy(int64_t count, const float *x, const float *y);
/** (σ(x) − y) / count */
void tyto_binary_cross_entropy_backward(int64_t count, const float *x, const float *y, double slope,
                                        float *dx);
/** The mean of (x − y)²; y NULL: whole numbers instead.
 *  source  MSELoss of torch */
double tyto_squared_error(int64_t count, const float *x, const float *y, const int64_t *whole);
/** 2·(x − y) / count */
void tyto_squared_error_backward(int64_t count, const float *x, const float *y,
                                 const int64_t *whole, double slope, float *dx);

#endif
