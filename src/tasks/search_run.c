/* One run of a network on photos that it sees in one shape. */
#include <string.h>
#include <tyto/postprocess.h>

#include "base/error.h"
#include "base/memory.h"
#include "tasks/search.h"
#include "tasks/vocabulary.h"

/* The vocabulary's queries for each of n photos. */
static tyto_status repeat_queries(tyto_search_job *job, int64_t n, tyto_tensor *out,
                                  tyto_error *err)
{
    *out = tyto_vocabulary_tensor(job->vocabulary);
    if (n == 1) {
        return TYTO_OK;
    }
    const int64_t numbers = out->shape[0] * out->shape[1];
    if (!job->queries) {
        job->queries = tyto_alloc((size_t)numbers, TYTO_SEARCH_TOGETHER * sizeof(float));
        if (!job->queries) {
            return tyto_fail_memory(err, "queries");
        }
        for (int64_t i = 0; i < TYTO_SEARCH_TOGETHER; i++) {
            memcpy(job->queries + i * numbers, out->data, (size_t)numbers * sizeof(float));
        }
    }
    out->shape[0] *= n;
    out->data = job->queries;
    return TYTO_OK;
}

static tyto_status postprocess(const tyto_search_job *job, const tyto_sight *sight,
                               const float *logits, const float *boxes, int64_t rows,
                               int64_t queries, tyto_detections *out, tyto_error *err)
{
    const tyto_search_options *wanted = &job->options;
    const tyto_postprocess_options options = {.struct_bytes = sizeof(options),
                                              .threshold = wanted->threshold,
                                              .label_thresholds = wanted->label_thresholds,
                                              .boxes = wanted->boxes,
                                              .padded = sight->padded,
                                              .nms = wanted->nms,
                                              .nms_iou = wanted->nms_iou,
                                              .top_k = wanted->top_k,
                                              .multi_label = wanted->multi_label,
                                              .relative_scores = wanted->relative_scores};
    return wanted->guided
               ? tyto_postprocess_image_guided_detection(logits, boxes, rows, queries,
                                                         sight->width_px, sight->height_px,
                                                         &options, out, err)
               : tyto_postprocess_object_detection(logits, boxes, NULL, rows, queries,
                                                   sight->width_px, sight->height_px, &options, out,
                                                   err);
}

/* The rows of class_embeds[rows,width] that detections came of. */
static tyto_status take_embeddings(const float *rows, int64_t width, tyto_detections *found,
                                   tyto_error *err)
{
    size_t bytes = (size_t)width * sizeof(float);
    found->embeddings = tyto_alloc((size_t)found->count, bytes);
    if (!found->embeddings) {
        return tyto_fail_memory(err, "embeddings");
    }
    found->embedding_width = width;
    for (int64_t i = 0; i < found->count; i++) {
        memcpy(found->embeddings + i * width, rows + found->items[i].patch * width, bytes);
    }
    return TYTO_OK;
}

tyto_status tyto_search_run(tyto_search_job *job, const tyto_sight *sights, int64_t n,
                            int64_t *patches, tyto_detections *out, tyto_error *err)
{
    const char *wanted[3] = {job->vocabulary ? "logits" : "objectness_logits"};
    int64_t n_wanted = 1;
    if (!sights->boxes) {
        wanted[n_wanted++] = "pred_boxes";
    }
    if (job->options.embeddings) {
        wanted[n_wanted++] = "class_embeds";
    }
    int64_t grid[2] = {sights->patch_grid[0], sights->patch_grid[1]}, interpolated = 1;
    tyto_tensor inputs[4] = {sights->tensor};
    int64_t n_inputs = 1, n_outputs;
    const tyto_tensor *outputs;
    inputs[0].shape[0] = n;
    if (job->vocabulary) {
        TYTO_TRY(repeat_queries(job, n, &inputs[n_inputs++], err));
    }
    if (sights->windowed) {
        inputs[n_inputs++] = (tyto_tensor){
            .name = "patch_grid", .dtype = TYTO_I64, .rank = 1, .shape = {2}, .data = grid};
    }
    if (sights->interpolated) {
        inputs[n_inputs++] = (tyto_tensor){
            .name = "interpolate_pos_encoding", .dtype = TYTO_I64, .data = &interpolated};
    }
    TYTO_TRY(tyto_forward(job->session, job->family->head, inputs, n_inputs, wanted, n_wanted,
                          &outputs, &n_outputs, err));
    const int64_t rows = outputs[0].shape[1], queries = job->vocabulary ? outputs[0].shape[2] : 1;
    for (int64_t i = 0; i < n; i++) {
        const float *logits = outputs[0].data,
                    *boxes = sights->boxes ? sights->boxes : outputs[1].data;
        TYTO_TRY(postprocess(job, &sights[i], logits + i * rows * queries, boxes + i * rows * 4,
                             rows, queries, &out[i], err));
        if (job->options.embeddings) {
            const int64_t width = outputs[n_wanted - 1].shape[2];
            const float *embeddings = outputs[n_wanted - 1].data;
            TYTO_TRY(take_embeddings(embeddings + i * rows * width, width, &out[i], err));
        }
    }
    if (patches) {
        *patches = rows;
    }
    return TYTO_OK;
}

tyto_status tyto_search_picture(tyto_search_job *job, const tyto_image *image, int64_t *patches,
                                tyto_detections *out, tyto_error *err)
{
    tyto_sight sight;
    TYTO_TRY(tyto_sight_plan(job, image->width_px, image->height_px, &sight, err));
    TYTO_TRY(tyto_session_pixels(job->session, sight.full[0] * sight.full[1] * sight.full[2],
                                 "pixel_values", err));
    TYTO_TRY(tyto_sight_read(job, &sight, image, job->session->pixels, err));
    sight.tensor.data = job->session->pixels;
    return tyto_search_run(job, &sight, 1, patches, out, err);
}
