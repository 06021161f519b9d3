#include "output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"
#include "messages.h"

/* The file being written, for when the command ends early. */
static char *volatile unfinished;

void output_remove_unfinished(void)
{
    if (unfinished) {
        unlink(unfinished);
    }
}

char *path_join(const char *folder, const char *name)
{
    const size_t length = strlen(folder);
    return take_text("%s%s%s", folder, length > 0 && folder[length - 1] != '/' ? "/" : "", name);
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

const char *path_ending(const char *path)
{
    const char *base = path_base(path), *dot = strrchr(base, '.');
    return dot && dot != base ? dot : base + strlen(base);
}

bool path_is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool path_same_file(const char *a, const char *b)
{
    struct stat one, two;
    return stat(a, &one) == 0 && stat(b, &two) == 0 && one.st_dev == two.st_dev &&
           one.st_ino == two.st_ino;
}

static bool fail(output *out, const char *path)
{
    if (errno != EPIPE && !out->complained) {
        say_error("%s: %s", path ? path : "standard output", strerror(errno ? errno : EIO));
    }
    out->complained = true;
    return false;
}

/* The path to write: a link is followed, so that it stays a link. */
static char *resolve(const char *path)
{
    char *real = realpath(path, NULL);
    return real ? real : take_text("%s", path);
}

static bool is_special(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

/* Opens a new file beside the path. */
static FILE *open_beside(const char *path, char **temporary)
{
    *temporary = take_text("%s.XXXXXX.part", path);
    int fd = mkstemps(*temporary, 5);
    if (fd < 0) {
        return NULL;
    }
    mode_t mask = umask(0);
    umask(mask);
    (void)fchmod(fd, 0666 & ~mask);
    FILE *stream = fdopen(fd, "wb");
    if (!stream) {
        close(fd);
        unlink(*temporary);
    }
    return stream;
}

bool output_open(output *out, const char *path)
{
    static bool registered;
    *out = (output){0};
    if (!path || strcmp(path, "-") == 0) {
        out->stream = stdout;
        return true;
    }
    if (path_is_folder(path)) {
        say_error("%s: got a folder, required a file to write", path);
        return false;
    }
    if (is_special(path)) {
        out->path = take_text("%s", path);
        out->stream = fopen(path, "wb");
    } else {
        out->path = resolve(path);
        out->stream = open_beside(out->path, &out->temporary);
    }
    if (!out->stream) {
        fail(out, path);
        free(out->temporary);
        free(out->path);
        *out = (output){0};
        return false;
    }
    if (!registered) {
        registered = atexit(output_remove_unfinished) == 0;
    }
    unfinished = out->temporary;
    return true;
}

bool output_bytes(output *out, const tyto_bytes *bytes)
{
    errno = 0;
    return bytes->length_bytes == 0 || /* no bytes have no address */
           fwrite(bytes->data, 1, bytes->length_bytes, out->stream) == bytes->length_bytes ||
           fail(out, out->path);
}

bool output_file(const char *path, const tyto_bytes *bytes)
{
    output file;
    if (!output_open(&file, path)) {
        return false;
    }
    const bool written = output_bytes(&file, bytes);
    return output_commit(&file) && written;
}

bool output_flush(output *out)
{
    errno = 0;
    return (fflush(out->stream) == 0 && !ferror(out->stream)) || fail(out, out->path);
}

bool output_commit(output *out)
{
    bool good = output_flush(out);
    if (out->path) {
        errno = 0;
        if (fclose(out->stream) != 0 && good) {
            good = fail(out, out->path);
        }
        if (good && out->temporary && rename(out->temporary, out->path) != 0) {
            good = fail(out, out->path);
        }
        if (good) {
            unfinished = NULL;
            free(out->temporary);
            out->temporary = NULL;
        }
    }
    out->stream = NULL;
    output_abandon(out);
    return good;
}

void output_abandon(output *out)
{
    if (out->stream && out->path) {
        fclose(out->stream);
    }
    if (out->temporary) {
        unlink(out->temporary);
    }
    unfinished = NULL;
    free(out->temporary);
    free(out->path);
    *out = (output){0};
}

bool output_flush_stdout(void)
{
    output out = {.stream = stdout};
    return output_flush(&out);
}

bool output_check_file(const char *path)
{
    output out;
    if (is_special(path)) {
        return true;
    }
    if (!output_open(&out, path)) {
        return false;
    }
    output_abandon(&out);
    return true;
}

bool output_make_folder(const char *path)
{
    if (mkdir(path, 0777) != 0 && !path_is_folder(path)) {
        say_error("%s: %s", path,
                  errno == EEXIST ? "got a file, required a folder" : strerror(errno));
        return false;
    }
    char *probe = path_join(path, "tyto");
    const bool writable = output_check_file(probe);
    free(probe);
    return writable;
}
