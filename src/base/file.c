#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"

char *tyto_path_join(const char *folder, const char *name)
{
    size_t folder_length = strlen(folder);
    bool slash = folder_length > 0 && folder[folder_length - 1] != '/';
    size_t bytes = folder_length + strlen(name) + 2;
    char *path = tyto_alloc(bytes, 1);
    if (path) {
        snprintf(path, bytes, "%s%s%s", folder, slash ? "/" : "", name);
    }
    return path;
}

const char *tyto_path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Whether a part of the path is "..". */
static bool goes_up(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || !at[2])) {
            return true;
        }
    }
    return false;
}

const char *tyto_path_below(const char *folder, const char *path)
{
    size_t bytes = folder ? strlen(folder) : 0;
    while (bytes > 0 && folder[bytes - 1] == '/') {
        bytes--;
    }
    const bool rooted = folder && *folder && bytes == 0; /* "/" */
    if (!folder || strncmp(path, folder, bytes) != 0 ||
        ((bytes > 0 || rooted) && path[bytes] != '/')) {
        return tyto_path_base(path);
    }
    const char *name = path + bytes;
    name += bytes > 0 || rooted ? strspn(name, "/") : 0;
    return *name == '/' || goes_up(name) ? tyto_path_base(path) : name;
}

size_t tyto_paths_shared_bytes(const char *const *paths, int64_t count)
{
    const char *first = NULL;
    size_t shared = 0;
    for (int64_t i = 0; i < count; i++) {
        const char *path = paths[i];
        if (!path || strcmp(path, "-") == 0) {
            continue;
        }
        if (!first) {
            first = path;
            shared = (size_t)(tyto_path_base(path) - path);
        }
        size_t same = 0;
        for (size_t at = 0; at < shared && path[at] == first[at]; at++) {
            same = first[at] == '/' ? at + 1 : same;
        }
        shared = same;
    }
    return shared;
}

bool tyto_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
}

bool tyto_folder_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

tyto_status tyto_fail_errno(tyto_error *err, const char *path)
{
    const int code = errno;
    tyto_status status = code == ENOENT || code == ENOTDIR ? TYTO_E_NOT_FOUND
                         : code == ENOMEM                  ? TYTO_E_MEMORY
                                                           : TYTO_E_IO;
    return tyto_fail(err, status, "%s: %s", path, strerror(code));
}

int tyto_descriptor_above_standard(int descriptor)
{
    if (descriptor < 0 || descriptor > STDERR_FILENO) {
        return descriptor;
    }
    const int higher = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1), code = errno;
    close(descriptor);
    errno = code;
    return higher;
}

/* Opens a file and gives its size; SIZE_UNKNOWN for a pipe or a terminal, which is waited for.
 * Folders and devices are refused. */
#define SIZE_UNKNOWN SIZE_MAX
static tyto_status open_any(const char *path, int *out, size_t *length, tyto_error *err)
{
    const int fd = tyto_descriptor_above_standard(open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (fd < 0) {
        return tyto_fail_errno(err, path);
    }
    struct stat info;
    if (fstat(fd, &info) != 0) {
        tyto_status status = tyto_fail_errno(err, path);
        close(fd);
        return status;
    }
    /* Of devices only terminals: others may have no end. */
    const bool stream = S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode) || isatty(fd);
    if (!S_ISREG(info.st_mode) && !stream) {
        close(fd);
        return tyto_fail(err, TYTO_E_IO, "%s: got a %s, required a file", path,
                         S_ISDIR(info.st_mode) ? "folder" : "special file");
    }
    *out = fd;
    /* Files of /proc say that they have no bytes. */
    *length = stream || info.st_size <= 0 ? SIZE_UNKNOWN : (size_t)info.st_size;
    return TYTO_OK;
}

bool tyto_file_is_stream(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

const char *tyto_file_or_input(const char *path)
{
    return strcmp(path, "-") == 0 ? "/dev/stdin" : path;
}

tyto_status tyto_file_stream(const char *path, FILE **out, tyto_error *err)
{
    int fd;
    size_t length;
    if (tyto_file_is_stream(path)) {
        return tyto_fail(err, TYTO_E_IO, "%s: got a special file, required a regular file", path);
    }
    TYTO_TRY(open_any(path, &fd, &length, err));
    *out = fdopen(fd, "rb");
    if (!*out) {
        tyto_status status = tyto_fail_errno(err, path);
        close(fd);
        return status;
    }
    return TYTO_OK;
}

/* A file of a repository that git lfs hasn't brought yet is a text that stands for it. */
static tyto_status refuse_pointer(const char *path, const void *bytes, size_t length,
                                  tyto_error *err)
{
    static const char start[] = "version https://git-lfs.github.com/spec/";
    enum { POINTER_BYTES_MAX = 1024 };
    if (length >= POINTER_BYTES_MAX || length < sizeof(start) - 1 ||
        memcmp(bytes, start, sizeof(start) - 1) != 0) {
        return TYTO_OK;
    }
    return tyto_fail(err, TYTO_E_FORMAT,
                     "%s: got a Git LFS pointer, required the file that it stands for: run "
                     "'git lfs pull' in its folder",
                     path);
}

static tyto_status too_long(const char *name, size_t limit, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_LIMIT, "%s: got more than %zu bytes, required at most that", name,
                     limit);
}

tyto_status tyto_stream_read(FILE *stream, const char *name, size_t limit, char **out,
                             size_t *length, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    size_t capacity = (size_t)1 << 16, got = 0;
    char *data = tyto_alloc(capacity, 1);
    *out = NULL;
    while (data) {
        const size_t n = fread(data + got, 1, capacity - 1 - got, stream);
        got += n;
        if (n == 0 || ferror(stream)) {
            status = ferror(stream) ? tyto_fail_errno(err, name) : TYTO_OK;
            break;
        }
        if (got > limit) {
            status = too_long(name, limit, err);
            break;
        }
        if (got == capacity - 1) {
            char *more = tyto_realloc(data, 2 * capacity, 1);
            if (!more) {
                free(data);
            }
            data = more;
            capacity *= 2;
        }
    }
    if (!data) {
        return tyto_fail_memory(err, name);
    }
    if (status != TYTO_OK) {
        free(data);
        return status;
    }
    data[got] = '\0';
    *out = data;
    *length = got;
    return TYTO_OK;
}

/* The bytes of a regular file, which may have become shorter meanwhile. */
static tyto_status read_known(int fd, const char *path, size_t size, char **out, size_t *length,
                              tyto_error *err)
{
    char *data = tyto_alloc(size + 1, 1);
    size_t got = 0;
    if (!data) {
        return tyto_fail_memory(err, path);
    }
    while (got < size) {
        const ssize_t n = read(fd, data + got, size - got);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            free(data);
            return tyto_fail_errno(err, path);
        }
        if (n == 0) {
            break;
        }
        got += (size_t)n;
    }
    data[got] = '\0';
    *out = data;
    *length = got;
    return TYTO_OK;
}

/* All that a pipe gives. */
static tyto_status read_unknown(int fd, const char *path, size_t limit, char **out, size_t *length,
                                tyto_error *err)
{
    FILE *stream = fdopen(dup(fd), "rb");
    if (!stream) {
        return tyto_fail_errno(err, path);
    }
    const tyto_status status = tyto_stream_read(stream, path, limit, out, length, err);
    fclose(stream);
    return status;
}

tyto_status tyto_file_read(const char *path, size_t limit, char **out, size_t *length,
                           tyto_error *err)
{
    int fd;
    size_t size;
    TYTO_TRY(open_any(path, &fd, &size, err));
    tyto_status status;
    if (size == SIZE_UNKNOWN) {
        status = read_unknown(fd, path, limit, out, length, err);
    } else if (size > limit) {
        status = tyto_fail(err, TYTO_E_LIMIT, "%s: got %zu bytes, required at most %zu", path, size,
                           limit);
    } else {
        status = read_known(fd, path, size, out, length, err);
    }
    close(fd);
    if (status == TYTO_OK && (status = refuse_pointer(path, *out, *length, err)) != TYTO_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

/* What a pipe holds, as a map: memory of the process alone. */
static tyto_status map_stream(int fd, const char *path, tyto_file_map *out, tyto_error *err)
{
    char *bytes;
    size_t length;
    TYTO_TRY(read_unknown(fd, path, TYTO_FILE_STREAM_BYTES_MAX, &bytes, &length, err));
    if (length == 0) {
        free(bytes);
        return tyto_fail(err, TYTO_E_FORMAT, "%s: the file is empty", path);
    }
    *out = (tyto_file_map){.data = (const uint8_t *)bytes, .length = length, .in_heap = true};
    return TYTO_OK;
}

tyto_status tyto_file_map_open(const char *path, tyto_file_map *out, tyto_error *err)
{
    int fd;
    size_t size;
    *out = (tyto_file_map){0};
    TYTO_TRY(open_any(path, &fd, &size, err));
    if (size == SIZE_UNKNOWN) {
        const tyto_status status = map_stream(fd, path, out, err);
        close(fd);
        return status;
    }
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    tyto_status status = data == MAP_FAILED ? tyto_fail_errno(err, path) : TYTO_OK;
    close(fd);
    if (status == TYTO_OK) {
#ifdef MADV_HUGEPAGE
        /* What comes from a disk comes in huge pages, where the file system has them. */
        (void)madvise(data, size, MADV_HUGEPAGE);
#endif
        *out = (tyto_file_map){.data = data, .length = size};
        status = refuse_pointer(path, data, size, err);
    }
    if (status != TYTO_OK) {
        tyto_file_map_close(out);
    }
    return status;
}

void tyto_file_map_release(const tyto_file_map *map, size_t offset, size_t length)
{
    if (!map->data || map->in_heap || length == 0 || offset >= map->length ||
        length > map->length - offset) {
        return;
    }
    const uintptr_t start = (uintptr_t)map->data, page = TYTO_HUGE_PAGE_BYTES,
                    begin = (start + offset) / page * page,
                    end = (start + offset + length + page - 1) / page * page,
                    first = begin > start ? begin : start,
                    last = end < start + map->length ? end : start + map->length;
    (void)madvise((void *)first, last - first, MADV_DONTNEED);
}

void tyto_file_map_close(tyto_file_map *map)
{
    if (map->in_heap) {
        free((void *)(uintptr_t)map->data);
    } else if (map->data) {
        munmap((void *)(uintptr_t)map->data, map->length);
    }
    *map = (tyto_file_map){0};
}
