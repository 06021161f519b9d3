/** Vocabularies as documents. */
#ifndef TYTO_VOCABULARY_DOCUMENT_H
#define TYTO_VOCABULARY_DOCUMENT_H

#include <tyto/bytes.h>
#include <tyto/vocabulary.h>

TYTO_BEGIN_DECLS

/** JSON: an array with a query on each line, as an object with name, kind, embedding (the features)
 *  and, where it is a box that was found, objectness and box. NULL: an empty array.
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status
tyto_vocabulary_document_write(const tyto_vocabulary *vocabulary, tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
