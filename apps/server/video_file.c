#include "video_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char shown[] = "the video"; /* what errors call it */

void video_file_rename(const video_file *v, tyto_error *err)
{
    const size_t length = strlen(v->path);
    if (err->message && *v->path && strncmp(err->message, v->path, length) == 0) {
        char *rest = err->message + length;
        memmove(err->message + sizeof(shown) - 1, rest, strlen(rest) + 1);
        memcpy(err->message, shown, sizeof(shown) - 1);
    }
}

static bool write_all(int file, const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        const ssize_t n = write(file, bytes, length);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        bytes += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

bool video_file_keep(work *job, const json_t *text, video_file *out)
{
    uint8_t *bytes;
    size_t length;
    if (!work_bytes_text(job, text, shown, &bytes, &length)) {
        return false;
    }
    out->file = memfd_create("video", MFD_CLOEXEC);
    const bool good = out->file >= 0 && write_all(out->file, bytes, length);
    free(bytes);
    if (!good) {
        reply_error(job->x, 503, "out of memory");
        return false;
    }
    snprintf(out->path, sizeof(out->path), "/proc/self/fd/%d", out->file);
    return true;
}

void video_file_close(video_file *v)
{
    if (v->file >= 0) {
        close(v->file);
    }
    v->file = -1;
}
