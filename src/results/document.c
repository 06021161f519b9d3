#include "results/document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

static const struct {
    const char *name;
    const char *photo_ending; /* of a photo's own file; NULL: there are none */
} formats[] = {
    [TYTO_FORMAT_TEXT] = {"text", NULL},
    [TYTO_FORMAT_JSON] = {"json", NULL},
    [TYTO_FORMAT_JSONL] = {"jsonl", NULL},
    [TYTO_FORMAT_CSV] = {"csv", NULL},
    [TYTO_FORMAT_COCO] = {"coco", NULL},
    [TYTO_FORMAT_COCO_RESULTS] = {"coco-results", NULL},
    [TYTO_FORMAT_YOLO] = {"yolo", ".txt"},
    [TYTO_FORMAT_VOC] = {"voc", ".xml"},
    [TYTO_FORMAT_ODVG] = {"odvg", NULL},
    [TYTO_FORMAT_OPENIMAGES] = {"openimages", NULL},
    [TYTO_FORMAT_LABELSTUDIO] = {"labelstudio", NULL},
};
/* What closes a list, and more. */
#define END_BYTES ((size_t)64)
#define FORMATS (sizeof(formats) / sizeof(formats[0]))

const char *tyto_format_name(tyto_format format)
{
    return (size_t)format < FORMATS ? formats[format].name : NULL;
}

bool tyto_format_by_name(const char *name, tyto_format *out)
{
    for (size_t i = 0; name && out && i < FORMATS; i++) {
        if (strcmp(formats[i].name, name) == 0) {
            *out = (tyto_format)i;
            return true;
        }
    }
    return false;
}

size_t tyto_path_stem_bytes(const char *base)
{
    const char *dot = strrchr(base, '.');
    return dot && dot != base ? (size_t)(dot - base) : strlen(base);
}

bool tyto_format_by_path(const char *path, tyto_format *out)
{
    const char *base = path ? tyto_path_base(path) : "";
    const char *ending = base + tyto_path_stem_bytes(base);
    return *ending && tyto_format_by_name(ending + 1, out);
}

static bool is_among(tyto_format format, const tyto_format *allowed, int64_t n_allowed)
{
    for (int64_t i = 0; allowed && i < n_allowed; i++) {
        if (allowed[i] == format) {
            return true;
        }
    }
    return !allowed;
}

/* The endings that people may mean, ".json, .csv or .txt": those of other formats mean nothing to
 * them. */
static void spell_endings(const tyto_format *allowed, int64_t n_allowed, char spelled[64])
{
    static const tyto_format usual[] = {TYTO_FORMAT_JSON, TYTO_FORMAT_JSONL, TYTO_FORMAT_CSV};
    size_t length = 0;
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (is_among(usual[i], allowed, n_allowed)) {
            length += (size_t)snprintf(spelled + length, 64 - length, "%s.%s",
                                       length > 0 ? ", " : "", formats[usual[i]].name);
        }
    }
    snprintf(spelled + length, 64 - length, "%s.txt", length > 0 ? " or " : "");
}

tyto_status tyto_format_choose(const char *path, const tyto_format *allowed, int64_t n_allowed,
                               tyto_format *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = TYTO_FORMAT_TEXT;
    const char *base = path ? tyto_path_base(path) : "";
    const char *ending = base + tyto_path_stem_bytes(base);
    if (!*ending || strcmp(ending, ".txt") == 0 || tyto_file_is_stream(path)) {
        return TYTO_OK;
    }
    if (tyto_format_by_name(ending + 1, out) && is_among(*out, allowed, n_allowed)) {
        return TYTO_OK;
    }
    char spelled[64];
    spell_endings(allowed, n_allowed, spelled);
    *out = TYTO_FORMAT_TEXT;
    return tyto_fail(err, TYTO_E_ARGUMENT,
                     "%s: got the ending '%s', required %s, or the format said beside it", path,
                     ending, spelled);
}

bool tyto_format_grows(tyto_format format)
{
    return (size_t)format < FORMATS && format != TYTO_FORMAT_JSON && format != TYTO_FORMAT_COCO &&
           format != TYTO_FORMAT_COCO_RESULTS && format != TYTO_FORMAT_LABELSTUDIO;
}

bool tyto_format_has_files(tyto_format format)
{
    return (size_t)format < FORMATS && formats[format].photo_ending;
}

char *tyto_document_photo_file(tyto_format format, const char *mirrored, const char *photo)
{
    if (!photo || !tyto_format_has_files(format)) {
        return NULL;
    }
    const char *name = strcmp(photo, "-") == 0 ? "stdin" : tyto_path_below(mirrored, photo);
    const char *ending = formats[format].photo_ending, *base = tyto_path_base(name);
    const size_t stem = (size_t)(base - name) + tyto_path_stem_bytes(base), more = strlen(ending);
    char *file = tyto_alloc(stem + more + 1, 1);
    if (file) {
        memcpy(file, name, stem);
        memcpy(file + stem, ending, more + 1);
    }
    return file;
}

char *tyto_format_photo_file(tyto_format format, const char *photo)
{
    return tyto_document_photo_file(format, NULL, photo);
}

tyto_status tyto_document_open(const tyto_document_kind *kind, tyto_format format, void *state,
                               tyto_document **out, tyto_error *err)
{
    tyto_document *document = tyto_alloc_zeroed(1, sizeof(*document));
    *out = document;
    if (!document) {
        if (kind->destroy) {
            kind->destroy(state);
        }
        return tyto_fail_memory(err, kind->name);
    }
    *document = (tyto_document){.kind = kind, .format = format, .state = state};
    return TYTO_OK;
}

void tyto_document_destroy(tyto_document *document)
{
    if (document) {
        if (document->kind->destroy) {
            document->kind->destroy(document->state);
        }
        free(document->file);
        free(document);
    }
}

const char *tyto_document_file(const tyto_document *document)
{
    return document ? document->file : NULL;
}

tyto_status tyto_document_begin_step(tyto_document *document, const tyto_document_kind *kind,
                                     tyto_writer *writer, tyto_error *err)
{
    tyto_writer_init(writer);
    if (kind && document->kind != kind) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "document: got %s, required %s",
                         document->kind->name, kind->name);
    }
    if (document->status != TYTO_OK) {
        return tyto_fail(err, document->status, "document: got a step after one that failed");
    }
    if (document->ended) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "document: got a step after its end");
    }
    free(document->file);
    document->file = NULL;
    return TYTO_OK;
}

tyto_status tyto_document_end_step(tyto_document *document, tyto_writer *writer, tyto_bytes *out,
                                   tyto_error *err)
{
    document->status = tyto_writer_end(writer, out, err);
    return document->status;
}

/* Whether a part of the end can be written now. */
static tyto_status begin_end(tyto_document *document, tyto_writer *writer, tyto_error *err)
{
    document->ended = document->ended && !document->has_rest;
    const tyto_status status = tyto_document_begin_step(document, NULL, writer, err);
    document->ended = document->ended || document->has_rest;
    return status;
}

static void write_part(tyto_document *document, tyto_writer *writer)
{
    const tyto_document_kind *kind = document->kind;
    if (!document->ended) {
        (kind->end ? kind->end : tyto_records_end)(document, writer);
        document->ended = true;
    }
    document->has_rest = kind->rest && kind->rest(document, writer);
}

tyto_status tyto_document_end(tyto_document *document, tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(begin_end(document, &writer, err));
    do {
        write_part(document, &writer);
    } while (document->has_rest && !tyto_writer_failed(&writer));
    document->has_rest = false;
    return tyto_document_end_step(document, &writer, out, err);
}

tyto_status tyto_document_end_part(tyto_document *document, tyto_bytes *out, bool *more,
                                   tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, more);
    *out = (tyto_bytes){0};
    *more = false;
    TYTO_TRY(begin_end(document, &writer, err));
    write_part(document, &writer);
    TYTO_TRY(tyto_document_end_step(document, &writer, out, err));
    *more = document->has_rest;
    return TYTO_OK;
}

size_t tyto_document_end_bytes(const tyto_document *document)
{
    return END_BYTES + (document->kind->end_bytes ? document->kind->end_bytes(document) : 0);
}

bool tyto_document_forget(tyto_document *document)
{
    if (document->kind->forget) {
        document->kind->forget(document);
    }
    document->records--;
    return document->records > 0;
}

tyto_status tyto_records_check(tyto_format format, tyto_error *err)
{
    if ((int)format < TYTO_FORMAT_TEXT || (int)format > TYTO_FORMAT_CSV) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "document: got format %d, required text, json, jsonl or csv", (int)format);
    }
    return TYTO_OK;
}

void tyto_records_begin(tyto_document *document, tyto_writer *writer, const char *header)
{
    document->header = header;
    if (document->format == TYTO_FORMAT_CSV) {
        tyto_writer_text(writer, header);
        tyto_writer_text(writer, "\n");
    } else if (document->format == TYTO_FORMAT_JSON && !document->alone) {
        tyto_writer_text(writer, "[");
    }
}

void tyto_records_next(tyto_document *document, tyto_writer *writer)
{
    if (document->records++ > 0 && document->format == TYTO_FORMAT_TEXT) {
        tyto_writer_text(writer, "\n");
    }
}

void tyto_records_json(tyto_document *document, tyto_writer *writer, json_t *value)
{
    const bool lines = document->format == TYTO_FORMAT_JSONL;
    if (!lines && !document->alone) {
        tyto_writer_text(writer, document->records > 0 ? ",\n" : "\n");
    }
    document->records++;
    tyto_writer_json_new(writer, value, !lines && document->alone);
    if (lines) {
        tyto_writer_text(writer, "\n");
    }
}

void tyto_records_end(tyto_document *document, tyto_writer *writer)
{
    if (document->format == TYTO_FORMAT_JSON && document->alone) {
        tyto_writer_text(writer, document->records > 0 ? "\n" : "");
    } else if (document->format == TYTO_FORMAT_JSON) {
        tyto_writer_text(writer, document->records > 0 ? "\n]\n" : "]\n");
    }
}

json_t *tyto_json_box(tyto_writer *writer, const tyto_box *box)
{
    json_t *object = json_object();
    tyto_json_put(writer, object, "xmin", tyto_json_float(box->xmin));
    tyto_json_put(writer, object, "ymin", tyto_json_float(box->ymin));
    tyto_json_put(writer, object, "xmax", tyto_json_float(box->xmax));
    tyto_json_put(writer, object, "ymax", tyto_json_float(box->ymax));
    return object;
}
