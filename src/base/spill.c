#include "base/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"

void tyto_spill_init(tyto_spill *spill)
{
    *spill = (tyto_spill){.file = -1};
    tyto_buffer_init(&spill->held, SIZE_MAX / 2);
}

/* A file without a name in that folder; −1 where it can't be had. */
static int open_in(const char *folder)
{
    char path[4096];
    int file = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0 && snprintf(path, sizeof(path), "%s/tyto-XXXXXX", folder) < (int)sizeof(path)) {
        file = mkostemp(path, O_CLOEXEC);
        if (file >= 0) {
            unlink(path);
        }
    }
    return tyto_descriptor_above_standard(file);
}

/* Of the usual places /tmp is the last: it may be memory. */
static int open_file(void)
{
    const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    int file = -1;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && file < 0; i++) {
        file = folders[i] && *folders[i] ? open_in(folders[i]) : -1;
    }
    return file;
}

static int write_all(int file, const char *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t written = write(file, bytes, length);
        if (written < 0 && errno != EINTR) {
            return errno;
        }
        bytes += written > 0 ? written : 0;
        length -= written > 0 ? (size_t)written : 0;
    }
    return 0;
}

int tyto_spill_add(tyto_spill *spill, const void *bytes, size_t length)
{
    if (!tyto_buffer_add(&spill->held, bytes, length)) {
        return ENOMEM;
    }
    if (spill->held.length < TYTO_SPILL_HELD_BYTES || spill->full) {
        return 0;
    }
    if (spill->file < 0 && (spill->file = open_file()) < 0) {
        return 0;
    }
    spill->full = write_all(spill->file, spill->held.data, spill->held.length) != 0;
    if (!spill->full) {
        spill->filed_bytes += (int64_t)spill->held.length;
        spill->held.length = 0;
    } else if (ftruncate(spill->file, spill->filed_bytes) != 0) {
        return 0; /* what is behind these bytes is never read */
    }
    return 0;
}

int64_t tyto_spill_bytes(const tyto_spill *spill)
{
    return spill->filed_bytes + (int64_t)spill->held.length;
}

void tyto_spill_cut(tyto_spill *spill, int64_t bytes)
{
    const int64_t held = bytes - spill->filed_bytes;
    spill->held.length = held > 0 ? (size_t)held : 0;
    spill->filed_bytes = held > 0 ? spill->filed_bytes : bytes;
}

int tyto_spill_read(tyto_spill *spill, void *bytes, size_t most, size_t *length)
{
    const int64_t at = spill->read_bytes;
    *length = 0;
    if (at < spill->filed_bytes) {
        const int64_t left = spill->filed_bytes - at;
        const size_t wanted = (int64_t)most < left ? most : (size_t)left;
        const ssize_t got = pread(spill->file, bytes, wanted, at);
        if (got <= 0) {
            return got < 0 ? errno : EIO;
        }
        *length = (size_t)got;
    } else {
        const size_t begin = (size_t)(at - spill->filed_bytes), left = spill->held.length - begin;
        *length = most < left ? most : left;
        if (*length > 0) {
            memcpy(bytes, spill->held.data + begin, *length);
        }
    }
    spill->read_bytes += (int64_t)*length;
    return 0;
}

void tyto_spill_clear(tyto_spill *spill)
{
    if (spill->file >= 0) {
        close(spill->file);
    }
    tyto_buffer_clear(&spill->held);
    tyto_spill_init(spill);
}
