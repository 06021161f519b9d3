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

static tyto_status fail_errno(tyto_error *err, const char *path)
{
    int code = errno;
    tyto_status status = code == ENOENT || code == ENOTDIR ? TYTO_E_NOT_FOUND
                         : code == ENOMEM                  ? TYTO_E_MEMORY
                                                           : TYTO_E_IO;
    return tyto_fail(err, status, "%s: %s", path, strerror(code));
}

/* Opens a file and gives its size; SIZE_UNKNOWN for a pipe or a terminal, which is waited for.
 * Folders and devices are refused. */
#define SIZE_UNKNOWN SIZE_MAX
static tyto_status open_any(const char *path, int *out, size_t *length, tyto_error *err)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return fail_errno(err, path);
    }
    struct stat info;
    if (fstat(fd, &info) != 0) {
        tyto_status status = fail_errno(err, path);
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
        tyto_status status = fail_errno(err, path);
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
            status = ferror(stream) ? fail_errno(err, name) : TYTO_OK;
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
            return fail_errno(err, path);
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
        return fail_errno(err, path);
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
    tyto_status status = data == MAP_FAILED ? fail_errno(err, path) : TYTO_OK;
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

enum { SELF_BYTES = 32 };

/* What names an open file to linkat. */
static const char *self_path(char self[SELF_BYTES], int fd)
{
    snprintf(self, SELF_BYTES, "/proc/self/fd/%d", fd);
    return self;
}

/* A file without a name in the folder of `path`, which is gone when the process ends; -1 where it
 * can't be had, or couldn't be named later. */
static int open_nameless(const char *path)
{
    char self[SELF_BYTES];
    const char *slash = strrchr(path, '/');
    const size_t length = slash && slash > path ? (size_t)(slash - path) : 1;
    char *folder = tyto_copy_text(slash ? path : ".", length);
    int fd = folder ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
    free(folder);
    if (fd >= 0 && access(self_path(self, fd), F_OK) != 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Gives a nameless file a name beside its place, from which it can be renamed. */
static bool give_name(tyto_file_writer *writer)
{
    enum { NAMES = 100 };
    char self[SELF_BYTES];
    self_path(self, fileno(writer->stream));
    for (int i = 0; i < NAMES; i++) {
        snprintf(writer->temporary, writer->temporary_bytes, "%s.%d-%d.part", writer->path,
                 (int)getpid(), i);
        if (linkat(AT_FDCWD, self, AT_FDCWD, writer->temporary, AT_SYMLINK_FOLLOW) == 0) {
            writer->nameless = false;
            return true;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return false;
}

/* Opens a new file beside writer->path. */
static tyto_status open_beside(tyto_file_writer *writer, tyto_error *err)
{
    writer->temporary_bytes = strlen(writer->path) + 32;
    writer->temporary = tyto_alloc(writer->temporary_bytes, 1);
    if (!writer->temporary) {
        return tyto_fail_memory(err, writer->path);
    }
    int fd = open_nameless(writer->path);
    writer->nameless = fd >= 0;
    if (fd < 0) {
        snprintf(writer->temporary, writer->temporary_bytes, "%s.XXXXXX.part", writer->path);
        fd = mkstemps(writer->temporary, 5);
        if (fd < 0) {
            free(writer->temporary);
            writer->temporary = NULL;
            return fail_errno(err, writer->path);
        }
        mode_t mask = umask(0);
        umask(mask);
        (void)fchmod(fd, 0666 & ~mask);
    }
    writer->stream = fdopen(fd, "wb");
    if (!writer->stream) {
        tyto_status status = fail_errno(err, writer->path);
        close(fd);
        return status;
    }
    return TYTO_OK;
}

tyto_status tyto_file_writer_open(const char *path, tyto_file_writer *out, tyto_error *err)
{
    struct stat info;
    *out = (tyto_file_writer){0};
    if (tyto_folder_exists(path)) {
        return tyto_fail(err, TYTO_E_IO, "%s: got a folder, required a file to write", path);
    }
    /* A link is followed, so that it stays one. */
    bool link = lstat(path, &info) == 0 && S_ISLNK(info.st_mode);
    out->path = link ? realpath(path, NULL) : NULL;
    out->path = out->path ? out->path : tyto_copy_text(path, strlen(path));
    if (!out->path) {
        return tyto_fail_memory(err, path);
    }
    tyto_status status = TYTO_OK;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode)) {
        out->stream = fopen(path, "wb"); /* a device or a pipe can't be replaced by a file */
        status = out->stream ? TYTO_OK : fail_errno(err, path);
    } else {
        status = open_beside(out, err);
    }
    if (status != TYTO_OK) {
        tyto_file_writer_abandon(out);
    }
    return status;
}

void tyto_file_writer_in_huge_pages(tyto_file_writer *writer)
{
    writer->buffer = tyto_alloc(TYTO_HUGE_PAGE_BYTES, 1);
    if (writer->buffer &&
        setvbuf(writer->stream, writer->buffer, _IOFBF, TYTO_HUGE_PAGE_BYTES) != 0) {
        free(writer->buffer);
        writer->buffer = NULL;
    }
}

tyto_status tyto_file_writer_commit(tyto_file_writer *writer, tyto_error *err)
{
    bool bad = ferror(writer->stream) != 0;
    errno = 0;
    if (bad) {
        fputc(0, writer->stream); /* a stream keeps no cause, but failing again gives it */
    }
    bad = fflush(writer->stream) != 0 || bad;
    bad = bad || (writer->nameless && !give_name(writer));
    bad = fclose(writer->stream) != 0 || bad;
    writer->stream = NULL;
    if (bad || (writer->temporary && rename(writer->temporary, writer->path) != 0)) {
        if (errno == 0) {
            errno = EIO;
        }
        tyto_status status = fail_errno(err, writer->path);
        tyto_file_writer_abandon(writer);
        return status == TYTO_OK ? TYTO_E_IO : status;
    }
    free(writer->temporary);
    writer->temporary = NULL;
    tyto_file_writer_abandon(writer);
    return TYTO_OK;
}

void tyto_file_writer_abandon(tyto_file_writer *writer)
{
    if (writer->stream) {
        fclose(writer->stream);
    }
    if (writer->temporary && !writer->nameless) {
        unlink(writer->temporary);
    }
    free(writer->buffer);
    free(writer->temporary);
    free(writer->path);
    *writer = (tyto_file_writer){0};
}

tyto_status tyto_file_write(const char *path, const void *bytes, size_t length, tyto_error *err)
{
    tyto_file_writer writer;
    TYTO_TRY(tyto_file_writer_open(path, &writer, err));
    if (length) {
        fwrite(bytes, 1, length, writer.stream);
    }
    return tyto_file_writer_commit(&writer, err);
}
