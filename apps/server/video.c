#include "video.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/frame_document.h>
#include <tyto/memory.h>
#include <tyto/video_search.h>

#include "bounds.h"
#include "events.h"
#include "video_file.h"
#include "wish.h"

/* A request. */
typedef struct clip {
    video_file video;
    json_int_t every;
    int track;
} clip;

/* Takes the fields of the body that are a video's alone out of it. */
static bool read_clip(work *job, clip *out, json_t **text)
{
    *out = (clip){.video = VIDEO_FILE_NONE, .every = 1};
    json_t *own = json_object();
    static const char *const names[] = {"video", "every", "track"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        json_t *value = json_object_get(job->body, names[i]);
        if (value) {
            json_object_set(own, names[i], value);
            json_object_del(job->body, names[i]);
        }
    }
    bool good = work_unpack(job, own, "{s:O, s?I, s?b}", "video", text, "every", &out->every,
                            "track", &out->track);
    json_decref(own);
    if (good && (out->every < 1 || out->every > INT32_MAX)) {
        reply_error(job->x, 422, "every: required 1 or more");
        good = false;
    }
    return good;
}

/* A document of lines, each of which an event holds. */
static bool open_document(work *job, const char *const *labels, const queries *q,
                          const tyto_search_options *look, tyto_document **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_frame_document_options options;
    tyto_bytes begin;
    tyto_frame_document_options_init(&options, sizeof(options));
    options.format = TYTO_FORMAT_JSONL;
    options.labels = labels;
    options.n_labels = q->wanted;
    options.threshold = tyto_search_threshold(job->session, q->vocabulary, look);
    const bool went = work_went(job, tyto_frame_document_create(&options, out, &begin, &err), &err);
    if (went) {
        tyto_bytes_clear(&begin);
    }
    return went;
}

/* A frame as an event. */
static tyto_status send_frame(exchange *x, tyto_document *document, const queries *q,
                              tyto_frame_detections *frame, tyto_error *err)
{
    tyto_bytes line;
    int64_t n = 0;
    for (int64_t i = 0; frame->tracks && i < frame->detections.count; i++) {
        if (frame->detections.items[i].label_index < q->wanted) {
            frame->tracks[n++] = frame->tracks[i];
        }
    }
    queries_keep_wanted(q, &frame->detections);
    const tyto_status status = tyto_document_add_frame(document, NULL, frame, &line, err);
    if (status != TYTO_OK) {
        return status;
    }
    size_t length = line.length_bytes;
    while (length > 0 && line.data[length - 1] == '\n') {
        length--;
    }
    const bool sent = events_send(x, NULL, line.data, length);
    tyto_bytes_clear(&line);
    return sent ? TYTO_OK : TYTO_E_CANCELLED;
}

/* Each frame has the time that another request has as a whole; none, once the server ends. */
static void renew_deadline(exchange *x)
{
    double given = x->deadline_s;
    if (given > 0.0) {
        atomic_compare_exchange_strong(&x->deadline_s, &given,
                                       clock_s() + x->server->settings.deadline_s);
    }
}

/* What went wrong once the reply has begun. */
static void send_error(exchange *x, const clip *c, tyto_status status, tyto_error *err)
{
    video_file_rename(&c->video, err);
    json_t *said = json_pack("{s:s}", "error",
                             status != TYTO_E_CANCELLED ? tyto_error_message(err)
                             : x->deadline_s <= 0.0     ? "the server has ended"
                                                        : "the deadline passed");
    char *text = said ? json_dumps(said, JSON_COMPACT) : NULL;
    if (text && !x->left) {
        events_send(x, "error", text, strlen(text));
    }
    free(text);
    json_decref(said);
}

/* The first frame decides whether the reply is an error or a stream. */
static void send_frames(work *job, const clip *c, const queries *q, tyto_document *document,
                        tyto_video_search *search)
{
    exchange *x = job->x;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_status status = TYTO_OK;
    bool more = true, begun = false;
    while (status == TYTO_OK && more) {
        tyto_frame_detections frame;
        status = tyto_video_search_next(search, &frame, &more, &err);
        work_stage(job, "search");
        if (status != TYTO_OK && !begun) {
            video_file_rename(&c->video, &err);
            reply_status(x, status, &err);
            return;
        }
        if (!begun && !(begun = events_begin(x))) {
            tyto_frame_detections_clear(&frame);
            return;
        }
        if (status == TYTO_OK && more) {
            status = send_frame(x, document, q, &frame, &err);
            tyto_frame_detections_clear(&frame);
            renew_deadline(x);
        }
    }
    if (status != TYTO_OK) {
        send_error(x, c, status, &err);
    }
    tyto_error_clear(&err);
}

static void search_clip(work *job, const clip *c, const queries *q, const tyto_search_options *look)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_search_options options;
    tyto_video_search *search = NULL;
    tyto_document *document = NULL;
    tyto_search_options own = *look;
    const char **labels = queries_labels(job, q);
    if (labels && bounds_options(job, q->vocabulary, &own) &&
        open_document(job, labels, q, look, &document)) {
        tyto_video_search_options_init(&options, sizeof(options));
        options.search = &own;
        options.every = c->every;
        options.track = c->track;
        const tyto_status status = tyto_video_search_open(job->session, c->video.path,
                                                          q->vocabulary, &options, &search, &err);
        video_file_rename(&c->video, &err);
        if (work_went(job, status, &err)) {
            send_frames(job, c, q, document, search);
        }
    }
    tyto_video_search_destroy(search);
    tyto_document_destroy(document);
    free(labels);
}

void video(exchange *x, worker *w)
{
    work job;
    wish asked = {0};
    clip c = {.video = VIDEO_FILE_NONE};
    json_t *text = NULL;
    tyto_search_options look;
    bool good = work_begin(&job, x, w) && read_clip(&job, &c, &text) && wish_read(&job, &asked);
    if (good && (asked.photo || asked.image)) {
        reply_error(x, 400, "required a video, without photo or image");
        good = false;
    }
    good = good && wish_options(&job, &asked, &look) &&
           work_task(&job, asked.model, TYTO_TASK_SEARCH) && video_file_keep(&job, text, &c.video);
    json_decref(text);
    if (good) {
        /* A search may take long, and its body is large. */
        exchange_drop_body(x);
        const queries *q = wish_queries(&job, &asked);
        if (q) {
            look.guided = q->guided;
            search_clip(&job, &c, q, &look);
        }
    }
    video_file_close(&c.video);
    wish_clear(&job, &asked);
    work_end(&job, 1);
}
