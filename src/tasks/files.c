/* Which files operands mean. */
#include <tyto/files.h>

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/files.h"

/* Longest line about an operand. */
#define LINE_BYTES_MAX ((size_t)1 << 16)

/* What each kind is called, by ending and in messages. */
static const struct {
    const char *const *endings; /* the last is NULL */
    const char *word, *required;
    bool patterns; /* "*.jpg" and "-" are operands */
} kinds[] = {
    [TYTO_FILE_KIND_PHOTOS] = {(const char *const[]){".jpg", ".jpeg", ".jfif", ".jpe", ".png",
                                                     ".webp", ".gif", ".bmp", ".tif", ".tiff",
                                                     ".avif", ".heic", ".heif", NULL},
                               "photo",
                               ".jpg, .png, .webp, .gif, .bmp, .tif, .avif, .heic or the like",
                               true},
    [TYTO_FILE_KIND_VIDEOS] = {(const char *const[]){".mp4", ".m4v", ".mov", ".mkv", ".webm",
                                                     ".avi", ".mpg", ".mpeg", ".ts", ".mts",
                                                     ".m2ts", ".ogv", ".flv", ".wmv", ".3gp",
                                                     ".gif", ".y4m", NULL},
                               "video", ".mp4, .mkv, .webm, .avi or the like", false},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* A list as it grows. */
typedef struct listing {
    tyto_file_kind kind;
    tyto_file_list_options options;
    tyto_file_list *out;
    int64_t capacity;
    tyto_error *err;
} listing;

void tyto_file_list_options_init(tyto_file_list_options *options, size_t struct_bytes)
{
    static const tyto_file_list_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

void tyto_file_list_clear(tyto_file_list *list)
{
    for (int64_t i = 0; list && i < list->count; i++) {
        free(list->items[i]);
    }
    if (list) {
        free(list->items);
        *list = (tyto_file_list){0};
    }
}

tyto_status tyto_file_list_add(tyto_file_list *list, int64_t *capacity, const char *text,
                               size_t length, tyto_error *err)
{
    if (list->count == *capacity) {
        const int64_t more = *capacity > 0 ? 2 * *capacity : 16;
        char **items = tyto_realloc(list->items, (size_t)more, sizeof(*items));
        if (!items) {
            return tyto_fail_memory(err, "list of files");
        }
        list->items = items;
        *capacity = more;
    }
    list->items[list->count] = tyto_copy_text(text, length);
    if (!list->items[list->count]) {
        return tyto_fail_memory(err, "list of files");
    }
    list->count++;
    return TYTO_OK;
}

static tyto_status add(listing *list, const char *path)
{
    return tyto_file_list_add(list->out, &list->capacity, path, strlen(path), list->err);
}

/* Counts an operand that holds nothing, and logs "operand: why". */
static tyto_status pass_over(listing *list, const char *operand, const char *why)
{
    tyto_buffer line;
    list->out->failed++;
    if (!list->options.log) {
        return TYTO_OK;
    }
    tyto_buffer_init(&line, LINE_BYTES_MAX);
    const bool good = tyto_buffer_format(&line, "%s: %s", operand, why);
    if (good) {
        list->options.log(list->options.log_user, TYTO_LOG_LEVEL_ERROR, line.data);
    }
    tyto_buffer_clear(&line);
    return good ? TYTO_OK : tyto_fail_memory(list->err, operand);
}

static const char *ending_of(const char *path)
{
    const char *base = tyto_path_base(path), *dot = strrchr(base, '.');
    return dot && dot != base ? dot : base + strlen(base);
}

static bool is_called(const char *path, tyto_file_kind kind)
{
    const char *ending = ending_of(path);
    for (const char *const *known = kinds[kind].endings; *known; known++) {
        if (strcasecmp(ending, *known) == 0) {
            return true;
        }
    }
    return false;
}

bool tyto_file_is_picture_or_video(const char *path)
{
    return is_called(path, TYTO_FILE_KIND_PHOTOS) || is_called(path, TYTO_FILE_KIND_VIDEOS);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* An entry of a folder joins the list when it is a file of the kind. */
static tyto_status add_entry(listing *list, const char *folder, const char *name)
{
    if (name[0] == '.') {
        return TYTO_OK;
    }
    if (!is_called(name, list->kind)) {
        list->out->passed_over++;
        return TYTO_OK;
    }
    char *path = tyto_path_join(folder, name);
    if (!path) {
        return tyto_fail_memory(list->err, folder);
    }
    const bool is_folder = tyto_folder_exists(path);
    const tyto_status status = is_folder ? TYTO_OK : add(list, path);
    list->out->passed_over += is_folder;
    free(path);
    return status;
}

static tyto_status list_folder(listing *list, const char *folder)
{
    const int64_t before = list->out->count;
    tyto_status status = TYTO_OK;
    char why[96];
    DIR *entries = opendir(folder);
    if (!entries) {
        return errno == ENOMEM ? tyto_fail_memory(list->err, folder)
                               : pass_over(list, folder, strerror(errno));
    }
    for (struct dirent *entry; status == TYTO_OK && (entry = readdir(entries)) != NULL;) {
        status = add_entry(list, folder, entry->d_name);
    }
    closedir(entries);
    TYTO_TRY(status);
    const int64_t found = list->out->count - before;
    if (found == 0) {
        snprintf(why, sizeof(why), "no %s in this folder, required %s", kinds[list->kind].word,
                 kinds[list->kind].required);
        return pass_over(list, folder, why);
    }
    qsort(list->out->items + before, (size_t)found, sizeof(*list->out->items), by_name);
    return TYTO_OK;
}

static tyto_status list_pattern(listing *list, const char *pattern)
{
    glob_t found = {0};
    tyto_status status = TYTO_OK;
    const int code = glob(pattern, 0, NULL, &found);
    if (code == GLOB_NOSPACE) {
        status = tyto_fail_memory(list->err, pattern);
    } else if (code != 0) {
        status = pass_over(list, pattern, "no file matches");
    }
    for (size_t i = 0; code == 0 && status == TYTO_OK && i < found.gl_pathc; i++) {
        const int64_t failed = list->out->failed;
        const char *path = found.gl_pathv[i];
        status = tyto_folder_exists(path) ? list_folder(list, path) : add(list, path);
        if (list->out->failed > failed) {
            break; /* the pattern is one operand, and it has failed */
        }
    }
    globfree(&found);
    return status;
}

static tyto_status list_operand(listing *list, const char *operand, bool *input_used)
{
    struct stat info;
    if (!kinds[list->kind].patterns) {
        return tyto_folder_exists(operand) ? list_folder(list, operand) : add(list, operand);
    }
    if (strcmp(operand, "-") == 0) {
        const bool again = *input_used;
        *input_used = true;
        return again ? pass_over(list, operand, "standard input can be read only once")
                     : add(list, operand);
    }
    if (tyto_folder_exists(operand)) {
        return list_folder(list, operand);
    }
    if (stat(operand, &info) != 0 && strpbrk(operand, "*?[")) {
        return list_pattern(list, operand);
    }
    return add(list, operand);
}

tyto_status tyto_file_list_make(tyto_file_kind kind, const char *const *operands, int64_t count,
                                const tyto_file_list_options *options, tyto_file_list *out,
                                tyto_error *err)
{
    listing list = {.kind = kind, .out = out, .err = err};
    bool input_used = false;
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_file_list){0};
    tyto_file_list_options_init(&list.options, sizeof(list.options));
    TYTO_TRY(tyto_options_read(&list.options, sizeof(list.options), options,
                               "tyto_file_list_options", err));
    if ((size_t)kind >= KINDS || count < 0 || (count > 0 && !operands)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "files: got kind %d and %lld operands, required a "
                         "kind and a list",
                         (int)kind, (long long)count);
    }
    for (int64_t i = 0; i < count && status == TYTO_OK; i++) {
        status = operands[i] ? list_operand(&list, operands[i], &input_used)
                             : tyto_fail_null(err, "operand");
    }
    if (status != TYTO_OK) {
        tyto_file_list_clear(out);
    }
    return status;
}

static tyto_status split_text(const char *text, tyto_file_list *out, int64_t *capacity,
                              tyto_error *err)
{
    for (const char *at = text;; at++) {
        const size_t length = strcspn(at, ",");
        if (length == 0) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "got '%s', required names with commas between them", text);
        }
        TYTO_TRY(tyto_file_list_add(out, capacity, at, length, err));
        at += length;
        if (!*at) {
            return TYTO_OK;
        }
    }
}

tyto_status tyto_names_split(const char *const *texts, int64_t count, tyto_file_list *out,
                             tyto_error *err)
{
    int64_t capacity = 0;
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_file_list){0};
    if (count > 0) {
        TYTO_REQUIRE(err, texts);
    }
    for (int64_t i = 0; i < count && status == TYTO_OK; i++) {
        status = split_text(texts[i], out, &capacity, err);
    }
    if (status != TYTO_OK) {
        tyto_file_list_clear(out);
    }
    return status;
}

static bool begins_like_photo(const char *path)
{
    unsigned char bytes[12] = {0};
    FILE *file = fopen(path, "rb");
    const size_t got = file ? fread(bytes, 1, sizeof(bytes), file) : 0;
    if (file) {
        fclose(file);
    }
    return !file || (got >= 3 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) ||
           (got >= 8 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) ||
           (got >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0) ||
           (got >= 12 &&
            (memcmp(bytes + 4, "ftypavif", 8) == 0 || memcmp(bytes + 4, "ftypheic", 8) == 0)) ||
           (got >= 4 && (memcmp(bytes, "II*", 4) == 0 || memcmp(bytes, "MM\0*", 4) == 0));
}

bool tyto_file_is_video(const char *path)
{
    struct stat info;
    return path && stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           (is_called(path, TYTO_FILE_KIND_VIDEOS) || !is_called(path, TYTO_FILE_KIND_PHOTOS)) &&
           !begins_like_photo(path);
}

bool tyto_file_is_called_video(const char *path)
{
    return path && is_called(path, TYTO_FILE_KIND_VIDEOS) &&
           !is_called(path, TYTO_FILE_KIND_PHOTOS);
}

/* A name and its place in the caller's list. */
typedef struct placed {
    const char *name;
    int64_t at;
} placed;

static int by_name_and_place(const void *left, const void *right)
{
    const placed *a = left, *b = right;
    const int order = strcmp(a->name, b->name);
    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

tyto_status tyto_names_find_same(const char *const *names, int64_t count, int64_t *first,
                                 int64_t *second, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, first);
    TYTO_REQUIRE(err, second);
    *first = *second = -1;
    if (count < 2) {
        return TYTO_OK;
    }
    TYTO_REQUIRE(err, names);
    placed *all = tyto_alloc((size_t)count, sizeof(*all));
    if (!all) {
        return tyto_fail_memory(err, "names");
    }
    for (int64_t i = 0; i < count; i++) {
        all[i] = (placed){names[i], i};
    }
    qsort(all, (size_t)count, sizeof(*all), by_name_and_place);
    for (int64_t i = 1; i < count && *first < 0; i++) {
        if (strcmp(all[i - 1].name, all[i].name) == 0) {
            *first = all[i - 1].at;
            *second = all[i].at;
        }
    }
    free(all);
    return TYTO_OK;
}

tyto_status tyto_paths_check_names(const char *const *paths, int64_t count, const char *made,
                                   tyto_error *err)
{
    int64_t first = -1, second = -1;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, made);
    TYTO_TRY(tyto_check_list(paths, count, "paths", err));
    const char **names = tyto_alloc((size_t)count, sizeof(*names));
    if (!names) {
        return tyto_fail_memory(err, "names");
    }
    for (int64_t i = 0; i < count; i++) {
        names[i] = tyto_path_base(paths[i] ? paths[i] : "");
    }
    tyto_status status = tyto_names_find_same(names, count, &first, &second, err);
    if (first >= 0) {
        status = tyto_fail(err, TYTO_E_ARGUMENT,
                           "%s and %s: both would be %s '%s', required different names",
                           paths[first], paths[second], made, names[first]);
    }
    free(names);
    return status;
}
