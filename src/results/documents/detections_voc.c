/* Detections as PASCAL VOC's XML, a document for each photo. */
#include <math.h>
#include <string.h>

#include "base/file.h"
#include "results/documents/detections.h"

/* Text of an element. XML has no other control characters than these three, and no U+FFFE, U+FFFF.
 */
static void write_text(tyto_writer *writer, const char *text)
{
    json_t *clean = tyto_json_string(text);
    writer->no_memory |= !clean;
    for (const char *at = clean ? json_string_value(clean) : ""; *at; at++) {
        const bool none =
            strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0;
        if (*at == '&' || *at == '<' || *at == '>') {
            tyto_writer_text(writer, *at == '&' ? "&amp;" : *at == '<' ? "&lt;" : "&gt;");
        } else if (*at == '\t' || *at == '\n' || *at == '\r') {
            tyto_writer_format(writer, "&#%d;", *at);
        } else if (none || (unsigned char)*at < 0x20) {
            tyto_writer_text(writer, "\xef\xbf\xbd");
            at += none ? 2 : 0;
        } else {
            tyto_writer_bytes(writer, at, 1);
        }
    }
    json_decref(clean);
}

/* Pixels count from 1, and the last one is inside: [0, 2) is 1 to 2. */
static long long first_px(float low, int64_t most)
{
    const float pixel = roundf(low) + 1;
    return pixel < 1 ? 1 : pixel > (float)most ? (long long)most : (long long)pixel;
}

static long long last_px(float high, long long first, int64_t most)
{
    const float pixel = roundf(high);
    return pixel < (float)first ? first : pixel > (float)most ? (long long)most : (long long)pixel;
}

static void write_object(const tyto_document *document, const tyto_photo_detections *photo,
                         const tyto_detection *d, tyto_writer *writer)
{
    const long long left = first_px(d->box.xmin, photo->width_px),
                    top = first_px(d->box.ymin, photo->height_px);
    tyto_writer_text(writer, "  <object>\n    <name>");
    write_text(writer, tyto_detections_label(document, d->label_index));
    tyto_writer_text(writer, "</name>\n    <pose>Unspecified</pose>\n    <truncated>0</truncated>\n"
                             "    <difficult>0</difficult>\n    <score>");
    tyto_writer_float(writer, d->score);
    tyto_writer_format(writer,
                       "</score>\n    <bndbox>\n      <xmin>%lld</xmin>\n      <ymin>%lld</ymin>\n"
                       "      <xmax>%lld</xmax>\n      <ymax>%lld</ymax>\n    </bndbox>\n"
                       "  </object>\n",
                       left, top, last_px(d->box.xmax, left, photo->width_px),
                       last_px(d->box.ymax, top, photo->height_px));
}

static void add_photo(tyto_document *document, const tyto_photo_detections *photo,
                      tyto_writer *writer)
{
    const char *name = tyto_detections_photo_name(document, photo->photo);
    if (tyto_detections_state_of(document)->options.files) {
        document->file = tyto_detections_photo_file(document, photo->photo);
        writer->no_memory |= !document->file;
    }
    document->records++;
    tyto_writer_text(writer, "<annotation>\n  <filename>");
    write_text(writer, name);
    tyto_writer_format(writer,
                       "</filename>\n  <source>\n    <database>Unknown</database>\n  </source>\n"
                       "  <size>\n    <width>%lld</width>\n    <height>%lld</height>\n"
                       "    <depth>3</depth>\n  </size>\n  <segmented>0</segmented>\n",
                       (long long)photo->width_px, (long long)photo->height_px);
    for (int64_t i = 0; i < photo->detections->count; i++) {
        write_object(document, photo, &photo->detections->items[i], writer);
    }
    tyto_writer_text(writer, "</annotation>\n");
}

const tyto_detections_format tyto_detections_voc = {NULL, add_photo, NULL, NULL};
