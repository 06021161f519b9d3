#include "inputs.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "messages.h"
#include "output.h"

/* Most bytes that are read from standard input, or from a file of texts. */
#define STREAM_BYTES_MAX ((size_t)512 << 20)

static bool has_photo_ending(const char *name)
{
    static const char *const endings[] = {".jpg", ".jpeg", ".png", ".webp"};
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strcasecmp(path_ending(name), endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_folder(const char *folder, text_list *photos)
{
    DIR *entries = opendir(folder);
    if (!entries) {
        say_error("%s: %s", folder, strerror(errno));
        return false;
    }
    const size_t before = photos->count;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.' || !has_photo_ending(entry->d_name)) {
            continue;
        }
        char *path = path_join(folder, entry->d_name);
        if (!path_is_folder(path)) {
            text_list_add(photos, path, strlen(path));
        }
        free(path);
    }
    closedir(entries);
    const size_t found = photos->count - before;
    if (found == 0) {
        say_error("%s: no photo in this folder, required .jpg, .jpeg, .png or .webp", folder);
        return false;
    }
    qsort(photos->items + before, found, sizeof(*photos->items), by_name);
    return true;
}

static bool list_pattern(const char *pattern, text_list *photos)
{
    glob_t found = {0};
    const int status = glob(pattern, 0, NULL, &found);
    bool good = status == 0;
    if (status == GLOB_NOSPACE) {
        out_of_memory();
    }
    if (!good) {
        say_error("%s: no file matches", pattern);
    }
    for (size_t i = 0; good && i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        if (!path_is_folder(path)) {
            text_list_add(photos, path, strlen(path));
        } else if (!list_folder(path, photos)) {
            good = false;
        }
    }
    globfree(&found);
    return good;
}

bool list_photos(const text_list *operands, text_list *photos)
{
    bool good = true, input_used = false;
    for (size_t i = 0; i < operands->count; i++) {
        const char *path = operands->items[i];
        struct stat info;
        const bool input = strcmp(path, "-") == 0;
        if (input && input_used) {
            say_error("-: standard input can be read only once");
            good = false;
        } else if (input || stat(path, &info) != 0 ? false : S_ISDIR(info.st_mode)) {
            good = list_folder(path, photos) && good;
        } else if (!input && stat(path, &info) != 0 && strpbrk(path, "*?[")) {
            good = list_pattern(path, photos) && good;
        } else {
            text_list_add(photos, path, strlen(path));
        }
        input_used = input_used || input;
    }
    return good;
}

bool input_is_unread(void)
{
    const bool unread = !feof(stdin);
    if (!unread) {
        say_error("standard input: it was read already, required once");
    }
    return unread;
}

/* All of a stream; *bytes gets a NUL after the last one. */
static bool read_stream(FILE *stream, const char *name, char **bytes, size_t *length)
{
    size_t capacity = 1 << 16;
    *bytes = NULL;
    *length = 0;
    if (stream == stdin && !input_is_unread()) {
        return false;
    }
    *bytes = take(capacity, 1);
    for (;;) {
        const size_t got = fread(*bytes + *length, 1, capacity - 1 - *length, stream);
        *length += got;
        if (got == 0) {
            break;
        }
        if (*length > STREAM_BYTES_MAX) {
            say_error("%s: got more than %zu MB, required at most that", name,
                      STREAM_BYTES_MAX >> 20);
            return false;
        }
        if (*length == capacity - 1) {
            capacity *= 2;
            *bytes = take_more(*bytes, capacity, 1);
        }
    }
    (*bytes)[*length] = '\0';
    if (ferror(stream)) {
        say_error("%s: %s", name, strerror(errno ? errno : EIO));
    }
    return !ferror(stream);
}

bool load_photo(const char *path, tyto_image *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_status status = TYTO_OK;
    bool good = true;
    if (strcmp(path, "-") == 0) {
        char *bytes = NULL;
        size_t length;
        good = read_stream(stdin, "standard input", &bytes, &length);
        status = good ? tyto_image_decode(bytes, length, "standard input", out, &err) : TYTO_OK;
        free(bytes);
    } else {
        status = tyto_image_load(path, out, &err);
    }
    if (status != TYTO_OK) {
        say_tyto_error(&err);
    }
    return good && status == TYTO_OK;
}

static bool split_lines(const char *name, const char *bytes, size_t length, bool empty,
                        text_list *lines)
{
    if (memchr(bytes, '\0', length)) {
        say_error("%s: got a NUL byte, required text", name);
        return false;
    }
    if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    for (const char *at = bytes, *end = bytes + length; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t size = (size_t)((newline ? newline : end) - at);
        const size_t step = size + (newline != NULL);
        size -= size > 0 && at[size - 1] == '\r';
        if (size > 0 || empty) {
            text_list_add(lines, at, size);
        }
        at += step;
    }
    return true;
}

bool read_lines(const char *path, bool empty, text_list *lines)
{
    const bool input = strcmp(path, "-") == 0;
    const char *name = input ? "standard input" : path;
    if (!input && path_is_folder(path)) {
        say_error("%s: got a folder, required a file of texts", path);
        return false;
    }
    FILE *stream = input ? stdin : fopen(path, "rb");
    if (!stream) {
        say_error("%s: %s", path, strerror(errno));
        return false;
    }
    char *bytes = NULL;
    size_t length;
    bool good = read_stream(stream, name, &bytes, &length);
    good = good && split_lines(name, bytes, length, empty, lines);
    free(bytes);
    if (!input) {
        fclose(stream);
    }
    return good;
}

char *photo_name(const char *photo)
{
    return take_text("%s", path_base(photo));
}

/* A photo under the name that it would get. */
typedef struct named {
    char *name;
    const char *photo;
} named;

static int by_given_name(const void *a, const void *b)
{
    return strcmp(((const named *)a)->name, ((const named *)b)->name);
}

bool check_distinct(const text_list *photos, char *(*name)(const char *photo), const char *what)
{
    bool good = true;
    named *all = take(photos->count, sizeof(*all));
    for (size_t i = 0; i < photos->count; i++) {
        all[i] = (named){name(photos->items[i]), photos->items[i]};
    }
    qsort(all, photos->count, sizeof(*all), by_given_name);
    for (size_t i = 1; i < photos->count && good; i++) {
        if (strcmp(all[i - 1].name, all[i].name) == 0) {
            say_error("%s and %s: both would be %s '%s', required different names",
                      all[i - 1].photo, all[i].photo, what, all[i].name);
            good = false;
        }
    }
    for (size_t i = 0; i < photos->count; i++) {
        free(all[i].name);
    }
    free(all);
    return good;
}
