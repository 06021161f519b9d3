/** Convolution of pictures, and what follows it in a convolutional stem. */
#ifndef TYTO_NN_CONVOLUTION_H
#define TYTO_NN_CONVOLUTION_H

#include "nn/linear.h"

/** Outputs along an axis of n samples with `padding` zeros at both ends: ⌊(n+2p−k)/s⌋+1, or 0
 *  when the kernel is longer than that. */
int64_t tyto_window_count(int64_t n, int64_t kernel, int64_t stride, int64_t padding);

/** y[OH·OW,out] = the convolution of x[C,H,W] with weight[out,C·k·k], rows of y in reading order,
 *  channels adjacent; k×k kernels, zeros around the picture.
 *  errors  E_SHAPE when the weight doesn't fit or nothing comes out, E_MEMORY */
typedef struct tyto_convolution_args {
    const float *x;
    int64_t channels, height, width;
    int64_t kernel, stride, padding;
    const tyto_packed_matrix *weight;
    const float *bias; /* or NULL */
    float *y;
} tyto_convolution_args;

TYTO_NODISCARD tyto_status tyto_convolution(tyto_exec *exec, const tyto_convolution_args *args);

/** x[rows,channels] = act((x − mean)/√(variance + eps)·gamma + beta), in place, by channel: batch
 *  norm with the statistics of training.
 *  source  Ioffe and Szegedy 2015, algorithm 2 */
typedef struct tyto_batch_norm_args {
    int64_t rows, channels;
    const float *mean, *variance, *gamma, *beta;
    float eps;
    tyto_activation activation;
    float *x;
} tyto_batch_norm_args;

TYTO_NODISCARD tyto_status tyto_batch_norm(tyto_exec *exec, const tyto_batch_norm_args *args);

/** y[OH,OW,C] = the largest of each k×k window of x[H,W,C], without padding.
 *  errors  E_SHAPE when the window is larger than the picture */
TYTO_NODISCARD tyto_status tyto_max_pool(tyto_exec *exec, const float *x, int64_t height,
                                         int64_t width, int64_t channels, int64_t kernel,
                                         int64_t stride, float *y);

#endif
