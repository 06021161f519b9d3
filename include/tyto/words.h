/** Words that people type, and texts that they read. */
#ifndef TYTO_WORDS_H
#define TYTO_WORDS_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** Of `count` known words the one that `word` was probably meant to be, with few letters changed,
 *  left out, added or swapped; or NULL. A beginning of three letters and more counts as one slip.
 *  NULL: no word.
 *  threads  any */
TYTO_API const char *tyto_word_nearest(const char *word, const char *const *known, int64_t count);

/** A number of bytes as people write it: "100000", "2GB" (by tens) or "500MiB" (by twos).
 *  errors  E_FORMAT (another unit or none of these, 0, a number that overflows) */
TYTO_API TYTO_NODISCARD tyto_status tyto_byte_count_read(const char *text, uint64_t *out,
                                                         tyto_error *err);

/** Copies text to `out` with control characters as \xNN, so that it neither breaks a line nor
 *  steers a terminal; always ends it where there is room.
 *  bytes    that `out` has; 0: nothing is written
 *  returns  the length that the whole has */
TYTO_API size_t tyto_text_plain(const char *text, char *out, size_t bytes);

/** Room for what tyto_text_quote gives. */
#define TYTO_QUOTE_BYTES 80
/** The beginning of a text of any length in quotes, cut between two characters, for messages.
 *  Returns `out`. */
TYTO_API const char *tyto_text_quote(const char *text, char out[TYTO_QUOTE_BYTES]);

TYTO_END_DECLS

#endif
