/* COCO's annotation and result files. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"
#include <tyto/eval.h>
#include <tyto/memory.h>

/* One record of a list, for reading and for messages. */
typedef struct record {
    const char *file, *list; /* list "" is the root of the file */
    size_t index;
    const json_t *object;
    tyto_error *err;
} record;

static tyto_status bad(const record *r, const char *key, const json_t *value, const char *required)
{
    return tyto_fail(r->err, TYTO_E_FORMAT, "%s: '%s[%zu]%s%s': got %s, required %s", r->file,
                     r->list, r->index, *key ? "." : "", key, tyto_json_type(value), required);
}

static tyto_status bad_number(const record *r, const char *key, double value, const char *required)
{
    return tyto_fail(r->err, TYTO_E_FORMAT, "%s: '%s[%zu].%s': got %g, required %s", r->file,
                     r->list, r->index, key, value, required);
}

/* A number, which JSON may have more digits of than fit. */
static bool is_number(const json_t *value)
{
    return json_is_number(value) || tyto_json_long_number(value);
}

static double number_of(const json_t *value)
{
    const char *digits = tyto_json_long_number(value);
    return digits ? strtod(digits, NULL) : json_number_value(value);
}

/* Whether a number is whole and has 64 bits. */
static bool is_whole(double value)
{
    return value >= -0x1p63 && value < 0x1p63 && value == floor(value);
}

static tyto_status read_number(const record *r, const char *key, double *out)
{
    const json_t *value = json_object_get(r->object, key);
    if (!is_number(value)) {
        return bad(r, key, value, "a number");
    }
    *out = number_of(value);
    return TYTO_OK;
}

/* FNV-1a over the kind and the bytes of what stands in place of a number, as a negative number. */
static int64_t id_of_text(char kind, const char *text)
{
    uint64_t hash = (UINT64_C(0xcbf29ce484222325) ^ (unsigned char)kind) * UINT64_C(0x100000001b3);
    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    }
    return (int64_t)(hash >> 1) + INT64_MIN;
}

/* The text as JSON has it, newly allocated; NULL when memory is out. */
static char *quote(const char *text)
{
    tyto_buffer quoted;
    tyto_buffer_init(&quoted, SIZE_MAX / 2);
    tyto_buffer_text(&quoted, "\"");
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < 0x20) {
            tyto_buffer_format(&quoted, "\\u%04x", c);
        } else {
            tyto_buffer_add(&quoted, "\\", c == '"' || c == '\\');
            tyto_buffer_add(&quoted, text, 1);
        }
    }
    tyto_buffer_text(&quoted, "\"");
    return tyto_buffer_take(&quoted);
}

/* Puts JSON text in the place of an id, so that the document holds it. */
static tyto_status keep_text(const record *r, const char *key, const json_t *value,
                             const char **out)
{
    char digits[400];
    const char *number = tyto_json_long_number(value);
    if (json_is_real(value)) {
        snprintf(digits, sizeof(digits), "%.0f", json_real_value(value));
        number = digits;
    }
    char *text = number ? tyto_copy_text(number, strlen(number)) : quote(json_string_value(value));
    json_t *kept = text ? json_string_nocheck(text) : NULL;
    tyto_free(text);
    if (!kept || json_object_set_new((json_t *)(uintptr_t)r->object, key, kept) != 0) {
        return tyto_fail_memory(r->err, r->file);
    }
    *out = json_string_value(kept);
    return TYTO_OK;
}

/* An id, and what the file has in place of a number; text NULL: nobody wants to know. */
static tyto_status read_id(const record *r, const char *key, int64_t *out, const char **text)
{
    const json_t *value = json_object_get(r->object, key);
    const char *digits = tyto_json_long_number(value);
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return TYTO_OK;
    }
    if (json_is_real(value)) {
        const double real = json_real_value(value);
        char spelled[400];
        if (is_whole(real)) {
            *out = (int64_t)real;
            return TYTO_OK;
        }
        if (real != floor(real)) {
            return bad(r, key, value, "an integer or a text");
        }
        snprintf(spelled, sizeof(spelled), "%.0f", real);
        *out = id_of_text('0', spelled);
    } else if (json_is_string(value)) {
        *out = id_of_text(digits ? '0' : '"', json_string_value(value));
    } else {
        return bad(r, key, value, "an integer or a text");
    }
    return text ? keep_text(r, key, value, text) : TYTO_OK;
}

/* A side of a picture, which evaluation doesn't need: what is no number leaves *out alone. */
static tyto_status read_side(const record *r, const char *key, int64_t *out)
{
    const json_t *value = json_object_get(r->object, key);
    const char *text = json_string_value(value);
    char *end;
    const double side = text ? strtod(text, &end) : json_number_value(value);
    if (!is_whole(side) || (text && (end == text || *end))) {
        return TYTO_OK;
    }
    if (side < 0.0) {
        return bad_number(r, key, side, "at least 0");
    }
    *out = (int64_t)side;
    return TYTO_OK;
}

static tyto_status read_box(const record *r, tyto_coco_box *out)
{
    const json_t *box = json_object_get(r->object, "bbox");
    double numbers[4];
    if (!json_is_array(box) || json_array_size(box) != 4) {
        return json_is_array(box) ? bad_number(r, "bbox", (double)json_array_size(box),
                                               "4 numbers (left, top, width, height)")
                                  : bad(r, "bbox", box, "an array of 4 numbers");
    }
    for (size_t i = 0; i < 4; i++) {
        const json_t *value = json_array_get(box, i);
        if (!is_number(value)) {
            return bad(r, "bbox", value, "4 numbers (left, top, width, height)");
        }
        numbers[i] = number_of(value);
    }
    if (numbers[2] < 0.0 || numbers[3] < 0.0) {
        return bad_number(r, "bbox", fmin(numbers[2], numbers[3]),
                          "a width and height of at least 0");
    }
    *out = (tyto_coco_box){numbers[0], numbers[1], numbers[2], numbers[3]};
    return TYTO_OK;
}

static tyto_status read_crowd(const record *r, bool *out)
{
    const json_t *value = json_object_get(r->object, "iscrowd");
    if (!value || json_is_null(value)) {
        *out = false;
    } else if (json_is_boolean(value)) {
        *out = json_is_true(value);
    } else if (json_is_number(value)) {
        *out = json_number_value(value) == 1.0;
        if (!*out && json_number_value(value) != 0.0) {
            return bad_number(r, "iscrowd", json_number_value(value), "0 or 1");
        }
    } else {
        return bad(r, "iscrowd", value, "0 or 1");
    }
    return TYTO_OK;
}

/* Makes `r` the i-th record of a list. */
static tyto_status open_record(record *r, const json_t *list, size_t i)
{
    r->index = i;
    r->object = json_array_get(list, i);
    return json_is_object(r->object) ? TYTO_OK : bad(r, "", r->object, "an object");
}

static tyto_status find_list(const json_t *root, const char *file, const char *name,
                             const json_t **out, tyto_error *err)
{
    *out = json_object_get(root, name);
    if (!json_is_array(*out)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got %s, required an array", file, name,
                         tyto_json_type(*out));
    }
    return TYTO_OK;
}

/* An id, and whose it is. */
typedef struct listed {
    int64_t id;
    size_t at;
} listed;

static int by_id(const void *left, const void *right)
{
    const listed *a = left, *b = right;
    return a->id < b->id ? -1 : a->id > b->id;
}

/* Sorts the ids of a list; each may be there once. */
static tyto_status check_once(listed *ids, const json_t *list, const record *r)
{
    const size_t count = json_array_size(list);
    if (count > 1) {
        qsort(ids, count, sizeof(*ids), by_id);
    }
    for (size_t i = 1; i < count; i++) {
        if (ids[i].id == ids[i - 1].id) {
            const json_t *id = json_object_get(json_array_get(list, ids[i].at), "id");
            char number[24];
            snprintf(number, sizeof(number), "%lld", (long long)ids[i].id);
            return tyto_fail(r->err, TYTO_E_FORMAT,
                             "%s: '%s': got the id %s twice, required each id once", r->file,
                             r->list, json_is_string(id) ? json_string_value(id) : number);
        }
    }
    return TYTO_OK;
}

static bool has(const listed *sorted, int64_t count, int64_t id)
{
    const listed key = {.id = id};
    return count > 0 && bsearch(&key, sorted, (size_t)count, sizeof(key), by_id);
}

/* What is being read from one file. Names point into the document until tyto_coco is whole. */
typedef struct reader {
    const char *file;
    const json_t *images, *categories, *annotations;
    listed *image_ids, *category_ids, *annotation_ids; /* sorted once read */
    tyto_error *err;
} reader;

/* The name of a photo. LVIS has none, and the last two parts of an address in its place. */
static tyto_status read_file_name(const record *r, const char **out)
{
    const json_t *name = json_object_get(r->object, "file_name");
    *out = json_string_value(name);
    if (name && !json_is_null(name) && !json_is_string(name)) {
        return bad(r, "file_name", name, "a string");
    }
    const char *address = *out ? NULL : json_string_value(json_object_get(r->object, "coco_url"));
    for (const char *at = address ? strrchr(address, '/') : NULL; at && at >= address; at--) {
        if (*at == '/' && *out) {
            *out = at + 1;
            break;
        }
        *out = *at == '/' ? at + 1 : *out;
    }
    return TYTO_OK;
}

static tyto_status read_images(reader *in, tyto_coco *out)
{
    size_t count = json_array_size(in->images);
    out->images = tyto_alloc_zeroed(count, sizeof(*out->images));
    in->image_ids = tyto_alloc(count, sizeof(*in->image_ids));
    if (!out->images || !in->image_ids) {
        return tyto_fail_memory(in->err, in->file);
    }
    record r = {.file = in->file, .list = "images", .err = in->err};
    for (size_t i = 0; i < count; i++) {
        tyto_coco_image *image = &out->images[i];
        TYTO_TRY(open_record(&r, in->images, i));
        TYTO_TRY(read_id(&r, "id", &image->id, &image->id_text));
        TYTO_TRY(read_side(&r, "width", &image->width_px));
        TYTO_TRY(read_side(&r, "height", &image->height_px));
        TYTO_TRY(read_file_name(&r, &image->file_name));
        out->is_lvis = out->is_lvis || json_object_get(r.object, "neg_category_ids");
        in->image_ids[i] = (listed){image->id, i};
    }
    out->n_images = (int64_t)count;
    return check_once(in->image_ids, in->images, &r);
}

static tyto_status read_categories(reader *in, tyto_coco *out)
{
    size_t count = json_array_size(in->categories);
    out->categories = tyto_alloc_zeroed(count, sizeof(*out->categories));
    in->category_ids = tyto_alloc(count, sizeof(*in->category_ids));
    if (!out->categories || !in->category_ids) {
        return tyto_fail_memory(in->err, in->file);
    }
    record r = {.file = in->file, .list = "categories", .err = in->err};
    for (size_t i = 0; i < count; i++) {
        TYTO_TRY(open_record(&r, in->categories, i));
        TYTO_TRY(read_id(&r, "id", &out->categories[i].id, &out->categories[i].id_text));
        const json_t *name = json_object_get(r.object, "name");
        if (!json_is_string(name)) {
            return bad(&r, "name", name, "a string");
        }
        out->categories[i].name = json_string_value(name);
        in->category_ids[i] = (listed){out->categories[i].id, i};
    }
    out->n_categories = (int64_t)count;
    return check_once(in->category_ids, in->categories, &r);
}

static tyto_status read_annotation(const record *r, int64_t *id, tyto_coco_annotation *out)
{
    TYTO_TRY(read_id(r, "id", id, NULL));
    TYTO_TRY(read_id(r, "image_id", &out->image_id, NULL));
    TYTO_TRY(read_id(r, "category_id", &out->category_id, NULL));
    TYTO_TRY(read_box(r, &out->box));
    TYTO_TRY(read_crowd(r, &out->crowd));
    const json_t *area = json_object_get(r->object, "area");
    if (!area || json_is_null(area)) {
        out->area = out->box.width * out->box.height;
    } else {
        TYTO_TRY(read_number(r, "area", &out->area));
    }
    bool good = out->area >= 0.0 && isfinite(out->area);
    return good ? TYTO_OK : bad_number(r, "area", out->area, "at least 0 and finite");
}

static tyto_status read_annotations(reader *in, tyto_coco *out)
{
    size_t count = json_array_size(in->annotations);
    out->annotations = tyto_alloc(count, sizeof(*out->annotations));
    in->annotation_ids = tyto_alloc(count, sizeof(*in->annotation_ids));
    if (!out->annotations || !in->annotation_ids) {
        return tyto_fail_memory(in->err, in->file);
    }
    record r = {.file = in->file, .list = "annotations", .err = in->err};
    for (size_t i = 0; i < count; i++) {
        tyto_coco_annotation annotation = {0};
        TYTO_TRY(open_record(&r, in->annotations, i));
        TYTO_TRY(read_annotation(&r, &in->annotation_ids[i].id, &annotation));
        in->annotation_ids[i].at = i;
        out->has_id_zero = out->has_id_zero || in->annotation_ids[i].id == 0;
        if (has(in->image_ids, out->n_images, annotation.image_id) &&
            has(in->category_ids, out->n_categories, annotation.category_id)) {
            out->annotations[out->n_annotations++] = annotation;
        }
    }
    out->n_strangers = (int64_t)count - out->n_annotations;
    return check_once(in->annotation_ids, in->annotations, &r);
}

/* Bytes of a name with its NUL; 0 for none. */
static size_t name_bytes(const char *name)
{
    return name ? strlen(name) + 1 : 0;
}

static void move_name(const char **name, char **next)
{
    size_t bytes = name_bytes(*name);
    if (bytes > 0) {
        memcpy(*next, *name, bytes);
        *name = *next;
        *next += bytes;
    }
}

/* Copies the names out of the document, which goes away. */
static tyto_status keep_names(reader *in, tyto_coco *out)
{
    size_t bytes = 0; /* no overflow: the document has them all in memory */
    for (int64_t i = 0; i < out->n_images; i++) {
        bytes += name_bytes(out->images[i].file_name) + name_bytes(out->images[i].id_text);
    }
    for (int64_t i = 0; i < out->n_categories; i++) {
        bytes += name_bytes(out->categories[i].name) + name_bytes(out->categories[i].id_text);
    }
    char *next = out->texts = tyto_alloc(bytes, 1);
    if (!next) {
        return tyto_fail_memory(in->err, in->file);
    }
    for (int64_t i = 0; i < out->n_images; i++) {
        move_name(&out->images[i].file_name, &next);
        move_name(&out->images[i].id_text, &next);
    }
    for (int64_t i = 0; i < out->n_categories; i++) {
        move_name(&out->categories[i].name, &next);
        move_name(&out->categories[i].id_text, &next);
    }
    return TYTO_OK;
}

tyto_status tyto_coco_parse(const char *bytes, size_t length_bytes, const char *name,
                            tyto_coco *out, tyto_error *err)
{
    reader in = {.file = name, .err = err};
    json_t *root = NULL;
    tyto_status status;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, bytes);
    TYTO_REQUIRE(err, name);
    TYTO_REQUIRE(err, out);
    *out = (tyto_coco){0};
    TYTO_CHECK(tyto_json_parse_loosely(JSON_OBJECT, bytes, length_bytes, name, &root, err));
    TYTO_CHECK(find_list(root, name, "images", &in.images, err));
    TYTO_CHECK(find_list(root, name, "categories", &in.categories, err));
    TYTO_CHECK(find_list(root, name, "annotations", &in.annotations, err));
    TYTO_CHECK(read_images(&in, out));
    TYTO_CHECK(read_categories(&in, out));
    TYTO_CHECK(read_annotations(&in, out));
    TYTO_CHECK(keep_names(&in, out));
cleanup:
    if (status != TYTO_OK) {
        tyto_coco_clear(out);
    }
    tyto_free(in.image_ids);
    tyto_free(in.category_ids);
    tyto_free(in.annotation_ids);
    json_decref(root);
    return status;
}

void tyto_coco_clear(tyto_coco *coco)
{
    if (coco) {
        tyto_free(coco->images);
        tyto_free(coco->categories);
        tyto_free(coco->annotations);
        tyto_free(coco->texts);
        *coco = (tyto_coco){0};
    }
}

tyto_status tyto_coco_load(const char *path, tyto_coco *out, tyto_error *err)
{
    char *bytes;
    size_t length;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = (tyto_coco){0};
    TYTO_TRY(tyto_file_read(tyto_file_or_input(path), TYTO_COCO_BYTES_MAX, &bytes, &length, err));
    tyto_status status = tyto_coco_parse(bytes, length, path, out, err);
    tyto_free(bytes);
    return status;
}

/* Copies the texts of ids out of the document. */
static tyto_status keep_result_texts(const char *file, tyto_coco_results *out, tyto_error *err)
{
    size_t bytes = 0;
    for (int64_t i = 0; i < out->count; i++) {
        bytes += name_bytes(out->items[i].image_text) + name_bytes(out->items[i].category_text);
    }
    if (bytes == 0) {
        return TYTO_OK;
    }
    char *next = out->texts = tyto_alloc(bytes, 1);
    if (!next) {
        return tyto_fail_memory(err, file);
    }
    for (int64_t i = 0; i < out->count; i++) {
        move_name(&out->items[i].image_text, &next);
        move_name(&out->items[i].category_text, &next);
    }
    return TYTO_OK;
}

tyto_status tyto_coco_results_parse(const char *bytes, size_t length_bytes, const char *name,
                                    tyto_coco_results *out, tyto_error *err)
{
    record r = {.file = name, .list = "", .err = err};
    json_t *root = NULL;
    tyto_status status;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, bytes);
    TYTO_REQUIRE(err, out);
    *out = (tyto_coco_results){0};
    TYTO_CHECK(tyto_json_parse_loosely(JSON_ARRAY, bytes, length_bytes, name, &root, err));
    size_t count = json_array_size(root);
    out->items = tyto_alloc_zeroed(count, sizeof(*out->items));
    if (!out->items) {
        status = tyto_fail_memory(err, name);
        goto cleanup;
    }
    for (; out->count < (int64_t)count; out->count++) {
        tyto_coco_result *item = &out->items[out->count];
        TYTO_CHECK(open_record(&r, root, (size_t)out->count));
        TYTO_CHECK(read_id(&r, "image_id", &item->image_id, &item->image_text));
        TYTO_CHECK(read_id(&r, "category_id", &item->category_id, &item->category_text));
        TYTO_CHECK(read_box(&r, &item->box));
        TYTO_CHECK(read_number(&r, "score", &item->score));
    }
    TYTO_CHECK(keep_result_texts(name, out, err));
cleanup:
    if (status != TYTO_OK) {
        tyto_coco_results_clear(out);
    }
    json_decref(root);
    return status;
}

tyto_status tyto_coco_results_load(const char *path, tyto_coco_results *out, tyto_error *err)
{
    char *bytes;
    size_t length;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = (tyto_coco_results){0};
    TYTO_TRY(tyto_file_read(tyto_file_or_input(path), TYTO_COCO_BYTES_MAX, &bytes, &length, err));
    tyto_status status = tyto_coco_results_parse(bytes, length, path, out, err);
    tyto_free(bytes);
    return status;
}

void tyto_coco_results_clear(tyto_coco_results *results)
{
    if (results) {
        tyto_free(results->items);
        tyto_free(results->texts);
        *results = (tyto_coco_results){0};
    }
}

tyto_status tyto_coco_results_keep_listed(tyto_coco_results *results, const tyto_coco *truth,
                                          tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, results);
    TYTO_REQUIRE(err, truth);
    const size_t count = (size_t)truth->n_images;
    listed *ids = tyto_alloc(count, sizeof(*ids));
    int64_t kept = 0;
    if (!ids) {
        return tyto_fail_memory(err, "results");
    }
    for (size_t i = 0; i < count; i++) {
        ids[i] = (listed){truth->images[i].id, i};
    }
    if (count > 1) {
        qsort(ids, count, sizeof(*ids), by_id);
    }
    for (int64_t i = 0; i < results->count; i++) {
        if (has(ids, truth->n_images, results->items[i].image_id)) {
            results->items[kept++] = results->items[i];
        }
    }
    results->count = kept;
    tyto_free(ids);
    return TYTO_OK;
}
