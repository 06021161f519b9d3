/** Losses of a whole run. */
#ifndef TYTO_NN_LOSS_H
#define TYTO_NN_LOSS_H

#include "nn/exec.h"

/** *loss = the mean over all i of −log softmax(logits[i,·])[i] and −log softmax(logits[·,i])[i]:
 *  how far texts and pictures are from being matched in pairs, both ways. In double.
 *  shapes  logits[n,n]
 *  source  owlv2_loss of the reference */
TYTO_NODISCARD tyto_status tyto_contrastive_loss(tyto_exec *exec, int64_t n, const float *logits,
                                                 float *loss);
/** dlogits[i,j] += slope·(softmax(logits[i,·])[j] + softmax(logits[·,j])[i] − 2·[i = j]) / 2n */
void tyto_contrastive_loss_backward(int64_t n, const float *logits, double slope, float *dlogits);

#endif
