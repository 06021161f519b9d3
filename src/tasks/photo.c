#include "tasks/photo.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/session.h"
#include "tasks/vocabulary.h"

#define HEAD "Owlv2ForObjectDetection"

void tyto_photo_destroy(tyto_photo *photo)
{
    if (photo) {
        free(photo->view.data);
        free(photo);
    }
}

tyto_status tyto_photo_create(tyto_session *session, const tyto_image *image, tyto_photo **out,
                              tyto_error *err)
{
    static const char *const wanted[] = {"image_embeds"};
    tyto_view view;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    TYTO_TRY(tyto_view_of_image(session, image, &view, err));
    TYTO_TRY(tyto_forward(session, HEAD, &view.tensor, 1, wanted, 1, &outputs, &n_outputs, err));
    const size_t count = (size_t)tyto_tensor_elements(&outputs[0]);
    tyto_photo *photo = tyto_alloc_zeroed(1, sizeof(*photo));
    if (photo) {
        *photo = (tyto_photo){.width_px = view.width_px,
                              .height_px = view.height_px,
                              .padded = view.padded,
                              .view = outputs[0]};
        photo->view.name = wanted[0];
        photo->view.data = tyto_alloc(count, sizeof(float));
    }
    if (!photo || !photo->view.data) {
        tyto_photo_destroy(photo);
        return tyto_fail_memory(err, "photo");
    }
    memcpy(photo->view.data, outputs[0].data, count * sizeof(float));
    *out = photo;
    return TYTO_OK;
}

/* rows[count,width] = embeddings of the detections' patches */
static tyto_status take_rows(const tyto_tensor *embeds, const tyto_detections *detections,
                             float *rows, tyto_error *err)
{
    const int64_t patches = embeds->shape[1];
    const size_t width = (size_t)embeds->shape[2];
    for (size_t i = 0; i < detections->count; i++) {
        const int64_t patch = detections->items[i].patch;
        if (patch < 0 || patch >= patches) {
            return tyto_fail(err, TYTO_E_RANGE, "detection %zu: got patch %lld, required 0 to %lld",
                             i, (long long)patch, (long long)patches - 1);
        }
        memcpy(rows + i * width, (const float *)embeds->data + (size_t)patch * width,
               width * sizeof(float));
    }
    return TYTO_OK;
}

tyto_status tyto_photo_embed(tyto_session *session, const tyto_photo *photo,
                             const tyto_detections *detections, const char *const *labels,
                             tyto_vocabulary **out, tyto_error *err)
{
    static const char *const wanted[] = {"class_embeds"};
    const tyto_tensor *outputs;
    int64_t n_outputs;
    TYTO_TRY(tyto_forward(session, HEAD, &photo->view, 1, wanted, 1, &outputs, &n_outputs, err));
    const int64_t width = outputs[0].shape[2];
    const char **names = tyto_alloc(detections->count, sizeof(*names));
    float *rows = tyto_alloc(detections->count, (size_t)width * sizeof(float));
    tyto_status status = TYTO_OK;
    if (!names || !rows) {
        status = tyto_fail_memory(err, "embeddings");
        goto cleanup;
    }
    for (size_t i = 0; i < detections->count; i++) {
        names[i] = labels ? labels[i] : "object";
    }
    TYTO_CHECK(take_rows(&outputs[0], detections, rows, err));
    status = tyto_vocabulary_from_embeds(rows, names, detections->count, width, out, err);
cleanup:
    free(names);
    free(rows);
    return status;
}
