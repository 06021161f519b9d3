/** Release of memory that the library hands out as plain pointers. */
#ifndef TYTO_MEMORY_H
#define TYTO_MEMORY_H

#include <tyto/export.h>

TYTO_BEGIN_DECLS
/** Releases what a call documents as "release with tyto_free". NULL is fine. */
TYTO_API void tyto_free(void *pointer);
TYTO_END_DECLS

#endif
