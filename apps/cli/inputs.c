#include "inputs.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/files.h>

#include "messages.h"
#include "output.h"

/* Takes a list of the library over. */
static void add_all(tyto_file_list *source, text_list *list)
{
    list->many = list->many || source->many > 0;
    free(list->folder);
    list->folder = source->folder;
    source->folder = NULL;
    for (int64_t i = 0; i < source->count; i++) {
        text_list_add(list, source->items[i], strlen(source->items[i]));
        free(source->items[i]);
        source->items[i] = NULL;
    }
    tyto_file_list_clear(source);
}

static bool recursive;
static int64_t passed_over;

int64_t files_passed_over(void)
{
    return passed_over;
}

static bool list_files(tyto_file_kind kind, const text_list *operands, text_list *files)
{
    tyto_file_list_options options;
    tyto_file_list found;
    tyto_file_list_options_init(&options, sizeof(options));
    options.log = say_log;
    options.recursive = recursive;
    if (tyto_file_list_make(kind, TEXTS(operands), &options, &found, NULL) != TYTO_OK) {
        out_of_memory();
    }
    const bool good = found.failed == 0;
    passed_over += found.passed_over;
    if (found.passed_over > 0) {
        say_note("passed over in folders, as of another kind: %lld", (long long)found.passed_over);
    }
    add_all(&found, files);
    return good;
}

bool list_photos(const text_list *operands, text_list *photos)
{
    return list_files(TYTO_FILE_KIND_PHOTOS, operands, photos);
}

bool list_videos(const text_list *operands, text_list *videos)
{
    return list_files(TYTO_FILE_KIND_VIDEOS, operands, videos);
}

bool list_media(const text_list *operands, bool moving, text_list *photos, text_list *videos)
{
    text_list all = {0};
    const bool good =
        list_files(moving ? TYTO_FILE_KIND_VIDEOS : TYTO_FILE_KIND_MEDIA, operands, &all);
    for (size_t i = 0; i < all.count; i++) {
        const char *path = all.items[i];
        const bool video = (moving ? tyto_file_is_video : tyto_file_is_called_video)(path);
        text_list_add(video ? videos : photos, path, strlen(path));
    }
    photos->many = videos->many = all.many;
    *(videos->count > 0 ? &videos->folder : &photos->folder) = all.folder;
    all.folder = NULL;
    text_list_clear(&all);
    return good;
}

static tyto_image_options settings;

void photos_begin(const common_args *args)
{
    recursive = args->recursive;
    tyto_image_options_init(&settings, sizeof(settings));
    settings.damaged = (tyto_image_damaged)args->damaged;
    settings.exif =
        args->exif == TYTO_IMAGE_EXIF_IGNORE ? TYTO_IMAGE_EXIF_IGNORE : TYTO_IMAGE_EXIF_TURN;
}

const tyto_image_options *photo_options(void)
{
    return settings.struct_bytes ? &settings : NULL;
}

void warn_damaged(const char *path, const tyto_image *image)
{
    if (image->damaged) {
        say_warning("%s: it is cut or damaged; what is there is used", path);
    }
}

bool load_photo(const char *path, tyto_image *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    const bool good = went_well(tyto_file_load_photo(path, photo_options(), out, &err), &err);
    warn_damaged(path, out);
    return good;
}

bool read_lines(const char *path, bool empty, text_list *lines)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_file_list read;
    if (!went_well(tyto_file_lines_read(path, empty, &read, &err), &err)) {
        return false;
    }
    add_all(&read, lines);
    return true;
}

bool gather_texts(const text_list *operands, const char *file, bool empty, text_list *texts)
{
    text_list_append(texts, operands);
    return !file || read_lines(file, empty, texts);
}
