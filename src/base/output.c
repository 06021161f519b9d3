/* Files as programs write them: over tyto_file_writer, and standard output. */
#include <tyto/output.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/output.h"

/* Room is made in steps of so many bytes, as long as there is so much. */
#define RESERVED_STEP_BYTES ((size_t)1 << 20)

struct tyto_output {
    tyto_file_writer writer; /* its stream is NULL once the file is committed */
    bool standard;
    size_t appended_bytes, handed_bytes; /* in all, and by the last flush */
    size_t reserved_bytes;               /* of the file, for which there is room; 0: nobody asked */
};

static const char *name_of(const tyto_output *output)
{
    return output->standard ? "standard output" : output->writer.path;
}

/* That a pipe's reader has gone away is a reason to stop, and nobody's fault. */
static tyto_status fail_write(const tyto_output *output, tyto_error *err)
{
    const int code = errno ? errno : EIO;
    const tyto_status status = code == EPIPE ? TYTO_E_CANCELLED : TYTO_E_IO;
    return output->handed_bytes > 0
               ? tyto_fail(err, status, "%s: %s, after %zu bytes", name_of(output), strerror(code),
                           output->handed_bytes)
               : tyto_fail(err, status, "%s: %s", name_of(output), strerror(code));
}

static bool is_standard(const char *path)
{
    return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0;
}

tyto_status tyto_output_open(const char *path, tyto_output **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    tyto_output *output = tyto_alloc_zeroed(1, sizeof(*output));
    if (!output) {
        return tyto_fail_memory(err, path);
    }
    output->standard = is_standard(path);
    if (output->standard) {
        output->writer.stream = stdout;
    } else {
        status = tyto_file_writer_open(path, &output->writer, err);
    }
    if (status == TYTO_OK) {
        *out = output;
    } else {
        tyto_output_destroy(output);
    }
    return status;
}

static tyto_status check_open(const tyto_output *output, tyto_error *err)
{
    TYTO_REQUIRE(err, output);
    return output->writer.stream
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_ARGUMENT, "output: it was committed already, required once");
}

tyto_status tyto_output_write(tyto_output *output, const void *bytes, size_t length_bytes,
                              tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_TRY(check_open(output, err));
    if (length_bytes == 0) {
        return TYTO_OK;
    }
    TYTO_REQUIRE(err, bytes);
    errno = 0;
    if (fwrite(bytes, 1, length_bytes, output->writer.stream) != length_bytes) {
        return fail_write(output, err);
    }
    output->appended_bytes += length_bytes;
    return TYTO_OK;
}

tyto_status tyto_output_flush(tyto_output *output, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_TRY(check_open(output, err));
    errno = 0;
    if (fflush(output->writer.stream) != 0 || ferror(output->writer.stream)) {
        return fail_write(output, err);
    }
    output->handed_bytes = output->appended_bytes;
    return TYTO_OK;
}

/* Returns 0, or errno when the disk is full; one that can't make room is as if it had some. */
static int make_room(int file, size_t length)
{
    struct rlimit most;
    if (getrlimit(RLIMIT_FSIZE, &most) == 0 && most.rlim_cur != RLIM_INFINITY &&
        length > most.rlim_cur) {
        return EFBIG;
    }
    const bool full = fallocate(file, FALLOC_FL_KEEP_SIZE, 0, (off_t)length) != 0 &&
                      (errno == ENOSPC || errno == EDQUOT || errno == EFBIG);
    return full ? errno : 0;
}

tyto_status tyto_output_reserve(tyto_output *output, size_t length_bytes, tyto_error *err)
{
    TYTO_TRY(check_open(output, err));
    const size_t needed = output->handed_bytes + length_bytes;
    if (output->standard || output->writer.placed || needed <= output->reserved_bytes) {
        return TYTO_OK;
    }
    const int file = fileno(output->writer.stream);
    size_t room = needed + RESERVED_STEP_BYTES;
    int code = make_room(file, room);
    if (code != 0) {
        room = needed;
        code = make_room(file, room);
    }
    if (code != 0) {
        errno = code;
        return fail_write(output, err);
    }
    output->reserved_bytes = room;
    return TYTO_OK;
}

bool tyto_output_take_back(tyto_output *output)
{
    struct stat info;
    FILE *stream = output->standard ? NULL : output->writer.stream;
    if (!stream || fstat(fileno(stream), &info) != 0 || !S_ISREG(info.st_mode)) {
        return false;
    }
    __fpurge(stream);
    clearerr(stream);
    output->appended_bytes = output->handed_bytes;
    return (info.st_size <= (off_t)output->handed_bytes ||
            ftruncate(fileno(stream), (off_t)output->handed_bytes) == 0) &&
           fseeko(stream, (off_t)output->handed_bytes, SEEK_SET) == 0;
}

/* Gives back the room that wasn't needed. */
static void give_back(tyto_output *output)
{
    struct stat info;
    if (output->reserved_bytes > 0 && fstat(fileno(output->writer.stream), &info) == 0 &&
        ftruncate(fileno(output->writer.stream), info.st_size) == 0) {
        output->reserved_bytes = 0;
    }
}

tyto_status tyto_output_place(tyto_output *output, tyto_error *err)
{
    TYTO_TRY(tyto_output_flush(output, err));
    return output->standard ? TYTO_OK : tyto_file_writer_place(&output->writer, err);
}

tyto_status tyto_output_commit(tyto_output *output, tyto_error *err)
{
    tyto_status status = tyto_output_flush(output, err);
    if (!output || output->standard) {
        return status;
    }
    if (status == TYTO_OK) {
        give_back(output);
        status = tyto_file_writer_commit(&output->writer, err);
    }
    tyto_file_writer_abandon(&output->writer);
    return status;
}

void tyto_output_destroy(tyto_output *output)
{
    if (output && !output->standard) {
        tyto_file_writer_abandon(&output->writer);
    }
    free(output);
}

const char *tyto_output_temporary(const tyto_output *output)
{
    return output && !output->writer.nameless ? output->writer.temporary : NULL;
}

tyto_status tyto_bytes_save(const char *path, const tyto_bytes *bytes, tyto_error *err)
{
    tyto_output *output;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, bytes);
    TYTO_TRY(tyto_output_open(path, &output, err));
    tyto_status status = tyto_output_write(output, bytes->data, bytes->length_bytes, err);
    if (status == TYTO_OK) {
        status = tyto_output_commit(output, err);
    }
    tyto_output_destroy(output);
    return status;
}

tyto_status tyto_output_check_file(const char *path, tyto_error *err)
{
    tyto_output *output;
    struct stat info;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_output_open(path, &output, err));
    tyto_output_destroy(output);
    return TYTO_OK;
}

tyto_status tyto_output_make_folder(const char *path, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    const int code = mkdir(path, 0777) == 0 ? 0 : errno;
    if (code != 0 && !tyto_folder_exists(path)) {
        return tyto_fail(err, TYTO_E_IO, "%s: %s", path,
                         code == EEXIST ? "got a file, required a folder" : strerror(code));
    }
    char *probe = tyto_path_join(path, "tyto");
    const tyto_status status =
        probe ? tyto_output_check_file(probe, err) : tyto_fail_memory(err, path);
    free(probe);
    return status;
}
