/** Documents of classes: of texts and photos, and of videos. */
#ifndef TYTO_CLASSES_DOCUMENT_H
#define TYTO_CLASSES_DOCUMENT_H

#include <tyto/classes.h>
#include <tyto/document.h>

TYTO_BEGIN_DECLS

/** Begins a document of texts or photos: text, JSON (an array), JSON lines or CSV (input, rank,
 *  label, label_index, score, logit). *out = what comes before the first. A class without a name is
 *  LABEL_ and its index.
 *  kind    text or image: JSON names inputs so
 *  memory  release *document with tyto_document_destroy, and *out with tyto_bytes_clear
 *  errors  E_ARGUMENT (another format, nothing as kind), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_classes_document_create(tyto_format format,
                                                                 tyto_classified kind,
                                                                 tyto_document **document,
                                                                 tyto_bytes *out, tyto_error *err);
/** Adds a text, or a photo by its name; *out = the bytes that come next.
 *  errors  E_ARGUMENT (a document of something else or that was ended), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_add_classes(tyto_document *document,
                                                              const char *input,
                                                              const tyto_classes *classes,
                                                              tyto_bytes *out, tyto_error *err);

/** Begins a document of videos: text, JSON (of one video an object, of several an array) or JSON
 *  lines. *out = what comes before the first.
 *  n_videos  that the run will have
 *  top_k     classes of the video and of each window; 0: all
 *  memory    as above
 *  errors    E_ARGUMENT (another format, top_k), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_video_classes_document_create(tyto_format format, int64_t n_videos, int64_t top_k,
                                   tyto_document **document, tyto_bytes *out, tyto_error *err);
/** Adds a video by its name: the mean over its windows, and each of them. *out = the bytes that
 *  come next; an array of JSON comes whole at the end.
 *  errors  as tyto_document_add_classes; E_RANGE (a video without windows) */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_add_video_classes(
    tyto_document *document, const char *video, const tyto_video_classes *classes, tyto_bytes *out,
    tyto_error *err);

TYTO_END_DECLS

#endif
