/* A batch's outputs, by their names, to detections in each photo. */
#include <tyto/postprocess.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/size.h"
#include "tensor/convert.h"

/* The outputs that count. */
typedef struct batch {
    const tyto_tensor *logits, *boxes; /* [B,P,Q], or [B,P] by objectness; [B,P,4] */
    bool guided;
} batch;

static const tyto_tensor *find(const tyto_tensor *outputs, int64_t count, const char *name)
{
    for (int64_t i = 0; i < count; i++) {
        if (outputs[i].name && strcmp(outputs[i].name, name) == 0) {
            return &outputs[i];
        }
    }
    return NULL;
}

static batch find_batch(const tyto_tensor *outputs, int64_t count)
{
    batch found = {.logits = find(outputs, count, "logits"),
                   .boxes = find(outputs, count, "target_pred_boxes")};
    found.guided = found.boxes != NULL;
    if (!found.guided) {
        found.boxes = find(outputs, count, "pred_boxes");
        found.logits = found.logits ? found.logits : find(outputs, count, "objectness_logits");
    }
    return found;
}

static bool by_objectness(const batch *tensors)
{
    return strcmp(tensors->logits->name, "objectness_logits") == 0;
}

static tyto_status check_tensor(const tyto_tensor *tensor, int rank, tyto_error *err)
{
    if (tensor->rank != rank || !tyto_convert_possible(tensor->dtype, TYTO_F32)) {
        return tyto_fail(err, TYTO_E_SHAPE, "%s: got %s of rank %d, required floats of rank %d",
                         tensor->name, tyto_dtype_name(tensor->dtype), tensor->rank, rank);
    }
    int64_t elements = 1;
    for (int d = 0; d < rank; d++) {
        if (tensor->shape[d] < 0 || !tyto_mul_i64(elements, tensor->shape[d], &elements)) {
            return tyto_fail(err, TYTO_E_SHAPE, "%s: got %lld in dimension %d, required a size",
                             tensor->name, (long long)tensor->shape[d], d);
        }
    }
    if (elements > 0 && !tensor->data) {
        return tyto_fail_null(err, tensor->name);
    }
    return TYTO_OK;
}

static tyto_status check(const batch *tensors, int64_t n_sizes, int64_t photos, tyto_error *err)
{
    if (!tensors->logits || !tensors->boxes) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "outputs: required logits and pred_boxes or target_pred_boxes, or "
                         "objectness_logits and pred_boxes");
    }
    const int64_t *logits = tensors->logits->shape, *boxes = tensors->boxes->shape;
    TYTO_TRY(check_tensor(tensors->logits, by_objectness(tensors) ? 2 : 3, err));
    TYTO_TRY(check_tensor(tensors->boxes, 3, err));
    if (boxes[0] != logits[0] || boxes[1] != logits[1] || boxes[2] != 4) {
        return tyto_fail(err, TYTO_E_SHAPE, "%s: got [%lld,%lld,%lld], required [%lld,%lld,4]",
                         tensors->boxes->name, (long long)boxes[0], (long long)boxes[1],
                         (long long)boxes[2], (long long)logits[0], (long long)logits[1]);
    }
    if (n_sizes > 0 && n_sizes != logits[0]) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "sizes: got those of %lld photos, required %lld, as outputs are about",
                         (long long)n_sizes, (long long)logits[0]);
    }
    if (photos != logits[0]) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "photos: got %lld, required %lld, as outputs are "
                         "about",
                         (long long)photos, (long long)logits[0]);
    }
    return TYTO_OK;
}

/* A copy in single precision: tensors of files may lie anywhere and have any type. */
static float *floats_of(const tyto_tensor *tensor, tyto_error *err)
{
    const int64_t count = tyto_tensor_elements(tensor);
    float *values = tyto_alloc((size_t)count, sizeof(*values));
    if (!values) {
        (void)tyto_fail_memory(err, tensor->name);
        return NULL;
    }
    tyto_convert(values, TYTO_F32, tensor->data, tensor->dtype, count);
    return values;
}

static tyto_status postprocess(const batch *tensors, const float *logits, const float *boxes,
                               int64_t i, tyto_size size, const tyto_postprocess_options *options,
                               tyto_detections *out, tyto_error *err)
{
    const int64_t patches = tensors->logits->shape[1],
                  queries = by_objectness(tensors) ? 1 : tensors->logits->shape[2];
    logits += i * patches * queries;
    boxes += i * patches * 4;
    return tensors->guided
               ? tyto_postprocess_image_guided_detection(logits, boxes, patches, queries,
                                                         size.width_px, size.height_px, options,
                                                         out, err)
               : tyto_postprocess_object_detection(logits, boxes, NULL, patches, queries,
                                                   size.width_px, size.height_px, options, out,
                                                   err);
}

void tyto_postprocess_options_init_for(tyto_postprocess_options *options, size_t struct_bytes,
                                       const tyto_tensor *outputs, int64_t n_outputs)
{
    if (find_batch(outputs, n_outputs).guided) {
        tyto_postprocess_options_init_guided(options, struct_bytes);
    } else {
        tyto_postprocess_options_init(options, struct_bytes);
    }
}

int64_t tyto_postprocess_photo_count(const tyto_tensor *outputs, int64_t n_outputs)
{
    const batch tensors = find_batch(outputs, outputs ? n_outputs : 0);
    return tensors.logits && tensors.boxes && tensors.logits->rank > 0 ? tensors.logits->shape[0]
                                                                       : 0;
}

int64_t tyto_postprocess_labels(const tyto_tensor *outputs, int64_t n_outputs)
{
    const batch tensors = find_batch(outputs, outputs ? n_outputs : 0);
    return !tensors.logits || !tensors.boxes || tensors.logits->rank < 1 ? 0
           : by_objectness(&tensors)                                     ? 1
           : tensors.logits->rank > 2                                    ? tensors.logits->shape[2]
                                                                         : 0;
}

tyto_status tyto_sizes_parse(const char *text, tyto_size **out, int64_t *count, tyto_error *err)
{
    int64_t all = 1;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, text);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, count);
    for (const char *at = text; *at; at++) {
        all += *at == ',';
    }
    *count = 0;
    *out = NULL;
    tyto_size *sizes = tyto_alloc((size_t)all, sizeof(*sizes));
    if (!sizes) {
        return tyto_fail_memory(err, "sizes");
    }
    const char *rest = text;
    for (int64_t i = 0; i < all; i++, rest++) {
        tyto_size *size = &sizes[i];
        if (!tyto_size_read(&rest, &size->width_px, &size->height_px) || size->width_px < 1 ||
            size->height_px < 1 || *rest != (i + 1 < all ? ',' : '\0')) {
            free(sizes);
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "sizes: got '%s', required WIDTHxHEIGHT of each photo, with commas "
                             "between",
                             text);
        }
    }
    *out = sizes;
    *count = all;
    return TYTO_OK;
}

tyto_status tyto_postprocess_batch(const tyto_tensor *outputs, int64_t n_outputs,
                                   const tyto_size *sizes, int64_t n_sizes,
                                   const tyto_postprocess_options *options, tyto_detections *out,
                                   int64_t photos, tyto_error *err)
{
    TYTO_ENTER(err);
    if (photos > 0) {
        TYTO_REQUIRE(err, out);
    }
    if (n_outputs > 0) {
        TYTO_REQUIRE(err, outputs);
    }
    if (n_sizes > 0) {
        TYTO_REQUIRE(err, sizes);
    }
    const batch tensors = find_batch(outputs, n_outputs);
    tyto_postprocess_options usual;
    tyto_status status = TYTO_OK;
    for (int64_t i = 0; i < photos; i++) {
        out[i] = (tyto_detections){0};
    }
    TYTO_TRY(check(&tensors, n_sizes, photos, err));
    tyto_postprocess_options_init_for(&usual, sizeof(usual), outputs, n_outputs);
    usual.boxes = TYTO_BOXES_REFERENCE;
    float *logits = floats_of(tensors.logits, err), *boxes = floats_of(tensors.boxes, err);
    if (!logits || !boxes) {
        status = TYTO_E_MEMORY;
        goto cleanup;
    }
    for (int64_t i = 0; i < photos; i++) {
        const tyto_size size = n_sizes > 0 ? sizes[i] : (tyto_size){0};
        TYTO_CHECK(postprocess(&tensors, logits, boxes, i, size, options ? options : &usual,
                               &out[i], err));
    }
cleanup:
    for (int64_t i = 0; status != TYTO_OK && i < photos; i++) {
        tyto_detections_clear(&out[i]);
    }
    free(logits);
    free(boxes);
    return status;
}
