/** The loss of logits beside labels. */
#ifndef TYTO_MODELS_PERCEIVER_PLAIN_LOSS_H
#define TYTO_MODELS_PERCEIVER_PLAIN_LOSS_H

#include "models/io.h"
#include "models/perceiver/describe/config.h"

/** The input `labels` of a run. */
typedef struct tyto_perceiver_labels {
    tyto_perceiver_problem problem;
    int64_t rows, classes;  /* of the logits */
    const int64_t *classed; /* [rows] classes, −100 ignored; or whole numbers [rows,classes] */
    const float *real;      /* [rows,classes] */
} tyto_perceiver_labels;

/** Reads labels for logits[batch,rows,classes].
 *  problem  single label: [batch·rows] classes as [batch,rows], or as [batch] where rows = 1; the
 *           others: [batch,classes], where one class may be left out as well
 *           (TYTO_PERCEIVER_PROBLEM_BY_LABELS: decided as the reference does) */
TYTO_NODISCARD tyto_status tyto_perceiver_labels_read(tyto_io *io, tyto_perceiver_problem problem,
                                                      int64_t batch, int64_t rows, int64_t classes,
                                                      tyto_perceiver_labels *out);
/** errors  E_RANGE (a class that isn't there) */
TYTO_NODISCARD tyto_status tyto_perceiver_labels_check(const tyto_perceiver_labels *labels,
                                                       tyto_error *err);
/** The mean loss of logits[rows,classes]: cross-entropy over labels that aren't ignored (NaN when
 *  all are), squared error, or binary cross-entropy.
 *  source  CrossEntropyLoss, MSELoss, BCEWithLogitsLoss */
float tyto_perceiver_loss(const tyto_perceiver_labels *labels, const float *logits);

#endif
