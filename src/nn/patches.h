#ifndef TYTO_NN_PATCHES_H
#define TYTO_NN_PATCHES_H
#include "nn/exec.h"
TYTO_NODISCARD tyto_status tyto_patches(tyto_exec *exec, const float *pixels, int64_t C, int64_t H, int64_t W, int64_t P, float *columns);
#endif
