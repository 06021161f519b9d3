/** The inputs `labels.*` and `loss_options.*` of a detection run, and the losses that it gives. */
#ifndef TYTO_MODELS_OWLV2_LABELS_H
#define TYTO_MODELS_OWLV2_LABELS_H

#include "models/io.h"
#include "models/owlv2/loss.h"
#include "models/owlv2/queries.h"

/** What was found in all photos: logits[photos,patches,most], boxes[photos,patches,4],
 *  objectness[photos,patches]. */
typedef struct tyto_owlv2_predictions {
    int64_t patches;
    const float *logits, *boxes, *objectness;
} tyto_owlv2_predictions;

typedef struct tyto_owlv2_labels {
    bool wanted; /* else there is no loss to compute */
    tyto_owlv2_loss_options options;
    tyto_owlv2_targets *targets; /* [photos] */
    int64_t most;                /* targets of any photo */
    float *loss, *ce, *bbox, *giou, *objectness;
} tyto_owlv2_labels;

/** Reads the targets, for every photo or for none, and declares the outputs.
 *  inputs   labels.N.class_labels[n] and labels.N.boxes[n,4] of photo N, n may be 0;
 *           loss_options.NAME, a scalar for each of TYTO_OWLV2_LOSS_OPTIONS
 *  outputs  loss, loss_dict.loss_ce, .loss_bbox, .loss_giou, .loss_objectness: scalars
 *  errors   E_ARGUMENT, E_SHAPE, E_RANGE, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_owlv2_labels_declare(tyto_exec *exec, tyto_io *io,
                                                     const tyto_owlv2_queries *queries,
                                                     tyto_owlv2_labels *out);

/** Computes the losses that are wanted. */
TYTO_NODISCARD tyto_status tyto_owlv2_labels_run(const tyto_owlv2_labels *labels, tyto_exec *exec,
                                                 const tyto_owlv2_queries *queries,
                                                 const tyto_owlv2_predictions *predictions);

#endif
