/* Embeddings of texts, and vocabularies of them. */
#include <stdio.h>
#include <string.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/session.h"
#include "tasks/embed.h"
#include "tasks/follow.h"
#include "tasks/offer.h"
#include "tasks/vocabulary.h"

/* Longest query text with a template around it. */
#define QUERY_BYTES_MAX 4096
/* Texts that are encoded in one run: bounds scratch, whatever the number of labels. */
#define TEXTS_TOGETHER 512

/* The seven prompts that the OWL-ViT authors average, from CLIP's list. */
static const struct {
    const char *before, *after;
} templates[] = {
    {"itap of a ", "."},
    {"a bad photo of the ", "."},
    {"a origami ", "."},
    {"a photo of the large ", "."},
    {"a ", " in a video game."},
    {"art of the ", "."},
    {"a photo of the small ", "."},
};
#define TEMPLATES (sizeof(templates) / sizeof(templates[0]))

/* Encodes n ≤ TEXTS_TOGETHER texts; *features [n,width] is the session's. */
static tyto_status encode(tyto_session *session, const char *const *texts, size_t n,
                          float **features, int64_t *width, tyto_error *err)
{
    const tyto_model *model = session->model;
    const char *head = model->architecture->tasks->embed->text_head;
    /* Where the tokenizer's files set no length, rows still have to be of one. */
    const bool has_length = tyto_tokenizer_max_length(model->tokenizer) < INT64_MAX;
    const tyto_encode_options options = {.struct_bytes = sizeof(tyto_encode_options),
                                         .padding = has_length ? TYTO_PADDING_MAX_LENGTH
                                                               : TYTO_PADDING_LONGEST,
                                         .truncation = TYTO_TRUNCATION_LONGEST_FIRST};
    tyto_encoding encoding = {0};
    TYTO_TRY(
        tyto_tokenizer_encode(model->tokenizer, texts, NULL, (int64_t)n, &options, &encoding, err));
    for (size_t i = 0; i < n; i++) {
        if (encoding.truncated[i]) {
            tyto_engine_log(model->engine, TYTO_LOG_LEVEL_WARNING,
                            "text '%.60s…': cut to %lld tokens, more than the model takes",
                            texts[i], (long long)tyto_tokenizer_max_length(model->tokenizer));
        }
    }
    const int64_t tokens = encoding.offsets[n] / (int64_t)n;
    const tyto_tensor inputs[] = {
        {.name = "input_ids",
         .dtype = TYTO_I64,
         .rank = 2,
         .shape = {(int64_t)n, tokens},
         .data = encoding.input_ids},
        {.name = "attention_mask",
         .dtype = TYTO_I64,
         .rank = 2,
         .shape = {(int64_t)n, tokens},
         .data = encoding.attention_mask},
    };
    static const char *const wanted[] = {"text_features"};
    const tyto_tensor *outputs;
    int64_t n_outputs;
    tyto_status status =
        tyto_forward(session, head, inputs, 2, wanted, 1, &outputs, &n_outputs, err);
    if (status == TYTO_OK) {
        *features = outputs[0].data;
        *width = outputs[0].shape[1];
    }
    tyto_encoding_clear(&encoding);
    return status;
}

/* Embeddings of texts in the making: rows[count,width]. */
typedef struct rows {
    const char *const *texts;
    int64_t count;
    float *at;
    int64_t width;
} rows;

/* Makes room once the width is known. */
static tyto_status make_room(rows *made, int64_t width, tyto_error *err)
{
    if (!made->at) {
        made->width = width;
        made->at = tyto_alloc((size_t)made->count, (size_t)width * sizeof(float));
    }
    return made->at ? TYTO_OK : tyto_fail_memory(err, "embeddings");
}

/* mean[width] = the unit vector along the mean of the unit vectors along each[TEMPLATES,width] */
static void average(float *mean, float *each, int64_t width)
{
    memset(mean, 0, (size_t)width * sizeof(float));
    for (size_t t = 0; t < TEMPLATES; t++) {
        tyto_scale_to_unit(each + (int64_t)t * width, width);
        for (int64_t c = 0; c < width; c++) {
            mean[c] += each[(int64_t)t * width + c] / (float)TEMPLATES;
        }
    }
    tyto_scale_to_unit(mean, width);
}

/* Encodes text i through all templates. */
static tyto_status encode_templates(tyto_session *session, rows *made, int64_t i, tyto_error *err)
{
    char prompts[TEMPLATES][QUERY_BYTES_MAX];
    const char *list[TEMPLATES], *text = made->texts[i];
    for (size_t t = 0; t < TEMPLATES; t++) {
        int length = snprintf(prompts[t], QUERY_BYTES_MAX, "%s%s%s", templates[t].before, text,
                              templates[t].after);
        if (length < 0 || length >= QUERY_BYTES_MAX) {
            return tyto_fail(err, TYTO_E_LIMIT, "text '%.40s…': got %zu bytes, required under %d",
                             text, strlen(text), QUERY_BYTES_MAX);
        }
        list[t] = prompts[t];
    }
    float *features;
    int64_t width;
    TYTO_TRY(encode(session, list, TEMPLATES, &features, &width, err));
    TYTO_TRY(make_room(made, width, err));
    average(made->at + i * width, features, width);
    return TYTO_OK;
}

/* Encodes texts first … first+n−1 as they are. */
static tyto_status encode_plain(tyto_session *session, rows *made, int64_t first, int64_t n,
                                tyto_error *err)
{
    float *features;
    int64_t width;
    TYTO_TRY(encode(session, made->texts + first, (size_t)n, &features, &width, err));
    TYTO_TRY(make_room(made, width, err));
    memcpy(made->at + first * width, features, (size_t)(n * width) * sizeof(float));
    return TYTO_OK;
}

static tyto_status encode_all(const tyto_follow *follow, rows *made, bool with_templates,
                              tyto_error *err)
{
    const int64_t count = made->count, step = with_templates ? 1 : TEXTS_TOGETHER;
    for (int64_t i = 0; i < count; i += step) {
        TYTO_TRY(tyto_follow_step(follow, "texts", made->texts[i], i, count, err));
        TYTO_TRY(with_templates
                     ? encode_templates(follow->session, made, i, err)
                     : encode_plain(follow->session, made, i, tyto_min_i64(step, count - i), err));
    }
    return TYTO_OK;
}

static tyto_status check_texts(const tyto_session *session, const char *const *texts, int64_t count,
                               tyto_error *err)
{
    const tyto_family_embed *family = session->model->architecture->tasks->embed;
    if (!family || !family->text_head) {
        return tyto_offer_missing(session->model, TYTO_TASK_EMBED, err);
    }
    if (!session->model->tokenizer) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "model: it has no tokenizer files, required tokenizer.json or vocab.json");
    }
    if (count < 1 || count > TYTO_VOCABULARY_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "texts: got %lld, required 1 to %lld",
                         (long long)count, (long long)TYTO_VOCABULARY_MAX);
    }
    TYTO_REQUIRE(err, texts);
    for (int64_t i = 0; i < count; i++) {
        TYTO_REQUIRE(err, texts[i]);
    }
    return TYTO_OK;
}

static tyto_status encode_texts(const tyto_follow *follow, const char *const *texts, int64_t count,
                                bool with_templates, float **out, int64_t *width, tyto_error *err)
{
    rows made = {.texts = texts, .count = count};
    TYTO_TRY(check_texts(follow->session, texts, count, err));
    const tyto_status status = encode_all(follow, &made, with_templates, err);
    if (status == TYTO_OK) {
        *out = made.at;
        *width = made.width;
    } else {
        tyto_free(made.at);
    }
    return status;
}

tyto_status tyto_embed_texts(tyto_session *session, const char *const *texts, int64_t count,
                             const tyto_embed_options *options, float **out, int64_t *width,
                             tyto_error *err)
{
    tyto_embed_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, width);
    *out = NULL;
    *width = 0;
    TYTO_TRY(tyto_embed_options_read(&own, options, err));
    tyto_follow follow;
    tyto_follow_begin(&follow, session, own.progress, own.progress_user);
    const tyto_status status = encode_texts(&follow, texts, count, own.templates, out, width, err);
    tyto_follow_end(&follow);
    return status;
}

tyto_status tyto_vocabulary_create(tyto_session *session, const char *const *texts, int64_t count,
                                   const tyto_embed_options *options, tyto_vocabulary **out,
                                   tyto_error *err)
{
    float *features = NULL;
    int64_t width = 0;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_embed_texts(session, texts, count, options, &features, &width, err));
    const tyto_status status =
        tyto_vocabulary_make(features, texts, count, width, TYTO_QUERY_KIND_TEXT, out, err);
    tyto_free(features);
    return status;
}
