/** What readers of part descriptions share. */
#ifndef TYTO_MODELS_PERCEIVER_DESCRIBE_READ_H
#define TYTO_MODELS_PERCEIVER_DESCRIBE_READ_H

#include "models/perceiver/describe/config.h"
#include "weights/binder.h"

/** Most modalities, and the longest name of one with its NUL. */
#define TYTO_PERCEIVER_MODALITIES_MAX 16
#define TYTO_PERCEIVER_MODALITY_BYTES 64

/** Longest place of a part in messages: file and path to the part. */
#define TYTO_PERCEIVER_WHERE_BYTES 512

/** True when `list`, of names between single spaces, has the name. */
bool tyto_perceiver_list_has(const char *list, const char *name);

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

/** where = outer: modalities.name */
void tyto_perceiver_where(char where[TYTO_PERCEIVER_WHERE_BYTES], const char *outer,
                          const char *name);

/** A member of "modalities". */
typedef struct tyto_perceiver_modality {
    const char *name;  /* which stays in the document; shorter than TYTO_PERCEIVER_MODALITY_BYTES */
    const char *where; /* for messages */
    int place;         /* in the description */
    const json_t *part; /* what it describes, or NULL */
    const char *type;   /* of the part, or "" */
} tyto_perceiver_modality;

/** Reads a modality into its item, which is zeroed. */
typedef tyto_status (*tyto_perceiver_modality_fn)(const tyto_perceiver_modality *modality,
                                                  const tyto_perceiver_config *config, void *item,
                                                  tyto_error *err);

/** Reads all members of the object's "modalities", sorted by name, into items of item_bytes each,
 *  and into *padding its `min_padding_size`: trained channels that each modality has at least, 2 by
 *  default; NULL: modalities have none.
 *  memory  *items is the caller's to free, also after an error */
TYTO_NODISCARD tyto_status tyto_perceiver_read_modalities(const json_t *object, const char *where,
                                                          const tyto_perceiver_config *config,
                                                          tyto_perceiver_modality_fn read,
                                                          size_t item_bytes, void **items,
                                                          int *count, int64_t *padding,
                                                          tyto_error *err);
/** Asks for the trained padding of a modality, padding[1,pad], below `prefix`. */
void tyto_perceiver_bind_padding(tyto_binder *binder, const char *prefix, const char *name,
                                 int64_t pad, float **padding);

#endif
