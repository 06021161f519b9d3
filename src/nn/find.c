#include "nn/find.h"

#include <math.h>

int64_t tyto_find_largest(int64_t count, const int64_t *x)
{
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++) {
        if (x[i] > x[best]) {
            best = i;
        }
    }
    return best;
}

int64_t tyto_find_outside(int64_t count, const int64_t *x, int64_t end)
{
    for (int64_t i = 0; i < count; i++) {
        if (x[i] < 0 || x[i] >= end) {
            return i;
        }
    }
    return -1;
}

int64_t tyto_find_best(int64_t count, const float *merit, const float *score, float least)
{
    int64_t best = -1;
    float most = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        if (!(score[i] < least) && merit[i] > most) {
            most = merit[i];
            best = i;
        }
    }
    return best;
}

float tyto_largest_positive(int64_t count, const float *x)
{
    float largest = 0.0f;
    for (int64_t i = 0; i < count; i++) {
        largest = fmaxf(largest, x[i]);
    }
    return largest;
}

bool tyto_all_finite(int64_t count, const double *x)
{
    bool finite = true;
    for (int64_t i = 0; finite && i < count; i++) {
        finite = isfinite(x[i]);
    }
    return finite;
}
