/** Truth values drawn as the reference draws them: torch.bernoulli after torch.manual_seed.
 *  source  Matsumoto and Nishimura 1998 */
#ifndef TYTO_NN_RANDOM_H
#define TYTO_NN_RANDOM_H

#include <stdint.h>

typedef struct tyto_random {
    uint32_t state[624];
    int next;
} tyto_random;

void tyto_random_seed(tyto_random *random, uint32_t seed);
/** masked[count] = 1 with that probability, else 0 */
void tyto_random_mask(tyto_random *random, double probability, int64_t count, uint8_t *masked);

#endif
