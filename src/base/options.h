/** Options structs, which grow from version to version. */
#ifndef TYTO_BASE_OPTIONS_H
#define TYTO_BASE_OPTIONS_H

#include <stddef.h>
#include <tyto/status.h>

/** *own = the options that a caller gave, over the defaults that *own already holds.
 *
 *  Every options struct begins with `size_t struct_bytes`, which its _init sets to the size that
 *  the caller was built with. A shorter one comes from an older header: the fields that it lacks
 *  keep their defaults. given NULL: all defaults.
 *  type    the struct's name, for messages
 *  errors  E_ARGUMENT (struct_bytes that is 0, as when _init wasn't called, or larger than
 *          own_bytes, as from a newer header) */
TYTO_NODISCARD tyto_status tyto_options_read(void *own, size_t own_bytes, const void *given,
                                             const char *type, tyto_error *err);
/** The other half: *options, of struct_bytes bytes, = the first of them of *defaults, and
 *  struct_bytes. Writes nothing beyond what the caller has; options NULL: nothing. */
void tyto_options_init(void *options, size_t struct_bytes, const void *defaults, size_t own_bytes);

#endif
