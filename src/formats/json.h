/** JSON files, read with limits, and typed access that says what was wrong where. */
#ifndef TYTO_FORMATS_JSON_H
#define TYTO_FORMATS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

/** Largest JSON file that is read; the largest tokenizer.json in use has under 20 MB. */
#define TYTO_JSON_BYTES_MAX ((size_t)64 << 20)

/** Parses a file; its root must be an object. An integer of more than 64 bits
 *  becomes a real; NaN, Infinity and -Infinity, which Python writes, become texts of that name, so
 *  that whoever needs a number refuses them. Release with json_decref.
 *  errors  E_NOT_FOUND, E_IO, E_LIMIT, E_FORMAT (with line and column), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_json_load(const char *path, json_t **out, tyto_error *err);
/** Parses bytes; `name` is for messages. The root must be an object. */
TYTO_NODISCARD tyto_status tyto_json_parse(const char *bytes, size_t length, const char *name,
                                           json_t **out, tyto_error *err);
/** The same with a root of type `root`: JSON_OBJECT or JSON_ARRAY. */
TYTO_NODISCARD tyto_status tyto_json_parse_as(json_type root, const char *bytes, size_t length,
                                              const char *name, json_t **out, tyto_error *err);

/** The same of what Python's json takes besides: an integer of more than 64 bits becomes a text of
 *  its digits and a NUL, which no other text holds (tyto_json_long_number); a surrogate by itself
 *  the byte that Python has it for in names of files, U+DC80 … U+DCFF, or else U+FFFD. */
TYTO_NODISCARD tyto_status tyto_json_parse_loosely(json_type root, const char *bytes, size_t length,
                                                   const char *name, json_t **out, tyto_error *err);
/** The digits of such an integer; NULL for any other value. */
const char *tyto_json_long_number(const json_t *value);

/** Decodes bytes to any value; NULL with *no_memory set, or with the place and text of *where.
 *  unique  a name that comes twice in an object is wrong; else the last one counts */
json_t *tyto_json_decode(const char *bytes, size_t length, bool unique, json_error_t *where,
                         bool *no_memory);
/** The same for tyto_json_parse_loosely. */
json_t *tyto_json_decode_loosely(const char *bytes, size_t length, json_error_t *where,
                                 bool *no_memory);

/** Reads of one member: an absent or null one leaves *out alone; one of another type is E_FORMAT
 *  "file: 'key': got a string, required a number". `file` is for messages. */
TYTO_NODISCARD tyto_status tyto_json_int(const json_t *object, const char *file, const char *key,
                                         int64_t *out, tyto_error *err);
TYTO_NODISCARD tyto_status tyto_json_double(const json_t *object, const char *file, const char *key,
                                            double *out, tyto_error *err);
TYTO_NODISCARD tyto_status tyto_json_bool(const json_t *object, const char *file, const char *key,
                                          bool *out, tyto_error *err);
/** *out points into the document. */
TYTO_NODISCARD tyto_status tyto_json_text(const json_t *object, const char *file, const char *key,
                                          const char **out, tyto_error *err);
/** Name of a value's type for messages: "an object", "a string", ... */
const char *tyto_json_type(const json_t *value);

#endif
