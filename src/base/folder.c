#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes a folder of files. It takes no memory, since that may be what is out. */
static bool remove_folder(const char *path)
{
    _Alignas(struct dirent64) char entries[4096];
    const int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ssize_t bytes;
    while (folder >= 0 && (bytes = getdents64(folder, entries, sizeof(entries))) > 0) {
        const struct dirent64 *entry;
        for (ssize_t at = 0; at < bytes; at += entry->d_reclen) {
            entry = (const struct dirent64 *)(const void *)(entries + at);
            if (!is_dots(entry->d_name)) {
                (void)unlinkat(folder, entry->d_name, 0);
            }
        }
    }
    if (folder >= 0) {
        close(folder);
    }
    return rmdir(path) == 0;
}

/* own: a name that isn't counted; NULL: all are */
static tyto_status check_entry(DIR *entries, const char *name, tyto_may_replace_fn may_replace,
                               const char *own, const char *path, tyto_error *err)
{
    struct stat info;
    if (is_dots(name) || (own && strcmp(name, own) == 0)) {
        return TYTO_OK;
    }
    if (!may_replace) {
        return tyto_fail(err, TYTO_E_EXISTS, "%s: is there already, with '%.200s' in it", path,
                         name);
    }
    if (fstatat(dirfd(entries), name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
        return tyto_fail_errno(err, path);
    }
    if (S_ISDIR(info.st_mode) || !may_replace(name)) {
        return tyto_fail(err, TYTO_E_EXISTS,
                         "%s: holds '%.200s', which would be lost; required nothing but a "
                         "checkpoint's files",
                         path, name);
    }
    return TYTO_OK;
}

/* What is at the path may be replaced, or there is nothing. */
static tyto_status check_place(const char *path, tyto_may_replace_fn may_replace, const char *own,
                               tyto_error *err)
{
    DIR *entries = opendir(path);
    const struct dirent *entry;
    tyto_status status = TYTO_OK;
    if (!entries) {
        struct stat info;
        if (errno == ENOENT && lstat(path, &info) != 0) {
            return TYTO_OK;
        }
        return errno == ENOTDIR || errno == ENOENT
                   ? tyto_fail(err, TYTO_E_EXISTS, "%s: got a file, required a folder to write",
                               path)
                   : tyto_fail_errno(err, path);
    }
    while (status == TYTO_OK && (errno = 0, entry = readdir(entries))) {
        status = check_entry(entries, entry->d_name, may_replace, own, path, err);
    }
    if (status == TYTO_OK && errno != 0) {
        status = tyto_fail_errno(err, path);
    }
    closedir(entries);
    return status;
}

/* The path without slashes at its end; a link to a folder is followed, so that it stays one. */
static char *plain_path(const char *path)
{
    size_t length = strlen(path);
    char *real = realpath(path, NULL);
    if (real) {
        return real;
    }
    while (length > 1 && path[length - 1] == '/') {
        length--;
    }
    return errno == ENOMEM ? NULL : tyto_copy_text(path, length);
}

/* Another file system lies there, or another place of this one. */
static bool is_mount_point(const char *path)
{
    struct statx info;
    return statx(AT_FDCWD, path, 0, STATX_BASIC_STATS, &info) == 0 &&
           (info.stx_attributes_mask & info.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0;
}

/* A new folder in the first `folder` bytes of the path, which end with a slash or are none; NULL
 * with errno. */
static char *make_temporary(const char *path, size_t folder, const char *slash)
{
    /* The folder's own name may be as long as names can be. */
    const char name[] = "tyto.part.XXXXXX";
    char *temporary = tyto_alloc(folder + strlen(slash) + sizeof(name), 1);
    if (!temporary) {
        errno = ENOMEM;
        return NULL;
    }
    snprintf(temporary, folder + strlen(slash) + sizeof(name), "%.*s%s%s", (int)folder, path, slash,
             name);
    if (!mkdtemp(temporary)) {
        const int code = errno;
        free(temporary);
        errno = code;
        return NULL;
    }
    return temporary;
}

static bool is_refused(int code)
{
    return code == EACCES || code == EPERM || code == EROFS || code == EBUSY || code == EXDEV;
}

tyto_status tyto_folder_writer_open(const char *path, tyto_may_replace_fn may_replace,
                                    tyto_folder_writer *out, tyto_error *err)
{
    *out = (tyto_folder_writer){.may_replace = may_replace};
    TYTO_TRY(check_place(path, may_replace, NULL, err));
    out->path = plain_path(path);
    if (!out->path) {
        return tyto_fail_memory(err, path);
    }
    const bool there = tyto_folder_exists(out->path);
    out->inside = there && is_mount_point(out->path);
    if (!out->inside) {
        out->temporary =
            make_temporary(out->path, (size_t)(tyto_path_base(out->path) - out->path), "");
        out->inside = !out->temporary && there && is_refused(errno);
    }
    if (out->inside) {
        out->temporary = make_temporary(out->path, strlen(out->path), "/");
    }
    if (!out->temporary) {
        const tyto_status status = tyto_fail_errno(err, path);
        tyto_folder_writer_abandon(out);
        return status;
    }
    const mode_t mask = umask(0);
    umask(mask);
    (void)chmod(out->temporary, 0777 & ~mask);
    return TYTO_OK;
}

/* Swaps the two folders; where a file system can't, moves one after the other. */
static bool exchange(const char *path, const char *temporary)
{
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_EXCHANGE) == 0) {
        return true;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return false;
    }
    const size_t bytes = strlen(temporary) + sizeof(".old");
    char *old = tyto_alloc(bytes, 1);
    if (!old) {
        errno = ENOMEM;
        return false;
    }
    snprintf(old, bytes, "%s.old", temporary);
    bool good = rename(path, old) == 0;
    if (good && rename(temporary, path) != 0) {
        const int code = errno;
        (void)rename(old, path);
        errno = code;
        good = false;
    }
    good = good && rename(old, temporary) == 0;
    free(old);
    return good;
}

/* The last file to come, which says that all are there. */
#define LAST "config.json"

/* Moves the files of `temporary` that are called LAST, or the others. False with errno. */
static bool move_files(DIR *source, int place, bool last)
{
    const struct dirent *entry;
    bool good = true;
    rewinddir(source);
    while (good && (errno = 0, entry = readdir(source))) {
        if (!is_dots(entry->d_name) && (strcmp(entry->d_name, LAST) == 0) == last) {
            good = renameat(dirfd(source), entry->d_name, place, entry->d_name) == 0;
        }
    }
    return good && errno == 0;
}

/* Removes what was in the place and will not be replaced. */
static bool remove_others(const tyto_folder_writer *writer, int source)
{
    DIR *entries = opendir(writer->path);
    const struct dirent *entry;
    bool good = entries != NULL;
    while (good && (errno = 0, entry = readdir(entries))) {
        const char *name = entry->d_name;
        if (!is_dots(name) && strcmp(name, tyto_path_base(writer->temporary)) != 0 &&
            faccessat(source, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0) {
            good = unlinkat(dirfd(entries), name, 0) == 0;
        }
    }
    good = good && errno == 0;
    if (entries) {
        closedir(entries);
    }
    return good;
}

/* Files one by one: what is replaced keeps its place, and LAST is there once all others are. */
static bool move_inside(const tyto_folder_writer *writer)
{
    DIR *source = opendir(writer->temporary);
    const int place = open(writer->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool good = source && place >= 0 && remove_others(writer, dirfd(source)) &&
                      move_files(source, place, false) && move_files(source, place, true);
    const int code = errno;
    if (source) {
        closedir(source);
    }
    if (place >= 0) {
        close(place);
    }
    errno = code;
    return good;
}

static bool put_in_place(tyto_folder_writer *writer)
{
    if (writer->inside) {
        return move_inside(writer);
    }
    /* An empty folder gives way to the rename; a full one must be exchanged. */
    if (rename(writer->temporary, writer->path) == 0) {
        free(writer->temporary);
        writer->temporary = NULL;
        return true;
    }
    return writer->may_replace && (errno == ENOTEMPTY || errno == EEXIST) &&
           exchange(writer->path, writer->temporary);
}

tyto_status tyto_folder_writer_commit(tyto_folder_writer *writer, tyto_error *err)
{
    /* Somebody else may have put something there since. */
    tyto_status status =
        check_place(writer->path, writer->may_replace,
                    writer->inside ? tyto_path_base(writer->temporary) : NULL, err);
    if (status == TYTO_OK && !put_in_place(writer)) {
        status = tyto_fail_errno(err, writer->path);
    }
    tyto_folder_writer_abandon(writer);
    return status;
}

void tyto_folder_writer_abandon(tyto_folder_writer *writer)
{
    if (writer->temporary) {
        (void)remove_folder(writer->temporary);
    }
    free(writer->temporary);
    free(writer->path);
    *writer = (tyto_folder_writer){0};
}

tyto_status tyto_folder_make_within(const char *folder, const char *name, tyto_error *err)
{
    char *path = tyto_path_join(folder, name);
    tyto_status status = path ? TYTO_OK : tyto_fail_memory(err, folder);
    char *at = path ? path + strlen(path) - strlen(name) : NULL;
    while (status == TYTO_OK && (at = strchr(at, '/')) != NULL) {
        *at = '\0';
        const int code = mkdir(path, 0777) == 0 ? 0 : errno;
        if (code != 0 && !tyto_folder_exists(path)) {
            errno = code;
            status = tyto_fail_errno(err, path);
        }
        *at++ = '/';
    }
    free(path);
    return status;
}
