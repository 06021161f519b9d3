/** Files that a program writes: whole, or not at all. */
#ifndef TYTO_OUTPUT_H
#define TYTO_OUTPUT_H

#include <stddef.h>
#include <tyto/bytes.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** Bytes on their way to a file, to a device or pipe, or to standard output. A file is written
 *  beside its place and renamed when it is committed; until then what was there stays. Its mode,
 *  its owner and other names of it do too. Where a new file can't take its place (a mount point, a
 *  folder that may not be written, a file of several names) it is copied into the old one when it
 *  is committed, once there is room for it.
 *  threads  one at a time */
typedef struct tyto_output tyto_output;

/** Begins a file. A link is followed, so that it stays one; a device or a pipe is written in place.
 *  path    "-" and "/dev/stdout": standard output
 *  memory  release *out with tyto_output_destroy
 *  errors  E_ARGUMENT (NULL), E_NOT_FOUND, E_IO (a folder, no right to write), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_output_open(const char *path, tyto_output **out,
                                                     tyto_error *err);
/** Appends bytes. They may stay in a buffer until tyto_output_flush or tyto_output_commit.
 *  errors  E_ARGUMENT (NULL; committed already), E_IO, E_CANCELLED (a pipe that nobody reads any
 *          more) */
TYTO_API TYTO_NODISCARD tyto_status tyto_output_write(tyto_output *output, const void *bytes,
                                                      size_t length_bytes, tyto_error *err);
/** Hands what was appended so far on to its reader.
 *  errors  as tyto_output_write */
TYTO_API TYTO_NODISCARD tyto_status tyto_output_flush(tyto_output *output, tyto_error *err);
/** Puts what was appended so far in its place, and goes on there: it stays, however the program
 *  ends.
 *  errors  as tyto_output_write */
TYTO_API TYTO_NODISCARD tyto_status tyto_output_place(tyto_output *output, tyto_error *err);
/** Puts the file in its place; on failure it is removed. Nothing can be appended afterwards.
 *  errors  as tyto_output_write */
TYTO_API TYTO_NODISCARD tyto_status tyto_output_commit(tyto_output *output, tyto_error *err);
/** Releases it, and removes a file that is not in its place. NULL is fine. */
TYTO_API void tyto_output_destroy(tyto_output *output);

/** Name of the file until it is committed, for programs that end at once and leave nothing behind;
 *  NULL when it has none, or is in its place.
 *  memory  borrowed until it is committed or destroyed */
TYTO_API const char *tyto_output_temporary(const tyto_output *output);

/** A whole file of these bytes: open, write, commit. */
TYTO_API TYTO_NODISCARD tyto_status tyto_bytes_save(const char *path, const tyto_bytes *bytes,
                                                    tyto_error *err);

/** Whether a file can be written there: begins one, and removes it. Devices and pipes are taken to
 *  be writable.
 *  errors  as tyto_output_open */
TYTO_API TYTO_NODISCARD tyto_status tyto_output_check_file(const char *path, tyto_error *err);
/** Makes the folder if it is not there (its parent must be), and checks that files can be made in
 *  it.
 *  errors  E_IO (a file is there), those of tyto_output_check_file */
TYTO_API TYTO_NODISCARD tyto_status tyto_output_make_folder(const char *path, tyto_error *err);

TYTO_END_DECLS

#endif
