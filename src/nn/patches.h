/** Pictures as rows of patches. */
#ifndef TYTO_NN_PATCHES_H
#define TYTO_NN_PATCHES_H

#include "nn/exec.h"

/** rows[⌊H/P⌋·⌊W/P⌋, C·P·P] from pixels[C,H,W]: patches in reading order, each channel by channel,
 *  so that a convolution with stride P is a product. Pixels beyond the last whole patch are not
 *  used. */
TYTO_NODISCARD tyto_status tyto_patches(tyto_exec *exec, const float *pixels, int64_t channels,
                                        int64_t height, int64_t width, int64_t patch, float *rows);

#endif
