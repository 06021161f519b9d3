#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "inputs.h"
#include "messages.h"
#include "photo_reader.h"
#include "signals.h"

static bool read_thresholds(search *s)
{
    tyto_error err = TYTO_ERROR_INIT;
    const text_list *given = &s->args->thresholds;
    tyto_search_options *options = &s->look.options;
    s->label_thresholds = take(s->labels.count, sizeof(*s->label_thresholds));
    if (tyto_search_thresholds((const char *const *)given->items, (int64_t)given->count,
                               (const char *const *)s->labels.items, (int64_t)s->labels.count,
                               &options->threshold, s->label_thresholds, &err) != TYTO_OK) {
        say_error("--%s", tyto_error_message(&err));
        tyto_error_clear(&err);
        return false;
    }
    options->label_thresholds = s->label_thresholds;
    options->n_label_thresholds = (int64_t)s->labels.count;
    return true;
}

static int add_texts(search *s)
{
    tyto_error err = TYTO_ERROR_INIT;
    const search_args *args = s->args;
    text_list lines = {0};
    for (size_t i = 0; i < args->texts.count; i++) {
        if (tyto_vocabulary_builder_add_text(s->builder, args->texts.items[i], &err) != TYTO_OK) {
            say_error("--%s", tyto_error_message(&err));
            tyto_error_clear(&err);
            return EXIT_USAGE;
        }
    }
    if (args->labels_file) {
        bool good = read_lines(args->labels_file, false, &lines);
        if (good && lines.count == 0) {
            say_error("%s: no label in it, required one per line", args->labels_file);
            good = false;
        }
        for (size_t i = 0; good && i < lines.count; i++) {
            if (tyto_vocabulary_builder_add_text(s->builder, lines.items[i], &err) != TYTO_OK) {
                out_of_memory();
            }
        }
        text_list_clear(&lines);
        if (!good) {
            return EXIT_FAILED;
        }
    }
    if (args->templates && tyto_vocabulary_builder_text_count(s->builder) == 0) {
        say_error("--templates: no text to put into them, required -t TEXT or --labels FILE");
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static bool add_classes(search *s)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *classes = NULL;
    const bool good = tyto_vocabulary_load(s->args->classes, &classes, &err) == TYTO_OK &&
                      tyto_vocabulary_builder_add_vocabulary(s->builder, classes, &err) == TYTO_OK;
    if (!good) {
        say_tyto_error(&err);
    }
    tyto_vocabulary_destroy(classes);
    return good;
}

int search_read_queries(search *to, tyto_averaging averaging)
{
    if (tyto_vocabulary_builder_create(averaging, &to->builder, NULL) != TYTO_OK) {
        out_of_memory();
    }
    const int code = add_texts(to);
    return code == EXIT_DONE && to->args->classes && !add_classes(to) ? EXIT_FAILED : code;
}

void search_list_labels(search *to)
{
    int64_t count;
    const char *const *labels;
    if (tyto_vocabulary_builder_labels(to->builder, &labels, &count, NULL) != TYTO_OK) {
        out_of_memory();
    }
    for (int64_t i = 0; i < count; i++) {
        text_list_add(&to->labels, labels[i], strlen(labels[i]));
    }
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

/* Name of the file that a photo's lines of YOLO go to. */
static char *yolo_name(const char *photo)
{
    char *name = tyto_format_photo_file(TYTO_FORMAT_YOLO, photo);
    if (!name) {
        out_of_memory();
    }
    return name;
}

/* Whether -o names a folder: it does for many photos, and for one unless it names a .txt file. */
static bool in_folder(const search *s, const char *path)
{
    return tyto_format_has_files(s->document.format) && path &&
           (s->photos.count > 1 || path_is_folder(path) || strcmp(path_ending(path), ".txt") != 0);
}

static int check_results(search *s, const text_list *spared)
{
    const search_args *args = s->args;
    tyto_detection_document_options *document = &s->document;
    const char *path = args->output && strcmp(args->output, "-") != 0 ? args->output : NULL;
    tyto_detection_document_options_init(document, sizeof(*document));
    document->format = chosen_format(args);
    document->labels = (const char *const *)s->labels.items;
    document->n_labels = (int64_t)s->labels.count;
    document->photos = (const char *const *)s->photos.items;
    document->n_photos = (int64_t)s->photos.count;
    document->threshold = s->look.options.threshold;
    document->scores = args->scores;
    document->files = in_folder(s, path);
    if (tyto_format_has_files(document->format) && s->photos.count > 1) {
        if (!path) {
            say_error("--format yolo: required -o FOLDER for more than one photo");
            return EXIT_USAGE;
        }
        if (!check_distinct(&s->photos, yolo_name, "written to")) {
            return EXIT_USAGE;
        }
    }
    for (size_t i = 0; path && i < spared->count; i++) {
        if (path_same_file(path, spared->items[i])) {
            say_error("-o: %s is one of the photos, required another place", path);
            return EXIT_USAGE;
        }
    }
    return (document->files ? records_open_folder : records_open)(&s->results, path) ? EXIT_DONE
                                                                                     : EXIT_FAILED;
}

static void set_options(search *s)
{
    const search_args *args = s->args;
    tyto_search_options *options = &s->look.options;
    options->nms = (tyto_nms)args->nms;
    options->boxes = (tyto_boxes)args->boxes;
    options->nms_iou = (float)args->iou;
    options->top_k = args->top_k;
    options->multi_label = args->multi_label;
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
        !photo_search_read(&to->args->tiles, &to->args->shortcuts, &to->look)) {
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
    const int64_t width = tyto_vocabulary_builder_width(s->builder),
                  required = tyto_model_query_width(s->with.model);
    if (width != 0 && width != required) {
        say_error("%s: got embeddings of %lld numbers, required %lld (%s)", s->args->classes,
                  (long long)width, (long long)required, s->with.folder);
        return false;
    }
    return true;
}

bool search_open(search *to, tyto_task task)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (!model_open(to->common, &to->with) || !model_offers(&to->with, task) ||
        !check_classes(to) ||
        !processor_for(&to->processor, &to->with, &to->look.options.processor)) {
        return false;
    }
    to->look.session = to->with.session;
    tyto_embed_options_init(&to->embed, sizeof(to->embed));
    to->embed.templates = to->args->templates;
    to->embed.processor = to->look.options.processor;
    if (task == TYTO_TASK_SEARCH &&
        tyto_search_check(to->with.session, &to->look.options, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    return true;
}

bool search_encode(search *to)
{
    tyto_error err = TYTO_ERROR_INIT;
    const int64_t texts = tyto_vocabulary_builder_text_count(to->builder);
    const double began = seconds_now();
    if (tyto_vocabulary_builder_embed_texts(to->builder, to->with.session, &to->embed, &err) !=
        TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    if (texts > 0) {
        say_info("%lld texts encoded in %.2f s", (long long)texts, seconds_now() - began);
    }
    return true;
}

bool search_build(search *to)
{
    tyto_error err = TYTO_ERROR_INIT;
    const bool good = tyto_vocabulary_builder_build(to->builder, to->with.session, &to->embed,
                                                    &to->vocabulary, &err) == TYTO_OK;
    if (!good) {
        say_tyto_error(&err);
    }
    to->look.vocabulary = to->vocabulary;
    return good;
}

/* One photo. *writable becomes false when results can't be written any more. */
static bool search_in(search *s, photo_reader *reader, bool *writable)
{
    const size_t index = reader->next;
    const char *photo = s->photos.items[index];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    tyto_image image = {0};
    tyto_detections found = {0};
    const double began = seconds_now();
    bool good = photo_reader_next(reader, &image);
    const double loaded = seconds_now();
    s->look.photo = photo;
    s->look.index = index;
    s->look.count = s->photos.count;
    good = good && photo_search_run(&s->look, &image, &found);
    if (good) {
        say_info("%s: waited for %.3f s, searched in %.3f s", photo, loaded - began,
                 seconds_now() - loaded);
        const tyto_photo_detections result = {.photo = photo,
                                              .index = (int64_t)index,
                                              .width_px = image.width_px,
                                              .height_px = image.height_px,
                                              .detections = &found};
        progress_hide();
        const tyto_status status =
            tyto_document_add_detections(s->results.document, &result, &bytes, &err);
        *writable = records_put(&s->results, status, &bytes, &err);
        s->written++;
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
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    const tyto_status begun =
        tyto_detection_document_create(&to->document, &to->results.document, &bytes, &err);
    bool good = !to->input_missing, writable = records_put(&to->results, begun, &bytes, &err);
    for (size_t i = 0; i < to->photos.count && writable && !interrupted(); i++) {
        progress_show(i, to->photos.count, to->photos.items[i]);
        good = search_in(to, &reader, &writable) && good;
    }
    progress_hide();
    photo_reader_end(&reader);
    good = drawing_end(&to->draw) && good;
    const bool keep = writable && !interrupted() && to->written > 0;
    good = records_end(&to->results, keep) && good;
    return good && keep ? EXIT_DONE : EXIT_FAILED;
}

void search_end(search *to)
{
    records_drop(&to->results);
    drawing_end(&to->draw);
    tyto_vocabulary_destroy(to->vocabulary);
    tyto_vocabulary_builder_destroy(to->builder);
    model_close(&to->with);
    processor_drop(&to->processor);
    text_list_clear(&to->labels);
    text_list_clear(&to->photos);
    free(to->label_thresholds);
}
