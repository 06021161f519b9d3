#include <stdlib.h>
#include <string.h>
#include <tyto/detect.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/image/image_processor.h"
#include "runtime/session.h"
#include "runtime/vocabulary.h"

/* The photo as pixel_values in the session's buffer, which stays for the next photo. */
static tyto_status preprocess(tyto_session *session, const tyto_image *image, tyto_tensor *out,
                              tyto_error *err)
{
    const tyto_image_processor *processor = session->model->image_processor;
    int64_t shape[3];
    if (!processor) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "model: it has no preprocessor_config.json, required to read pictures");
    }
    tyto_image_processor_shape(processor, image->width_px, image->height_px, shape);
    int64_t count = shape[0] * shape[1] * shape[2];
    if (count > session->pixels_count) {
        free(session->pixels);
        session->pixels_count = 0;
        session->pixels = tyto_alloc((size_t)count, sizeof(float));
        if (!session->pixels) {
            return tyto_fail_memory(err, "pixel_values");
        }
        session->pixels_count = count;
    }
    *out = (tyto_tensor){.name = "pixel_values",
                         .dtype = TYTO_F32,
                         .rank = 4,
                         .shape = {1, shape[0], shape[1], shape[2]},
                         .data = session->pixels};
    return tyto_image_processor_run(processor, session->model->engine, image, session->pixels, err);
}

tyto_status tyto_detect(tyto_session *session, const tyto_vocabulary *vocabulary,
                        const tyto_image *image, const tyto_postprocess_options *options,
                        tyto_detections *out, tyto_error *err)
{
    static const char *const wanted[] = {"logits", "pred_boxes"};
    tyto_tensor inputs[2];
    const tyto_tensor *outputs;
    size_t n_outputs;
    TYTO_TRY(preprocess(session, image, &inputs[0], err));
    inputs[1] = (tyto_tensor){.name = "text_embeds",
                              .dtype = TYTO_F32,
                              .rank = 2,
                              .shape = {(int64_t)vocabulary->count, vocabulary->width},
                              .data = vocabulary->embeds};
    TYTO_TRY(tyto_forward(session, "Owlv2ForObjectDetection", inputs, 2, wanted, 2, &outputs,
                          &n_outputs, err));
    tyto_postprocess_options with = *options;
    with.padded = session->model->image_processor->do_pad;
    return tyto_postprocess_object_detection(outputs[0].data, outputs[1].data, NULL,
                                             outputs[0].shape[1], outputs[0].shape[2],
                                             image->width_px, image->height_px, &with, out, err);
}
