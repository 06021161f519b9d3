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
    if (tyto_search_thresholds(TEXTS(given), TEXTS(&s->labels), &options->threshold,
                               s->label_thresholds, &err) != TYTO_OK) {
        say_error("--%s", tyto_error_message(&err));
        tyto_error_clear(&err);
        return false;
    }
    options->label_thresholds = s->label_thresholds;
    options->n_label_thresholds = (int64_t)s->labels.count;
    return true;
}

/* Complains about a query that wasn't taken. by_option: an option's text is the query, so that a
 * bad one is wrong usage. */
static int taken(tyto_status status, tyto_error *err, bool by_option)
{
    const bool usage = by_option && status == TYTO_E_ARGUMENT;
    if (status == TYTO_OK) {
        return EXIT_DONE;
    }
    say_error("%s%s", usage ? "--" : "", tyto_error_message(err));
    tyto_error_clear(err);
    return usage ? EXIT_USAGE : EXIT_FAILED;
}

static int add_texts(search *s)
{
    tyto_error err = TYTO_ERROR_INIT;
    const search_args *args = s->args;
    int code = EXIT_DONE;
    for (size_t i = 0; i < args->texts.count && code == EXIT_DONE; i++) {
        code = taken(tyto_vocabulary_builder_add_text(s->builder, args->texts.items[i], &err), &err,
                     true);
    }
    if (code == EXIT_DONE && args->labels_file) {
        code = taken(tyto_vocabulary_builder_add_lines(s->builder, args->labels_file, &err), &err,
                     false);
    }
    if (code == EXIT_DONE && args->templates &&
        tyto_vocabulary_builder_text_count(s->builder) == 0) {
        say_error("--templates: no text to put into them, required -t TEXT or --labels FILE");
        return EXIT_USAGE;
    }
    return code;
}

static int add_queries(search *s)
{
    tyto_error err = TYTO_ERROR_INIT;
    const search_args *args = s->args;
    int code = EXIT_DONE;
    if (args->classes) {
        code =
            taken(tyto_vocabulary_builder_add_file(s->builder, args->classes, &err), &err, false);
    }
    for (size_t i = 0; i < args->queries.count && code == EXIT_DONE; i++) {
        code = taken(tyto_vocabulary_builder_add_words(s->builder, args->queries.items[i],
                                                       (tyto_query_rule)args->rule, &err),
                     &err, true);
    }
    return code;
}

int search_read_queries(search *job, tyto_averaging averaging)
{
    int64_t count;
    const char *const *labels;
    if (tyto_vocabulary_builder_create(averaging, &job->builder, NULL) != TYTO_OK) {
        out_of_memory();
    }
    int code = add_texts(job);
    code = code == EXIT_DONE ? add_queries(job) : code;
    if (tyto_vocabulary_builder_labels(job->builder, &labels, &count, NULL) != TYTO_OK) {
        out_of_memory();
    }
    for (int64_t i = 0; i < count; i++) {
        text_list_add(&job->labels, labels[i], strlen(labels[i]));
    }
    for (int64_t i = 0; i < tyto_vocabulary_builder_photo_count(job->builder); i++) {
        const char *photo = tyto_vocabulary_builder_photo(job->builder, i);
        text_list_add(&job->examples, photo, strlen(photo));
    }
    return code;
}

/* Without --format, what -o's ending says. */
tyto_format search_format(const search_args *args)
{
    tyto_format format = TYTO_FORMAT_TEXT;
    if (args->format == FORMAT_UNSET) {
        tyto_format_by_path(args->output, &format);
        return format;
    }
    return (tyto_format)args->format;
}

int search_open_results(search *job, bool any_format, const text_list *spared)
{
    tyto_results_options options = records_options(job->args->output, job->args->format);
    options.formats = any_format ? NULL : options.formats;
    options.resume = job->args->resume;
    const text_list *inputs = job->videos.count > 0 ? &job->videos : &job->photos;
    options.inputs = (const char *const *)inputs->items;
    options.n_inputs = (int64_t)inputs->count;
    options.spared = (const char *const *)spared->items;
    options.n_spared = (int64_t)spared->count;
    options.mirrored = job->photos.folder;
    options.drawn = job->draw.path ? &job->draw.place : NULL;
    return records_open(&job->results, &options);
}

int search_check_results(search *job, const text_list *spared)
{
    tyto_error err = TYTO_ERROR_INIT;
    const search_args *args = job->args;
    const text_list *operands = &job->common->operands;
    tyto_detection_document_options *document = &job->document;
    const char *const inputs[] = {args->labels_file, args->classes, args->ids_from, args->outputs};
    const bool by_ending = args->format == FORMAT_UNSET;
    const int code = by_ending ? search_open_results(job, true, spared) : EXIT_DONE;
    if (code != EXIT_DONE) {
        return code;
    }
    tyto_detection_document_options_init(document, sizeof(*document));
    document->format = search_format(args);
    document->labels = (const char *const *)job->labels.items;
    document->n_labels = (int64_t)job->labels.count;
    document->photos = (const char *const *)job->photos.items;
    document->n_photos = (int64_t)job->photos.count;
    document->array = job->photos.many;
    document->mirrored = job->photos.folder;
    document->threshold = job->look.options.threshold;
    document->scores = args->scores;
    document->data_yaml = args->data_yaml;
    document->folder =
        operands->count == 1 && path_is_folder(operands->items[0]) ? operands->items[0] : NULL;
    document->files = tyto_detection_files_wanted(document, args->output);
    if (args->ids_from && !went_well(tyto_coco_load(args->ids_from, &job->ids, &err), &err)) {
        return EXIT_FAILED;
    }
    document->ids = args->ids_from ? &job->ids : NULL;
    if (!went_well(tyto_detection_files_check(document, args->output, inputs, 4, &err), &err)) {
        return EXIT_USAGE;
    }
    return by_ending ? code : search_open_results(job, true, spared);
}

static void set_options(search *s)
{
    const search_args *args = s->args;
    tyto_search_options *options = &s->look.options;
    options->nms = args->nms != OPTION_UNSET ? (tyto_nms)args->nms
                   : args->tree              ? TYTO_NMS_CLASS
                                             : TYTO_NMS_OFF;
    options->boxes = (tyto_boxes)args->boxes;
    options->nms_iou = (float)args->iou;
    options->top_k = args->top_k;
    options->multi_label = args->multi_label;
    s->draw = (drawing){.option = "draw", .path = args->draw};
    s->chosen = (drawing){.option = "draw-queries", .path = args->draw_queries};
}

static int open_crops(search *s)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_crops_options options;
    if (!s->args->crops) {
        return EXIT_DONE;
    }
    tyto_crops_options_init(&options, sizeof(options));
    options.labels = (const char *const *)s->labels.items;
    options.n_labels = (int64_t)s->labels.count;
    options.inputs = (const char *const *)s->photos.items;
    options.n_inputs = (int64_t)s->photos.count;
    options.spared = (const char *const *)s->examples.items;
    options.n_spared = (int64_t)s->examples.count;
    options.mirrored = s->photos.folder;
    const tyto_status status = tyto_crops_open(s->args->crops, &options, &s->crops, &err);
    went_well_for("--crops", status, &err);
    return status == TYTO_OK ? EXIT_DONE : status == TYTO_E_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}

/* How many crops there are, which nothing else says. Records don't say whether there are crops of
 * what they hold, so that those of photos left out are the user's to know of. */
static void count_crops(const search *s)
{
    const int64_t left_out = s->run.summary.left_out;
    if (s->crops && left_out > 0) {
        say_warning("%s: no crops of %lld photos, whose results were there already (--resume); "
                    "those of an earlier run stay",
                    s->args->crops, (long long)left_out);
    }
    const tyto_crops_count count = tyto_crops_counted(s->crops);
    if (s->crops && count.empty > 0) {
        say_note("%s: %lld crops written; %lld boxes hold no pixel of their photo", s->args->crops,
                 (long long)count.written, (long long)count.empty);
    } else if (s->crops) {
        say_note("%s: %lld crops written", s->args->crops, (long long)count.written);
    }
}

int search_prepare(search *job)
{
    text_list all = {0};
    set_options(job);
    if (!read_thresholds(job) || !processor_read(&job->args->processor, &job->processor) ||
        !photo_search_read(&job->args->tiles, &job->args->shortcuts, &job->look)) {
        return EXIT_USAGE;
    }
    if (job->tree) {
        return search_prepare_tree(job);
    }
    int code = search_list(job);
    if (code != EXIT_DONE || job->videos.count > 0) {
        return code == EXIT_DONE ? search_prepare_videos(job) : code;
    }
    text_list_append(&all, &job->photos);
    text_list_append(&all, &job->examples);
    code = drawing_check(&job->draw, &job->photos, &all);
    code = code == EXIT_DONE ? open_crops(job) : code;
    code = code == EXIT_DONE ? search_check_results(job, &all) : code;
    text_list_clear(&all);
    if (code == EXIT_DONE && job->chosen.path && job->examples.count == 0) {
        say_error("--draw-queries: no example to draw, required -q IMAGE");
        return EXIT_USAGE;
    }
    return code == EXIT_DONE ? drawing_check(&job->chosen, &job->examples, &job->examples) : code;
}

/* Saved classes may be another model's. */
static bool check_classes(const search *s)
{
    const int64_t width = tyto_vocabulary_builder_width(s->builder),
                  required = tyto_model_query_width(s->model.model);
    if (width != 0 && width != required) {
        say_error("%s: got embeddings of %lld numbers, required %lld (%s)", s->args->classes,
                  (long long)width, (long long)required, s->model.folder);
        return false;
    }
    return true;
}

static bool encode_texts(search *s)
{
    tyto_error err = TYTO_ERROR_INIT;
    const int64_t texts = tyto_vocabulary_builder_text_count(s->builder);
    const double began = seconds_now();
    if (!went_well(
            tyto_vocabulary_builder_embed_texts(s->builder, s->model.session, &s->embed, &err),
            &err)) {
        return false;
    }
    if (texts > 0) {
        say_info("%lld texts encoded in %.2f s", (long long)texts, seconds_now() - began);
    }
    return true;
}

/* What was chosen in a photo: said, and drawn if that is wanted. */
static bool show_chosen(search *s, const char *photo, tyto_image *image)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detections chosen;
    const tyto_example_note *notes;
    const char *const *labels;
    int64_t count;
    if (tyto_vocabulary_builder_chosen(s->builder, photo, &chosen, &labels, &count, NULL) !=
            TYTO_OK ||
        tyto_vocabulary_builder_notes(s->builder, &notes, &count, NULL) != TYTO_OK) {
        out_of_memory();
    }
    for (int64_t i = 0; i < count; i++) {
        if (strcmp(notes[i].photo, photo) == 0 && tyto_example_note_is_doubtful(&notes[i])) {
            say_warning("query '%s': the box taken for it in %s hardly looks like an object "
                        "(objectness %.3f); another box around it or another --rule may help",
                        s->labels.items[notes[i].label_index], photo, (double)notes[i].objectness);
        }
    }
    const bool good =
        !s->chosen.path ||
        went_well(drawing_write(&s->chosen, photo, image, &chosen, labels, count, &err), &err);
    tyto_detections_clear(&chosen);
    return good;
}

static bool embed_examples(search *s)
{
    bool good = true;
    for (size_t i = 0; good && i < s->examples.count; i++) {
        const char *photo = s->examples.items[i];
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image image = {0};
        good = load_photo(photo, &image) &&
               went_well_for(photo,
                             tyto_vocabulary_builder_embed_examples(
                                 s->builder, s->model.session, (int64_t)i, &image, &s->embed, &err),
                             &err) &&
               show_chosen(s, photo, &image);
        tyto_image_clear(&image);
    }
    return drawing_end(&s->chosen) && good;
}

bool search_open(search *job, tyto_task task)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (!model_open(job->common, &job->model) || !model_offers(&job->model, task) ||
        !check_classes(job) ||
        !processor_for(&job->processor, &job->model, &job->look.options.processor)) {
        return false;
    }
    job->look.session = job->model.session;
    tyto_embed_options_init(&job->embed, sizeof(job->embed));
    job->embed.templates = job->args->templates;
    job->embed.processor = job->look.options.processor;
    return (task != TYTO_TASK_SEARCH ||
            went_well(tyto_search_check(job->model.session, &job->look.options, &err), &err)) &&
           encode_texts(job) && embed_examples(job);
}

bool search_build(search *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    const bool good = went_well(tyto_vocabulary_builder_build(job->builder, job->model.session,
                                                              &job->embed, &job->vocabulary, &err),
                                &err);
    job->look.vocabulary = job->vocabulary;
    return good;
}

static tyto_status search_in(void *job, tyto_batch_photo *photo, tyto_error *err)
{
    search *s = job;
    tyto_detections found = {0};
    const double began = seconds_now();
    s->look.photo = photo->path;
    s->look.index = (size_t)photo->index;
    s->look.count = (size_t)photo->count;
    tyto_status status = photo_search_run(&s->look, photo->image, &found, err);
    if (status == TYTO_OK) {
        say_info("%s: waited for %.3f s, searched in %.3f s", photo->path, photo->waited_s,
                 seconds_now() - began);
        const tyto_photo_detections result = {.photo = photo->path,
                                              .index = photo->index,
                                              .width_px = photo->image->width_px,
                                              .height_px = photo->image->height_px,
                                              .detections = &found};
        progress_hide();
        s->run.n_found += found.count;
        status =
            s->crops ? tyto_crops_add(s->crops, photo->path, photo->image, &found, err) : TYTO_OK;
        if (status != TYTO_OK) {
            tyto_detections_clear(&found);
            return status;
        }
        status = tyto_document_add_detections(s->results.document, &result, &photo->record, err);
        photo->last = status != TYTO_OK;
    }
    if (status == TYTO_OK && s->draw.path) {
        status = drawing_write(&s->draw, photo->path, photo->image, &found, TEXTS(&s->labels), err);
    }
    tyto_detections_clear(&found);
    return status;
}

int search_finish(search *job, tyto_batch_fn work, void *user)
{
    job->run.results = job->results.results;
    photos_each(&job->run, &job->photos, work, user);
    count_crops(job);
    const bool drawn = drawing_end(&job->draw), good = job->run.good && !job->input_missing;
    const bool any = tyto_results_count(job->results.results) > 0;
    return records_end(&job->results, any && !job->run.ended) && any && good && drawn ? EXIT_DONE
                                                                                      : EXIT_FAILED;
}

int search_photos(search *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    if (!search_open(job, TYTO_TASK_SEARCH) || !search_build(job)) {
        return EXIT_FAILED;
    }
    model_introduce(&job->model);
    if (job->look.options.relative_scores) {
        say_note(
            "scores are relative to each photo's best, which is 1 (--scores plain: as they are)");
    }
    job->document.threshold =
        tyto_search_threshold(job->model.session, job->vocabulary, &job->look.options);
    tyto_status status = tyto_vocabulary_builder_notes(job->builder, &job->document.examples,
                                                       &job->document.n_examples, &err);
    if (status == TYTO_OK) {
        status =
            tyto_detection_document_create(&job->document, &job->results.document, &bytes, &err);
    }
    job->run.found = "found";
    return records_begin(&job->results, status, &bytes, &err) ? search_finish(job, search_in, job)
                                                              : EXIT_FAILED;
}

void search_end(search *job)
{
    records_drop(&job->results);
    drawing_end(&job->draw);
    drawing_end(&job->chosen);
    tyto_tree_search_destroy(job->tree_search);
    tyto_crops_destroy(job->crops);
    tyto_vocabulary_destroy(job->vocabulary);
    tyto_vocabulary_builder_destroy(job->builder);
    model_close(&job->model);
    processor_drop(&job->processor);
    text_list_clear(&job->labels);
    text_list_clear(&job->examples);
    text_list_clear(&job->photos);
    text_list_clear(&job->videos);
    free(job->label_thresholds);
    tyto_coco_clear(&job->ids);
    tyto_tree_destroy(job->tree);
}
