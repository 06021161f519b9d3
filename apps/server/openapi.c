#include "openapi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/version.h>

#include "hugging_face.h"
#include "routes.h"
#include "schemas.h"

enum { NAME_MAX_BYTES = 64 };

static json_t *reference(const char *place, const char *name)
{
    return json_pack("{s:s++}", "$ref", "#/components/", place, name);
}

/* The schema of a name; anything where it has none. */
static json_t *schema_of(const json_t *schemas, const char *name)
{
    return name && json_object_get(schemas, name) ? reference("schemas/", name) : json_object();
}

/* ------------------------------------------------------------------------------ parameters */

/* What a part of a path may be, as far as the server knows: else any text. */
static json_t *captured(const char *name)
{
    if (strcmp(name, "model") == 0) {
        return reference("schemas/", "model_name");
    }
    if (strcmp(name, "version") == 0) {
        return json_pack("{s:[s]}", "enum", "1");
    }
    if (strcmp(name, "id") == 0) {
        return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9a-f]{32}$");
    }
    if (strcmp(name, "file") == 0) {
        return json_pack("{s:s, s:s}", "type", "string", "pattern", "^[a-z]{1,32}\\.(js|css)$");
    }
    if (strcmp(name, "task") == 0) {
        json_t *tasks = json_array();
        for (size_t i = 0; hugging_face_task(i); i++) {
            json_array_append_new(tasks, json_string(hugging_face_task(i)));
        }
        return json_pack("{s:s, s:o}", "type", "string", "enum", tasks);
    }
    return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
}

static void add_captures(const char *path, json_t *parameters)
{
    const char *at = path;
    while ((at = strchr(at, '{'))) {
        char name[NAME_MAX_BYTES] = "";
        const size_t length = strcspn(++at, "}");
        if (length < sizeof(name)) {
            memcpy(name, at, length);
        }
        json_array_append_new(parameters,
                              json_pack("{s:s, s:s, s:b, s:o}", "name", name, "in", "path",
                                        "required", 1, "schema", captured(name)));
    }
}

static void add_arguments(const json_t *schemas, const char *query, json_t *parameters)
{
    const char *name;
    json_t *schema,
        *properties = json_object_get(json_object_get(schemas, query ? query : ""), "properties");
    json_object_foreach(properties, name, schema)
    {
        json_array_append_new(parameters, json_pack("{s:s, s:s, s:O}", "name", name, "in", "query",
                                                    "schema", schema));
    }
}

/* ---------------------------------------------------------------------------------- bodies */

static json_t *bytes_of_any_kind(void)
{
    return json_pack("{s:{}}", "schema");
}

static json_t *request_body(const json_t *schemas, const route *r)
{
    json_t *content = json_object(),
           *json = json_pack("{s:o}", "schema", schema_of(schemas, r->request)),
           *example = schemas_example(r->request);
    if (example) {
        json_object_set_new(json, "example", example);
    }
    json_object_set_new(content, "application/json", json);
    if (r->body == BODY_JSON_OR_PICTURE) {
        json_object_set_new(content, "image/*", bytes_of_any_kind());
        json_object_set_new(content, "application/octet-stream", bytes_of_any_kind());
    } else if (r->body == BODY_TENSORS) {
        json_t *tensors = bytes_of_any_kind();
        json_object_set_new(tensors, "description",
                            json_string("JSON as long as Inference-Header-Content-Length says, and "
                                        "the bytes of tensors behind it"));
        json_object_set_new(content, "application/octet-stream", tensors);
    }
    return json_pack("{s:b, s:o}", "required", r->request != NULL, "content", content);
}

/* --------------------------------------------------------------------------------- replies */

static const struct {
    const char *code, *description, *header, *about;
} errors[] = {
    {"400", "not understood: framing, JSON, base64, fields, tensors", NULL, NULL},
    {"401", "the key is missing or wrong", "WWW-Authenticate", "Bearer"},
    {"403", "not from there, or not allowed here", NULL, NULL},
    {"404", "no such model, version, task or id", NULL, NULL},
    {"408", "it came too slowly", NULL, NULL},
    {"413", "larger than this server takes", NULL, NULL},
    {"415", "another type or encoding than this path takes", NULL, NULL},
    {"422", "understood, but it can't be done", NULL, NULL},
    {"500", "the server's own fault", NULL, NULL},
    {"503", "too much at once, or the server ends", "Retry-After", "seconds"},
    {"504", "the deadline passed", NULL, NULL},
};

static json_t *error_responses(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        json_t *one =
            json_pack("{s:s, s:{s:{s:o}}}", "description", errors[i].description, "content",
                      "application/json", "schema", reference("schemas/", "error"));
        if (errors[i].header) {
            json_object_set_new(one, "headers",
                                json_pack("{s:{s:b, s:s, s:{s:s}}}", errors[i].header, "required",
                                          1, "description", errors[i].about, "schema", "type",
                                          "string"));
        }
        json_object_set_new(all, errors[i].code, one);
    }
    return all;
}

/* Whether such an error can come of a route. */
static bool occurs(const exchange *x, const route *r, const char *code)
{
    const settings *s = &x->server->settings;
    switch (strtol(code, NULL, 10)) {
    case 401:
        return s->api_key && !r->open;
    case 403:
        return x->server->loopback || (r->loads && !s->allow_load);
    case 404:
        return strchr(r->path, '{') || r->work;
    case 413:
    case 415:
        return r->body != BODY_NONE;
    case 422:
    case 500:
    case 504:
        return r->work;
    default: /* any request can be malformed, slow, or one too many */
        return true;
    }
}

/* What is sent when all went well. */
static json_t *good_reply(const json_t *schemas, const route *r)
{
    json_t *reply = json_pack("{s:s}", "description", r->code == 204 ? "done" : r->summary);
    if (r->response) {
        json_t *content =
            json_pack("{s:{s:o}}", "application/json", "schema", schema_of(schemas, r->response));
        if (r->body == BODY_TENSORS) {
            json_object_set_new(content, "application/octet-stream", bytes_of_any_kind());
        }
        json_object_set_new(reply, "content", content);
    } else if (r->type) {
        json_object_set_new(reply, "content",
                            json_pack("{s:{s:{s:s}}}", r->type, "schema", "type", "string"));
    }
    return reply;
}

static json_t *responses_of(exchange *x, const json_t *schemas, const route *r)
{
    char code[16];
    json_t *all = json_object();
    snprintf(code, sizeof(code), "%u", r->code ? r->code : 200);
    json_object_set_new(all, code, good_reply(schemas, r));
    for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
        if (occurs(x, r, errors[i].code)) {
            json_object_set_new(all, errors[i].code, reference("responses/", errors[i].code));
        }
    }
    return all;
}

/* ------------------------------------------------------------------------------ the document */

static json_t *operation(exchange *x, const json_t *schemas, const route *r)
{
    json_t *parameters = json_array(), *one = json_pack("{s:s}", "summary", r->summary);
    add_captures(r->path, parameters);
    add_arguments(schemas, r->query, parameters);
    json_object_set_new(one, "parameters", parameters);
    if (r->body != BODY_NONE) {
        json_object_set_new(one, "requestBody", request_body(schemas, r));
    }
    json_object_set_new(one, "responses", responses_of(x, schemas, r));
    if (x->server->settings.api_key) {
        json_object_set_new(one, "security",
                            r->open ? json_array() : json_pack("[{s:[]}]", "bearer"));
    }
    return one;
}

static json_t *paths_of(exchange *x, const json_t *schemas)
{
    json_t *paths = json_object();
    for (const route *r = routes; r->method; r++) {
        char method[8] = "";
        for (size_t i = 0; r->method[i] && i + 1 < sizeof(method); i++) {
            method[i] = (char)(r->method[i] | 0x20);
        }
        json_t *path = json_object_get(paths, r->path);
        if (!path) {
            path = json_object();
            json_object_set_new(paths, r->path, path);
        }
        json_object_set_new(path, method, operation(x, schemas, r));
    }
    return paths;
}

/* The names of the models that are served now. */
static json_t *model_names(exchange *x)
{
    json_t *list = json_array();
    served *s;
    for (int64_t i = 0; (s = models_at(&x->server->models, i)); i++) {
        json_array_append_new(list, json_string(s->name));
        models_release(&x->server->models, s);
    }
    return json_pack("{s:s, s:o}", "type", "string", "enum", list);
}

void openapi(exchange *x)
{
    json_t *schemas = schemas_make();
    if (!schemas) {
        reply_error(x, 503, "out of memory");
        x->retry_s = 1;
        return;
    }
    json_object_set_new(schemas, "model_name", model_names(x));
    json_t *paths = paths_of(x, schemas);
    json_t *document = json_pack(
        "{s:s, s:{s:s, s:s, s:s}, s:o, s:{s:o, s:o}}", "openapi", "3.1.0", "info", "title",
        "tyto serve", "version", tyto_version(), "description",
        "Texts have no character U+0000. Fields that aren't named are refused where it says so.",
        "paths", paths, "components", "schemas", schemas, "responses", error_responses());
    if (document && x->server->settings.api_key) {
        json_object_set_new(
            json_object_get(document, "components"), "securitySchemes",
            json_pack("{s:{s:s, s:s}}", "bearer", "type", "http", "scheme", "bearer"));
    }
    reply_json(x, 200, document);
}
