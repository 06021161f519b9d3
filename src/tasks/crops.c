/* Pictures cut out of photos. */
#include <tyto/crops.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <tyto/files.h>
#include <tyto/output.h>

#include "base/error.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/image.h"
#include "results/boxes.h"
#include "results/writer.h"

/* Bytes of "_N" with its NUL. */
#define NUMBER_BYTES 24

/* A file that must not be replaced, whatever it is called. */
typedef struct identity {
    dev_t device;
    ino_t file;
} identity;

struct tyto_crops {
    tyto_crops_options options;
    char *folder, *mirrored;
    char **names; /* [n_labels] of the labels' folders */
    identity *inputs;
    int64_t n_inputs; /* −1: not looked at yet */
    tyto_crops_count count;
};

static const tyto_crops_options defaults = {.struct_bytes = sizeof(defaults)};

void tyto_crops_options_init(tyto_crops_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

void tyto_crops_destroy(tyto_crops *crops)
{
    if (crops) {
        for (int64_t i = 0; crops->names && i < crops->options.n_labels; i++) {
            free(crops->names[i]);
        }
        free(crops->names);
        free(crops->inputs);
        free(crops->folder);
        free(crops->mirrored);
        free(crops);
    }
}

tyto_crops_count tyto_crops_counted(const tyto_crops *crops)
{
    return crops ? crops->count : (tyto_crops_count){0};
}

/* What a label is in a name of a file, with room for "_N" behind it; NULL when memory is out. */
static char *name_label(const char *label)
{
    json_t *clean = tyto_json_string(label);
    const char *text = json_string_value(clean);
    size_t length = text ? strlen(text) : 0;
    if (length > TYTO_CROPS_NAME_BYTES_MAX) {
        length = TYTO_CROPS_NAME_BYTES_MAX;
        while (((unsigned char)text[length] & 0xc0) == 0x80) {
            length--; /* not within a character */
        }
    }
    char *name = text ? tyto_alloc(length + 1 + NUMBER_BYTES, 1) : NULL;
    size_t at = 0;
    for (size_t i = 0; name && i < length; i++) {
        const bool replaced = strncmp(text + i, "\xef\xbf\xbd", 3) == 0;
        const bool bad = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ||
                         strchr("/\\:*?\"<>|", text[i]) || replaced || (i == 0 && text[i] == '.');
        name[at++] = bad ? '_' : text[i];
        i += replaced ? 2 : 0;
    }
    json_decref(clean);
    if (name) {
        const char last = at > 0 ? name[at - 1] : '\0';
        at += at == 0; /* no label */
        name[at - 1] = last == '.' || last == ' ' || !last ? '_' : last;
        name[at] = '\0';
    }
    return name;
}

/* A name that is given, and the number that its next copy gets. */
typedef struct given {
    const char *name;
    int64_t next;
} given;

/* Names in order. */
typedef struct given_list {
    given *items;
    int64_t count;
} given_list;

/* The place of a name, or where it belongs. */
static int64_t find_place(const given_list *list, const char *name, bool *is_there)
{
    int64_t low = 0, high = list->count;
    while (low < high) {
        const int64_t middle = low + (high - low) / 2;
        if (strcmp(list->items[middle].name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    *is_there = low < list->count && strcmp(list->items[low].name, name) == 0;
    return low;
}

/* Numbers a name that is given already, at its end, where NUMBER_BYTES are free, and lists it. */
static void give_name(given_list *list, char *name)
{
    const size_t length = strlen(name);
    bool is_there;
    int64_t place = find_place(list, name, &is_there);
    given *first = is_there ? list->items + place : NULL;
    while (is_there) {
        snprintf(name + length, NUMBER_BYTES, "_%lld", (long long)first->next++);
        place = find_place(list, name, &is_there);
    }
    memmove(list->items + place + 1, list->items + place,
            (size_t)(list->count - place) * sizeof(*list->items));
    list->items[place] = (given){name, 2};
    list->count++;
}

/* Labels' folders, no two of them the same. */
static tyto_status name_labels(tyto_crops *crops, tyto_error *err)
{
    const tyto_crops_options *options = &crops->options;
    const size_t n_labels = (size_t)options->n_labels;
    given_list list = {tyto_alloc(n_labels, sizeof(*list.items)), 0};
    tyto_status status = TYTO_OK;
    crops->names = tyto_alloc_zeroed(n_labels, sizeof(*crops->names));
    bool good = crops->names && list.items;
    for (size_t i = 0; good && i < n_labels; i++) {
        if (!options->labels[i]) {
            status = tyto_fail(err, TYTO_E_ARGUMENT, "labels: got none at %zu, required a text", i);
            break;
        }
        crops->names[i] = name_label(options->labels[i]);
        good = crops->names[i];
        if (good) {
            give_name(&list, crops->names[i]);
        }
    }
    free(list.items);
    return good ? status : tyto_fail_memory(err, "crops");
}

/* Whether a photo's crops are JPEGs. */
static bool is_jpeg(const char *ending)
{
    return strcasecmp(ending, ".jpg") == 0 || strcasecmp(ending, ".jpeg") == 0 ||
           strcasecmp(ending, ".jfif") == 0 || strcasecmp(ending, ".jpe") == 0;
}

/* A photo's name below a label's folder, without its ending unless it is one that crops don't have,
 * then as `number` says: 0: none. NULL when memory is out. */
static char *name_crop(const tyto_crops *crops, const char *photo, int64_t number)
{
    const char *name = strcmp(photo, "-") == 0 ? "stdin" : tyto_path_below(crops->mirrored, photo);
    const char *base = tyto_path_base(name), *dot = strrchr(base, '.');
    const char *ending = dot && dot != base ? dot : base + strlen(base);
    const bool jpeg = is_jpeg(ending), cut = jpeg || strcasecmp(ending, ".png") == 0;
    const size_t stem = cut ? (size_t)(ending - name) : strlen(name),
                 bytes = stem + NUMBER_BYTES + sizeof(".jpg");
    char *file = tyto_alloc(bytes, 1);
    if (file && number > 0) {
        snprintf(file, bytes, "%.*s_%lld%s", (int)stem, name, (long long)number,
                 jpeg ? ".jpg" : ".png");
    } else if (file) {
        snprintf(file, bytes, "%.*s%s", (int)stem, name, jpeg ? ".jpg" : ".png");
    }
    return file;
}

/* No two photos may have crops of one name. */
static tyto_status check_photos(const tyto_crops *crops, tyto_error *err)
{
    const tyto_crops_options *options = &crops->options;
    int64_t first = -1, second = -1;
    char **names = tyto_alloc_zeroed((size_t)options->n_inputs, sizeof(*names));
    bool good = names != NULL;
    for (int64_t i = 0; good && i < options->n_inputs; i++) {
        names[i] = name_crop(crops, options->inputs[i], 0);
        good = names[i] != NULL;
    }
    tyto_status status = good ? tyto_names_find_same((const char *const *)names, options->n_inputs,
                                                     &first, &second, err)
                              : tyto_fail_memory(err, "crops");
    if (first >= 0) {
        status = tyto_fail(err, TYTO_E_ARGUMENT,
                           "%s and %s: crops of both would be called as '%s', required different "
                           "names",
                           options->inputs[first], options->inputs[second], names[first]);
    }
    for (int64_t i = 0; names && i < options->n_inputs; i++) {
        free(names[i]);
    }
    free(names);
    return status;
}

static tyto_status check(const tyto_crops_options *options, tyto_error *err)
{
    TYTO_TRY(tyto_check_list(options->labels, options->n_labels, "labels", err));
    TYTO_TRY(tyto_check_list(options->inputs, options->n_inputs, "inputs", err));
    TYTO_TRY(tyto_check_list(options->spared, options->n_spared, "spared", err));
    for (int64_t i = 0; i < options->n_inputs; i++) {
        TYTO_REQUIRE(err, options->inputs[i]);
    }
    for (int64_t i = 0; i < options->n_spared; i++) {
        TYTO_REQUIRE(err, options->spared[i]);
    }
    return TYTO_OK;
}

tyto_status tyto_crops_open(const char *folder, const tyto_crops_options *options, tyto_crops **out,
                            tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_crops_options own = defaults;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, folder);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_crops_options", err));
    TYTO_TRY(check(&own, err));
    tyto_crops *crops = tyto_alloc_zeroed(1, sizeof(*crops));
    if (!crops) {
        return tyto_fail_memory(err, "crops");
    }
    crops->options = own;
    crops->n_inputs = -1;
    crops->folder = tyto_copy_text(folder, strlen(folder));
    crops->mirrored = own.mirrored ? tyto_copy_text(own.mirrored, strlen(own.mirrored)) : NULL;
    if (!crops->folder || (own.mirrored && !crops->mirrored)) {
        status = tyto_fail_memory(err, "crops");
        goto cleanup;
    }
    TYTO_CHECK(name_labels(crops, err));
    TYTO_CHECK(check_photos(crops, err));
    TYTO_CHECK(tyto_output_make_folder(folder, err));
    *out = crops;
cleanup:
    if (status != TYTO_OK) {
        tyto_crops_destroy(crops);
    }
    return status;
}

static int by_identity(const void *left, const void *right)
{
    const identity *a = left, *b = right;
    return a->device != b->device ? (a->device < b->device ? -1 : 1)
           : a->file != b->file   ? (a->file < b->file ? -1 : 1)
                                  : 0;
}

static void add_identity(tyto_crops *crops, const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0) {
        crops->inputs[crops->n_inputs++] = (identity){info.st_dev, info.st_ino};
    }
}

/* Looks at all inputs, once a file is there that would be replaced. */
static tyto_status find_inputs(tyto_crops *crops, tyto_error *err)
{
    const tyto_crops_options *options = &crops->options;
    const size_t count = (size_t)options->n_inputs + (size_t)options->n_spared;
    crops->inputs = tyto_alloc(count, sizeof(*crops->inputs));
    if (!crops->inputs) {
        return tyto_fail_memory(err, "crops");
    }
    crops->n_inputs = 0;
    for (int64_t i = 0; i < options->n_inputs; i++) {
        add_identity(crops, options->inputs[i]);
    }
    for (int64_t i = 0; i < options->n_spared; i++) {
        add_identity(crops, options->spared[i]);
    }
    if (crops->n_inputs > 1) {
        qsort(crops->inputs, (size_t)crops->n_inputs, sizeof(*crops->inputs), by_identity);
    }
    return TYTO_OK;
}

static tyto_status check_spares(tyto_crops *crops, const char *path, tyto_error *err)
{
    struct stat info;
    if (stat(path, &info) != 0) {
        return TYTO_OK;
    }
    if (crops->n_inputs < 0) {
        TYTO_TRY(find_inputs(crops, err));
    }
    const identity here = {info.st_dev, info.st_ino};
    return crops->n_inputs > 0 &&
                   bsearch(&here, crops->inputs, (size_t)crops->n_inputs, sizeof(here), by_identity)
               ? tyto_fail(err, TYTO_E_ARGUMENT,
                           "%s: it is one of the inputs, which a crop would replace; required "
                           "another folder",
                           path)
               : TYTO_OK;
}

/* *out is empty when the box holds no pixel. */
static tyto_status cut(const tyto_image *image, const tyto_box *box, tyto_image *out,
                       tyto_error *err)
{
    int64_t left, top;
    const int64_t width = tyto_pixels_touched(box->xmin, box->xmax, image->width_px, &left),
                  height = tyto_pixels_touched(box->ymin, box->ymax, image->height_px, &top);
    *out = (tyto_image){0};
    if (width == 0 || height == 0) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_image_make(width, height, out, err));
    tyto_image_cut(image, left, top, out);
    return TYTO_OK;
}

char *tyto_crops_path(const tyto_crops *crops, const char *photo, int64_t label_index,
                      int64_t number)
{
    if (!crops || !photo || number < 1 || label_index < 0 ||
        label_index >= crops->options.n_labels) {
        return NULL;
    }
    char *name = name_crop(crops, photo, number);
    char *label = name ? tyto_path_join(crops->names[label_index], name) : NULL;
    char *path = label ? tyto_path_join(crops->folder, label) : NULL;
    free(name);
    free(label);
    return path;
}

static tyto_status add_crop(tyto_crops *crops, const char *photo, const tyto_image *image,
                            const tyto_detection *found, int64_t number, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_image crop;
    TYTO_TRY(cut(image, &found->box, &crop, err));
    if (!crop.data) {
        crops->count.empty++;
        return TYTO_OK;
    }
    char *path = tyto_crops_path(crops, photo, found->label_index, number);
    if (!path) {
        status = tyto_fail_memory(err, "crops");
        goto cleanup;
    }
    const char *name = path + strlen(crops->folder);
    TYTO_CHECK(tyto_folder_make_within(crops->folder, name + strspn(name, "/"), err));
    TYTO_CHECK(check_spares(crops, path, err));
    TYTO_CHECK(tyto_image_save(path, &crop, err));
    crops->count.written++;
cleanup:
    free(path);
    tyto_image_clear(&crop);
    return status;
}

tyto_status tyto_crops_add(tyto_crops *crops, const char *photo, const tyto_image *image,
                           const tyto_detections *detections, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, crops);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, image->data);
    TYTO_REQUIRE(err, detections);
    TYTO_TRY(tyto_check_list(detections->items, detections->count, "detections", err));
    for (int64_t i = 0; i < detections->count; i++) {
        const tyto_detection *found = &detections->items[i];
        if (found->label_index < 0 || found->label_index >= crops->options.n_labels) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s: detection %lld: got label %lld, required one of %lld labels",
                             photo, (long long)i, (long long)found->label_index,
                             (long long)crops->options.n_labels);
        }
        TYTO_TRY(add_crop(crops, photo, image, found, i + 1, err));
    }
    return TYTO_OK;
}
