#include "nn/label_loss.h"

#include <math.h>

/* −log of the softmax's value at `label` */
static double row_cross_entropy(int64_t classes, const float *logits, int64_t label)
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

float tyto_cross_entropy(int64_t rows, int64_t classes, const float *logits, const int64_t *labels,
                         int64_t ignored)
{
    double sum = 0.0;
    int64_t count = 0;
    for (int64_t r = 0; r < rows; r++) {
        if (labels[r] != ignored) {
            sum += row_cross_entropy(classes, logits + r * classes, labels[r]);
            count++;
        }
    }
    return count ? (float)(sum / (double)count) : NAN;
}

float tyto_binary_cross_entropy(int64_t count, const float *x, const float *y)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++) {
        const double logit = (double)x[i];
        sum += fmax(logit, 0.0) - logit * (double)y[i] + log1p(exp(-fabs(logit)));
    }
    return (float)(sum / (double)count);
}

float tyto_squared_error(int64_t count, const float *x, const float *y, const int64_t *whole)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++) {
        const double off = (double)x[i] - (y ? (double)y[i] : (double)whole[i]);
        sum += off * off;
    }
    return (float)(sum / (double)count);
}
