/* Results to their place, and the formats for eyes and spreadsheets. */
#include "results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "memory.h"
#include "messages.h"

const result_format result_formats[] = {
    {NULL, text_begin, text_photo, NULL, false},
    {NULL, json_begin, json_photo, json_end, false},
    {NULL, NULL, jsonl_photo, NULL, false},
    {NULL, csv_begin, csv_photo, NULL, false},
    {NULL, coco_begin, coco_photo, coco_end, false},
    {NULL, coco_begin, coco_photo, coco_results_end, false},
    {yolo_check, yolo_begin, yolo_photo, NULL, true},
};

bool results_open(result_writer *to)
{
    const char *path = to->format->folder ? NULL : to->path;
    return output_open(&to->out, path) && (!to->format->check || to->format->check(to));
}

static bool begin(result_writer *to)
{
    const bool first = !to->begun;
    to->begun = true;
    return !first || !to->format->begin || to->format->begin(to);
}

bool results_photo(result_writer *to, const photo_result *result)
{
    const bool good = begin(to) && to->format->photo(to, result);
    to->written++;
    return good && output_flush(&to->out);
}

bool results_end(result_writer *to, bool keep)
{
    bool good = begin(to) && (!to->format->end || to->format->end(to));
    if (good && (keep || !to->out.path)) {
        good = output_commit(&to->out);
    }
    output_abandon(&to->out);
    return good;
}

void results_drop(result_writer *to)
{
    output_abandon(&to->out);
}

/* The boxes that stand for examples, before all photos. */
bool text_begin(result_writer *to)
{
    FILE *out = to->out.stream;
    char name[512], label[512];
    if (to->n_queries > 0) {
        fprintf(out, "%zu example%s\n  object      xmin     ymin     xmax     ymax  label\n",
                to->n_queries, to->n_queries == 1 ? "" : "s");
    }
    for (size_t i = 0; i < to->n_queries; i++) {
        const query_note *note = &to->queries[i];
        const tyto_box *box = &note->chosen->box;
        plain_text(name, sizeof(name), note->photo);
        plain_text(label, sizeof(label), to->labels[note->label]);
        fprintf(out, "  %.3f   %8.1f %8.1f %8.1f %8.1f  %s (%s)\n",
                (double)note->chosen->objectness, (double)box->xmin, (double)box->ymin,
                (double)box->xmax, (double)box->ymax, label, name);
    }
    if (to->n_queries > 0) {
        fputc('\n', out);
    }
    return true;
}

bool text_photo(result_writer *to, const photo_result *result)
{
    FILE *out = to->out.stream;
    const tyto_detections *found = result->found;
    char name[512], label[512];
    plain_text(name, sizeof(name), result->photo);
    fprintf(out, "%s%s (%lld x %lld px): ", to->written ? "\n" : "", name,
            (long long)result->width_px, (long long)result->height_px);
    if (found->count == 0) {
        fputs("nothing found\n", out);
        return true;
    }
    fprintf(out, "%zu found\n  score      xmin     ymin     xmax     ymax  label\n", found->count);
    for (size_t i = 0; i < found->count; i++) {
        const tyto_detection *d = &found->items[i];
        plain_text(label, sizeof(label), to->labels[d->label]);
        fprintf(out, "  %.3f  %8.1f %8.1f %8.1f %8.1f  %s\n", (double)d->score, (double)d->box.xmin,
                (double)d->box.ymin, (double)d->box.xmax, (double)d->box.ymax, label);
    }
    return true;
}

void csv_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"') {
            fputc('"', out);
        }
        fputc(*text, out);
    }
    fputc('"', out);
}

bool csv_begin(result_writer *to)
{
    fputs("image,width,height,label,label_index,score,xmin,ymin,xmax,ymax\n", to->out.stream);
    return true;
}

bool csv_photo(result_writer *to, const photo_result *result)
{
    FILE *out = to->out.stream;
    for (size_t i = 0; i < result->found->count; i++) {
        const tyto_detection *d = &result->found->items[i];
        const float numbers[] = {d->score, d->box.xmin, d->box.ymin, d->box.xmax, d->box.ymax};
        csv_text(out, result->photo);
        fprintf(out, ",%lld,%lld,", (long long)result->width_px, (long long)result->height_px);
        csv_text(out, to->labels[d->label]);
        fprintf(out, ",%lld", (long long)d->label);
        for (size_t n = 0; n < sizeof(numbers) / sizeof(numbers[0]); n++) {
            char digits[32];
            float_digits(digits, sizeof(digits), numbers[n]);
            fprintf(out, ",%s", digits);
        }
        fputc('\n', out);
    }
    return true;
}

/* The name without its folder and its ending. */
static char *stem(const char *photo)
{
    const char *base = strcmp(photo, "-") == 0 ? "stdin" : path_base(photo);
    return take_text("%.*s", (int)(strlen(base) - strlen(path_ending(base))), base);
}

char *yolo_name(const char *photo)
{
    char *base = stem(photo), *name = take_text("%s.txt", base);
    free(base);
    return name;
}

/* Whether -o names a folder: it does for many photos, and for one unless it names a .txt file. */
static bool yolo_in_folder(const result_writer *to)
{
    return to->path &&
           (to->many || path_is_folder(to->path) || strcmp(path_ending(to->path), ".txt") != 0);
}

bool yolo_check(result_writer *to)
{
    return !to->path ||
           (yolo_in_folder(to) ? output_make_folder(to->path) : output_check_file(to->path));
}

/* A line of numbers means a label by its line in classes.txt. */
bool yolo_begin(result_writer *to)
{
    output classes;
    if (!yolo_in_folder(to)) {
        return true;
    }
    char *path = path_join(to->path, "classes.txt");
    const bool good = output_open(&classes, path);
    free(path);
    if (!good) {
        return false;
    }
    for (size_t i = 0; i < to->n_labels; i++) {
        fprintf(classes.stream, "%s\n", to->labels[i]);
    }
    return output_commit(&classes);
}

static void yolo_lines(FILE *out, const result_writer *to, const photo_result *result)
{
    const double width = (double)result->width_px, height = (double)result->height_px;
    for (size_t i = 0; i < result->found->count; i++) {
        const tyto_detection *d = &result->found->items[i];
        const double left = (double)d->box.xmin / width, right = (double)d->box.xmax / width;
        const double top = (double)d->box.ymin / height, bottom = (double)d->box.ymax / height;
        fprintf(out, "%lld %.6f %.6f %.6f %.6f", (long long)d->label, (left + right) / 2,
                (top + bottom) / 2, right - left, bottom - top);
        if (to->scores) {
            fprintf(out, " %.6f", (double)d->score);
        }
        fputc('\n', out);
    }
}

bool yolo_photo(result_writer *to, const photo_result *result)
{
    if (!to->path) {
        yolo_lines(to->out.stream, to, result);
        return true;
    }
    char *name = yolo_name(result->photo);
    char *path = yolo_in_folder(to) ? path_join(to->path, name) : take_text("%s", to->path);
    output file;
    bool good = output_open(&file, path);
    if (good) {
        yolo_lines(file.stream, to, result);
        good = output_commit(&file);
    }
    free(path);
    free(name);
    return good;
}
