/* The numbers in files of tensors. */
#include <math.h>
#include <stdlib.h>
#include <tyto/files.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/inspection.h"
#include "tensor/convert.h"

/* Elements that are converted at once. */
#define CHUNK 256
/* Elements after which whoever follows is asked again. */
#define ASKED_EVERY ((int64_t)1 << 20)

/* A file that is looked at, and whoever follows. */
typedef struct look {
    const tyto_inspection_options *options;
    const char *path;
    int64_t tensor, count;
    bool stopped;
} look;

static bool goes_on(look *at)
{
    const tyto_inspection_options *options = at->options;
    const tyto_progress progress = {
        .stage = "tensors", .subject = at->path, .done = at->tensor, .total = at->count};
    at->stopped =
        at->stopped || (options->progress && !options->progress(options->progress_user, &progress));
    return !at->stopped;
}

/* Finite numbers of a tensor. */
typedef struct summary {
    double least, most, sum;
    int64_t counted;
} summary;

/* Elements at … at+count−1, whatever their type. */
static void read_numbers(const tyto_tensor *tensor, int64_t at, int64_t count, double *numbers)
{
    const char *data = (const char *)tensor->data + (size_t)at * tyto_dtype_bytes(tensor->dtype);
    int64_t whole[CHUNK];
    if (tyto_convert_possible(tensor->dtype, TYTO_F64)) {
        tyto_convert(numbers, TYTO_F64, data, tensor->dtype, count);
        return;
    }
    tyto_convert(whole, TYTO_I64, data, tensor->dtype, count);
    for (int64_t i = 0; i < count; i++) {
        /* The upper half of U64 comes as negative numbers. */
        numbers[i] = tensor->dtype == TYTO_U64 ? (double)(uint64_t)whole[i] : (double)whole[i];
    }
}

static summary summarise(look *by, const tyto_tensor *tensor)
{
    const int64_t elements = tyto_tensor_elements(tensor);
    summary range = {.least = INFINITY, .most = -INFINITY};
    for (int64_t at = 0; at < elements && (at % ASKED_EVERY != 0 || goes_on(by)); at += CHUNK) {
        double numbers[CHUNK];
        const int64_t count = tyto_min_i64(CHUNK, elements - at);
        read_numbers(tensor, at, count, numbers);
        for (int64_t i = 0; i < count; i++) {
            if (isfinite(numbers[i])) {
                range.least = numbers[i] < range.least ? numbers[i] : range.least;
                range.most = numbers[i] > range.most ? numbers[i] : range.most;
                range.sum += numbers[i];
                range.counted++;
            }
        }
    }
    return range;
}

static json_t *tensor_object(tyto_writer *steps, look *by, const tyto_tensor *tensor)
{
    const summary range = summarise(by, tensor);
    const double values[] = {range.least, range.most,
                             range.counted > 0 ? range.sum / (double)range.counted : 0.0};
    static const char *const names[] = {"least", "most", "mean"};
    json_t *object = json_object();
    tyto_json_put(steps, object, "name", tyto_json_string(tensor->name));
    tyto_json_put(steps, object, "dtype", tyto_json_string(tyto_dtype_name(tensor->dtype)));
    tyto_json_put(steps, object, "shape", tyto_shape_array(steps, tensor->rank, tensor->shape));
    for (int i = 0; i < 3; i++) {
        tyto_json_put(steps, object, names[i],
                      range.counted > 0 ? tyto_json_float((float)values[i]) : json_null());
    }
    return object;
}

static json_t *file_object(tyto_writer *steps, look *by, const tyto_tensor_file *file)
{
    json_t *root = json_object(), *list = json_array();
    by->count = tyto_tensor_file_count(file);
    for (by->tensor = 0; by->tensor < by->count && !by->stopped; by->tensor++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(file, by->tensor);
        tyto_json_push(steps, list, tensor_object(steps, by, tensor));
    }
    tyto_json_put(steps, root, "file", tyto_json_string(by->path));
    tyto_json_put(steps, root, "tensors", list);
    return root;
}

/* Says of a picture or a video that it is one, rather than what is wrong with its tensors. */
static void name_kind(const char *path, tyto_error *err)
{
    const bool photo = tyto_file_is_photo(path);
    if (photo || tyto_file_is_called_video(path)) {
        tyto_error_clear(err);
        (void)tyto_fail(err, TYTO_E_FORMAT,
                        "%s: got a %s, required tensors or a checkpoint's folder ('tyto detect' "
                        "looks into photos and videos)",
                        path, photo ? "photo" : "video");
    }
}

void tyto_inspection_options_init(tyto_inspection_options *options, size_t struct_bytes)
{
    static const tyto_inspection_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_inspection_create_files(const char *const *paths, int64_t count,
                                         const tyto_inspection_options *options,
                                         tyto_inspection **out, tyto_error *err)
{
    tyto_inspection_options own;
    tyto_writer steps;
    int64_t failed = 0;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_check_list(paths, count, "paths", err));
    for (int64_t i = 0; i < count; i++) {
        TYTO_REQUIRE(err, paths[i]);
    }
    tyto_inspection_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_inspection_options", err));
    look by = {.options = &own};
    tyto_writer_init(&steps);
    json_t *all = json_array();
    for (int64_t i = 0; i < count && !steps.no_memory && !by.stopped; i++) {
        tyto_error why = TYTO_ERROR_INIT;
        tyto_tensor_file *file = NULL;
        const tyto_status status = tyto_tensor_file_open(paths[i], &file, &why);
        if (status == TYTO_OK) {
            by.path = paths[i];
            tyto_json_push(&steps, all, file_object(&steps, &by, file));
        } else if (status == TYTO_E_MEMORY) {
            steps.no_memory = true;
        } else {
            failed++;
            if (status != TYTO_E_NOT_FOUND) {
                name_kind(paths[i], &why);
            }
            if (own.log) {
                own.log(own.log_user, TYTO_LOG_LEVEL_ERROR, tyto_error_message(&why));
            }
        }
        tyto_error_clear(&why);
        tyto_tensor_file_destroy(file);
    }
    if (by.stopped) {
        json_decref(all);
        tyto_writer_clear(&steps);
        return tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped", by.path);
    }
    TYTO_TRY(tyto_inspection_made(out, &steps, all, "files of tensors", err));
    (*out)->failed = failed;
    return TYTO_OK;
}
