#include <tyto/match.h>

#include "base/error.h"
#include "processors/image/image_processor.h"
#include "runtime/session.h"
#include "tasks/photo.h"
#include "tasks/shortcuts.h"
#include "tasks/vocabulary.h"

tyto_status tyto_view_of_image(tyto_session *session, const tyto_image *image, tyto_view *out,
                               tyto_error *err)
{
    const tyto_image_processor *processor = session->processor;
    int64_t shape[3];
    if (!processor) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "model: it has no preprocessor_config.json, required to read pictures");
    }
    tyto_image_processor_shape(processor, image->width_px, image->height_px, shape);
    TYTO_TRY(tyto_session_pixels(session, shape[0] * shape[1] * shape[2], "pixel_values", err));
    *out = (tyto_view){.tensor = {.name = "pixel_values",
                                  .dtype = TYTO_F32,
                                  .rank = 4,
                                  .shape = {1, shape[0], shape[1], shape[2]},
                                  .data = session->pixels},
                       .width_px = image->width_px,
                       .height_px = image->height_px,
                       .padded = processor->do_pad};
    return tyto_image_processor_run_on(processor, session->pool, image, session->pixels, err);
}

tyto_status tyto_view_to_search(tyto_session *session, const tyto_image *image, tyto_view *out,
                                tyto_error *err)
{
    return tyto_takes_shortcuts(session) ? tyto_view_by_shortcuts(session, image, out, err)
                                         : tyto_view_of_image(session, image, out, err);
}

tyto_view tyto_view_of_photo(const tyto_photo *photo)
{
    return (tyto_view){.tensor = photo->view,
                       .width_px = photo->width_px,
                       .height_px = photo->height_px,
                       .padded = photo->padded};
}

tyto_status tyto_search(tyto_session *session, const tyto_view *view,
                        const tyto_vocabulary *vocabulary, const tyto_postprocess_options *options,
                        bool guided, int64_t *patches, tyto_detections *out, tyto_error *err)
{
    const char *const wanted[] = {vocabulary ? "logits" : "objectness_logits", "pred_boxes"};
    int64_t grid[2] = {view->patch_grid[0], view->patch_grid[1]}, interpolated = 1;
    tyto_tensor inputs[4] = {view->tensor};
    size_t n_inputs = 1;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    if (vocabulary) {
        inputs[n_inputs++] = (tyto_tensor){.name = "text_embeds",
                                           .dtype = TYTO_F32,
                                           .rank = 2,
                                           .shape = {(int64_t)vocabulary->count, vocabulary->width},
                                           .data = vocabulary->embeds};
    }
    if (view->is_part) {
        inputs[n_inputs++] = (tyto_tensor){
            .name = "patch_grid", .dtype = TYTO_I64, .rank = 1, .shape = {2}, .data = grid};
    }
    if (view->interpolated) {
        inputs[n_inputs++] = (tyto_tensor){
            .name = "interpolate_pos_encoding", .dtype = TYTO_I64, .data = &interpolated};
    }
    *out = (tyto_detections){0};
    TYTO_TRY(tyto_forward(session, "Owlv2ForObjectDetection", inputs, (int64_t)n_inputs, wanted, 2,
                          &outputs, &n_outputs, err));
    tyto_postprocess_options with = *options;
    with.padded = view->padded;
    const float *logits = outputs[0].data, *boxes = outputs[1].data;
    const int64_t rows = outputs[0].shape[1], queries = vocabulary ? outputs[0].shape[2] : 1;
    if (patches) {
        *patches = rows;
    }
    return guided ? tyto_postprocess_image_guided_detection(logits, boxes, rows, queries,
                                                            view->width_px, view->height_px, &with,
                                                            out, err)
                  : tyto_postprocess_object_detection(logits, boxes, NULL, rows, queries,
                                                      view->width_px, view->height_px, &with, out,
                                                      err);
}

tyto_status tyto_detect(tyto_session *session, const tyto_vocabulary *vocabulary,
                        const tyto_image *image, const tyto_postprocess_options *options,
                        tyto_detections *out, tyto_error *err)
{
    tyto_view view;
    *out = (tyto_detections){0};
    TYTO_TRY(tyto_view_to_search(session, image, &view, err));
    return tyto_search(session, &view, vocabulary, options, false, NULL, out, err);
}

tyto_status tyto_photo_detect(tyto_session *session, const tyto_photo *photo,
                              const tyto_vocabulary *vocabulary,
                              const tyto_postprocess_options *options, tyto_detections *out,
                              tyto_error *err)
{
    const tyto_view view = tyto_view_of_photo(photo);
    return tyto_search(session, &view, vocabulary, options, false, NULL, out, err);
}
