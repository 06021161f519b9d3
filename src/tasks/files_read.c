/* Photos and texts from files, and from standard input. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"
#include "tasks/files.h"

#define INPUT_NAME "standard input"

static bool is_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

static const char *name_of(const char *path)
{
    return is_input(path) ? INPUT_NAME : path;
}

/* memory  *bytes is the caller's to free, whatever the status */
static tyto_status read_all(const char *path, size_t limit, char **bytes, size_t *length,
                            tyto_error *err)
{
    *bytes = NULL;
    if (!is_input(path)) {
        return tyto_file_read(path, limit, bytes, length, err);
    }
    if (feof(stdin)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, INPUT_NAME ": it was read already, required once");
    }
    return tyto_stream_read(stdin, INPUT_NAME, limit, bytes, length, err);
}

tyto_status tyto_file_load_photo(const char *path, const tyto_image_options *options,
                                 tyto_image *out, tyto_error *err)
{
    char *bytes;
    size_t length;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = (tyto_image){0};
    if (!is_input(path)) {
        return tyto_image_load(path, options, out, err);
    }
    tyto_status status = read_all(path, TYTO_STREAM_BYTES_MAX, &bytes, &length, err);
    if (status == TYTO_OK) {
        status = tyto_image_decode(bytes, length, INPUT_NAME, options, out, err);
    }
    free(bytes);
    return status;
}

/* The code unit at a place of UTF-16. */
static unsigned unit_at(const char *bytes, size_t at, bool big)
{
    const unsigned first = (unsigned char)bytes[at], second = (unsigned char)bytes[at + 1];
    return big ? first << 8 | second : second << 8 | first;
}

static char *put_utf8(char *place, unsigned point)
{
    const int more = point < 0x80 ? 0 : point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const unsigned char begins[] = {0, 0xc0, 0xe0, 0xf0};
    *place++ = (char)(begins[more] | point >> (6 * more));
    for (int i = more; i-- > 0;) {
        *place++ = (char)(0x80 | (point >> (6 * i) & 0x3f));
    }
    return place;
}

/* Replaces UTF-16, which its byte order mark tells, by UTF-8. */
static tyto_status decode_utf16(const char *name, char **bytes, size_t *length, tyto_error *err)
{
    const char *given = *bytes;
    const bool big = *length >= 2 && memcmp(given, "\xfe\xff", 2) == 0;
    if (!big && (*length < 2 || memcmp(given, "\xff\xfe", 2) != 0)) {
        return TYTO_OK;
    }
    char *text = tyto_alloc(*length / 2 + 1, 3), *place = text;
    if (!text) {
        return tyto_fail_memory(err, name);
    }
    bool good = *length % 2 == 0;
    for (size_t at = 2; good && at < *length; at += 2) {
        unsigned point = unit_at(given, at, big);
        if (point >= 0xd800 && point < 0xe000) {
            const unsigned low = at + 2 < *length ? unit_at(given, at + 2, big) : 0;
            good = point < 0xdc00 && low >= 0xdc00 && low < 0xe000;
            point = 0x10000 + ((point & 0x3ff) << 10 | (low & 0x3ff));
            at += 2;
        }
        place = put_utf8(place, point);
    }
    if (!good) {
        free(text);
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got damaged UTF-16, required UTF-8 or UTF-16",
                         name);
    }
    free(*bytes);
    *bytes = text;
    *length = (size_t)(place - text);
    return TYTO_OK;
}

/* Lines end with LF or CR LF; where there is no LF at all, with CR, as old editors have it. */
static tyto_status split_lines(const char *name, const char *bytes, size_t length, bool keep_empty,
                               tyto_file_list *out, tyto_error *err)
{
    int64_t capacity = 0;
    if (memchr(bytes, '\0', length)) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: got a NUL byte, required text: UTF-8, or UTF-16 with its byte order "
                         "mark",
                         name);
    }
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    const char last = memchr(bytes, '\n', length) ? '\n' : '\r';
    for (const char *at = bytes, *end = bytes + length; at < end;) {
        const char *newline = memchr(at, last, (size_t)(end - at));
        size_t size = (size_t)((newline ? newline : end) - at);
        const size_t step = size + (newline != NULL);
        size -= size > 0 && at[size - 1] == '\r';
        if (size > 0 || keep_empty) {
            TYTO_TRY(tyto_file_list_add(out, &capacity, at, size, err));
        }
        at += step;
    }
    return TYTO_OK;
}

tyto_status tyto_file_lines_read(const char *path, bool keep_empty, tyto_file_list *out,
                                 tyto_error *err)
{
    char *bytes;
    size_t length;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = (tyto_file_list){0};
    if (tyto_folder_exists(path)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got a folder, required a file of texts", path);
    }
    tyto_status status = read_all(path, TYTO_STREAM_BYTES_MAX, &bytes, &length, err);
    if (status == TYTO_OK) {
        status = decode_utf16(name_of(path), &bytes, &length, err);
    }
    if (status == TYTO_OK) {
        status = split_lines(name_of(path), bytes, length, keep_empty, out, err);
    }
    free(bytes);
    if (status != TYTO_OK) {
        tyto_file_list_clear(out);
    }
    return status;
}

static tyto_status wrong_lists(const char *path, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_FORMAT, "%s: required a list of texts, or a list of such lists",
                     path);
}

/* The texts of a JSON list, which the document keeps. */
static tyto_status read_list(const json_t *list, const char *path, tyto_text_list *out,
                             tyto_error *err)
{
    const size_t count = json_array_size(list);
    if (!json_is_array(list)) {
        return wrong_lists(path, err);
    }
    const char **items = tyto_alloc(count, sizeof(*items));
    *out = (tyto_text_list){items, (int64_t)count};
    if (!items) {
        return tyto_fail_memory(err, path);
    }
    for (size_t i = 0; i < count; i++) {
        items[i] = json_string_value(json_array_get(list, i));
        if (!items[i]) {
            return wrong_lists(path, err);
        }
    }
    return TYTO_OK;
}

static tyto_status read_lists(const json_t *root, const char *path, tyto_text_lists *out,
                              tyto_error *err)
{
    const bool nested = json_is_array(json_array_get(root, 0));
    const size_t count = nested ? json_array_size(root) : 1;
    out->items = tyto_alloc_zeroed(count + 1, sizeof(*out->items));
    if (!out->items) {
        return tyto_fail_memory(err, path);
    }
    for (; out->count < (int64_t)count; out->count++) {
        const json_t *list = nested ? json_array_get(root, (size_t)out->count) : root;
        TYTO_TRY(read_list(list, path, &out->items[out->count], err));
    }
    return TYTO_OK;
}

tyto_status tyto_text_lists_read(const char *path, tyto_text_lists *out, tyto_error *err)
{
    char *bytes;
    size_t length;
    bool no_memory = false;
    json_error_t where = {0};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = (tyto_text_lists){0};
    tyto_status status = read_all(path, TYTO_STREAM_BYTES_MAX, &bytes, &length, err);
    if (status == TYTO_OK) {
        out->texts = tyto_json_decode(bytes, length, false, &where, &no_memory);
        status = out->texts  ? read_lists(out->texts, path, out, err)
                 : no_memory ? tyto_fail_memory(err, path)
                             : tyto_fail(err, TYTO_E_FORMAT,
                                         "%s: got %s, required JSON: a list of texts, or of lists "
                                         "of texts, one for each photo",
                                         path, where.text);
    }
    free(bytes);
    if (status != TYTO_OK) {
        tyto_text_lists_clear(out);
    }
    return status;
}

void tyto_text_lists_clear(tyto_text_lists *lists)
{
    if (!lists) {
        return;
    }
    /* A list that failed is not counted yet, and may hold memory; there is room for one more. */
    for (int64_t i = 0; lists->items && i <= lists->count; i++) {
        free((void *)(uintptr_t)lists->items[i].items);
    }
    free(lists->items);
    json_decref(lists->texts);
    *lists = (tyto_text_lists){0};
}
