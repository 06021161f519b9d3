#include "access_log.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "routes.h"

/* The address that a request came from. */
static void name_client(const exchange *x, char *out, socklen_t room)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    const void *bytes =
        !address ? NULL
        : address->sa_family == AF_INET6
            ? (const void *)&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr
            : (const void *)&((const struct sockaddr_in *)(const void *)address)->sin_addr;
    out[0] = '-';
    out[1] = '\0';
    if (bytes) {
        inet_ntop(address->sa_family, bytes, out, room);
    }
}

/* A method or path as part of a line: what would break it, or isn't ASCII, is shown as \xNN. */
static void put_plain(FILE *out, const char *text)
{
    for (const char *c = text ? text : "-"; *c; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte <= ' ' || byte == '"' || byte == '\\' || byte >= 0x7f) {
            fprintf(out, "\\x%02X", byte);
        } else {
            putc(byte, out);
        }
    }
}

/* The same as JSON; NULL for none, and when memory is out. */
static json_t *plain(const char *given)
{
    char *text = NULL;
    size_t length;
    FILE *out = given ? open_memstream(&text, &length) : NULL;
    if (!out) {
        return NULL;
    }
    put_plain(out, given);
    json_t *value = fclose(out) == 0 ? json_string(text) : NULL;
    free(text);
    return value;
}

static void write_common(FILE *out, const exchange *x, double seconds, bool whole)
{
    char client[INET6_ADDRSTRLEN], when[64];
    struct tm now;
    const time_t t = time(NULL);
    localtime_r(&t, &now);
    strftime(when, sizeof(when), "%d/%b/%Y:%H:%M:%S %z", &now);
    name_client(x, client, sizeof(client));
    fprintf(out, "%s - - [%s] \"", client, when);
    put_plain(out, x->method);
    putc(' ', out);
    put_plain(out, x->path);
    fprintf(out, " HTTP/1.1\" %u %zu %.3f %s%s%s%s%s\n", x->code, x->reply_bytes, seconds, x->id,
            whole ? "" : " cut", x->note ? " \"" : "", x->note ? x->note : "", x->note ? "\"" : "");
}

static void write_json(FILE *out, const exchange *x, double seconds, bool whole)
{
    char client[INET6_ADDRSTRLEN];
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    name_client(x, client, sizeof(client));
    json_t *line = json_pack("{s:f, s:s, s:o?, s:o?, s:i, s:I, s:f, s:f, s:s?, s:s, s:b, s:s*}",
                             "time", (double)now.tv_sec + 1e-9 * (double)now.tv_nsec, "client",
                             client, "method", plain(x->method), "path", plain(x->path), "code",
                             (int)x->code, "bytes", (json_int_t)x->reply_bytes, "seconds", seconds,
                             "queue_seconds", x->run_s > 0.0 ? x->run_s - x->queued_s : 0.0,
                             "model", x->model, "id", x->id, "whole", whole, "note", x->note);
    if (line) {
        json_dumpf(line, out, JSON_COMPACT);
        putc('\n', out);
        json_decref(line);
    }
}

void access_log(const exchange *x, bool whole)
{
    const settings *s = &x->server->settings;
    const double seconds = clock_s() - x->began_s;
    const char *endpoint = x->route ? x->route->path : "other";
    char code[16];
    snprintf(code, sizeof(code), "%u", x->code);
    metrics_add(&x->server->metrics, METRIC_REQUESTS, 1,
                (const char *[]){"model", x->model ? x->model : "", "endpoint", endpoint, "code",
                                 code, NULL});
    metrics_add(&x->server->metrics, METRIC_REQUEST_S, seconds,
                (const char *[]){"model", x->model ? x->model : "", "endpoint", endpoint, NULL});
    if (x->run_s > 0.0) {
        metrics_add(&x->server->metrics, METRIC_QUEUE_S, x->run_s - x->queued_s,
                    (const char *[]){"model", x->model ? x->model : "", NULL});
    }
    if (s->log == LOG_NONE) {
        return;
    }
    char *line = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&line, &length);
    if (!out) {
        return;
    }
    (s->log == LOG_JSON ? write_json : write_common)(out, x, seconds, whole);
    if (fclose(out) == 0) {
        fwrite(line, 1, length, stdout);
        fflush(stdout);
    }
    free(line);
}
