/* Detections in rows: tables for people, and CSV. */
#include "results/documents/detections.h"

/* The boxes that stand for examples, before all photos. */
static void text_begin(tyto_document *document, tyto_writer *writer)
{
    const tyto_detection_document_options *options = &tyto_detections_state_of(document)->options;
    if (options->n_examples == 0) {
        return;
    }
    tyto_writer_format(writer,
                       "%lld example%s\n  object      xmin     ymin     xmax     ymax  label\n",
                       (long long)options->n_examples, options->n_examples == 1 ? "" : "s");
    for (int64_t i = 0; i < options->n_examples; i++) {
        const tyto_example_note *example = &options->examples[i];
        const tyto_box *box = &example->box;
        tyto_writer_format(writer, "  %.3f   %8.1f %8.1f %8.1f %8.1f  ",
                           (double)example->objectness, (double)box->xmin, (double)box->ymin,
                           (double)box->xmax, (double)box->ymax);
        tyto_writer_plain(writer, tyto_detections_label(document, example->label_index),
                          TYTO_TABLE_NAME_BYTES);
        tyto_writer_text(writer, " (");
        tyto_writer_plain(writer, example->photo, TYTO_TABLE_NAME_BYTES);
        tyto_writer_text(writer, ")\n");
    }
    tyto_writer_text(writer, "\n");
}

static void text_photo(tyto_document *document, const tyto_photo_detections *photo,
                       tyto_writer *writer)
{
    const tyto_detections *detections = photo->detections;
    tyto_records_next(document, writer);
    tyto_writer_plain(writer, photo->photo, TYTO_TABLE_NAME_BYTES);
    tyto_writer_format(writer, " (%lld x %lld px): ", (long long)photo->width_px,
                       (long long)photo->height_px);
    if (detections->count == 0) {
        tyto_writer_text(writer, "nothing found\n");
        return;
    }
    tyto_writer_format(writer, "%lld found\n  score      xmin     ymin     xmax     ymax  label\n",
                       (long long)detections->count);
    for (int64_t i = 0; i < detections->count; i++) {
        const tyto_detection *d = &detections->items[i];
        tyto_writer_format(writer, "  %.3f  %8.1f %8.1f %8.1f %8.1f  ", (double)d->score,
                           (double)d->box.xmin, (double)d->box.ymin, (double)d->box.xmax,
                           (double)d->box.ymax);
        tyto_writer_plain(writer, tyto_detections_label(document, d->label_index),
                          TYTO_TABLE_NAME_BYTES);
        tyto_writer_text(writer, "\n");
    }
}

static void csv_begin(tyto_document *document, tyto_writer *writer)
{
    tyto_records_begin(document, writer,
                       "image,width,height,label,label_index,score,xmin,ymin,xmax,ymax");
}

static void csv_photo(tyto_document *document, const tyto_photo_detections *photo,
                      tyto_writer *writer)
{
    tyto_records_next(document, writer);
    for (int64_t i = 0; i < photo->detections->count; i++) {
        const tyto_detection *d = &photo->detections->items[i];
        const float numbers[] = {d->score, d->box.xmin, d->box.ymin, d->box.xmax, d->box.ymax};
        tyto_writer_csv(writer, photo->photo);
        tyto_writer_format(writer, ",%lld,%lld,", (long long)photo->width_px,
                           (long long)photo->height_px);
        tyto_writer_csv(writer, tyto_detections_label(document, d->label_index));
        tyto_writer_format(writer, ",%lld", (long long)d->label_index);
        for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
            tyto_writer_text(writer, ",");
            tyto_writer_float(writer, numbers[n]);
        }
        tyto_writer_text(writer, "\n");
    }
}

const tyto_detections_format tyto_detections_text = {text_begin, text_photo, NULL};
const tyto_detections_format tyto_detections_csv = {csv_begin, csv_photo, NULL};
