#include "tasks/coco_photos.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

/* Longer names are no system's. */
#define NAME_BYTES_MAX 8192

/* A photo whose path has fewer parts of its name. */
typedef struct shortened {
    const char *path;
    int64_t at;
} shortened;

/* *out = the first path of the name, or of one of its ends, that is there; NULL when none is.
 * *whole = whether all of the name is in it. */
static tyto_status find_end(const char *folder, const char *name, char **out, bool *whole,
                            tyto_error *err)
{
    *out = NULL;
    const char *next;
    for (const char *end = strlen(name) < NAME_BYTES_MAX ? name : NULL; end; end = next) {
        const char *slash = strchr(end + strspn(end, "/"), '/');
        next = *end == '/' ? end + strspn(end, "/") : slash ? slash + strspn(slash, "/") : NULL;
        *whole = end == name;
        char *path = *end == '/' ? tyto_copy_text(end, strlen(end)) : tyto_path_join(folder, end);
        if (!path) {
            return tyto_fail_memory(err, folder);
        }
        if (*end && tyto_file_exists(path)) {
            *out = path;
            return TYTO_OK;
        }
        free(path);
    }
    return TYTO_OK;
}

static tyto_status find_photo(const char *folder, const char *name, char **out, bool *whole,
                              tyto_error *err)
{
    TYTO_TRY(find_end(folder, name, out, whole, err));
    if (*out || !strchr(name, '\\')) {
        return TYTO_OK;
    }
    char *slashes = tyto_copy_text(name, strlen(name));
    if (!slashes) {
        return tyto_fail_memory(err, name);
    }
    for (char *at = slashes; *at; at++) {
        *at = *at == '\\' ? '/' : *at;
    }
    const tyto_status status = find_end(folder, slashes, out, whole, err);
    free(slashes);
    return status;
}

static tyto_status take_whole(const char *folder, const char *name, char **out, tyto_error *err)
{
    free(*out);
    *out = *name == '/' ? tyto_copy_text(name, strlen(name)) : tyto_path_join(folder, name);
    return *out ? TYTO_OK : tyto_fail_memory(err, folder);
}

static int by_path(const void *left, const void *right)
{
    const shortened *a = left, *b = right;
    return strcmp(a->path, b->path);
}

/* Gives photos that share a path by shortened names the paths of their whole names, which aren't
 * there. */
static tyto_status part(const tyto_coco *truth, const char *folder, shortened *list, size_t count,
                        char **paths, tyto_error *err)
{
    if (count > 1) {
        qsort(list, count, sizeof(*list), by_path);
    }
    for (size_t first = 0, last; first < count; first = last) {
        for (last = first + 1; last < count && strcmp(list[first].path, list[last].path) == 0;) {
            last++;
        }
        for (size_t i = first; last - first > 1 && i < last; i++) {
            const int64_t at = list[i].at;
            TYTO_TRY(take_whole(folder, truth->images[at].file_name, &paths[at], err));
        }
    }
    return TYTO_OK;
}

tyto_status tyto_coco_photo_paths(const tyto_coco *truth, const char *folder, char **paths,
                                  tyto_error *err)
{
    tyto_status status = TYTO_OK;
    size_t count = 0;
    shortened *list = tyto_alloc((size_t)truth->n_images, sizeof(*list));
    if (!list) {
        return tyto_fail_memory(err, folder);
    }
    for (int64_t i = 0; i < truth->n_images; i++) {
        bool whole = true;
        const char *name = truth->images[i].file_name;
        TYTO_CHECK(find_photo(folder, name, &paths[i], &whole, err));
        if (!paths[i]) {
            TYTO_CHECK(take_whole(folder, name, &paths[i], err));
        } else if (!whole) {
            list[count++] = (shortened){paths[i], i};
        }
    }
    TYTO_CHECK(part(truth, folder, list, count, paths, err));
cleanup:
    free(list);
    return status;
}
