/* Classes of any number of texts or photos, of which some may be wrong. */
#include <stdlib.h>
#include <tyto/classify.h>
#include <tyto/photo_reader.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/follow.h"
#include "tasks/photo.h"

/* The inputs, and the batch that is gathered of them. */
typedef struct run {
    tyto_session *session;
    const char *const *inputs;
    int64_t count;
    tyto_classify_options options;
    tyto_classes_fn each;
    void *user;
    tyto_photo_reader *reader; /* NULL: texts */
    int64_t gathered;
    struct {
        int64_t items[TYTO_CLASSIFY_BATCH_MAX]; /* places among the inputs */
        const char *texts[TYTO_CLASSIFY_BATCH_MAX];
        tyto_image images[TYTO_CLASSIFY_BATCH_MAX];
        tyto_classes classes[TYTO_CLASSIFY_BATCH_MAX];
    } batch;
} run;

/* Members first … first+count−1 of the batch, in one forward. */
static tyto_status classify(run *r, int64_t first, int64_t count, tyto_error *err)
{
    return r->reader ? tyto_classify_images(r->session, r->batch.images + first, count, &r->options,
                                            r->batch.classes + first, err)
                     : tyto_classify_texts(r->session, r->batch.texts + first, NULL, count,
                                           &r->options, r->batch.classes + first, err);
}

static tyto_status give(const run *r, int64_t i, const tyto_classes *classes,
                        const tyto_error *failure, tyto_error *err)
{
    return r->each(r->user, i, classes, failure)
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_CANCELLED, "classes: stopped by the caller at %lld of %lld",
                           (long long)i, (long long)r->count);
}

/* One member by itself. */
static tyto_status classify_alone(run *r, int64_t k, tyto_error *err)
{
    tyto_error failure = TYTO_ERROR_INIT;
    const int64_t i = r->batch.items[k];
    tyto_status status = classify(r, k, 1, &failure);
    if (status == TYTO_E_CANCELLED) {
        status = tyto_fail(err, status, "%s", tyto_error_message(&failure));
    } else if (status == TYTO_OK) {
        status = give(r, i, &r->batch.classes[k], NULL, err);
    } else {
        if (r->reader) {
            tyto_error_prefix(&failure, r->inputs[i]);
        }
        status = give(r, i, NULL, &failure, err);
    }
    tyto_error_clear(&failure);
    return status;
}

/* All that is gathered: together, or one by one when that fails. */
static tyto_status classify_batch(run *r, tyto_error *err)
{
    tyto_status status = r->gathered > 1 ? classify(r, 0, r->gathered, err) : TYTO_E_ARGUMENT;
    const bool together = status == TYTO_OK;
    if (status == TYTO_E_CANCELLED) {
        return status;
    }
    tyto_error_clear(err);
    status = TYTO_OK;
    for (int64_t k = 0; k < r->gathered && status == TYTO_OK; k++) {
        status = together ? give(r, r->batch.items[k], &r->batch.classes[k], NULL, err)
                          : classify_alone(r, k, err);
    }
    return status;
}

static void drop_batch(run *r)
{
    for (int64_t k = 0; k < r->gathered; k++) {
        tyto_classes_clear(&r->batch.classes[k]);
        tyto_image_clear(&r->batch.images[k]);
    }
    r->gathered = 0;
}

/* Puts input i into the batch, or says why it can't be read. */
static tyto_status gather(run *r, int64_t i, tyto_error *err)
{
    tyto_error failure = TYTO_ERROR_INIT;
    const int64_t k = r->gathered;
    tyto_status status = TYTO_OK;
    r->batch.items[k] = i;
    r->batch.texts[k] = r->inputs[i];
    if (r->reader && tyto_photo_reader_next(r->reader, &r->batch.images[k], &failure) != TYTO_OK) {
        status = give(r, i, NULL, &failure, err);
        tyto_error_clear(&failure);
    } else {
        r->gathered++;
    }
    return status;
}

static tyto_status classify_all(run *r, tyto_error *err)
{
    tyto_follow follow;
    tyto_status status = TYTO_OK;
    tyto_follow_begin(&follow, r->session, r->options.progress, r->options.progress_user);
    for (int64_t i = 0; i < r->count && status == TYTO_OK; i++) {
        if (r->options.done && r->options.done[i]) {
            tyto_photo_reader_skip(r->reader);
        } else {
            status = tyto_follow_step(&follow, "inputs", r->inputs[i], i, r->count, err);
            status = status == TYTO_OK ? gather(r, i, err) : status;
        }
        if (status == TYTO_OK && (r->gathered == r->options.batch || i == r->count - 1)) {
            status = classify_batch(r, err);
            drop_batch(r);
        }
    }
    tyto_follow_end(&follow);
    return status;
}

static tyto_status check(const run *r, tyto_error *err)
{
    const tyto_classified kind = tyto_model_classifies(r->session->model);
    if (kind == TYTO_CLASSIFIED_NOTHING) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "model: got a %s, required a model that classifies texts or pictures",
                         r->session->model->head);
    }
    const tyto_image_processor *processor;
    if (kind == TYTO_CLASSIFIED_IMAGE) {
        TYTO_TRY(tyto_picture_processor(r->session, NULL, &processor, err));
    }
    if (r->options.batch < 1 || r->options.batch > TYTO_CLASSIFY_BATCH_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "batch: got %lld, required 1 to %d",
                         (long long)r->options.batch, TYTO_CLASSIFY_BATCH_MAX);
    }
    for (int64_t i = 0; i < r->count; i++) {
        TYTO_REQUIRE(err, r->inputs[i]);
    }
    return TYTO_OK;
}

tyto_status tyto_classify_inputs(tyto_session *session, const char *const *inputs, int64_t count,
                                 const tyto_classify_options *options, tyto_classes_fn each,
                                 void *user, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, each);
    TYTO_TRY(tyto_check_list(inputs, count, "inputs", err));
    run *r = tyto_alloc_zeroed(1, sizeof(*r));
    if (!r) {
        return tyto_fail_memory(err, "inputs");
    }
    r->session = session;
    r->inputs = inputs;
    r->count = count;
    r->each = each;
    r->user = user;
    tyto_classify_options_init(&r->options, sizeof(r->options));
    TYTO_CHECK(
        tyto_options_read(&r->options, sizeof(r->options), options, "tyto_classify_options", err));
    TYTO_CHECK(check(r, err));
    if (tyto_model_classifies(session->model) == TYTO_CLASSIFIED_IMAGE) {
        tyto_photo_reader_options how;
        tyto_photo_reader_options_init(&how, sizeof(how));
        how.image = r->options.image;
        TYTO_CHECK(tyto_photo_reader_create(inputs, count, &how, &r->reader, err));
    }
    TYTO_CHECK(classify_all(r, err));
cleanup:
    drop_batch(r);
    tyto_photo_reader_destroy(r->reader);
    free(r);
    return status;
}
