#include "formats/zip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/memory.h"

enum {
    LOCAL_SIGNATURE = 0x04034b50,
    ENTRY_SIGNATURE = 0x02014b50,
    END_SIGNATURE = 0x06054b50,
    END64_SIGNATURE = 0x06064b50,
    LOCATOR_SIGNATURE = 0x07064b50,
    LOCAL_BYTES = 30,
    ENTRY_BYTES = 46,
    END_BYTES = 22,
    END64_BYTES = 56,
    LOCATOR_BYTES = 20,
    COMMENT_BYTES_MAX = 65535,
    EXTRA_ZIP64 = 1,
    FLAG_ENCRYPTED = 1
};
#define IN_ZIP64 UINT32_MAX

/* The archive, and its list of entries. */
typedef struct archive {
    const uint8_t *bytes;
    size_t length;
    uint64_t list_at, list_bytes, count;
    const char *path;
    tyto_error *err;
} archive;

static tyto_status fail_format(const archive *source, const char *what)
{
    return tyto_fail(source->err, TYTO_E_FORMAT, "%s: zip archive: %s", source->path, what);
}

static tyto_cursor cursor_at(const archive *source, uint64_t at)
{
    tyto_cursor cursor = tyto_cursor_over(source->bytes, source->length);
    cursor.failed = at > source->length;
    cursor.at = cursor.failed ? 0 : (size_t)at;
    return cursor;
}

static uint64_t peek(const archive *source, uint64_t at, size_t bytes)
{
    tyto_cursor cursor = cursor_at(source, at);
    return tyto_cursor_little(&cursor, bytes);
}

bool tyto_zip_begins(const uint8_t *bytes, size_t length)
{
    tyto_cursor cursor = tyto_cursor_over(bytes, length);
    return tyto_cursor_little(&cursor, 4) == LOCAL_SIGNATURE;
}

/* The record that ends the archive lies before a comment of unknown length. */
static tyto_status find_end(const archive *source, size_t *out)
{
    if (source->length >= END_BYTES) {
        size_t at = source->length - END_BYTES;
        const size_t lowest = at > COMMENT_BYTES_MAX ? at - COMMENT_BYTES_MAX : 0;
        for (;; at--) {
            if (peek(source, at, 4) == END_SIGNATURE &&
                peek(source, at + 20, 2) == source->length - at - END_BYTES) {
                *out = at;
                return TYTO_OK;
            }
            if (at == lowest) {
                break;
            }
        }
    }
    return fail_format(source, "has no end record (the file is cut short)");
}

/* Sizes that don't fit the record lie in another one, whose place a locator before it gives. */
static tyto_status read_end64(archive *source, size_t end)
{
    if (end < LOCATOR_BYTES || peek(source, end - LOCATOR_BYTES, 4) != LOCATOR_SIGNATURE) {
        return fail_format(source, "required a zip64 locator before the end record");
    }
    const uint64_t at = peek(source, end - LOCATOR_BYTES + 8, 8);
    if (at > end || end - at < END64_BYTES || peek(source, at, 4) != END64_SIGNATURE) {
        return fail_format(source, "required a zip64 end record where its locator says");
    }
    source->count = peek(source, at + 32, 8);
    source->list_bytes = peek(source, at + 40, 8);
    source->list_at = peek(source, at + 48, 8);
    return TYTO_OK;
}

static tyto_status read_end(archive *source)
{
    size_t end = 0;
    TYTO_TRY(find_end(source, &end));
    source->count = peek(source, end + 10, 2);
    source->list_bytes = peek(source, end + 12, 4);
    source->list_at = peek(source, end + 16, 4);
    if (source->count == UINT16_MAX || source->list_bytes == IN_ZIP64 ||
        source->list_at == IN_ZIP64) {
        TYTO_TRY(read_end64(source, end));
    }
    if (source->list_at > end || source->list_bytes > end - source->list_at) {
        return fail_format(source, "its list of entries lies outside of the file");
    }
    if (source->count > TYTO_ZIP_ENTRIES_MAX) {
        return tyto_fail(source->err, TYTO_E_LIMIT,
                         "%s: zip archive: got %" PRIu64 " entries, required at most %zu",
                         source->path, source->count, TYTO_ZIP_ENTRIES_MAX);
    }
    if (source->count > source->list_bytes / ENTRY_BYTES) {
        return fail_format(source, "has more entries than its list has room for");
    }
    return TYTO_OK;
}

/* Takes from an entry's extra fields what its plain fields could not hold. */
static bool read_zip64(tyto_cursor extra, uint64_t *size, uint64_t *packed, uint64_t *at)
{
    uint64_t *const fields[] = {size, packed, at};
    bool wanted = *size == IN_ZIP64 || *packed == IN_ZIP64 || *at == IN_ZIP64;
    while (wanted && extra.length - extra.at >= 4) {
        const uint64_t kind = tyto_cursor_little(&extra, 2);
        const size_t bytes = (size_t)tyto_cursor_little(&extra, 2);
        const uint8_t *data = tyto_cursor_take(&extra, bytes);
        if (!data) {
            return false;
        }
        if (kind != EXTRA_ZIP64) {
            continue;
        }
        tyto_cursor field = tyto_cursor_over(data, bytes);
        for (int i = 0; i < 3; i++) {
            if (*fields[i] == IN_ZIP64) {
                *fields[i] = tyto_cursor_little(&field, 8);
            }
        }
        return !field.failed;
    }
    return !wanted;
}

/* The data follow the entry's own header, whose name must be the list's. */
static tyto_status locate(const archive *source, uint64_t at, tyto_zip_entry *entry)
{
    tyto_cursor local = cursor_at(source, at);
    const uint64_t signature = tyto_cursor_little(&local, 4);
    (void)tyto_cursor_take(&local, LOCAL_BYTES - 4 - 4);
    const size_t name_bytes = (size_t)tyto_cursor_little(&local, 2);
    const size_t extra_bytes = (size_t)tyto_cursor_little(&local, 2);
    const uint8_t *name = tyto_cursor_take(&local, name_bytes);
    (void)tyto_cursor_take(&local, extra_bytes);
    if (local.failed || signature != LOCAL_SIGNATURE || name_bytes != entry->name_length ||
        memcmp(name, entry->name, name_bytes) != 0) {
        return fail_format(source, "an entry is not where the list says");
    }
    entry->begin = (size_t)at;
    entry->data = source->bytes + local.at;
    if (local.at > source->list_at || entry->bytes > source->list_at - local.at) {
        return fail_format(source, "an entry's data lie outside of the file");
    }
    return TYTO_OK;
}

static tyto_status read_entry(const archive *source, tyto_cursor *list, tyto_zip_entry *out)
{
    const uint64_t signature = tyto_cursor_little(list, 4);
    (void)tyto_cursor_take(list, 4);
    const uint64_t flags = tyto_cursor_little(list, 2), method = tyto_cursor_little(list, 2);
    (void)tyto_cursor_take(list, 4);
    const uint32_t crc = (uint32_t)tyto_cursor_little(list, 4);
    uint64_t packed = tyto_cursor_little(list, 4), size = tyto_cursor_little(list, 4);
    const size_t name_bytes = (size_t)tyto_cursor_little(list, 2);
    const size_t extra_bytes = (size_t)tyto_cursor_little(list, 2);
    const size_t comment_bytes = (size_t)tyto_cursor_little(list, 2);
    (void)tyto_cursor_take(list, 8);
    uint64_t at = tyto_cursor_little(list, 4);
    const uint8_t *name = tyto_cursor_take(list, name_bytes);
    const uint8_t *extra = tyto_cursor_take(list, extra_bytes);
    (void)tyto_cursor_take(list, comment_bytes);
    if (list->failed || signature != ENTRY_SIGNATURE ||
        !read_zip64(tyto_cursor_over(extra, extra_bytes), &size, &packed, &at)) {
        return fail_format(source, "its list of entries is damaged");
    }
    if (packed > source->length) {
        return fail_format(source, "an entry's data lie outside of the file");
    }
    *out = (tyto_zip_entry){.name = (const char *)name,
                            .name_length = name_bytes,
                            .bytes = (size_t)packed,
                            .crc = crc,
                            .stored = method == 0 && !(flags & FLAG_ENCRYPTED) && size == packed};
    return locate(source, at, out);
}

static int by_place(const void *left, const void *right)
{
    const tyto_zip_entry *a = left, *b = right;
    return (a->begin > b->begin) - (a->begin < b->begin);
}

static int compare_names(const char *a, size_t a_length, const char *b, size_t b_length)
{
    const int order = memcmp(a, b, a_length < b_length ? a_length : b_length);
    return order ? order : (a_length > b_length) - (a_length < b_length);
}

static int by_name(const void *left, const void *right)
{
    const tyto_zip_entry *a = left, *b = right;
    return compare_names(a->name, a->name_length, b->name, b->name_length);
}

/* No byte belongs to two entries, and no name either: two readers would see two archives. */
static tyto_status check_distinct(const archive *source, tyto_zip *zip)
{
    tyto_zip_entry *entries = zip->entries;
    qsort(entries, zip->count, sizeof(*entries), by_place);
    for (size_t i = 1; i < zip->count; i++) {
        const size_t end = (size_t)(entries[i - 1].data - source->bytes) + entries[i - 1].bytes;
        if (entries[i].begin < end) {
            return fail_format(source, "two entries overlap");
        }
    }
    qsort(entries, zip->count, sizeof(*entries), by_name);
    for (size_t i = 1; i < zip->count; i++) {
        if (by_name(&entries[i - 1], &entries[i]) == 0) {
            return fail_format(source, "two entries have the same name");
        }
    }
    return TYTO_OK;
}

tyto_status tyto_zip_open(const uint8_t *bytes, size_t length, const char *path, tyto_zip *out,
                          tyto_error *err)
{
    archive source = {.bytes = bytes, .length = length, .path = path, .err = err};
    tyto_status status;
    *out = (tyto_zip){0};
    TYTO_TRY(read_end(&source));
    out->entries = tyto_alloc((size_t)source.count, sizeof(*out->entries));
    if (!out->entries) {
        return tyto_fail_memory(err, path);
    }
    out->count = (size_t)source.count;
    tyto_cursor list = tyto_cursor_over(bytes + source.list_at, (size_t)source.list_bytes);
    for (size_t i = 0; i < out->count; i++) {
        TYTO_CHECK(read_entry(&source, &list, &out->entries[i]));
    }
    TYTO_CHECK(check_distinct(&source, out));
    return TYTO_OK;
cleanup:
    tyto_zip_close(out);
    return status;
}

void tyto_zip_close(tyto_zip *zip)
{
    free(zip->entries);
    *zip = (tyto_zip){0};
}

const tyto_zip_entry *tyto_zip_find(const tyto_zip *zip, const char *folder, size_t folder_length,
                                    const char *name, size_t name_length)
{
    const size_t slash = folder_length ? 1 : 0;
    size_t low = 0, high = zip->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const tyto_zip_entry *entry = &zip->entries[middle];
        /* The wanted name is compared in its parts: folder, slash, name. */
        const char *at = entry->name;
        size_t left = entry->name_length;
        const size_t head = left < folder_length ? left : folder_length;
        int order = compare_names(at, head, folder, folder_length);
        at += head;
        left -= head;
        if (order == 0 && slash) {
            order = left ? (*at > '/') - (*at < '/') : -1;
            at += left > 0;
            left -= left > 0;
        }
        order = order ? order : compare_names(at, left, name, name_length);
        if (order == 0) {
            return entry;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
