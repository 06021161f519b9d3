/** Texts and pictures as vectors of one space. */
#ifndef TYTO_MODELS_OWLV2_CONTRASTIVE_H
#define TYTO_MODELS_OWLV2_CONTRASTIVE_H

#include "models/owlv2/model.h"

/** input_ids[n,tokens], and attention_mask or NULL. */
typedef struct tyto_owlv2_texts {
    const int64_t *ids;
    const uint8_t *mask;
    int64_t n, tokens;
} tyto_owlv2_texts;

TYTO_NODISCARD tyto_status tyto_owlv2_texts_read(tyto_io *io, tyto_owlv2_texts *out);

/** pooled[n,D] through the text tower.
 *  outputs  `prefix`.pooler_output and all that tyto_owlv2_text_forward gives */
TYTO_NODISCARD tyto_status tyto_owlv2_texts_pool(const tyto_owlv2 *model, tyto_exec *exec,
                                                 tyto_io *io, const char *prefix,
                                                 const tyto_owlv2_texts *texts, float **pooled);

/** features[n,E] = text_projection(pooled) */
TYTO_NODISCARD tyto_status tyto_owlv2_texts_project(const tyto_owlv2 *model, tyto_exec *exec,
                                                    tyto_io *io, const char *prefix,
                                                    const tyto_owlv2_texts *texts, float *features);

#endif
