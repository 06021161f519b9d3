/* Which files operands mean. */
#include <tyto/files.h>

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
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
} kinds[] = {
    [TYTO_FILE_KIND_PHOTOS] = {(const char *const[]){".jpg", ".jpeg", ".jfif", ".jpe", ".png",
                                                     ".webp", ".gif", ".bmp", ".tif", ".tiff",
                                                     ".avif", ".heic", ".heif", NULL},
                               "photo",
                               ".jpg, .png, .webp, .gif, .bmp, .tif, .avif, .heic or the like"},
    [TYTO_FILE_KIND_VIDEOS] = {(const char *const[]){".mp4", ".m4v", ".mov", ".mkv", ".webm",
                                                     ".avi", ".mpg", ".mpeg", ".ts", ".mts",
                                                     ".m2ts", ".ogv", ".flv", ".wmv", ".3gp",
                                                     ".gif", ".y4m", NULL},
                               "video", ".mp4, .mkv, .webm, .avi or the like"},
    [TYTO_FILE_KIND_MEDIA] = {NULL, "photo or video",
                              ".jpg, .png, .webp, .heic, .mp4, .mkv or the like"},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* Folders within folders, as deep as they are walked. */
#define DEPTH_MAX 64
typedef struct inside {
    const struct inside *above;
    dev_t device;
    ino_t file;
    int depth;
} inside;

/* A list as it grows. */
typedef struct listing {
    tyto_file_kind kind;
    tyto_file_list_options options;
    tyto_file_list *out;
    int64_t capacity;
    bool deep;           /* folders within folders are walked */
    int64_t n_deep;      /* so many folders were */
    int64_t n_inside;    /* folders within folders that weren't walked */
    const char *pattern; /* that files must match; NULL: any */
    bool input_used;     /* standard input is in the list */
    tyto_error *err;
} listing;

void tyto_file_list_options_init(tyto_file_list_options *options, size_t struct_bytes)
{
    static const tyto_file_list_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
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
    if (kind == TYTO_FILE_KIND_MEDIA) {
        return tyto_file_is_picture_or_video(path);
    }
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

/* Whether a path is what a pattern means, in which "**" stands for any folders, or none. */
static bool matches(const char *pattern, const char *path)
{
    char wanted[NAME_MAX + 1], name[NAME_MAX + 1];
    for (;;) {
        const size_t p = strcspn(pattern, "/"), n = strcspn(path, "/");
        if (p == 2 && memcmp(pattern, "**", 2) == 0) {
            const char *slash = path;
            while (pattern[p] && !matches(pattern + p + 1, path)) {
                slash = strchr(path, '/');
                if (!slash) {
                    return false;
                }
                path = slash + 1;
            }
            return true;
        }
        if (p >= sizeof(wanted) || n >= sizeof(name)) {
            return false;
        }
        snprintf(wanted, sizeof(wanted), "%.*s", (int)p, pattern);
        snprintf(name, sizeof(name), "%.*s", (int)n, path);
        if (fnmatch(wanted, name, FNM_PERIOD) != 0) {
            return false;
        }
        if (!pattern[p] || !path[n]) {
            return pattern[p] == path[n];
        }
        pattern += p + 1;
        path += n + 1;
    }
}

static tyto_status walk(listing *list, const char *folder, const inside *above);

/* An entry of a folder joins the list when it is a file of the kind; a folder is walked, where that
 * is wanted. */
static tyto_status add_entry(listing *list, const char *folder, const struct dirent *entry,
                             const inside *here)
{
    const char *name = entry->d_name;
    const bool called = is_called(name, list->kind);
    if (name[0] == '.') {
        return TYTO_OK;
    }
    if (!called && !list->deep) {
        list->out->passed_over += !list->pattern;
        list->n_inside += entry->d_type == DT_DIR;
        return TYTO_OK;
    }
    char *path = tyto_path_join(folder, name);
    if (!path) {
        return tyto_fail_memory(list->err, folder);
    }
    tyto_status status = TYTO_OK;
    const bool unknown = entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK;
    if (entry->d_type == DT_DIR || (unknown && tyto_folder_exists(path))) {
        list->out->passed_over += !list->deep;
        status = list->deep ? walk(list, path, here) : TYTO_OK;
    } else if (called && (!list->pattern || matches(list->pattern, path))) {
        status = add(list, path);
    } else {
        list->out->passed_over += !called && !list->pattern;
    }
    free(path);
    return status;
}

/* A folder that lies in itself, by a link, is walked once. */
static tyto_status walk(listing *list, const char *folder, const inside *above)
{
    tyto_status status = TYTO_OK;
    struct stat info;
    inside here = {above, 0, 0, above ? above->depth + 1 : 0};
    DIR *entries = opendir(*folder ? folder : ".");
    if (!entries || fstat(dirfd(entries), &info) != 0) {
        const int code = errno;
        if (entries) {
            closedir(entries);
        }
        return code == ENOMEM ? tyto_fail_memory(list->err, folder)
                              : pass_over(list, folder, strerror(code));
    }
    here.device = info.st_dev;
    here.file = info.st_ino;
    bool again = here.depth >= DEPTH_MAX;
    for (const inside *at = above; at && !again; at = at->above) {
        again = at->device == here.device && at->file == here.file;
    }
    for (struct dirent *entry; !again && status == TYTO_OK && (entry = readdir(entries));) {
        status = add_entry(list, folder, entry, &here);
    }
    closedir(entries);
    return status;
}

/* Remembers the folder that was walked. Of several it will be the one that holds all. */
static tyto_status note_folder(listing *list, const char *folder)
{
    if (list->n_deep++ == 0) {
        list->out->folder = tyto_copy_text(folder, strlen(folder));
        return list->out->folder ? TYTO_OK : tyto_fail_memory(list->err, folder);
    }
    return TYTO_OK;
}

static tyto_status share_folder(const listing *list)
{
    const tyto_file_list *out = list->out;
    const char *const *files = (const char *const *)out->items;
    const size_t bytes = tyto_paths_shared_bytes(files, out->count);
    int64_t first = 0; /* that isn't standard input */
    while (first < out->count && strcmp(files[first], "-") == 0) {
        first++;
    }
    free(out->folder);
    list->out->folder = tyto_copy_text(first < out->count ? files[first] : "", bytes);
    return out->folder ? TYTO_OK : tyto_fail_memory(list->err, "files");
}

/* Where photos and videos are listed, what one folder or pattern stands for is of one kind: photos
 * if it has any, or else videos. `before`: the files in the list already */
static void keep_one_kind(const listing *list, int64_t before)
{
    tyto_file_list *out = list->out;
    int64_t photos = 0, videos = 0, kept = before;
    for (int64_t i = before; i < out->count; i++) {
        photos += is_called(out->items[i], TYTO_FILE_KIND_PHOTOS);
        videos += tyto_file_is_called_video(out->items[i]);
    }
    if (list->kind != TYTO_FILE_KIND_MEDIA || videos == 0) {
        return;
    }
    for (int64_t i = before; i < out->count; i++) {
        if (tyto_file_is_called_video(out->items[i]) == (photos == 0)) {
            out->items[kept++] = out->items[i];
        } else {
            free(out->items[i]);
        }
    }
    out->passed_over += out->count - kept;
    out->count = kept;
}

static tyto_status list_folder(listing *list, const char *folder)
{
    const int64_t before = list->out->count, failed = list->out->failed;
    char why[192];
    list->out->many++;
    list->n_inside = 0;
    if (list->deep) {
        TYTO_TRY(note_folder(list, folder));
    }
    TYTO_TRY(walk(list, folder, NULL));
    keep_one_kind(list, before);
    const int64_t found = list->out->count - before;
    if (found == 0 && list->out->failed == failed) {
        snprintf(why, sizeof(why), "no %s in this folder, required %s%s", kinds[list->kind].word,
                 kinds[list->kind].required,
                 list->n_inside > 0 && list->kind != TYTO_FILE_KIND_VIDEOS
                     ? "; -r (in programs 'recursive') looks into the folders within it too"
                     : "");
        return pass_over(list, list->pattern ? list->pattern : folder,
                         list->pattern ? "no file matches" : why);
    }
    qsort(list->out->items + before, (size_t)found, sizeof(*list->out->items), by_name);
    return TYTO_OK;
}

/* A pattern with "**": the folder before it is walked. */
static tyto_status list_deep(listing *list, const char *pattern)
{
    const bool deep = list->deep;
    const char *stars = strstr(pattern, "**"), *special = strpbrk(pattern, "*?[");
    const char *at = special < stars ? special : stars;
    while (at > pattern && at[-1] != '/') {
        at--;
    }
    char *folder = tyto_copy_text(pattern, (size_t)(at - pattern));
    if (!folder) {
        return tyto_fail_memory(list->err, pattern);
    }
    list->pattern = pattern;
    list->deep = true;
    const tyto_status status = list_folder(list, folder);
    list->pattern = NULL;
    list->deep = deep;
    free(folder);
    return status;
}

static tyto_status list_pattern(listing *list, const char *pattern)
{
    glob_t found = {0};
    tyto_status status = TYTO_OK;
    const int64_t before = list->out->count;
    list->out->many++;
    if (strstr(pattern, "**")) {
        return list_deep(list, pattern);
    }
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
    keep_one_kind(list, before);
    return status;
}

static tyto_status list_operand(listing *list, const char *operand, bool in_list);

/* The lines of a file are operands. */
static tyto_status list_lines(listing *list, const char *operand)
{
    tyto_error why = TYTO_ERROR_INIT;
    tyto_file_list lines;
    list->out->many++;
    tyto_status status = tyto_file_lines_read(operand + 1, false, &lines, &why);
    if (status != TYTO_OK) {
        status = status == TYTO_E_MEMORY ? tyto_fail_memory(list->err, operand)
                                         : pass_over(list, operand, tyto_error_message(&why));
        tyto_error_clear(&why);
        return status;
    }
    for (int64_t i = 0; i < lines.count && status == TYTO_OK; i++) {
        status = list_operand(list, lines.items[i], true);
    }
    tyto_file_list_clear(&lines);
    return status;
}

/* in_list: it is a line of a list, in which there are no further lists */
static tyto_status list_operand(listing *list, const char *operand, bool in_list)
{
    struct stat info;
    if (strcmp(operand, "-") == 0 && list->kind != TYTO_FILE_KIND_VIDEOS) {
        const bool again = list->input_used;
        list->input_used = true;
        return again ? pass_over(list, operand, "standard input can be read only once")
                     : add(list, operand);
    }
    if (stat(operand, &info) == 0) {
        return S_ISDIR(info.st_mode) ? list_folder(list, operand) : add(list, operand);
    }
    if (operand[0] == '@' && operand[1] && !in_list) {
        return list_lines(list, operand);
    }
    return strpbrk(operand, "*?[") ? list_pattern(list, operand) : add(list, operand);
}

tyto_status tyto_file_list_make(tyto_file_kind kind, const char *const *operands, int64_t count,
                                const tyto_file_list_options *options, tyto_file_list *out,
                                tyto_error *err)
{
    listing list = {.kind = kind, .out = out, .err = err};
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_file_list){0};
    tyto_file_list_options_init(&list.options, sizeof(list.options));
    TYTO_TRY(tyto_options_read(&list.options, sizeof(list.options), options,
                               "tyto_file_list_options", err));
    list.deep = list.options.recursive;
    if ((size_t)kind >= KINDS || count < 0 || (count > 0 && !operands)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "files: got kind %d and %lld operands, required a "
                         "kind and a list",
                         (int)kind, (long long)count);
    }
    for (int64_t i = 0; i < count && status == TYTO_OK; i++) {
        status =
            operands[i] ? list_operand(&list, operands[i], false) : tyto_fail_null(err, "operand");
    }
    if (status == TYTO_OK && list.n_deep > 0 && (list.n_deep > 1 || count > 1)) {
        status = share_folder(&list);
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

bool tyto_file_is_photo(const char *path)
{
    struct stat info;
    return path && stat(path, &info) == 0 && S_ISREG(info.st_mode) &&
           (is_called(path, TYTO_FILE_KIND_PHOTOS) || begins_like_photo(path));
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
