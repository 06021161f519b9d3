#include "drawing.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "inputs.h"
#include "messages.h"
#include "output.h"

static bool can_draw(const char *path)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".webp"};
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        if (strcasecmp(path_ending(path), endings[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The drawn photo keeps its name; one that tells no format becomes a PNG. */
static char *drawn_name(const char *photo)
{
    const char *base = strcmp(photo, "-") == 0 ? "stdin" : path_base(photo);
    return take_text("%s%s", base, can_draw(base) ? "" : ".png");
}

static char *drawn_path(const drawing *to, const char *photo)
{
    char *name = drawn_name(photo);
    char *path = to->in_folder ? path_join(to->path, name) : take_text("%s", to->path);
    free(name);
    return path;
}

/* A result must not take the place of a photo. */
static bool spares_photos(const drawing *to, const text_list *photos, const text_list *spared)
{
    bool good = true;
    for (size_t i = 0; i < photos->count && good; i++) {
        char *path = drawn_path(to, photos->items[i]);
        for (size_t k = 0; k < spared->count && good; k++) {
            if (path_same_file(path, spared->items[k])) {
                say_error("--%s: %s is the photo itself, required another place", to->option, path);
                good = false;
            }
        }
        free(path);
    }
    return good;
}

int drawing_check(drawing *to, const text_list *photos, const text_list *spared)
{
    if (!to->path) {
        return EXIT_DONE;
    }
    if (!*to->path) {
        say_error("--%s: got an empty name, required a file or a folder", to->option);
        return EXIT_USAGE;
    }
    const bool slash = to->path[strlen(to->path) - 1] == '/';
    to->in_folder = slash || path_is_folder(to->path);
    if (!to->in_folder && photos->count > 1 && can_draw(to->path)) {
        say_error("--%s: got '%s' for %zu photos, required a folder", to->option, to->path,
                  photos->count);
        return EXIT_USAGE;
    }
    to->in_folder = to->in_folder || photos->count > 1;
    if (!to->in_folder && !can_draw(to->path)) {
        say_error("--%s: got '%s', required a name that ends in .png, .jpg or .webp, or a folder",
                  to->option, to->path);
        return EXIT_USAGE;
    }
    if (to->in_folder && !check_distinct(photos, drawn_name, "drawn to")) {
        return EXIT_USAGE;
    }
    if (to->in_folder ? !output_make_folder(to->path) : !output_check_file(to->path)) {
        return EXIT_FAILED;
    }
    return spares_photos(to, photos, spared) ? EXIT_DONE : EXIT_USAGE;
}

static void *save(void *context)
{
    drawing *to = context;
    to->status = tyto_image_save(to->saves, &to->image, &to->err);
    return NULL;
}

bool drawing_end(drawing *to)
{
    background_wait(&to->thread);
    const bool good = !to->saves || to->status == TYTO_OK;
    if (!good) {
        say_tyto_error(&to->err);
    }
    free(to->saves);
    to->saves = NULL;
    tyto_image_clear(&to->image);
    return good;
}

bool drawing_write(drawing *to, const char *photo, tyto_image *image, const tyto_detections *boxes,
                   const text_list *labels)
{
    tyto_error err = TYTO_ERROR_INIT;
    const bool good = drawing_end(to);
    if (tyto_draw_detections(image, boxes, (const char *const *)labels->items,
                             (int64_t)labels->count, NULL, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    to->saves = drawn_path(to, photo);
    to->image = *image;
    *image = (tyto_image){0};
    background_start(&to->thread, save, to);
    return good;
}
