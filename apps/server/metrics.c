#include "metrics.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "server.h"

/* Upper ends of a histogram's buckets; that of all is added. */
static const double seconds_ends[] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1,  0.25,
                                      0.5,   1.0,   2.5,  5.0,   10.0, 30.0, 60.0};
static const double count_ends[] = {1, 2, 4, 8, 16, 32, 64, 128};
enum { ENDS_MAX = sizeof(seconds_ends) / sizeof(*seconds_ends), SERIES_MAX = 4096 };

typedef struct series {
    family family;
    char *labels; /* name="value",… */
    double sum;   /* of a histogram, or the count of a counter */
    uint64_t count, buckets[ENDS_MAX];
} series;

static const struct {
    const char *name, *help;
    const double *ends; /* NULL: a counter */
    size_t n_ends;
} families[METRIC_FAMILIES] = {
    [METRIC_REQUESTS] = {"tyto_requests_total", "Requests that were answered.", NULL, 0},
    [METRIC_REJECTED] = {"tyto_rejected_total", "Requests that were refused before any work.", NULL,
                         0},
    [METRIC_PHOTO_HITS] = {"tyto_photo_cache_hits_total", "Photos that were held.", NULL, 0},
    [METRIC_PHOTO_MISSES] = {"tyto_photo_cache_misses_total", "Photos that weren't held.", NULL, 0},
    [METRIC_VOCABULARY_HITS] = {"tyto_vocabulary_cache_hits_total", "Vocabularies that were held.",
                                NULL, 0},
    [METRIC_VOCABULARY_MISSES] = {"tyto_vocabulary_cache_misses_total",
                                  "Vocabularies that weren't held.", NULL, 0},
    [METRIC_REQUEST_S] = {"tyto_request_duration_seconds",
                          "From a request's first byte to its reply.", seconds_ends, ENDS_MAX},
    [METRIC_QUEUE_S] = {"tyto_queue_duration_seconds", "How long requests waited for a worker.",
                        seconds_ends, ENDS_MAX},
    [METRIC_STAGE_S] = {"tyto_stage_duration_seconds", "How long the parts of a request took.",
                        seconds_ends, ENDS_MAX},
    [METRIC_BATCH] = {"tyto_batch_size", "Inputs of a request.", count_ends,
                      sizeof(count_ends) / sizeof(*count_ends)},
};

void metrics_begin(metrics *m)
{
    *m = (metrics){0};
    pthread_mutex_init(&m->lock, NULL);
}

void metrics_end(metrics *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free(m->series[i].labels);
    }
    free(m->series);
    pthread_mutex_destroy(&m->lock);
}

/* name="value",…: with what the format escapes escaped. NULL when memory is out. */
static char *written(const char *const *labels)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    if (!out) {
        return NULL;
    }
    const char *between = "";
    for (; labels && labels[0]; labels += 2) {
        if (!labels[1]) {
            continue;
        }
        fprintf(out, "%s%s=\"", between, labels[0]);
        for (const char *c = labels[1]; *c; c++) {
            *c == '\n'                ? fputs("\\n", out)
            : *c == '"' || *c == '\\' ? fprintf(out, "\\%c", *c)
                                      : putc(*c, out);
        }
        putc('"', out);
        between = ",";
    }
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* The series of a family with these labels, which it takes over; a new one where there is none. */
static series *find(metrics *m, family f, char *labels)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->series[i].family == f && strcmp(m->series[i].labels, labels) == 0) {
            free(labels);
            return &m->series[i];
        }
    }
    if (m->count == m->room && m->room < SERIES_MAX) {
        const size_t room = m->room ? 2 * m->room : 64;
        series *grown = realloc(m->series, room * sizeof(*grown));
        m->series = grown ? grown : m->series;
        m->room = grown ? room : m->room;
    }
    if (m->count == m->room) {
        free(labels);
        return NULL;
    }
    m->series[m->count] = (series){.family = f, .labels = labels};
    return &m->series[m->count++];
}

void metrics_add(metrics *m, family f, double value, const char *const *labels)
{
    char *text = written(labels);
    if (!text) {
        return;
    }
    pthread_mutex_lock(&m->lock);
    series *s = find(m, f, text);
    if (s) {
        s->sum += families[f].ends ? value : 1.0;
        s->count++;
        for (size_t i = 0; i < families[f].n_ends; i++) {
            s->buckets[i] += value <= families[f].ends[i];
        }
    }
    pthread_mutex_unlock(&m->lock);
}

static void write_series(FILE *out, const series *s)
{
    const char *name = families[s->family].name;
    const char *open = *s->labels ? "{" : "", *end = *s->labels ? "}" : "",
               *comma = *s->labels ? "," : "";
    if (!families[s->family].ends) {
        fprintf(out, "%s%s%s%s %.17g\n", name, open, s->labels, end, s->sum);
        return;
    }
    for (size_t i = 0; i < families[s->family].n_ends; i++) {
        fprintf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", name, s->labels, comma,
                families[s->family].ends[i], (unsigned long long)s->buckets[i]);
    }
    fprintf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", name, s->labels, comma,
            (unsigned long long)s->count);
    fprintf(out, "%s_sum%s%s%s %.17g\n", name, open, s->labels, end, s->sum);
    fprintf(out, "%s_count%s%s%s %llu\n", name, open, s->labels, end, (unsigned long long)s->count);
}

static void gauge(FILE *out, const char *name, const char *help, double value)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s gauge\n%s %.17g\n", name, help, name, name, value);
}

/* Files that this process has open. */
static int64_t count_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t count = -3; /* itself, and the folder's . and .. */
    while (folder && readdir(folder)) {
        count++;
    }
    if (folder) {
        closedir(folder);
    }
    return count > 0 ? count : 0;
}

/* A line of seven numbers. */
enum { STATM_BYTES = 256 };

/* What Prometheus' own clients tell of a process. */
static void write_process(FILE *out, double began_s)
{
    struct rusage usage;
    struct rlimit files;
    struct timespec now;
    long reserved = 0, pages = 0;
    char line[STATM_BYTES], *end = line;
    FILE *statm = fopen("/proc/self/statm", "r");
    if (statm) {
        if (fgets(line, sizeof(line), statm)) {
            reserved = strtol(line, &end, 10);
            pages = strtol(end, NULL, 10);
        }
        fclose(statm);
    }
    clock_gettime(CLOCK_REALTIME, &now);
    const double uptime_s = clock_s() - began_s, page_bytes = (double)sysconf(_SC_PAGESIZE);
    getrusage(RUSAGE_SELF, &usage);
    const double cpu = (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
                       1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    fprintf(out,
            "# HELP process_cpu_seconds_total Time of all cores.\n# TYPE process_cpu_seconds_total "
            "counter\n"
            "process_cpu_seconds_total %.17g\n",
            cpu);
    gauge(out, "process_resident_memory_bytes", "Memory that is held.", (double)pages * page_bytes);
    gauge(out, "process_virtual_memory_bytes", "Addresses that are reserved.",
          (double)reserved * page_bytes);
    gauge(out, "process_start_time_seconds", "When the server began, since 1970.",
          (double)now.tv_sec + 1e-9 * (double)now.tv_nsec - uptime_s);
    gauge(out, "process_open_fds", "Files that are open.", (double)count_files());
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        gauge(out, "process_max_fds", "Files that may be open.", (double)files.rlim_cur);
    }
}

void metrics_write(server *s, FILE *out)
{
    metrics *m = &s->metrics;
    pthread_mutex_lock(&m->lock);
    for (family f = 0; f < METRIC_FAMILIES; f++) {
        fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", families[f].name, families[f].help,
                families[f].name, families[f].ends ? "histogram" : "counter");
        bool any = false;
        for (size_t i = 0; i < m->count; i++) {
            if (m->series[i].family == f) {
                write_series(out, &m->series[i]);
                any = true;
            }
        }
        if (!any && (f >= METRIC_PHOTO_HITS && f <= METRIC_VOCABULARY_MISSES)) {
            fprintf(out, "%s 0\n", families[f].name);
        }
    }
    pthread_mutex_unlock(&m->lock);
    gauge(out, "tyto_queue_length", "Requests that wait.", (double)queue_length(&s->queue));
    gauge(out, "tyto_queue_capacity", "Requests that may wait.", (double)s->settings.queue);
    gauge(out, "tyto_requests_in_flight", "Requests that workers are at.",
          (double)queue_running(&s->queue));
    gauge(out, "tyto_photo_cache_bytes", "Photos that are held.", (double)store_bytes(&s->photos));
    gauge(out, "tyto_vocabulary_cache_bytes", "Vocabularies that are held.",
          (double)store_bytes(&s->vocabularies));
    write_process(out, s->began_s);
}
