/** Pictures that are saved while the caller works on the next. */
#ifndef TYTO_PHOTO_WRITER_H
#define TYTO_PHOTO_WRITER_H

#include <tyto/image.h>

TYTO_BEGIN_DECLS

/** Saves one picture at a time beside the caller's work. Belongs to one thread at a time, and has
 *  one of its own while it saves; a process that forks must not use it in the child. */
typedef struct tyto_photo_writer tyto_photo_writer;

/** memory  release *out with tyto_photo_writer_destroy
 *  errors  E_ARGUMENT (NULL), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_writer_create(tyto_photo_writer **out,
                                                             tyto_error *err);
/** Waits for the picture that is being saved. NULL is fine. */
TYTO_API void tyto_photo_writer_destroy(tyto_photo_writer *writer);

/** Waits for the picture before, and begins to save this one: tyto_image_save. Takes the picture
 *  over, whatever the status: *image is empty afterwards.
 *  errors  those of the picture before, which doesn't keep this one from being saved; E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_writer_add(tyto_photo_writer *writer,
                                                          const char *path, tyto_image *image,
                                                          tyto_error *err);
/** Waits for the last picture. NULL: TYTO_OK.
 *  errors  those of that picture, once */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_writer_finish(tyto_photo_writer *writer,
                                                             tyto_error *err);

TYTO_END_DECLS

#endif
