/** Documents of texts whose masks were filled. */
#ifndef TYTO_FILL_MASK_DOCUMENT_H
#define TYTO_FILL_MASK_DOCUMENT_H

#include <tyto/document.h>
#include <tyto/masked_text.h>

TYTO_BEGIN_DECLS

/** Begins a document: text, JSON (an array), JSON lines or CSV (text, best, position, rank, id,
 *  token, score). *out = what comes before the first text.
 *  memory  release *document with tyto_document_destroy, and *out with tyto_bytes_clear
 *  errors  E_ARGUMENT (another format), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_fill_mask_document_create(tyto_format format,
                                                                   tyto_document **document,
                                                                   tyto_bytes *out,
                                                                   tyto_error *err);
/** Adds a text and what its masks were filled with; *out = the bytes that come next.
 *  errors  E_ARGUMENT (a document of something else or that was ended), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_add_filled_text(tyto_document *document,
                                                                  const char *text,
                                                                  const tyto_filled_text *filled,
                                                                  tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
