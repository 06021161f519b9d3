/** Lists of files from the inside. */
#ifndef TYTO_TASKS_FILES_H
#define TYTO_TASKS_FILES_H

#include <tyto/files.h>
#include <tyto/photo_reader.h>

/** Adds a copy of `length` bytes to a list that has room for *capacity.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_file_list_add(tyto_file_list *list, int64_t *capacity,
                                              const char *text, size_t length, tyto_error *err);

/** The reader's next photo, whose path is given: "-" is read from standard input, which the reader
 *  leaves to its caller, and by `options`.
 *  errors  those of tyto_photo_reader_next and tyto_file_load_photo */
TYTO_NODISCARD tyto_status tyto_file_next_photo(tyto_photo_reader *reader, const char *path,
                                                const tyto_image_options *options, tyto_image *out,
                                                tyto_error *err);

#endif
