#include "video_labels.h"

#include <stdlib.h>

#include "json.h"
#include "memory.h"
#include "messages.h"

enum { FORMAT_TEXT, FORMAT_JSON, FORMAT_JSONL };

static char *name_of(const tyto_class *c)
{
    return c->name ? take_text("%s", c->name) : take_text("LABEL_%lld", (long long)c->label);
}

/* Where window i begins and ends. */
static void times_of(const tyto_video_classes *found, int64_t i, double *from_s, double *to_s)
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

/* The best of window i, or of all for −1. */
static tyto_classes best_of(const video_label_writer *to, const tyto_video_classes *found,
                            int64_t i)
{
    tyto_classes best;
    if (tyto_video_classes_best(found, i, to->top_k, to->model, &best, NULL) != TYTO_OK) {
        out_of_memory();
    }
    return best;
}

static void print_labels(const video_label_writer *to, const tyto_video_classes *found, int64_t i)
{
    tyto_classes best = best_of(to, found, i);
    for (int64_t k = 0; k < best.count; k++) {
        char *name = name_of(&best.items[k]);
        fprintf(to->out.stream, "  %.4f  ", (double)best.items[k].score);
        print_plain(to, name);
        free(name);
    }
    tyto_classes_clear(&best);
}

static void print_text(const video_label_writer *to, const char *video,
                       const tyto_video_classes *found)
{
    print_plain(to, video);
    print_labels(to, found, -1);
    for (int64_t i = 0; found->windows > 1 && i < found->windows; i++) {
        double from_s, to_s;
        times_of(found, i, &from_s, &to_s);
        fprintf(to->out.stream, " %.2f to %.2f s\n", from_s, to_s);
        print_labels(to, found, i);
    }
}

static json_t *json_labels(const video_label_writer *to, const tyto_video_classes *found, int64_t i)
{
    tyto_classes best = best_of(to, found, i);
    json_t *array = json_made(json_array());
    for (int64_t k = 0; k < best.count; k++) {
        char *name = name_of(&best.items[k]);
        json_t *object = json_made(json_object());
        json_put(object, "label", json_text(name));
        json_put(object, "label_index", json_made(json_integer(best.items[k].label)));
        json_put(object, "score", json_float(best.items[k].score));
        json_push(array, object);
        free(name);
    }
    tyto_classes_clear(&best);
    return array;
}

static json_t *json_video(const video_label_writer *to, const char *video,
                          const tyto_video_classes *found)
{
    json_t *object = json_made(json_object()), *windows = json_made(json_array());
    for (int64_t i = 0; i < found->windows; i++) {
        double from_s, to_s;
        times_of(found, i, &from_s, &to_s);
        json_t *window = json_made(json_object());
        json_put(window, "from_s", json_float((float)from_s));
        json_put(window, "to_s", json_float((float)to_s));
        json_put(window, "labels", json_labels(to, found, i));
        json_push(windows, window);
    }
    json_put(object, "video", json_text(video));
    json_put(object, "labels", json_labels(to, found, -1));
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

bool video_labels_write(video_label_writer *to, const char *video, const tyto_video_classes *found)
{
    if (to->format == FORMAT_TEXT) {
        print_text(to, video, found);
    } else if (to->document) {
        json_push(to->document, json_video(to, video, found));
    } else {
        json_t *object = json_video(to, video, found);
        json_write(object, to->format == FORMAT_JSON, to->out.stream);
        fputs("\n", to->out.stream);
        json_decref(object);
    }
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
