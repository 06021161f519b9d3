/** Version of the library. Until 1.0, calls and structs may change when the second number does, and
 *  programs are then built anew: the shared library's name carries both (libtyto.so.0.2). The third
 *  number changes nothing that a program sees. */
#ifndef TYTO_VERSION_H
#define TYTO_VERSION_H

#include <stdint.h>
#include <tyto/export.h>

#define TYTO_VERSION_MAJOR 0
#define TYTO_VERSION_MINOR 2
#define TYTO_VERSION_PATCH 0
#define TYTO_VERSION "0.2.0"
/** The version as one number to compare: major·10000 + minor·100 + patch. */
#define TYTO_VERSION_NUMBER 200

TYTO_BEGIN_DECLS
/** The version of the library that is linked, such as "0.2.0". */
TYTO_API const char *tyto_version(void);
/** The same as a number: TYTO_VERSION_NUMBER of the headers that the library was built with. */
TYTO_API int64_t tyto_version_number(void);
TYTO_END_DECLS

#endif
