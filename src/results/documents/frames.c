/* What was found in the frames of videos, as text, JSON, JSON lines and CSV. */
#include <stdlib.h>
#include <string.h>
#include <tyto/frame_document.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "results/document.h"

/* A document's state. */
typedef struct labels {
    char **texts;
    int64_t count;
    float threshold;
} labels;

static void destroy(void *given)
{
    labels *state = given;
    for (int64_t i = 0; state->texts && i < state->count; i++) {
        free(state->texts[i]);
    }
    free(state->texts);
    free(state);
}

static const char *label(const tyto_document *document, int64_t index)
{
    const labels *state = document->state;
    return index >= 0 && index < state->count ? state->texts[index] : NULL;
}

static tyto_status check_record(const tyto_document *document, const json_t *record,
                                tyto_error *err)
{
    return tyto_resume_check_threshold(record, ((const labels *)document->state)->threshold, err);
}

static const tyto_document_kind kind = {.name = "a document of frames",
                                        .destroy = destroy,
                                        .list = "detections",
                                        .label = label,
                                        .check = check_record,
                                        .grouped = true};

static const tyto_frame_document_options defaults = {.struct_bytes = sizeof(defaults),
                                                     .threshold = 0.1F};

void tyto_frame_document_options_init(tyto_frame_document_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static tyto_status copy_labels(const tyto_frame_document_options *options, labels **out,
                               tyto_error *err)
{
    TYTO_TRY(tyto_check_list(options->labels, options->n_labels, "labels", err));
    for (int64_t i = 0; i < options->n_labels; i++) {
        if (!options->labels[i]) {
            return tyto_fail_null(err, "labels[i]");
        }
    }
    labels *state = tyto_alloc_zeroed(1, sizeof(*state));
    if (!state) {
        return tyto_fail_memory(err, "document");
    }
    state->threshold = options->threshold;
    state->count = options->n_labels;
    state->texts = tyto_alloc_zeroed((size_t)state->count, sizeof(*state->texts));
    bool good = state->texts;
    for (int64_t i = 0; good && i < state->count; i++) {
        state->texts[i] = tyto_copy_text(options->labels[i], strlen(options->labels[i]));
        good = state->texts[i];
    }
    if (!good) {
        destroy(state);
        return tyto_fail_memory(err, "document");
    }
    *out = state;
    return TYTO_OK;
}

tyto_status tyto_frame_document_create(const tyto_frame_document_options *options,
                                       tyto_document **document, tyto_bytes *out, tyto_error *err)
{
    tyto_frame_document_options own = defaults;
    tyto_status status = TYTO_OK;
    tyto_writer writer;
    labels *state = NULL;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, out);
    *document = NULL;
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_frame_document_options", err));
    TYTO_TRY(tyto_records_check(own.format, err));
    TYTO_TRY(copy_labels(&own, &state, err));
    TYTO_TRY(tyto_document_open(&kind, own.format, state, document, err));
    TYTO_CHECK(tyto_document_begin_step(*document, &kind, &writer, err));
    tyto_records_begin(*document, &writer,
                       "video,frame,time_s,width,height,label,label_index,score,track,xmin,ymin,"
                       "xmax,ymax");
    TYTO_CHECK(tyto_document_end_step(*document, &writer, out, err));
cleanup:
    if (status != TYTO_OK) {
        tyto_document_destroy(*document);
        *document = NULL;
    }
    return status;
}

static const labels *labels_of(const tyto_document *document)
{
    return document->state;
}

static json_t *frame_object(const tyto_document *document, const char *video,
                            const tyto_frame_detections *frame, tyto_writer *writer)
{
    const labels *state = labels_of(document);
    json_t *object = json_object(), *list = json_array();
    tyto_json_put(writer, object, "video", tyto_json_string(video));
    tyto_json_put(writer, object, "frame", json_integer(frame->frame));
    tyto_json_put(writer, object, "time_s", tyto_json_real(frame->seconds));
    tyto_json_put(writer, object, "width", json_integer(frame->width_px));
    tyto_json_put(writer, object, "height", json_integer(frame->height_px));
    tyto_json_put(writer, object, "threshold", tyto_json_float(state->threshold));
    for (int64_t i = 0; i < frame->detections.count; i++) {
        const tyto_detection *d = &frame->detections.items[i];
        json_t *item = json_object();
        tyto_json_put(writer, item, "label", tyto_json_string(state->texts[d->label_index]));
        tyto_json_put(writer, item, "label_index", json_integer(d->label_index));
        tyto_json_put(writer, item, "score", tyto_json_float(d->score));
        if (frame->tracks) {
            tyto_json_put(writer, item, "track",
                          frame->tracks[i] < 0 ? json_null() : json_integer(frame->tracks[i]));
        }
        tyto_json_put(writer, item, "box", tyto_json_box(writer, &d->box));
        tyto_json_push(writer, list, item);
    }
    tyto_json_put(writer, object, "detections", list);
    return object;
}

static void write_rows(const tyto_document *document, const char *video,
                       const tyto_frame_detections *frame, tyto_writer *writer)
{
    for (int64_t i = 0; i < frame->detections.count; i++) {
        const tyto_detection *d = &frame->detections.items[i];
        const float box[] = {d->box.xmin, d->box.ymin, d->box.xmax, d->box.ymax};
        tyto_writer_csv(writer, video);
        tyto_writer_format(writer, ",%lld,", (long long)frame->frame);
        tyto_writer_json_new(writer, tyto_json_real(frame->seconds), false);
        tyto_writer_format(writer, ",%lld,%lld,", (long long)frame->width_px,
                           (long long)frame->height_px);
        tyto_writer_csv(writer, labels_of(document)->texts[d->label_index]);
        tyto_writer_format(writer, ",%lld,", (long long)d->label_index);
        tyto_writer_float(writer, d->score);
        tyto_writer_text(writer, ",");
        if (frame->tracks && frame->tracks[i] >= 0) {
            tyto_writer_format(writer, "%lld", (long long)frame->tracks[i]);
        }
        for (int n = 0; n < 4; n++) {
            tyto_writer_text(writer, ",");
            tyto_writer_float(writer, box[n]);
        }
        tyto_writer_text(writer, "\n");
    }
}

static void write_table(const tyto_document *document, const char *video,
                        const tyto_frame_detections *frame, tyto_writer *writer)
{
    const tyto_detections *found = &frame->detections;
    tyto_writer_plain(writer, video, TYTO_TABLE_NAME_BYTES);
    tyto_writer_format(writer, ": frame %lld, %.3f s (%lld x %lld px): ", (long long)frame->frame,
                       frame->seconds, (long long)frame->width_px, (long long)frame->height_px);
    if (found->count == 0) {
        tyto_writer_text(writer, "nothing found\n");
        return;
    }
    tyto_writer_format(writer,
                       "%lld found\n  score      xmin     ymin     xmax     ymax %s label\n",
                       (long long)found->count, frame->tracks ? " track " : "");
    for (int64_t i = 0; i < found->count; i++) {
        const tyto_detection *d = &found->items[i];
        tyto_writer_format(writer, "  %.3f  %8.1f %8.1f %8.1f %8.1f  ", (double)d->score,
                           (double)d->box.xmin, (double)d->box.ymin, (double)d->box.xmax,
                           (double)d->box.ymax);
        if (frame->tracks && frame->tracks[i] >= 0) {
            tyto_writer_format(writer, "%5lld  ", (long long)frame->tracks[i]);
        } else if (frame->tracks) {
            tyto_writer_text(writer, "    -  ");
        }
        tyto_writer_plain(writer, labels_of(document)->texts[d->label_index],
                          TYTO_TABLE_NAME_BYTES);
        tyto_writer_text(writer, "\n");
    }
}

static tyto_status check_frame(const tyto_document *document, const char *video,
                               const tyto_frame_detections *frame, tyto_error *err)
{
    const tyto_detections *found = &frame->detections;
    TYTO_TRY(tyto_check_list(found->items, found->count, "detections", err));
    for (int64_t i = 0; i < found->count; i++) {
        const int64_t label = found->items[i].label_index, count = labels_of(document)->count;
        if (label < 0 || label >= count) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s: detection %lld: got label %lld, required one of %lld labels",
                             video, (long long)i, (long long)label, (long long)count);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_document_add_frame(tyto_document *document, const char *video,
                                    const tyto_frame_detections *frame, tyto_bytes *out,
                                    tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, document);
    TYTO_REQUIRE(err, frame);
    TYTO_REQUIRE(err, out);
    const bool json = document->format == TYTO_FORMAT_JSON || document->format == TYTO_FORMAT_JSONL;
    if (!json) {
        TYTO_REQUIRE(err, video);
    }
    *out = (tyto_bytes){0};
    TYTO_TRY(tyto_document_begin_step(document, &kind, &writer, err));
    TYTO_TRY(check_frame(document, video ? video : "the video", frame, err));
    if (json) {
        tyto_records_json(document, &writer, frame_object(document, video, frame, &writer));
    } else {
        tyto_records_next(document, &writer);
        (document->format == TYTO_FORMAT_CSV ? write_rows : write_table)(document, video, frame,
                                                                         &writer);
    }
    return tyto_document_end_step(document, &writer, out, err);
}
