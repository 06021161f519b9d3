#include "media.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "inputs.h"
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

static int check(destination *place, bool many)
{
    if (!place->path) {
        return EXIT_DONE;
    }
    if (!*place->path) {
        say_error("%s: got an empty name, required a file or a folder", place->option);
        return EXIT_USAGE;
    }
    const bool is_folder =
        place->path[strlen(place->path) - 1] == '/' || path_is_folder(place->path);
    if (many && !is_folder && has_ending(place->path, place->endings)) {
        say_error("%s: got the file '%s' for more than one, required a folder", place->option,
                  place->path);
        return EXIT_USAGE;
    }
    place->folder = many || is_folder;
    if (!place->folder && !has_ending(place->path, place->endings)) {
        say_error("%s: got '%s', required a folder, or a name that ends in one of %s",
                  place->option, place->path, place->endings);
        return EXIT_USAGE;
    }
    const bool good =
        place->folder ? output_make_folder(place->path) : output_check_file(place->path);
    return good ? EXIT_DONE : EXIT_FAILED;
}

char *destination_path(const destination *place, const char *stem)
{
    if (!place->folder) {
        return take_text("%s", place->path);
    }
    char *name = take_text("%s%s", stem, place->ending), *path = path_join(place->path, name);
    free(name);
    return path;
}

static bool spares(const destination *place, const char *stem, const text_list *inputs)
{
    bool good = true;
    if (!place->path) {
        return true;
    }
    char *path = destination_path(place, stem);
    struct stat info;
    for (size_t i = 0; stat(path, &info) == 0 && i < inputs->count && good; i++) {
        if (path_same_file(path, inputs->items[i])) {
            say_error("%s: %s is one of the inputs, required another place", place->option, path);
            good = false;
        }
    }
    free(path);
    return good;
}

int destinations_check(destination *places, size_t n, const text_list *inputs, size_t named,
                       bool many, const char *what)
{
    int code = EXIT_DONE;
    bool folder = false;
    for (size_t k = 0; k < n && code == EXIT_DONE; k++) {
        code = check(&places[k], many);
        folder = folder || places[k].folder;
    }
    if (code != EXIT_DONE) {
        return code;
    }
    bool good = !folder || check_distinct(inputs, path_stem, what);
    for (size_t i = 0; i < named && good; i++) {
        char *stem = path_stem(inputs->items[i]);
        for (size_t k = 0; k < n && good; k++) {
            good = spares(&places[k], stem, inputs);
        }
        free(stem);
    }
    return good ? EXIT_DONE : EXIT_USAGE;
}
