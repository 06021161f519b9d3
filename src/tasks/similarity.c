#include <tyto/similarity.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/session.h"
#include "tasks/embed.h"
#include "tasks/follow.h"
#include "tasks/offer.h"
#include "tasks/photo.h"
#include "tasks/vocabulary.h"

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

static tyto_status compare(tyto_session *session, const tyto_vocabulary *vocabulary,
                           const tyto_image *image, const tyto_image_processor *processor,
                           float *logits, tyto_error *err)
{
    static const char *const wanted[] = {"logits_per_image"};
    const tyto_family_similarity *family = session->model->architecture->tasks->similarity;
    const tyto_tensor *outputs;
    int64_t n_outputs;
    tyto_tensor inputs[2] = {{0}, tyto_vocabulary_tensor(vocabulary)};
    if (!family) {
        return tyto_offer_missing(session->model, TYTO_TASK_SIMILARITY, err);
    }
    TYTO_TRY(tyto_picture_read(session, processor, image, &inputs[0], err));
    TYTO_TRY(tyto_forward(session, family->head, inputs, 2, wanted, 1, &outputs, &n_outputs, err));
    memcpy(logits, outputs[0].data, (size_t)vocabulary->count * sizeof(float));
    return TYTO_OK;
}

tyto_status tyto_similarity(tyto_session *session, const tyto_vocabulary *vocabulary,
                            const tyto_image *image, const tyto_embed_options *options,
                            float *logits, float *probabilities, tyto_error *err)
{
    tyto_embed_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, vocabulary);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, logits);
    TYTO_TRY(tyto_embed_options_read(&own, options, err));
    tyto_follow follow;
    tyto_follow_begin(&follow, session, own.progress, own.progress_user);
    const tyto_status status = compare(session, vocabulary, image, own.processor, logits, err);
    tyto_follow_end(&follow);
    if (status == TYTO_OK && probabilities) {
        softmax(logits, (size_t)vocabulary->count, probabilities);
    }
    return status;
}

tyto_status tyto_similarity_best(tyto_session *session, const tyto_vocabulary *vocabulary,
                                 const tyto_image *image, const tyto_embed_options *options,
                                 int64_t top_k, tyto_similarities *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_similarities){0};
    TYTO_REQUIRE(err, vocabulary);
    float *logits = tyto_alloc((size_t)vocabulary->count, 2 * sizeof(*logits));
    if (!logits) {
        return tyto_fail_memory(err, "similarities");
    }
    float *probabilities = logits + vocabulary->count;
    tyto_status status =
        tyto_similarity(session, vocabulary, image, options, logits, probabilities, err);
    if (status == TYTO_OK) {
        status = tyto_similarities_rank(logits, probabilities, vocabulary->count, top_k, out, err);
    }
    free(logits);
    return status;
}
