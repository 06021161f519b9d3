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

/** Checks and prepares the place before any work. `many`: there is more than one file to write.
 *  Returns the exit code so far. */
int destination_check(destination *place, bool many);
/** The file for an input of that stem; newly allocated. */
char *destination_path(const destination *place, const char *stem);
/** False after a complaint when the file for that stem is one of the inputs. */
bool destination_spares(const destination *place, const char *stem, const text_list *inputs);

#endif
