#include "processors/image/filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* The gaussian is cut at this many sigmas. */
#define TRUNCATE 4.0

int64_t tyto_mirror(int64_t i, int64_t n)
{
    if (n == 1) {
        return 0;
    }
    const int64_t period = 2 * (n - 1);
    i %= period;
    if (i < 0) {
        i += period;
    }
    return i < n ? i : period - i;
}

double tyto_sample_position(int64_t o, int64_t length, int64_t outputs)
{
    const double last = (double)(length - 1),
                 at = fabs(((double)o + 0.5) * ((double)length / (double)outputs) - 0.5);
    if (length == 1) {
        return 0.0;
    }
    return at > last ? 2.0 * last - at : at;
}

double tyto_gaussian_sigma(int64_t length, int64_t outputs)
{
    const double factor = (double)length / (double)outputs;
    return factor > 1.0 ? (factor - 1.0) / 2.0 : 0.0;
}

int64_t tyto_gaussian_radius(double sigma)
{
    return (int64_t)(TRUNCATE * sigma + 0.5);
}

void tyto_gaussian(double sigma, double *kernel)
{
    const int64_t radius = tyto_gaussian_radius(sigma);
    double sum = 0.0;
    for (int64_t i = -radius; i <= radius; i++) {
        kernel[i + radius] = sigma > 0.0 ? exp(-0.5 / (sigma * sigma) * (double)(i * i)) : 1.0;
        sum += kernel[i + radius];
    }
    for (int64_t i = 0; i <= 2 * radius; i++) {
        kernel[i] /= sum;
    }
}

/* Adds share · (gaussian around `centre`) to row[used]. */
static void add_blurred(double *row, int64_t used, int64_t length, int64_t centre, double share,
                        const double *kernel, int64_t radius)
{
    for (int64_t i = -radius; i <= radius; i++) {
        const int64_t at = tyto_mirror(centre + i, length);
        if (at < used) {
            row[at] += share * kernel[i + radius];
        }
    }
}

/* Moves row[lowest … highest] into the filter as output o, and clears it. */
static void keep_row(tyto_filter *filter, int64_t o, double *row, int64_t lowest, int64_t highest)
{
    while (lowest <= highest && row[lowest] == 0.0) {
        lowest++;
    }
    while (highest > lowest && row[highest] == 0.0) {
        highest--;
    }
    filter->first[o] = lowest;
    filter->taps[o] = tyto_max_i64(0, highest - lowest + 1);
    for (int64_t t = 0; t < filter->taps[o]; t++) {
        filter->weights[o * filter->stride + t] = (float)row[lowest + t];
        row[lowest + t] = 0.0;
    }
}

tyto_status tyto_filter_create(int64_t length, int64_t outputs, int64_t used, tyto_filter *out,
                               tyto_error *err)
{
    const double sigma = tyto_gaussian_sigma(length, outputs);
    const int64_t radius = tyto_gaussian_radius(sigma), reach = radius + 2;
    tyto_filter filter = {.outputs = outputs, .stride = tyto_min_i64(2 * reach + 2, used)};
    double *row = tyto_alloc_zeroed((size_t)used, sizeof(*row));
    double *kernel = tyto_alloc((size_t)(2 * radius + 1), sizeof(*kernel));
    filter.first = tyto_alloc_zeroed((size_t)outputs, sizeof(*filter.first));
    filter.taps = tyto_alloc_zeroed((size_t)outputs, sizeof(*filter.taps));
    filter.weights =
        tyto_alloc_zeroed((size_t)outputs, (size_t)filter.stride * sizeof(*filter.weights));
    tyto_status status = TYTO_OK;
    if (!row || !kernel || !filter.first || !filter.taps || !filter.weights) {
        tyto_filter_clear(&filter);
        status = tyto_fail_memory(err, "resize");
        goto cleanup;
    }
    tyto_gaussian(sigma, kernel);
    for (int64_t o = 0; o < outputs; o++) {
        const double at = tyto_sample_position(o, length, outputs);
        const int64_t left = (int64_t)floor(at);
        const double share = at - (double)left;
        add_blurred(row, used, length, left, 1.0 - share, kernel, radius);
        add_blurred(row, used, length, left + 1, share, kernel, radius);
        keep_row(&filter, o, row, tyto_max_i64(0, tyto_min_i64(left - reach, used)),
                 tyto_min_i64(left + reach, used - 1));
    }
    *out = filter;
cleanup:
    free(row);
    free(kernel);
    return status;
}

void tyto_filter_clear(tyto_filter *filter)
{
    free(filter->first);
    free(filter->taps);
    free(filter->weights);
    *filter = (tyto_filter){0};
}
