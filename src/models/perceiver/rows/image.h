/** Pictures and videos as rows. */
#ifndef TYTO_MODELS_PERCEIVER_ROWS_IMAGE_H
#define TYTO_MODELS_PERCEIVER_ROWS_IMAGE_H

#include "models/io.h"
#include "models/perceiver/rows/input.h"

/** Reads and checks pictures [B,C,H,W] or videos [B,T,C,H,W] for an image preprocessor. */
TYTO_NODISCARD tyto_status tyto_perceiver_image_prepare(const tyto_perceiver_preprocessor *part,
                                                        tyto_io *io, const char *name,
                                                        tyto_perceiver_input *out);
/** The convolution of all pictures, where the preprocessor is one.
 *  memory  the maps from scratch */
TYTO_NODISCARD tyto_status tyto_perceiver_image_start(tyto_perceiver_input *input, tyto_exec *exec);
/** out[n,content] = content of rows first … first+n−1 of batch element b, rows `stride` floats
 *  apart. */
TYTO_NODISCARD tyto_status tyto_perceiver_image_content(const tyto_perceiver_input *input,
                                                        tyto_exec *exec, int64_t b, int64_t first,
                                                        int64_t n, float *out, int64_t stride);
/** out[n,raw] = the numbers that a product makes content of. */
TYTO_NODISCARD tyto_status tyto_perceiver_image_raw(const tyto_perceiver_input *input,
                                                    tyto_exec *exec, int64_t b, int64_t first,
                                                    int64_t n, float *out, int64_t stride);

#endif
