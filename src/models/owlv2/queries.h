/** What the photos of a detection run are searched for. */
#ifndef TYTO_MODELS_OWLV2_QUERIES_H
#define TYTO_MODELS_OWLV2_QUERIES_H

#include "models/owlv2/model.h"

/** The queries of all photos, one after another: photo b has `count(b)` of them. */
typedef struct tyto_owlv2_queries {
    const tyto_io *io;
    int64_t photos;
    int64_t total;
    int64_t most;   /* of any photo */
    bool ragged;    /* input queries_per_image was given */
    bool from_text; /* input_ids rather than text_embeds were given */
    int64_t tokens; /* per text */
    float *embeds;  /* [total,E]: projected, of length 1 */
} tyto_owlv2_queries;

int64_t tyto_owlv2_query_count(const tyto_owlv2_queries *queries, int64_t photo);
/** False for a padded query: its text begins with id 0. i counts over all photos. */
bool tyto_owlv2_query_valid(const tyto_owlv2_queries *queries, int64_t i);

/** Reads the queries of `photos` photos and encodes their texts.
 *  inputs   input_ids[N,tokens] with attention_mask[N,tokens], or text_embeds[N,E]; N is photos
 *           times the queries of each, or the sum of queries_per_image[photos]. Without any of
 *           them there are 0 queries, when no wanted output depends on queries
 *  outputs  text_embeds[photos,most,E], text_model_output.* */
TYTO_NODISCARD tyto_status tyto_owlv2_queries_forward(const tyto_owlv2 *model, tyto_exec *exec,
                                                      tyto_io *io, int64_t photos,
                                                      tyto_owlv2_queries *out);

#endif
