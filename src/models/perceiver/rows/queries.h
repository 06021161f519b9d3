/** What a decoder decodes: the rows of all its queries, which are made where they are used. */
#ifndef TYTO_MODELS_PERCEIVER_ROWS_QUERIES_H
#define TYTO_MODELS_PERCEIVER_ROWS_QUERIES_H

#include "models/perceiver/rows/inputs.h"

/** The queries of one modality, or all of them. */
typedef struct tyto_perceiver_query {
    const tyto_perceiver_decoder *part;
    const int64_t *points; /* [rows] or [batch,rows] indices of positions; NULL: all of them */
    bool points_per_batch;
    int64_t rows;
    int64_t channels;                    /* without padding */
    const tyto_perceiver_input *content; /* joined in front; or NULL */
    tyto_perceiver_positions positions;
} tyto_perceiver_query;

/** Rows of one modality come after those of the other, in order of their names. */
typedef struct tyto_perceiver_queries {
    const tyto_perceiver_decoder *decoder;
    const tyto_perceiver_inputs *inputs; /* flow: which are the queries; or NULL */
    tyto_perceiver_query *queries;       /* [count], in scratch */
    int count; /* 0: the inputs are the queries, or there is no attention */
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

/** The points of a query's rows from `first` on in batch element b; NULL: rows are positions. */
static inline const int64_t *tyto_perceiver_query_points(const tyto_perceiver_query *query,
                                                         int64_t b, int64_t first)
{
    const int64_t start = query->points_per_batch ? b * query->rows : 0;
    return query->points ? query->points + start + first : NULL;
}

#endif
