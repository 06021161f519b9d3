/** Photos one after the other, each decoded while the one before is worked on. */
#ifndef TYTO_CLI_PHOTO_READER_H
#define TYTO_CLI_PHOTO_READER_H

#include <stdbool.h>
#include <tyto/photo_reader.h>

#include "memory.h"

/** Begin with {.photos = list}, which must outlive it. */
typedef struct photo_reader {
    const text_list *photos;
    size_t next; /* the photo that photo_reader_next gives */
    tyto_photo_reader *reader;
} photo_reader;

/** The next photo's picture, to be cleared by the caller. Complains and returns false when it can't
 *  be read; the one after it comes with the next call all the same. */
bool photo_reader_next(photo_reader *from, tyto_image *out);
void photo_reader_end(photo_reader *from);

#endif
