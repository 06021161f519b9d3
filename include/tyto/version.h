/** Version of the library. */
#ifndef TYTO_VERSION_H
#define TYTO_VERSION_H

#include <tyto/export.h>

#define TYTO_VERSION_MAJOR 0
#define TYTO_VERSION_MINOR 1
#define TYTO_VERSION_PATCH 0
#define TYTO_VERSION "0.1.0"

TYTO_BEGIN_DECLS
/** The version of the library that is linked, such as "0.1.0". */
TYTO_API const char *tyto_version(void);
TYTO_END_DECLS

#endif
