#include "drawing.h"

#include <stdlib.h>
#include <tyto/memory.h>

#include "messages.h"
#include "output.h"

int drawing_check(drawing *drawn, const text_list *photos, const text_list *spared)
{
    tyto_destination_options options;
    char *name = take_text("--%s", drawn->option);
    tyto_destination_options_init(&options, sizeof(options));
    options.name = name;
    options.input = "photo";
    options.made = "drawn to";
    options.mirrored = photos->folder;
    options.spared = (const char *const *)spared->items;
    options.n_spared = (int64_t)spared->count;
    const int code = output_place(drawn->path, photos, &options, &drawn->place);
    free(name);
    return code;
}

tyto_status drawing_save(drawing *drawn, const char *photo, tyto_image *image, tyto_error *err)
{
    if (!drawn->writer && tyto_photo_writer_create(&drawn->writer, NULL) != TYTO_OK) {
        out_of_memory();
    }
    char *path = output_path(&drawn->place, photo, -1);
    const tyto_status status = tyto_photo_writer_add(drawn->writer, path, image, err);
    tyto_free(path);
    return status;
}

tyto_status drawing_write(drawing *drawn, const char *photo, tyto_image *image,
                          const tyto_detections *boxes, const char *const *labels, int64_t n_labels,
                          tyto_error *err)
{
    char *numbered = NULL;
    if (!drawn->writer) {
        if (tyto_draw_numbered(labels, n_labels, &numbered, NULL) != TYTO_OK) {
            out_of_memory();
        }
        if (numbered) {
            say_warning("no font here has these labels; pictures have numbers: %s", numbered);
        }
        tyto_free(numbered);
    }
    const tyto_status status = tyto_draw_detections(image, boxes, labels, n_labels, NULL, err);
    return status == TYTO_OK ? drawing_save(drawn, photo, image, err) : status;
}

bool drawing_end(drawing *drawn)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_status status = tyto_photo_writer_finish(drawn->writer, &err);
    tyto_photo_writer_destroy(drawn->writer);
    drawn->writer = NULL;
    return went_well(status, &err);
}
