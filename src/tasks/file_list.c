/* A list of files as it grows and goes. */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "tasks/files.h"

void tyto_file_list_clear(tyto_file_list *list)
{
    for (int64_t i = 0; list && i < list->count; i++) {
        free(list->items[i]);
    }
    if (list) {
        free(list->items);
        free(list->folder);
        *list = (tyto_file_list){0};
    }
}

tyto_status tyto_file_list_add(tyto_file_list *list, int64_t *capacity, const char *text,
                               size_t length, tyto_error *err)
{
    if (list->count == *capacity) {
        const int64_t more = *capacity > 0 ? 2 * *capacity : 16;
        char **items = tyto_realloc(list->items, (size_t)more, sizeof(*items));
        if (!items) {
            return tyto_fail_memory(err, "list of files");
        }
        list->items = items;
        *capacity = more;
    }
    list->items[list->count] = tyto_copy_text(text, length);
    if (!list->items[list->count]) {
        return tyto_fail_memory(err, "list of files");
    }
    list->count++;
    return TYTO_OK;
}
