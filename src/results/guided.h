/** Results of image-guided detection, from the inside. */
#ifndef TYTO_RESULTS_GUIDED_H
#define TYTO_RESULTS_GUIDED_H

#include <tyto/postprocess.h>

/** The best score becomes 1, a tenth of it 0; those that end at 0 are dropped.
 *  items  highest score first */
void tyto_scores_make_relative(tyto_detection *items, int64_t *count);

#endif
