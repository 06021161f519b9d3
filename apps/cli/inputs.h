/** What a command reads: photos, and lists of texts. */
#ifndef TYTO_CLI_INPUTS_H
#define TYTO_CLI_INPUTS_H

#include <stdbool.h>
#include <tyto/image.h>

#include "memory.h"

/** The photos that operands mean, in their order: files, folders, patterns, "-". Complains about
 *  each operand that holds none and returns false then; the others are listed all the same. */
bool list_photos(const text_list *operands, text_list *photos);

/** Whether standard input is still to be read; complains when it has been. */
bool input_is_unread(void);

/** Decodes a photo; "-" is standard input. Complains and returns false on failure. */
bool load_photo(const char *path, tyto_image *out);

/** Adds each line of a text file ("-": standard input) without its line end and without a byte
 *  order mark; empty lines only when `empty`. Complains and returns false on failure. */
bool read_lines(const char *path, bool empty, text_list *lines);

/** The first two photos that `name` calls the same: false after a complaint "…: WHAT". */
bool check_distinct(const text_list *photos, char *(*name)(const char *photo), const char *what);

/** The name that a photo's tensor or file has: its base name; newly allocated. */
char *photo_name(const char *photo);

#endif
