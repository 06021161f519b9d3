/** Preprocessors at work: the named inputs of a run as rows, made where they are used. */
#ifndef TYTO_MODELS_PERCEIVER_INPUTS_H
#define TYTO_MODELS_PERCEIVER_INPUTS_H

#include "models/io.h"
#include "models/perceiver/describe/parts.h"

/** One modality, or the only one. */
typedef struct tyto_perceiver_input {
    const tyto_perceiver_preprocessor *part; /* NULL: rows are given as they are */
    const void *values;
    int64_t batch, rows;       /* rows of each batch element */
    int64_t channels, content; /* of a row; of it without position */
    /* image: what of values[·,T,C,H,W] makes a row, in steps and blocks */
    int64_t frames, planes, height, width;
    int64_t batch_step, frame_step, plane_step, space_step, frame_block, space_block;
    int64_t grid[3]; /* frames, lines, columns of rows */
    int64_t raw;     /* values of a row before a product, when there is one */
    float *maps;     /* [batch,rows,content] of a convolution */
    tyto_perceiver_positions positions;
} tyto_perceiver_input;

/** All inputs of a run: rows of one after those of the other, in order of their names. */
typedef struct tyto_perceiver_inputs {
    const tyto_perceiver_preprocessor *part; /* NULL as above */
    tyto_perceiver_input inputs[TYTO_PERCEIVER_MODALITIES_MAX];
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
/** The same of one modality without position, padding and mask: out[n,content], rows `stride`
 *  floats apart. */
TYTO_NODISCARD tyto_status tyto_perceiver_input_content(const tyto_perceiver_input *input,
                                                        tyto_exec *exec, int64_t b, int64_t first,
                                                        int64_t n, float *out, int64_t stride);

/* For inputs.c: an image's part, in image.c. */
TYTO_NODISCARD tyto_status tyto_perceiver_image_prepare(const tyto_perceiver_preprocessor *part,
                                                        tyto_io *io, const char *name,
                                                        tyto_perceiver_input *out);
TYTO_NODISCARD tyto_status tyto_perceiver_image_start(tyto_perceiver_input *input, tyto_exec *exec);
TYTO_NODISCARD tyto_status tyto_perceiver_image_content(const tyto_perceiver_input *input,
                                                        tyto_exec *exec, int64_t b, int64_t first,
                                                        int64_t n, float *out, int64_t stride);
/** The values that a product makes content of, input->raw of them in each row. */
TYTO_NODISCARD tyto_status tyto_perceiver_image_raw(const tyto_perceiver_input *input,
                                                    tyto_exec *exec, int64_t b, int64_t first,
                                                    int64_t n, float *out, int64_t stride);

/** masked[count]: 1 with that probability, drawn by the generator that `seed` started. The
 *  reference's numbers: torch.bernoulli after torch.manual_seed.
 *  source  Matsumoto and Nishimura 1998 */
typedef struct tyto_perceiver_random {
    uint32_t state[624];
    int at;
} tyto_perceiver_random;
void tyto_perceiver_random_seed(tyto_perceiver_random *random, uint32_t seed);
void tyto_perceiver_random_mask(tyto_perceiver_random *random, double probability, int64_t count,
                                uint8_t *masked);

#endif
