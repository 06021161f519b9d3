#include <tyto/vocabulary_builder.h>

#include <stdlib.h>
#include <string.h>
#include <tyto/files.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/text/unicode.h"
#include "runtime/engine.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tasks/embed.h"
#include "tasks/label_file.h"
#include "tasks/vocabulary.h"

/* An example's box below this objectness was hardly ever meant to be a thing. */
#define OBJECTNESS_CREDIBLE 0.1F

/* Texts, or vocabularies, that were added one after the other. */
typedef struct list {
    void **items;
    int64_t count, capacity;
} list;

/* An example that was added, and what became of it. */
typedef struct example {
    char *label;
    int64_t picture; /* its place among those */
    bool has_region, in_shares;
    tyto_box region;
    tyto_query_rule rule;
    tyto_query_box chosen;
    tyto_vocabulary *query; /* NULL: not embedded yet */
} example;

/* The lists that were given last: asking for them changes nothing else. */
typedef struct given_lists {
    const char **labels;         /* by tyto_vocabulary_builder_labels */
    tyto_example_note *notes;    /* by tyto_vocabulary_builder_notes */
    const char **example_labels; /* by tyto_vocabulary_builder_chosen */
} given_lists;

struct tyto_vocabulary_builder {
    tyto_averaging averaging;
    list texts;                    /* char * */
    list saved;                    /* tyto_vocabulary * */
    list examples;                 /* example * */
    list pictures;                 /* char *, each once */
    list photos;                   /* tyto_vocabulary * */
    tyto_vocabulary *text_queries; /* of the first encoded_texts texts */
    int64_t encoded_texts;
    int64_t merged; /* lines of labels that were there already, to be told */
    given_lists *given;
};

static void example_destroy(example *item)
{
    if (item) {
        tyto_vocabulary_destroy(item->query);
        free(item->label);
        free(item);
    }
}

/* Takes the item over, also when there is no room for it: false. */
static bool list_add(list *whole, void *item, void (*destroy)(void *item))
{
    if (item && whole->count == whole->capacity) {
        const int64_t capacity = whole->capacity > 0 ? 2 * whole->capacity : 16;
        void **items = tyto_realloc(whole->items, (size_t)capacity, sizeof(*items));
        if (!items) {
            destroy(item);
            return false;
        }
        whole->items = items;
        whole->capacity = capacity;
    }
    if (item) {
        whole->items[whole->count++] = item;
    }
    return item != NULL;
}

static void list_clear(list *whole, void (*destroy)(void *item))
{
    for (int64_t i = 0; i < whole->count; i++) {
        destroy(whole->items[i]);
    }
    free(whole->items);
    *whole = (list){0};
}

static void destroy_vocabulary(void *item)
{
    tyto_vocabulary_destroy(item);
}

static void destroy_example(void *item)
{
    example_destroy(item);
}

static tyto_status no_memory(tyto_error *err)
{
    return tyto_fail_memory(err, "vocabulary");
}

tyto_status tyto_vocabulary_builder_create(tyto_averaging averaging, tyto_vocabulary_builder **out,
                                           tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_check_enum((int)averaging, TYTO_AVERAGING_ALL, "averaging", err));
    *out = tyto_alloc_zeroed(1, sizeof(**out));
    given_lists *given = tyto_alloc_zeroed(1, sizeof(*given));
    if (!*out || !given) {
        free(*out);
        free(given);
        *out = NULL;
        return no_memory(err);
    }
    (*out)->averaging = averaging;
    (*out)->given = given;
    return TYTO_OK;
}

void tyto_vocabulary_builder_destroy(tyto_vocabulary_builder *builder)
{
    if (!builder) {
        return;
    }
    list_clear(&builder->texts, free);
    list_clear(&builder->saved, destroy_vocabulary);
    list_clear(&builder->examples, destroy_example);
    list_clear(&builder->pictures, free);
    list_clear(&builder->photos, destroy_vocabulary);
    tyto_vocabulary_destroy(builder->text_queries);
    free(builder->given->labels);
    free(builder->given->notes);
    free(builder->given->example_labels);
    free(builder->given);
    free(builder);
}

tyto_status tyto_vocabulary_builder_add_text(tyto_vocabulary_builder *builder, const char *text,
                                             tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, text);
    if (!*text) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "text: got an empty text, required what to look for");
    }
    size_t at;
    if (!tyto_utf8_check(text, strlen(text), &at)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "text: '%.60s': byte %zu: got 0x%02X, required UTF-8", text, at,
                         (unsigned)(unsigned char)text[at]);
    }
    return list_add(&builder->texts, tyto_copy_text(text, strlen(text)), free) ? TYTO_OK
                                                                               : no_memory(err);
}

tyto_status tyto_vocabulary_builder_add_vocabulary(tyto_vocabulary_builder *builder,
                                                   const tyto_vocabulary *vocabulary,
                                                   tyto_error *err)
{
    tyto_vocabulary *copy;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, vocabulary);
    const int64_t width = tyto_vocabulary_builder_width(builder);
    if (width != 0 && vocabulary->width != width) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "query '%.60s': got an embedding of %lld numbers, required %lld",
                         vocabulary->labels[0], (long long)vocabulary->width, (long long)width);
    }
    TYTO_TRY(tyto_vocabulary_join(&vocabulary, 1, &copy, err));
    return list_add(&builder->saved, copy, destroy_vocabulary) ? TYTO_OK : no_memory(err);
}

tyto_status tyto_vocabulary_builder_add_lines(tyto_vocabulary_builder *builder, const char *path,
                                              tyto_error *err)
{
    tyto_file_list lines;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    int64_t merged;
    tyto_status status = tyto_label_file_read(path, &lines, &merged, err);
    if (status == TYTO_OK && lines.count == 0) {
        status = tyto_fail(err, TYTO_E_ARGUMENT, "%s: no label in it, required one per line", path);
    }
    for (int64_t i = 0; status == TYTO_OK && i < lines.count; i++) {
        status = tyto_vocabulary_builder_add_text(builder, lines.items[i], err);
    }
    builder->merged += merged;
    tyto_file_list_clear(&lines);
    return status;
}

tyto_status tyto_vocabulary_builder_add_file(tyto_vocabulary_builder *builder, const char *path,
                                             tyto_error *err)
{
    tyto_vocabulary *saved;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_TRY(tyto_vocabulary_load(path, &saved, err));
    const tyto_status status = tyto_vocabulary_builder_add_vocabulary(builder, saved, err);
    tyto_vocabulary_destroy(saved);
    return status;
}

/* The place of a picture's name in the list; -1 when memory is out. */
static int64_t find_picture(tyto_vocabulary_builder *builder, const char *name)
{
    list *pictures = &builder->pictures;
    for (int64_t i = 0; i < pictures->count; i++) {
        if (strcmp(pictures->items[i], name) == 0) {
            return i;
        }
    }
    return list_add(pictures, tyto_copy_text(name, strlen(name)), free) ? pictures->count - 1 : -1;
}

tyto_status tyto_vocabulary_builder_add_example(tyto_vocabulary_builder *builder,
                                                const tyto_vocabulary_example *added,
                                                tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, added);
    TYTO_REQUIRE(err, added->photo);
    TYTO_REQUIRE(err, added->label);
    TYTO_TRY(tyto_check_enum((int)added->rule, TYTO_QUERY_RULE_OVERLAP, "rule", err));
    const int64_t picture = find_picture(builder, added->photo);
    example *item = picture < 0 ? NULL : tyto_alloc_zeroed(1, sizeof(*item));
    if (!item) {
        return no_memory(err);
    }
    *item = (example){.label = tyto_copy_text(added->label, strlen(added->label)),
                      .picture = picture,
                      .has_region = added->region != NULL,
                      .in_shares = added->in_shares,
                      .rule = added->rule};
    if (added->region) {
        item->region = *added->region;
    }
    if (!item->label) {
        example_destroy(item);
        return no_memory(err);
    }
    return list_add(&builder->examples, item, destroy_example) ? TYTO_OK : no_memory(err);
}

/* Labels as they are kept, and for each query before averaging (texts, saved, examples) the place
 * of its own: *out and *places, to be freed in any case. False when memory is out. */
static bool list_labels(const tyto_vocabulary_builder *builder, const char ***out, int64_t *count,
                        int64_t **places)
{
    int64_t all = builder->texts.count + builder->examples.count, n = 0, kept = 0;
    for (int64_t i = 0; i < builder->saved.count; i++) {
        all += tyto_vocabulary_count(builder->saved.items[i]);
    }
    const char **labels = *out = tyto_alloc((size_t)all + 1, sizeof(*labels));
    int64_t *first = tyto_alloc((size_t)all + 1, sizeof(*first));
    *places = tyto_alloc((size_t)all + 1, sizeof(**places));
    if (!labels || !first || !*places) {
        free(first);
        return false;
    }
    for (int64_t i = 0; i < builder->texts.count; i++) {
        labels[n++] = builder->texts.items[i];
    }
    for (int64_t i = 0; i < builder->saved.count; i++) {
        const tyto_vocabulary *saved = builder->saved.items[i];
        for (int64_t k = 0; k < saved->count; k++) {
            labels[n++] = saved->labels[k];
        }
    }
    for (int64_t i = 0; i < builder->examples.count; i++) {
        labels[n++] = ((const example *)builder->examples.items[i])->label;
    }
    /* Those before `averaged` stay as they are. */
    const int64_t averaged = builder->averaging == TYTO_AVERAGING_ALL ? 0
                             : builder->averaging == TYTO_AVERAGING_EXAMPLES
                                 ? all - builder->examples.count
                                 : all;
    const bool good = tyto_labels_firsts(labels + averaged, all - averaged, first + averaged);
    for (int64_t i = 0; good && i < all; i++) {
        const int64_t same = i < averaged ? i : averaged + first[i];
        (*places)[i] = same == i ? kept++ : (*places)[same];
        labels[(*places)[i]] = labels[i];
    }
    free(first);
    *count = kept;
    return good;
}

tyto_status tyto_vocabulary_builder_labels(const tyto_vocabulary_builder *builder,
                                           const char *const **out, int64_t *count, tyto_error *err)
{
    const char **labels;
    int64_t *places;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, count);
    *out = NULL;
    *count = 0;
    const bool good = list_labels(builder, &labels, count, &places);
    free(places);
    if (!good) {
        free(labels);
        *count = 0;
        return no_memory(err);
    }
    free(builder->given->labels);
    *out = builder->given->labels = labels;
    return TYTO_OK;
}

int64_t tyto_vocabulary_builder_text_count(const tyto_vocabulary_builder *builder)
{
    return builder ? builder->texts.count : 0;
}

int64_t tyto_vocabulary_builder_width(const tyto_vocabulary_builder *builder)
{
    return builder && builder->saved.count > 0 ? tyto_vocabulary_width(builder->saved.items[0]) : 0;
}

tyto_status tyto_vocabulary_builder_notes(const tyto_vocabulary_builder *builder,
                                          const tyto_example_note **out, int64_t *count,
                                          tyto_error *err)
{
    const char **labels;
    int64_t *places, kept, before;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, count);
    *out = NULL;
    *count = 0;
    const bool good = list_labels(builder, &labels, &kept, &places);
    free(labels);
    tyto_example_note *notes =
        good ? tyto_alloc((size_t)builder->examples.count + 1, sizeof(*notes)) : NULL;
    if (!notes) {
        free(places);
        return no_memory(err);
    }
    before = builder->texts.count;
    for (int64_t k = 0; k < builder->saved.count; k++) {
        before += tyto_vocabulary_count(builder->saved.items[k]);
    }
    for (int64_t i = 0; i < builder->examples.count; i++) {
        const example *item = builder->examples.items[i];
        notes[i] = (tyto_example_note){.photo = builder->pictures.items[item->picture],
                                       .label_index = places[before + i],
                                       .box = item->chosen.box,
                                       .objectness = item->chosen.objectness,
                                       .overlap = item->chosen.iou};
    }
    free(places);
    free(builder->given->notes);
    *out = builder->given->notes = notes;
    *count = builder->examples.count;
    return TYTO_OK;
}

tyto_status tyto_vocabulary_builder_chosen(const tyto_vocabulary_builder *builder,
                                           const char *photo, tyto_detections *out,
                                           const char *const **labels, int64_t *count,
                                           tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, labels);
    TYTO_REQUIRE(err, count);
    const int64_t examples = builder->examples.count;
    const char **own = tyto_alloc((size_t)examples + 1, sizeof(*own));
    *out = (tyto_detections){.items = tyto_alloc((size_t)examples + 1, sizeof(*out->items))};
    if (!own || !out->items) {
        free(own);
        tyto_detections_clear(out);
        return no_memory(err);
    }
    for (int64_t i = 0; i < examples; i++) {
        const example *item = builder->examples.items[i];
        own[i] = item->label;
        if (strcmp(builder->pictures.items[item->picture], photo) == 0) {
            out->items[out->count++] = (tyto_detection){
                .box = item->chosen.box, .score = item->chosen.objectness, .label_index = i};
        }
    }
    free(builder->given->example_labels);
    *labels = builder->given->example_labels = own;
    *count = examples;
    return TYTO_OK;
}

bool tyto_example_note_is_doubtful(const tyto_example_note *note)
{
    return note && !(note->objectness >= OBJECTNESS_CREDIBLE);
}

int64_t tyto_vocabulary_builder_photo_count(const tyto_vocabulary_builder *builder)
{
    return builder ? builder->pictures.count : 0;
}

const char *tyto_vocabulary_builder_photo(const tyto_vocabulary_builder *builder, int64_t i)
{
    return builder && i >= 0 && i < builder->pictures.count ? builder->pictures.items[i] : NULL;
}

tyto_status tyto_vocabulary_builder_embed_texts(tyto_vocabulary_builder *builder,
                                                tyto_session *session,
                                                const tyto_embed_options *options, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, session);
    if (builder->encoded_texts == builder->texts.count) {
        return TYTO_OK;
    }
    if (builder->merged > 0) {
        tyto_engine_log(session->model->engine, TYTO_LOG_LEVEL_WARNING,
                        "labels: lines that are there more than once count once: %lld left out",
                        (long long)builder->merged);
        builder->merged = 0;
    }
    tyto_vocabulary_destroy(builder->text_queries);
    builder->text_queries = NULL;
    builder->encoded_texts = 0;
    TYTO_TRY(tyto_vocabulary_create(session, (const char *const *)builder->texts.items,
                                    builder->texts.count, options, &builder->text_queries, err));
    builder->encoded_texts = builder->texts.count;
    return TYTO_OK;
}

static tyto_status embed_example(tyto_session *session, const tyto_image *image,
                                 const tyto_photo *photo, example *item, tyto_error *err)
{
    tyto_vocabulary *query;
    const float x = item->in_shares ? (float)image->width_px : 1.0F,
                y = item->in_shares ? (float)image->height_px : 1.0F;
    const tyto_box region = {item->region.xmin * x, item->region.ymin * y, item->region.xmax * x,
                             item->region.ymax * y};
    TYTO_TRY(tyto_photo_query(session, photo, item->has_region ? &region : NULL, item->rule,
                              item->label, &item->chosen, &query, err));
    tyto_vocabulary_destroy(item->query);
    item->query = query;
    return TYTO_OK;
}

tyto_status tyto_vocabulary_builder_embed_examples(tyto_vocabulary_builder *builder,
                                                   tyto_session *session, int64_t i,
                                                   const tyto_image *image,
                                                   const tyto_embed_options *options,
                                                   tyto_error *err)
{
    tyto_photo *photo = NULL;
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, image);
    if (i < 0 || i >= builder->pictures.count) {
        return tyto_fail(err, TYTO_E_RANGE, "picture: got %lld, required one of %lld", (long long)i,
                         (long long)builder->pictures.count);
    }
    TYTO_TRY(tyto_photo_create(session, image, options, &photo, err));
    for (int64_t k = 0; k < builder->examples.count && status == TYTO_OK; k++) {
        example *item = builder->examples.items[k];
        if (item->picture == i) {
            status = embed_example(session, image, photo, item, err);
        }
    }
    tyto_photo_destroy(photo);
    return status;
}

tyto_status tyto_vocabulary_builder_add_photo(tyto_vocabulary_builder *builder,
                                              tyto_vocabulary *queries, tyto_error *err)
{
    return list_add(&builder->photos, queries, destroy_vocabulary) ? TYTO_OK : no_memory(err);
}

tyto_status tyto_vocabulary_builder_embed_image(tyto_vocabulary_builder *builder,
                                                tyto_session *session, const char *label,
                                                const tyto_image *image,
                                                const tyto_embed_options *options, tyto_error *err)
{
    float *features;
    int64_t width;
    tyto_vocabulary *query;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, label);
    TYTO_TRY(tyto_embed_image(session, image, options, &features, &width, err));
    const tyto_status status =
        tyto_vocabulary_make(features, &label, 1, width, TYTO_QUERY_KIND_IMAGE, &query, err);
    tyto_free(features);
    return status == TYTO_OK ? tyto_vocabulary_builder_add_photo(builder, query, err) : status;
}

/* A query for each box that was found; *out stays NULL when there is none. */
static tyto_status embed_found(tyto_session *session, const tyto_photo *photo, const char *label,
                               const tyto_detections *found, tyto_vocabulary **out, tyto_error *err)
{
    if (found->count == 0) {
        return TYTO_OK;
    }
    const char **labels = tyto_alloc((size_t)found->count, sizeof(*labels));
    if (!labels) {
        return no_memory(err);
    }
    for (int64_t i = 0; i < found->count; i++) {
        labels[i] = label;
    }
    const tyto_status status = tyto_photo_embed(session, photo, found, labels, out, err);
    free(labels);
    return status;
}

tyto_status tyto_vocabulary_builder_embed_boxes(tyto_vocabulary_builder *builder,
                                                tyto_session *session, const char *label,
                                                const tyto_image *image,
                                                const tyto_embed_options *options,
                                                const tyto_search_options *search, int64_t *count,
                                                tyto_error *err)
{
    tyto_photo *photo = NULL;
    tyto_vocabulary *queries = NULL;
    tyto_detections found = {0};
    tyto_status status;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, label);
    if (count) {
        *count = 0;
    }
    TYTO_CHECK(tyto_photo_create(session, image, options, &photo, err));
    const tyto_search_source source = {.photo = photo};
    TYTO_CHECK(tyto_search(session, &source, 1, NULL, search, &found, err));
    TYTO_CHECK(embed_found(session, photo, label, &found, &queries, err));
    if (queries) {
        TYTO_CHECK(tyto_vocabulary_builder_add_photo(builder, queries, err));
    }
    if (count) {
        *count = found.count;
    }
cleanup:
    tyto_detections_clear(&found);
    tyto_photo_destroy(photo);
    return status;
}

/* Reads and embeds the pictures of examples that aren't embedded yet. */
static tyto_status embed_missing(tyto_vocabulary_builder *builder, tyto_session *session,
                                 const tyto_embed_options *options, tyto_error *err)
{
    tyto_embed_options own;
    TYTO_TRY(tyto_embed_options_read(&own, options, err));
    for (int64_t k = 0; k < builder->examples.count; k++) {
        const example *item = builder->examples.items[k];
        tyto_image image = {0};
        if (item->query) {
            continue;
        }
        const char *name = builder->pictures.items[item->picture];
        TYTO_TRY(tyto_image_load(name, own.image, &image, err));
        const tyto_status status = tyto_vocabulary_builder_embed_examples(
            builder, session, item->picture, &image, &own, err);
        tyto_image_clear(&image);
        if (status != TYTO_OK) {
            tyto_error_prefix(err, name);
            return status;
        }
    }
    return TYTO_OK;
}

/* *whole, of several parts, becomes averaged. */
static tyto_status average(tyto_vocabulary **whole, tyto_error *err)
{
    tyto_vocabulary *averaged = NULL;
    const tyto_status status = tyto_vocabulary_average(*whole, &averaged, err);
    tyto_vocabulary_destroy(*whole);
    *whole = averaged;
    return status;
}

/* Examples as one vocabulary, averaged if that is wanted of them alone; NULL: there are none. */
static tyto_status join_examples(const tyto_vocabulary_builder *builder, tyto_vocabulary **out,
                                 tyto_error *err)
{
    const int64_t count = builder->examples.count;
    const tyto_vocabulary **parts = tyto_alloc((size_t)count + 1, sizeof(*parts));
    *out = NULL;
    if (!parts) {
        return no_memory(err);
    }
    for (int64_t k = 0; k < count; k++) {
        parts[k] = ((const example *)builder->examples.items[k])->query;
    }
    tyto_status status = count > 0 ? tyto_vocabulary_join(parts, count, out, err) : TYTO_OK;
    free(parts);
    if (status == TYTO_OK && *out && builder->averaging == TYTO_AVERAGING_EXAMPLES) {
        status = average(out, err);
    }
    return status;
}

/* Texts, saved queries and examples; NULL: there are none. */
static tyto_status join_queries(const tyto_vocabulary_builder *builder, tyto_vocabulary **out,
                                tyto_error *err)
{
    tyto_vocabulary *examples = NULL;
    tyto_status status = TYTO_OK;
    int64_t n = 0;
    const tyto_vocabulary **parts = tyto_alloc((size_t)builder->saved.count + 2, sizeof(*parts));
    if (!parts) {
        return no_memory(err);
    }
    TYTO_CHECK(join_examples(builder, &examples, err));
    if (builder->text_queries) {
        parts[n++] = builder->text_queries;
    }
    for (int64_t i = 0; i < builder->saved.count; i++) {
        parts[n++] = builder->saved.items[i];
    }
    if (examples) {
        parts[n++] = examples;
    }
    if (n > 0) {
        TYTO_CHECK(tyto_vocabulary_join(parts, n, out, err));
    }
    if (*out && builder->averaging == TYTO_AVERAGING_ALL) {
        TYTO_CHECK(average(out, err));
    }
cleanup:
    tyto_vocabulary_destroy(examples);
    free(parts);
    return status;
}

/* *whole, or NULL, and the photos after it. */
static tyto_status join_photos(const tyto_vocabulary_builder *builder, tyto_vocabulary **whole,
                               tyto_error *err)
{
    const int64_t count = builder->photos.count;
    tyto_vocabulary *before = *whole;
    int64_t n = 0;
    if (count == 0) {
        return TYTO_OK;
    }
    const tyto_vocabulary **parts = tyto_alloc((size_t)count + 1, sizeof(*parts));
    if (!parts) {
        return no_memory(err);
    }
    if (before) {
        parts[n++] = before;
    }
    for (int64_t i = 0; i < count; i++) {
        parts[n++] = builder->photos.items[i];
    }
    const tyto_status status = tyto_vocabulary_join(parts, n, whole, err);
    tyto_vocabulary_destroy(before);
    free(parts);
    return status;
}

tyto_status tyto_vocabulary_builder_build(tyto_vocabulary_builder *builder, tyto_session *session,
                                          const tyto_embed_options *options, tyto_vocabulary **out,
                                          tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_vocabulary_builder_embed_texts(builder, session, options, err));
    TYTO_TRY(embed_missing(builder, session, options, err));
    tyto_status status = join_queries(builder, out, err);
    if (status == TYTO_OK) {
        status = join_photos(builder, out, err);
    }
    if (status != TYTO_OK) {
        tyto_vocabulary_destroy(*out);
        *out = NULL;
    }
    return status;
}
