#include "tasks/photo.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/session.h"
#include "tasks/embed.h"
#include "tasks/follow.h"
#include "tasks/offer.h"
#include "tasks/vocabulary.h"

void tyto_photo_destroy(tyto_photo *photo)
{
    if (photo) {
        free(photo->embeds.data);
        free(photo->boxes);
        free(photo);
    }
}

int64_t tyto_photo_width_px(const tyto_photo *photo)
{
    return photo ? photo->width_px : 0;
}

int64_t tyto_photo_height_px(const tyto_photo *photo)
{
    return photo ? photo->height_px : 0;
}

size_t tyto_photo_bytes(const tyto_photo *photo)
{
    if (!photo) {
        return 0;
    }
    const int64_t *shape = photo->embeds.shape, patches = shape[1] * shape[2];
    return sizeof(*photo) + (size_t)(patches * (shape[3] + 4)) * sizeof(float);
}

tyto_status tyto_search_family(const tyto_session *session, const tyto_family_search **out,
                               tyto_error *err)
{
    *out = session->model->architecture->tasks->search;
    return *out ? TYTO_OK : tyto_offer_missing(session->model, TYTO_TASK_SEARCH, err);
}

/* The photo's features and boxes, in memory of its own. */
static tyto_status keep(const tyto_tensor *embeds, const tyto_tensor *boxes, tyto_photo **out,
                        tyto_error *err)
{
    const size_t count = (size_t)tyto_tensor_elements(embeds),
                 n_boxes = (size_t)tyto_tensor_elements(boxes);
    tyto_photo *photo = tyto_alloc_zeroed(1, sizeof(*photo));
    if (photo) {
        photo->embeds = *embeds;
        photo->embeds.name = "image_embeds";
        photo->embeds.data = tyto_alloc(count, sizeof(float));
        photo->boxes = tyto_alloc(n_boxes, sizeof(float));
    }
    if (!photo || !photo->embeds.data || !photo->boxes) {
        tyto_photo_destroy(photo);
        return tyto_fail_memory(err, "photo");
    }
    memcpy(photo->embeds.data, embeds->data, count * sizeof(float));
    memcpy(photo->boxes, boxes->data, n_boxes * sizeof(float));
    *out = photo;
    return TYTO_OK;
}

tyto_status tyto_photo_encode(tyto_session *session, const tyto_image *image,
                              const tyto_image_processor *processor, tyto_photo **out,
                              tyto_error *err)
{
    static const char *const wanted[] = {"image_embeds", "pred_boxes"};
    const tyto_family_search *family;
    const tyto_tensor *outputs;
    tyto_tensor pixels;
    int64_t n_outputs;
    TYTO_TRY(tyto_search_family(session, &family, err));
    TYTO_TRY(tyto_picture_processor(session, processor, &processor, err));
    TYTO_TRY(tyto_picture_read(session, processor, image, &pixels, err));
    TYTO_TRY(tyto_forward(session, family->head, &pixels, 1, wanted, 2, &outputs, &n_outputs, err));
    TYTO_TRY(keep(&outputs[0], &outputs[1], out, err));
    (*out)->width_px = image->width_px;
    (*out)->height_px = image->height_px;
    (*out)->padded = processor->do_pad;
    return TYTO_OK;
}

tyto_status tyto_photo_create(tyto_session *session, const tyto_image *image,
                              const tyto_embed_options *options, tyto_photo **out, tyto_error *err)
{
    tyto_embed_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_embed_options_read(&own, options, err));
    tyto_follow follow;
    tyto_follow_begin(&follow, session, own.progress, own.progress_user);
    const tyto_status status = tyto_photo_encode(session, image, own.processor, out, err);
    tyto_follow_end(&follow);
    return status;
}

/* rows[count,width] = features of the detections' patches */
static tyto_status take_rows(const tyto_tensor *embeds, const tyto_detections *detections,
                             float *rows, tyto_error *err)
{
    const int64_t patches = embeds->shape[1], width = embeds->shape[2];
    for (int64_t i = 0; i < detections->count; i++) {
        const int64_t patch = detections->items[i].patch;
        if (patch < 0 || patch >= patches) {
            return tyto_fail(err, TYTO_E_RANGE,
                             "detection %lld: got patch %lld, required 0 to %lld", (long long)i,
                             (long long)patch, (long long)patches - 1);
        }
        memcpy(rows + i * width, (const float *)embeds->data + patch * width,
               (size_t)width * sizeof(float));
    }
    return TYTO_OK;
}

static tyto_status make_boxes(const tyto_tensor *embeds, const tyto_detections *detections,
                              const char *const *labels, tyto_vocabulary **out, tyto_error *err)
{
    const int64_t width = embeds->shape[2];
    const char **names = tyto_alloc((size_t)detections->count, sizeof(*names));
    float *rows = tyto_alloc((size_t)detections->count, (size_t)width * sizeof(float));
    tyto_status status = TYTO_OK;
    if (!names || !rows) {
        status = tyto_fail_memory(err, "embeddings");
        goto cleanup;
    }
    for (int64_t i = 0; i < detections->count; i++) {
        names[i] = labels && labels[i] ? labels[i] : "object";
    }
    TYTO_CHECK(take_rows(embeds, detections, rows, err));
    TYTO_CHECK(
        tyto_vocabulary_make(rows, names, detections->count, width, TYTO_QUERY_KIND_BOX, out, err));
    for (int64_t i = 0; i < detections->count; i++) {
        tyto_origin *origin = &(*out)->origins[i];
        origin->box = detections->items[i].box;
        origin->score = detections->items[i].score;
    }
cleanup:
    free(names);
    free(rows);
    return status;
}

tyto_status tyto_photo_embed(tyto_session *session, const tyto_photo *photo,
                             const tyto_detections *detections, const char *const *labels,
                             tyto_vocabulary **out, tyto_error *err)
{
    static const char *const wanted[] = {"class_embeds"};
    const tyto_family_search *family;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, detections);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_check_list(detections->items, detections->count, "detections", err));
    TYTO_TRY(tyto_search_family(session, &family, err));
    TYTO_TRY(tyto_forward(session, family->head, &photo->embeds, 1, wanted, 1, &outputs, &n_outputs,
                          err));
    return make_boxes(&outputs[0], detections, labels, out, err);
}
