#include "server.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <microhttpd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hub/hub.h"

/* One answer with bytes. */
typedef struct body {
    server *of;
    const server_file *file;
    uint64_t begin, total;
    bool cut;
} body;

server_file *server_find(server *in, const char *name)
{
    for (size_t i = 0; i < in->count; i++) {
        if (strcmp(in->files[i].name, name) == 0) {
            return &in->files[i];
        }
    }
    return NULL;
}

server_file *server_add(server *to, const char *name, const void *bytes, size_t length, bool large)
{
    static const char sha256[] = "0000000000000000000000000000000000000000000000000000000000000000";
    server_file *file = &to->files[to->count++];
    assert_true(to->count <= SERVER_FILES_MAX);
    *file = (server_file){.name = name, .bytes = bytes, .length = length, .large = large};
    const int memory = memfd_create(name, 0);
    assert_int_equal(write(memory, bytes, length), length);
    assert_int_equal(
        tyto_hub_hash(memory, length, large ? sha256 : SERVER_COMMIT, file->hash, name, NULL),
        TYTO_OK);
    close(memory);
    return file;
}

static uint64_t served_length(const server *of, const server_file *file)
{
    return (uint64_t)((int64_t)file->length + (file->large ? of->longer : 0));
}

static ssize_t read_body(void *user, uint64_t at, char *to, size_t most)
{
    const body *from = user;
    const uint64_t place = from->begin + at;
    if (from->of->slow_ms) {
        nanosleep(&(struct timespec){.tv_nsec = from->of->slow_ms * 1000000L}, NULL);
        most = most < 4096 ? most : 4096;
    }
    if (from->cut) {
        if (at >= from->of->cut_after) {
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
        most = most < from->of->cut_after - at ? most : from->of->cut_after - at;
    }
    size_t count = 0;
    for (; count < most && place + count < from->total; count++) {
        const uint64_t i = place + count;
        const uint8_t byte = i < from->file->length ? ((const uint8_t *)from->file->bytes)[i] : 0;
        const bool last = i + 1 == from->file->length;
        to[count] = (char)(from->of->changes_byte && from->file->large && last ? byte ^ 1 : byte);
    }
    pthread_mutex_lock(&from->of->lock);
    from->of->bytes += count;
    pthread_mutex_unlock(&from->of->lock);
    return (ssize_t)count;
}

static enum MHD_Result send_text(struct MHD_Connection *to, unsigned code, const char *text,
                                 const char *header, const char *value)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
    if (header) {
        MHD_add_response_header(response, header, value);
    }
    const enum MHD_Result result = MHD_queue_response(to, code, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_list(server *of, struct MHD_Connection *to, const char *path)
{
    json_t *siblings = json_array();
    of->lists++;
    snprintf(of->last_list, sizeof(of->last_list), "%s", path);
    for (size_t i = 0; i < of->count; i++) {
        const server_file *file = &of->files[i];
        json_t *item =
            json_pack("{s:s, s:I, s:s}", "rfilename", file->name, "size", (json_int_t)file->length,
                      "blobId", file->large ? SERVER_COMMIT : file->hash);
        if (file->large) {
            json_object_set_new(item, "lfs",
                                json_pack("{s:s, s:I, s:i}", "sha256", file->hash, "size",
                                          (json_int_t)file->length, "pointerSize", 134));
        }
        json_array_append_new(siblings, item);
    }
    json_t *root =
        json_pack("{s:s, s:s, s:o}", "id", "acme/owl", "sha", SERVER_COMMIT, "siblings", siblings);
    char *text = json_dumps(root, 0);
    json_decref(root);
    const enum MHD_Result result = send_text(to, 200, of->answer ? of->answer : text, NULL, NULL);
    free(text);
    return result;
}

static enum MHD_Result send_file(server *of, struct MHD_Connection *to, server_file *file)
{
    const char *range = MHD_lookup_connection_value(to, MHD_HEADER_KIND, "Range");
    body *from = calloc(1, sizeof(*from));
    *from = (body){.of = of, .file = file, .total = served_length(of, file)};
    file->served++;
    if (range) {
        of->ranges++;
        of->last_range = strtoull(range + strlen("bytes="), NULL, 10);
    }
    const bool part = range && !of->ignores_ranges;
    from->begin = part ? of->last_range : 0;
    from->cut = file->large && of->cuts > 0;
    of->cuts -= from->cut;
    struct MHD_Response *response =
        MHD_create_response_from_callback(from->total - from->begin, 65536, read_body, from, free);
    if (part) {
        char line[96];
        snprintf(line, sizeof(line), "bytes %llu-%llu/%llu", (unsigned long long)from->begin,
                 (unsigned long long)from->total - 1, (unsigned long long)from->total);
        MHD_add_response_header(response, "Content-Range", line);
    }
    const enum MHD_Result result = MHD_queue_response(to, part ? 206 : 200, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_failure(server *of, struct MHD_Connection *to)
{
    char seconds[16];
    snprintf(seconds, sizeof(seconds), "%d", of->retry_after);
    of->failures--;
    return send_text(to, (unsigned)of->failure_code, "<html>an error page</html>",
                     of->retry_after ? "Retry-After" : NULL, seconds);
}

static enum MHD_Result answer_file(server *of, struct MHD_Connection *to, const char *name,
                                   bool elsewhere)
{
    char address[256];
    server_file *file = server_find(of, name);
    if (!file) {
        return send_text(to, 404, "Entry not found", NULL, NULL);
    }
    if (of->failures > 0) {
        return send_failure(of, to);
    }
    if (file->large && !elsewhere) {
        snprintf(address, sizeof(address), "http://localhost:%d/cdn/%s?Signature=secret", of->port,
                 name);
        return send_text(to, 302, "", "Location", address);
    }
    return send_file(of, to, file);
}

static enum MHD_Result route(server *of, struct MHD_Connection *to, const char *path)
{
    static const char list[] = "/api/models/acme/owl/revision/";
    static const char resolve[] = "/acme/owl/resolve/" SERVER_COMMIT "/";
    const char *authorization = MHD_lookup_connection_value(to, MHD_HEADER_KIND, "Authorization");
    const bool elsewhere = strncmp(path, "/cdn/", 5) == 0;
    of->requests++;
    if (elsewhere) {
        of->token_seen_elsewhere = of->token_seen_elsewhere || authorization;
        return answer_file(of, to, path + 5, true);
    }
    if (of->token) {
        char wanted[64];
        snprintf(wanted, sizeof(wanted), "Bearer %s", of->token);
        if (!authorization || strcmp(authorization, wanted) != 0) {
            return send_text(to, 401, "Invalid credentials", NULL, NULL);
        }
        of->token_seen = true;
    }
    if (strncmp(path, list, strlen(list)) == 0) {
        return of->lists_fail && of->failures > 0 ? send_failure(of, to) : send_list(of, to, path);
    }
    if (strncmp(path, resolve, strlen(resolve)) == 0) {
        return answer_file(of, to, path + strlen(resolve), false);
    }
    return send_text(to, 404, "Repository not found", NULL, NULL);
}

static enum MHD_Result answer(void *user, struct MHD_Connection *to, const char *path,
                              const char *method, const char *version, const char *data,
                              size_t *length, void **state)
{
    server *of = user;
    (void)version;
    (void)data;
    (void)length;
    (void)state;
    if (strcmp(method, "GET") != 0) {
        return MHD_NO;
    }
    pthread_mutex_lock(&of->lock);
    const enum MHD_Result result = route(of, to, path);
    pthread_mutex_unlock(&of->lock);
    return result;
}

void server_start(server *to)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    *to = (server){0};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    pthread_mutex_init(&to->lock, NULL);
    to->daemon =
        MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL,
                         NULL, answer, to, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_END);
    assert_non_null(to->daemon);
    to->port = MHD_get_daemon_info(to->daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void server_stop(server *to)
{
    MHD_stop_daemon(to->daemon);
    pthread_mutex_destroy(&to->lock);
}
