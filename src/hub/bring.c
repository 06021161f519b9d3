/* One file into its place: locked, resumed, checked, renamed. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "hub/hub.h"

/* What bringing one file needs. */
typedef struct job {
    tyto_hub_connection *over;
    const tyto_hub_place *place;
    const char *commit;
    const tyto_hub_file *file;
    tyto_hub_bytes_fn on_bytes;
    void *user;
    char *incomplete; /* the file while it is not whole */
    int descriptor;
    tyto_error *err;
} job;

static tyto_status fail_errno(const job *j, const char *path)
{
    return tyto_fail(j->err, TYTO_E_IO, "%s: %s", path, strerror(errno));
}

/* Other programs lock the same file in the same way. */
static tyto_status lock(const job *j, int *out)
{
    const char *repo = tyto_path_base(j->place->folder);
    char *folder = tyto_hub_text("%s/.locks/%s", j->place->cache, repo);
    char *path = folder ? tyto_hub_text("%s/%s.lock", folder, j->file->hash) : NULL;
    tyto_status status =
        path ? tyto_hub_make_folder(folder, j->err) : tyto_fail_memory(j->err, j->file->name);
    if (status == TYTO_OK) {
        *out = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        status = *out < 0 ? fail_errno(j, path) : TYTO_OK;
    }
    for (bool logged = false; status == TYTO_OK && flock(*out, LOCK_EX | LOCK_NB) != 0;) {
        const tyto_hub_options *options = j->place->options;
        if (errno != EWOULDBLOCK && errno != EINTR) {
            status = fail_errno(j, path);
        } else if (!j->on_bytes(j->user, j->file->name, 0)) {
            status = tyto_fail(j->err, TYTO_E_CANCELLED, "%s: stopped while another pull had it",
                               j->file->name);
        } else {
            if (!logged && options->log) {
                options->log(options->log_user, TYTO_LOG_LEVEL_WARNING,
                             "another program downloads this too: waiting for it");
            }
            logged = true;
            nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
        }
    }
    free(folder);
    free(path);
    return status;
}

static bool has_size(const char *path, uint64_t bytes)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && (uint64_t)info.st_size == bytes;
}

/* Opens what an earlier pull left, and drops it when it can't be a part. */
static tyto_status open_incomplete(job *j, uint64_t *there)
{
    struct stat info;
    j->descriptor = open(j->incomplete, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (j->descriptor < 0 || fstat(j->descriptor, &info) != 0) {
        return fail_errno(j, j->incomplete);
    }
    *there = (uint64_t)info.st_size;
    if (*there > j->file->bytes) {
        *there = 0;
        if (ftruncate(j->descriptor, 0) != 0) {
            return fail_errno(j, j->incomplete);
        }
    }
    return TYTO_OK;
}

/* A full disk is better known before than after. */
static tyto_status check_room(const job *j, uint64_t there)
{
    struct statvfs disk;
    const uint64_t needed = j->file->bytes - there;
    if (fstatvfs(j->descriptor, &disk) == 0 &&
        needed / (disk.f_frsize ? disk.f_frsize : 1) > disk.f_bavail) {
        return tyto_fail(
            j->err, TYTO_E_IO, "%s: %s: got %.1f MB of room on the disk, required %.1f MB",
            j->place->cache, j->file->name, 1e-6 * (double)disk.f_bavail * (double)disk.f_frsize,
            1e-6 * (double)needed);
    }
    return TYTO_OK;
}

static tyto_status get(const job *j)
{
    char *name = tyto_hub_escape(j->file->name);
    char *path = name ? tyto_hub_text("%s/resolve/%s/%s", j->place->repo, j->commit, name) : NULL;
    tyto_status status = path ? tyto_hub_get_file(j->over, path, j->file, j->descriptor,
                                                  j->on_bytes, j->user, j->err)
                              : tyto_fail_memory(j->err, j->file->name);
    free(path);
    free(name);
    return status;
}

/* *good is false when the bytes aren't those that were announced. */
static tyto_status check_hash(const job *j, bool *good, bool last)
{
    char hash[TYTO_HUB_SHA256_DIGITS + 1];
    TYTO_TRY(
        tyto_hub_hash(j->descriptor, j->file->bytes, j->file->hash, hash, j->incomplete, j->err));
    *good = strcmp(hash, j->file->hash) == 0;
    if (*good) {
        return TYTO_OK;
    }
    if (ftruncate(j->descriptor, 0) != 0) {
        return fail_errno(j, j->incomplete);
    }
    return last ? tyto_fail(j->err, TYTO_E_FORMAT, "%s: %s: got a file of hash %s, required %s",
                            j->place->repo, j->file->name, hash, j->file->hash)
                : TYTO_OK;
}

/* A part of unknown origin may be to blame for a wrong hash: then all of it comes once more. */
static tyto_status fill(job *j)
{
    uint64_t there;
    bool good;
    TYTO_TRY(open_incomplete(j, &there));
    TYTO_TRY(check_room(j, there));
    (void)j->on_bytes(j->user, j->file->name, there);
    TYTO_TRY(get(j));
    TYTO_TRY(check_hash(j, &good, there == 0));
    if (!good) {
        TYTO_TRY(get(j));
        TYTO_TRY(check_hash(j, &good, true));
    }
    if (fsync(j->descriptor) != 0 || rename(j->incomplete, j->file->blob) != 0) {
        return fail_errno(j, j->file->blob);
    }
    return TYTO_OK;
}

/* Closes the part, and removes one that holds nothing. */
static void close_incomplete(job *j)
{
    struct stat info;
    if (j->descriptor >= 0) {
        if (fstat(j->descriptor, &info) == 0 && info.st_size == 0 && info.st_nlink > 0 &&
            !has_size(j->file->blob, j->file->bytes)) {
            unlink(j->incomplete);
        }
        close(j->descriptor);
    }
}

tyto_status tyto_hub_bring(tyto_hub_connection *connection, const tyto_hub_place *place,
                           const char *commit, const tyto_hub_file *file,
                           tyto_hub_bytes_fn on_bytes, void *user, tyto_error *err)
{
    job j = {connection, place, commit, file, on_bytes, user, .descriptor = -1, .err = err};
    int locked = -1;
    tyto_status status = lock(&j, &locked);
    if (status == TYTO_OK && has_size(file->blob, file->bytes)) {
        (void)on_bytes(user, file->name, file->bytes);
    } else if (status == TYTO_OK) {
        j.incomplete = tyto_hub_text("%s.incomplete", file->blob);
        status = j.incomplete ? fill(&j) : tyto_fail_memory(err, file->name);
        close_incomplete(&j);
    }
    free(j.incomplete);
    if (locked >= 0) {
        close(locked);
    }
    return status;
}
