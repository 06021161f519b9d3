/* COCO's result files: what was found, as its evaluation reads it. */
#include <math.h>
#include <stdlib.h>
#include <tyto/eval.h>

#include "base/error.h"
#include "results/writer.h"

static bool is_finite(const tyto_coco_result *item)
{
    const tyto_coco_box *box = &item->box;
    return isfinite(box->x) && isfinite(box->y) && isfinite(box->width) && isfinite(box->height) &&
           isfinite(item->score);
}

static void write_id(tyto_writer *writer, int64_t id, const char *text)
{
    if (text) {
        tyto_writer_text(writer, text);
    } else {
        tyto_writer_format(writer, "%lld", (long long)id);
    }
}

/* Numbers have as many digits as a double keeps, so that reading them gives the same. */
static void write_result(tyto_writer *writer, const tyto_coco_result *item)
{
    const tyto_coco_box *box = &item->box;
    json_t *object = json_pack("{s:[f,f,f,f], s:f}", "bbox", box->x, box->y, box->width,
                               box->height, "score", item->score);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (text) {
        tyto_writer_text(writer, "{\"image_id\":");
        write_id(writer, item->image_id, item->image_text);
        tyto_writer_text(writer, ",\"category_id\":");
        write_id(writer, item->category_id, item->category_text);
        tyto_writer_text(writer, ",");
        tyto_writer_text(writer, text + 1);
    } else {
        writer->no_memory = true;
    }
    free(text);
    json_decref(object);
}

tyto_status tyto_coco_results_json(const tyto_coco_result *items, int64_t count, tyto_bytes *out,
                                   tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_check_list(items, count, "results", err));
    tyto_writer_init(&writer);
    tyto_writer_text(&writer, "[");
    for (int64_t i = 0; i < count; i++) {
        if (!is_finite(&items[i])) {
            tyto_writer_clear(&writer);
            return tyto_fail(err, TYTO_E_RANGE,
                             "results[%lld]: got a number that is not finite, required finite "
                             "numbers",
                             (long long)i);
        }
        tyto_writer_text(&writer, i > 0 ? ",\n" : "\n");
        write_result(&writer, &items[i]);
    }
    tyto_writer_text(&writer, "\n]\n");
    return tyto_writer_end(&writer, out, err);
}
