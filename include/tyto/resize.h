/** Resizing pictures of any channels and numbers, as the image processors resize theirs. */
#ifndef TYTO_RESIZE_H
#define TYTO_RESIZE_H

#include <tyto/engine.h>
#include <tyto/status.h>
#include <tyto/tensor.h>

TYTO_BEGIN_DECLS

/** Blurs by a gaussian against aliasing, then samples linearly, mirrored at the outer samples; each
 *  pass gives numbers of the picture's type. The result stays within the picture's lowest and
 *  highest number.
 *  shapes   image[H,W,C], out[h,w,C]
 *  sigma    of rows, columns and channels, in samples, 0 or more each; NULL: (H/h − 1)/2 and
 *           (W/w − 1)/2 where that is above 0
 *  types    whole numbers of any size, F32, F64; the same for both
 *  memory   out->data has room for its shape, and aliases nothing
 *  engine   whose threads help; NULL: the caller's alone
 *  errors   E_ARGUMENT, E_SHAPE, E_RANGE (a size outside 1 … 16384, a sigma), E_LIMIT,
 *           E_UNSUPPORTED (another type), E_MEMORY
 *  threads  any
 *  source   Owlv2ImageProcessor.resize */
TYTO_API TYTO_NODISCARD tyto_status tyto_resize_antialiased(const tyto_tensor *image,
                                                            const double *sigma,
                                                            const tyto_engine *engine,
                                                            tyto_tensor *out, tyto_error *err);

/** Resizes as Pillow does, to the bit: grey, grey with alpha, RGB, or RGB with alpha by the number
 *  of channels. Colours are weighted by their alpha, unless the filter is "nearest".
 *  shapes    image[H,W,C] and out[h,w,C] of U8, C from 1 to 4
 *  resample  Pillow's number of a filter, 0 to 5
 *  memory, engine, errors, threads as above    source Image.resize */
TYTO_API TYTO_NODISCARD tyto_status tyto_resize_filtered(const tyto_tensor *image, int resample,
                                                         const tyto_engine *engine,
                                                         tyto_tensor *out, tyto_error *err);

TYTO_END_DECLS

#endif
