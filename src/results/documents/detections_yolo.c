/* Detections as YOLO's lines: a label's number, then centre and size in parts of the photo's. */
#include <stdlib.h>
#include <string.h>
#include <tyto/memory.h>

#include "base/error.h"
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
    const tyto_detection_document_options *options = &tyto_detections_state_of(document)->options;
    if (!options->files) {
        return;
    }
    give_file(document, tyto_copy_text(TYTO_YOLO_CLASSES, strlen(TYTO_YOLO_CLASSES)), writer);
    for (int64_t i = 0; i < options->n_labels; i++) {
        tyto_writer_text(writer, options->labels[i]);
        tyto_writer_text(writer, "\n");
    }
}

/* The names again, as ultralytics reads them. JSON's texts are YAML's. */
static void end(tyto_document *document, tyto_writer *writer)
{
    const tyto_detection_document_options *options = &tyto_detections_state_of(document)->options;
    if (!options->files || !options->data_yaml) {
        return;
    }
    give_file(document, tyto_copy_text(TYTO_YOLO_DATA, strlen(TYTO_YOLO_DATA)), writer);
    tyto_writer_format(writer, "nc: %lld\nnames:\n", (long long)options->n_labels);
    for (int64_t i = 0; i < options->n_labels; i++) {
        tyto_writer_format(writer, "  %lld: ", (long long)i);
        tyto_writer_json_new(writer, tyto_json_string(options->labels[i]), false);
        tyto_writer_text(writer, "\n");
    }
}

/* Whether Python's splitlines makes more than one line of a text: C0 controls, NEL, and the line
 * and paragraph separators. */
static bool is_lines(const char *text)
{
    static const char *const separators[] = {"\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xa9"};
    for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
        if (*at < 0x20 && *at != '\t') {
            return true;
        }
    }
    return strstr(text, separators[0]) || strstr(text, separators[1]) ||
           strstr(text, separators[2]);
}

static tyto_status check_label(const char *label, tyto_error *err)
{
    const bool empty = label[strspn(label, " \t")] == '\0';
    return empty || is_lines(label)
               ? tyto_fail(err, TYTO_E_ARGUMENT,
                           "label '%s': got %s, required one line of text: a label's number is its "
                           "line in " TYTO_YOLO_CLASSES,
                           label, empty ? "nothing" : "more than one line")
               : TYTO_OK;
}

/* Photos sorted by the files that they are written to. */
typedef struct written {
    char *file;
    const char *photo;
} written;

static int by_file(const void *left, const void *right)
{
    const written *a = left, *b = right;
    return strcmp(a->file, b->file);
}

static tyto_status check_written(const written *list, int64_t count, tyto_format format,
                                 tyto_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        const char *other = i > 0 ? list[i - 1].file : "";
        if (format == TYTO_FORMAT_YOLO && strcmp(list[i].file, TYTO_YOLO_CLASSES) == 0) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s: its boxes would be written over '%s', which names the labels; "
                             "required another name",
                             list[i].photo, list[i].file);
        }
        if (strcmp(list[i].file, other) == 0) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s and %s: both would be written to '%s', required different names",
                             list[i - 1].photo, list[i].photo, other);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_detections_check_files(const tyto_detection_document_options *options,
                                        tyto_error *err)
{
    for (int64_t i = 0; i < options->n_labels && options->format == TYTO_FORMAT_YOLO; i++) {
        TYTO_TRY(check_label(options->labels[i], err));
    }
    const int64_t n_photos = options->photos ? options->n_photos : 0;
    int64_t count = 0;
    tyto_status status = TYTO_OK;
    written *list = tyto_alloc((size_t)n_photos, sizeof(*list));
    if (!list) {
        return tyto_fail_memory(err, "document");
    }
    for (; count < n_photos && status == TYTO_OK; count++) {
        const char *photo = options->photos[count];
        list[count] = (written){
            tyto_document_photo_file(options->format, options->mirrored, photo ? photo : ""),
            photo};
        status = list[count].file ? TYTO_OK : tyto_fail_memory(err, "document");
    }
    if (status == TYTO_OK && count > 1) {
        qsort(list, (size_t)count, sizeof(*list), by_file);
    }
    status = status == TYTO_OK ? check_written(list, count, options->format, err) : status;
    for (int64_t i = 0; i < count; i++) {
        tyto_free(list[i].file);
    }
    tyto_free(list);
    return status;
}

static void add_photo(tyto_document *document, const tyto_photo_detections *photo,
                      tyto_writer *writer)
{
    const tyto_detection_document_options *options = &tyto_detections_state_of(document)->options;
    const double width = (double)photo->width_px, height = (double)photo->height_px;
    if (options->files) {
        give_file(document, tyto_detections_photo_file(document, photo->photo), writer);
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

const tyto_detections_format tyto_detections_yolo = {begin, add_photo, end};
