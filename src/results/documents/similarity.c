#include <tyto/similarity_document.h>

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/document.h"

/* The texts, which are the caller's. */
typedef struct similarities_state {
    const char *const *labels;
    int64_t n_labels;
} similarities_state;

static const char *label_at(const tyto_document *document, int64_t index)
{
    const similarities_state *state = document->state;
    return index >= 0 && index < state->n_labels ? state->labels[index] : NULL;
}

static const tyto_document_kind kind_of_similarities = {.name = "a document of similarities",
                                                        .destroy = free,
                                                        .list = "similarities",
                                                        .label = label_at};

tyto_status tyto_similarity_document_create(tyto_format format, const char *const *labels,
                                            int64_t n_labels, int64_t n_photos,
                                            tyto_document **document, tyto_bytes *out,
                                            tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, labels);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    *document = NULL;
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_records_check(format, err));
    if (n_labels < 1) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "labels: got %lld, required 1 or more",
                         (long long)n_labels);
    }
    similarities_state *state = tyto_alloc(1, sizeof(*state));
    if (!state) {
        return tyto_fail_memory(err, kind_of_similarities.name);
    }
    *state = (similarities_state){labels, n_labels};
    TYTO_TRY(tyto_document_open(&kind_of_similarities, format, state, document, err));
    (*document)->alone = n_photos <= 1;
    TYTO_TRY(tyto_document_begin_step(*document, &kind_of_similarities, &writer, err));
    tyto_records_begin(*document, &writer, "image,label,label_index,logit,probability");
    return tyto_document_end_step(*document, &writer, out, err);
}

static const char *label_of(const tyto_document *document, const tyto_similarity_item *item)
{
    return ((const similarities_state *)document->state)->labels[item->label_index];
}

static void write_table(const tyto_document *document, tyto_writer *writer, const char *photo,
                        const tyto_similarities *similarities)
{
    tyto_writer_plain(writer, photo, TYTO_TABLE_NAME_BYTES);
    tyto_writer_text(writer, ":\n  probability     logit  label\n");
    for (int64_t i = 0; i < similarities->count; i++) {
        const tyto_similarity_item *item = &similarities->items[i];
        tyto_writer_format(writer, "     %8.5f  %8.3f  ", (double)item->probability,
                           (double)item->logit);
        tyto_writer_plain(writer, label_of(document, item), TYTO_TABLE_NAME_BYTES);
        tyto_writer_text(writer, "\n");
    }
}

static void write_lines(const tyto_document *document, tyto_writer *writer, const char *photo,
                        const tyto_similarities *similarities)
{
    for (int64_t i = 0; i < similarities->count; i++) {
        const tyto_similarity_item *item = &similarities->items[i];
        tyto_writer_csv(writer, photo);
        tyto_writer_text(writer, ",");
        tyto_writer_csv(writer, label_of(document, item));
        tyto_writer_format(writer, ",%lld,", (long long)item->label_index);
        tyto_writer_float(writer, item->logit);
        tyto_writer_text(writer, ",");
        tyto_writer_float(writer, item->probability);
        tyto_writer_text(writer, "\n");
    }
}

static json_t *photo_object(const tyto_document *document, tyto_writer *writer, const char *photo,
                            const tyto_similarities *similarities)
{
    json_t *object = json_object(), *list = json_array();
    for (int64_t i = 0; i < similarities->count; i++) {
        const tyto_similarity_item *similarity = &similarities->items[i];
        json_t *item = json_object();
        tyto_json_put(writer, item, "label", tyto_json_string(label_of(document, similarity)));
        tyto_json_put(writer, item, "label_index", json_integer(similarity->label_index));
        tyto_json_put(writer, item, "logit", tyto_json_float(similarity->logit));
        tyto_json_put(writer, item, "probability", tyto_json_float(similarity->probability));
        tyto_json_push(writer, list, item);
    }
    tyto_json_put(writer, object, "image", tyto_json_string(photo));
    tyto_json_put(writer, object, "similarities", list);
    return object;
}

tyto_status tyto_document_add_similarities(tyto_document *document, const char *photo,
                                           const tyto_similarities *similarities, tyto_bytes *out,
                                           tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, similarities);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_document_begin_step(document, &kind_of_similarities, &writer, err));
    for (int64_t i = 0; i < similarities->count; i++) {
        const int64_t label = similarities->items[i].label_index;
        const int64_t labels = ((const similarities_state *)document->state)->n_labels;
        if (label < 0 || label >= labels) {
            return tyto_fail(err, TYTO_E_RANGE, "label: got %lld, required 0 to %lld",
                             (long long)label, (long long)labels - 1);
        }
    }
    if (document->format == TYTO_FORMAT_TEXT) {
        tyto_records_next(document, &writer);
        write_table(document, &writer, photo, similarities);
    } else if (document->format == TYTO_FORMAT_CSV) {
        tyto_records_next(document, &writer);
        write_lines(document, &writer, photo, similarities);
    } else {
        tyto_records_json(document, &writer, photo_object(document, &writer, photo, similarities));
    }
    return tyto_document_end_step(document, &writer, out, err);
}
