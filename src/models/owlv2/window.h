/** Which part of a grid of patches a run looks at, and the positions of its patches. */
#ifndef TYTO_MODELS_OWLV2_WINDOW_H
#define TYTO_MODELS_OWLV2_WINDOW_H

#include "models/io.h"
#include "models/owlv2/config.h"
#include "nn/exec.h"

/** Most patches along a side. */
#define TYTO_OWLV2_GRID_MAX 1024

/** The top left of a whole picture's grid, in patches. */
typedef struct tyto_owlv2_window {
    int64_t rows, columns;           /* that are there */
    int64_t grid_rows, grid_columns; /* of the whole picture */
    bool interpolated;               /* its positions are the model's grid, resized; else the top
                                        left of it */
} tyto_owlv2_window;

/** All that the model has positions for. */
tyto_owlv2_window tyto_owlv2_window_whole(const tyto_owlv2_vision_config *config);
static inline int64_t tyto_owlv2_window_patches(const tyto_owlv2_window *window)
{
    return window->rows * window->columns;
}

/** The window that pictures of height × width pixels are, by two further inputs, which both may be
 *  absent: `patch_grid` [2], rows and columns of the whole picture that they are the top left of;
 *  `interpolate_pos_encoding`, a truth value.
 *  name     the pictures', for messages
 *  windows  false: those inputs aren't read
 *  errors   E_SHAPE (no whole patch, more patches than the grid, a grid beyond the model's that
 *           isn't interpolated; without both inputs another number of patches than the model's) */
TYTO_NODISCARD tyto_status tyto_owlv2_window_read(const tyto_owlv2_vision_config *config,
                                                  tyto_io *io, const char *name, bool windows,
                                                  int64_t height, int64_t width,
                                                  tyto_owlv2_window *out);

/** out[rows·columns,D]: the window's positions of embedding[1+G²,D]. Interpolation is bicubic, the
 *  centres of the outer patches apart as before, edges repeated.
 *  source  interpolate_pos_encoding of later versions of the reference; torch's interpolate */
TYTO_NODISCARD tyto_status tyto_owlv2_positions(const tyto_owlv2_vision_config *config,
                                                tyto_exec *exec, const float *embedding,
                                                const tyto_owlv2_window *window, float *out);

#endif
