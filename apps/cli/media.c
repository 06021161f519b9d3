#include "media.h"

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
