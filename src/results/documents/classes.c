#include "results/documents/classes.h"

#include "base/error.h"

/* The word for what was classified is the state. */
static const char *const words[] = {
    [TYTO_CLASSIFIED_TEXT] = "text", [TYTO_CLASSIFIED_IMAGE] = "image"};
static const tyto_document_kind kind_of_classes = {.name = "a document of classes"};

json_t *tyto_json_classes(tyto_writer *writer, const tyto_classes *classes, bool logits)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < classes->count; i++) {
        const tyto_class *item = &classes->items[i];
        char room[TYTO_CLASS_NAME_BYTES];
        json_t *object = json_object();
        tyto_json_put(writer, object, "label", tyto_json_string(tyto_class_name(item, room)));
        tyto_json_put(writer, object, "label_index", json_integer(item->label_index));
        tyto_json_put(writer, object, "score", tyto_json_float(item->score));
        if (logits) {
            tyto_json_put(writer, object, "logit", tyto_json_float(item->logit));
        }
        tyto_json_push(writer, list, object);
    }
    return list;
}

tyto_status tyto_classes_document_create(tyto_format format, tyto_classified kind,
                                         tyto_document **document, tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    *document = NULL;
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_records_check(format, err));
    if (kind != TYTO_CLASSIFIED_TEXT && kind != TYTO_CLASSIFIED_IMAGE) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "document: got kind %d, required text or image",
                         (int)kind);
    }
    TYTO_TRY(tyto_document_open(&kind_of_classes, format, (void *)(uintptr_t)words[kind], document,
                                err));
    TYTO_TRY(tyto_document_begin_step(*document, &kind_of_classes, &writer, err));
    tyto_records_begin(*document, &writer, "input,rank,label,label_index,score,logit");
    return tyto_document_end_step(*document, &writer, out, err);
}

static void write_table(tyto_writer *writer, const char *input, const tyto_classes *classes)
{
    tyto_writer_plain(writer, input, 0);
    tyto_writer_text(writer, "\n  score  label\n");
    for (int64_t i = 0; i < classes->count; i++) {
        char room[TYTO_CLASS_NAME_BYTES];
        tyto_writer_format(writer, "%7.4f  ", (double)classes->items[i].score);
        tyto_writer_plain(writer, tyto_class_name(&classes->items[i], room), TYTO_TABLE_NAME_BYTES);
        tyto_writer_text(writer, "\n");
    }
}

static void write_lines(tyto_writer *writer, const char *input, const tyto_classes *classes)
{
    for (int64_t i = 0; i < classes->count; i++) {
        const tyto_class *item = &classes->items[i];
        char room[TYTO_CLASS_NAME_BYTES];
        tyto_writer_csv(writer, input);
        tyto_writer_format(writer, ",%lld,", (long long)i + 1);
        tyto_writer_csv(writer, tyto_class_name(item, room));
        tyto_writer_format(writer, ",%lld,", (long long)item->label_index);
        tyto_writer_float(writer, item->score);
        tyto_writer_text(writer, ",");
        tyto_writer_float(writer, item->logit);
        tyto_writer_text(writer, "\n");
    }
}

tyto_status tyto_document_add_classes(tyto_document *document, const char *input,
                                      const tyto_classes *classes, tyto_bytes *out, tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, input);
    TYTO_REQUIRE(err, classes);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_document_begin_step(document, &kind_of_classes, &writer, err));
    if (document->format == TYTO_FORMAT_TEXT || document->format == TYTO_FORMAT_CSV) {
        tyto_records_next(document, &writer);
        (document->format == TYTO_FORMAT_CSV ? write_lines : write_table)(&writer, input, classes);
    } else {
        json_t *object = json_object();
        tyto_json_put(&writer, object, document->state, tyto_json_string(input));
        tyto_json_put(&writer, object, "classes", tyto_json_classes(&writer, classes, true));
        tyto_records_json(document, &writer, object);
    }
    return tyto_document_end_step(document, &writer, out, err);
}
