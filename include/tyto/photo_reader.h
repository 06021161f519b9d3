/** Photos from a list of files, each decoded while the caller works on those before it. */
#ifndef TYTO_PHOTO_READER_H
#define TYTO_PHOTO_READER_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/image.h>

TYTO_BEGIN_DECLS

/** Most photos that a reader holds. */
#define TYTO_PHOTO_READER_AHEAD_MAX 64

/** Belongs to one thread at a time, and has one of its own; a process that forks must not use it in
 *  the child. */
typedef struct tyto_photo_reader tyto_photo_reader;

typedef struct tyto_photo_reader_options {
    size_t struct_bytes; /**< set by tyto_photo_reader_options_init */
    int64_t ahead;       /**< photos that are decoded before they are asked for, at most; 0 …
                              TYTO_PHOTO_READER_AHEAD_MAX; 0: none, and no thread */
    const tyto_image_options *image; /**< how photos are read, copied; NULL: the defaults */
} tyto_photo_reader_options;

/** One photo ahead. */
TYTO_API void tyto_photo_reader_options_init(tyto_photo_reader_options *options,
                                             size_t struct_bytes);

/** Begins with the first path; nothing is read yet. "-" is standard input, as in
 *  tyto_file_load_photo; it, pipes and devices are read when they are asked for, never before.
 *  paths    [count], copied
 *  options  NULL: the defaults
 *  memory   release *out with tyto_photo_reader_destroy
 *  errors   E_ARGUMENT, E_RANGE (ahead), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_reader_create(
    const char *const *paths, int64_t count, const tyto_photo_reader_options *options,
    tyto_photo_reader **out, tyto_error *err);
/** Waits for the photo that is being decoded. NULL is fine. */
TYTO_API void tyto_photo_reader_destroy(tyto_photo_reader *reader);

/** The place in the list of the photo that comes next; the list's length after the last. */
TYTO_API int64_t tyto_photo_reader_position(const tyto_photo_reader *reader);

/** The next photo. When it can't be read, the error is about that photo alone: the one after it
 *  comes with the next call all the same.
 *  memory  release *out with tyto_image_clear
 *  errors  those of tyto_file_load_photo; E_NOT_FOUND after the last photo */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_reader_next(tyto_photo_reader *reader,
                                                           tyto_image *out, tyto_error *err);
/** Leaves the next photo out. */
TYTO_API void tyto_photo_reader_skip(tyto_photo_reader *reader);

TYTO_END_DECLS

#endif
