/** What the photos of a detection run are searched for. */
#ifndef TYTO_MODELS_OWLV2_QUERIES_H
#define TYTO_MODELS_OWLV2_QUERIES_H

#include "models/owlv2/towers.h"

/** The queries of all photos, one after another: photo b has `counts[b]` of them. */
typedef struct tyto_owlv2_queries {
    int64_t photos;
    int64_t total;
    int64_t most;          /* of any photo */
    const int64_t *counts; /* [photos] */
    const uint8_t *valid;  /* [photos,most]: 0 where there is none, and for one that is padding: its
                              text begins with id 0 */
    tyto_owlv2_texts texts; /* n is 0 when embeddings were given */
    const float *given;     /* [total,E]: those, or NULL */
    float *text_embeds;     /* the output [photos,most,E], or NULL */
} tyto_owlv2_queries;

/** Reads the queries of `photos` photos.
 *  inputs   input_ids[N,tokens] with attention_mask[N,tokens], or text_embeds[N,E]; N is photos
 *           times the queries of each, or the sum of queries_per_image[photos]. Without any of
 *           them there are 0 queries, when no wanted output depends on queries
 *  outputs  text_embeds[photos,most,E], text_model_output.* */
TYTO_NODISCARD tyto_status tyto_owlv2_queries_declare(const tyto_owlv2 *model, tyto_exec *exec,
                                                      tyto_io *io, int64_t photos,
                                                      tyto_owlv2_queries *out);
/** unit[total,E] = the queries' embeddings at length 1, and the outputs. */
TYTO_NODISCARD tyto_status tyto_owlv2_queries_run(const tyto_owlv2 *model, tyto_exec *exec,
                                                  const tyto_owlv2_queries *queries, float *unit);

#endif
