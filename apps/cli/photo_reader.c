#include "photo_reader.h"

#include <string.h>

#include "inputs.h"
#include "messages.h"

static void *read_one(void *context)
{
    photo_reader *r = context;
    r->status = tyto_image_load(r->photos->items[r->next], &r->image, &r->err);
    return NULL;
}

/* Standard input may have nothing to say for long, and then nobody could end the run. */
static void read_ahead(photo_reader *r)
{
    r->ahead = r->next < r->photos->count && strcmp(r->photos->items[r->next], "-") != 0;
    if (r->ahead) {
        background_start(&r->thread, read_one, r);
    }
}

bool photo_reader_next(photo_reader *from, tyto_image *out)
{
    bool good = true;
    if (from->ahead) {
        background_wait(&from->thread);
        *out = from->image;
        from->image = (tyto_image){0};
        good = from->status == TYTO_OK;
        if (!good) {
            say_tyto_error(&from->err);
        }
    } else {
        good = load_photo(from->photos->items[from->next], out);
    }
    from->next++;
    read_ahead(from);
    return good;
}

void photo_reader_end(photo_reader *from)
{
    background_wait(&from->thread);
    tyto_image_clear(&from->image);
    tyto_error_clear(&from->err);
    from->ahead = false;
}
