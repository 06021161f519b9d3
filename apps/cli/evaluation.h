/** How a model's detections compare with annotations, as people and programs want it written. */
#ifndef TYTO_CLI_EVALUATION_H
#define TYTO_CLI_EVALUATION_H

#include <tyto/eval.h>

#include "output.h"

typedef struct evaluation {
    const tyto_coco *truth;
    const tyto_coco_scores *scores;
} evaluation;

/** Tables: the twelve numbers, then a line per class, in the order of the annotation file. */
void evaluation_write_text(const evaluation *of, FILE *to);
/** One object of JSON. */
void evaluation_write_json(const evaluation *of, FILE *to);

#endif
