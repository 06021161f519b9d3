/* Looking for things in photos, and for things in these: by a tree. */
#include <string.h>
#include <tyto/files.h>
#include <tyto/tree_document.h>

#include "inputs.h"
#include "messages.h"
#include "search.h"
#include "signals.h"

/* What says something that a tree says itself, or that it has no use for. */
static const char *option_beside(const search_args *args)
{
    return args->texts.count > 0 ? "--text"
           : args->labels_file   ? "--labels"
           : args->classes       ? "--classes"
           : args->boxes         ? "--boxes reference"
           : args->every > 1     ? "--every"
           : args->track         ? "--track"
           : args->scores        ? "--yolo-scores"
           : args->data_yaml     ? "--data-yaml"
           : args->crops         ? "--crops"
           : args->ids_from      ? "--ids-from"
                                 : NULL;
}

int search_read_tree(search *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    const search_args *args = job->args;
    const char *beside = option_beside(args);
    if (beside) {
        say_error("%s: got it beside --tree, required one of the two", beside);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < args->thresholds.count; i++) {
        if (strchr(args->thresholds.items[i], '=')) {
            say_error("--threshold: got '%s' beside --tree, required a number for all texts "
                      "(one's own is in the tree, as in \"a face@0.3\")",
                      args->thresholds.items[i]);
            return EXIT_USAGE;
        }
    }
    const tyto_status status = tyto_tree_read(args->tree, &job->tree, &err);
    const bool file = args->tree[0] == '@' && args->tree[1];
    if (status != TYTO_OK) {
        say_error("%s%s", file ? "" : "--", tyto_error_message(&err));
    }
    tyto_error_clear(&err);
    return status == TYTO_OK ? EXIT_DONE : file ? EXIT_FAILED : EXIT_USAGE;
}

int search_prepare_tree(search *job)
{
    text_list all = {0};
    const search_args *args = job->args;
    const text_list *operands = &job->common->operands;
    for (size_t i = 0; i < operands->count; i++) {
        if (tyto_file_is_called_video(operands->items[i])) {
            say_error("--tree: got the video %s, required photos", operands->items[i]);
            return EXIT_USAGE;
        }
    }
    job->look.options.label_thresholds = NULL;
    job->input_missing = !list_photos(operands, &job->photos);
    if (job->photos.count == 0) {
        return EXIT_FAILED;
    }
    text_list_append(&all, &job->photos);
    if (args->tree[0] == '@') {
        text_list_add(&all, args->tree + 1, strlen(args->tree + 1));
    }
    int code = drawing_check(&job->draw, &job->photos, &all);
    code = code == EXIT_DONE ? search_open_results(job, false, &all) : code;
    text_list_clear(&all);
    if (code == EXIT_DONE && tyto_results_format(job->results.results) > TYTO_FORMAT_JSONL) {
        say_error("%s: got %s beside --tree, required text, json or jsonl",
                  args->format == FORMAT_UNSET ? args->output : "--format",
                  tyto_format_name(tyto_results_format(job->results.results)));
        return EXIT_USAGE;
    }
    return code;
}

static tyto_status search_in(void *given, tyto_batch_photo *photo, tyto_error *err)
{
    search *job = given;
    tyto_tree_found found;
    const double began = seconds_now();
    tyto_status status = tyto_tree_search_photo(job->tree_search, photo->image, &found, err);
    if (status == TYTO_OK) {
        say_info("%s: waited for %.3f s, searched in %.3f s", photo->path, photo->waited_s,
                 seconds_now() - began);
        progress_hide();
        if (found.passed_over > 0) {
            say_warning("%s: %lld things weren't looked into (--tree-regions)", photo->path,
                        (long long)found.passed_over);
        }
        job->run.n_found += found.things;
        status =
            tyto_document_add_tree(job->results.document, photo->path, &found, &photo->record, err);
        photo->last = status != TYTO_OK;
    }
    if (status == TYTO_OK && job->draw.path) {
        status = tyto_draw_tree(photo->image, job->tree, &found, NULL, err);
        status =
            status == TYTO_OK ? drawing_save(&job->draw, photo->path, photo->image, err) : status;
    }
    tyto_tree_found_clear(&found);
    return status;
}

int search_trees(search *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tree_search_options how;
    tyto_tree_document_options document;
    tyto_bytes bytes = {0};
    if (!model_open(job->common, &job->model) ||
        !processor_for(&job->processor, &job->model, &job->look.options.processor)) {
        return EXIT_FAILED;
    }
    tyto_tree_search_options_init(&how, sizeof(how));
    how.search = &job->look.options;
    how.templates = job->args->templates;
    how.margin = job->args->tree_margin;
    how.regions = job->args->tree_regions;
    how.progress = go_on;
    if (!went_well(
            tyto_tree_search_create(job->model.session, job->tree, &how, &job->tree_search, &err),
            &err)) {
        return EXIT_FAILED;
    }
    model_introduce(&job->model);
    tyto_tree_document_options_init(&document, sizeof(document));
    document.format = tyto_results_format(job->results.results);
    document.tree = job->tree;
    document.n_photos = (int64_t)job->photos.count;
    document.array = job->photos.many;
    document.threshold = tyto_tree_search_threshold(job->tree_search);
    const tyto_status status =
        tyto_tree_document_create(&document, &job->results.document, &bytes, &err);
    job->run.found = "found";
    return records_begin(&job->results, status, &bytes, &err) ? search_finish(job, search_in, job)
                                                              : EXIT_FAILED;
}
