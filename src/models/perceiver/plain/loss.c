#include "models/perceiver/plain/loss.h"

#include <math.h>

#include "base/error.h"

#define LABELS "labels"
/* The class of rows that a loss leaves out. */
#define IGNORED (-100)

tyto_status tyto_perceiver_labels_read(tyto_io *io, tyto_perceiver_problem problem, int64_t batch,
                                       int64_t rows, int64_t classes, tyto_perceiver_labels *out)
{
    const bool whole = tyto_io_is_integer(io, LABELS);
    int rank = tyto_io_rank(io, LABELS) == 1 ? 1 : 2;
    int64_t shape[2] = {batch, rows};
    const void *values;
    if (problem == TYTO_PERCEIVER_PROBLEM_BY_LABELS) {
        problem = classes == 1 ? TYTO_PERCEIVER_REGRESSION
                  : whole      ? TYTO_PERCEIVER_SINGLE_LABEL
                               : TYTO_PERCEIVER_MULTI_LABEL;
    }
    *out = (tyto_perceiver_labels){.problem = problem, .rows = batch * rows, .classes = classes};
    if (problem != TYTO_PERCEIVER_SINGLE_LABEL) {
        shape[1] = classes;
    }
    if (shape[1] != 1) {
        rank = 2;
    }
    /* A squared error takes whole numbers as well; a class is nothing else. */
    const bool classed =
        problem == TYTO_PERCEIVER_SINGLE_LABEL || (problem == TYTO_PERCEIVER_REGRESSION && whole);
    TYTO_TRY(tyto_io_input(io, LABELS, classed ? TYTO_I64 : TYTO_F32, rank, shape, &values));
    if (classed) {
        out->classed = values;
    } else {
        out->real = values;
    }
    return TYTO_OK;
}

/* −log of the softmax's value at `label` */
static double cross_entropy(const float *logits, int64_t classes, int64_t label)
{
    double most = (double)logits[0], sum = 0.0;
    for (int64_t c = 1; c < classes; c++) {
        most = fmax(most, (double)logits[c]);
    }
    for (int64_t c = 0; c < classes; c++) {
        sum += exp((double)logits[c] - most);
    }
    return log(sum) + most - (double)logits[label];
}

tyto_status tyto_perceiver_labels_check(const tyto_perceiver_labels *labels, tyto_error *err)
{
    for (int64_t r = 0; labels->problem == TYTO_PERCEIVER_SINGLE_LABEL && r < labels->rows; r++) {
        const int64_t label = labels->classed[r];
        if (label != IGNORED && (label < 0 || label >= labels->classes)) {
            return tyto_fail(err, TYTO_E_RANGE, "input '%s': got %lld, required 0 to %lld, or %d",
                             LABELS, (long long)label, (long long)labels->classes - 1, IGNORED);
        }
    }
    return TYTO_OK;
}

static float mean_cross_entropy(const tyto_perceiver_labels *labels, const float *logits)
{
    double sum = 0.0;
    int64_t count = 0;
    for (int64_t r = 0; r < labels->rows; r++) {
        const int64_t label = labels->classed[r];
        if (label != IGNORED) {
            sum += cross_entropy(logits + r * labels->classes, labels->classes, label);
            count++;
        }
    }
    return count ? (float)(sum / (double)count) : NAN;
}

float tyto_perceiver_loss(const tyto_perceiver_labels *labels, const float *logits)
{
    const int64_t count = labels->rows * labels->classes;
    double sum = 0.0;
    if (labels->problem == TYTO_PERCEIVER_SINGLE_LABEL) {
        return mean_cross_entropy(labels, logits);
    }
    for (int64_t i = 0; i < count; i++) {
        const double x = (double)logits[i],
                     y = labels->real ? (double)labels->real[i] : (double)labels->classed[i];
        sum += labels->problem == TYTO_PERCEIVER_REGRESSION
                   ? (x - y) * (x - y)
                   : fmax(x, 0.0) - x * y + log1p(exp(-fabs(x)));
    }
    return (float)(sum / (double)count);
}
