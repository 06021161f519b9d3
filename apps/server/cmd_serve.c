/* tyto serve: the models over HTTP, and a page. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <tyto/checkpoint.h>
#include <tyto/memory.h>
#include <unistd.h>

#include "commands.h"
#include "events.h"
#include "http.h"
#include "messages.h"
#include "model.h"
#include "notify.h"
#include "own.h"
#include "queries.h"
#include "routes.h"
#include "signals.h"

/* How often the main thread looks whether it is to end. */
enum { GLANCE_MS = 100, KEY_MAX = 4096 };
#define MEGABYTE (1024.0 * 1024.0)
/* At the end: how long work takes at most to notice that it is given up, and replies to go out. */
#define GIVING_UP_S 3600.0
#define LAST_REPLIES_S 1.0

typedef struct serve_args {
    common_args common;
    text_list models, origins;
    const char *host, *tls_cert, *tls_key, *api_key, *api_key_file;
    int64_t port, workers, queue, max_connections, max_body_mb, max_pixels_mp, photos_mb,
        vocabularies_mb;
    double timeout_s, deadline_s, grace_s, keep_s;
    int log;
    bool allow_load;
} serve_args;

/* What a person can open. */
static void say_where(const server *s, int port)
{
    const bool any =
        strcmp(s->settings.host, "0.0.0.0") == 0 || strcmp(s->settings.host, "::") == 0;
    const bool six = strchr(s->settings.host, ':') != NULL && !any;
    printf("serving at http%s://%s%s%s:%d/\n", s->settings.tls_cert ? "s" : "", six ? "[" : "",
           any ? "localhost" : s->settings.host, six ? "]" : "", port);
    fflush(stdout);
}

/* The last part of a path or id, without a revision. */
static char *name_of(const char *model)
{
    const size_t length = strcspn(model, "@");
    size_t end = length;
    while (end > 1 && model[end - 1] == '/') {
        end--;
    }
    size_t start = end;
    while (start > 0 && model[start - 1] != '/') {
        start--;
    }
    return strndup(model + start, end - start);
}

/* Opens [NAME=]MODEL. */
static bool add_model(server *s, const common_args *common, const char *given)
{
    tyto_error err = TYTO_ERROR_INIT;
    common_args args = *common;
    const char *equals = given ? strchr(given, '=') : NULL;
    const bool named = equals && equals > given && !memchr(given, '/', (size_t)(equals - given));
    args.model = named ? equals + 1 : given;
    char *folder = model_folder(&args);
    if (!folder) {
        return false;
    }
    char *name = named ? strndup(given, (size_t)(equals - given))
                       : name_of(args.model ? args.model : folder);
    bool good = name && *name;
    if (good) {
        const tyto_status status = models_add(&s->models, name, folder, &err);
        good = status == TYTO_OK;
        if (status == TYTO_E_EXISTS) {
            say_error("-m: two models are called %s; name one with -m NAME=MODEL", name);
        } else {
            went_well(status, &err);
        }
    }
    free(name);
    tyto_free(folder);
    return good;
}

static bool add_models(server *s, const serve_args *args)
{
    bool good = true;
    if (args->models.count == 0) {
        return add_model(s, &args->common, NULL);
    }
    for (size_t i = 0; i < args->models.count && good && !interrupted(); i++) {
        good = add_model(s, &args->common, args->models.items[i]);
    }
    return good;
}

/* Whether a header can hold it. */
static bool is_key(const char *text)
{
    size_t length = 0;
    while (text[length] > ' ' && text[length] < 0x7f) {
        length++;
    }
    return length > 0 && length <= KEY_MAX && !text[length];
}

/* The first line of a file that holds the key; NULL after an error was said. */
static char *read_key(const char *path)
{
    char *line = calloc(1, KEY_MAX + 2);
    FILE *file = fopen(path, "r");
    bool good = line && file && fgets(line, KEY_MAX + 2, file);
    if (file) {
        fclose(file);
    }
    if (good) {
        line[strcspn(line, "\r\n")] = '\0';
        good = is_key(line);
    }
    if (!good) {
        say_error("--api-key-file %s: required a file whose first line is the key, of %d visible "
                  "characters at most",
                  path, KEY_MAX);
        free(line);
        line = NULL;
    }
    return line;
}

/* Warnings of requests are said only when verbose: clients could fill the log with them. */
static void log_message(void *user, tyto_log_level level, const char *message)
{
    const server *s = user;
    if (level == TYTO_LOG_LEVEL_WARNING && s->serving) {
        say_info("%s", message);
    } else {
        say_log(NULL, level, message);
    }
}

static void answer(worker *w, exchange *x)
{
    if (!x->left) {
        x->route->work(x, w);
    } else {
        reply_error(x, 499, "the client has left");
    }
    if (!events_end(x)) {
        http_resume(x);
    }
}

/* As process 1 it inherits the children of others; nobody else reaps them. */
static void let_children_end(void)
{
    signal(SIGCHLD, SIG_IGN);
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

/* Serves until the process is told to end. Whether it ended well. */
static bool serve(server *s)
{
    http *h = http_begin(s);
    if (!h) {
        return false;
    }
    let_children_end();
    s->serving = true;
    say_where(s, http_port(h));
    notify("READY=1");
    while (!interrupted()) {
        poll(NULL, 0, GLANCE_MS);
    }
    notify("STOPPING=1");
    s->stopping = true;
    http_quiesce(h);
    if (!http_drain(h, s->settings.grace_s)) {
        say_warning("what wasn't done after %g s is given up", s->settings.grace_s);
    }
    /* From here no request comes to wait: libmicrohttpd can't end with one. */
    queue_close(&s->queue);
    http_give_up(h);
    queue_drain(&s->queue, GIVING_UP_S);
    http_drain(h, LAST_REPLIES_S);
    http_end(h);
    return true;
}

static int run(void *given)
{
    serve_args *args = given;
    char port[16];
    char *key = NULL;
    static server s;
    if (args->api_key_file && !(key = read_key(args->api_key_file))) {
        return EXIT_USAGE;
    }
    if (args->api_key && !is_key(args->api_key)) {
        say_error("--api-key: required %d visible characters at most", KEY_MAX);
        free(key);
        return EXIT_USAGE;
    }
    if (!args->tls_cert != !args->tls_key) {
        say_error("--tls-cert and --tls-key: required both");
        free(key);
        return EXIT_USAGE;
    }
    snprintf(port, sizeof(port), "%lld", (long long)args->port);
    const int64_t body = (int64_t)((double)args->max_body_mb * MEGABYTE);
    s.settings =
        (settings){.host = args->host,
                   .port = port,
                   .tls_cert = args->tls_cert,
                   .tls_key = args->tls_key,
                   .api_key = key ? key : args->api_key,
                   .origins = (const char *const *)args->origins.items,
                   .n_origins = (int64_t)args->origins.count,
                   .max_body_bytes = body,
                   .max_bodies_bytes = 4 * body,
                   .max_pixels = args->max_pixels_mp * 1000000,
                   .max_connections = args->max_connections,
                   .queue = args->queue,
                   .workers = args->workers,
                   .photos_bytes = (int64_t)((double)args->photos_mb * MEGABYTE),
                   .vocabularies_bytes = (int64_t)((double)args->vocabularies_mb * MEGABYTE),
                   .keep_s = args->keep_s,
                   .timeout_s = args->timeout_s,
                   .deadline_s = args->deadline_s,
                   .grace_s = args->grace_s,
                   .allow_load = args->allow_load,
                   .verbose = args->common.verbose,
                   .log = args->common.quiet ? LOG_NONE : (log_format)args->log};
    s.began_s = clock_s();
    tyto_engine *engine = engine_open_logging(&args->common, log_message, &s);
    if (!engine) {
        free(key);
        return EXIT_FAILED;
    }
    models_begin(&s.models, engine, args->workers);
    metrics_begin(&s.metrics);
    store_begin(&s.photos, s.settings.photos_bytes, s.settings.keep_s, own_destroy_photo);
    store_begin(&s.vocabularies, s.settings.vocabularies_bytes, s.settings.keep_s, queries_destroy);
    bool good = add_models(&s, args);
    if (good && !interrupted()) {
        good = queue_begin(&s.queue, args->queue, args->workers, answer);
        if (!good) {
            say_error("out of memory");
        } else {
            good = serve(&s);
            queue_end(&s.queue);
        }
    }
    store_end(&s.photos);
    store_end(&s.vocabularies);
    metrics_end(&s.metrics);
    models_end(&s.models);
    tyto_engine_destroy(engine);
    free(key);
    return good ? EXIT_SERVED : EXIT_FAILED;
}

#define AT(field) offsetof(serve_args, field)
static const option options[] = {
    {"model", 'm', OPTION_TEXTS, "[NAME=]MODEL",
     "a model to serve, again for each; NAME (default: the last part of MODEL) is how requests "
     "name it, and the first "
     "is what they mean without one",
     AT(models), .files = COMPLETES_FOLDERS},
    {"host", 0, OPTION_TEXT, "ADDRESS",
     "listen at this address (default: 127.0.0.1, this machine alone)", AT(host)},
    {"port", 'p', OPTION_INTEGER, "N", "listen at this port; 0: any that is free (default: 8080)",
     AT(port), 0, 65535},
    {"api-key-file", 0, OPTION_TEXT, "FILE",
     "who asks must send the key that is this file's first line", AT(api_key_file),
     .files = COMPLETES_FILES},
    {"api-key", 0, OPTION_TEXT, "KEY", "the same; others on this machine can see it", AT(api_key)},
    {"cors-origins", 0, OPTION_TEXTS, "ORIGIN",
     "let pages of this place ask, such as https://example.org; again for each", AT(origins)},
    {"tls-cert", 0, OPTION_TEXT, "FILE", "serve by TLS with this certificate (PEM)", AT(tls_cert),
     .files = COMPLETES_FILES},
    {"tls-key", 0, OPTION_TEXT, "FILE", "and this key", AT(tls_key), .files = COMPLETES_FILES},
    {"workers", 0, OPTION_INTEGER, "N",
     "requests that are computed at once, each by --threads threads (default: 1)", AT(workers), 1,
     256},
    {"queue", 0, OPTION_INTEGER, "N",
     "requests that may wait; more are refused with 503 (default: 64)", AT(queue), 1, 100000},
    {"max-connections", 0, OPTION_INTEGER, "N", "connections at once (default: 1024)",
     AT(max_connections), 1, 100000},
    {"max-body", 0, OPTION_INTEGER, "MB", "the largest request (default: 32)", AT(max_body_mb), 1,
     1024},
    {"max-pixels", 0, OPTION_INTEGER, "MEGAPIXELS", "the largest picture (default: 50)",
     AT(max_pixels_mp), 1, 256},
    {"photos", 0, OPTION_INTEGER, "MB", "memory for photos that are held (default: 512)",
     AT(photos_mb), 0, 1 << 20},
    {"vocabularies", 0, OPTION_INTEGER, "MB", "memory for vocabularies that are held (default: 64)",
     AT(vocabularies_mb), 0, 1 << 20},
    {"keep", 0, OPTION_REAL, "SECONDS", "drop what nobody has used for so long (default: 3600)",
     AT(keep_s), 1, 1e9},
    {"timeout", 0, OPTION_REAL, "SECONDS",
     "a request must have come within it, and an idle connection ends (default: 30)", AT(timeout_s),
     0.1, 1e6},
    {"deadline", 0, OPTION_REAL, "SECONDS",
     "a request that isn't answered within it is given up (default: 300)", AT(deadline_s), 0.1,
     1e6},
    {"grace", 0, OPTION_REAL, "SECONDS",
     "at the end, wait so long for what was accepted (default: 30)", AT(grace_s), 0, 1e6},
    {"allow-load", 0, OPTION_FLAG, NULL, "let requests open and close models", AT(allow_load)},
    {"log", 0, OPTION_CHOICE, "common|json|none",
     "a line for each request on standard output (default: common)", AT(log)},
    {0},
};

static const example examples[] = {
    {"tyto serve -m google/owlv2-base-patch16-ensemble",
     "open http://localhost:8080/ in a browser"},
    {"tyto serve", "the same with the model that comes with tyto, which knows drawings"},
    {"tyto serve -m cats=runs/cats -m google/owlv2-base-patch16-ensemble --workers 2 --threads 2",
     "two models, and two requests at once"},
    {"tyto serve --host 0.0.0.0 --port 8443 --tls-cert cert.pem --tls-key key.pem --api-key-file "
     "key",
     "for other machines, by TLS and with a key"},
    {"curl -s localhost:8080/v1/detect -H 'Content-Type: application/json' -d @request.json",
     "what is in a photo, as tyto detect --format json has it"},
    {0},
};

static const serve_args defaults = {.host = "127.0.0.1",
                                    .port = 8080,
                                    .workers = 1,
                                    .queue = 64,
                                    .max_connections = 1024,
                                    .max_body_mb = 32,
                                    .max_pixels_mp = 50,
                                    .photos_mb = 512,
                                    .vocabularies_mb = 64,
                                    .keep_s = 3600.0,
                                    .timeout_s = 30.0,
                                    .deadline_s = 300.0,
                                    .grace_s = 30.0};

const command cmd_serve = {
    .name = "serve",
    .summary = "answer requests over HTTP, and show a page",
    .synopsis = "[-m [NAME=]MODEL]... [option...]",
    .description =
        "Serves models until it is interrupted: to programs by the Open Inference Protocol and by "
        "routes of its own, "
        "and to a person by a page. docs/server.md lists the routes with examples, and SECURITY.md "
        "what is promised.\n"
        "\n"
        "A photo that was sent once is held, so that other labels cost next to nothing; nothing is "
        "kept on disk. "
        "SIGTERM and Ctrl-C end it once what was accepted is answered, and it exits with 0.",
    .options = options,
    .examples = examples,
    .args_bytes = sizeof(serve_args),
    .defaults = &defaults,
    .run = run,
};
