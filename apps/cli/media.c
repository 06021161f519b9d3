#include "media.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "messages.h"
#include "output.h"

/* Whether the path has one of the endings in "a|b". */
static bool has_ending(const char *path, const char *endings)
{
    const char *ending = path_ending(path);
    const size_t length = strlen(ending);
    while (*endings) {
        const size_t word = strcspn(endings, "|");
        if (word == length && strncasecmp(ending, endings, word) == 0) {
            return true;
        }
        endings += word + (endings[word] == '|');
    }
    return false;
}

#define PHOTO_ENDINGS ".jpg|.jpeg|.png|.webp"
#define VIDEO_ENDINGS                                                                              \
    ".mp4|.m4v|.mov|.mkv|.webm|.avi|.mpg|.mpeg|.ts|.mts|.m2ts|.ogv|.flv|.wmv|.3gp|.gif|.y4m"

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
           (got >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0);
}

bool is_video(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && !has_ending(path, PHOTO_ENDINGS) &&
           !begins_like_photo(path);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool list_folder(const char *folder, text_list *videos)
{
    DIR *entries = opendir(folder);
    if (!entries) {
        say_error("%s: %s", folder, strerror(errno));
        return false;
    }
    const size_t before = videos->count;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;) {
        if (entry->d_name[0] == '.' || !has_ending(entry->d_name, VIDEO_ENDINGS)) {
            continue;
        }
        char *path = path_join(folder, entry->d_name);
        if (!path_is_folder(path)) {
            text_list_add(videos, path, strlen(path));
        }
        free(path);
    }
    closedir(entries);
    const size_t found = videos->count - before;
    if (found == 0) {
        say_error("%s: no video in this folder, required .mp4, .mkv, .webm, .avi or the like",
                  folder);
        return false;
    }
    qsort(videos->items + before, found, sizeof(*videos->items), by_name);
    return true;
}

bool list_videos(const text_list *operands, text_list *videos)
{
    bool good = true;
    for (size_t i = 0; i < operands->count; i++) {
        const char *path = operands->items[i];
        if (path_is_folder(path)) {
            good = list_folder(path, videos) && good;
        } else {
            text_list_add(videos, path, strlen(path));
        }
    }
    return good;
}

char *path_stem(const char *path)
{
    const char *base = path_base(path);
    return take_text("%.*s", (int)(strlen(base) - strlen(path_ending(path))), base);
}

int destination_check(destination *to, bool many)
{
    if (!to->path) {
        return EXIT_DONE;
    }
    if (!*to->path) {
        say_error("%s: got an empty name, required a file or a folder", to->option);
        return EXIT_USAGE;
    }
    const bool is_folder = to->path[strlen(to->path) - 1] == '/' || path_is_folder(to->path);
    if (many && !is_folder && has_ending(to->path, to->endings)) {
        say_error("%s: got the file '%s' for more than one, required a folder", to->option,
                  to->path);
        return EXIT_USAGE;
    }
    to->folder = many || is_folder;
    if (!to->folder && !has_ending(to->path, to->endings)) {
        say_error("%s: got '%s', required a folder, or a name that ends in one of %s", to->option,
                  to->path, to->endings);
        return EXIT_USAGE;
    }
    const bool good = to->folder ? output_make_folder(to->path) : output_check_file(to->path);
    return good ? EXIT_DONE : EXIT_FAILED;
}

char *destination_path(const destination *to, const char *stem)
{
    if (!to->folder) {
        return take_text("%s", to->path);
    }
    char *name = take_text("%s%s", stem, to->ending), *path = path_join(to->path, name);
    free(name);
    return path;
}

bool destination_spares(const destination *to, const char *stem, const text_list *inputs)
{
    bool good = true;
    if (!to->path) {
        return true;
    }
    char *path = destination_path(to, stem);
    struct stat info;
    for (size_t i = 0; stat(path, &info) == 0 && i < inputs->count && good; i++) {
        if (path_same_file(path, inputs->items[i])) {
            say_error("%s: %s is one of the inputs, required another place", to->option, path);
            good = false;
        }
    }
    free(path);
    return good;
}
