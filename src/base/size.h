/** Sizes in pixels, as people write them. */
#ifndef TYTO_BASE_SIZE_H
#define TYTO_BASE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/** Reads "960x720", or "960" with *height_px = 0, where *text begins, and moves *text behind it.
 *  False when no such number is there. A number may be below 1. */
bool tyto_size_read(const char **text, int64_t *width_px, int64_t *height_px);

#endif
