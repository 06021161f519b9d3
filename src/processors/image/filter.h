/** Resizing as one banded filter along an axis. */
#ifndef TYTO_PROCESSORS_IMAGE_FILTER_H
#define TYTO_PROCESSORS_IMAGE_FILTER_H

#include <stdint.h>
#include <tyto/status.h>

/** Output o is the sum over t < taps[o] of weights[o·stride + t] · input[first[o] + t]. */
typedef struct tyto_filter {
    int64_t outputs, stride;
    int64_t *first, *taps;
    float *weights;
} tyto_filter;

/** The filter that takes `length` samples to `outputs`: a gaussian of sigma (length/outputs − 1)/2
 *  when that shrinks, cut at four sigmas, then linear sampling at pixel centres, both mirrored at
 *  the outer samples. Only weights of the first `used` inputs are kept: the others are known to
 *  be 0.
 *  memory  release with tyto_filter_clear
 *  source  Owlv2ImageProcessor.resize: scipy's gaussian_filter and zoom */
TYTO_NODISCARD tyto_status tyto_filter_create(int64_t length, int64_t outputs, int64_t used,
                                              tyto_filter *out, tyto_error *err);
void tyto_filter_clear(tyto_filter *filter);

/** Of the gaussian for `length` samples to `outputs`; 0 when nothing shrinks. */
double tyto_gaussian_sigma(int64_t length, int64_t outputs);
/** Half the width of a gaussian. */
int64_t tyto_gaussian_radius(double sigma);
/** kernel[2·radius + 1] of a gaussian, with sum 1. */
void tyto_gaussian(double sigma, double *kernel);
/** Index i of a signal of n samples that is mirrored about its first and last sample. */
int64_t tyto_mirror(int64_t i, int64_t n);
/** Where output o of `outputs` lies among `length` samples, mirrored into them. */
double tyto_sample_position(int64_t o, int64_t length, int64_t outputs);

#endif
