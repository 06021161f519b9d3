/** What bodies of requests and replies look like: JSON Schema, by the names that the table of routes has.
 *  They are written in schemas.json, which is in the program. */
#ifndef TYTO_SERVER_SCHEMAS_H
#define TYTO_SERVER_SCHEMAS_H

#include <jansson.h>
#include <stdbool.h>

/** All of them, by name; NULL when memory is out. */
json_t *schemas_make(void);
/** A request that such a schema describes, or NULL: there is none. Owned by the caller. */
json_t *schemas_example(const char *name);

#endif
