/** Documents of tokens: what a tokenizer makes of texts, and texts of ids. */
#ifndef TYTO_TOKEN_DOCUMENT_H
#define TYTO_TOKEN_DOCUMENT_H

#include <tyto/document.h>
#include <tyto/tokenizer.h>

TYTO_BEGIN_DECLS

/** *out = each row's ids, mask and tokens: in text a table below the text that it comes from, in
 *  JSON an array with an object for each row, which also has what else the encoding holds.
 *  texts   one for each sample of the encoding; for text alone, NULL in JSON
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_ARGUMENT (another format), E_MEMORY, E_LIMIT    threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_token_document_write(const tyto_tokenizer *tokenizer,
                                                              const tyto_encoding *encoding,
                                                              const char *const *texts,
                                                              tyto_format format, tyto_bytes *out,
                                                              tyto_error *err);

/** *out = the texts of a decoding: in text one on each line, with control characters as \xNN, in
 *  JSON an array of strings on one line.
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_ARGUMENT (another format), E_MEMORY, E_LIMIT    threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_decoding_document_write(const tyto_decoding *decoding,
                                                                 tyto_format format,
                                                                 tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
