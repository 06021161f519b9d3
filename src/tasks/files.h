/** Lists of files from the inside. */
#ifndef TYTO_TASKS_FILES_H
#define TYTO_TASKS_FILES_H

#include <tyto/files.h>

/** Adds a copy of `length` bytes to a list that has room for *capacity.
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_file_list_add(tyto_file_list *list, int64_t *capacity,
                                              const char *text, size_t length, tyto_error *err);

/** Whether a name has the ending of a photo or a video. */
bool tyto_file_is_picture_or_video(const char *path);

#endif
