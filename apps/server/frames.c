#include "frames.h"

#include <nettle/base64.h>
#include <stdlib.h>
#include <tyto/flow.h>

#include "work.h"

/* The side of the picture that shows which colour is which direction. */
enum { KEY_PX = 129 };

/* A picture as base64 of PNG; NULL after an error was replied. */
static json_t *picture_text(work *job, const tyto_image *image)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    if (!work_went(job, tyto_image_encode(image, "picture.png", &bytes, &err), &err)) {
        return NULL;
    }
    const size_t length = BASE64_ENCODE_RAW_LENGTH(bytes.length_bytes);
    char *text = malloc(length);
    json_t *string = NULL;
    if (text) {
        base64_encode_raw(text, bytes.length_bytes, (const uint8_t *)bytes.data);
        string = json_stringn(text, length);
    }
    if (!string) {
        reply_error(job->x, 503, "out of memory");
    }
    free(text);
    tyto_bytes_clear(&bytes);
    return string;
}

static json_t *drawn_text(work *job, const tyto_flow_field *flow, double longest)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    json_t *text = NULL;
    if (work_went(job, tyto_flow_field_draw(flow, longest, &image, &err), &err)) {
        text = picture_text(job, &image);
    }
    tyto_image_clear(&image);
    return text;
}

/* A disc whose every point moves away from the middle. */
static json_t *key_text(work *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_flow_field flow = {0};
    json_t *text = NULL;
    if (work_went(job, tyto_flow_field_make(KEY_PX, KEY_PX, &flow, &err), &err)) {
        const float radius = KEY_PX / 2;
        for (int64_t i = 0; i < KEY_PX * KEY_PX; i++) {
            const float x = (float)(i % KEY_PX) - radius, y = (float)(i / KEY_PX) - radius;
            const bool inside = x * x + y * y <= radius * radius;
            flow.data[2 * i] = inside ? x : 0.0f;
            flow.data[2 * i + 1] = inside ? y : 0.0f;
        }
        text = drawn_text(job, &flow, (double)radius);
    }
    tyto_flow_field_clear(&flow);
    return text;
}

static void reply_flow(work *job, const tyto_flow_field *flow)
{
    double mean, longest;
    tyto_flow_field_measure(flow, &mean, &longest);
    json_t *image = drawn_text(job, flow, 0.0), *key = image ? key_text(job) : NULL;
    if (key) {
        reply_json(job->x, 200,
                   json_pack("{s:I, s:I, s:f, s:f, s:o, s:o}", "width", (json_int_t)flow->width_px,
                             "height", (json_int_t)flow->height_px, "mean_px", mean, "longest_px",
                             longest, "image", image, "key", key));
    } else {
        json_decref(image);
    }
}

void frames_flow(exchange *x, worker *w)
{
    work job;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image first = {0}, second = {0};
    tyto_flow_field flow = {0};
    const char *model = NULL;
    json_t *one = NULL, *two = NULL;
    if (work_begin(&job, x, w) &&
        work_unpack(&job, job.body, "{s:o, s:o, s?s}", "first", &one, "second", &two, "model",
                    &model) &&
        work_task(&job, model, TYTO_TASK_FLOW) && work_picture_text(&job, one, &first) &&
        work_picture_text(&job, two, &second) &&
        work_went(&job, tyto_flow(job.session, &first, &second, NULL, &flow, &err), &err)) {
        work_stage(&job, "flow");
        reply_flow(&job, &flow);
    }
    tyto_flow_field_clear(&flow);
    tyto_image_clear(&first);
    tyto_image_clear(&second);
    work_end(&job, 1);
}
