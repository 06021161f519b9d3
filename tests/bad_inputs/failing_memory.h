/** An allocator that can be told to fail, in place of the C library's.
 *
 *  In a plain build it serves the whole process, third-party libraries included, and counts what is
 *  not given back. Under a sanitizer, which brings its own, it stands between that one and the
 *  code of tyto and jansson; leaks are then the sanitizer's to find. */
#ifndef TYTO_TESTS_FAILING_MEMORY_H
#define TYTO_TESTS_FAILING_MEMORY_H

#include <stdbool.h>

/** Starts counting: allocation number `at` (from 1) fails, and all later ones too when `forever`.
 */
void failing_memory_arm(long at, bool forever);
/** Stops failing; returns the number of allocations that were asked for since armed. */
long failing_memory_disarm(void);
/** Blocks that are in use now; 0 always where the sanitizer counts. */
long failing_memory_blocks(void);

#endif
