/* Detections as YOLO's lines: a label's number, then centre and size in parts of the photo's. */
#include <string.h>

#include "base/memory.h"
#include "results/documents/detections.h"

/* The file that this step gives. */
static void give_file(tyto_document *document, char *name, tyto_writer *writer)
{
    document->file = name;
    writer->no_memory |= !name;
}

/* A line's number means a label by its line in classes.txt. */
static void begin(tyto_document *document, tyto_writer *writer)
{
    static const char classes[] = "classes.txt";
    const tyto_detection_document_options *options = &tyto_detections_state_of(document)->options;
    if (!options->files) {
        return;
    }
    give_file(document, tyto_copy_text(classes, sizeof(classes) - 1), writer);
    for (int64_t i = 0; i < options->n_labels; i++) {
        tyto_writer_text(writer, options->labels[i]);
        tyto_writer_text(writer, "\n");
    }
}

static void add_photo(tyto_document *document, const tyto_photo_detections *photo,
                      tyto_writer *writer)
{
    const tyto_detection_document_options *options = &tyto_detections_state_of(document)->options;
    const double width = (double)photo->width_px, height = (double)photo->height_px;
    if (options->files) {
        give_file(document, tyto_format_photo_file(TYTO_FORMAT_YOLO, photo->photo), writer);
    }
    document->records++;
    for (int64_t i = 0; i < photo->detections->count; i++) {
        const tyto_detection *d = &photo->detections->items[i];
        const double left = (double)d->box.xmin / width, right = (double)d->box.xmax / width;
        const double top = (double)d->box.ymin / height, bottom = (double)d->box.ymax / height;
        tyto_writer_format(writer, "%lld %.6f %.6f %.6f %.6f", (long long)d->label_index,
                           (left + right) / 2, (top + bottom) / 2, right - left, bottom - top);
        if (options->scores) {
            tyto_writer_format(writer, " %.6f", (double)d->score);
        }
        tyto_writer_text(writer, "\n");
    }
}

const tyto_detections_format tyto_detections_yolo = {begin, add_photo, NULL};
