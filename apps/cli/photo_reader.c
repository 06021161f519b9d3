#include "photo_reader.h"

#include <tyto/photo_reader.h>

#include "inputs.h"
#include "messages.h"
#include "signals.h"

bool photos_each(const text_list *photos, photo_outcome (*work)(void *job, photo_turn *photo),
                 void *job, bool *last)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_photo_reader *reader = NULL;
    tyto_photo_reader_options options;
    tyto_photo_reader_options_init(&options, sizeof(options));
    options.image = photo_options();
    if (tyto_photo_reader_create((const char *const *)photos->items, (int64_t)photos->count,
                                 &options, &reader, NULL) != TYTO_OK) {
        out_of_memory();
    }
    photo_outcome outcome = PHOTO_DONE;
    bool good = true;
    for (size_t i = 0; i < photos->count && outcome != PHOTO_LAST && !interrupted(); i++) {
        photo_turn photo = {.path = photos->items[i], .index = i};
        const double began = seconds_now();
        progress_show(i, photos->count, photo.path);
        if (went_well(tyto_photo_reader_next(reader, &photo.image, &err), &err)) {
            photo.waited = seconds_now() - began;
            warn_damaged(photo.path, &photo.image);
            outcome = work(job, &photo);
        } else {
            outcome = PHOTO_FAILED;
        }
        tyto_image_clear(&photo.image);
        good = good && outcome == PHOTO_DONE;
    }
    progress_hide();
    tyto_photo_reader_destroy(reader);
    if (last) {
        *last = outcome == PHOTO_LAST;
    }
    return good;
}
