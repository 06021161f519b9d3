/* YOLO's sets of annotated photos, as COCO's evaluation takes them. */
#include <tyto/yolo_set.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tyto/files.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/yolo.h"
#include "hub/hub.h"
#include "results/documents/detections_ids.h"
#include "tasks/files.h"
#include "tasks/label_file.h"

/* Most bytes of a photo's labels. */
#define LABELS_BYTES_MAX ((size_t)64 << 20)
#define SPACES " \t\r\v\f"

/* A set as it is read. */
typedef struct reading {
    const char *path;
    tyto_yolo_set_options options;
    bool by_folder; /* else by data.yaml */
    bool piped;     /* which lies in no folder */
    tyto_file_list names, photos;
    int64_t capacity; /* of photos */
    tyto_coco *out;
    int64_t annotations_capacity, n_unread;
    tyto_error *err;
} reading;

void tyto_yolo_set_options_init(tyto_yolo_set_options *options, size_t struct_bytes)
{
    static const tyto_yolo_set_options defaults = {.struct_bytes = sizeof(defaults),
                                                   .split = "val"};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* The folder that a file lies in; NULL when memory is out. */
static char *folder_of(const char *path)
{
    const size_t bytes = (size_t)(tyto_path_base(path) - path);
    return tyto_copy_text(path, bytes > 1 ? bytes - 1 : bytes);
}

/* Names are by their lines, so that each is one, but empty ones at the end. */
static tyto_status read_classes(reading *in, const char *path)
{
    TYTO_TRY(tyto_file_lines_read(path, true, &in->names, in->err));
    for (int64_t i = 0; i < in->names.count; i++) {
        char *name = in->names.items[i];
        size_t length = strlen(name);
        while (length > 0 && strchr(SPACES, name[length - 1])) {
            name[--length] = '\0';
        }
    }
    while (in->names.count > 0 && !*in->names.items[in->names.count - 1]) {
        free(in->names.items[--in->names.count]);
    }
    return TYTO_OK;
}

/* classes.txt in the folder of labels, or in that above. */
static tyto_status find_classes(reading *in)
{
    char *inside = tyto_path_join(in->path, "classes.txt"),
         *above = tyto_path_join(in->path, "../classes.txt");
    tyto_status status;
    if (!inside || !above) {
        status = tyto_fail_memory(in->err, in->path);
    } else if (tyto_file_exists(inside) || tyto_file_exists(above)) {
        status = read_classes(in, tyto_file_exists(inside) ? inside : above);
    } else {
        status = tyto_fail(in->err, TYTO_E_NOT_FOUND,
                           "%s: required the labels' names, by line, or data.yaml in place of the "
                           "folder",
                           inside);
    }
    free(inside);
    free(above);
    return status;
}

/* Labels of one name couldn't be told apart by what is searched for. */
static tyto_status check_names(const reading *in)
{
    int64_t first, second;
    const char *const *names = (const char *const *)in->names.items;
    TYTO_TRY(tyto_names_find_same(names, in->names.count, &first, &second, in->err));
    return first < 0 || !*names[first]
               ? TYTO_OK
               : tyto_fail(in->err, TYTO_E_FORMAT,
                           "%s: names: got '%.60s' twice, as %lld and %lld, required each once",
                           in->path, names[first], (long long)first, (long long)second);
}

static void log_line(void *user, tyto_log_level level, const char *message)
{
    const reading *in = user;
    if (in->options.log) {
        in->options.log(in->options.log_user, level, message);
    }
}

/* Adds the photos of a folder, as deep as it goes, or of a list. */
static tyto_status add_photos(reading *in, const char *path)
{
    tyto_file_list_options options;
    tyto_file_list found;
    tyto_status status = TYTO_OK;
    tyto_file_list_options_init(&options, sizeof(options));
    options.log = log_line;
    options.log_user = in;
    options.recursive = true;
    if (tyto_folder_exists(path)) {
        TYTO_TRY(tyto_file_list_make(TYTO_FILE_KIND_PHOTOS, &path, 1, &options, &found, in->err));
    } else {
        TYTO_TRY(tyto_file_lines_read(path, false, &found, in->err));
    }
    char *folder = tyto_folder_exists(path) ? NULL : folder_of(path);
    for (int64_t i = 0; i < found.count && status == TYTO_OK; i++) {
        const char *photo = found.items[i];
        char *below = NULL;
        if (folder && strncmp(photo, "./", 2) == 0) {
            below = tyto_path_join(folder, photo + 2); /* as ultralytics reads lists */
        } else if (folder && *photo != '/' && !tyto_file_exists(photo)) {
            below = tyto_path_join(folder, photo);
        }
        photo = below ? below : photo;
        status = tyto_file_list_add(&in->photos, &in->capacity, photo, strlen(photo), in->err);
        free(below);
    }
    free(folder);
    tyto_file_list_clear(&found);
    return status;
}

static bool is_there(const char *path)
{
    return path && (tyto_folder_exists(path) || tyto_file_exists(path));
}

/* What data.yaml means by a place: below its folder; or, as exported sets have "../train/images"
 * for what lies beside the file, without the "../". NULL when memory is out. */
static char *find_place(const char *folder, const char *place)
{
    while (strncmp(place, "./", 2) == 0) {
        place += 2;
    }
    place = strcmp(place, ".") == 0 ? "" : place;
    char *path =
        *place == '/' ? tyto_copy_text(place, strlen(place)) : tyto_path_join(folder, place);
    if (path && !is_there(path) && strncmp(place, "../", 3) == 0) {
        free(path);
        path = tyto_path_join(folder, place + 3);
    }
    return path;
}

/* A text whose "~" at its start is a home, as a shell has it. */
static tyto_status expand_home(char **text, tyto_error *err)
{
    char *expanded;
    if (**text != '~' || is_there(*text)) {
        return TYTO_OK;
    }
    TYTO_TRY(tyto_hub_expand(*text, &expanded, err));
    free(*text);
    *text = expanded;
    return TYTO_OK;
}

/* The folder that the places of data.yaml are in. */
static tyto_status find_root(const reading *in, const tyto_file_list *lines, char **out)
{
    tyto_file_list given = {0};
    char *folder = folder_of(in->piped ? "" : in->path);
    tyto_status status = tyto_yaml_texts_read(in->path, lines, "path", &given, in->err);
    if (status == TYTO_OK && given.count > 0) {
        status = expand_home(&given.items[0], in->err);
    }
    if (status == TYTO_OK && folder && given.count > 0) {
        char *place = find_place(folder, given.items[0]);
        const bool elsewhere = place && !is_there(place) && is_there(given.items[0]);
        free(folder);
        folder = place;
        if (elsewhere) { /* from where the command was called */
            free(folder);
            folder = tyto_copy_text(given.items[0], strlen(given.items[0]));
        }
    }
    tyto_file_list_clear(&given);
    *out = folder;
    return status == TYTO_OK && !folder ? tyto_fail_memory(in->err, in->path) : status;
}

static tyto_status read_yaml(reading *in)
{
    tyto_file_list lines = {0}, places = {0};
    char *root = NULL;
    const char *split = in->options.split;
    tyto_status status;
    /* Once: it may be a pipe. */
    TYTO_CHECK(tyto_file_lines_read(in->path, false, &lines, in->err));
    TYTO_CHECK(tyto_yaml_names_read(in->path, &lines, &in->names, in->err));
    TYTO_CHECK(find_root(in, &lines, &root));
    TYTO_CHECK(tyto_yaml_texts_read(in->path, &lines, split, &places, in->err));
    if (places.count == 0) {
        status = tyto_fail(in->err, TYTO_E_ARGUMENT, "%s: got no photos of '%s', required that key",
                           in->path, split);
        goto cleanup;
    }
    for (int64_t i = 0; i < places.count && status == TYTO_OK; i++) {
        TYTO_CHECK(expand_home(&places.items[i], in->err));
        char *place = find_place(root, places.items[i]);
        status = place ? add_photos(in, place) : tyto_fail_memory(in->err, in->path);
        free(place);
    }
cleanup:
    tyto_file_list_clear(&lines);
    tyto_file_list_clear(&places);
    free(root);
    return status;
}

/* The part of a path after which "images" begins that stands for "labels"; NULL: it has none. */
static const char *find_images(const char *path)
{
    const char *found = strncmp(path, "images/", 7) == 0 ? path : NULL;
    for (const char *at = path; (at = strstr(at, "/images/")) != NULL; at++) {
        found = at + 1;
    }
    return found;
}

/* The file of a photo's labels; NULL when memory is out. */
static char *label_file(const reading *in, const char *photo)
{
    const char *name = in->by_folder ? tyto_path_below(in->options.photos, photo) : photo;
    const char *images = in->by_folder ? NULL : find_images(photo), *base = tyto_path_base(name);
    const size_t before = images ? (size_t)(images - name) : 0,
                 after = images ? before + strlen("images") : 0,
                 stem = (size_t)(base - name) + tyto_path_stem_bytes(base),
                 bytes = stem + sizeof("labels.txt");
    char *file = tyto_alloc(bytes, 1);
    if (file) {
        snprintf(file, bytes, "%.*s%s%.*s.txt", (int)before, name, images ? "labels" : "",
                 (int)(stem - after), name + after);
    }
    char *path = file && in->by_folder ? tyto_path_join(in->path, file) : file;
    if (path != file) {
        free(file);
    }
    return path;
}

static tyto_status add_boxes(reading *in, const tyto_coco_image *image, const tyto_yolo_box *boxes,
                             int64_t count)
{
    tyto_coco *out = in->out;
    const double width = (double)image->width_px, height = (double)image->height_px;
    if (out->n_annotations + count > in->annotations_capacity) {
        const int64_t more = 2 * (out->n_annotations + count);
        tyto_coco_annotation *list =
            tyto_realloc(out->annotations, (size_t)more, sizeof(*out->annotations));
        if (!list) {
            return tyto_fail_memory(in->err, in->path);
        }
        out->annotations = list;
        in->annotations_capacity = more;
    }
    for (int64_t i = 0; i < count; i++) {
        const tyto_yolo_box *box = &boxes[i];
        out->annotations[out->n_annotations++] = (tyto_coco_annotation){
            .image_id = image->id,
            .category_id = box->label + 1,
            .box = {.x = (box->x - box->width / 2) * width,
                    .y = (box->y - box->height / 2) * height,
                    .width = box->width * width,
                    .height = box->height * height},
            .area = box->width * width * (box->height * height),
        };
    }
    return TYTO_OK;
}

static tyto_status read_labels(reading *in, const tyto_coco_image *image)
{
    char *path = label_file(in, image->file_name), *bytes = NULL;
    tyto_yolo_box *boxes = NULL;
    int64_t count = 0;
    size_t length;
    tyto_status status = path ? TYTO_OK : tyto_fail_memory(in->err, in->path);
    if (path && tyto_file_exists(path)) {
        status = tyto_file_read(path, LABELS_BYTES_MAX, &bytes, &length, in->err);
        if (status == TYTO_OK) {
            status = tyto_yolo_parse(bytes, length, path, in->names.count, &boxes, &count, in->err);
        }
    }
    if (status == TYTO_OK) {
        status = add_boxes(in, image, boxes, count);
    }
    free(boxes);
    free(bytes);
    free(path);
    return status;
}

/* Photos without labels show nothing; but where none has any, the labels lie elsewhere. */
static tyto_status check_labels(reading *in)
{
    char message[1024], *absent = NULL;
    int64_t n_absent = 0;
    for (int64_t i = 0; i < in->photos.count; i++) {
        char *path = label_file(in, in->photos.items[i]);
        if (!path) {
            free(absent);
            return tyto_fail_memory(in->err, in->path);
        }
        const bool there = tyto_file_exists(path);
        n_absent += !there;
        if (there || absent) {
            free(path);
        } else {
            absent = path;
        }
    }
    tyto_status status = TYTO_OK;
    if (n_absent == in->photos.count) {
        status = tyto_fail(in->err, TYTO_E_NOT_FOUND,
                           "%s: got no file of labels for any of %lld photos, required some, such "
                           "as %s",
                           in->path, (long long)in->photos.count, absent);
    } else if (absent) {
        snprintf(message, sizeof(message),
                 "%s: %lld of %lld photos have no file of labels and count as showing nothing; the "
                 "first would be %s",
                 in->path, (long long)n_absent, (long long)in->photos.count, absent);
        log_line(in, TYTO_LOG_LEVEL_WARNING, message);
    }
    free(absent);
    return status;
}

/* Boxes are parts of the photo as it is shown. */
static tyto_status measure(const reading *in, tyto_coco_image *image, tyto_error *err)
{
    tyto_image picture;
    TYTO_TRY(tyto_image_load(image->file_name, in->options.image, &picture, err));
    image->width_px = picture.width_px;
    image->height_px = picture.height_px;
    tyto_image_clear(&picture);
    return TYTO_OK;
}

/* A photo with its objects; one that can't be read doesn't take part. */
static tyto_status add_photo(reading *in, int64_t i, bool numbered)
{
    const char *photo = in->photos.items[i];
    tyto_error own = TYTO_ERROR_INIT;
    tyto_coco_image *image = &in->out->images[in->out->n_images];
    const tyto_progress progress = {
        .stage = TYTO_YOLO_SET_STAGE, .subject = photo, .done = i, .total = in->photos.count};
    if (in->options.progress && !in->options.progress(in->options.progress_user, &progress)) {
        return tyto_fail(in->err, TYTO_E_CANCELLED, "%s: stopped by the caller", in->path);
    }
    *image = (tyto_coco_image){.id = numbered ? strtoll(tyto_path_base(photo), NULL, 10) : i + 1,
                               .file_name = photo};
    const tyto_status status = measure(in, image, &own);
    if (status == TYTO_E_MEMORY) {
        tyto_error_clear(&own);
        return tyto_fail_memory(in->err, photo);
    }
    if (status != TYTO_OK) {
        log_line(in, TYTO_LOG_LEVEL_ERROR, tyto_error_message(&own));
        tyto_error_clear(&own);
        in->n_unread++;
        return TYTO_OK;
    }
    in->out->n_images++;
    return read_labels(in, image);
}

/* Copies the names into one block, which the set has. */
static tyto_status keep_names(const reading *in)
{
    tyto_coco *out = in->out;
    size_t bytes = 1;
    for (int64_t i = 0; i < out->n_images; i++) {
        bytes += strlen(out->images[i].file_name) + 1;
    }
    for (int64_t i = 0; i < in->names.count; i++) {
        bytes += strlen(in->names.items[i]) + 1;
    }
    char *at = out->texts = tyto_alloc(bytes, 1);
    if (!at) {
        return tyto_fail_memory(in->err, in->path);
    }
    for (int64_t i = 0; i < out->n_images; i++) {
        const size_t length = strlen(out->images[i].file_name) + 1;
        out->images[i].file_name = memcpy(at, out->images[i].file_name, length);
        at += length;
    }
    for (int64_t i = 0; i < in->names.count; i++) {
        const size_t length = strlen(in->names.items[i]) + 1;
        out->categories[i] =
            (tyto_coco_category){.id = i + 1, .name = memcpy(at, in->names.items[i], length)};
        at += length;
    }
    out->n_categories = in->names.count;
    return TYTO_OK;
}

static tyto_status read_set(reading *in)
{
    tyto_coco *out = in->out;
    bool numbered = false;
    if (in->by_folder) {
        TYTO_TRY(find_classes(in));
        TYTO_TRY(add_photos(in, in->options.photos));
    } else {
        TYTO_TRY(read_yaml(in));
    }
    TYTO_TRY(check_names(in));
    if (in->photos.count == 0) {
        return tyto_fail(in->err, TYTO_E_ARGUMENT, "%s: got no photo, required some", in->path);
    }
    TYTO_TRY(check_labels(in));
    TYTO_TRY(tyto_detections_numbered((const char *const *)in->photos.items, in->photos.count,
                                      &numbered, in->err));
    out->images = tyto_alloc_zeroed((size_t)in->photos.count, sizeof(*out->images));
    out->categories = tyto_alloc_zeroed((size_t)in->names.count, sizeof(*out->categories));
    if (!out->images || !out->categories) {
        return tyto_fail_memory(in->err, in->path);
    }
    for (int64_t i = 0; i < in->photos.count; i++) {
        TYTO_TRY(add_photo(in, i, numbered));
    }
    return keep_names(in);
}

/* A folder without photos: of labels, or of a set, whose data.yaml was meant. */
static tyto_status refuse_folder(const reading *in)
{
    static const char *const names[] = {"data.yaml", "data.yml", "dataset.yaml"};
    char *file = NULL;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        file = tyto_path_join(in->path, names[i]);
        if (!file) {
            return tyto_fail_memory(in->err, in->path);
        }
        if (tyto_file_exists(file)) {
            break;
        }
        free(file);
        file = NULL;
    }
    const tyto_status status =
        tyto_fail(in->err, TYTO_E_ARGUMENT,
                  "%s: got a folder without one of photos, required data.yaml of a set%s%s",
                  in->path, file ? ", which is there: " : "", file ? file : "");
    free(file);
    return status;
}

tyto_status tyto_yolo_set_load(const char *path, const tyto_yolo_set_options *options,
                               tyto_coco *out, int64_t *n_unread, tyto_error *err)
{
    reading in = {.path = path, .out = out, .err = err};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = (tyto_coco){0};
    tyto_yolo_set_options_init(&in.options, sizeof(in.options));
    TYTO_TRY(
        tyto_options_read(&in.options, sizeof(in.options), options, "tyto_yolo_set_options", err));
    in.by_folder = tyto_folder_exists(path);
    in.piped = strcmp(path, "-") == 0 || tyto_file_is_stream(path);
    if (in.by_folder && !in.options.photos) {
        return refuse_folder(&in);
    }
    if (!in.by_folder) {
        TYTO_REQUIRE(err, in.options.split);
    }
    const tyto_status status = read_set(&in);
    tyto_file_list_clear(&in.names);
    tyto_file_list_clear(&in.photos);
    if (status != TYTO_OK) {
        tyto_coco_clear(out);
    } else if (n_unread) {
        *n_unread = in.n_unread;
    }
    return status;
}
