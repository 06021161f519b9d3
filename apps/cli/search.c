#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "messages.h"
#include "photo_reader.h"
#include "signals.h"

/* "0.3" for all labels, or "LABEL=0.3" for one. */
static bool read_threshold(search *s, const char *text)
{
    const char *equals = strrchr(text, '='), *number = equals ? equals + 1 : text;
    char *end;
    const float value = strtof(number, &end);
    if (end == number || *end || !(value >= 0.0F && value <= 1.0F)) {
        say_error("--threshold: got '%s', required a number from 0 to 1, or LABEL=NUMBER", text);
        return false;
    }
    if (!equals) {
        s->options.threshold = value;
        return true;
    }
    const size_t length = (size_t)(equals - text);
    bool known = false;
    for (size_t i = 0; i < s->labels.count; i++) {
        if (strlen(s->labels.items[i]) == length && memcmp(s->labels.items[i], text, length) == 0) {
            s->label_thresholds[i] = value;
            known = true;
        }
    }
    if (!known) {
        say_error("--threshold: got the label '%.*s', required one of the texts", (int)length,
                  text);
    }
    return known;
}

static bool read_thresholds(search *s)
{
    const text_list *given = &s->args->thresholds;
    s->label_thresholds = take(s->labels.count, sizeof(*s->label_thresholds));
    for (size_t i = 0; i < s->labels.count; i++) {
        s->label_thresholds[i] = -1.0F;
    }
    for (size_t i = 0; i < given->count; i++) {
        if (!read_threshold(s, given->items[i])) {
            return false;
        }
    }
    for (size_t i = 0; i < s->labels.count; i++) {
        if (s->label_thresholds[i] < 0.0F) {
            s->label_thresholds[i] = s->options.threshold;
        }
    }
    s->options.label_thresholds = s->label_thresholds;
    return true;
}

static int read_texts(search *s)
{
    const search_args *args = s->args;
    for (size_t i = 0; i < args->texts.count; i++) {
        const char *text = args->texts.items[i];
        if (!*text) {
            say_error("--text: got an empty text, required what to look for");
            return EXIT_USAGE;
        }
        text_list_add(&s->texts, text, strlen(text));
    }
    if (args->labels_file) {
        const size_t before = s->texts.count;
        if (!read_lines(args->labels_file, false, &s->texts)) {
            return EXIT_FAILED;
        }
        if (s->texts.count == before) {
            say_error("%s: no label in it, required one per line", args->labels_file);
            return EXIT_FAILED;
        }
    }
    if (args->templates && s->texts.count == 0) {
        say_error("--templates: no text to put into them, required -t TEXT or --labels FILE");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

int search_read_queries(search *to)
{
    tyto_error err = TYTO_ERROR_INIT;
    const int code = read_texts(to);
    if (code != EXIT_DONE) {
        return code;
    }
    for (size_t i = 0; i < to->texts.count; i++) {
        text_list_add(&to->labels, to->texts.items[i], strlen(to->texts.items[i]));
    }
    if (to->args->classes) {
        if (tyto_vocabulary_load(to->args->classes, &to->classes, &err) != TYTO_OK) {
            say_tyto_error(&err);
            return EXIT_FAILED;
        }
        for (size_t i = 0; i < tyto_vocabulary_count(to->classes); i++) {
            const char *label = tyto_vocabulary_text(to->classes, i);
            text_list_add(&to->labels, label, strlen(label));
        }
    }
    return EXIT_DONE;
}

/* Without --format, what -o's ending says. */
static tyto_format chosen_format(const search_args *args)
{
    tyto_format format = TYTO_FORMAT_TEXT;
    if (args->format == FORMAT_UNSET) {
        tyto_format_by_path(args->output, &format);
        return format;
    }
    return (tyto_format)args->format;
}

static int check_results(search *s, const text_list *spared)
{
    const search_args *args = s->args;
    tyto_detection_document_options *document = &s->results.options;
    tyto_detection_document_options_init(document, sizeof(*document));
    document->format = chosen_format(args);
    document->labels = (const char *const *)s->labels.items;
    document->n_labels = (int64_t)s->labels.count;
    document->photos = (const char *const *)s->photos.items;
    document->n_photos = (int64_t)s->photos.count;
    document->threshold = s->options.threshold;
    document->scores = args->scores;
    s->results.path = args->output && strcmp(args->output, "-") != 0 ? args->output : NULL;
    if (tyto_format_has_files(document->format) && s->photos.count > 1) {
        if (!s->results.path) {
            say_error("--format yolo: required -o FOLDER for more than one photo");
            return EXIT_USAGE;
        }
        if (!check_distinct(&s->photos, yolo_name, "written to")) {
            return EXIT_USAGE;
        }
    }
    for (size_t i = 0; s->results.path && i < spared->count; i++) {
        if (path_same_file(s->results.path, spared->items[i])) {
            say_error("-o: %s is one of the photos, required another place", s->results.path);
            return EXIT_USAGE;
        }
    }
    return results_open(&s->results) ? EXIT_DONE : EXIT_FAILED;
}

static void set_options(search *s)
{
    const search_args *args = s->args;
    s->options.nms = (tyto_nms_mode)args->nms;
    s->options.boxes = (tyto_boxes_mode)args->boxes;
    s->options.nms_iou = (float)args->iou;
    s->options.top_k = args->top_k;
    s->options.multi_label = args->multi_label;
    s->draw = (drawing){.option = "draw", .path = args->draw};
}

static void add_all(text_list *to, const text_list *from)
{
    for (size_t i = 0; from && i < from->count; i++) {
        text_list_add(to, from->items[i], strlen(from->items[i]));
    }
}

int search_prepare(search *to, const text_list *spared)
{
    text_list all = {0};
    set_options(to);
    if (!read_thresholds(to) || !processor_read(&to->args->processor, &to->processor) ||
        !shortcuts_check(&to->args->shortcuts) ||
        !tiles_read(&to->args->tiles, to->args->boxes, &to->look)) {
        return EXIT_USAGE;
    }
    to->input_missing = !list_photos(&to->common->operands, &to->photos);
    if (to->photos.count == 0) {
        return EXIT_FAILED;
    }
    add_all(&all, &to->photos);
    add_all(&all, spared);
    int code = drawing_check(&to->draw, &to->photos, &all);
    code = code == EXIT_DONE ? check_results(to, &all) : code;
    text_list_clear(&all);
    return code;
}

/* Saved classes may be another model's. */
static bool check_classes(const search *s)
{
    const int64_t width = s->classes ? tyto_vocabulary_width(s->classes) : 0,
                  required = tyto_model_query_width(s->with.model);
    if (s->classes && width != required) {
        say_error("%s: got embeddings of %lld numbers, required %lld (%s)", s->args->classes,
                  (long long)width, (long long)required, s->with.folder);
        return false;
    }
    return true;
}

bool search_open(search *to, const char *head)
{
    return model_open(to->common, &to->with) && (!head || model_has(&to->with, head)) &&
           check_classes(to) && processor_apply(&to->processor, &to->with) &&
           shortcuts_apply(&to->args->shortcuts, &to->with);
}

bool vocabulary_add(tyto_vocabulary **whole, tyto_vocabulary *part)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *joined = NULL;
    const tyto_vocabulary *const parts[] = {*whole, part};
    if (!part) {
        return true;
    }
    if (!*whole) {
        *whole = part;
        return true;
    }
    const bool good = tyto_vocabulary_join(parts, 2, &joined, &err) == TYTO_OK;
    if (!good) {
        say_tyto_error(&err);
    }
    tyto_vocabulary_destroy(*whole);
    tyto_vocabulary_destroy(part);
    *whole = joined;
    return good;
}

bool search_encode(search *to, tyto_vocabulary **out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *texts = NULL, *classes = to->classes;
    *out = NULL;
    if (to->texts.count > 0) {
        const double began = seconds_now();
        if (tyto_vocabulary_create(to->with.session, (const char *const *)to->texts.items,
                                   to->texts.count, to->args->templates, &texts, &err) != TYTO_OK) {
            say_tyto_error(&err);
            return false;
        }
        say_info("%zu texts encoded in %.2f s", to->texts.count, seconds_now() - began);
    }
    to->classes = NULL;
    *out = texts;
    return vocabulary_add(out, classes);
}

/* One photo. *writable becomes false when results can't be written any more. */
static bool search_in(search *s, photo_reader *reader, bool *writable)
{
    const size_t index = reader->next;
    const char *photo = s->photos.items[index];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    tyto_detections found = {0};
    const double began = seconds_now();
    bool good = photo_reader_next(reader, &image);
    const double loaded = seconds_now();
    s->look.photo = photo;
    s->look.index = index;
    s->look.count = s->photos.count;
    if (good && tiles_search(&s->look, s->with.session, s->vocabulary, &image, &s->options, &found,
                             &err) != TYTO_OK) {
        say_error("%s: %s", photo, tyto_error_message(&err));
        tyto_error_clear(&err);
        good = false;
    }
    if (good) {
        say_info("%s: waited for %.3f s, searched in %.3f s", photo, loaded - began,
                 seconds_now() - loaded);
        const tyto_photo_detections result = {.photo = photo,
                                              .index = (int64_t)index,
                                              .width_px = image.width_px,
                                              .height_px = image.height_px,
                                              .detections = &found};
        progress_hide();
        *writable = results_photo(&s->results, &result);
        good = *writable &&
               (!s->draw.path || drawing_write(&s->draw, photo, &image, &found, &s->labels));
    }
    tyto_detections_clear(&found);
    tyto_image_clear(&image);
    return good;
}

int search_photos(search *to)
{
    photo_reader reader = {.photos = &to->photos};
    bool good = !to->input_missing, writable = true;
    for (size_t i = 0; i < to->photos.count && writable && !interrupted(); i++) {
        progress_show(i, to->photos.count, to->photos.items[i]);
        good = search_in(to, &reader, &writable) && good;
    }
    progress_hide();
    photo_reader_end(&reader);
    good = drawing_end(&to->draw) && good;
    const bool keep = writable && !interrupted() && to->results.written > 0;
    good = results_end(&to->results, keep) && good;
    return good && keep ? EXIT_DONE : EXIT_FAILED;
}

void search_end(search *to)
{
    results_drop(&to->results);
    drawing_end(&to->draw);
    tyto_vocabulary_destroy(to->vocabulary);
    tyto_vocabulary_destroy(to->classes);
    model_close(&to->with);
    processor_drop(&to->processor);
    text_list_clear(&to->texts);
    text_list_clear(&to->labels);
    text_list_clear(&to->photos);
    free(to->label_thresholds);
}
