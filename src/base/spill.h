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
    bool full; /**< the file takes no more */
} tyto_spill;

void tyto_spill_init(tyto_spill *spill);
/** Returns 0, or ENOMEM. Where no file can be made, and once its disk is full, bytes stay in memory.
 */
int tyto_spill_add(tyto_spill *spill, const void *bytes, size_t length);
/** Gives the next bytes, at most `most` of them; *length 0: there are no more. Nothing is added
 *  afterwards. Returns 0, or errno. */
int tyto_spill_read(tyto_spill *spill, void *bytes, size_t most, size_t *length);
/** All bytes that were added. */
int64_t tyto_spill_bytes(const tyto_spill *spill);
/** Drops the last bytes, so that as many are left; nothing is added afterwards. */
void tyto_spill_cut(tyto_spill *spill, int64_t bytes);
void tyto_spill_clear(tyto_spill *spill);

#endif
