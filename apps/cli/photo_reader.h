/** Photos one after the other, each decoded while the one before is worked on. */
#ifndef TYTO_CLI_PHOTO_READER_H
#define TYTO_CLI_PHOTO_READER_H

#include <stdbool.h>
#include <tyto/image.h>

#include "memory.h"

/** A photo whose turn it is. */
typedef struct photo_turn {
    const char *path;
    size_t index;
    tyto_image image; /**< cleared afterwards */
    double waited;    /**< seconds until it was decoded */
} photo_turn;

/** What became of it; after PHOTO_LAST, which is a failure too, no other photo is of use. */
typedef enum photo_outcome { PHOTO_DONE, PHOTO_FAILED, PHOTO_LAST } photo_outcome;

/** Calls work(job, photo) with each photo that can be read, below a bar, until an interruption.
 *  Whether all went well. *last: whether PHOTO_LAST ended it; or NULL. */
bool photos_each(const text_list *photos, photo_outcome (*work)(void *job, photo_turn *photo),
                 void *job, bool *last);

#endif
