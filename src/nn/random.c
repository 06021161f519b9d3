#include "nn/random.h"

#define STATE 624
#define SHIFT 397

void tyto_random_seed(tyto_random *random, uint32_t seed)
{
    random->state[0] = seed;
    for (uint32_t i = 1; i < STATE; i++) {
        const uint32_t last = random->state[i - 1];
        random->state[i] = UINT32_C(1812433253) * (last ^ last >> 30) + i;
    }
    random->next = STATE;
}

static uint32_t next(tyto_random *random)
{
    if (random->next == STATE) {
        for (int i = 0; i < STATE; i++) {
            const uint32_t mixed = (random->state[i] & UINT32_C(0x80000000)) |
                                   (random->state[(i + 1) % STATE] & UINT32_C(0x7fffffff));
            random->state[i] = random->state[(i + SHIFT) % STATE] ^ mixed >> 1 ^
                               (mixed & 1 ? UINT32_C(0x9908b0df) : 0);
        }
        random->next = 0;
    }
    uint32_t y = random->state[random->next++];
    y ^= y >> 11;
    y ^= y << 7 & UINT32_C(0x9d2c5680);
    y ^= y << 15 & UINT32_C(0xefc60000);
    return y ^ y >> 18;
}

void tyto_random_mask(tyto_random *random, double probability, int64_t count, uint8_t *masked)
{
    const float p = (float)probability;
    for (int64_t i = 0; i < count; i++) {
        const float uniform = (float)(next(random) & 0xffffff) * 0x1p-24f;
        masked[i] = uniform < p;
    }
}
