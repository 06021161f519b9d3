/** What readers of part descriptions share. */
#ifndef TYTO_MODELS_PERCEIVER_PARTS_READ_H
#define TYTO_MODELS_PERCEIVER_PARTS_READ_H

#include "models/perceiver/describe/parts.h"

/** Longest place of a part in messages: file and path to the part. */
#define TYTO_PERCEIVER_WHERE_BYTES 512

/** The index of the object's "type" in `types`, and every other member must be one of `arguments`
 *  of that type: names separated by single spaces, with one before the first and after the last. */
TYTO_NODISCARD tyto_status tyto_perceiver_part_type(const json_t *object, const char *where,
                                                    const char *const *types,
                                                    const char *const *arguments, int count,
                                                    int *type, tyto_error *err);
/** Index of the text `key` in `choices`, whose first is the default; NULL-terminated. */
TYTO_NODISCARD tyto_status tyto_perceiver_read_choice(const json_t *object, const char *where,
                                                      const char *key, const char *const *choices,
                                                      int *out, tyto_error *err);
/** The members of "modalities": their names, sorted, and their places in the description.
 *  names[TYTO_PERCEIVER_MODALITIES_MAX] point into the document. */
TYTO_NODISCARD tyto_status tyto_perceiver_read_modalities(const json_t *object, const char *where,
                                                          const char **names, int *places,
                                                          int *count, tyto_error *err);
/** where = outer: modalities.name */
void tyto_perceiver_where(char where[TYTO_PERCEIVER_WHERE_BYTES], const char *outer,
                          const char *name);

#endif
