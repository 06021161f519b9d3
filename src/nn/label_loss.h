/** Losses of logits beside labels: means over what is labelled, summed in double.
 *  errors  none */
#ifndef TYTO_NN_LABEL_LOSS_H
#define TYTO_NN_LABEL_LOSS_H

#include "nn/exec.h"

/** The mean of −log softmax(logits[r,·])[labels[r]] over rows whose label isn't `ignored`; NaN when
 *  all are. Other labels are classes.
 *  shapes  logits[rows,classes] labels[rows]
 *  source  CrossEntropyLoss of torch */
float tyto_cross_entropy(int64_t rows, int64_t classes, const float *logits, const int64_t *labels,
                         int64_t ignored);
/** The mean of −y·log σ(x) − (1 − y)·log(1 − σ(x)), in a form that doesn't overflow.
 *  source  BCEWithLogitsLoss of torch */
float tyto_binary_cross_entropy(int64_t count, const float *x, const float *y);
/** The mean of (x − y)²; y NULL: whole numbers instead.
 *  source  MSELoss of torch */
float tyto_squared_error(int64_t count, const float *x, const float *y, const int64_t *whole);

#endif
