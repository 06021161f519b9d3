#include "health.h"

#include <stdio.h>
#include <stdlib.h>
#include <tyto/version.h>

void health_server(exchange *x)
{
    reply_json(x, 200,
               json_pack("{s:s, s:s, s:[s, s]}", "name", "tyto", "version", tyto_version(),
                         "extensions", "binary_tensor_data", "statistics"));
}

void health_live(exchange *x)
{
    reply_text(x, 200, NULL, "");
}

void health_ready(exchange *x)
{
    if (x->server->stopping) {
        reply_error(x, 503, "the server is ending");
        x->retry_s = 1;
    } else {
        reply_text(x, 200, NULL, "");
    }
}

void health_status(exchange *x)
{
    reply_json(x, 200, json_pack("{s:s}", "status", "UP"));
}

void health_metrics(exchange *x)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (out) {
        metrics_write(x->server, out);
    }
    if (!out || fclose(out) != 0) {
        free(text);
        reply_error(x, 503, "out of memory");
        return;
    }
    reply_bytes(x, 200, "text/plain; version=0.0.4; charset=utf-8", text, length);
}
