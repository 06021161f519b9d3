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

double tyto_cross_entropy(int64_t rows, int64_t classes, const float *logits, const int64_t *labels,
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
    return count ? sum / (double)count : NAN;
}

void tyto_cross_entropy_backward(int64_t rows, int64_t classes, const float *logits,
                                 const int64_t *labels, int64_t ignored, double slope,
                                 float *dlogits)
{
    int64_t count = 0;
    for (int64_t r = 0; r < rows; r++) {
        count += labels[r] != ignored;
    }
    for (int64_t r = 0; r < rows; r++) {
        for (int64_t c = 0; labels[r] != ignored && c < classes; c++) {
            const double weight = exp(-row_cross_entropy(classes, logits + r * classes, c));
            dlogits[r * classes + c] +=
                (float)(slope * (weight - (c == labels[r] ? 1.0 : 0.0)) / (double)count);
        }
    }
}

double tyto_binary_cross_entropy(int64_t count, const float *x, const float *y)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++) {
        const double logit = (double)x[i];
        sum += fmax(logit, 0.0) - logit * (double)y[i] + log1p(exp(-fabs(logit)));
    }
    return sum / (double)count;
}

void tyto_binary_cross_entropy_backward(int64_t count, const float *x, const float *y, double slope,
                                        float *dx)
{
    for (int64_t i = 0; i < count; i++) {
        const double there = 1.0 / (1.0 + exp(-(double)x[i]));
        dx[i] += (float)(slope * (there - (double)y[i]) / (double)count);
    }
}

static double difference(const float *x, const float *y, const int64_t *whole, int64_t i)
{
    return (double)x[i] - (y ? (double)y[i] : (double)whole[i]);
}

double tyto_squared_error(int64_t count, const float *x, const float *y, const int64_t *whole)
{
    double sum = 0.0;
    for (int64_t i = 0; i < count; i++) {
        const double off = difference(x, y, whole, i);
        sum += off * off;
    }
    return sum / (double)count;
}

void tyto_squared_error_backward(int64_t count, const float *x, const float *y,
                                 const int64_t *whole, double slope, float *dx)
{
    for (int64_t i = 0; i < count; i++) {
        dx[i] += (float)(2.0 * slope * difference(x, y, whole, i) / (double)count);
    }
}
