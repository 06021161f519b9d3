/* A model run on a user's photos and texts, to see what its products are given. */
#include <tyto/calibrate.h>

#include <stdlib.h>
#include <string.h>
#include <tyto/classify.h>
#include <tyto/fill_mask.h>
#include <tyto/photo_reader.h>
#include <tyto/search.h>

#include "base/error.h"
#include "base/options.h"
#include "tasks/follow.h"
#include "tasks/offer.h"

/* What is looked for when nobody gave texts. */
static const char *const common_things[] = {
    "a person",      "a dog",       "a car",        "a chair",  "a cup of coffee",
    "a photo of it", "red apples",  "street signs", "a bird",   "an old wooden house",
    "text",          "a blue sofa", "food",         "a remote", "the tall tree by the lake"};
#define COMMON_THINGS ((int64_t)(sizeof(common_things) / sizeof(common_things[0])))

#define STAGE "calibration"

/* One run, and its inputs. */
typedef struct run {
    tyto_session *session;
    const char *const *photos, *const *texts;
    int64_t n_photos, n_texts;
    const tyto_image_options *image; /* how photos are read */
    tyto_follow follow;
    tyto_vocabulary *vocabulary; /* what photos are searched for; NULL: they are classified */
    tyto_error *err;
} run;

static tyto_status classify_text(const run *r, const char *text)
{
    tyto_classify_options options;
    tyto_classes classes = {0};
    tyto_classify_options_init(&options, sizeof(options));
    options.top_k = 1;
    const tyto_status status =
        tyto_classify_texts(r->session, &text, NULL, 1, &options, &classes, r->err);
    tyto_classes_clear(&classes);
    return status;
}

/* The middle of the text is to be guessed. */
static tyto_status fill_text(const run *r, const char *text)
{
    const size_t length = strlen(text);
    const tyto_span span = {length / 3, length / 3 + (length + 2) / 3};
    tyto_fill_mask_options options;
    tyto_filled_text filled = {0};
    tyto_fill_mask_options_init(&options, sizeof(options));
    options.spans = &span;
    options.n_spans = 1;
    options.top_k = 1;
    const tyto_status status = tyto_fill_mask(r->session, text, length, &options, &filled, r->err);
    tyto_filled_text_clear(&filled);
    return status;
}

static tyto_status run_texts(const run *r)
{
    const bool classifies = tyto_model_classifies(r->session->model) == TYTO_CLASSIFIED_TEXT;
    for (int64_t i = 0; i < r->n_texts; i++) {
        TYTO_TRY(tyto_follow_step(&r->follow, STAGE, r->texts[i], i, r->n_texts, r->err));
        TYTO_TRY(classifies ? classify_text(r, r->texts[i]) : fill_text(r, r->texts[i]));
    }
    return TYTO_OK;
}

/* What the heads are given, with a vocabulary or, NULL, without. */
static tyto_status search(const run *r, const tyto_photo *photo, const tyto_vocabulary *vocabulary)
{
    const tyto_search_source source = {.photo = photo};
    tyto_detections found = {0};
    const tyto_status status =
        tyto_search(r->session, &source, 1, vocabulary, NULL, &found, r->err);
    tyto_detections_clear(&found);
    return status;
}

static tyto_status run_image(const run *r, const tyto_image *image)
{
    if (!r->vocabulary) {
        tyto_classify_options options;
        tyto_classes classes = {0};
        tyto_classify_options_init(&options, sizeof(options));
        options.top_k = 1;
        const tyto_status status =
            tyto_classify_images(r->session, image, 1, &options, &classes, r->err);
        tyto_classes_clear(&classes);
        return status;
    }
    tyto_photo *photo = NULL;
    tyto_status status = tyto_photo_create(r->session, image, NULL, &photo, r->err);
    if (status == TYTO_OK) {
        status = search(r, photo, r->vocabulary);
    }
    if (status == TYTO_OK) {
        status = search(r, photo, NULL);
    }
    tyto_photo_destroy(photo);
    return status;
}

static tyto_status run_photos(const run *r)
{
    tyto_photo_reader *reader = NULL;
    tyto_photo_reader_options how;
    tyto_photo_reader_options_init(&how, sizeof(how));
    how.image = r->image;
    TYTO_TRY(tyto_photo_reader_create(r->photos, r->n_photos, &how, &reader, r->err));
    tyto_status status = TYTO_OK;
    for (int64_t i = 0; i < r->n_photos && status == TYTO_OK; i++) {
        tyto_image image = {0};
        status = tyto_follow_step(&r->follow, STAGE, r->photos[i], i, r->n_photos, r->err);
        if (status == TYTO_OK) {
            status = tyto_photo_reader_next(reader, &image, r->err);
        }
        if (status == TYTO_OK) {
            status = run_image(r, &image);
            tyto_error_prefix(r->err, r->photos[i]);
        }
        tyto_image_clear(&image);
    }
    tyto_photo_reader_destroy(reader);
    return status;
}

/* Texts go through the text tower together, and then each photo is searched for them. */
static tyto_status run_search(run *r)
{
    const bool given = r->n_texts > 0;
    TYTO_TRY(tyto_vocabulary_create(r->session, given ? r->texts : common_things,
                                    given ? r->n_texts : COMMON_THINGS, NULL, &r->vocabulary,
                                    r->err));
    const tyto_status status = run_photos(r);
    tyto_vocabulary_destroy(r->vocabulary);
    return status;
}

static tyto_status run_all(run *r)
{
    const tyto_model *model = r->session->model;
    const char *head = tyto_model_head(model);
    const tyto_classified classes = tyto_model_classifies(model);
    const bool reads =
        classes == TYTO_CLASSIFIED_TEXT || tyto_model_offers(model, TYTO_TASK_FILL_MASK);
    if (tyto_model_offers(model, TYTO_TASK_SEARCH)) {
        return run_search(r);
    }
    if (!reads && classes != TYTO_CLASSIFIED_IMAGE) {
        return tyto_fail(r->err, TYTO_E_ARGUMENT,
                         "%s: %s has no use for photos or texts to calibrate on", model->folder,
                         head);
    }
    if (reads ? r->n_photos > 0 : r->n_texts > 0) {
        return tyto_fail(r->err, TYTO_E_ARGUMENT, "calibration: got %s, which %s doesn't read",
                         (reads ? r->photos : r->texts)[0], head);
    }
    return reads ? run_texts(r) : run_photos(r);
}

tyto_status tyto_calibration_run(tyto_calibration *calibration, tyto_session *session,
                                 const char *const *photos, int64_t n_photos,
                                 const char *const *texts, int64_t n_texts,
                                 const tyto_calibration_options *options, tyto_error *err)
{
    tyto_calibration_options own;
    run r = {.session = session,
             .photos = photos,
             .texts = texts,
             .n_photos = n_photos,
             .n_texts = n_texts,
             .err = err};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, calibration);
    TYTO_REQUIRE(err, session);
    tyto_calibration_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_calibration_options", err));
    if (n_photos < 0 || n_texts < 0 || (n_photos > 0 && !photos) || (n_texts > 0 && !texts)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "calibration: got %lld photos and %lld texts, required lists of them",
                         (long long)n_photos, (long long)n_texts);
    }
    r.image = own.image;
    TYTO_TRY(tyto_session_calibrate(session, calibration, err));
    tyto_follow_begin(&r.follow, session, own.progress, own.progress_user);
    const tyto_status status = run_all(&r);
    session->observer = NULL;
    tyto_follow_end(&r.follow);
    return status;
}
