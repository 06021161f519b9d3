/* Files being written beside their place, and put there by renaming or, where that is refused, by
 * copying. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

/* Length of a name beside the place, which must be short: the file's own may be as long as names
 * can be. */
#define TEMPORARY_NAME_BYTES 48
#define COPIED_BYTES ((size_t)1 << 14)
enum { SELF_BYTES = 32, NAMES = 100, LINKS_MAX = 40 };

/* What names an open file to linkat. */
static const char *self_path(char self[SELF_BYTES], int fd)
{
    snprintf(self, SELF_BYTES, "/proc/self/fd/%d", fd);
    return self;
}

/* The folder of a path; NULL when memory is out. */
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? tyto_copy_text(path, slash > path ? (size_t)(slash - path) : 1)
                 : tyto_copy_text(".", 1);
}

/* Where the links lead that the path may be, whether or not a file is there; NULL when memory is
 * out. */
static char *follow_links(const char *path)
{
    char target[PATH_MAX];
    char *place = tyto_copy_text(path, strlen(path));
    for (int i = 0; place && i < LINKS_MAX; i++) {
        const ssize_t length = readlink(place, target, sizeof(target) - 1);
        if (length < 0) {
            break;
        }
        target[length] = '\0';
        char *folder = target[0] == '/' ? tyto_copy_text("", 0) : folder_of(place);
        free(place);
        place = folder ? tyto_path_join(folder, target) : NULL;
        free(folder);
    }
    return place;
}

/* A file without a name in a folder, which is gone when the process ends; -1 where it can't be had.
 */
static int open_nameless(const char *folder)
{
    return tyto_descriptor_above_standard(open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666));
}

/* The i-th name that a file may have beside its place. */
static const char *name_beside(tyto_file_writer *writer, int i)
{
    const char *slash = strrchr(writer->path, '/');
    const size_t folder = slash ? (size_t)(slash - writer->path) + 1 : 0;
    snprintf(writer->temporary, writer->temporary_bytes, "%.*styto-%d-%d.part", (int)folder,
             writer->path, (int)getpid(), i);
    return writer->temporary;
}

/* Gives a nameless file a name beside its place, from which it can be renamed. */
static bool give_name(tyto_file_writer *writer)
{
    char self[SELF_BYTES];
    self_path(self, fileno(writer->stream));
    for (int i = 0; i < NAMES; i++) {
        if (linkat(AT_FDCWD, self, AT_FDCWD, name_beside(writer, i), AT_SYMLINK_FOLLOW) == 0) {
            writer->nameless = false;
            return true;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return false;
}

/* Opens a new file in the folder of the place, without a name if it can be named later. -1 with
 * errno. */
static int open_beside(tyto_file_writer *writer)
{
    char self[SELF_BYTES];
    char *folder = folder_of(writer->path);
    int fd = folder ? open_nameless(folder) : -1;
    free(folder);
    writer->nameless = fd >= 0 && access(self_path(self, fd), F_OK) == 0;
    if (writer->nameless) {
        return fd;
    }
    if (fd >= 0) {
        close(fd);
    }
    fd = -1;
    errno = EEXIST;
    for (int i = 0; i < NAMES && fd < 0 && errno == EEXIST; i++) {
        fd = open(name_beside(writer, i), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    return tyto_descriptor_above_standard(fd);
}

/* Opens a file for what will be copied into its place: in the folder of temporary files, or in
 * memory. */
static int open_elsewhere(tyto_file_writer *writer)
{
    const char *folder = secure_getenv("TMPDIR");
    int fd = open_nameless(folder && *folder ? folder : "/tmp");
    if (fd < 0) {
        fd = tyto_descriptor_above_standard(memfd_create("tyto", MFD_CLOEXEC));
    }
    writer->nameless = writer->copied = true;
    free(writer->temporary);
    writer->temporary = NULL;
    return fd;
}

static bool is_refused(int code)
{
    return code == EACCES || code == EPERM || code == EROFS || code == EBUSY || code == EXDEV;
}

static bool is_writable(const tyto_file_writer *writer)
{
    const int code = errno;
    const bool writable = access(writer->path, W_OK) == 0;
    errno = code;
    return writable;
}

/* The new file gets the mode and owner of the one that is there; where it can't, or would cut the
 * other names off that one has, it is copied into it. */
static void be_like(tyto_file_writer *writer, int fd, const struct stat *there)
{
    struct stat own;
    if (fstat(fd, &own) != 0) {
        return;
    }
    const bool same = own.st_uid == there->st_uid && own.st_gid == there->st_gid;
    const bool owned = same || fchown(fd, there->st_uid, there->st_gid) == 0;
    (void)fchmod(fd, there->st_mode & 07777);
    if (there->st_nlink > 1 || !owned) {
        writer->copied = writer->copied || is_writable(writer);
    }
}

/* there: the file that is there, or NULL */
static tyto_status open_new(tyto_file_writer *writer, const struct stat *there, tyto_error *err)
{
    writer->temporary_bytes = strlen(writer->path) + TEMPORARY_NAME_BYTES;
    writer->temporary = tyto_alloc(writer->temporary_bytes, 1);
    if (!writer->temporary) {
        return tyto_fail_memory(err, writer->path);
    }
    int fd = open_beside(writer);
    if (fd < 0 && there && is_refused(errno) && is_writable(writer)) {
        fd = open_elsewhere(writer);
    }
    if (fd < 0) {
        free(writer->temporary);
        writer->temporary = NULL;
        return errno == ENOENT
                   ? tyto_fail(err, TYTO_E_NOT_FOUND, "%s: %s: required a folder that is there",
                               writer->path, strerror(errno))
                   : tyto_fail_errno(err, writer->path);
    }
    if (there) {
        be_like(writer, fd, there);
    }
    writer->stream = fdopen(fd, "wb");
    if (!writer->stream) {
        const tyto_status status = tyto_fail_errno(err, writer->path);
        close(fd);
        return status;
    }
    return TYTO_OK;
}

/* A device or a pipe, which can't be replaced by a file. */
static tyto_status open_in_place(tyto_file_writer *writer, const char *path, tyto_error *err)
{
    const int fd =
        tyto_descriptor_above_standard(open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_CLOEXEC));
    writer->placed = true;
    writer->stream = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (!writer->stream) {
        const tyto_status status = tyto_fail_errno(err, path);
        if (fd >= 0) {
            close(fd);
        }
        return status;
    }
    return TYTO_OK;
}

tyto_status tyto_file_writer_open(const char *path, tyto_file_writer *out, tyto_error *err)
{
    struct stat info;
    *out = (tyto_file_writer){0};
    const bool there = stat(path, &info) == 0;
    if (there && S_ISDIR(info.st_mode)) {
        return tyto_fail(err, TYTO_E_IO, "%s: got a folder, required a file to write", path);
    }
    if (!there && errno != ENOENT) {
        return tyto_fail_errno(err, path);
    }
    out->path = follow_links(path);
    if (!out->path) {
        return tyto_fail_memory(err, path);
    }
    const tyto_status status = there && !S_ISREG(info.st_mode)
                                   ? open_in_place(out, path, err)
                                   : open_new(out, there ? &info : NULL, err);
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

static bool copy_all(int source, int place, off_t bytes)
{
    char piece[COPIED_BYTES];
    for (off_t at = 0; at < bytes;) {
        const ssize_t got = pread(source, piece, sizeof(piece), at);
        if (got <= 0 && !(got < 0 && errno == EINTR)) {
            return false;
        }
        for (ssize_t done = 0; done < got;) {
            const ssize_t put = write(place, piece + done, (size_t)(got - done));
            if (put < 0 && errno != EINTR) {
                return false;
            }
            done += put > 0 ? put : 0;
        }
        at += got > 0 ? got : 0;
    }
    return ftruncate(place, bytes) == 0;
}

/* The place, open at the end of what was copied; -1 with errno. Room is made first, so that a full
 * disk is found out before what is there is lost. */
static int copy_into_place(int source, const char *path)
{
    struct stat info;
    const int place = tyto_descriptor_above_standard(open(path, O_WRONLY | O_CLOEXEC));
    bool good = place >= 0 && fstat(source, &info) == 0;
    if (good && info.st_size > 0 && fallocate(place, FALLOC_FL_KEEP_SIZE, 0, info.st_size) != 0) {
        good = errno != ENOSPC && errno != EDQUOT && errno != EFBIG;
    }
    good = good && copy_all(source, place, info.st_size);
    if (!good && place >= 0) {
        const int code = errno;
        close(place);
        errno = code;
        return -1;
    }
    return place;
}

/* Some file systems say only when a file is closed that it couldn't be written. */
static bool closes_well(int fd)
{
    const int twin = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return twin >= 0 && close(twin) == 0;
}

/* All that was written is handed to the system; errno says why not. A stream keeps no cause, but
 * failing again gives it. */
static bool flush(tyto_file_writer *writer)
{
    errno = 0;
    const bool bad = ferror(writer->stream) != 0;
    if (bad) {
        fputc(0, writer->stream);
    }
    return fflush(writer->stream) == 0 && !bad;
}

/* *copy = the place, open, where the file was copied to it; else -1, and it is the file itself.
 * False with errno. */
static bool put_in_place(tyto_file_writer *writer, int *copy)
{
    const int fd = fileno(writer->stream);
    *copy = -1;
    if (!closes_well(fd)) {
        return false;
    }
    if (!writer->copied) {
        if ((!writer->nameless || give_name(writer)) &&
            rename(writer->temporary, writer->path) == 0) {
            free(writer->temporary);
            writer->temporary = NULL;
            return true;
        }
        if (!is_refused(errno) || !is_writable(writer)) {
            return false;
        }
    }
    *copy = copy_into_place(fd, writer->path);
    return *copy >= 0;
}

tyto_status tyto_file_writer_place(tyto_file_writer *writer, tyto_error *err)
{
    int copy = -1;
    if (!flush(writer) || (!writer->placed && !put_in_place(writer, &copy))) {
        errno = errno ? errno : EIO;
        return tyto_fail_errno(err, writer->path);
    }
    writer->placed = true;
    if (copy >= 0) {
        FILE *stream = fdopen(copy, "wb");
        if (!stream) {
            const tyto_status status = tyto_fail_errno(err, writer->path);
            close(copy);
            return status;
        }
        fclose(writer->stream);
        writer->stream = stream;
    }
    return TYTO_OK;
}

tyto_status tyto_file_writer_commit(tyto_file_writer *writer, tyto_error *err)
{
    int copy = -1;
    bool good = flush(writer) && (writer->placed || put_in_place(writer, &copy));
    int code = errno;
    if (copy >= 0 && close(copy) != 0) {
        good = false;
        code = errno;
    }
    if (fclose(writer->stream) != 0 && good) {
        good = false;
        code = errno;
    }
    writer->stream = NULL;
    errno = code ? code : EIO;
    const tyto_status status = good ? TYTO_OK : tyto_fail_errno(err, writer->path);
    tyto_file_writer_abandon(writer);
    return status;
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
