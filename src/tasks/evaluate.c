/* How good a model's detections are: every photo of an annotation file searched for all of its
 * categories, and what is found compared with what is there. */
#include <tyto/evaluate.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/coco_photos.h"
#include "tasks/follow.h"
#include <tyto/photo_reader.h>

/* Longest prompt with a name in it, and longest line of the log. */
#define PROMPT_BYTES_MAX ((size_t)1 << 20)
#define LOG_BYTES 4096

/* Texts that are owned: prompts, or paths of photos. */
typedef struct texts {
    char **items;
    int64_t count;
} texts;

/* One run. */
typedef struct run {
    tyto_session *session;
    const tyto_coco *truth;
    const tyto_search_options *search; /* NULL: the defaults of an evaluation */
    tyto_evaluate_options options;
    tyto_vocabulary *vocabulary;
    texts paths;
    tyto_follow follow;
    tyto_evaluation *out;
    int64_t capacity; /* of the results */
    tyto_error *err;
} run;

void tyto_evaluate_options_init(tyto_evaluate_options *options, size_t struct_bytes)
{
    static const tyto_evaluate_options defaults = {
        .struct_bytes = sizeof(defaults), .prompt = TYTO_EVALUATE_PLACE, .name = "annotations"};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

void tyto_evaluate_search_options_init(tyto_search_options *options, size_t struct_bytes)
{
    tyto_search_options defaults;
    tyto_search_options_init(&defaults, sizeof(defaults));
    defaults.threshold = 0.0F;
    defaults.top_k = 100;
    defaults.multi_label = true;
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

void tyto_evaluation_clear(tyto_evaluation *evaluation)
{
    if (evaluation) {
        tyto_coco_results_clear(&evaluation->results);
        tyto_coco_scores_clear(&evaluation->scores);
        *evaluation = (tyto_evaluation){.photos = 0};
    }
}

static void texts_clear(texts *list)
{
    for (int64_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
}

/* The prompt with the name in each place, newly allocated; NULL when memory is out, or it would be
 * too long. */
static char *fill_prompt(const char *prompt, const char *name)
{
    tyto_buffer text;
    tyto_buffer_init(&text, PROMPT_BYTES_MAX);
    tyto_buffer_text(&text, "");
    for (const char *at = prompt, *place; *at; at = place + strlen(TYTO_EVALUATE_PLACE)) {
        place = strstr(at, TYTO_EVALUATE_PLACE);
        tyto_buffer_add(&text, at, place ? (size_t)(place - at) : strlen(at));
        if (!place) {
            break;
        }
        tyto_buffer_text(&text, name);
    }
    return tyto_buffer_take(&text);
}

static tyto_status make_vocabulary(run *r)
{
    const tyto_coco *truth = r->truth;
    tyto_embed_options options;
    texts prompts = {.items = tyto_alloc_zeroed((size_t)truth->n_categories, sizeof(char *))};
    tyto_status status = prompts.items ? TYTO_OK : tyto_fail_memory(r->err, "prompts");
    for (; status == TYTO_OK && prompts.count < truth->n_categories; prompts.count++) {
        const char *name = truth->categories[prompts.count].name;
        prompts.items[prompts.count] = fill_prompt(r->options.prompt, name ? name : "");
        if (!prompts.items[prompts.count]) {
            status = tyto_fail_memory(r->err, "prompt");
            break;
        }
    }
    tyto_embed_options_init(&options, sizeof(options));
    options.templates = r->options.templates;
    if (status == TYTO_OK) {
        status = tyto_vocabulary_create(r->session, (const char *const *)prompts.items,
                                        prompts.count, &options, &r->vocabulary, r->err);
    }
    texts_clear(&prompts);
    return status;
}

static tyto_status list_paths(run *r, const char *folder)
{
    const tyto_coco *truth = r->truth;
    for (int64_t i = 0; i < truth->n_images; i++) {
        if (!truth->images[i].file_name) {
            return tyto_fail(r->err, TYTO_E_FORMAT,
                             "%s: 'images[%lld].file_name': got nothing, required the photo's name",
                             r->options.name, (long long)i);
        }
    }
    r->paths.items = tyto_alloc_zeroed((size_t)truth->n_images, sizeof(char *));
    if (!r->paths.items) {
        return tyto_fail_memory(r->err, folder);
    }
    r->paths.count = truth->n_images;
    return tyto_coco_photo_paths(truth, folder, r->paths.items, r->err);
}

static tyto_status add_result(run *r, const tyto_coco_image *image, const tyto_detection *found)
{
    tyto_coco_results *list = &r->out->results;
    const tyto_coco_category *category = &r->truth->categories[found->label_index];
    const tyto_box *box = &found->box;
    if (list->count == r->capacity) {
        const int64_t more = r->capacity > 0 ? 2 * r->capacity : 1024;
        tyto_coco_result *items = tyto_realloc(list->items, (size_t)more, sizeof(*items));
        if (!items) {
            return tyto_fail_memory(r->err, "results");
        }
        list->items = items;
        r->capacity = more;
    }
    list->items[list->count++] = (tyto_coco_result){
        .image_id = image->id,
        .image_text = image->id_text,
        .category_id = category->id,
        .category_text = category->id_text,
        .box = {.x = (double)box->xmin,
                .y = (double)box->ymin,
                .width = (double)box->xmax - (double)box->xmin,
                .height = (double)box->ymax - (double)box->ymin},
        .score = (double)found->score,
    };
    return TYTO_OK;
}

static void log_tiles(const run *r, const char *path, const tyto_image *image)
{
    tyto_tiles tiles;
    char line[512];
    if (r->options.log && r->search->tiles &&
        tyto_search_tiles(r->session, image->width_px, image->height_px, r->search, &tiles, NULL) ==
            TYTO_OK) {
        snprintf(line, sizeof(line), "%.400s: %lld x %lld tiles of %lldx%lld pixels", path,
                 (long long)tiles.columns, (long long)tiles.rows, (long long)tiles.tile_width_px,
                 (long long)tiles.tile_height_px);
        r->options.log(r->options.log_user, TYTO_LOG_LEVEL_INFO, line);
    }
}

/* Counts a photo that can't be read or searched, and goes on; what ends the run is handed on. */
static tyto_status pass_over(run *r, tyto_status status, tyto_error *own)
{
    if (status == TYTO_E_CANCELLED || status == TYTO_E_MEMORY) {
        return tyto_fail(r->err, status, "%s", tyto_error_message(own));
    }
    r->out->unread++;
    if (r->options.log) {
        r->options.log(r->options.log_user, TYTO_LOG_LEVEL_ERROR, tyto_error_message(own));
    }
    return TYTO_OK;
}

/* What is found in the picture of image i. */
static tyto_status add_found(run *r, int64_t i, const tyto_image *picture,
                             const tyto_detections *found)
{
    const tyto_coco_image *image = &r->truth->images[i];
    const bool sized = image->width_px > 0 && image->height_px > 0;
    r->out->turned += picture->orientation > 1;
    r->out->damaged += picture->damaged != 0;
    r->out->other_sizes +=
        sized && (image->width_px != picture->width_px || image->height_px != picture->height_px);
    for (int64_t k = 0; k < found->count; k++) {
        TYTO_TRY(add_result(r, image, &found->items[k]));
    }
    return TYTO_OK;
}

static tyto_status search_photo(run *r, int64_t i, tyto_photo_reader *reader)
{
    const char *path = r->paths.items[i];
    tyto_error own = TYTO_ERROR_INIT;
    tyto_image picture = {0};
    tyto_detections found = {0};
    tyto_status status = tyto_photo_reader_next(reader, &picture, &own);
    if (status == TYTO_OK) {
        const tyto_search_source source = {.image = &picture};
        log_tiles(r, path, &picture);
        status = tyto_search(r->session, &source, 1, r->vocabulary, r->search, &found, &own);
        tyto_error_prefix(&own, path);
    }
    status = status == TYTO_OK ? add_found(r, i, &picture, &found) : pass_over(r, status, &own);
    tyto_error_clear(&own);
    tyto_detections_clear(&found);
    tyto_image_clear(&picture);
    return status;
}

static tyto_status search_all(run *r, const char *folder)
{
    tyto_photo_reader *reader = NULL;
    tyto_status status = TYTO_OK;
    TYTO_TRY(tyto_search_check(r->session, r->search, r->err));
    TYTO_TRY(make_vocabulary(r));
    TYTO_TRY(list_paths(r, folder));
    tyto_photo_reader_options how;
    tyto_photo_reader_options_init(&how, sizeof(how));
    how.image = r->options.image;
    TYTO_TRY(tyto_photo_reader_create((const char *const *)r->paths.items, r->paths.count, &how,
                                      &reader, r->err));
    for (int64_t i = 0; i < r->paths.count && status == TYTO_OK; i++) {
        status = tyto_follow_step(&r->follow, TYTO_EVALUATE_STAGE, r->truth->images[i].file_name, i,
                                  r->paths.count, r->err);
        if (status == TYTO_OK) {
            status = search_photo(r, i, reader);
        }
    }
    tyto_photo_reader_destroy(reader);
    return status;
}

static void log_line(tyto_log_fn log, void *user, tyto_log_level level, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
static void log_line(tyto_log_fn log, void *user, tyto_log_level level, const char *format, ...)
{
    va_list args;
    char text[LOG_BYTES];
    if (!log) {
        return;
    }
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    log(user, level, text);
}

void tyto_coco_log_faults(const tyto_coco *truth, const char *name, tyto_log_fn log, void *log_user)
{
    const char *file = name ? name : "annotations";
    if (truth && truth->n_strangers > 0) {
        log_line(log, log_user, TYTO_LOG_LEVEL_WARNING,
                 "%s: %lld annotations name an image or a category that is not listed; they are "
                 "left out",
                 file, (long long)truth->n_strangers);
    }
    if (truth && truth->has_id_zero) {
        log_line(log, log_user, TYTO_LOG_LEVEL_WARNING,
                 "%s: an annotation has the id 0; pycocotools takes that object as never found",
                 file);
    }
    if (truth && truth->is_lvis) {
        log_line(log, log_user, TYTO_LOG_LEVEL_WARNING,
                 "%s: its images say which categories were looked for in them, as LVIS's do; the "
                 "numbers are COCO's, which take what wasn't looked for as wrong",
                 file);
    }
}

/* What a run came to, beside its numbers. */
static void log_end(const run *r, double seconds)
{
    const tyto_evaluation *found = r->out;
    const tyto_log_fn log = r->options.log;
    void *user = r->options.log_user;
    log_line(log, user, TYTO_LOG_LEVEL_INFO, "%lld photos searched in %.1f s",
             (long long)found->photos, seconds);
    if (found->damaged > 0) {
        log_line(log, user, TYTO_LOG_LEVEL_WARNING,
                 "%lld of %lld photos are cut or damaged; what is there was searched",
                 (long long)found->damaged, (long long)found->photos);
    }
    if (found->unread > 0) {
        log_line(log, user, TYTO_LOG_LEVEL_WARNING,
                 "%lld of %lld photos could not be searched; nothing counts as found in them",
                 (long long)found->unread, (long long)found->photos);
    }
    if (found->other_sizes > 0) {
        log_line(log, user, TYTO_LOG_LEVEL_WARNING,
                 "%lld of %lld photos have another size than the annotations say; their boxes "
                 "may lie elsewhere",
                 (long long)found->other_sizes, (long long)found->photos);
    }
}

static tyto_status score(const tyto_coco *truth, const tyto_coco_results *results,
                         const tyto_evaluate_options *how, tyto_evaluation *out, tyto_error *err)
{
    tyto_coco_evaluate_options options;
    tyto_coco_evaluate_options_init(&options, sizeof(options));
    options.progress = how->progress;
    options.progress_user = how->progress_user;
    return tyto_coco_evaluate(truth, results->items, results->count, &options, &out->scores, err);
}

/* Calls may not be nested with an error in *err, so what follows runs only after TYTO_OK. */
static tyto_status evaluate(run *r, const char *folder)
{
    r->out->photos = r->truth->n_images;
    if (r->truth->n_categories > 0) {
        const double began = tyto_seconds_now();
        tyto_follow_begin(&r->follow, r->session, r->options.progress, r->options.progress_user);
        const tyto_status status = search_all(r, folder);
        tyto_follow_end(&r->follow);
        TYTO_TRY(status);
        log_end(r, tyto_seconds_now() - began);
    }
    return score(r->truth, &r->out->results, &r->options, r->out, r->err);
}

tyto_status tyto_evaluate(tyto_session *session, const tyto_coco *truth, const char *folder,
                          const tyto_search_options *search, const tyto_evaluate_options *options,
                          tyto_evaluation *out, tyto_error *err)
{
    tyto_search_options usual;
    run r = {.session = session,
             .truth = truth,
             .search = search ? search : &usual,
             .out = out,
             .err = err};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, truth);
    if (truth->n_categories > 0) {
        TYTO_REQUIRE(err, session);
    }
    TYTO_REQUIRE(err, folder);
    TYTO_REQUIRE(err, out);
    *out = (tyto_evaluation){.photos = 0};
    tyto_evaluate_search_options_init(&usual, sizeof(usual));
    tyto_evaluate_options_init(&r.options, sizeof(r.options));
    TYTO_TRY(
        tyto_options_read(&r.options, sizeof(r.options), options, "tyto_evaluate_options", err));
    if (!r.options.prompt || !strstr(r.options.prompt, TYTO_EVALUATE_PLACE)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "prompt: got '%s', required a text with %s in the "
                         "name's place",
                         r.options.prompt ? r.options.prompt : "nothing", TYTO_EVALUATE_PLACE);
    }
    const tyto_status status = evaluate(&r, folder);
    tyto_vocabulary_destroy(r.vocabulary);
    texts_clear(&r.paths);
    if (status != TYTO_OK) {
        tyto_evaluation_clear(out);
    }
    return status;
}

tyto_status tyto_evaluate_results(const char *path, const tyto_coco *truth, bool listed_only,
                                  const tyto_evaluate_options *options, tyto_evaluation *out,
                                  tyto_error *err)
{
    tyto_evaluate_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, truth);
    TYTO_REQUIRE(err, out);
    *out = (tyto_evaluation){.photos = truth->n_images};
    tyto_evaluate_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_evaluate_options", err));
    tyto_coco_results *results = &out->results;
    tyto_status status = tyto_coco_results_load(path, results, err);
    if (status == TYTO_OK && listed_only) {
        status = tyto_coco_results_keep_listed(results, truth, err);
    }
    if (status == TYTO_OK) {
        status = score(truth, results, &own, out, err);
    }
    if (status != TYTO_OK) {
        tyto_evaluation_clear(out);
    }
    return status;
}

tyto_status tyto_coco_results_save(const char *path, const tyto_coco_result *items, int64_t count,
                                   tyto_error *err)
{
    tyto_bytes document;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_TRY(tyto_coco_results_json(items, count, &document, err));
    const tyto_status status = tyto_file_write(path, document.data, document.length_bytes, err);
    tyto_bytes_clear(&document);
    return status;
}
