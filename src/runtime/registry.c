#include "runtime/registry.h"

#include <string.h>

/* Tests build this file with a list that has their own family as well. */
#ifndef TYTO_FAMILIES
#define TYTO_FAMILIES "runtime/families.def"
#endif

#define FAMILY(name) extern const tyto_family tyto_##name##_family;
#include TYTO_FAMILIES
#undef FAMILY

#define FAMILY(name) &tyto_##name##_family,
static const tyto_family *const families[] = {
#include TYTO_FAMILIES
};
#undef FAMILY
#define FAMILIES (sizeof(families) / sizeof(families[0]))

const tyto_architecture *tyto_architecture_at(size_t i)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        if (i < families[f]->count) {
            return families[f]->architectures[i];
        }
        i -= families[f]->count;
    }
    return NULL;
}

const tyto_architecture *tyto_architecture_find(const char *model_type, const char *class_name)
{
    const tyto_architecture *architecture;
    for (size_t i = 0; (architecture = tyto_architecture_at(i)) != NULL; i++) {
        if (strcmp(architecture->model_type, model_type) == 0 &&
            (!class_name || strcmp(architecture->default_head, class_name) == 0)) {
            return architecture;
        }
    }
    return NULL;
}

const tyto_architecture *tyto_architecture_composed(const char *model_type)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        const tyto_architecture *composed = families[f]->composed;
        if (composed && strcmp(composed->model_type, model_type) == 0) {
            return composed;
        }
    }
    return NULL;
}

const char *tyto_registry_published(bool (*holds)(const tyto_published *published,
                                                  const void *context),
                                    const void *context)
{
    for (size_t f = 0; f < FAMILIES; f++) {
        for (const tyto_published *p = families[f]->published; p && p->id; p++) {
            if (holds(p, context)) {
                return p->id;
            }
        }
    }
    return NULL;
}

const tyto_head *tyto_head_find(const tyto_architecture *architecture, const char *name)
{
    for (size_t i = 0; i < architecture->n_heads; i++) {
        if (strcmp(architecture->heads[i].name, name) == 0) {
            return &architecture->heads[i];
        }
    }
    return NULL;
}

void tyto_registry_list(tyto_buffer *buffer,
                        bool (*holds)(const tyto_architecture *architecture, const void *context),
                        const void *context,
                        const char *(*name)(const tyto_architecture *architecture))
{
    const tyto_architecture *architecture, *last = NULL;
    const char *separator = "";
    for (size_t i = 0; (architecture = tyto_architecture_at(i)) != NULL; i++) {
        if (!holds(architecture, context)) {
            continue;
        }
        if (last) {
            tyto_buffer_format(buffer, "%s%s", separator, name(last));
            separator = ", ";
        }
        last = architecture;
    }
    if (last) {
        tyto_buffer_format(buffer, "%s%s", *separator ? " or " : "", name(last));
    }
}
