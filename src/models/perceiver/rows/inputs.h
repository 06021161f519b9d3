/** The named inputs of a run as rows, which are made where they are used. */
#ifndef TYTO_MODELS_PERCEIVER_ROWS_INPUTS_H
#define TYTO_MODELS_PERCEIVER_ROWS_INPUTS_H

#include "models/io.h"
#include "models/perceiver/rows/input.h"

/** All inputs of a run: rows of one after those of the other, in order of their names. */
typedef struct tyto_perceiver_inputs {
    const tyto_perceiver_preprocessor *part;        /* NULL as above */
    tyto_perceiver_input *inputs;                   /* [count], in scratch */
    uint8_t *masked[TYTO_PERCEIVER_MODALITIES_MAX]; /* [batch,rows] drawn, or NULL */
    bool drawn; /* masks are drawn at random, by a generator that starts at `seed` */
    uint32_t seed;
    int count;
    int64_t batch, rows, channels;
} tyto_perceiver_inputs;

/** Reads and checks the inputs of `part`: `name`, or name.MODALITY of each modality, and
 *  `mask_seed` when a modality is masked at random. d_model: channels without a preprocessor.
 *  memory  out refers to the caller's tensors and to scratch
 *  errors  E_ARGUMENT (a missing modality), E_SHAPE, E_RANGE (an id over the vocabulary) */
TYTO_NODISCARD tyto_status tyto_perceiver_inputs_prepare(const tyto_perceiver_preprocessor *part,
                                                         int64_t d_model, tyto_io *io,
                                                         const char *name,
                                                         tyto_perceiver_inputs *out);
/** Computes what rows are made from, of inputs that were prepared: tables of positions, maps of
 *  convolutions, masks.
 *  memory  all of it from scratch */
TYTO_NODISCARD tyto_status tyto_perceiver_inputs_start(tyto_perceiver_inputs *inputs,
                                                       tyto_exec *exec);
/** out[n,channels] = rows first … first+n−1 of batch element b. */
TYTO_NODISCARD tyto_status tyto_perceiver_inputs_rows(const tyto_perceiver_inputs *inputs,
                                                      tyto_exec *exec, int64_t b, int64_t first,
                                                      int64_t n, float *out);
/** The same of one input without position, padding and mask: out[n,content], rows `stride` floats
 *  apart. */
TYTO_NODISCARD tyto_status tyto_perceiver_input_content(const tyto_perceiver_input *input,
                                                        tyto_exec *exec, int64_t b, int64_t first,
                                                        int64_t n, float *out, int64_t stride);

#endif
