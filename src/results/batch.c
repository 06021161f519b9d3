/* A batch's outputs, by their names, to detections in each photo. */
#include <tyto/postprocess.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tensor/convert.h"

/* The outputs that count. */
typedef struct batch {
    const tyto_tensor *logits, *boxes; /* [B,P,Q], or [B,P] by objectness; [B,P,4] */
    bool guided;
} batch;

static const tyto_tensor *find(const tyto_tensor *outputs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(outputs[i].name, name) == 0) {
            return &outputs[i];
        }
    }
    return NULL;
}

static batch find_batch(const tyto_tensor *outputs, size_t count)
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

static bool by_objectness(const batch *from)
{
    return strcmp(from->logits->name, "objectness_logits") == 0;
}

static tyto_status check_tensor(const tyto_tensor *tensor, int rank, tyto_error *err)
{
    if (tensor->rank != rank || !tyto_convert_possible(tensor->dtype, TYTO_F32)) {
        return tyto_fail(err, TYTO_E_SHAPE, "%s: got %s of rank %d, required floats of rank %d",
                         tensor->name, tyto_dtype_name(tensor->dtype), tensor->rank, rank);
    }
    return TYTO_OK;
}

static tyto_status check(const batch *from, size_t n_sizes, size_t photos, tyto_error *err)
{
    if (!from->logits || !from->boxes) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "outputs: required logits and pred_boxes or target_pred_boxes, or "
                         "objectness_logits and pred_boxes");
    }
    const int64_t *logits = from->logits->shape, *boxes = from->boxes->shape;
    TYTO_TRY(check_tensor(from->logits, by_objectness(from) ? 2 : 3, err));
    TYTO_TRY(check_tensor(from->boxes, 3, err));
    if (boxes[0] != logits[0] || boxes[1] != logits[1] || boxes[2] != 4) {
        return tyto_fail(err, TYTO_E_SHAPE, "%s: got [%lld,%lld,%lld], required [%lld,%lld,4]",
                         from->boxes->name, (long long)boxes[0], (long long)boxes[1],
                         (long long)boxes[2], (long long)logits[0], (long long)logits[1]);
    }
    if (n_sizes > 0 && n_sizes != (size_t)logits[0]) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "sizes: got those of %zu photos, required %lld, as outputs are about",
                         n_sizes, (long long)logits[0]);
    }
    if (photos != (size_t)logits[0]) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "photos: got %zu, required %lld, as outputs are "
                         "about",
                         photos, (long long)logits[0]);
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

static tyto_status postprocess(const batch *from, const float *logits, const float *boxes, size_t i,
                               tyto_size size, const tyto_postprocess_options *options,
                               tyto_detections *out, tyto_error *err)
{
    const int64_t patches = from->logits->shape[1],
                  queries = by_objectness(from) ? 1 : from->logits->shape[2];
    logits += (int64_t)i * patches * queries;
    boxes += (int64_t)i * patches * 4;
    return from->guided ? tyto_postprocess_image_guided_detection(logits, boxes, patches, queries,
                                                                  size.width_px, size.height_px,
                                                                  options, out, err)
                        : tyto_postprocess_object_detection(logits, boxes, NULL, patches, queries,
                                                            size.width_px, size.height_px, options,
                                                            out, err);
}

void tyto_postprocess_options_for(const tyto_tensor *outputs, size_t n_outputs,
                                  tyto_postprocess_options *options)
{
    if (find_batch(outputs, n_outputs).guided) {
        tyto_match_options_init(options);
    } else {
        tyto_postprocess_options_init(options);
    }
}

size_t tyto_postprocess_photos(const tyto_tensor *outputs, size_t n_outputs)
{
    const batch from = find_batch(outputs, n_outputs);
    return from.logits && from.boxes && from.logits->rank > 0 ? (size_t)from.logits->shape[0] : 0;
}

tyto_status tyto_postprocess_batch(const tyto_tensor *outputs, size_t n_outputs,
                                   const tyto_size *sizes, size_t n_sizes,
                                   const tyto_postprocess_options *options, tyto_detections *out,
                                   size_t photos, tyto_error *err)
{
    const batch from = find_batch(outputs, n_outputs);
    tyto_postprocess_options usual;
    tyto_status status = TYTO_OK;
    memset(out, 0, photos * sizeof(*out));
    TYTO_TRY(check(&from, n_sizes, photos, err));
    tyto_postprocess_options_for(outputs, n_outputs, &usual);
    usual.boxes = TYTO_BOXES_REFERENCE;
    float *logits = floats_of(from.logits, err), *boxes = floats_of(from.boxes, err);
    if (!logits || !boxes) {
        status = TYTO_E_MEMORY;
        goto cleanup;
    }
    for (size_t i = 0; i < photos; i++) {
        const tyto_size size = n_sizes > 0 ? sizes[i] : (tyto_size){0};
        TYTO_CHECK(
            postprocess(&from, logits, boxes, i, size, options ? options : &usual, &out[i], err));
    }
cleanup:
    for (size_t i = 0; status != TYTO_OK && i < photos; i++) {
        tyto_detections_clear(&out[i]);
    }
    free(logits);
    free(boxes);
    return status;
}
