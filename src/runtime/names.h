/** Lists of names. */
#ifndef TYTO_RUNTIME_NAMES_H
#define TYTO_RUNTIME_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/** Values of tyto_fit. */
#define TYTO_FITS 6

typedef struct tyto_names {
    char **names;
    int64_t count, capacity;
} tyto_names;

/** Adds a copy; false when memory is out. */
bool tyto_names_add(tyto_names *list, const char *name);
/** The i-th, or NULL. */
const char *tyto_names_at(const tyto_names *list, int64_t i);
void tyto_names_clear(tyto_names *list);

#endif
