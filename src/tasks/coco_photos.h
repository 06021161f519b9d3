/** Where the photos of annotations lie. */
#ifndef TYTO_TASKS_COCO_PHOTOS_H
#define TYTO_TASKS_COCO_PHOTOS_H

#include <tyto/eval.h>

/** The path of each photo, which must have a name: the first of these that is there, or else the
 *  first.
 *    an absolute name as it is; any other in `folder`
 *    the name in `folder`, without its first parts one after the other: annotations often were made
 *    where photos lay in other folders. A file that two names come to so is taken for neither.
 *  Where there is no such file, '\' parts names as '/' does.
 *  paths  [truth->n_images], NULL; released by the caller, on failure too
 *  errors  E_MEMORY */
TYTO_NODISCARD tyto_status tyto_coco_photo_paths(const tyto_coco *truth, const char *folder,
                                                 char **paths, tyto_error *err);

#endif
