/* Photos per second of several sessions at once, against one session: how far sessions with threads
 * of their own get without waiting for another.
 *
 *   bench_sessions [-m MODEL] [-n SESSIONS] [-t THREADS] [-s SECONDS] [-r ROUNDS] [-p PRECISION]
 *
 * Each session runs forwards of the same photo's pixels and two ready queries. One session and all
 * of them take turns, round by round; the best round of either counts. Nothing else should run on
 * the machine meanwhile. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tyto/tyto.h>

#define SESSIONS_MAX 256
#define QUERIES 2

typedef struct arguments {
    const char *model;
    long sessions, threads, rounds;
    double seconds;
    tyto_precision precision;
} arguments;

/* What all sessions run. */
typedef struct work {
    tyto_tensor inputs[2];
    atomic_bool over;
} work;

/* One session and the thread that it belongs to. */
typedef struct server {
    const tyto_model *model;
    work *runs;
    tyto_session *session;
    pthread_t thread;
    long photos;
    double seconds; /* until its last photo was done */
    bool failed;
} server;

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool say(const tyto_error *err)
{
    fprintf(stderr, "bench_sessions: %s\n", tyto_error_message(err));
    return false;
}

static bool run_photo(server *own)
{
    static const char *const wanted[] = {"logits", "objectness_logits", "pred_boxes"};
    const tyto_tensor *outputs;
    int64_t n_outputs;
    tyto_error err = TYTO_ERROR_INIT;
    const bool done = tyto_forward(own->session, NULL, own->runs->inputs, 2, wanted, 3, &outputs,
                                   &n_outputs, &err) == TYTO_OK ||
                      say(&err);
    tyto_error_clear(&err);
    return done;
}

static void *serve(void *argument)
{
    server *own = argument;
    const double began = seconds_now();
    own->photos = 0;
    while (!own->failed && !atomic_load(&own->runs->over)) {
        own->failed = !run_photo(own);
        own->photos += !own->failed;
    }
    own->seconds = seconds_now() - began;
    return NULL;
}

/* Photos per second of the first `count` servers for some seconds; 0 when one fails. */
static double measure(server *servers, long count, double seconds)
{
    long started = 0;
    double rate = 0.0;
    bool good = true;
    atomic_store(&servers[0].runs->over, false);
    while (good && started < count) {
        good = pthread_create(&servers[started].thread, NULL, serve, &servers[started]) == 0;
        started += good;
    }
    const struct timespec pause = {(time_t)seconds,
                                   (long)(1e9 * (seconds - (double)(time_t)seconds))};
    nanosleep(&pause, NULL);
    atomic_store(&servers[0].runs->over, true);
    for (long i = 0; i < started; i++) {
        pthread_join(servers[i].thread, NULL);
        good = good && !servers[i].failed;
        rate += (double)servers[i].photos / servers[i].seconds;
    }
    return good ? rate : 0.0;
}

/* Seeded values in -1 … 1. */
static float *seeded(size_t count)
{
    float *values = malloc(count * sizeof(*values));
    uint32_t seed = 1;
    for (size_t i = 0; values && i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 8) * 0x1p-23f - 1.0f;
    }
    return values;
}

/* Pixels as large as the model's processor makes a photo, and queries as wide as it compares. */
static bool make_work(const tyto_model *model, work *out)
{
    int64_t shape[3];
    const int64_t width = tyto_model_query_width(model);
    tyto_image_processor_shape(tyto_model_image_processor(model), 640, 480, shape);
    float *pixels = seeded((size_t)(shape[0] * shape[1] * shape[2]));
    float *queries = seeded((size_t)(QUERIES * width));
    if (!pixels || !queries || width == 0 || shape[0] == 0) {
        fprintf(stderr, "bench_sessions: required a model that looks for queries in photos\n");
        free(pixels);
        free(queries);
        return false;
    }
    out->inputs[0] = (tyto_tensor){.name = "pixel_values",
                                   .dtype = TYTO_F32,
                                   .rank = 4,
                                   .shape = {1, shape[0], shape[1], shape[2]},
                                   .data = pixels};
    out->inputs[1] = (tyto_tensor){.name = "text_embeds",
                                   .dtype = TYTO_F32,
                                   .rank = 2,
                                   .shape = {QUERIES, width},
                                   .data = queries};
    return true;
}

static bool open_sessions(const arguments *args, const tyto_model *model, work *runs,
                          server *servers)
{
    tyto_session_options options;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session_options_init(&options, sizeof(options));
    options.threads = args->threads;
    for (long i = 0; i < args->sessions; i++) {
        servers[i] = (server){.model = model, .runs = runs};
        if (tyto_session_create(model, &options, &servers[i].session, &err) != TYTO_OK) {
            say(&err);
            tyto_error_clear(&err);
            return false;
        }
        /* The first run takes its memory. */
        if (!run_photo(&servers[i])) {
            return false;
        }
    }
    return true;
}

static bool compare(const arguments *args, server *servers)
{
    double one = 0.0, all = 0.0;
    for (long round = 0; round < args->rounds; round++) {
        const double alone = measure(servers, 1, args->seconds);
        const double together = measure(servers, args->sessions, args->seconds);
        if (alone == 0.0 || together == 0.0) {
            return false;
        }
        one = alone > one ? alone : one;
        all = together > all ? together : all;
        printf("round %ld: one session %.3f, %ld sessions %.3f photos/s\n", round + 1, alone,
               args->sessions, together);
    }
    printf("best: 1 session of %ld threads %.3f, %ld sessions of %ld threads %.3f photos/s: %.2f "
           "times\n",
           args->threads, one, args->sessions, args->threads, all, all / one);
    return true;
}

static bool run(const arguments *args)
{
    static server servers[SESSIONS_MAX];
    static work runs;
    tyto_engine_options options;
    tyto_engine *engine = NULL;
    tyto_model *model = NULL;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine_options_init(&options, sizeof(options));
    options.precision = args->precision;
    bool good = (tyto_engine_create(&options, &engine, &err) == TYTO_OK &&
                 tyto_checkpoint_open(engine, args->model, NULL, NULL, &model, &err) == TYTO_OK) ||
                say(&err);
    if (good) {
        printf("%s, %s, %s\n", tyto_model_head(model), tyto_engine_isa(engine),
               tyto_precision_name(tyto_model_precision(model)));
    }
    good = good && make_work(model, &runs) && open_sessions(args, model, &runs, servers) &&
           compare(args, servers);
    for (long i = 0; i < SESSIONS_MAX; i++) {
        tyto_session_destroy(servers[i].session);
    }
    free(runs.inputs[0].data);
    free(runs.inputs[1].data);
    tyto_model_destroy(model);
    tyto_engine_destroy(engine);
    tyto_error_clear(&err);
    return good;
}

static bool read_precision(const char *text, tyto_precision *out)
{
    for (int i = 0; i <= TYTO_PRECISION_DEFAULT; i++) {
        if (strcmp(text, tyto_precision_name((tyto_precision)i)) == 0) {
            *out = (tyto_precision)i;
            return true;
        }
    }
    return false;
}

int main(int argc, char **argv)
{
    arguments args = {.sessions = 2,
                      .threads = 1,
                      .rounds = 5,
                      .seconds = 5.0,
                      .precision = TYTO_PRECISION_DEFAULT};
    bool good = true;
    for (int option; good && (option = getopt(argc, argv, "m:n:t:s:r:p:")) != -1;) {
        switch (option) {
        case 'm':
            args.model = optarg;
            break;
        case 'n':
            args.sessions = strtol(optarg, NULL, 10);
            break;
        case 't':
            args.threads = strtol(optarg, NULL, 10);
            break;
        case 's':
            args.seconds = strtod(optarg, NULL);
            break;
        case 'r':
            args.rounds = strtol(optarg, NULL, 10);
            break;
        case 'p':
            good = read_precision(optarg, &args.precision);
            break;
        default:
            good = false;
        }
    }
    if (!good || optind < argc || args.sessions < 1 || args.sessions > SESSIONS_MAX ||
        args.threads < 1 || args.rounds < 1 || !(args.seconds > 0.0 && args.seconds < 3600.0)) {
        fprintf(stderr, "bench_sessions [-m MODEL] [-n SESSIONS] [-t THREADS] [-s SECONDS] "
                        "[-r ROUNDS] [-p PRECISION]\n");
        return 2;
    }
    return run(&args) ? 0 : 1;
}
