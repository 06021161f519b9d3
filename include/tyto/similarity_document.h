/** Documents of photos and their similarities to texts. */
#ifndef TYTO_SIMILARITY_DOCUMENT_H
#define TYTO_SIMILARITY_DOCUMENT_H

#include <tyto/document.h>
#include <tyto/similarities.h>

TYTO_BEGIN_DECLS

/** Begins a document: text, JSON (of one photo an object, of several an array), JSON lines or CSV
 *  (image, label, label_index, logit, probability). *out = what comes before the first photo.
 *  labels    [n_labels] texts of the vocabulary; borrowed until the document's end
 *  n_photos  that the run will have
 *  memory    release *document with tyto_document_destroy, and *out with tyto_bytes_clear
 *  errors    E_ARGUMENT (another format, no labels), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_similarity_document_create(
    tyto_format format, const char *const *labels, int64_t n_labels, int64_t n_photos,
    tyto_document **document, tyto_bytes *out, tyto_error *err);
/** Adds a photo by its name; *out = the bytes that come next.
 *  errors  E_ARGUMENT (a document of something else or that was ended), E_RANGE (a label that isn't
 *          there), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_add_similarities(
    tyto_document *document, const char *photo, const tyto_similarities *similarities,
    tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
