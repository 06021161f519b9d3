#include "exchange.h"

#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *exchange_header(const exchange *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

void exchange_drop_body(exchange *x)
{
    x->server->bodies_bytes -= (long long)x->body_room;
    free(x->body);
    x->body = NULL;
    x->body_bytes = x->body_room = 0;
}

void exchange_destroy(exchange *x)
{
    exchange_drop_body(x);
    for (int i = 0; i < CAPTURES_MAX; i++) {
        free(x->captures[i]);
    }
    free(x->reply);
    free(x->note);
    free(x->model);
    free(x->method);
    free(x->path);
    free(x);
}

typedef struct taker {
    bool (*take)(void *user, const char *key, const char *value);
    void *user;
} taker;

static enum MHD_Result take_argument(void *user, enum MHD_ValueKind kind, const char *key,
                                     const char *value)
{
    const taker *t = user;
    (void)kind;
    return t->take(t->user, key, value ? value : "") ? MHD_YES : MHD_NO;
}

void exchange_arguments(const exchange *x,
                        bool (*take)(void *user, const char *key, const char *value), void *user)
{
    taker t = {.take = take, .user = user};
    MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, take_argument, &t);
}

bool exchange_has_type(const exchange *x, const char *type)
{
    const char *given = exchange_header(x, MHD_HTTP_HEADER_CONTENT_TYPE);
    const size_t length = strlen(type);
    if (!given) {
        return false;
    }
    if (type[length - 1] == '*') {
        return strncasecmp(given, type, length - 1) == 0;
    }
    return strncasecmp(given, type, length) == 0 &&
           (!given[length] || strchr("; \t", given[length]));
}

void reply_bytes(exchange *x, unsigned code, const char *type, char *bytes, size_t length_bytes)
{
    free(x->reply);
    x->code = code;
    x->type = type;
    x->reply = bytes;
    x->reply_bytes = length_bytes;
}

void reply_text(exchange *x, unsigned code, const char *type, const char *text)
{
    char *copy = strdup(text);
    reply_bytes(x, code, type, copy, copy ? strlen(copy) : 0);
}

void reply_json(exchange *x, unsigned code, json_t *value)
{
    char *text =
        value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(value);
    if (text) {
        reply_bytes(x, code, "application/json", text, strlen(text));
    } else {
        reply_text(x, 500, "application/json", "{\"error\": \"out of memory\"}");
    }
}

void reply_error(exchange *x, unsigned code, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    /* A long text may be cut within a character. */
    json_t *said = json_string(text);
    for (size_t length = strlen(text); !said && length > 0; length--) {
        text[length - 1] = '\0';
        said = json_string(text);
    }
    reply_json(x, code, said ? json_pack("{s:o}", "error", said) : NULL);
}

void reply_status(exchange *x, tyto_status status, tyto_error *err)
{
    unsigned code = 422;
    if (status == TYTO_E_MEMORY) {
        code = 503;
    } else if (status == TYTO_E_IO) {
        code = 500;
    } else if (status == TYTO_E_CANCELLED) {
        code = x->left ? 499 : x->server->stopping && x->deadline_s <= 0.0 ? 503 : 504;
    }
    reply_error(x, code, "%s",
                code == 504                  ? "the deadline passed"
                : code != 503                ? tyto_error_message(err)
                : status == TYTO_E_CANCELLED ? "the server has ended"
                                             : "out of memory");
    x->retry_s = code == 503 ? 1 : 0;
    tyto_error_clear(err);
}
