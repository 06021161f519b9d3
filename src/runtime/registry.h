/** The registry: every kind of checkpoint that this build runs. It alone knows families by name. */
#ifndef TYTO_RUNTIME_REGISTRY_H
#define TYTO_RUNTIME_REGISTRY_H

#include "base/buffer.h"
#include "models/architecture.h"

/** Kind i of checkpoint, family by family; NULL behind the last. */
const tyto_architecture *tyto_architecture_at(size_t i);
/** The architecture of that model_type and class, or NULL. class_name NULL: the model_type's
 *  first. */
const tyto_architecture *tyto_architecture_find(const char *model_type, const char *class_name);
/** The architecture of that model_type's family which takes a user's own parts, or NULL. */
const tyto_architecture *tyto_architecture_composed(const char *model_type);
/** The hub id of the first published checkpoint that `holds` is true for, or NULL. */
const char *tyto_registry_published(bool (*holds)(const tyto_published *published,
                                                  const void *context),
                                    const void *context);
/** The head of that name, or NULL. */
const tyto_head *tyto_head_find(const tyto_architecture *architecture, const char *name);

/** Room for a message's list. */
#define TYTO_REGISTRY_LIST_BYTES 4096
/** Adds "a, b or c" to the buffer: the names of all architectures that `holds` is true for. */
void tyto_registry_list(tyto_buffer *buffer,
                        bool (*holds)(const tyto_architecture *architecture, const void *context),
                        const void *context,
                        const char *(*name)(const tyto_architecture *architecture));

#endif
