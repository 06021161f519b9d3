#include <math.h>
#include <string.h>
#include <tyto/embed.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/session.h"
#include "tasks/photo.h"
#include "tasks/vocabulary.h"

tyto_status tyto_embed_image(tyto_session *session, const tyto_image *image, float **out,
                             int64_t *width, tyto_error *err)
{
    static const char *const wanted[] = {"image_features"};
    tyto_view view;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    TYTO_TRY(tyto_view_of_image(session, image, &view, err));
    TYTO_TRY(tyto_forward(session, "Owlv2Model.get_image_features", &view.tensor, 1, wanted, 1,
                          &outputs, &n_outputs, err));
    *width = outputs[0].shape[1];
    *out = tyto_alloc((size_t)*width, sizeof(float));
    if (!*out) {
        return tyto_fail_memory(err, "embedding");
    }
    memcpy(*out, outputs[0].data, (size_t)*width * sizeof(float));
    return TYTO_OK;
}

static void softmax(const float *logits, size_t count, float *probabilities)
{
    double most = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, (double)logits[i]);
    }
    for (size_t i = 0; i < count; i++) {
        sum += exp((double)logits[i] - most);
    }
    for (size_t i = 0; i < count; i++) {
        probabilities[i] = (float)(exp((double)logits[i] - most) / sum);
    }
}

tyto_status tyto_similarity(tyto_session *session, const tyto_vocabulary *vocabulary,
                            const tyto_image *image, float *logits, float *probabilities,
                            tyto_error *err)
{
    static const char *const wanted[] = {"logits_per_image"};
    tyto_view view;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    TYTO_TRY(tyto_view_of_image(session, image, &view, err));
    const tyto_tensor inputs[] = {view.tensor,
                                  {.name = "text_embeds",
                                   .dtype = TYTO_F32,
                                   .rank = 2,
                                   .shape = {(int64_t)vocabulary->count, vocabulary->width},
                                   .data = vocabulary->embeds}};
    TYTO_TRY(tyto_forward(session, "Owlv2Model", inputs, 2, wanted, 1, &outputs, &n_outputs, err));
    memcpy(logits, outputs[0].data, vocabulary->count * sizeof(float));
    if (probabilities) {
        softmax(logits, vocabulary->count, probabilities);
    }
    return TYTO_OK;
}
