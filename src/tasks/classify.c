#include <string.h>
#include <tyto/classify.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "processors/image/image_processor.h"
#include "tasks/follow.h"
#include "tasks/photo.h"

/* Most texts or pictures of a call. */
#define TYTO_CLASSIFY_MAX (1 << 20)

static const tyto_classify_options defaults = {.struct_bytes = sizeof(defaults), .batch = 8};

void tyto_classify_options_init(tyto_classify_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static const tyto_family_classify *classify_of(const tyto_model *model)
{
    return model->architecture->tasks->classify;
}

tyto_classified tyto_model_classifies(const tyto_model *model)
{
    const tyto_family_classify *task = model ? classify_of(model) : NULL;
    switch (task ? task->classes(model->network) : TYTO_FAMILY_CLASSES_OF_NOTHING) {
    case TYTO_FAMILY_CLASSES_OF_TEXTS:
        return TYTO_CLASSIFIED_TEXT;
    case TYTO_FAMILY_CLASSES_OF_IMAGES:
        return TYTO_CLASSIFIED_IMAGE;
    case TYTO_FAMILY_CLASSES_OF_NOTHING:
        break;
    }
    return TYTO_CLASSIFIED_NOTHING;
}

static tyto_scores scores_of(const tyto_model *model)
{
    switch (classify_of(model)->scores(model->network)) {
    case TYTO_FAMILY_SCORES_NONE:
        return TYTO_SCORES_NONE;
    case TYTO_FAMILY_SCORES_SIGMOID:
        return TYTO_SCORES_SIGMOID;
    case TYTO_FAMILY_SCORES_SOFTMAX:
        break;
    }
    return TYTO_SCORES_SOFTMAX;
}

static tyto_status check_model(const tyto_model *model, tyto_classified required, tyto_error *err)
{
    if (tyto_model_classifies(model) != required) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "model: got a %s, required one that classifies %s",
                         model->head, required == TYTO_CLASSIFIED_TEXT ? "texts" : "pictures");
    }
    return TYTO_OK;
}

/* logits[count,classes] to each one's classes. */
static tyto_status give_classes(const tyto_model *model, const tyto_tensor *logits, int64_t count,
                                const tyto_classify_options *options, tyto_classes *out,
                                tyto_error *err)
{
    const tyto_scores scores =
        options->scores == TYTO_SCORES_AS_CONFIGURED ? scores_of(model) : options->scores;
    tyto_status status = TYTO_OK;
    if (logits->rank != 2 || logits->shape[0] != count) {
        return tyto_fail(err, TYTO_E_SHAPE, "logits: got rank %d, required [%lld,classes]",
                         logits->rank, (long long)count);
    }
    for (int64_t i = 0; i < count && status == TYTO_OK; i++) {
        const float *row = (const float *)logits->data + i * logits->shape[1];
        status = tyto_postprocess_classification(row, logits->shape[1], scores, options->top_k,
                                                 &out[i], err);
        for (int64_t k = 0; k < out[i].count; k++) {
            out[i].items[k].label = tyto_model_label(model, out[i].items[k].label_index);
        }
    }
    for (int64_t i = 0; i < count && status != TYTO_OK; i++) {
        tyto_classes_clear(&out[i]);
    }
    return status;
}

static tyto_status run(tyto_session *session, const tyto_tensor *inputs, int64_t n_inputs,
                       int64_t count, const tyto_classify_options *options, tyto_classes *out,
                       tyto_error *err)
{
    const char *const wanted[] = {classify_of(session->model)->output};
    const tyto_tensor *logits;
    tyto_follow follow;
    int64_t n_outputs;
    tyto_follow_begin(&follow, session, options->progress, options->progress_user);
    const tyto_status status =
        tyto_forward(session, NULL, inputs, n_inputs, wanted, 1, &logits, &n_outputs, err);
    tyto_follow_end(&follow);
    TYTO_TRY(status);
    return give_classes(session->model, logits, count, options, out, err);
}

/* What both calls begin with; *out[count] becomes empty. */
static tyto_status begin(const tyto_session *session, tyto_classified kind, int64_t count,
                         const tyto_classify_options *options, tyto_classify_options *own,
                         tyto_classes *out, tyto_error *err)
{
    TYTO_REQUIRE(err, session);
    if (count < 0 || count > TYTO_CLASSIFY_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "count: got %lld, required 0 to %d",
                         (long long)count, TYTO_CLASSIFY_MAX);
    }
    if (count > 0) {
        TYTO_REQUIRE(err, out);
        memset(out, 0, (size_t)count * sizeof(*out));
    }
    *own = defaults;
    TYTO_TRY(tyto_options_read(own, sizeof(*own), options, "tyto_classify_options", err));
    return check_model(session->model, kind, err);
}

/* Each text must fit as it is. */
static tyto_status check_lengths(const tyto_encoding *texts, int64_t most, tyto_error *err)
{
    for (int64_t i = 0; i < texts->count; i++) {
        if (texts->lengths[i] > most) {
            return tyto_fail(err, TYTO_E_LIMIT,
                             "text %zu: got %lld tokens, required at most %lld "
                             "(max_position_embeddings)",
                             i, (long long)texts->lengths[i], (long long)most);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_classify_texts(tyto_session *session, const char *const *texts,
                                const size_t *lengths_bytes, int64_t count,
                                const tyto_classify_options *options, tyto_classes *out,
                                tyto_error *err)
{
    tyto_classify_options own;
    TYTO_ENTER(err);
    TYTO_TRY(begin(session, TYTO_CLASSIFIED_TEXT, count, options, &own, out, err));
    if (count == 0) {
        return TYTO_OK;
    }
    TYTO_REQUIRE(err, texts);
    const tyto_model *model = session->model;
    const tyto_family_classify *task = classify_of(model);
    const int64_t most = task->max_tokens(model->network);
    const tyto_encode_options encode = {.struct_bytes = sizeof(tyto_encode_options),
                                        .padding = TYTO_PADDING_LONGEST,
                                        .truncation = own.truncation ? TYTO_TRUNCATION_LONGEST_FIRST
                                                                     : TYTO_TRUNCATION_NONE,
                                        .max_length = most};
    tyto_encoding encoding;
    TYTO_TRY(tyto_tokenizer_encode(model->tokenizer, texts, lengths_bytes, count, &encode,
                                   &encoding, err));
    tyto_status status = check_lengths(&encoding, most, err);
    if (status == TYTO_OK) {
        const int64_t shape[2] = {count, (int64_t)encoding.offsets[1]};
        tyto_tensor inputs[] = {
            {.name = task->input, .dtype = TYTO_I64, .rank = 2, .data = encoding.input_ids},
            {.name = task->mask_input,
             .dtype = TYTO_I64,
             .rank = 2,
             .data = encoding.attention_mask},
        };
        memcpy(inputs[0].shape, shape, sizeof(shape));
        memcpy(inputs[1].shape, shape, sizeof(shape));
        status = run(session, inputs, task->mask_input ? 2 : 1, count, &own, out, err);
    }
    tyto_encoding_clear(&encoding);
    return status;
}

/* All pictures into the session's buffer. */
static tyto_status read_images(tyto_session *session, const tyto_image *images, int64_t count,
                               int64_t shape[3], tyto_error *err)
{
    const tyto_image_processor *processor = session->model->image_processor;
    int64_t each = 1, all = 0;
    tyto_image_processor_shape(processor, images[0].width_px, images[0].height_px, shape);
    for (int i = 0; i < 3; i++) {
        if (!tyto_mul_i64(each, shape[i], &each)) {
            each = INT64_MAX;
        }
    }
    if (!tyto_mul_i64(each, count, &all)) {
        return tyto_fail_memory(err, "pictures");
    }
    TYTO_TRY(tyto_session_pixels(session, all, "pictures", err));
    for (int64_t i = 0; i < count; i++) {
        int64_t own[3];
        tyto_image_processor_shape(processor, images[i].width_px, images[i].height_px, own);
        if (memcmp(own, shape, sizeof(own)) != 0) {
            return tyto_fail(
                err, TYTO_E_SHAPE,
                "picture %lld: got %lldx%lld pixels after processing, required %lldx%lld "
                "as the first has",
                (long long)i, (long long)own[2], (long long)own[1], (long long)shape[2],
                (long long)shape[1]);
        }
        TYTO_TRY(tyto_image_processor_run_on(processor, session->pool, &images[i],
                                             session->pixels + i * each, err));
    }
    return TYTO_OK;
}

tyto_status tyto_classify_images(tyto_session *session, const tyto_image *images, int64_t count,
                                 const tyto_classify_options *options, tyto_classes *out,
                                 tyto_error *err)
{
    tyto_classify_options own;
    int64_t shape[3];
    TYTO_ENTER(err);
    TYTO_TRY(begin(session, TYTO_CLASSIFIED_IMAGE, count, options, &own, out, err));
    const tyto_image_processor *processor;
    TYTO_TRY(tyto_picture_processor(session, NULL, &processor, err));
    if (count == 0) {
        return TYTO_OK;
    }
    TYTO_REQUIRE(err, images);
    TYTO_TRY(read_images(session, images, count, shape, err));
    const tyto_tensor input = {.name = classify_of(session->model)->input,
                               .dtype = TYTO_F32,
                               .rank = 4,
                               .shape = {count, shape[0], shape[1], shape[2]},
                               .data = session->pixels};
    return run(session, &input, 1, count, &own, out, err);
}
