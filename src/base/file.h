/** Files: bounded reads, read-only maps, writes that are whole or not there. */
#ifndef TYTO_BASE_FILE_H
#define TYTO_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <tyto/status.h>

/** folder + "/" + name (name alone when folder is empty); NULL when memory is out. */
char *tyto_path_join(const char *folder, const char *name);
/** The part after the last '/'. */
const char *tyto_path_base(const char *path);
/** The path's part below the folder, as "a/x.jpg" of "shots/a/x.jpg" below "shots"; the part after
 *  the last '/' where it doesn't lie there, or leaves it by "..", or folder is NULL. */
const char *tyto_path_below(const char *folder, const char *path);
/** Bytes of the deepest folder, with its '/', that all paths lie in, but "-". */
size_t tyto_paths_shared_bytes(const char *const *paths, int64_t count);
bool tyto_file_exists(const char *path);
bool tyto_folder_exists(const char *path);

/** E_NOT_FOUND, E_MEMORY or E_IO "path: …" for what errno says. */
tyto_status tyto_fail_errno(tyto_error *err, const char *path);
/** Moves a descriptor that was just opened above those of standard input, output and error, which a
 *  program may have begun without: what is said on these must never go into a file. −1 stays −1,
 *  and is what comes of a failure, with errno. */
int tyto_descriptor_above_standard(int descriptor);

/** Whether a path names something that can be read once only, such as a pipe or a terminal. */
bool tyto_file_is_stream(const char *path);

/** The path of standard input for "-"; any other is itself. */
const char *tyto_file_or_input(const char *path);

/** Most bytes of a pipe where a file would be mapped. */
#define TYTO_FILE_STREAM_BYTES_MAX ((size_t)4 << 30)

/** Opens a regular file for reading; never waits for a pipe.
 *  errors  E_NOT_FOUND, E_IO, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_file_stream(const char *path, FILE **out, tyto_error *err);

/** Reads the rest of a stream, at most `limit` bytes; *out gets a NUL after the last byte. Memory
 *  grows with what comes. A signal whose handler returns ends it, as E_IO.
 *  memory  release *out with free
 *  errors  E_IO, E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_stream_read(FILE *stream, const char *name, size_t limit,
                                            char **out, size_t *length, tyto_error *err);

/** Reads a whole file, or all that a pipe gives, of at most `limit` bytes; *out gets a NUL after
 *  the last byte.
 *  memory  release *out with free
 *  errors  E_NOT_FOUND, E_IO (a folder too), E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_file_read(const char *path, size_t limit, char **out,
                                          size_t *length, tyto_error *err);

/** A file mapped for reading. */
typedef struct tyto_file_map {
    const uint8_t *data;
    size_t length;
    bool in_heap; /**< of a pipe, whose bytes can't be mapped */
} tyto_file_map;

TYTO_NODISCARD tyto_status tyto_file_map_open(const char *path, tyto_file_map *out,
                                              tyto_error *err);
/** Gives the huge pages that [offset, offset+length) lies in back to the system, with what else
 *  lies in them: all are read again when touched. */
void tyto_file_map_release(const tyto_file_map *map, size_t offset, size_t length);
void tyto_file_map_close(tyto_file_map *map);

/** A file being written beside its place, without a name where the file system can do that. Mode
 *  and owner of a file that is there are kept, as are links to it. Where a new file can't take its
 *  place, as in a folder that may not be written, on a mount point or under a second name, it is
 *  copied into the old one. A device or a pipe is written in place. */
typedef struct tyto_file_writer {
    FILE *stream;
    char *path;
    char *temporary; /* its name until then; NULL when it is written in place, or somewhere else */
    size_t temporary_bytes;
    bool nameless; /* it has none yet: nothing is left behind, however the process ends */
    bool copied;   /* it won't be renamed */
    bool placed;   /* it is in its place, and written there */
    char *buffer;  /* of the stream, or NULL: its own */
} tyto_file_writer;

/** errors  E_NOT_FOUND, E_IO, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_file_writer_open(const char *path, tyto_file_writer *out,
                                                 tyto_error *err);
/** For a file that will be mapped: from now on, before anything is written, it is written in pieces
 * of a huge page, which the system then keeps and maps as such where it can. */
void tyto_file_writer_in_huge_pages(tyto_file_writer *writer);
/** Puts what was written so far in its place, where the writing goes on: from now on it stays,
 *  however the process ends. */
TYTO_NODISCARD tyto_status tyto_file_writer_place(tyto_file_writer *writer, tyto_error *err);
/** Flushes, checks every earlier write, and puts the file in its place; removes it on failure,
 *  unless it was there already. The writer is closed in any case. */
TYTO_NODISCARD tyto_status tyto_file_writer_commit(tyto_file_writer *writer, tyto_error *err);
/** Removes what was written so far, unless it is in its place. Fine after commit. */
void tyto_file_writer_abandon(tyto_file_writer *writer);

/** All of it at once. */
TYTO_NODISCARD tyto_status tyto_file_write(const char *path, const void *bytes, size_t length,
                                           tyto_error *err);

#endif
