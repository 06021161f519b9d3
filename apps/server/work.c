#include "work.h"

#include <math.h>
#include <nettle/base64.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "messages.h"
#include "queue.h"

/* A value of JSON takes some fifty bytes, however short its text is. */
enum { VALUES_MAX = 4 << 20 };

json_t *json_read(exchange *x, const char *bytes, size_t length_bytes)
{
    size_t values = 1;
    for (size_t i = 0; i < length_bytes; i++) {
        values += bytes[i] == ',' || bytes[i] == '[' || bytes[i] == '{';
    }
    if (values > VALUES_MAX) {
        reply_error(x, 413, "the body has more values than this server takes");
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadb(bytes ? bytes : "", length_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!value && json_error_code(&error) == json_error_numeric_overflow) {
        /* An integer that 64 bits don't hold is JSON all the same, in a field that nobody reads. */
        value = json_loadb(bytes, length_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL,
                           &error);
    }
    if (!value) {
        reply_error(x, 400, "the body isn't JSON: line %d: %s", error.line, error.text);
    }
    return value;
}

/* Whether the work may go on: its client is there, and its deadline ahead. */
static bool go_on(void *user, const tyto_progress *progress)
{
    const exchange *x = user;
    (void)progress;
    return !x->left && clock_s() < x->deadline_s;
}

/* Whether the body is JSON: by its type, or where there is none, by what it begins with. */
static bool is_json(const exchange *x)
{
    if (x->route->body == BODY_JSON || exchange_has_type(x, "application/json")) {
        return true;
    }
    size_t at = 0;
    while (at < x->body_bytes && strchr(" \t\r\n", x->body[at])) {
        at++;
    }
    return !exchange_header(x, "Content-Type") && at < x->body_bytes && x->body[at] == '{';
}

bool work_begin(work *job, exchange *x, worker *w)
{
    *job = (work){.x = x, .server = x->server, .worker = w, .stage_s = clock_s()};
    x->run_s = job->stage_s;
    if (x->route->body != BODY_NONE && x->route->body != BODY_TENSORS && is_json(x)) {
        job->body = json_read(x, x->body, x->body_bytes);
        if (job->body && !json_is_object(job->body)) {
            reply_error(x, 400, "the body: required a JSON object");
            return false;
        }
        return job->body != NULL;
    }
    return true;
}

bool work_model(work *job, const char *name)
{
    tyto_error err = TYTO_ERROR_INIT;
    job->served = models_take(&job->server->models, name);
    if (!job->served) {
        reply_error(job->x, 404, "there is no such model");
        return false;
    }
    const tyto_status status =
        models_session(job->served, worker_number(job->worker), &job->session, &err);
    if (!work_went(job, status, &err)) {
        return false;
    }
    tyto_session_set_progress(job->session, go_on, job->x);
    free(job->x->model);
    job->x->model = strdup(job->served->name);
    work_stage(job, "read");
    return true;
}

bool work_task(work *job, const char *name, tyto_task task)
{
    tyto_error err = TYTO_ERROR_INIT;
    return work_model(job, name) &&
           work_went(job, tyto_model_require(job->served->model, task, &err), &err);
}

void work_end(work *job, int64_t inputs)
{
    exchange *x = job->x;
    models *all = &job->server->models;
    const double now = clock_s();
    work_stage(job, "write");
    if (job->session) {
        tyto_session_set_progress(job->session, NULL, NULL);
    }
    if (job->served) {
        models_note(all, job->served, x->code < 400, inputs, now - x->run_s,
                    x->run_s - x->queued_s);
        metrics_add(&job->server->metrics, METRIC_BATCH, (double)inputs,
                    (const char *[]){"model", job->served->name, NULL});
        models_release(all, job->served);
    }
    json_decref(job->body);
}

void work_stage(work *job, const char *stage)
{
    const double now = clock_s();
    metrics_add(
        &job->server->metrics, METRIC_STAGE_S, now - job->stage_s,
        (const char *[]){"model", job->served ? job->served->name : "", "stage", stage, NULL});
    if (job->server->settings.verbose) {
        say_info("%s: %s: %.1f ms", job->x->id, stage, 1e3 * (now - job->stage_s));
    }
    job->stage_s = now;
}

bool work_went(work *job, tyto_status status, tyto_error *err)
{
    if (status == TYTO_OK) {
        return true;
    }
    reply_status(job->x, status, err);
    return false;
}

/* A number that is whole is an integer, however it is written: JSON has one kind of numbers. */
static void make_whole(json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        const double number = json_is_real(value) ? json_real_value(value) : 0.5;
        if (fabs(number) < 0x1p53 && number == floor(number)) {
            json_object_set_new(object, key, json_integer((json_int_t)number));
        }
    }
}

bool work_unpack(work *job, json_t *object, const char *format, ...)
{
    json_error_t error;
    va_list arguments;
    make_whole(object);
    va_start(arguments, format);
    const int code = json_vunpack_ex(object, &error, JSON_STRICT, format, arguments);
    va_end(arguments);
    if (code != 0) {
        reply_error(job->x, 400, "the body: %s", error.text);
    }
    return code == 0;
}

bool work_picture(work *job, const void *bytes, size_t length_bytes, tyto_image *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_options options;
    tyto_image_options_init(&options, sizeof(options));
    options.pixels_max = job->server->settings.max_pixels;
    const bool went = work_went(
        job, tyto_image_decode(bytes, length_bytes, "the picture", &options, out, &err), &err);
    work_stage(job, "decode");
    return went;
}

bool work_picture_body(work *job, tyto_image *out)
{
    return work_picture(job, job->x->body ? job->x->body : "", job->x->body_bytes, out);
}

/* What follows "data:image/png;base64,"; NULL for a URI of another form. */
static const char *data_of(const char *text)
{
    const char *comma = strchr(text, ',');
    return comma && comma - text >= 7 && strncasecmp(comma - 7, ";base64", 7) == 0 ? comma + 1
                                                                                   : NULL;
}

bool work_bytes_text(work *job, const json_t *text, const char *what, uint8_t **out,
                     size_t *length_bytes)
{
    const char *given = json_string_value(text);
    *out = NULL;
    if (!given) {
        reply_error(job->x, 400, "%s: required base64", what);
        return false;
    }
    if (strncasecmp(given, "http://", 7) == 0 || strncasecmp(given, "https://", 8) == 0) {
        reply_error(job->x, 422, "%s: URLs aren't fetched here; send its bytes as base64", what);
        return false;
    }
    given = strncasecmp(given, "data:", 5) == 0 ? data_of(given) : given;
    const size_t length = given ? strlen(given) : 0;
    uint8_t *bytes = malloc(BASE64_DECODE_LENGTH(length) + 1);
    struct base64_decode_ctx context;
    base64_decode_init(&context);
    if (!bytes) {
        reply_error(job->x, 503, "out of memory");
        return false;
    }
    *length_bytes = 0;
    if (length == 0 || !base64_decode_update(&context, length_bytes, bytes, length, given) ||
        !base64_decode_final(&context)) {
        reply_error(job->x, 400, "%s: not base64", what);
        free(bytes);
        return false;
    }
    *out = bytes;
    return true;
}

bool work_picture_text(work *job, const json_t *text, tyto_image *out)
{
    uint8_t *bytes;
    size_t length;
    if (!work_bytes_text(job, text, "the picture", &bytes, &length)) {
        return false;
    }
    const bool went = work_picture(job, bytes, length, out);
    free(bytes);
    return went;
}
