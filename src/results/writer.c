#include "results/writer.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/memory.h"

/* Enough decimal digits for any float. */
#define FLOAT_DIGITS 9

void tyto_bytes_clear(tyto_bytes *bytes)
{
    if (bytes) {
        free(bytes->data);
        *bytes = (tyto_bytes){0};
    }
}

void tyto_writer_init(tyto_writer *writer)
{
    *writer = (tyto_writer){0};
    tyto_buffer_init(&writer->buffer, TYTO_DOCUMENT_BYTES_MAX);
}

bool tyto_writer_failed(const tyto_writer *writer)
{
    return writer->no_memory || writer->too_long || writer->file_error;
}

tyto_status tyto_writer_end(tyto_writer *writer, tyto_bytes *out, tyto_error *err)
{
    const size_t length = writer->buffer.length;
    const bool too_long = writer->too_long;
    const int file_error = writer->file_error;
    char *data = tyto_writer_failed(writer) ? NULL : tyto_buffer_take(&writer->buffer);
    tyto_writer_clear(writer);
    *out = (tyto_bytes){.data = data, .length_bytes = data ? length : 0};
    if (too_long) {
        return tyto_fail(err, TYTO_E_LIMIT, "document: got more than %zu bytes, required fewer",
                         TYTO_DOCUMENT_BYTES_MAX);
    }
    if (file_error) {
        return tyto_fail(err, TYTO_E_IO, "document: a temporary file (TMPDIR): %s",
                         strerror(file_error));
    }
    return data ? TYTO_OK : tyto_fail_memory(err, "document");
}

void tyto_writer_clear(tyto_writer *writer)
{
    tyto_buffer_clear(&writer->buffer);
    tyto_writer_init(writer);
}

void tyto_writer_bytes(tyto_writer *writer, const char *bytes, size_t length)
{
    if (tyto_writer_failed(writer)) {
        return;
    }
    if (length > writer->buffer.maximum - writer->buffer.length) {
        writer->too_long = true;
    } else if (!tyto_buffer_add(&writer->buffer, bytes, length)) {
        writer->no_memory = true;
    }
}

void tyto_writer_text(tyto_writer *writer, const char *text)
{
    tyto_writer_bytes(writer, text, strlen(text));
}

/* Numbers of the C locale for this thread, until leave_locale; neither takes memory. */
static locale_t enter_locale(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

static void leave_locale(locale_t before)
{
    const locale_t own = uselocale(before);
    if (own != before) {
        freelocale(own);
    }
}

void tyto_writer_format(tyto_writer *writer, const char *format, ...)
{
    char few[256], *many = NULL;
    const locale_t before = enter_locale();
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(few, sizeof(few), format, args);
    va_end(args);
    if (length >= (int)sizeof(few) && (many = tyto_alloc((size_t)length + 1, 1)) != NULL) {
        va_start(args, format);
        vsnprintf(many, (size_t)length + 1, format, args);
        va_end(args);
    }
    leave_locale(before);
    if (length < 0 || (length >= (int)sizeof(few) && !many)) {
        writer->no_memory = true;
        return;
    }
    tyto_writer_bytes(writer, many ? many : few, (size_t)length);
    free(many);
}

/* C1 controls, C2 80 … C2 9F in UTF-8, steer some terminals. */
static bool is_control(const unsigned char *text, const unsigned char *at)
{
    const bool c1_begins = at[0] == 0xc2 && at[1] >= 0x80 && at[1] < 0xa0;
    const bool c1_ends = at > text && at[-1] == 0xc2 && at[0] >= 0x80 && at[0] < 0xa0;
    return *at < 0x20 || *at == 0x7f || c1_begins || c1_ends;
}

void tyto_writer_plain(tyto_writer *writer, const char *text, size_t most_bytes)
{
    const unsigned char *begin = (const unsigned char *)text;
    size_t left = most_bytes > 0 ? most_bytes - 1 : SIZE_MAX;
    for (const unsigned char *at = begin; *at && left > 0; at++) {
        char piece[8];
        const int bytes =
            snprintf(piece, sizeof(piece), is_control(begin, at) ? "\\x%02x" : "%c", *at);
        const size_t length = (size_t)bytes < left ? (size_t)bytes : left;
        tyto_writer_bytes(writer, piece, length);
        left -= length;
    }
}

void tyto_float_digits(char *digits, size_t bytes, float value)
{
    const locale_t before = enter_locale();
    for (int count = 1; count <= FLOAT_DIGITS; count++) {
        snprintf(digits, bytes, "%.*g", count, (double)value);
        const bool exponent = strchr(digits, 'e') && fabsf(value) < 1e6F && fabsf(value) >= 1e-4F;
        if (strtof(digits, NULL) == value && !exponent) {
            break;
        }
    }
    leave_locale(before);
}

bool tyto_float_read(const char *text, size_t length, float *out)
{
    char digits[TYTO_FLOAT_BYTES];
    char *end;
    if (length == 0 || length >= sizeof(digits) || !strchr("0123456789.", text[0])) {
        return false;
    }
    memcpy(digits, text, length);
    digits[length] = '\0';
    if (strspn(digits, "0123456789.eE+-") != length) {
        return false;
    }
    const locale_t before = enter_locale();
    *out = strtof(digits, &end);
    leave_locale(before);
    return end == digits + length;
}

double tyto_float_decimal(float value)
{
    char digits[TYTO_FLOAT_BYTES];
    tyto_float_digits(digits, sizeof(digits), value);
    const locale_t before = enter_locale();
    const double decimal = strtod(digits, NULL);
    leave_locale(before);
    return decimal;
}

void tyto_writer_float(tyto_writer *writer, float value)
{
    char digits[TYTO_FLOAT_BYTES];
    tyto_float_digits(digits, sizeof(digits), value);
    tyto_writer_text(writer, digits);
}

void tyto_writer_csv(tyto_writer *writer, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        tyto_writer_text(writer, text);
        return;
    }
    tyto_writer_text(writer, "\"");
    for (const char *quote; (quote = strchr(text, '"')) != NULL; text = quote + 1) {
        tyto_writer_bytes(writer, text, (size_t)(quote - text));
        tyto_writer_text(writer, "\"\"");
    }
    tyto_writer_text(writer, text);
    tyto_writer_text(writer, "\"");
}
