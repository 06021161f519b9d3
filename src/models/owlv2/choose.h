/** Which patch of an example picture stands for the thing in a region of it. */
#ifndef TYTO_MODELS_OWLV2_CHOOSE_H
#define TYTO_MODELS_OWLV2_CHOOSE_H

#include "models/owlv2/head.h"
#include "models/owlv2/model.h"

/** Candidates are the patches whose predicted box overlaps the region at least 0.8 times as well
 *  as the best one does (intersection over union); where no box overlaps it, the one patch whose
 *  box has the best generalised IoU.
 *  source  Owlv2ForObjectDetection.embed_image_query, and the OWL authors' later use of OWLv2 */
typedef enum tyto_owlv2_rule {
    TYTO_OWLV2_RULE_REFERENCE,  /* the candidate least like the mean embedding of all patches: of
                                   the many boxes around a thing only one was trained to name it */
    TYTO_OWLV2_RULE_OBJECTNESS, /* the candidate most like an object */
    TYTO_OWLV2_RULE_OVERLAP,    /* the candidate that overlaps best */
    TYTO_OWLV2_RULES
} tyto_owlv2_rule;

/** Centre and size of all that the network sees. */
extern const float tyto_owlv2_whole_picture[4];

typedef struct tyto_owlv2_choice {
    tyto_owlv2_rule rule;
    int64_t count;
    const float *regions; /* [count,4]: centre and size in [0,1] */
    float *embeds;        /* [count,E] receives the class head's embeddings, not normalised */
    int64_t *indices;     /* [count] receives the patches */
    float *boxes;         /* [P,4] receives all boxes; or NULL */
    float *objectness;    /* [P] receives the logits; or NULL */
} tyto_owlv2_choice;

/** Chooses a patch for each region of one picture, features[grid²,D].
 *  memory  boxes and objectness that are NULL become scratch, which stays taken */
TYTO_NODISCARD tyto_status tyto_owlv2_choose(const tyto_owlv2 *model, tyto_exec *exec,
                                             const float *features, int64_t grid,
                                             tyto_owlv2_choice *choice);

/** Owlv2ForObjectDetection.embed_image_query, for any regions and by any rule.
 *  inputs   query_pixel_values [Q,C,H,W] or query_image_embeds [Q,G,G,D]; query_boxes [Q,N,4] as
 *           centre and size in [0,1], by default the whole picture; query_rule, a scalar
 *  outputs  query_embeds [Q,N,E], box_indices [Q,N] i64, query_pred_boxes [Q,P,4],
 *           query_objectness_logits [Q,P]; query_image_embeds [Q,G,G,D] on request */
TYTO_OWLV2_HEAD(embed_query)

#endif
