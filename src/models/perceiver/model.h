/** A Perceiver checkpoint: the core, and the parts around it. */
#ifndef TYTO_MODELS_PERCEIVER_MODEL_H
#define TYTO_MODELS_PERCEIVER_MODEL_H

#include "models/architecture.h"
#include "models/perceiver/describe/parts.h"
#include "models/perceiver/folded/fold.h"
#include "models/perceiver/rows/inputs.h"
#include "models/perceiver/rows/mask.h"

/** Rows of inputs or of queries that are made and projected together: enough to fill the matrix
 *  kernels, few enough for scratch to stay small. */
#define TYTO_PERCEIVER_ROWS_TOGETHER 4096

/** A whole checkpoint: immutable once open. */
typedef struct tyto_perceiver {
    tyto_perceiver_config config;
    const char *class_name; /* whose parts these are */
    tyto_perceiver_parts parts;
    int64_t kv_dim; /* channels of the encoder's inputs */
    float *latents; /* [N,D] */
    tyto_perceiver_layer cross;
    tyto_perceiver_layer *layers;              /* of one block, which is run num_blocks times */
    tyto_linear_weights embedding_decoder;     /* masked LM: embeddings as a product, own bias */
    tyto_perceiver_encoder_fold *encoder_fold; /* or NULL */
    tyto_perceiver_decoder_fold *decoder_fold; /* or NULL */
} tyto_perceiver;

/** X(id, class of the reference): the kinds of checkpoints, each with its fixed composition. The
 *  first takes the user's own. */
#define TYTO_PERCEIVER_CLASS_LIST(X)                                                               \
    X(bare, "PerceiverModel")                                                                      \
    X(masked_lm, "PerceiverForMaskedLM")                                                           \
    X(sequence, "PerceiverForSequenceClassification")                                              \
    X(learned, "PerceiverForImageClassificationLearned")                                           \
    X(fourier, "PerceiverForImageClassificationFourier")                                           \
    X(convolution, "PerceiverForImageClassificationConvProcessing")                                \
    X(flow, "PerceiverForOpticalFlow")                                                             \
    X(multimodal, "PerceiverForMultimodalAutoencoding")

/** Each as the runtime's registry takes it. Beside its own head a checkpoint runs PerceiverModel,
 *  without parts, when its inputs have d_model channels. */
#define TYTO_PERCEIVER_DECLARE(id, name)                                                           \
    extern const tyto_architecture tyto_perceiver_##id##_architecture;
TYTO_PERCEIVER_CLASS_LIST(TYTO_PERCEIVER_DECLARE)
#undef TYTO_PERCEIVER_DECLARE

/** Declares hidden_states.i [B,N,D], attentions.i [B,H,N,N] and cross_attentions.0 [B,H,N,rows].
 *  hidden_states  one before each layer and one after each block, so the last of a block and the
 *                 first of the next are the same */
TYTO_NODISCARD tyto_status tyto_perceiver_declare_states(const tyto_perceiver *model, tyto_io *io,
                                                         int64_t batch, int64_t rows);

/** What a run hides from the encoder. */
typedef struct tyto_perceiver_masks {
    tyto_perceiver_mask inputs;
    const float *heads; /* [H] or [layers,H], or NULL */
    bool per_layer;
} tyto_perceiver_masks;

/** Reads attention_mask [B,rows], or [B,N,rows] with one for each latent, and head_mask [H] or
 *  [layers,H], of which a block's layers take the first, as the reference does. */
TYTO_NODISCARD tyto_status tyto_perceiver_masks_read(const tyto_perceiver *model, tyto_io *io,
                                                     const tyto_perceiver_inputs *inputs,
                                                     tyto_perceiver_masks *out);

/** latents[B,N,D] of the inputs. Inputs that an attention_mask [B,rows] hides are left out, which
 *  gives the same numbers.
 *  source  PerceiverEncoder */
TYTO_NODISCARD tyto_status tyto_perceiver_encode(const tyto_perceiver *model, tyto_exec *exec,
                                                 const tyto_io *io,
                                                 const tyto_perceiver_inputs *inputs,
                                                 const tyto_perceiver_masks *masks, float *latents);

/** hidden[N,D] = what the latents gather from batch element b by folded weights, which must be
 * there: to the plain path's numbers but for rounding. For inputs without a mask. */
TYTO_NODISCARD tyto_status tyto_perceiver_encode_folded(const tyto_perceiver *model,
                                                        tyto_exec *exec,
                                                        const tyto_perceiver_inputs *inputs,
                                                        int64_t b, float *hidden);

/** What is decoded: the rows of all queries in order, and where each part of them goes. */
typedef struct tyto_perceiver_query {
    const tyto_perceiver_decoder *part;
    const int64_t *points; /* [rows] or [batch,rows] indices of positions; NULL: all of them */
    bool points_per_batch;
    int64_t rows;
    int64_t channels;                    /* without padding */
    const tyto_perceiver_input *content; /* joined in front; or NULL */
    tyto_perceiver_positions positions;
} tyto_perceiver_query;

typedef struct tyto_perceiver_queries {
    const tyto_perceiver_decoder *decoder;
    const tyto_perceiver_inputs *inputs; /* flow: which are the queries; or NULL */
    tyto_perceiver_query queries[TYTO_PERCEIVER_MODALITIES_MAX];
    int count;
    int64_t rows;
} tyto_perceiver_queries;

/** inputs NULL: not given in this run, latents are. Reads subsampled_output_points [P] or [B,P],
 *  or subsampled_output_points.MODALITY [P].
 *  A multimodal decoder takes all positions of a modality without points; the reference does so
 *  for learned positions, and fails for Fourier features.
 *  errors  E_ARGUMENT (inputs that queries need), E_SHAPE (channels, with both numbers), E_RANGE */
TYTO_NODISCARD tyto_status tyto_perceiver_queries_prepare(const tyto_perceiver_decoder *decoder,
                                                          const tyto_perceiver_inputs *inputs,
                                                          tyto_io *io, int64_t batch,
                                                          tyto_perceiver_queries *out);
/** Fills the tables that queries are made from.
 *  memory  from scratch */
TYTO_NODISCARD tyto_status tyto_perceiver_queries_start(tyto_perceiver_queries *queries,
                                                        tyto_exec *exec);
/** out[n,Q] = queries first … first+n−1 of batch element b. */
TYTO_NODISCARD tyto_status tyto_perceiver_queries_rows(const tyto_perceiver_queries *queries,
                                                       tyto_exec *exec, int64_t b, int64_t first,
                                                       int64_t n, float *out);

/** Part of the decoded rows on its way to an output. */
typedef struct tyto_perceiver_target {
    int64_t first, rows;                /* rows that are needed */
    const tyto_linear_weights *product; /* or NULL: copied */
    float divisor;                      /* of the values */
    float *to;                          /* NULL: nobody asked */
    int64_t each;                       /* floats of a batch element */
} tyto_perceiver_target;

/** Declares logits or logits.MODALITY. Logits that the loss needs and nobody asked for are taken
 *  from scratch.
 *  inputs   NULL when latents are given
 *  targets  [TYTO_PERCEIVER_MODALITIES_MAX], *count of them */
TYTO_NODISCARD tyto_status tyto_perceiver_declare_logits(
    const tyto_perceiver *model, const tyto_perceiver_queries *queries,
    const tyto_perceiver_inputs *inputs, tyto_exec *exec, tyto_io *io, int64_t batch, bool for_loss,
    tyto_perceiver_target *targets, int *count);
/** Declares cross_attentions.1 [B,H,rows,N] of a decoder that attends. */
TYTO_NODISCARD tyto_status tyto_perceiver_declare_queries(const tyto_perceiver *model,
                                                          const tyto_perceiver_queries *queries,
                                                          tyto_io *io, int64_t batch);
/** Decodes what the targets need of latents[B,N,D], which stay as they are. */
TYTO_NODISCARD tyto_status tyto_perceiver_decode(const tyto_perceiver *model,
                                                 const tyto_perceiver_queries *queries,
                                                 tyto_exec *exec, const tyto_io *io, int64_t batch,
                                                 const float *latents,
                                                 const tyto_perceiver_target *targets, int count);

/** True when target i can be decoded by the folded weights, to the plain path's numbers but for
 *  rounding. */
bool tyto_perceiver_decodes_folded(const tyto_perceiver *model,
                                   const tyto_perceiver_queries *queries,
                                   const tyto_perceiver_target *targets, int i);
/** Decodes target i of batch element b that way; kv[N,K+V]: keys and values of the latents. */
TYTO_NODISCARD tyto_status tyto_perceiver_decode_folded(const tyto_perceiver *model,
                                                        const tyto_perceiver_queries *queries,
                                                        tyto_exec *exec, int64_t b, const float *kv,
                                                        const tyto_perceiver_target *targets,
                                                        int i);

/** The input `labels` of a run. */
typedef struct tyto_perceiver_labels {
    tyto_perceiver_problem problem;
    int64_t rows, classes;  /* of the logits */
    const int64_t *classed; /* [rows] classes, −100 ignored; or whole numbers [rows,classes] */
    const float *real;      /* [rows,classes] */
} tyto_perceiver_labels;

/** Reads labels for logits[batch,rows,classes].
 *  problem  single label: [batch·rows] classes as [batch,rows], or as [batch] where rows = 1; the
 *           others: [batch,classes], where one class may be left out as well
 *           (TYTO_PERCEIVER_PROBLEM_BY_LABELS: decided as the reference does) */
TYTO_NODISCARD tyto_status tyto_perceiver_labels_read(tyto_io *io, tyto_perceiver_problem problem,
                                                      int64_t batch, int64_t rows, int64_t classes,
                                                      tyto_perceiver_labels *out);
/** errors  E_RANGE (a class that isn't there) */
TYTO_NODISCARD tyto_status tyto_perceiver_labels_check(const tyto_perceiver_labels *labels,
                                                       tyto_error *err);
/** The mean loss of logits[rows,classes]: cross-entropy over labels that aren't ignored (NaN when
 *  all are), squared error, or binary cross-entropy.
 *  source  CrossEntropyLoss, MSELoss, BCEWithLogitsLoss */
float tyto_perceiver_loss(const tyto_perceiver_labels *labels, const float *logits);

/** Declares a run of the head of that class: reads and checks all inputs, declares all outputs.
 *  *request, in scratch, is for tyto_perceiver_run. */
TYTO_NODISCARD tyto_status tyto_perceiver_declare(const tyto_perceiver *model, const char *head,
                                                  tyto_exec *exec, tyto_io *io, void **request);
/** Computes the outputs that were declared. */
TYTO_NODISCARD tyto_status tyto_perceiver_run(const void *model, tyto_exec *exec, tyto_io *io,
                                              void *request);

#endif
