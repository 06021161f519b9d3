#include "models/perceiver/plain/loss.h"

#include "base/error.h"
#include "nn/label_loss.h"

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

float tyto_perceiver_loss(const tyto_perceiver_labels *labels, const float *logits)
{
    const int64_t count = labels->rows * labels->classes;
    switch (labels->problem) {
    case TYTO_PERCEIVER_SINGLE_LABEL:
        return (float)tyto_cross_entropy(labels->rows, labels->classes, logits, labels->classed,
                                         IGNORED);
    case TYTO_PERCEIVER_REGRESSION:
        return (float)tyto_squared_error(count, logits, labels->real, labels->classed);
    default:
        return (float)tyto_binary_cross_entropy(count, logits, labels->real);
    }
}
