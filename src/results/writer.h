/** What documents are written with: text, CSV and JSON into a buffer that grows.
 *
 *  A writer remembers that a step failed, for want of memory or for length, and further steps then
 *  do nothing: a document is written in plain steps, and tyto_writer_end says whether all of them
 *  succeeded. Numbers are spelled the same in every locale. */
#ifndef TYTO_RESULTS_WRITER_H
#define TYTO_RESULTS_WRITER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <tyto/bytes.h>
#include <tyto/status.h>

#include "base/buffer.h"

/** Most bytes that one step of a document gives. */
#define TYTO_DOCUMENT_BYTES_MAX ((size_t)1 << 30)
/** Bytes that tyto_writer_float and tyto_float_digits need. */
#define TYTO_FLOAT_BYTES 32
/** Bytes of a name in a table for people, with its NUL; what is longer is cut. */
#define TYTO_TABLE_NAME_BYTES 512

typedef struct tyto_writer {
    tyto_buffer buffer;
    bool no_memory, too_long;
    int file_error; /**< errno of a file that keeps what comes later; 0: none */
} tyto_writer;

void tyto_writer_init(tyto_writer *writer);
/** *out = all that was written, or, after a failed step, nothing. Empties the writer in any case.
 *  errors  E_MEMORY, E_LIMIT (more than TYTO_DOCUMENT_BYTES_MAX), E_IO */
TYTO_NODISCARD tyto_status tyto_writer_end(tyto_writer *writer, tyto_bytes *out, tyto_error *err);
/** Whether a step failed. */
bool tyto_writer_failed(const tyto_writer *writer);
/** Releases what was written. Fine after tyto_writer_end. */
void tyto_writer_clear(tyto_writer *writer);

void tyto_writer_text(tyto_writer *writer, const char *text);
void tyto_writer_bytes(tyto_writer *writer, const char *bytes, size_t length);
void tyto_writer_format(tyto_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** Text for people, who read it on a terminal: control characters become \xNN. most_bytes: a
 *  longer one is cut to that many less one (TYTO_TABLE_NAME_BYTES), 0: never. */
void tyto_writer_plain(tyto_writer *writer, const char *text, size_t most_bytes);
/** The float with the fewest digits that are read back as the same float. */
void tyto_writer_float(tyto_writer *writer, float value);
/** A field of CSV, by RFC 4180: quotes around what holds a comma, a quote or a line end; quotes
 *  inside doubled. */
void tyto_writer_csv(tyto_writer *writer, const char *text);
/** A JSON value, indented by two or on one line, without a newline at its end. */
void tyto_writer_json(tyto_writer *writer, const json_t *value, bool indented);
/** The same, and releases the value. */
void tyto_writer_json_new(tyto_writer *writer, json_t *value, bool indented);

/* JSON values. One that couldn't be made is NULL, and putting or writing a NULL is a failed step:
 * values are nested without looking at each. */

/** The float with the fewest digits that are read back as the same float; null for what isn't
 *  finite, which JSON doesn't have. */
json_t *tyto_json_float(float value);
/** The same of a double, in the nine digits that documents have; null for what isn't finite. */
json_t *tyto_json_real(double value);
/** Text, with U+FFFD for bytes that aren't UTF-8. NULL text: null. */
json_t *tyto_json_string(const char *text);
/** The same of `length` bytes, which may hold NULs. */
json_t *tyto_json_string_bytes(const char *bytes, size_t length);
/** Puts a new value into an object or at an array's end, and takes it over. */
void tyto_json_put(tyto_writer *writer, json_t *object, const char *key, json_t *value);
void tyto_json_push(tyto_writer *writer, json_t *array, json_t *value);

/** The shortest digits of a float that are read back the same; `bytes` at least TYTO_FLOAT_BYTES.
 *  "nan", "inf" and "-inf" for what isn't finite. */
void tyto_float_digits(char *digits, size_t bytes, float value);
/** *out = the float that is spelled by all of the text, digits with a point and an exponent, not below
 *  0; false: it is none, or has TYTO_FLOAT_BYTES and more. */
bool tyto_float_read(const char *text, size_t length, float *out);
/** The double that these digits spell: 0.1 for 0.1F. */
double tyto_float_decimal(float value);

#endif
