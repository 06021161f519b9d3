#include "tasks/embed.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/session.h"
#include "tasks/follow.h"
#include "tasks/offer.h"
#include "tasks/photo.h"

static tyto_status embed_image(tyto_session *session, const tyto_image *image,
                               const tyto_image_processor *processor, float **out, int64_t *width,
                               tyto_error *err)
{
    static const char *const wanted[] = {"image_features"};
    const tyto_family_embed *family = session->model->architecture->tasks->embed;
    const tyto_tensor *outputs;
    tyto_tensor pixels;
    int64_t n_outputs;
    if (!family || !family->image_head) {
        return tyto_offer_missing(session->model, TYTO_TASK_EMBED, err);
    }
    TYTO_TRY(tyto_picture_read(session, processor, image, &pixels, err));
    TYTO_TRY(tyto_forward(session, family->image_head, &pixels, 1, wanted, 1, &outputs, &n_outputs,
                          err));
    *width = outputs[0].shape[1];
    *out = tyto_alloc((size_t)*width, sizeof(float));
    if (!*out) {
        return tyto_fail_memory(err, "embedding");
    }
    memcpy(*out, outputs[0].data, (size_t)*width * sizeof(float));
    return TYTO_OK;
}

tyto_status tyto_embed_image(tyto_session *session, const tyto_image *image,
                             const tyto_embed_options *options, float **out, int64_t *width,
                             tyto_error *err)
{
    tyto_embed_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, width);
    *out = NULL;
    *width = 0;
    TYTO_TRY(tyto_embed_options_read(&own, options, err));
    tyto_follow follow;
    tyto_follow_begin(&follow, session, own.progress, own.progress_user);
    const tyto_status status = embed_image(session, image, own.processor, out, width, err);
    tyto_follow_end(&follow);
    return status;
}
