/** JSON for output: jansson's values, and numbers as short as they can be. */
#ifndef TYTO_CLI_JSON_H
#define TYTO_CLI_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/** The float with the fewest digits that are read back as the same float. */
json_t *json_float(float value);
/** Text, with U+FFFD for bytes that are not UTF-8. */
json_t *json_text(const char *text);
/** `value`, which must not be NULL: that is an end without memory. */
json_t *json_made(json_t *value);
/** Puts a new value into an object or at an array's end; takes it over. */
void json_put(json_t *object, const char *key, json_t *value);
void json_push(json_t *array, json_t *value);
/** Writes a document, indented or on one line, without a newline at its end; its stream tells
 *  whether that worked. */
void json_write(const json_t *value, bool indented, FILE *to);
/** The shortest digits of a float that are read back the same; at least 16 bytes. */
void float_digits(char *to, size_t bytes, float value);
/** A field of CSV, by RFC 4180: quotes around what holds a comma, a quote or a line end; quotes
 *  inside doubled. */
void csv_text(FILE *out, const char *text);

#endif
