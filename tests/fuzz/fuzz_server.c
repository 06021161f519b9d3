/* A request to the server, as far as it is read by us: the path, the query, the headers that we look at, and the body
 * as JSON, base64, pictures and tensors. libmicrohttpd is not here; its calls are answered from the input:
 *
 *     METHOD PATH[?QUERY]
 *     NAME: VALUE
 *
 *     BODY
 */
#include <microhttpd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tyto/engine.h>

#include "events.h"
#include "fuzz.h"
#include "own.h"
#include "queries.h"
#include "routes.h"

enum { FIELDS_MAX = 32 };

/* There only when memory is counted. */
void fuzz_memory_begin(void) __attribute__((weak));

typedef struct field {
    const char *name, *value;
} field;

/* What the request has; one is under way at a time. */
static struct {
    field headers[FIELDS_MAX], arguments[FIELDS_MAX];
    int n_headers, n_arguments;
} asked;

/* ------------------------------------------------------------------- in libmicrohttpd's place */

const char *MHD_lookup_connection_value(struct MHD_Connection *peer, enum MHD_ValueKind kind,
                                        const char *key)
{
    (void)peer, (void)kind;
    for (int i = 0; i < asked.n_headers; i++) {
        if (strcasecmp(asked.headers[i].name, key) == 0) {
            return asked.headers[i].value;
        }
    }
    return NULL;
}

int MHD_get_connection_values(struct MHD_Connection *peer, enum MHD_ValueKind kind,
                              MHD_KeyValueIterator take, void *user)
{
    (void)peer;
    for (int i = 0; i < asked.n_arguments; i++) {
        if (take(user, kind, asked.arguments[i].name, asked.arguments[i].value) == MHD_NO) {
            break;
        }
    }
    return asked.n_arguments;
}

const union MHD_ConnectionInfo *MHD_get_connection_info(struct MHD_Connection *peer,
                                                        enum MHD_ConnectionInfoType type, ...)
{
    (void)peer, (void)type;
    return NULL;
}

bool events_begin(exchange *x)
{
    reply_bytes(x, 200, "text/event-stream", NULL, 0);
    return true;
}

bool events_send(exchange *x, const char *name, const char *data, size_t length_bytes)
{
    (void)x, (void)name, (void)data, (void)length_bytes;
    return true;
}

/* ------------------------------------------------------------------------------ the server */

static server all;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static bool done;

static void answer(worker *w, exchange *x)
{
    x->route->work(x, w);
    pthread_mutex_lock(&lock);
    done = true;
    pthread_cond_signal(&answered);
    pthread_mutex_unlock(&lock);
}

static void begin(void)
{
    tyto_engine *engine = NULL;
    char folder[4096];
    const char *data = getenv("TYTO_TEST_DATA");
    all.settings = (settings){.max_body_bytes = 1 << 20,
                              .max_bodies_bytes = 4 << 20,
                              .max_pixels = 1000000,
                              .queue = 1,
                              .workers = 1,
                              .keep_s = 3600.0,
                              .deadline_s = 60.0,
                              .log = LOG_NONE};
    snprintf(folder, sizeof(folder), "%s/../models/tyto-small", data ? data : "tests");
    if (tyto_engine_create(NULL, &engine, NULL) != TYTO_OK) {
        abort();
    }
    models_begin(&all.models, engine, 1);
    metrics_begin(&all.metrics);
    store_begin(&all.photos, 1 << 20, 3600.0, own_destroy_photo);
    store_begin(&all.vocabularies, 1 << 20, 3600.0, queries_destroy);
    if (models_add(&all.models, "m", folder, NULL) != TYTO_OK ||
        !queue_begin(&all.queue, 1, 1, answer)) {
        abort();
    }
}

/* ------------------------------------------------------------------------------- the input */

/* Cuts a line off; NULL when there is none. */
static char *line_of(char **text)
{
    char *line = *text, *end = strchr(line, '\n');
    if (!end) {
        return NULL;
    }
    *end = '\0';
    *text = end + 1;
    return line;
}

static void read_arguments(char *query)
{
    for (char *part; query && asked.n_arguments < FIELDS_MAX && (part = strsep(&query, "&"));) {
        char *value = strchr(part, '=');
        if (value) {
            *value++ = '\0';
        }
        asked.arguments[asked.n_arguments++] = (field){part, value};
    }
}

/* Reads what is before the body, which it returns; NULL when it isn't a request. */
static char *read_head(char *text, exchange *x)
{
    char *line = line_of(&text);
    x->method = line ? strsep(&line, " ") : NULL;
    x->path = line ? strsep(&line, "?") : NULL;
    if (!x->path || x->path[0] != '/') {
        return NULL;
    }
    read_arguments(line);
    while ((line = line_of(&text)) && *line) {
        char *value = strstr(line, ": ");
        if (!value || asked.n_headers == FIELDS_MAX) {
            return NULL;
        }
        *value = '\0';
        asked.headers[asked.n_headers++] = (field){line, value + 2};
    }
    return line ? text : NULL;
}

/* Whatever is answered is a whole answer. */
static void check(const exchange *x)
{
    if (x->code < 200 || x->code > 599 || x->code == 500 || (x->reply_bytes > 0 && !x->reply)) {
        __builtin_trap();
    }
    if (x->type && strcmp(x->type, "application/json") == 0 && x->code >= 400) {
        json_t *value = json_loadb(x->reply, x->reply_bytes, 0, NULL);
        if (!json_is_string(json_object_get(value, "error"))) {
            __builtin_trap();
        }
        json_decref(value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool began;
    if (!began) {
        begin();
        began = true;
        if (fuzz_memory_begin) {
            fuzz_memory_begin();
        }
    }
    char *text = malloc(size + 1);
    if (!text) {
        return 0;
    }
    memcpy(text, data, size);
    text[size] = '\0';
    memset(&asked, 0, sizeof(asked));
    const char *allow = NULL;
    exchange x = {.server = &all, .began_s = clock_s(), .state = EXCHANGE_WAITING};
    x.deadline_s = x.began_s + all.settings.deadline_s;
    x.queued_s = x.began_s;
    char *body = read_head(text, &x);
    x.route = body ? route_find(&x, &allow) : NULL;
    if (x.route && !x.route->loads) {
        x.body_bytes = size - (size_t)(body - text);
        /* As the server keeps it: with a NUL behind it, and none when there is no body. */
        x.body = x.body_bytes > 0 ? malloc(x.body_bytes + 1) : NULL;
        if (x.body) {
            memcpy(x.body, body, x.body_bytes);
            x.body[x.body_bytes] = '\0';
        }
        if (x.route->instant) {
            x.route->instant(&x);
        } else {
            done = false;
            if (!queue_put(&all.queue, &x)) {
                __builtin_trap();
            }
            pthread_mutex_lock(&lock);
            while (!done) {
                pthread_cond_wait(&answered, &lock);
            }
            pthread_mutex_unlock(&lock);
        }
        check(&x);
    }
    for (int i = 0; i < CAPTURES_MAX; i++) {
        free(x.captures[i]);
    }
    free(x.body);
    free(x.reply);
    free(x.note);
    free(x.model);
    free(text);
    return 0;
}
