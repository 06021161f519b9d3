#include "runtime/names.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool tyto_names_add(tyto_names *list, const char *name)
{
    if (list->count == list->capacity) {
        const int64_t capacity = list->capacity ? 2 * list->capacity : 16;
        char **names = tyto_realloc(list->names, (size_t)capacity, sizeof(*names));
        if (!names) {
            return false;
        }
        list->names = names;
        list->capacity = capacity;
    }
    char *copy = tyto_copy_text(name, strlen(name));
    if (copy) {
        list->names[list->count++] = copy;
    }
    return copy != NULL;
}

const char *tyto_names_at(const tyto_names *list, int64_t i)
{
    return i >= 0 && i < list->count ? list->names[i] : NULL;
}

void tyto_names_clear(tyto_names *list)
{
    for (int64_t i = 0; i < list->count; i++) {
        free(list->names[i]);
    }
    free(list->names);
    *list = (tyto_names){0};
}
