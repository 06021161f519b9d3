/** What a document of detections calls photos and labels. */
#ifndef TYTO_RESULTS_DOCUMENTS_DETECTIONS_IDS_H
#define TYTO_RESULTS_DOCUMENTS_DETECTIONS_IDS_H

#include <tyto/detection_document.h>
#include <tyto/memory.h>

#include "results/document.h"

/** *out = the folder that names are relative to, with a '/' behind it, newly allocated: the given
 *  one, or the deepest that holds all photos. */
TYTO_NODISCARD tyto_status tyto_detections_folder(const tyto_detection_document_options *options,
                                                  char **out, tyto_error *err);
/** A photo's name below the folder, within `photo`; its base name when it isn't there. */
const char *tyto_detections_name(const char *folder, const char *photo);

/** *out = whether each photo's name is a number of its own, apart from folder and ending, as those
 *  of COCO are. */
TYTO_NODISCARD tyto_status tyto_detections_numbered(const char *const *photos, int64_t count,
                                                    bool *out, tyto_error *err);

/** ids[i] = the id that options->ids has for photo or label i, as JSON has it, newly allocated.
 *  ids  [n_photos] or [n_labels], NULL; the caller's to release, on failure too */
TYTO_NODISCARD tyto_status tyto_detections_image_ids(const tyto_detection_document_options *options,
                                                     char **ids, tyto_error *err);
TYTO_NODISCARD tyto_status tyto_detections_category_ids(
    const tyto_detection_document_options *options, char **ids, tyto_error *err);

#endif
