/** What a command reads: photos, videos, and lists of texts. */
#ifndef TYTO_CLI_INPUTS_H
#define TYTO_CLI_INPUTS_H

#include <stdbool.h>
#include <tyto/image.h>

#include "memory.h"
#include "options.h"

/** The photos, or videos, that operands mean (tyto_file_list_make). Complains about each operand
 *  that holds none and returns false then; the others are listed all the same. */
bool list_photos(const text_list *operands, text_list *photos);
bool list_videos(const text_list *operands, text_list *videos);
/** The same of what may be either (TYTO_FILE_KIND_MEDIA), or with `moving` of videos among which a
 *  photo may be named: in two lists, of which one holds the folder. */
bool list_media(const text_list *operands, bool moving, text_list *photos, text_list *videos);

/** Files of folders that were listed as none of these, so far. */
int64_t files_passed_over(void);

/** How this run reads photos, from its options on; without, as the library does. */
void photos_begin(const common_args *args);
const tyto_image_options *photo_options(void);
/** Warns of a photo that is used though it is damaged. */
void warn_damaged(const char *path, const tyto_image *image);

/** Decodes a photo; "-" is standard input. Complains and returns false on failure. */
bool load_photo(const char *path, tyto_image *out);

/** The operands, then the lines of a file of texts, unless it is NULL. Complains and returns false
 *  when that can't be read. */
bool gather_texts(const text_list *operands, const char *file, bool empty, text_list *texts);

/** Adds the lines of a text file (tyto_file_lines_read). Complains and returns false on failure. */
bool read_lines(const char *path, bool empty, text_list *lines);

#endif
