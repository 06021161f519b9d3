#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <nettle/memops.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "access_log.h"
#include "connections.h"
#include "events.h"
#include "messages.h"
#include "notify.h"
#include "page.h"
#include "routes.h"

/* Bodies grow by this at least. */
enum { BODY_STEP_BYTES = 64 * 1024, FILE_MAX = 1 << 20 };
/* Files that are open beside connections: models', the log, and connections that linger. */
enum { FILES_BESIDE = 512 };
/* Memory of libmicrohttpd for a connection: a request's line and headers are to fit into it. */
#define HEAD_BYTES_MAX ((size_t)32 * 1024)

struct http {
    server *server;
    struct MHD_Daemon *daemon;
    connections *connections;
    int socket, port;
    char *cert, *key;
};

/* ------------------------------------------------------------------------- what is refused */

typedef struct headers {
    int lengths, encodings, hosts;
    bool odd;
} headers;

static bool is_token(const char *name)
{
    return *name && strspn(name, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                 "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == strlen(name);
}

/* A header of the request: those that say where it ends are to be there once and plain. */
static enum MHD_Result look_at_header(void *user, enum MHD_ValueKind kind, const char *name,
                                      const char *value)
{
    static const char length[] = "content-length", encoding[] = "transfer-encoding";
    headers *h = user;
    (void)kind;
    const bool begins = strncasecmp(name, length, sizeof(length) - 1) == 0 ||
                        strncasecmp(name, encoding, sizeof(encoding) - 1) == 0;
    if (strcasecmp(name, length) == 0) {
        h->lengths++;
        h->odd = h->odd || !value || !*value || strspn(value, "0123456789") != strlen(value);
    } else if (strcasecmp(name, encoding) == 0) {
        h->encodings++;
        h->odd = h->odd || !value || strcasecmp(value, "chunked") != 0;
    } else if (begins || !is_token(name)) {
        h->odd = true;
    }
    h->hosts += strcasecmp(name, MHD_HTTP_HEADER_HOST) == 0;
    for (const char *c = value; c && *c; c++) {
        h->odd = h->odd || ((unsigned char)*c < ' ' && *c != '\t') || *c == 0x7f;
    }
    return MHD_YES;
}

/* Whether it is plain where the request ends, and what it is about. */
static bool is_plain(exchange *x, const char *url, const char *version)
{
    headers h = {0};
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND, look_at_header, &h);
    const bool http11 = strcmp(version, MHD_HTTP_VERSION_1_1) == 0;
    const bool http10 = strcmp(version, MHD_HTTP_VERSION_1_0) == 0;
    x->close = h.encodings > 0; /* its end is less sure than that of a length */
    bool plain = !x->odd && (http11 || (http10 && h.encodings == 0)) && !h.odd && url[0] == '/';
    plain = plain && h.lengths + h.encodings <= 1 && h.hosts <= 1 && (h.hosts == 1 || http10);
    for (const char *c = url; *c; c++) {
        plain = plain && (unsigned char)*c >= ' ' && *c != 0x7f;
    }
    return plain;
}

/* A name that only this machine can mean, whatever the port: another one may be a page's own, which
 * its owner lets point here. */
static bool is_local(const char *host)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    for (size_t i = 0; host && i < sizeof(names) / sizeof(*names); i++) {
        const size_t length = strlen(names[i]);
        if (strncasecmp(host, names[i], length) == 0 && (!host[length] || host[length] == ':')) {
            return true;
        }
    }
    return !host;
}

static bool has_key(const exchange *x)
{
    static const char bearer[] = "Bearer ";
    const char *key = x->server->settings.api_key;
    const char *given = exchange_header(x, MHD_HTTP_HEADER_AUTHORIZATION);
    if (!given || strncasecmp(given, bearer, sizeof(bearer) - 1) != 0) {
        return false;
    }
    given += sizeof(bearer) - 1;
    return strlen(given) == strlen(key) && memeql_sec(given, key, strlen(key));
}

static bool is_allowed_origin(const settings *s, const char *origin)
{
    for (int64_t i = 0; origin && i < s->n_origins; i++) {
        if (strcmp(origin, s->origins[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* A page of an allowed place asks what it may send. */
static bool is_preflight(const exchange *x)
{
    return strcmp(x->method, MHD_HTTP_METHOD_OPTIONS) == 0 &&
           exchange_header(x, "Access-Control-Request-Method") &&
           is_allowed_origin(&x->server->settings, exchange_header(x, "Origin"));
}

/* Whether a page of another place has sent it, which may not: browsers send some requests without
 * asking first. They say so to this machine, and by TLS. */
static bool is_foreign(const exchange *x)
{
    const char *site = exchange_header(x, "Sec-Fetch-Site");
    return site && (strcmp(site, "cross-site") == 0 || strcmp(site, "same-site") == 0) &&
           strcmp(x->method, MHD_HTTP_METHOD_GET) != 0 &&
           strcmp(x->method, MHD_HTTP_METHOD_HEAD) != 0 &&
           !is_allowed_origin(&x->server->settings, exchange_header(x, "Origin"));
}

static void refuse(exchange *x, const char *reason, unsigned code, const char *text)
{
    metrics_add(&x->server->metrics, METRIC_REJECTED, 1, (const char *[]){"reason", reason, NULL});
    reply_error(x, code, "%s", text);
}

static void refuse_full(exchange *x, const char *reason, const char *text)
{
    refuse(x, reason, 503, text);
    x->retry_s = queue_retry_s(&x->server->queue);
}

static const char too_large[] = "the body is larger than this server takes";
static const char over_budget[] = "too many bodies are under way";

/* Whether a body of that kind may have the type that the request says. */
static bool fits_type(const exchange *x, body_kind kind)
{
    const bool picture = kind == BODY_JSON_OR_PICTURE && exchange_has_type(x, "image/*");
    const bool bytes = kind == BODY_JSON_OR_PICTURE || kind == BODY_TENSORS;
    return picture || exchange_has_type(x, "application/json") ||
           (bytes && exchange_has_type(x, "application/octet-stream"));
}

/* What the body claims to be, before any of it is read. */
static bool check_body(exchange *x)
{
    const settings *s = &x->server->settings;
    const char *length = exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH);
    const char *encoding = exchange_header(x, MHD_HTTP_HEADER_CONTENT_ENCODING);
    const body_kind kind = x->route->body;
    /* Programs may leave the type out; a page of another place, which says where it is, may not: it
     * would have asked before it sent another type. */
    const bool untyped = !exchange_header(x, MHD_HTTP_HEADER_CONTENT_TYPE) &&
                         !exchange_header(x, MHD_HTTP_HEADER_ORIGIN);
    if (length && (strlen(length) > 18 || strtoll(length, NULL, 10) > s->max_body_bytes)) {
        refuse(x, "too_large", 413, too_large);
    } else if (length &&
               x->server->bodies_bytes + strtoll(length, NULL, 10) > s->max_bodies_bytes) {
        refuse_full(x, "memory", over_budget);
    } else if (encoding && strcasecmp(encoding, "identity") != 0) {
        refuse(x, "encoding", 415, "Content-Encoding: required none");
    } else if (kind != BODY_NONE && !untyped && !fits_type(x, kind)) {
        refuse(x, "type", 415,
               kind == BODY_JSON_OR_PICTURE
                   ? "Content-Type: required application/json or a picture's"
                   : "Content-Type: required application/json");
    } else {
        return true;
    }
    return false;
}

/* Looks at a request whose headers have come. Returns false when it is refused. */
static bool admit(exchange *x, const char *url, const char *version)
{
    server *s = x->server;
    const char *allow = NULL;
    if (!is_plain(x, url, version)) {
        refuse(x, "framing", 400, "the request isn't plain HTTP/1.1");
        return false;
    }
    if (s->loopback && !is_local(exchange_header(x, MHD_HTTP_HEADER_HOST))) {
        refuse(x, "host", 403, "Host: required this machine's own name, such as localhost");
        return false;
    }
    if (is_foreign(x)) {
        refuse(x, "origin", 403,
               "pages of other places may not ask here; --cors-origins lets them");
        return false;
    }
    if (is_preflight(x)) {
        reply_text(x, 204, NULL, "");
        return false;
    }
    x->route = route_find(x, &allow);
    if (s->settings.api_key && !(x->route && x->route->open) && !has_key(x)) {
        refuse(x, "key", 401, "the key is missing or wrong");
    } else if (!x->route && allow) {
        reply_error(x, 405, "%s: this path takes %s", x->method, allow);
        x->allow = allow;
    } else if (!x->route) {
        reply_error(x, 404, "there is nothing at this path");
    } else if (x->route->loads && !s->settings.allow_load) {
        reply_error(x, 403, "models are not to be loaded here");
    } else if (x->route->work && s->stopping) {
        refuse_full(x, "stopping", "the server is ending");
    } else if (x->route->work && queue_length(&s->queue) >= s->settings.queue) {
        refuse_full(x, "queue", "too many requests wait");
    } else {
        return check_body(x);
    }
    return false;
}

/* ------------------------------------------------------------------------------- the body */

/* Keeps a part of the body. Returns false when it is too large, or all bodies together are. */
static bool keep_body(exchange *x, const char *data, size_t length)
{
    const settings *s = &x->server->settings;
    if (x->body_bytes + length > (size_t)s->max_body_bytes) {
        x->too_large = true;
        return false;
    }
    if (x->body_bytes + length >= x->body_room) {
        size_t room = x->body_room + x->body_room / 2 + BODY_STEP_BYTES;
        room = room > x->body_bytes + length ? room : x->body_bytes + length + 1;
        const long long more = (long long)(room - x->body_room);
        char *grown = NULL;
        if (atomic_fetch_add(&x->server->bodies_bytes, more) + more <= s->max_bodies_bytes) {
            grown = realloc(x->body, room);
        }
        if (!grown) {
            x->server->bodies_bytes -= more;
            x->over_budget = true;
            return false;
        }
        x->body = grown;
        x->body_room = room;
    }
    memcpy(x->body + x->body_bytes, data, length);
    x->body_bytes += length;
    x->body[x->body_bytes] = '\0';
    return true;
}

static void refuse_body(exchange *x)
{
    if (x->too_large) {
        refuse(x, "too_large", 413, too_large);
    } else {
        refuse_full(x, "memory", over_budget);
    }
}

/* Takes a part of the body. A body that can't be kept is refused at once where that is possible,
 * else dropped and refused at its end. */
static enum MHD_Result take_body(http *h, connection *c, exchange *x, const char *data,
                                 size_t length)
{
    if (x->too_large || x->over_budget || keep_body(x, data, length)) {
        return MHD_YES;
    }
    exchange_drop_body(x);
    if (!connection_refuses(h->connections, c, x->too_large ? 413 : 503,
                            x->too_large ? too_large : over_budget)) {
        return MHD_YES;
    }
    refuse_body(x);
    x->state = EXCHANGE_DONE;
    return MHD_NO;
}

/* ------------------------------------------------------------------------------ the reply */

static enum MHD_Result send_reply(http *h, connection *c, exchange *x)
{
    const settings *s = &x->server->settings;
    char number[32];
    struct MHD_Response *response = NULL;
    x->state = EXCHANGE_DONE;
    if (x->code == 499) { /* nobody is there to read it */
        return MHD_NO;
    }
    response = x->events && c ? events_response(x, h->connections, c)
                              : MHD_create_response_from_buffer(x->reply_bytes, x->reply,
                                                                MHD_RESPMEM_PERSISTENT);
    if (!response) {
        return MHD_NO;
    }
    if (x->type) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, x->type);
    }
    page_add_headers(response, x->type);
    MHD_add_response_header(response, "X-Request-Id", x->id);
    if (s->n_origins > 0) {
        const char *origin = exchange_header(x, "Origin");
        MHD_add_response_header(response, "Vary", "Origin");
        if (is_allowed_origin(s, origin)) {
            MHD_add_response_header(response, "Access-Control-Allow-Origin", origin);
            MHD_add_response_header(response, "Access-Control-Allow-Headers",
                                    "Authorization, Content-Type, Inference-Header-Content-Length");
            MHD_add_response_header(response, "Access-Control-Allow-Methods", "GET, POST, DELETE");
            MHD_add_response_header(response, "Access-Control-Expose-Headers",
                                    "Inference-Header-Content-Length, Retry-After, X-Request-Id");
        }
    }
    if (x->allow) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, x->allow);
    }
    if (x->code == 401) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    }
    if (x->retry_s > 0) {
        snprintf(number, sizeof(number), "%lld", (long long)x->retry_s);
        MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, number);
    }
    if (x->header_bytes > 0) {
        snprintf(number, sizeof(number), "%lld", (long long)x->header_bytes);
        MHD_add_response_header(response, "Inference-Header-Content-Length", number);
    }
    /* After anything unusual, what follows isn't taken for a request. */
    if (x->close || x->code >= 400 || x->server->stopping) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (x->events) { /* proxies are to pass on what comes as it comes */
        MHD_add_response_header(response, "X-Accel-Buffering", "no");
    } else if (c) {
        connection_sends(h->connections, c, x->reply_bytes);
    }
    const enum MHD_Result sent = MHD_queue_response(x->connection, x->code, response);
    MHD_destroy_response(response);
    return sent;
}

/* -------------------------------------------------------------------- libmicrohttpd's calls */

static connection *connection_of(struct MHD_Connection *peer)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(peer, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void on_connection(void *user, struct MHD_Connection *peer, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    http *h = user;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(peer, MHD_CONNECTION_INFO_CONNECTION_FD);
        *context = info ? connections_add(h->connections, info->connect_fd) : NULL;
    } else if (*context) {
        connections_remove(h->connections, *context);
        *context = NULL;
    }
}

/* A request line has come. */
static void *on_line(void *user, const char *uri, struct MHD_Connection *peer)
{
    http *h = user;
    exchange *x = calloc(1, sizeof(*x));
    if (x) {
        connection *c = connection_of(peer);
        *x = (exchange){.server = h->server,
                        .connection = peer,
                        .began_s = clock_s(),
                        .odd = strstr(uri, "%00") != NULL};
        x->deadline_s = x->began_s + h->server->settings.deadline_s;
        id_make(x->id);
        if (c) {
            connection_arrives(h->connections, c, x);
        }
    }
    return x;
}

/* Takes over the client's id for the request, if it is one that a log can hold. */
static void take_id(exchange *x)
{
    const char *given = exchange_header(x, "X-Request-Id");
    const size_t length = given ? strspn(given, "0123456789abcdefghijklmnopqrstuvwxyz"
                                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-")
                                : 0;
    if (length > 0 && length <= REQUEST_ID_MAX && !given[length]) {
        memcpy(x->id, given, length + 1);
    }
}

static enum MHD_Result on_headers(http *h, connection *c, exchange *x, const char *url,
                                  const char *method, const char *version)
{
    x->method = strdup(method);
    x->path = strdup(url);
    if (!x->method || !x->path || !c) {
        return MHD_NO;
    }
    x->state = EXCHANGE_READING;
    take_id(x);
    if (admit(x, url, version)) {
        return MHD_YES;
    }
    if (exchange_header(x, MHD_HTTP_HEADER_CONTENT_LENGTH) ||
        exchange_header(x, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
        connection_lingers(h->connections, c); /* its body isn't read */
    }
    return send_reply(h, c, x);
}

/* The whole request has come. */
static enum MHD_Result on_end(http *h, connection *c, exchange *x)
{
    server *s = x->server;
    if (x->too_large || x->over_budget) {
        refuse_body(x);
    } else if (x->route->instant) {
        x->route->instant(x);
    } else {
        x->state = EXCHANGE_WAITING;
        x->queued_s = clock_s();
        connection_works(h->connections, c, x);
        MHD_suspend_connection(x->connection);
        if (queue_put(&s->queue, x)) {
            return MHD_YES;
        }
        refuse_full(x, "queue", "too many requests wait");
        http_resume(x);
        return MHD_YES;
    }
    return send_reply(h, c, x);
}

static enum MHD_Result on_request(void *user, struct MHD_Connection *peer, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *length_bytes, void **held_exchange)
{
    http *h = user;
    exchange *x = *held_exchange;
    connection *c = connection_of(peer);
    if (!x) {
        return MHD_NO;
    }
    if (x->state == EXCHANGE_BEGUN) {
        return on_headers(h, c, x, url, method, version);
    }
    if (x->state == EXCHANGE_READING && *length_bytes > 0) {
        const size_t length = *length_bytes;
        *length_bytes = 0;
        return take_body(h, c, x, data, length);
    }
    return x->state == EXCHANGE_READING ? on_end(h, c, x) : send_reply(h, c, x);
}

static void on_completed(void *user, struct MHD_Connection *peer, void **held_exchange,
                         enum MHD_RequestTerminationCode how)
{
    http *h = user;
    exchange *x = *held_exchange;
    connection *c = connection_of(peer);
    if (!x) {
        return;
    }
    *held_exchange = NULL;
    if (x->code == 0) {
        /* libmicrohttpd has answered by itself, or nobody has. */
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(peer, MHD_CONNECTION_INFO_HTTP_STATUS);
        x->code = x->late ? 408 : info ? info->http_status : 499;
    }
    if (c) {
        connection_arrives(h->connections, c, NULL);
    }
    access_log(x, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
    if (events_leave(x)) {
        exchange_destroy(x);
    }
}

void http_resume(exchange *x)
{
    MHD_resume_connection(x->connection);
}

/* ------------------------------------------------------------------------------ beginning */

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET6) {
        return IN6_IS_ADDR_LOOPBACK(
            &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
    }
    return address->sa_family == AF_INET &&
           ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == 127;
}

/* A socket's own address. */
static struct sockaddr_storage address_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof(address);
    getsockname(fd, (struct sockaddr *)&address, &length);
    return address;
}

/* Listens at an address of the machine. Returns -1 after an error was said. */
static int listen_at(const settings *s)
{
    struct addrinfo *found = NULL;
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    const int code = getaddrinfo(s->host, s->port, &hints, &found);
    if (code != 0) {
        say_error("--host %s: %s", s->host, gai_strerror(code));
        return -1;
    }
    const int on = 1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const struct sockaddr *address = found->ai_addr;
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        if (bind(fd, address, found->ai_addrlen) != 0 || listen(fd, SOMAXCONN) != 0) {
            close(fd);
            fd = -1;
        }
    }
    if (fd < 0) {
        say_error("%s:%s: can't listen: %s", s->host, s->port, strerror(errno));
    }
    freeaddrinfo(found);
    return fd;
}

/* A connection is an open file, of which a process may have few unless it asks for more. */
static void raise_files(int64_t wanted)
{
    struct rlimit files;
    const rlim_t needed = (rlim_t)wanted + FILES_BESIDE;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= needed) {
        return;
    }
    files.rlim_cur = files.rlim_max < needed ? files.rlim_max : needed;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < needed) {
        say_warning("--max-connections %lld: this process may have %llu files open",
                    (long long)wanted, (unsigned long long)files.rlim_cur);
    }
}

static int port_of(int fd)
{
    const struct sockaddr_storage address = address_of(fd);
    return ntohs(address.ss_family == AF_INET6
                     ? ((const struct sockaddr_in6 *)(const void *)&address)->sin6_port
                     : ((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

/* A small file as text; NULL after an error was said. */
static char *read_text(const char *path)
{
    char *text = NULL;
    FILE *file = fopen(path, "r");
    if (file) {
        text = calloc(1, FILE_MAX + 1);
        if (text && fread(text, 1, FILE_MAX, file) == 0) {
            errno = EINVAL;
            free(text);
            text = NULL;
        }
        fclose(file);
    }
    if (!text) {
        say_error("%s: can't be read: %s", path, strerror(errno));
    }
    return text;
}

static bool start(http *h)
{
    const settings *s = &h->server->settings;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, h->cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, h->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3"},
        {MHD_OPTION_END, 0, NULL}};
    if (!h->cert) {
        tls[0] = tls[3];
    }
    const unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | (h->cert ? MHD_USE_TLS : 0);
    h->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, h, MHD_OPTION_LISTEN_SOCKET, h->socket,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, MHD_OPTION_URI_LOG_CALLBACK, on_line, h,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, h, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)s->max_connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_BYTES_MAX,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, tls, MHD_OPTION_END);
    if (!h->daemon) {
        say_error("the server doesn't start%s",
                  h->cert ? ": is the certificate one, and the key its own?" : "");
    }
    return h->daemon != NULL;
}

http *http_begin(server *s)
{
    http *h = calloc(1, sizeof(*h));
    if (!h) {
        return NULL;
    }
    h->server = s;
    h->socket = -1;
    bool good = true;
    if (s->settings.tls_cert) {
        h->cert = read_text(s->settings.tls_cert);
        h->key = h->cert ? read_text(s->settings.tls_key) : NULL;
        good = h->key != NULL;
    }
    h->socket = good ? notify_socket() : -1;
    if (good && h->socket < 0) {
        h->socket = listen_at(&s->settings);
    }
    if (h->socket >= 0) {
        const struct sockaddr_storage address = address_of(h->socket);
        s->loopback = is_loopback((const struct sockaddr *)&address);
        raise_files(s->settings.max_connections);
        h->port = port_of(h->socket);
        h->connections = connections_begin(s, h->cert != NULL);
        good = h->connections && start(h);
    }
    if (h->socket < 0 || !good) {
        http_end(h);
        return NULL;
    }
    return h;
}

int http_port(const http *h)
{
    return h->port;
}

void http_quiesce(http *h)
{
    const MHD_socket fd = MHD_quiesce_daemon(h->daemon);
    if (fd != MHD_INVALID_SOCKET) {
        close(fd);
        h->socket = -1;
    }
}

bool http_drain(http *h, double seconds)
{
    enum { GLANCE_MS = 10 };
    const double until = clock_s() + seconds;
    int64_t busy;
    while ((busy = connections_busy(h->connections)) > 0 && clock_s() < until) {
        poll(NULL, 0, GLANCE_MS);
    }
    return busy == 0;
}

void http_give_up(http *h)
{
    connections_give_up(h->connections);
}

void http_end(http *h)
{
    if (!h) {
        return;
    }
    if (h->daemon) {
        MHD_stop_daemon(h->daemon);
    } else if (h->socket >= 0) {
        close(h->socket);
    }
    if (h->connections) {
        connections_end(h->connections);
    }
    free(h->cert);
    free(h->key);
    free(h);
}
