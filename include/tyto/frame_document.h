/** Documents of what was found in the frames of videos. */
#ifndef TYTO_FRAME_DOCUMENT_H
#define TYTO_FRAME_DOCUMENT_H

#include <tyto/detections.h>
#include <tyto/document.h>

TYTO_BEGIN_DECLS

typedef struct tyto_frame_document_options {
    size_t struct_bytes;       /**< set by tyto_frame_document_options_init */
    tyto_format format;        /**< text, JSON (an array), JSON lines or CSV */
    const char *const *labels; /**< one UTF-8 text for each label index */
    int64_t n_labels;
    float threshold; /**< the one of the run, which JSON mentions */
} tyto_frame_document_options;

/** Text, no labels, threshold 0.1. */
TYTO_API void tyto_frame_document_options_init(tyto_frame_document_options *options,
                                               size_t struct_bytes);

/** Begins a document; *out = what comes before the first frame. A frame is an object of JSON, some
 *  lines of text, or a line of CSV for each of its detections.
 *  options  what they point to is copied
 *  memory   release *document with tyto_document_destroy, and *out with tyto_bytes_clear
 *  errors   E_ARGUMENT (another format), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_frame_document_create(const tyto_frame_document_options *options, tyto_document **document,
                           tyto_bytes *out, tyto_error *err);
/** Adds a frame of a video; *out = the bytes that come next.
 *  video   its name; NULL, which JSON alone can say: it has none
 *  errors  E_ARGUMENT (a detection without a label, a document of something else or that was
 *          ended), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_add_frame(tyto_document *document,
                                                            const char *video,
                                                            const tyto_frame_detections *frame,
                                                            tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
