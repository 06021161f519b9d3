/* Rows of photos that an earlier run left in a file, so that these aren't embedded again. */
#include <stdlib.h>
#include <string.h>
#include <tyto/vocabulary_builder.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"
#include "results/writer.h"
#include "runtime/model.h"
#include "runtime/session.h"
#include "tasks/vocabulary.h"

/* A photo's label, as the file spells it. */
typedef struct named {
    char *label;
    int64_t at;
} named;

/* A call's arguments, and the rows that were taken. */
typedef struct taking {
    const char *path;
    int64_t width;
    named *photos; /* [count] in order of label */
    int64_t count;
    bool *done;
    float *features; /* [rows][width] */
    const char **labels;
    tyto_origin *origins;
    int64_t rows, capacity;
    tyto_error *err;
} taking;

static int by_label(const void *left, const void *right)
{
    return strcmp(((const named *)left)->label, ((const named *)right)->label);
}

/* Labels of JSON are as it spells them. */
static tyto_status sort_photos(taking *take, const char *const *photos, bool json)
{
    bool good = take->photos != NULL;
    for (int64_t i = 0; good && i < take->count; i++) {
        const char *base = tyto_path_base(photos[i]);
        json_t *spelled = json ? tyto_json_string(base) : NULL;
        const char *label = json ? json_string_value(spelled) : base;
        take->photos[i].at = i;
        take->photos[i].label = label ? tyto_copy_text(label, strlen(label)) : NULL;
        good = take->photos[i].label != NULL;
        json_decref(spelled);
    }
    if (!good) {
        return tyto_fail_memory(take->err, take->path);
    }
    qsort(take->photos, (size_t)take->count, sizeof(*take->photos), by_label);
    return TYTO_OK;
}

/* The photo of that label; NULL when there is none, or several. */
static const named *find_photo(const taking *take, const char *label)
{
    const named key = {.label = (char *)(uintptr_t)label};
    const named *found =
        bsearch(&key, take->photos, (size_t)take->count, sizeof(*take->photos), by_label);
    if (!found || (found > take->photos && by_label(found - 1, found) == 0) ||
        (found + 1 < take->photos + take->count && by_label(found + 1, found) == 0)) {
        return NULL;
    }
    return found;
}

static tyto_status make_room(taking *take)
{
    if (take->rows < take->capacity) {
        return TYTO_OK;
    }
    const int64_t capacity = take->capacity > 0 ? 2 * take->capacity : 16;
    size_t bytes;
    if (!tyto_mul_size((size_t)take->width, sizeof(float), &bytes)) {
        return tyto_fail_memory(take->err, take->path);
    }
    float *features = tyto_realloc(take->features, (size_t)capacity, bytes);
    take->features = features ? features : take->features;
    const char **labels = tyto_realloc(take->labels, (size_t)capacity, sizeof(*labels));
    take->labels = labels ? labels : take->labels;
    tyto_origin *origins = tyto_realloc(take->origins, (size_t)capacity, sizeof(*origins));
    take->origins = origins ? origins : take->origins;
    if (!features || !labels || !origins) {
        return tyto_fail_memory(take->err, take->path);
    }
    take->capacity = capacity;
    return TYTO_OK;
}

static tyto_status check_width(const taking *take, int64_t width)
{
    return width == take->width
               ? TYTO_OK
               : tyto_fail(
                     take->err, TYTO_E_SHAPE,
                     "%s: got embeddings of %lld numbers, required %lld as the model has them",
                     take->path, (long long)width, (long long)take->width);
}

/* A row of features that are given or filled in by the caller (NULL); *out is that row. */
static tyto_status add_row(taking *take, const named *photo, const float *features, float **out)
{
    TYTO_TRY(make_room(take));
    *out = take->features + take->rows * take->width;
    if (features) {
        memcpy(*out, features, (size_t)take->width * sizeof(float));
    }
    take->labels[take->rows] = photo->label;
    take->origins[take->rows++] = (tyto_origin){.kind = TYTO_QUERY_KIND_IMAGE};
    take->done[photo->at] = true;
    return TYTO_OK;
}

static tyto_status take_tensors(taking *take)
{
    tyto_vocabulary *saved;
    TYTO_TRY(tyto_vocabulary_load(take->path, &saved, take->err));
    tyto_status status = check_width(take, saved->width);
    for (int64_t i = 0; i < saved->count && status == TYTO_OK; i++) {
        const named *photo = find_photo(take, saved->labels[i]);
        float *row;
        if (photo) {
            status = add_row(take, photo, saved->features + i * saved->width, &row);
        }
    }
    tyto_vocabulary_destroy(saved);
    return status;
}

static float number_of(const json_t *object, const char *key)
{
    return (float)json_number_value(json_object_get(object, key));
}

/* A row of JSON, unless it is of no photo of the run. */
static tyto_status take_object(taking *take, const json_t *object)
{
    const char *name = json_string_value(json_object_get(object, "name")),
               *kind = json_string_value(json_object_get(object, "kind"));
    const json_t *numbers = json_object_get(object, "embedding");
    if (!name || !kind || !json_is_array(numbers)) {
        return tyto_fail(take->err, TYTO_E_FORMAT, "%s: required embeddings as they were written",
                         take->path);
    }
    const bool box = strcmp(kind, tyto_query_kind_name(TYTO_QUERY_KIND_BOX)) == 0;
    const bool photo_row = box || strcmp(kind, tyto_query_kind_name(TYTO_QUERY_KIND_IMAGE)) == 0;
    const named *photo = photo_row ? find_photo(take, name) : NULL;
    float *row;
    if (!photo) {
        return TYTO_OK;
    }
    TYTO_TRY(check_width(take, (int64_t)json_array_size(numbers)));
    TYTO_TRY(add_row(take, photo, NULL, &row));
    for (int64_t i = 0; i < take->width; i++) {
        row[i] = (float)json_number_value(json_array_get(numbers, (size_t)i));
    }
    if (box) {
        const json_t *place = json_object_get(object, "box");
        take->origins[take->rows - 1] =
            (tyto_origin){.kind = TYTO_QUERY_KIND_BOX,
                          .box = {number_of(place, "xmin"), number_of(place, "ymin"),
                                  number_of(place, "xmax"), number_of(place, "ymax")},
                          .score = number_of(object, "objectness")};
    }
    return TYTO_OK;
}

/* An object is on a line of its own, so that memory is that of one. */
static tyto_status take_lines(taking *take)
{
    char *bytes = NULL;
    size_t length = 0;
    TYTO_TRY(tyto_file_read(take->path, TYTO_DOCUMENT_BYTES_MAX, &bytes, &length, take->err));
    const char *at = bytes, *end = bytes + length;
    tyto_status status = TYTO_OK;
    while (at < end && status == TYTO_OK) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t line = (size_t)((newline ? newline : end) - at);
        const size_t whole = line + (newline != NULL);
        line -= line > 1 && at[line - 1] == ',';
        if (line > 1 || (line == 1 && *at != '[' && *at != ']')) {
            json_t *object = NULL;
            status = tyto_json_parse(at, line, take->path, &object, take->err);
            status = status == TYTO_OK ? take_object(take, object) : status;
            json_decref(object);
        }
        at += whole;
    }
    free(bytes);
    return status;
}

static bool has_ending(const char *path, const char *ending)
{
    const size_t length = strlen(path), end = strlen(ending);
    return length > end && strcmp(path + length - end, ending) == 0;
}

/* Adds what was taken to the builder's photos. */
static tyto_status give_rows(const taking *take, tyto_vocabulary_builder *builder)
{
    tyto_vocabulary *rows;
    if (take->rows == 0) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_vocabulary_make(take->features, take->labels, take->rows, take->width,
                                  TYTO_QUERY_KIND_IMAGE, &rows, take->err));
    memcpy(rows->origins, take->origins, (size_t)take->rows * sizeof(*rows->origins));
    return tyto_vocabulary_builder_add_photo(builder, rows, take->err);
}

tyto_status tyto_vocabulary_builder_resume(tyto_vocabulary_builder *builder,
                                           const tyto_session *session, const char *path,
                                           const char *const *photos, int64_t count, bool *done,
                                           tyto_error *err)
{
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, builder);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, path);
    TYTO_TRY(tyto_check_list(photos, count, "photos", err));
    TYTO_TRY(tyto_check_list(done, count, "done", err));
    for (int64_t i = 0; i < count; i++) {
        TYTO_REQUIRE(err, photos[i]);
        done[i] = false;
    }
    if (has_ending(path, ".npy")) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: rows of .npy have no names, so that nobody knows which photos they "
                         "are; required .safetensors or .json to go on with",
                         path);
    }
    if (!tyto_file_exists(path)) {
        return TYTO_OK;
    }
    const bool tensors = has_ending(path, ".safetensors");
    taking take = {.path = path,
                   .width = tyto_model_query_width(session->model),
                   .photos = tyto_alloc_zeroed((size_t)count, sizeof(*take.photos)),
                   .count = count,
                   .done = done,
                   .err = err};
    TYTO_CHECK(sort_photos(&take, photos, !tensors));
    TYTO_CHECK(tensors ? take_tensors(&take) : take_lines(&take));
    TYTO_CHECK(give_rows(&take, builder));
cleanup:
    for (int64_t i = 0; take.photos && i < count; i++) {
        free(take.photos[i].label);
    }
    free(take.photos);
    free(take.features);
    free(take.labels);
    free(take.origins);
    return status;
}
