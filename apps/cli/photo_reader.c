#include "photo_reader.h"

#include <string.h>

#include "inputs.h"
#include "messages.h"

bool photo_reader_next(photo_reader *from, tyto_image *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    const text_list *photos = from->photos;
    const char *photo = photos->items[from->next++];
    tyto_photo_reader_options options;
    tyto_photo_reader_options_init(&options, sizeof(options));
    options.image = photo_options();
    if (!from->reader &&
        tyto_photo_reader_create((const char *const *)photos->items, (int64_t)photos->count,
                                 &options, &from->reader, &err) != TYTO_OK) {
        out_of_memory();
    }
    if (strcmp(photo, "-") == 0) {
        tyto_photo_reader_skip(from->reader);
        return load_photo(photo, out);
    }
    const bool good = tyto_photo_reader_next(from->reader, out, &err) == TYTO_OK;
    if (good) {
        warn_damaged(photo, out);
    } else {
        say_tyto_error(&err);
    }
    return good;
}

void photo_reader_end(photo_reader *from)
{
    tyto_photo_reader_destroy(from->reader);
    from->reader = NULL;
}
