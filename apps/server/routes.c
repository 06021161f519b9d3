#include "routes.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue.h"
#include "frames.h"
#include "health.h"
#include "hugging_face.h"
#include "inference.h"
#include "label_studio.h"
#include "openapi.h"
#include "own.h"
#include "page.h"
#include "video.h"

const route routes[] = {
    {.method = "GET",
     .path = "/v2",
     .summary = "The server, as the Open Inference Protocol has it",
     .response = "server",
     .instant = health_server},
    {.method = "GET",
     .path = "/v2/health/live",
     .summary = "Whether the server runs",
     .open = true,
     .instant = health_live},
    {.method = "GET",
     .path = "/v2/health/ready",
     .summary = "Whether it takes requests",
     .open = true,
     .instant = health_ready},
    {.method = "GET",
     .path = "/health",
     .summary = "Whether the server runs",
     .open = true,
     .response = "health",
     .instant = health_status},
    {.method = "GET",
     .path = "/ping",
     .summary = "Whether it takes requests",
     .open = true,
     .instant = health_ready},
    {.method = "GET",
     .path = "/metrics",
     .summary = "What Prometheus reads",
     .type = "text/plain",
     .instant = health_metrics},
    {.method = "GET",
     .path = "/openapi.json",
     .summary = "This document",
     .response = "document",
     .instant = openapi},
    {.method = "GET",
     .path = "/",
     .summary = "The page",
     .type = "text/html",
     .open = true,
     .instant = page_answer},
    {.method = "GET",
     .path = "/page/{file}",
     .summary = "A file of the page",
     .type = "*/*",
     .open = true,
     .instant = page_answer},
    {.method = "GET",
     .path = "/favicon.ico",
     .summary = "The page's icon",
     .type = "image/svg+xml",
     .open = true,
     .instant = page_answer},
    {.method = "GET",
     .path = "/v1/models",
     .summary = "The models that are served, and what they do",
     .response = "models",
     .instant = catalogue_models},
    {.method = "POST",
     .path = "/v1/flow",
     .summary = "How far pixels of a picture move in the next, as colours",
     .request = "flow",
     .response = "flowed",
     .body = BODY_JSON,
     .work = frames_flow},
    {.method = "POST",
     .path = "/v1/autoencode",
     .summary = "What a video is of, and its frames as the network makes them again",
     .request = "clip",
     .response = "clip_made",
     .body = BODY_JSON,
     .work = frames_autoencode},
    {.method = "POST",
     .path = "/v1/photos",
     .summary = "Encodes a photo and holds it",
     .request = "photo",
     .response = "photo_held",
     .code = 201,
     .body = BODY_JSON_OR_PICTURE,
     .work = own_photo},
    {.method = "DELETE",
     .path = "/v1/photos/{id}",
     .summary = "Drops a photo",
     .code = 204,
     .instant = own_drop_photo},
    {.method = "POST",
     .path = "/v1/vocabularies",
     .summary = "Encodes what is looked for and holds it",
     .request = "vocabulary",
     .response = "held",
     .code = 201,
     .body = BODY_JSON,
     .work = own_vocabulary},
    {.method = "DELETE",
     .path = "/v1/vocabularies/{id}",
     .summary = "Drops a vocabulary",
     .code = 204,
     .instant = own_drop_vocabulary},
    {.method = "POST",
     .path = "/v1/detect",
     .summary = "Looks for things in a photo",
     .request = "detect",
     .response = "detections",
     .body = BODY_JSON,
     .work = own_detect},
    {.method = "POST",
     .path = "/v1/video",
     .summary = "Looks for things in a video: an event for each frame, as it is done",
     .request = "video",
     .type = "text/event-stream",
     .body = BODY_JSON,
     .work = video},
    {.method = "POST",
     .path = "/setup",
     .summary = "Label Studio tells of a project",
     .request = "studio_setup",
     .response = "studio_version",
     .body = BODY_JSON,
     .work = label_studio_setup},
    {.method = "POST",
     .path = "/webhook",
     .summary = "Label Studio tells of what people have drawn, which changes nothing",
     .request = "studio_event",
     .response = "studio_heard",
     .body = BODY_JSON,
     .work = label_studio_event},
    {.method = "GET",
     .path = "/v2/models/{model}",
     .summary = "A model's inputs and outputs",
     .response = "model",
     .query = "head_argument",
     .instant = inference_model},
    {.method = "GET",
     .path = "/v2/models/{model}/versions/{version}",
     .summary = "The same, of a version",
     .response = "model",
     .query = "head_argument",
     .instant = inference_model},
    {.method = "GET",
     .path = "/v2/models/{model}/ready",
     .summary = "Whether a model takes requests",
     .open = true,
     .instant = inference_ready},
    {.method = "GET",
     .path = "/v2/models/{model}/versions/{version}/ready",
     .summary = "The same, of a version",
     .open = true,
     .instant = inference_ready},
    {.method = "GET",
     .path = "/v2/models/{model}/stats",
     .summary = "How often and how long a model computed",
     .response = "stats",
     .instant = inference_stats},
    {.method = "GET",
     .path = "/v2/models/{model}/versions/{version}/stats",
     .summary = "The same, of a version",
     .response = "stats",
     .instant = inference_stats},
    {.method = "POST",
     .path = "/v2/models/{model}/infer",
     .summary = "Computes a head: named tensors in, named tensors out",
     .request = "infer",
     .response = "inferred",
     .body = BODY_TENSORS,
     .work = inference},
    {.method = "POST",
     .path = "/v2/models/{model}/versions/{version}/infer",
     .summary = "The same, of a version",
     .request = "infer",
     .response = "inferred",
     .body = BODY_TENSORS,
     .work = inference},
    {.method = "POST",
     .path = "/v2/repository/index",
     .summary = "The models that are served",
     .response = "index",
     .body = BODY_JSON,
     .loads = true,
     .instant = inference_index},
    {.method = "POST",
     .path = "/v2/repository/models/{model}/load",
     .summary = "Opens a model",
     .request = "load",
     .body = BODY_JSON,
     .loads = true,
     .work = inference_load},
    {.method = "POST",
     .path = "/v2/repository/models/{model}/unload",
     .summary = "Closes a model",
     .body = BODY_JSON,
     .loads = true,
     .instant = inference_unload},
    {.method = "POST",
     .path = "/",
     .summary = "The first model's task, as Hugging Face's API has it",
     .request = "pipeline",
     .response = "answers",
     .query = "pipeline_arguments",
     .body = BODY_JSON_OR_PICTURE,
     .work = hugging_face},
    {.method = "POST",
     .path = "/models/{model}",
     .summary = "A model's task, as Hugging Face's API has it",
     .request = "pipeline",
     .response = "answers",
     .query = "pipeline_arguments",
     .body = BODY_JSON_OR_PICTURE,
     .work = hugging_face},
    {.method = "POST",
     .path = "/models/{model}/pipeline/{task}",
     .summary = "A task of a model, by its name",
     .request = "pipeline",
     .response = "answers",
     .query = "pipeline_arguments",
     .body = BODY_JSON_OR_PICTURE,
     .work = hugging_face},
    {.method = "POST",
     .path = "/invocations",
     .summary = "The same, as the clouds' containers ask",
     .request = "instances",
     .response = "predictions",
     .query = "pipeline_arguments",
     .body = BODY_JSON_OR_PICTURE,
     .work = hugging_face_instances},
    {.method = "POST",
     .path = "/predict",
     .summary = "The same, as the clouds' containers ask",
     .request = "instances",
     .response = "predictions",
     .query = "pipeline_arguments",
     .body = BODY_JSON_OR_PICTURE,
     .work = hugging_face_instances},
    {0},
};

static void forget(exchange *x)
{
    for (int i = 0; i < CAPTURES_MAX; i++) {
        free(x->captures[i]);
        x->captures[i] = NULL;
    }
}

/* Whether a path is one of a template, whose {parts} it fills. */
static bool fits(exchange *x, const char *template, const char *path)
{
    int n = 0;
    while (*template && *path) {
        if (*template != '{') {
            if (*template ++ != *path++) {
                return false;
            }
            continue;
        }
        const size_t length = strcspn(path, "/");
        if (length == 0 || n == CAPTURES_MAX || !(x->captures[n++] = strndup(path, length))) {
            return false;
        }
        path += length;
        template = strchr(template, '}') + 1;
    }
    return !*template && !*path;
}

/* HEAD is what GET would be. */
static bool means(const char *given, const char *method)
{
    return strcmp(given, method) == 0 || (strcmp(given, "HEAD") == 0 && strcmp(method, "GET") == 0);
}

const route *route_find(exchange *x, const char **allow)
{
    enum { GET = 1, POST = 2, DELETE = 4 };
    static const char *const methods[] = {[GET] = "GET, HEAD",
                                          [POST] = "POST",
                                          [GET | POST] = "GET, HEAD, POST",
                                          [DELETE] = "DELETE",
                                          [GET | DELETE] = "GET, HEAD, DELETE",
                                          [POST | DELETE] = "POST, DELETE",
                                          [GET | POST | DELETE] = "GET, HEAD, POST, DELETE"};
    int taken = 0;
    for (const route *r = routes; r->method; r++) {
        if (!fits(x, r->path, x->path)) {
            forget(x);
            continue;
        }
        if (means(x->method, r->method)) {
            return r;
        }
        forget(x);
        taken |= means("GET", r->method) ? GET : means("POST", r->method) ? POST : DELETE;
    }
    *allow = taken ? methods[taken] : NULL;
    return NULL;
}
