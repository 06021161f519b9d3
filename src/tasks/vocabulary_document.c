#include <tyto/vocabulary_document.h>

#include "base/error.h"
#include "results/writer.h"

static json_t *query_object(const tyto_query *query, tyto_writer *writer)
{
    json_t *object = json_object(), *numbers = json_array();
    tyto_json_put(writer, object, "name", tyto_json_string(query->label));
    tyto_json_put(writer, object, "kind", tyto_json_string(tyto_query_kind_name(query->kind)));
    if (query->kind == TYTO_QUERY_KIND_BOX) {
        json_t *box = json_object();
        tyto_json_put(writer, box, "xmin", tyto_json_float(query->box.xmin));
        tyto_json_put(writer, box, "ymin", tyto_json_float(query->box.ymin));
        tyto_json_put(writer, box, "xmax", tyto_json_float(query->box.xmax));
        tyto_json_put(writer, box, "ymax", tyto_json_float(query->box.ymax));
        tyto_json_put(writer, object, "objectness", tyto_json_float(query->score));
        tyto_json_put(writer, object, "box", box);
    }
    for (int64_t c = 0; c < query->width; c++) {
        tyto_json_push(writer, numbers, tyto_json_float(query->features[c]));
    }
    tyto_json_put(writer, object, "embedding", numbers);
    return object;
}

tyto_status tyto_vocabulary_document_write(const tyto_vocabulary *vocabulary, tyto_bytes *out,
                                           tyto_error *err)
{
    tyto_writer writer;
    tyto_query query;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    tyto_writer_init(&writer);
    tyto_writer_text(&writer, "[");
    for (int64_t i = 0; tyto_vocabulary_query(vocabulary, i, &query); i++) {
        tyto_writer_text(&writer, i ? ",\n" : "\n");
        tyto_writer_json_new(&writer, query_object(&query, &writer), false);
    }
    tyto_writer_text(&writer, "\n]\n");
    return tyto_writer_end(&writer, out, err);
}
