#include "calibration.h"

#include <string.h>
#include <tyto/classify.h>
#include <tyto/fill_mask.h>
#include <tyto/search.h>

#include "inputs.h"
#include "messages.h"
#include "photo_reader.h"
#include "signals.h"

/* What is looked for when nobody gave texts. */
static const char *const common_things[] = {
    "a person",      "a dog",       "a car",        "a chair",  "a cup of coffee",
    "a photo of it", "red apples",  "street signs", "a bird",   "an old wooden house",
    "text",          "a blue sofa", "food",         "a remote", "the tall tree by the lake"};
#define COMMON_THINGS (sizeof(common_things) / sizeof(common_things[0]))

static bool ends_with(const char *text, const char *ending)
{
    const size_t length = strlen(text), tail = strlen(ending);
    return length >= tail && strcmp(text + length - tail, ending) == 0;
}

/* Photos, and the lines of texts. */
static bool list_inputs(const text_list *inputs, text_list *photos, text_list *texts)
{
    text_list places = {0};
    bool good = true;
    for (size_t i = 0; i < inputs->count; i++) {
        if (ends_with(inputs->items[i], ".txt")) {
            good = read_lines(inputs->items[i], false, texts) && good;
        } else {
            text_list_add(&places, inputs->items[i], strlen(inputs->items[i]));
        }
    }
    good = (places.count == 0 || list_photos(&places, photos)) && good;
    text_list_clear(&places);
    return good;
}

static tyto_status run_text(const opened *with, const char *text, tyto_error *err)
{
    if (tyto_model_classifies(with->model) == TYTO_CLASSIFIES_TEXTS) {
        tyto_classify_options options;
        tyto_classify_options_init(&options, sizeof(options));
        options.top_k = 1;
        tyto_classes classes = {0};
        const tyto_status status =
            tyto_classify_texts(with->session, &text, NULL, 1, &options, &classes, err);
        tyto_classes_clear(&classes);
        return status;
    }
    /* The middle of the text is to be guessed. */
    const size_t length = strlen(text);
    const tyto_span span = {length / 3, length / 3 + (length + 2) / 3};
    tyto_filled_text filled = {0};
    tyto_fill_mask_options options;
    tyto_fill_mask_options_init(&options, sizeof(options));
    options.spans = &span;
    options.n_spans = 1;
    options.top_k = 1;
    const tyto_status status = tyto_fill_mask(with->session, text, length, &options, &filled, err);
    tyto_filled_text_clear(&filled);
    return status;
}

/* What the heads are given, with a vocabulary or, NULL, without. */
static tyto_status search(const opened *with, const tyto_photo *photo,
                          const tyto_vocabulary *vocabulary, tyto_error *err)
{
    const tyto_search_source source = {.photo = photo};
    tyto_detections found = {0};
    const tyto_status status =
        tyto_search(with->session, &source, 1, vocabulary, NULL, &found, err);
    tyto_detections_clear(&found);
    return status;
}

static tyto_status run_photo(const opened *with, const tyto_vocabulary *vocabulary,
                             const tyto_image *image, tyto_error *err)
{
    if (tyto_model_classifies(with->model) == TYTO_CLASSIFIES_IMAGES) {
        tyto_classify_options options;
        tyto_classify_options_init(&options, sizeof(options));
        options.top_k = 1;
        tyto_classes classes = {0};
        const tyto_status status =
            tyto_classify_images(with->session, image, 1, &options, &classes, err);
        tyto_classes_clear(&classes);
        return status;
    }
    tyto_photo *photo = NULL;
    tyto_status status = tyto_photo_create(with->session, image, NULL, &photo, err);
    if (status == TYTO_OK) {
        status = search(with, photo, vocabulary, err);
    }
    if (status == TYTO_OK) {
        status = search(with, photo, NULL, err);
    }
    tyto_photo_destroy(photo);
    return status;
}

static bool run_photos(const opened *with, const tyto_vocabulary *vocabulary,
                       const text_list *photos)
{
    photo_reader reader = {.photos = photos};
    bool good = true;
    for (size_t i = 0; i < photos->count && good; i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image image;
        progress_show(i, photos->count, photos->items[i]);
        good = photo_reader_next(&reader, &image);
        if (good && run_photo(with, vocabulary, &image, &err) != TYTO_OK) {
            say_error("%s: %s", photos->items[i], tyto_error_message(&err));
            good = false;
        }
        if (good) {
            tyto_image_clear(&image);
        }
        tyto_error_clear(&err);
        good = good && !interrupted();
    }
    progress_hide();
    photo_reader_end(&reader);
    return good;
}

static bool run_texts(const opened *with, const text_list *texts)
{
    bool good = true;
    for (size_t i = 0; i < texts->count && good; i++) {
        tyto_error err = TYTO_ERROR_INIT;
        progress_show(i, texts->count, texts->items[i]);
        if (run_text(with, texts->items[i], &err) != TYTO_OK) {
            progress_hide();
            say_tyto_error(&err);
            good = false;
        }
        good = good && !interrupted();
    }
    progress_hide();
    return good;
}

/* Texts go through the text tower together, and then each photo is searched for them. */
static bool run_detection(const opened *with, const text_list *texts, const text_list *photos)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *vocabulary = NULL;
    const char *const *given = (const char *const *)texts->items;
    if (tyto_vocabulary_create(with->session, texts->count ? given : common_things,
                               texts->count ? (int64_t)texts->count : (int64_t)COMMON_THINGS, NULL,
                               &vocabulary, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return false;
    }
    const bool good = run_photos(with, vocabulary, photos);
    tyto_vocabulary_destroy(vocabulary);
    return good;
}

static bool run_all(const opened *with, const text_list *texts, const text_list *photos)
{
    const char *head = tyto_model_head(with->model);
    const tyto_classifies classes = tyto_model_classifies(with->model);
    const bool reads =
        classes == TYTO_CLASSIFIES_TEXTS || strcmp(head, "PerceiverForMaskedLM") == 0;
    if (strcmp(head, "Owlv2ForObjectDetection") == 0) {
        return run_detection(with, texts, photos);
    }
    if (!reads && classes != TYTO_CLASSIFIES_IMAGES) {
        say_error("%s: %s has no use for photos or texts to calibrate on", with->folder, head);
        return false;
    }
    if (reads ? photos->count : texts->count) {
        say_error("--calibrate: got %s, which %s doesn't read", (reads ? photos : texts)->items[0],
                  head);
        return false;
    }
    return reads ? run_texts(with, texts) : run_photos(with, NULL, photos);
}

bool calibration_run(const common_args *args, const text_list *inputs, calibration *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    text_list photos = {0}, texts = {0};
    common_args plain = *args;
    plain.precision = TYTO_PRECISION_FP32;
    bool good = list_inputs(inputs, &photos, &texts) && model_open(&plain, &out->with);
    if (good && tyto_calibration_create(out->with.model, &out->notes, &err) != TYTO_OK) {
        say_tyto_error(&err);
        good = false;
    }
    if (good) {
        tyto_session_calibrate(out->with.session, out->notes);
        good = run_all(&out->with, &texts, &photos);
        tyto_session_calibrate(out->with.session, NULL);
    }
    text_list_clear(&photos);
    text_list_clear(&texts);
    return good;
}

void calibration_close(calibration *to)
{
    tyto_calibration_destroy(to->notes);
    model_close(&to->with);
}

bool calibration_tell(void *user, const tyto_choice *choice)
{
    (void)user;
    progress_show(choice->index, choice->count, choice->name);
    if (choice->rows == 0) {
        say_info("%s: int8, without inputs to calibrate on", choice->name);
    } else {
        say_info("%s: %s, error %.4f, unsmoothed %.4f, smoothing %.2f", choice->name,
                 choice->bf16 ? "bf16" : "int8", choice->error, choice->plain,
                 (double)choice->strength);
    }
    return !interrupted();
}
