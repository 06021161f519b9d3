#include "video_labels.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "memory.h"
#include "messages.h"

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_JSONL };

void video_labels_add(video_labels *to, const float *scores, int64_t labels, double end_s)
{
    const size_t each = (size_t)labels;
    to->labels = labels;
    to->scores = take_more(to->scores, (to->windows + 1) * each, sizeof(float));
    memcpy(to->scores + to->windows * each, scores, each * sizeof(float));
    to->windows++;
    to->end_s = end_s;
}

/* A label and its probability. */
typedef struct scored {
    int64_t index;
    float score;
} scored;

static int by_score(const void *a, const void *b)
{
    const scored *x = a, *y = b;
    if (x->score != y->score) {
        return x->score < y->score ? 1 : -1;
    }
    return x->index < y->index ? -1 : 1;
}

/* The best *n of the labels; newly allocated. */
static scored *best_of(const video_label_writer *to, const float *scores, int64_t labels, size_t *n)
{
    scored *all = take((size_t)labels, sizeof(*all));
    for (int64_t i = 0; i < labels; i++) {
        all[i] = (scored){i, scores[i]};
    }
    qsort(all, (size_t)labels, sizeof(*all), by_score);
    *n = (size_t)(labels < to->top_k ? labels : to->top_k);
    return all;
}

static char *name_of(const video_label_writer *to, int64_t index)
{
    const char *name = tyto_model_label(to->model, index);
    return name ? take_text("%s", name) : take_text("LABEL_%lld", (long long)index);
}

/* Where window i begins and ends. */
static void times_of(const video_labels *found, size_t i, double *from_s, double *to_s)
{
    *from_s = (double)i * found->window_s;
    *to_s = i + 1 < found->windows ? *from_s + found->window_s : found->end_s;
}

/* A line of text, in which nothing steers the terminal. */
static void print_plain(const video_label_writer *to, const char *text)
{
    const size_t bytes = plain_text(NULL, 0, text) + 1;
    char *plain = take(bytes, 1);
    plain_text(plain, bytes, text);
    fprintf(to->out.stream, "%s\n", plain);
    free(plain);
}

static void print_labels(const video_label_writer *to, const float *scores, int64_t labels)
{
    size_t n;
    scored *best = best_of(to, scores, labels, &n);
    for (size_t i = 0; i < n; i++) {
        char *name = name_of(to, best[i].index);
        fprintf(to->out.stream, "  %.4f  ", (double)best[i].score);
        print_plain(to, name);
        free(name);
    }
    free(best);
}

static void print_text(const video_label_writer *to, const video_labels *found, const float *mean)
{
    print_plain(to, found->video);
    print_labels(to, mean, found->labels);
    for (size_t i = 0; found->windows > 1 && i < found->windows; i++) {
        double from_s, to_s;
        times_of(found, i, &from_s, &to_s);
        fprintf(to->out.stream, " %.2f to %.2f s\n", from_s, to_s);
        print_labels(to, found->scores + (int64_t)i * found->labels, found->labels);
    }
}

static json_t *json_labels(const video_label_writer *to, const float *scores, int64_t labels)
{
    size_t n;
    scored *best = best_of(to, scores, labels, &n);
    json_t *array = json_made(json_array());
    for (size_t i = 0; i < n; i++) {
        char *name = name_of(to, best[i].index);
        json_t *object = json_made(json_object());
        json_put(object, "label", json_text(name));
        json_put(object, "label_index", json_made(json_integer(best[i].index)));
        json_put(object, "score", json_float(best[i].score));
        json_push(array, object);
        free(name);
    }
    free(best);
    return array;
}

static json_t *json_video(const video_label_writer *to, const video_labels *found,
                          const float *mean)
{
    json_t *object = json_made(json_object()), *windows = json_made(json_array());
    for (size_t i = 0; i < found->windows; i++) {
        double from_s, to_s;
        times_of(found, i, &from_s, &to_s);
        json_t *window = json_made(json_object());
        json_put(window, "from_s", json_float((float)from_s));
        json_put(window, "to_s", json_float((float)to_s));
        json_put(window, "labels",
                 json_labels(to, found->scores + (int64_t)i * found->labels, found->labels));
        json_push(windows, window);
    }
    json_put(object, "video", json_text(found->video));
    json_put(object, "labels", json_labels(to, mean, found->labels));
    json_put(object, "windows", windows);
    return object;
}

bool video_labels_open(video_label_writer *to)
{
    if (to->format == FORMAT_JSON && to->many) {
        to->document = json_made(json_array());
    }
    return output_open(&to->out, NULL);
}

bool video_labels_write(video_label_writer *to, const video_labels *found)
{
    float *mean = take((size_t)found->labels, sizeof(*mean));
    for (int64_t c = 0; c < found->labels; c++) {
        double sum = 0.0;
        for (size_t i = 0; i < found->windows; i++) {
            sum += (double)found->scores[(int64_t)i * found->labels + c];
        }
        mean[c] = (float)(sum / (double)found->windows);
    }
    if (to->format == FORMAT_TEXT) {
        print_text(to, found, mean);
    } else if (to->document) {
        json_push(to->document, json_video(to, found, mean));
    } else {
        json_t *object = json_video(to, found, mean);
        json_write(object, to->format == FORMAT_JSON, to->out.stream);
        fputs("\n", to->out.stream);
        json_decref(object);
    }
    free(mean);
    return output_flush(&to->out);
}

bool video_labels_end(video_label_writer *to)
{
    if (to->document) {
        json_write(to->document, true, to->out.stream);
        fputs("\n", to->out.stream);
        json_decref(to->document);
        to->document = NULL;
        return output_flush(&to->out);
    }
    return true;
}
