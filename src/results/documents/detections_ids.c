/* What a document calls its photos and labels: names by the folder searched, and COCO's ids. */
#include "results/documents/detections_ids.h"
#include "results/documents/detections.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"

/* Bytes of a 64-bit number with its NUL. */
#define NUMBER_BYTES 24
/* Digits of a name that is taken for a number. */
#define DIGITS_MAX 18

/* A text and its place in the caller's list. */
typedef struct placed {
    const char *text;
    int64_t at;
} placed;

static bool is_input(const char *photo)
{
    return strcmp(photo, "-") == 0;
}

tyto_status tyto_detections_folder(const tyto_detection_document_options *options, char **out,
                                   tyto_error *err)
{
    const char *first = "";
    size_t bytes = 0;
    for (int64_t i = 0; options->photos && i < options->n_photos; i++) {
        if (options->photos[i] && !is_input(options->photos[i])) {
            first = options->photos[i];
            break;
        }
    }
    if (options->folder) {
        first = options->folder;
        bytes = strlen(first);
    } else if (options->photos) {
        bytes = tyto_paths_shared_bytes(options->photos, options->n_photos);
    }
    *out = tyto_alloc(bytes + 2, 1);
    if (!*out) {
        return tyto_fail_memory(err, "document");
    }
    memcpy(*out, first, bytes);
    (*out)[bytes] = '\0';
    if (bytes > 0 && (*out)[bytes - 1] != '/') {
        memcpy(*out + bytes, "/", 2);
    }
    return TYTO_OK;
}

const char *tyto_detections_name(const char *folder, const char *photo)
{
    const size_t bytes = folder ? strlen(folder) : 0;
    const bool inside = folder && strncmp(photo, folder, bytes) == 0;
    const char *name = inside ? photo + bytes : tyto_path_base(photo);
    return name + strspn(name, "/");
}

/* The number that a photo's name is; −1 when it is none. */
static int64_t number_of(const char *photo)
{
    const char *base = photo ? tyto_path_base(photo) : "";
    const size_t length = tyto_path_stem_bytes(base);
    const bool good = length > 0 && length <= DIGITS_MAX && strspn(base, "0123456789") == length;
    return good ? strtoll(base, NULL, 10) : -1;
}

static int by_value(const void *left, const void *right)
{
    int64_t a, b;
    memcpy(&a, left, sizeof(a));
    memcpy(&b, right, sizeof(b));
    return a < b ? -1 : a > b;
}

tyto_status tyto_detections_numbered(const char *const *photos, int64_t count, bool *out,
                                     tyto_error *err)
{
    *out = false;
    if (!photos) {
        return TYTO_OK;
    }
    int64_t *numbers = tyto_alloc((size_t)count, sizeof(*numbers));
    if (!numbers) {
        return tyto_fail_memory(err, "document");
    }
    bool good = true;
    for (int64_t i = 0; i < count && good; i++) {
        numbers[i] = number_of(photos[i]);
        good = numbers[i] >= 0;
    }
    if (good && count > 1) {
        qsort(numbers, (size_t)count, sizeof(*numbers), by_value);
    }
    for (int64_t i = 1; i < count && good; i++) {
        good = numbers[i] != numbers[i - 1];
    }
    tyto_free(numbers);
    *out = good;
    return TYTO_OK;
}

static bool parts(char c)
{
    return c == '/' || c == '\\';
}

/* The part of a set's name behind its last '/' or '\'. */
static const char *last_part(const char *name)
{
    const char *base = name;
    for (const char *at = name; *at; at++) {
        base = parts(*at) ? at + 1 : base;
    }
    return base;
}

static int by_last_part(const void *left, const void *right)
{
    const placed *a = left, *b = right;
    const int order = strcmp(last_part(a->text), last_part(b->text));
    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

static int by_text(const void *left, const void *right)
{
    const placed *a = left, *b = right;
    const int order = strcmp(a->text, b->text);
    return order != 0 ? order : a->at < b->at ? -1 : a->at > b->at;
}

/* How many bytes two names have in common at their ends. */
static size_t common_end(const char *a, const char *b)
{
    const size_t long_a = strlen(a), long_b = strlen(b);
    size_t same = 0;
    while (same < long_a && same < long_b) {
        const char one = a[long_a - 1 - same], other = b[long_b - 1 - same];
        if (one != other && !(parts(one) && parts(other))) {
            break;
        }
        same++;
    }
    return same;
}

/* The first in a sorted list that isn't before the key. */
static int64_t lower_bound(const placed *list, int64_t count, const placed *key,
                           int (*compare)(const void *, const void *))
{
    int64_t low = 0;
    while (low < count) {
        const int64_t middle = low + (count - low) / 2;
        if (compare(&list[middle], key) < 0) {
            low = middle + 1;
        } else {
            count = middle;
        }
    }
    return low;
}

/* The id as JSON has it, newly allocated. */
static tyto_status spell(int64_t id, const char *text, char **out, tyto_error *err)
{
    char number[NUMBER_BYTES];
    snprintf(number, sizeof(number), "%" PRId64, id);
    text = text ? text : number;
    *out = tyto_copy_text(text, strlen(text));
    return *out ? TYTO_OK : tyto_fail_memory(err, "document");
}

/* The image of the set whose name ends most like the photo's. */
static tyto_status find_image(const placed *list, int64_t count, const char *photo, int64_t *out,
                              tyto_error *err)
{
    const placed key = {.text = tyto_path_base(photo), .at = -1};
    size_t best = 0;
    bool twice = false;
    *out = -1;
    for (int64_t i = lower_bound(list, count, &key, by_last_part);
         i < count && strcmp(last_part(list[i].text), key.text) == 0; i++) {
        const size_t same = common_end(list[i].text, photo);
        twice = same == best || (twice && same < best);
        if (same > best) {
            best = same;
            *out = list[i].at;
        }
    }
    if (*out < 0 || twice) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: got %s of that name in the set of ids, required one", photo,
                         *out < 0 ? "no image" : "more than one image");
    }
    return TYTO_OK;
}

/* Each image of the set is one photo. */
static tyto_status check_once(const placed *list, char *const *ids,
                              const tyto_detection_document_options *options, tyto_error *err)
{
    for (int64_t i = 1; i < options->n_photos; i++) {
        if (strcmp(list[i].text, list[i - 1].text) == 0) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s and %s: both are image %s of the set of ids, required one photo",
                             options->photos[list[i - 1].at], options->photos[list[i].at],
                             ids[list[i].at]);
        }
    }
    return TYTO_OK;
}

static void sort(placed *list, int64_t count, int (*compare)(const void *, const void *))
{
    if (count > 1) {
        qsort(list, (size_t)count, sizeof(*list), compare);
    }
}

tyto_status tyto_detections_image_ids(const tyto_detection_document_options *options, char **ids,
                                      tyto_error *err)
{
    tyto_status status = TYTO_OK;
    const tyto_coco *set = options->ids;
    placed *images = tyto_alloc((size_t)set->n_images, sizeof(*images));
    placed *once = tyto_alloc((size_t)options->n_photos, sizeof(*once));
    int64_t count = 0;
    if (!images || !once) {
        status = tyto_fail_memory(err, "document");
        goto cleanup;
    }
    for (int64_t i = 0; i < set->n_images; i++) {
        if (set->images[i].file_name) {
            images[count++] = (placed){set->images[i].file_name, i};
        }
    }
    sort(images, count, by_last_part);
    for (int64_t i = 0; i < options->n_photos; i++) {
        int64_t at = 0;
        TYTO_CHECK(find_image(images, count, options->photos[i], &at, err));
        TYTO_CHECK(spell(set->images[at].id, set->images[at].id_text, &ids[i], err));
        once[i] = (placed){ids[i], i};
    }
    sort(once, options->n_photos, by_text);
    TYTO_CHECK(check_once(once, ids, options, err));
cleanup:
    tyto_free(images);
    tyto_free(once);
    return status;
}

tyto_status tyto_detections_category_ids(const tyto_detection_document_options *options, char **ids,
                                         tyto_error *err)
{
    tyto_status status = TYTO_OK;
    const tyto_coco *set = options->ids;
    int64_t count = 0;
    placed *list = tyto_alloc((size_t)set->n_categories, sizeof(*list));
    if (!list) {
        return tyto_fail_memory(err, "document");
    }
    for (int64_t i = 0; i < set->n_categories; i++) {
        if (set->categories[i].name) {
            list[count++] = (placed){set->categories[i].name, i};
        }
    }
    sort(list, count, by_text);
    for (int64_t i = 0; i < options->n_labels; i++) {
        const placed key = {.text = options->labels[i], .at = -1};
        const int64_t found = lower_bound(list, count, &key, by_text);
        if (found == count || strcmp(list[found].text, key.text) != 0) {
            status = tyto_fail(err, TYTO_E_ARGUMENT,
                               "label '%s': got no category of that name in the set of ids, "
                               "required one",
                               key.text);
            goto cleanup;
        }
        const tyto_coco_category *category = &set->categories[list[found].at];
        TYTO_CHECK(spell(category->id, category->id_text, &ids[i], err));
    }
cleanup:
    tyto_free(list);
    return status;
}

const char *tyto_detections_photo_name(const tyto_document *document, const char *photo)
{
    return tyto_detections_name(tyto_detections_state_of(document)->folder, photo);
}

char *tyto_detections_photo_file(const tyto_document *document, const char *photo)
{
    return tyto_document_photo_file(document->format, tyto_detections_state_of(document)->mirrored,
                                    photo);
}
