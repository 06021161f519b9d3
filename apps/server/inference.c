#include "inference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/signature.h>
#include <tyto/tensor.h>

#include "health.h"
#include "inference_bytes.h"
#include "messages.h"
#include "work.h"

#define VERSION "1"

static const struct {
    const char *name;
    tyto_dtype dtype;
} types[] = {{"FP32", TYTO_F32},   {"FP64", TYTO_F64},   {"FP16", TYTO_F16},   {"BF16", TYTO_BF16},
             {"INT64", TYTO_I64},  {"INT32", TYTO_I32},  {"INT16", TYTO_I16},  {"INT8", TYTO_I8},
             {"UINT64", TYTO_U64}, {"UINT32", TYTO_U32}, {"UINT16", TYTO_U16}, {"UINT8", TYTO_U8},
             {"BOOL", TYTO_BOOL}};
enum { TYPES = sizeof(types) / sizeof(*types), TENSORS_MAX = 64, MADE_MAX = 8 };
/* Most numbers that go out as JSON. */
enum { NUMBERS_MAX = 16 << 20 };

static const char *type_name(tyto_dtype dtype)
{
    for (size_t i = 0; i < TYPES; i++) {
        if (types[i].dtype == dtype) {
            return types[i].name;
        }
    }
    return "BYTES";
}

/* ----------------------------------------------------------------------------------- inputs */

/* Tensors of a request: views of its body, or of numbers that were read from JSON. */
typedef struct tensors {
    tyto_tensor items[TENSORS_MAX];
    void *owned[TENSORS_MAX];
    int64_t count;
    tyto_inputs made[MADE_MAX]; /* of BYTES */
    int64_t n_made;
    const char *head;
    const char *binary; /* what follows the JSON, as far as it isn't taken yet */
    size_t binary_bytes;
} tensors;

static void clear(tensors *t)
{
    for (int64_t i = 0; i < t->count; i++) {
        free(t->owned[i]);
    }
    for (int64_t i = 0; i < t->n_made; i++) {
        tyto_inputs_clear(&t->made[i]);
    }
}

static bool read_type(work *job, const char *word, tyto_dtype *out)
{
    for (size_t i = 0; word && i < TYPES; i++) {
        if (strcmp(types[i].name, word) == 0) {
            *out = types[i].dtype;
            return true;
        }
    }
    reply_error(job->x, 400, "datatype: required one such as FP32, INT64 or BYTES");
    return false;
}

/* The shape of an input, and how many bytes it takes. */
static bool read_shape(work *job, const json_t *shape, tyto_tensor *t, size_t *bytes)
{
    const size_t rank = json_array_size(shape);
    *bytes = tyto_dtype_bytes(t->dtype);
    if (!json_is_array(shape) || rank > TYTO_RANK_MAX) {
        reply_error(job->x, 400, "shape: required an array of %d sizes at most", TYTO_RANK_MAX);
        return false;
    }
    t->rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        const json_t *one = json_array_get(shape, i);
        t->shape[i] = json_integer_value(one);
        if (!json_is_integer(one) || t->shape[i] < 0 || t->shape[i] > INT32_MAX ||
            (t->shape[i] > 0 && *bytes > ((size_t)1 << 40) / (size_t)t->shape[i])) {
            reply_error(job->x, 400, "shape: required sizes that such a request can have");
            return false;
        }
        *bytes *= (size_t)t->shape[i];
    }
    return true;
}

/* Writes a number of JSON into an element. */
static bool put_number(const json_t *value, tyto_dtype dtype, char *at)
{
    const bool whole = json_is_integer(value) || json_is_boolean(value);
    const json_int_t n = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
    const double number = whole ? (double)n : json_real_value(value);
    if (!whole && !(json_is_real(value) && (dtype == TYTO_F32 || dtype == TYTO_F64))) {
        return false;
    }
    switch (dtype) {
    case TYTO_F32: {
        const float f = (float)number;
        memcpy(at, &f, sizeof(f));
        return true;
    }
    case TYTO_F64:
        memcpy(at, &number, sizeof(number));
        return true;
    case TYTO_I64:
    case TYTO_U64:
        memcpy(at, &n, sizeof(n));
        return dtype == TYTO_I64 || n >= 0;
    case TYTO_I32:
    case TYTO_U32: {
        const uint32_t bits = (uint32_t)n;
        memcpy(at, &bits, sizeof(bits));
        return dtype == TYTO_I32 ? n >= INT32_MIN && n <= INT32_MAX : n >= 0 && n <= UINT32_MAX;
    }
    case TYTO_I16:
    case TYTO_U16: {
        const uint16_t bits = (uint16_t)n;
        memcpy(at, &bits, sizeof(bits));
        return dtype == TYTO_I16 ? n >= INT16_MIN && n <= INT16_MAX : n >= 0 && n <= UINT16_MAX;
    }
    case TYTO_I8:
    case TYTO_U8:
    case TYTO_BOOL: {
        const uint8_t bits = (uint8_t)n;
        memcpy(at, &bits, sizeof(bits));
        return dtype == TYTO_I8 ? n >= INT8_MIN && n <= INT8_MAX
                                : n >= 0 && n <= (dtype == TYTO_U8 ? UINT8_MAX : 1);
    }
    default:
        return false; /* halves come as bytes */
    }
}

/* Numbers of an array, which may be nested, one after the other. */
static bool put_numbers(const json_t *data, const tyto_tensor *t, size_t count, size_t *done,
                        int depth)
{
    size_t i;
    json_t *value;
    json_array_foreach(data, i, value)
    {
        if (json_is_array(value)) {
            if (depth >= TYTO_RANK_MAX || !put_numbers(value, t, count, done, depth + 1)) {
                return false;
            }
        } else if (*done >= count ||
                   !put_number(value, t->dtype,
                               (char *)t->data + *done * tyto_dtype_bytes(t->dtype))) {
            return false;
        } else {
            ++*done;
        }
    }
    return true;
}

static bool has_input(const json_t *inputs, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(inputs, i, one)
    {
        const char *other = json_string_value(json_object_get(one, "name"));
        if (other && strcmp(other, name) == 0) {
            return true;
        }
    }
    return false;
}

/* Texts or pictures, and what the head takes instead. */
static bool read_bytes(work *job, const char *name, const json_t *shape, const json_t *data,
                       const json_t *size, tensors *all)
{
    byte_strings strings = {0};
    bool good = json_array_size(shape) == 1 && json_is_integer(json_array_get(shape, 0)) &&
                all->n_made < MADE_MAX;
    if (!good) {
        reply_error(job->x, 400,
                    "%s: BYTES: required a shape of one size, and %d such inputs at most", name,
                    MADE_MAX);
        return false;
    }
    const int64_t count = json_integer_value(json_array_get(shape, 0));
    if (size) {
        const json_int_t bytes = json_integer_value(size);
        good = !data && json_is_integer(size) && bytes >= 0 && (size_t)bytes <= all->binary_bytes;
        if (!good) {
            reply_error(job->x, 400, "%s: required as many bytes behind the JSON as it says", name);
            return false;
        }
        good = byte_strings_split(job, name, all->binary, (size_t)bytes, count, &strings);
        all->binary += bytes;
        all->binary_bytes -= (size_t)bytes;
    } else {
        good = byte_strings_read(job, name, data, count, &strings);
    }
    tyto_inputs *made = &all->made[all->n_made];
    if (good) {
        good = byte_strings_make(job, all->head, name, &strings, made);
        all->n_made++;
    }
    for (int64_t i = 0; good && i < made->count; i++) {
        const bool extra =
            i > 0 && has_input(json_object_get(job->body, "inputs"), made->tensors[i].name);
        if (!extra && all->count < TENSORS_MAX) {
            all->owned[all->count] = NULL;
            all->items[all->count++] = made->tensors[i];
        }
    }
    byte_strings_clear(&strings);
    return good;
}

static bool read_input(work *job, json_t *input, tensors *all)
{
    tyto_tensor *t = &all->items[all->count];
    void **owned = &all->owned[all->count];
    const char *name = NULL, *type = NULL;
    json_t *shape = NULL, *data = NULL, *parameters = NULL;
    size_t bytes;
    *t = (tyto_tensor){0};
    *owned = NULL;
    if (!work_unpack(job, input, "{s:s, s:s, s:o, s?o, s?o}", "name", &name, "datatype", &type,
                     "shape", &shape, "data", &data, "parameters", &parameters)) {
        return false;
    }
    if (strcmp(type, "BYTES") == 0) {
        return read_bytes(job, name, shape, data, json_object_get(parameters, "binary_data_size"),
                          all);
    }
    if (all->count == TENSORS_MAX || !read_type(job, type, &t->dtype) ||
        !read_shape(job, shape, t, &bytes)) {
        return false;
    }
    t->name = name;
    const json_t *size = json_object_get(parameters, "binary_data_size");
    if (size) {
        if (data || !json_is_integer(size) || (size_t)json_integer_value(size) != bytes ||
            bytes > all->binary_bytes) {
            reply_error(
                job->x, 400,
                "%s: required as many bytes behind the JSON as its shape and binary_data_size say",
                name);
            return false;
        }
        /* The library reads elements in place: they are to lie as their type does. */
        *owned = malloc(bytes ? bytes : 1);
        if (*owned) {
            memcpy(*owned, all->binary, bytes);
        }
        all->binary += bytes;
        all->binary_bytes -= bytes;
    } else if (json_is_array(data)) {
        *owned = bytes <= 64 * job->x->body_bytes ? calloc(1, bytes ? bytes : 1) : NULL;
    } else {
        reply_error(job->x, 400, "%s: required data, or binary_data_size", name);
        return false;
    }
    t->data = *owned;
    all->count++;
    if (!*owned) {
        reply_error(job->x, 400, "%s: required as many numbers as its shape says", name);
        return false;
    }
    size_t done = 0;
    const size_t count = bytes / tyto_dtype_bytes(t->dtype);
    if (!size && (!put_numbers(data, t, count, &done, 1) || done != count)) {
        reply_error(job->x, 400, "%s: required %zu numbers of its type", name, count);
        return false;
    }
    return true;
}

/* Splits the body into its JSON and what follows. */
static bool split(work *job, tensors *all)
{
    exchange *x = job->x;
    const char *given = exchange_header(x, "Inference-Header-Content-Length");
    size_t length = x->body_bytes;
    if (given) {
        char *end;
        const unsigned long long n = strtoull(given, &end, 10);
        if (*given < '0' || *given > '9' || *end || n > x->body_bytes) {
            reply_error(x, 400, "Inference-Header-Content-Length: required the length of the JSON");
            return false;
        }
        length = (size_t)n;
    }
    all->binary = (x->body ? x->body : "") + length;
    all->binary_bytes = x->body_bytes - length;
    job->body = json_read(x, x->body, length);
    if (job->body && !json_is_object(job->body)) {
        reply_error(x, 400, "the body: required a JSON object");
        return false;
    }
    return job->body != NULL;
}

/* ---------------------------------------------------------------------------------- outputs */

/* Which outputs are wanted, and which of them as bytes. */
typedef struct wishes {
    const char *names[TENSORS_MAX];
    bool binary[TENSORS_MAX];
    int64_t count;
    bool all_binary;
} wishes;

static bool read_wish(work *job, json_t *output, wishes *all)
{
    const char *name = NULL;
    json_t *parameters = NULL;
    if (!work_unpack(job, output, "{s:s, s?o}", "name", &name, "parameters", &parameters)) {
        return false;
    }
    const json_t *binary = json_object_get(parameters, "binary_data");
    if (json_object_get(parameters, "classification")) {
        reply_error(job->x, 422, "%s: the classification extension isn't offered", name);
        return false;
    }
    all->binary[all->count] = binary ? json_is_true(binary) : all->all_binary;
    all->names[all->count++] = name;
    return true;
}

/* Whether an output is wanted as bytes: by the first wish that it answers, which may end in ".*" or
 * name what it is a part of. */
static bool is_binary(const wishes *all, const char *name)
{
    for (int64_t i = 0; i < all->count; i++) {
        size_t length = strlen(all->names[i]);
        length -= length >= 2 && strcmp(all->names[i] + length - 2, ".*") == 0 ? 2 : 0;
        if (strncmp(all->names[i], name, length) == 0 && (!name[length] || name[length] == '.')) {
            return all->binary[i];
        }
    }
    return all->all_binary;
}

static json_t *number_at(const tyto_tensor *t, int64_t i)
{
    const char *at = (const char *)t->data + (size_t)i * tyto_dtype_bytes(t->dtype);
    if (t->dtype == TYTO_F32) {
        float f;
        memcpy(&f, at, sizeof(f));
        return isfinite(f) ? json_real((double)f) : json_null();
    }
    if (t->dtype == TYTO_F64) {
        double d;
        memcpy(&d, at, sizeof(d));
        return isfinite(d) ? json_real(d) : json_null();
    }
    if (t->dtype == TYTO_I64) {
        int64_t n;
        memcpy(&n, at, sizeof(n));
        return json_integer(n);
    }
    return json_integer(*(const unsigned char *)at);
}

static json_t *describe(const tyto_tensor *t, bool binary)
{
    json_t *shape = json_array(), *data = NULL;
    size_t bytes = tyto_dtype_bytes(t->dtype);
    for (int i = 0; i < t->rank; i++) {
        json_array_append_new(shape, json_integer(t->shape[i]));
        bytes *= (size_t)t->shape[i];
    }
    if (binary) {
        return json_pack("{s:s, s:s, s:o, s:{s:I}}", "name", t->name, "datatype",
                         type_name(t->dtype), "shape", shape, "parameters", "binary_data_size",
                         (json_int_t)bytes);
    }
    data = json_array();
    for (int64_t i = 0; i < tyto_tensor_elements(t); i++) {
        json_array_append_new(data, number_at(t, i));
    }
    return json_pack("{s:s, s:s, s:o, s:o}", "name", t->name, "datatype", type_name(t->dtype),
                     "shape", shape, "data", data);
}

/* Whether what goes out as JSON fits into memory: a number takes some fifty bytes there. */
static bool check_numbers(work *job, const tyto_tensor *outputs, int64_t count, const wishes *all)
{
    int64_t numbers = 0;
    for (int64_t i = 0; i < count; i++) {
        numbers += is_binary(all, outputs[i].name) ? 0 : tyto_tensor_elements(&outputs[i]);
    }
    if (numbers > NUMBERS_MAX) {
        reply_error(job->x, 422,
                    "outputs: %lld numbers are too many for JSON; binary_data gives them as bytes",
                    (long long)numbers);
    }
    return numbers <= NUMBERS_MAX;
}

static void reply_outputs(work *job, const tyto_tensor *outputs, int64_t count, const wishes *all)
{
    exchange *x = job->x;
    if (!check_numbers(job, outputs, count, all)) {
        return;
    }
    json_t *list = json_array();
    size_t binary_bytes = 0;
    bool binary = false;
    for (int64_t i = 0; i < count; i++) {
        const bool as_bytes = is_binary(all, outputs[i].name);
        json_array_append_new(list, describe(&outputs[i], as_bytes));
        binary = binary || as_bytes;
        binary_bytes += as_bytes ? tyto_dtype_bytes(outputs[i].dtype) *
                                       (size_t)tyto_tensor_elements(&outputs[i])
                                 : 0;
    }
    json_t *id = json_object_get(job->body, "id");
    json_t *reply = json_pack("{s:s, s:s, s:o}", "model_name", job->served->name, "model_version",
                              VERSION, "outputs", list);
    if (reply && id) {
        json_object_set(reply, "id", id);
    }
    reply_json(x, 200, reply);
    if (!binary || x->code != 200) {
        return;
    }
    char *whole = realloc(x->reply, x->reply_bytes + binary_bytes + 1);
    if (!whole) {
        reply_error(x, 503, "out of memory");
        return;
    }
    x->reply = whole;
    x->header_bytes = (int64_t)x->reply_bytes;
    x->type = "application/octet-stream";
    for (int64_t i = 0; i < count; i++) {
        if (is_binary(all, outputs[i].name)) {
            const size_t bytes =
                tyto_dtype_bytes(outputs[i].dtype) * (size_t)tyto_tensor_elements(&outputs[i]);
            memcpy(x->reply + x->reply_bytes, outputs[i].data, bytes);
            x->reply_bytes += bytes;
        }
    }
}

/* The request's own parameters. */
static bool read_parameters(work *job, json_t *parameters, const char **head, bool *binary)
{
    json_int_t timeout_us = 0, priority = 0;
    int all_binary = 0;
    if (parameters &&
        !work_unpack(job, parameters, "{s?s, s?I, s?I, s?b}", "head", head, "timeout", &timeout_us,
                     "priority", &priority, "binary_data_output", &all_binary)) {
        return false;
    }
    *binary = all_binary;
    if (timeout_us > 0 && job->x->began_s + 1e-6 * (double)timeout_us < job->x->deadline_s) {
        job->x->deadline_s = job->x->began_s + 1e-6 * (double)timeout_us;
    }
    if (clock_s() >= job->x->deadline_s) {
        reply_error(job->x, 504, "the deadline passed while the request waited");
        return false;
    }
    return true;
}

static bool is_version(exchange *x)
{
    if (x->captures[1] && strcmp(x->captures[1], VERSION) != 0) {
        reply_error(x, 404, "there is no such version; required " VERSION);
        return false;
    }
    return true;
}

void inference(exchange *x, worker *w)
{
    work job;
    static const wishes no_wishes;
    wishes wanted = no_wishes;
    tensors given = {0};
    tyto_error err = TYTO_ERROR_INIT;
    const char *head = NULL, *id = NULL;
    json_t *inputs = NULL, *outputs = NULL, *parameters = NULL;
    bool good = work_begin(&job, x, w) && is_version(x) && split(&job, &given) &&
                work_unpack(&job, job.body, "{s?s, s:o, s?o, s?o}", "id", &id, "inputs", &inputs,
                            "outputs", &outputs, "parameters", &parameters) &&
                read_parameters(&job, parameters, &head, &wanted.all_binary) &&
                work_model(&job, x->captures[0]);
    if (good &&
        (!json_is_array(inputs) || json_array_size(inputs) > TENSORS_MAX ||
         (outputs && (!json_is_array(outputs) || json_array_size(outputs) > TENSORS_MAX)))) {
        reply_error(x, 400, "inputs, outputs: required arrays of %d tensors at most", TENSORS_MAX);
        good = false;
    }
    given.head = head;
    for (size_t i = 0; good && i < json_array_size(inputs); i++) {
        good = read_input(&job, json_array_get(inputs, i), &given);
    }
    for (size_t i = 0; good && i < json_array_size(outputs); i++) {
        good = read_wish(&job, json_array_get(outputs, i), &wanted);
    }
    if (good && given.binary_bytes > 0) {
        reply_error(x, 400, "the body: got %zu bytes that no input names", given.binary_bytes);
        good = false;
    }
    const tyto_tensor *found;
    int64_t count;
    if (good) {
        work_stage(&job, "inputs");
        const tyto_status status = tyto_forward(job.session, head, given.items, given.count,
                                                wanted.names, wanted.count, &found, &count, &err);
        if (status == TYTO_E_ARGUMENT || status == TYTO_E_SHAPE) {
            reply_error(x, 400, "%s", tyto_error_message(&err));
            tyto_error_clear(&err);
        } else if (work_went(&job, status, &err)) {
            work_stage(&job, "forward");
            reply_outputs(&job, found, count, &wanted);
        }
    }
    clear(&given);
    work_end(&job, given.count > 0 && given.items[0].rank > 0 ? given.items[0].shape[0] : 1);
}

/* -------------------------------------------------------------------------------- metadata */

/* The model of the path, in use; NULL after an error was replied. */
static served *take(exchange *x)
{
    served *s = is_version(x) ? models_take(&x->server->models, x->captures[0]) : NULL;
    if (!s && x->code == 0) {
        reply_error(x, 404, "there is no such model");
    }
    return s;
}

static json_t *list_tensors(const tyto_signature *signature, int64_t count,
                            const tyto_tensor *(*at)(const tyto_signature *, int64_t))
{
    json_t *list = json_array();
    for (int64_t i = 0; i < count; i++) {
        const tyto_tensor *t = at(signature, i);
        json_t *shape = json_array();
        for (int d = 0; d < t->rank; d++) {
            json_array_append_new(shape, json_integer(t->shape[d]));
        }
        json_array_append_new(list, json_pack("{s:s, s:s, s:o}", "name", t->name, "datatype",
                                              type_name(t->dtype), "shape", shape));
    }
    return list;
}

static bool take_head(void *user, const char *key, const char *value)
{
    const char **head = user;
    *head = strcmp(key, "head") == 0 ? value : *head;
    return true;
}

void inference_model(exchange *x)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_signature *signature = NULL;
    served *s = take(x);
    if (!s) {
        return;
    }
    const char *head = tyto_model_head(s->model);
    exchange_arguments(x, take_head, &head);
    const tyto_status status = tyto_signature_create(s->model, head, &signature, &err);
    if (status == TYTO_E_ARGUMENT) {
        reply_error(x, 404, "%s", tyto_error_message(&err));
    } else if (status != TYTO_OK && status != TYTO_E_UNSUPPORTED) {
        reply_status(x, status, &err);
    } else {
        json_t *heads = json_array();
        for (int64_t i = 0; i < tyto_model_head_count(s->model); i++) {
            json_array_append_new(heads, json_string(tyto_model_head_at(s->model, i)));
        }
        reply_json(x, 200,
                   json_pack("{s:s, s:[s], s:s, s:o, s:o, s:{s:s, s:o}}", "name", s->name,
                             "versions", VERSION, "platform", "tyto", "inputs",
                             list_tensors(signature, tyto_signature_input_count(signature),
                                          tyto_signature_input),
                             "outputs",
                             list_tensors(signature, tyto_signature_output_count(signature),
                                          tyto_signature_output),
                             "parameters", "head", head, "heads", heads));
    }
    tyto_error_clear(&err);
    tyto_signature_destroy(signature);
    models_release(&x->server->models, s);
}

void inference_ready(exchange *x)
{
    served *s = take(x);
    if (s) {
        health_ready(x);
        models_release(&x->server->models, s);
    }
}

static json_t *duration(int64_t count, double seconds)
{
    return json_pack("{s:I, s:I}", "count", (json_int_t)count, "ns", (json_int_t)(1e9 * seconds));
}

void inference_stats(exchange *x)
{
    served *s = take(x);
    if (!s) {
        return;
    }
    const model_stats stats = models_stats(&x->server->models, s);
    json_t *one = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:{s:o, s:o, s:o}}", "name", s->name, "version", VERSION,
        "last_inference", (json_int_t)(1e3 * stats.last_unix_s), "inference_count",
        (json_int_t)stats.inputs, "execution_count", (json_int_t)stats.succeeded, "inference_stats",
        "success", duration(stats.succeeded, stats.success_s), "fail",
        duration(stats.failed, stats.failure_s), "queue",
        duration(stats.succeeded + stats.failed, stats.queue_s));
    reply_json(x, 200, json_pack("{s:[o]}", "model_stats", one));
    models_release(&x->server->models, s);
}

/* ------------------------------------------------------------------------------- repository */

void inference_index(exchange *x)
{
    json_t *list = json_array();
    served *s;
    for (int64_t i = 0; (s = models_at(&x->server->models, i)); i++) {
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", s->name, "version",
                                              VERSION, "state", "READY"));
        models_release(&x->server->models, s);
    }
    reply_json(x, 200, list);
}

void inference_unload(exchange *x)
{
    served *s = models_remove(&x->server->models, x->captures[0]);
    if (!s) {
        reply_error(x, 404, "there is no such model");
        return;
    }
    store_drop_all(&x->server->photos, s->serial);
    store_drop_all(&x->server->vocabularies, s->serial);
    models_release(&x->server->models, s);
    reply_text(x, 200, NULL, "");
}

void inference_load(exchange *x, worker *w)
{
    work job;
    tyto_error err = TYTO_ERROR_INIT;
    const char *folder = NULL;
    json_t *parameters = NULL;
    if (work_begin(&job, x, w) && work_unpack(&job, job.body, "{s:o}", "parameters", &parameters) &&
        work_unpack(&job, parameters, "{s:s}", "folder", &folder)) {
        const tyto_status status = models_add(&x->server->models, x->captures[0], folder, &err);
        if (status == TYTO_E_EXISTS) {
            reply_error(x, 422, "there is a model of that name");
        } else if (status == TYTO_OK) {
            reply_text(x, 200, NULL, "");
        } else { /* its message has paths, which are the operator's */
            say_warning("%s: %s", x->captures[0], tyto_error_message(&err));
            reply_error(x, 422, "the folder can't be opened as a model");
        }
    }
    tyto_error_clear(&err);
    work_end(&job, 1);
}
