/** One input of a run: a modality, or the only one. */
#ifndef TYTO_MODELS_PERCEIVER_ROWS_INPUT_H
#define TYTO_MODELS_PERCEIVER_ROWS_INPUT_H

#include "models/perceiver/describe/parts.h"
#include "models/perceiver/rows/positions.h"
#include "nn/blocks.h"

/** A row is its content and, beside it or added to it, its position. */
typedef struct tyto_perceiver_input {
    const tyto_perceiver_preprocessor *part; /* NULL: rows are given as they are */
    const void *values;                      /* the caller's */
    int64_t batch, rows;                     /* rows of each batch element */
    int64_t channels;                        /* of a row */
    int64_t content;                         /* of them without position */
    tyto_perceiver_positions positions;
    /* image: content is a block of pixels, or a product of it */
    tyto_blocks blocks;
    int64_t batch_step; /* of values[·,T,C,H,W], every so many batch elements are taken */
    int64_t raw;        /* numbers of a block, when a product makes content of them; or 0 */
    float *maps;        /* [batch,rows,content] of a convolution */
} tyto_perceiver_input;

#endif
