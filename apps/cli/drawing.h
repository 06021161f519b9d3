/** Photos with boxes drawn in, and where they go. */
#ifndef TYTO_CLI_DRAWING_H
#define TYTO_CLI_DRAWING_H

#include <stdbool.h>
#include <tyto/destination.h>
#include <tyto/draw.h>
#include <tyto/photo_writer.h>

#include "memory.h"

/** Where drawn photos go: the file `path`, or files in the folder `path`. */
typedef struct drawing {
    const char *option; /**< the option's name, for messages */
    const char *path;   /**< NULL: nothing is drawn */
    tyto_destination place;
    tyto_photo_writer *writer; /**< NULL until something is drawn */
} drawing;

/** Checks that each of `photos` can be drawn to a place of its own that is none of `spared`.
 *  Returns the exit code so far, after a complaint when it isn't EXIT_DONE. */
int drawing_check(drawing *drawn, const text_list *photos, const text_list *spared);

/** Draws boxes into the picture, takes it over, and saves it as the photo's beside the caller's
 *  further work. Fails when that can't be done, or when the picture before couldn't be saved. */
tyto_status drawing_write(drawing *drawn, const char *photo, tyto_image *image,
                          const tyto_detections *boxes, const char *const *labels, int64_t n_labels,
                          tyto_error *err);
/** The same of a picture that is drawn on already. */
tyto_status drawing_save(drawing *drawn, const char *photo, tyto_image *image, tyto_error *err);
/** Waits for the last picture. Complains and returns false when it couldn't be saved. */
bool drawing_end(drawing *drawn);

#endif
