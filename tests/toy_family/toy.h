/** A third family of models, as small as one can be: pictures by their mean colour. Its checkpoints
 *  hold `weight` [classes,3] and `bias` [classes]; config.json has model_type "toy" and `classes`.
 */
#ifndef TYTO_TESTS_TOY_H
#define TYTO_TESTS_TOY_H

#include "models/architecture.h"

extern const tyto_family tyto_toy_family;

#endif
