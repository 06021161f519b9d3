/** Bytes that are kept for later: in memory as long as they are few, and else in a file without a
 *  name, which is gone when the process ends. */
#ifndef TYTO_BASE_SPILL_H
#define TYTO_BASE_SPILL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/** Most bytes that stay in memory. */
#define TYTO_SPILL_HELD_BYTES ((size_t)4 << 20)

typedef struct tyto_spill {
    tyto_buffer held;    /**< the last ones */
    int file;            /**< −1: none */
    int64_t filed_bytes; /**< in the file, before those held */
    int64_t read_bytes;
} tyto_spill;

void tyto_spill_init(tyto_spill *spill);
/** Returns 0, or errno: ENOMEM, or what a full disk says. Where no file can be made, all bytes stay
 *  in memory. */
int tyto_spill_add(tyto_spill *spill, const void *bytes, size_t length);
/** Gives the next bytes, at most `most` of them; *length 0: there are no more. Nothing is added
 *  afterwards. Returns 0, or errno. */
int tyto_spill_read(tyto_spill *spill, void *bytes, size_t most, size_t *length);
void tyto_spill_clear(tyto_spill *spill);

#endif
