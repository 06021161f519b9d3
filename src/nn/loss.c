#include "nn/loss.h"

#include <math.h>

/* −log softmax of logits[0], logits[stride], … at index `target` */
static double cross_entropy(const float *logits, int64_t n, int64_t stride, int64_t target)
{
    double most = -INFINITY, sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        most = fmax(most, (double)logits[i * stride]);
    }
    for (int64_t i = 0; i < n; i++) {
        sum += exp((double)logits[i * stride] - most);
    }
    return log(sum) + most - (double)logits[target * stride];
}

tyto_status tyto_contrastive_loss(tyto_exec *exec, int64_t n, const float *logits, float *loss)
{
    (void)exec;
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        sum += cross_entropy(logits + i * n, n, 1, i);
        sum += cross_entropy(logits + i, n, n, i);
    }
    *loss = (float)(sum / (2.0 * (double)n));
    return TYTO_OK;
}

void tyto_contrastive_loss_backward(int64_t n, const float *logits, double slope, float *dlogits)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t j = 0; j < n; j++) {
            const double of_row = exp(-cross_entropy(logits + i * n, n, 1, j)),
                         of_column = exp(-cross_entropy(logits + j, n, n, i));
            dlogits[i * n + j] +=
                (float)(slope * (of_row + of_column - (i == j ? 2.0 : 0.0)) / (2.0 * (double)n));
        }
    }
}
