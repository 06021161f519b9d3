#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/documents/classes.h"

typedef struct videos_state {
    int64_t top_k;
    json_t *array; /* of several videos, written whole at the end; or NULL */
} videos_state;

static void end(tyto_document *document, tyto_writer *writer)
{
    const videos_state *state = document->state;
    if (state->array) {
        tyto_writer_json(writer, state->array, true);
        tyto_writer_text(writer, "\n");
    }
}

static void destroy(void *given)
{
    videos_state *state = given;
    json_decref(state->array);
    free(state);
}

static const tyto_document_kind kind_of_videos = {
    .name = "a document of videos' classes", .end = end, .destroy = destroy};

tyto_status tyto_video_classes_document_create(tyto_format format, int64_t n_videos, int64_t top_k,
                                               tyto_document **document, tyto_bytes *out,
                                               tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    *document = NULL;
    *out = (tyto_bytes){0};
    if (format != TYTO_FORMAT_TEXT && format != TYTO_FORMAT_JSON && format != TYTO_FORMAT_JSONL) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "document: got format %d, required text, json or jsonl", (int)format);
    }
    if (top_k < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "top_k: got %lld, required 0 or more",
                         (long long)top_k);
    }
    videos_state *state = tyto_alloc_zeroed(1, sizeof(*state));
    const bool whole = format == TYTO_FORMAT_JSON && n_videos > 1;
    if (state) {
        *state = (videos_state){.top_k = top_k, .array = whole ? json_array() : NULL};
    }
    if (!state || (whole && !state->array)) {
        free(state);
        return tyto_fail_memory(err, kind_of_videos.name);
    }
    return tyto_document_open(&kind_of_videos, format, state, document, err);
}

/* Where window i begins and ends. */
static void times_of(const tyto_video_classes *classes, int64_t i, double *from_s, double *to_s)
{
    *from_s = (double)i * classes->window_s;
    *to_s = i + 1 < classes->n_windows ? *from_s + classes->window_s : classes->end_s;
}

static tyto_status write_labels(const videos_state *state, const tyto_video_classes *classes,
                                int64_t i, tyto_writer *writer, tyto_error *err)
{
    tyto_classes best;
    TYTO_TRY(tyto_video_classes_best(classes, i, state->top_k, &best, err));
    for (int64_t k = 0; k < best.count; k++) {
        char room[TYTO_CLASS_NAME_BYTES];
        tyto_writer_format(writer, "  %.4f  ", (double)best.items[k].score);
        tyto_writer_plain(writer, tyto_class_name(&best.items[k], room), 0);
        tyto_writer_text(writer, "\n");
    }
    tyto_classes_clear(&best);
    return TYTO_OK;
}

static tyto_status write_table(const videos_state *state, const char *video,
                               const tyto_video_classes *classes, tyto_writer *writer,
                               tyto_error *err)
{
    tyto_writer_plain(writer, video, 0);
    tyto_writer_text(writer, "\n");
    TYTO_TRY(write_labels(state, classes, -1, writer, err));
    for (int64_t i = 0; classes->n_windows > 1 && i < classes->n_windows; i++) {
        double from_s, to_s;
        times_of(classes, i, &from_s, &to_s);
        tyto_writer_format(writer, " %.2f to %.2f s\n", from_s, to_s);
        TYTO_TRY(write_labels(state, classes, i, writer, err));
    }
    return TYTO_OK;
}

static tyto_status put_labels(const videos_state *state, const tyto_video_classes *classes,
                              int64_t i, json_t *object, tyto_writer *writer, tyto_error *err)
{
    tyto_classes best;
    TYTO_TRY(tyto_video_classes_best(classes, i, state->top_k, &best, err));
    tyto_json_put(writer, object, "labels", tyto_json_classes(writer, &best, false));
    tyto_classes_clear(&best);
    return TYTO_OK;
}

static tyto_status fill_object(const videos_state *state, const char *video,
                               const tyto_video_classes *classes, json_t *object,
                               tyto_writer *writer, tyto_error *err)
{
    json_t *windows = json_array();
    tyto_json_put(writer, object, "video", tyto_json_string(video));
    tyto_status status = put_labels(state, classes, -1, object, writer, err);
    for (int64_t i = 0; i < classes->n_windows && status == TYTO_OK; i++) {
        double from_s, to_s;
        json_t *window = json_object();
        times_of(classes, i, &from_s, &to_s);
        tyto_json_put(writer, window, "from_s", tyto_json_float((float)from_s));
        tyto_json_put(writer, window, "to_s", tyto_json_float((float)to_s));
        status = put_labels(state, classes, i, window, writer, err);
        tyto_json_push(writer, windows, window);
    }
    tyto_json_put(writer, object, "windows", windows);
    return status;
}

static tyto_status write_object(tyto_document *document, const char *video,
                                const tyto_video_classes *classes, tyto_writer *writer,
                                tyto_error *err)
{
    const videos_state *state = document->state;
    json_t *object = json_object();
    const tyto_status status = fill_object(state, video, classes, object, writer, err);
    if (status != TYTO_OK) {
        json_decref(object);
    } else if (state->array) {
        tyto_json_push(writer, state->array, object);
    } else {
        tyto_writer_json_new(writer, object, document->format == TYTO_FORMAT_JSON);
        tyto_writer_text(writer, "\n");
    }
    return status;
}

tyto_status tyto_document_add_video_classes(tyto_document *document, const char *video,
                                            const tyto_video_classes *classes, tyto_bytes *out,
                                            tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, video);
    TYTO_REQUIRE(err, classes);
    TYTO_REQUIRE(err, out);
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_document_begin_step(document, &kind_of_videos, &writer, err));
    const tyto_status status = document->format == TYTO_FORMAT_TEXT
                                   ? write_table(document->state, video, classes, &writer, err)
                                   : write_object(document, video, classes, &writer, err);
    if (status != TYTO_OK) {
        tyto_writer_clear(&writer);
        return status;
    }
    document->records++;
    return tyto_document_end_step(document, &writer, out, err);
}
