/** Places for what is made of many inputs. */
#ifndef TYTO_CLI_MEDIA_H
#define TYTO_CLI_MEDIA_H

#include <stdbool.h>

#include "memory.h"

/** Where an option puts its files: one file, or a folder with a file for each input. */
typedef struct destination {
    const char *option;  /**< for messages */
    const char *path;    /**< NULL: the option was not given */
    const char *endings; /**< that a single file may have, with '|' between them */
    const char *ending;  /**< of the files in a folder */
    bool folder;
} destination;

/** Checks and prepares n places before any work. The first `named` inputs have a file each, named by
 *  their stem, and no file may take the place of an input; inputs of one stem are complained about
 *  with `what`, such as "flow". many: there is more than one file to write.
 *  Returns the exit code so far. */
int destinations_check(destination *places, size_t n, const text_list *inputs, size_t named,
                       bool many, const char *what);
/** The file for an input of that stem; newly allocated. */
char *destination_path(const destination *place, const char *stem);

#endif
