/** Annotated photos as YOLO has them: a file of labels for each photo. */
#ifndef TYTO_YOLO_SET_H
#define TYTO_YOLO_SET_H

#include <tyto/engine.h>
#include <tyto/eval.h>
#include <tyto/image.h>
#include <tyto/progress.h>

TYTO_BEGIN_DECLS

/** The stage of tyto_progress before each photo, whose size is looked at. */
#define TYTO_YOLO_SET_STAGE "labels"

typedef struct tyto_yolo_set_options {
    size_t struct_bytes; /**< set by tyto_yolo_set_options_init */
    /** The folder of the photos, where `path` is one of labels. */
    const char *photos;
    const char *split;               /**< of data.yaml: "train", "val" or "test" */
    const tyto_image_options *image; /**< how photos are read; NULL: the defaults. Borrowed */
    tyto_progress_fn progress;       /**< NULL: nobody is asked */
    void *progress_user;
    /** Receives an error for each photo that can't be read, and one warning of photos without a file
     *  of labels. */
    tyto_log_fn log;
    void *log_user;
} tyto_yolo_set_options;

/** The split "val"; no photos, no log. */
TYTO_API void tyto_yolo_set_options_init(tyto_yolo_set_options *options, size_t struct_bytes);

/** Reads such a set, in pixels of its photos, as tyto_evaluate takes it with the folder "": names
 *  of images are paths.
 *  - data.yaml: names (a list, or numbered), path (default: where the file lies; or the current
 *    folder, when it is a pipe or "-", standard input), and of the split
 *    a folder, which is looked into as deep as it goes, a .txt list, or several of these. The
 *    labels of ".../images/a/x.jpg" are in ".../labels/a/x.txt", and beside a photo that lies in no
 *    "images".
 *  - a folder of labels, whose classes.txt, there or in the folder above, names them by its lines:
 *    those of PHOTOS/a/x.jpg are in a/x.txt.
 *  A photo without such a file shows nothing; one of all has to have it. Lines are boxes, or outlines, whose boxes count.
 *  Images' ids are the numbers that their names are, when all are different ones, or else their
 *  places from 1 on; a category's id is its number plus 1, as in tyto's documents of COCO.
 *  n_unread  photos that can't be read, and don't take part; NULL: nobody asks
 *  memory    release *out with tyto_coco_clear
 *  errors    E_NOT_FOUND (or no labels), E_IO, E_ARGUMENT (no photos, no such split), E_FORMAT ("x.txt:3: got …"),
 *            E_CANCELLED, E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_yolo_set_load(const char *path,
                                                       const tyto_yolo_set_options *options,
                                                       tyto_coco *out, int64_t *n_unread,
                                                       tyto_error *err);

TYTO_END_DECLS

#endif
