#include "hugging_face.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <tyto/classify.h>
#include <tyto/fill_mask.h>
#include <tyto/memory.h>
#include <tyto/similarity.h>

#include "bounds.h"
#include "label_studio.h"

/* What a pipeline is asked: its input as JSON or as a picture, and parameters. */
typedef struct question {
    json_t *inputs; /* NULL: the picture */
    const tyto_image *picture;
    json_t *parameters; /* an object, or NULL */
} question;

/* Answers a question; NULL after an error was replied. */
typedef json_t *(*pipeline_fn)(work *job, const question *q);

/* A score without the zeros that a float's neighbour would print. */
static json_t *real(double value)
{
    return json_real(value);
}

/* The question's picture; `own` is filled when it had to be decoded. */
static const tyto_image *picture_of(work *job, const question *q, tyto_image *own)
{
    if (q->picture) {
        return q->picture;
    }
    return work_picture_text(job, q->inputs, own) ? own : NULL;
}

/* The labels of an array of texts, or of one text with commas between; encoded. */
static tyto_vocabulary *encode_labels(work *job, const json_t *labels, const char *template)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *out = NULL;
    const size_t count = json_array_size(labels);
    if (!bounds_labels(job, count)) {
        return NULL;
    }
    char **texts = calloc(count + 1, sizeof(*texts));
    bool good = texts && count > 0;
    size_t bytes = 0;
    for (size_t i = 0; good && i < count; i++) {
        const char *text = json_string_value(json_array_get(labels, i));
        const char *hole = template ? strstr(template, "{}") : NULL;
        good = text && *text;
        bytes += good ? strlen(text) + (hole ? strlen(template) : 0) : 0;
        if (bytes > TEXTS_BYTES_MAX) {
            break;
        }
        if (good && hole) {
            const size_t before = (size_t)(hole - template),
                         room = strlen(template) + strlen(text) + 1;
            texts[i] = malloc(room);
            if (texts[i]) {
                snprintf(texts[i], room, "%.*s%s%s", (int)before, template, text, hole + 2);
            }
        } else if (good) {
            texts[i] = strdup(text);
        }
    }
    if (!good) {
        reply_error(job->x, 400, "parameters.candidate_labels: required an array of texts");
    } else if (bytes > TEXTS_BYTES_MAX) {
        good = false;
        reply_error(job->x, 422, "hypothesis_template: too long for so many labels");
    } else {
        good = work_went(job,
                         tyto_vocabulary_create(job->session, (const char *const *)texts,
                                                (int64_t)count, NULL, &out, &err),
                         &err);
    }
    for (size_t i = 0; texts && i < count; i++) {
        free(texts[i]);
    }
    free(texts);
    work_stage(job, "texts");
    return good ? out : NULL;
}

/* Labels as an array, whatever they came as. Owned. */
static json_t *labels_of(json_t *given)
{
    const char *text = json_string_value(given);
    if (!text) {
        return json_is_array(given) ? json_incref(given) : NULL;
    }
    json_t *list = json_array();
    while (*text && json_array_size(list) <= LABELS_MAX) {
        const size_t skipped = strspn(text, " ,");
        const size_t length = strcspn(text + skipped, ",");
        size_t end = length;
        while (end > 0 && text[skipped + end - 1] == ' ') {
            end--;
        }
        if (end > 0) {
            json_array_append_new(list, json_stringn(text + skipped, end));
        }
        text += skipped + length;
    }
    return list;
}

static json_t *box_of(const tyto_box *box)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "xmin", (json_int_t)box->xmin, "ymin",
                     (json_int_t)box->ymin, "xmax", (json_int_t)box->xmax, "ymax",
                     (json_int_t)box->ymax);
}

static json_t *detect(work *job, const question *q)
{
    tyto_search_options options;
    json_t *given = NULL, *labels = NULL, *list = NULL;
    double threshold = 0.1;
    json_int_t top_k = 0;
    tyto_image own = {0};
    tyto_detections found = {0};
    if (!q->parameters || !work_unpack(job, q->parameters, "{s:o, s?F, s?I}", "candidate_labels",
                                       &given, "threshold", &threshold, "top_k", &top_k)) {
        if (!q->parameters) {
            reply_error(job->x, 400, "parameters: required, with candidate_labels");
        }
        return NULL;
    }
    if (!(threshold >= 0.0 && threshold <= 1.0) || top_k < 0 || top_k > INT32_MAX) {
        reply_error(job->x, 422, "required a threshold from 0 to 1, and top_k of 0 or more");
        return NULL;
    }
    labels = labels_of(given);
    tyto_vocabulary *vocabulary = encode_labels(job, labels, NULL);
    const tyto_image *image = vocabulary ? picture_of(job, q, &own) : NULL;
    if (image) {
        const tyto_search_source source = {.image = image};
        tyto_search_options_init(&options, sizeof(options));
        options.threshold = (float)threshold;
        options.multi_label = true;
        options.top_k = top_k;
        if (bounds_search(job, &source, vocabulary, &options, &found)) {
            list = json_array();
        }
        work_stage(job, "search");
    }
    for (int64_t i = 0; list && i < found.count; i++) {
        const tyto_detection *d = &found.items[i];
        json_array_append_new(list,
                              json_pack("{s:o, s:s, s:o}", "score", real((double)d->score), "label",
                                        tyto_vocabulary_label(vocabulary, d->label_index), "box",
                                        box_of(&d->box)));
    }
    tyto_detections_clear(&found);
    tyto_vocabulary_destroy(vocabulary);
    tyto_image_clear(&own);
    json_decref(labels);
    return list;
}

static json_t *compare(work *job, const question *q)
{
    tyto_error err = TYTO_ERROR_INIT;
    json_t *given = NULL, *labels = NULL, *list = NULL;
    const char *template = "This is a photo of {}.";
    tyto_image own = {0};
    tyto_similarities found = {0};
    if (!q->parameters || !work_unpack(job, q->parameters, "{s:o, s?s}", "candidate_labels", &given,
                                       "hypothesis_template", &template)) {
        if (!q->parameters) {
            reply_error(job->x, 400, "parameters: required, with candidate_labels");
        }
        return NULL;
    }
    labels = labels_of(given);
    tyto_vocabulary *vocabulary = encode_labels(job, labels, template);
    const tyto_image *image = vocabulary ? picture_of(job, q, &own) : NULL;
    if (image &&
        work_went(job, tyto_similarity_best(job->session, vocabulary, image, NULL, 0, &found, &err),
                  &err)) {
        list = json_array();
    }
    for (int64_t i = 0; list && i < found.count; i++) {
        json_array_append_new(
            list, json_pack("{s:o, s:O}", "score", real((double)found.items[i].probability),
                            "label", json_array_get(labels, (size_t)found.items[i].label_index)));
    }
    tyto_similarities_clear(&found);
    tyto_vocabulary_destroy(vocabulary);
    tyto_image_clear(&own);
    json_decref(labels);
    return list;
}

/* "softmax", "sigmoid", "none", "default". */
static bool read_scores(work *job, const char *word, tyto_scores *out)
{
    static const struct {
        const char *word;
        tyto_scores scores;
    } known[] = {{"default", TYTO_SCORES_AS_CONFIGURED},
                 {"softmax", TYTO_SCORES_SOFTMAX},
                 {"sigmoid", TYTO_SCORES_SIGMOID},
                 {"none", TYTO_SCORES_NONE}};
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        if (strcmp(known[i].word, word) == 0) {
            *out = known[i].scores;
            return true;
        }
    }
    reply_error(job->x, 422, "function_to_apply: required softmax, sigmoid, none or default");
    return false;
}

static json_t *list_classes(const tyto_classes *found)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < found->count; i++) {
        char number[32];
        snprintf(number, sizeof(number), "LABEL_%lld", (long long)found->items[i].label_index);
        json_array_append_new(list,
                              json_pack("{s:s, s:o}", "label",
                                        found->items[i].label ? found->items[i].label : number,
                                        "score", real((double)found->items[i].score)));
    }
    return list;
}

static json_t *classify(work *job, const question *q)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_classify_options options;
    const char *apply = "default";
    json_int_t top_k = 5;
    json_t *list = NULL;
    tyto_image own = {0};
    tyto_classes found = {0};
    tyto_classify_options_init(&options, sizeof(options));
    if ((q->parameters && !work_unpack(job, q->parameters, "{s?I, s?s}", "top_k", &top_k,
                                       "function_to_apply", &apply)) ||
        !read_scores(job, apply, &options.scores)) {
        return NULL;
    }
    if (top_k < 1 || top_k > INT32_MAX) {
        reply_error(job->x, 422, "top_k: required 1 or more");
        return NULL;
    }
    options.top_k = top_k;
    options.truncation = true;
    const char *text = json_string_value(q->inputs);
    if (tyto_model_classifies(job->served->model) == TYTO_CLASSIFIED_TEXT) {
        if (!text) {
            reply_error(job->x, 400, "inputs: required a text");
            return NULL;
        }
        const size_t length = json_string_length(q->inputs);
        if (work_went(job,
                      tyto_classify_texts(job->session, &text, &length, 1, &options, &found, &err),
                      &err)) {
            list = json_pack("[o]", list_classes(&found));
        }
    } else {
        const tyto_image *image = picture_of(job, q, &own);
        if (image &&
            work_went(job, tyto_classify_images(job->session, image, 1, &options, &found, &err),
                      &err)) {
            list = list_classes(&found);
        }
    }
    work_stage(job, "classify");
    tyto_classes_clear(&found);
    tyto_image_clear(&own);
    return list;
}

/* The text with a guess in place of a mask, the others left as they were written. */
static json_t *sequence_of(const char *text, int64_t mask, const char *token)
{
    const char *at = text;
    for (int64_t i = 0; (at = strstr(at, "[MASK]")) && i < mask; i++) {
        at += strlen("[MASK]");
    }
    if (!at) {
        return json_string(text);
    }
    const size_t room = strlen(text) + strlen(token) + 1;
    char *filled = malloc(room);
    if (!filled) {
        return NULL;
    }
    snprintf(filled, room, "%.*s%s%s", (int)(at - text), text, token, at + strlen("[MASK]"));
    json_t *out = json_string(filled);
    free(filled);
    return out ? out : json_string(text);
}

static bool is_target(const json_t *targets, const char *token)
{
    if (!targets) {
        return true;
    }
    if (json_is_string(targets)) {
        return token && strcmp(json_string_value(targets), token) == 0;
    }
    for (size_t i = 0; i < json_array_size(targets); i++) {
        const char *one = json_string_value(json_array_get(targets, i));
        if (one && token && strcmp(one, token) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *list_guesses(const tyto_filled_text *found, int64_t mask, const char *text,
                            const json_t *targets, int64_t top_k)
{
    json_t *list = json_array();
    for (int64_t i = 0; i < found->n_guesses && (int64_t)json_array_size(list) < top_k; i++) {
        const tyto_guess *guess = &found->guesses[mask * found->n_guesses + i];
        if (is_target(targets, guess->token)) {
            json_t *token = guess->token ? json_string(guess->token) : NULL;
            json_array_append_new(
                list, json_pack("{s:o, s:I, s:o, s:o}", "score", real((double)guess->score),
                                "token", (json_int_t)guess->id, "token_str",
                                token ? token : json_string("\xEF\xBF\xBD"), "sequence",
                                sequence_of(text, mask, guess->token ? guess->token : "")));
        }
    }
    return list;
}

static json_t *fill_mask(work *job, const question *q)
{
    enum { TOKENS_MAX = 262 };
    tyto_error err = TYTO_ERROR_INIT;
    tyto_fill_mask_options options;
    json_int_t top_k = 5;
    json_t *targets = NULL, *list = NULL;
    tyto_filled_text found = {0};
    const char *text = json_string_value(q->inputs);
    if (!text) {
        reply_error(job->x, 400, "inputs: required a text with [MASK] in it");
        return NULL;
    }
    if (q->parameters &&
        !work_unpack(job, q->parameters, "{s?I, s?o}", "top_k", &top_k, "targets", &targets)) {
        return NULL;
    }
    bool texts = !targets || json_is_string(targets) || json_array_size(targets) > 0;
    for (size_t i = 0; i < json_array_size(targets); i++) {
        texts = texts && json_is_string(json_array_get(targets, i));
    }
    if (!texts) {
        reply_error(job->x, 400, "targets: required a text, or an array of them");
        return NULL;
    }
    if (top_k < 1 || top_k > INT32_MAX) {
        reply_error(job->x, 422, "top_k: required 1 or more");
        return NULL;
    }
    tyto_fill_mask_options_init(&options, sizeof(options));
    options.top_k = targets || top_k > TOKENS_MAX ? TOKENS_MAX : top_k;
    if (work_went(job,
                  tyto_fill_mask(job->session, text, json_string_length(q->inputs), &options,
                                 &found, &err),
                  &err)) {
        if (found.n_masks == 1) {
            list = list_guesses(&found, 0, text, targets, top_k);
        } else {
            list = json_array();
            for (int64_t i = 0; i < found.n_masks; i++) {
                json_array_append_new(list, list_guesses(&found, i, text, targets, top_k));
            }
        }
    }
    work_stage(job, "fill-mask");
    tyto_filled_text_clear(&found);
    return list;
}

static const struct {
    const char *name;
    tyto_task task;
    tyto_classified classified; /* of TYTO_TASK_CLASSIFY: what */
    pipeline_fn run;
} pipelines[] = {
    {"zero-shot-object-detection", TYTO_TASK_SEARCH, TYTO_CLASSIFIED_NOTHING, detect},
    {"fill-mask", TYTO_TASK_FILL_MASK, TYTO_CLASSIFIED_NOTHING, fill_mask},
    {"image-classification", TYTO_TASK_CLASSIFY, TYTO_CLASSIFIED_IMAGE, classify},
    {"text-classification", TYTO_TASK_CLASSIFY, TYTO_CLASSIFIED_TEXT, classify},
    {"zero-shot-image-classification", TYTO_TASK_SIMILARITY, TYTO_CLASSIFIED_NOTHING, compare},
};

const char *hugging_face_task(size_t i)
{
    return i < sizeof(pipelines) / sizeof(*pipelines) ? pipelines[i].name : NULL;
}

/* The pipeline of a name, or the first that the model offers. */
static pipeline_fn choose(work *job, const char *name)
{
    const tyto_model *model = job->served->model;
    for (size_t i = 0; i < sizeof(pipelines) / sizeof(*pipelines); i++) {
        if (name ? strcmp(name, pipelines[i].name) == 0
                 : tyto_model_offers(model, pipelines[i].task)) {
            tyto_error err = TYTO_ERROR_INIT;
            if (!work_went(job, tyto_model_require(model, pipelines[i].task, &err), &err)) {
                return NULL;
            }
            const tyto_classified subject = pipelines[i].classified;
            if (name && subject != TYTO_CLASSIFIED_NOTHING &&
                subject != tyto_model_classifies(model)) {
                reply_error(job->x, 422, "%s: the model classifies %s", name,
                            subject == TYTO_CLASSIFIED_TEXT ? "pictures" : "texts");
                return NULL;
            }
            return pipelines[i].run;
        }
    }
    reply_error(job->x, name ? 404 : 422,
                name ? "there is no such pipeline" : "the model has no pipeline");
    return NULL;
}

/* Parameters of a query: candidate_labels, again for each, and threshold. */
static bool take_parameter(void *user, const char *key, const char *value)
{
    json_t *parameters = user;
    if (strcmp(key, "candidate_labels") == 0) {
        json_t *list = json_object_get(parameters, key);
        if (!list) {
            list = json_array();
            json_object_set_new(parameters, key, list);
        }
        json_array_append_new(list, json_string(value));
    } else if (strcmp(key, "model") != 0) {
        char *end;
        const double number = strtod(value, &end);
        const bool whole = *value && !*end && isfinite(number);
        json_object_set_new(parameters, key,
                            !whole ? json_string(value)
                            : strspn(value, "0123456789") == strlen(value)
                                ? json_integer((json_int_t)number)
                                : json_real(number));
    }
    return true;
}

/* Answers one {"inputs", "parameters"}, whose parameters go before common ones; other names are allowed and ignored, as clients send them. */
static json_t *answer_object(work *job, pipeline_fn run, json_t *object, json_t *common)
{
    json_t *parameters = json_object_get(object, "parameters");
    if (parameters && !json_is_object(parameters)) {
        reply_error(job->x, 400, "parameters: required an object");
        return NULL;
    }
    json_t *all = json_object();
    json_object_update(all, common);
    json_object_update(all, parameters);
    const question q = {.inputs = json_object_get(object, "inputs"),
                        .parameters = json_object_size(all) ? all : NULL};
    json_t *found = NULL;
    if (!q.inputs) {
        reply_error(job->x, 400, "inputs: required");
    } else {
        found = run(job, &q);
    }
    json_decref(all);
    return found;
}

/* Answers a body that is a picture. */
static json_t *answer_picture(work *job, pipeline_fn run, json_t *parameters)
{
    tyto_image image = {0};
    const question q = {.picture = &image,
                        .parameters = json_object_size(parameters) ? parameters : NULL};
    json_t *found = work_picture_body(job, &image) ? run(job, &q) : NULL;
    tyto_image_clear(&image);
    return found;
}

static json_t *answer_instances(work *job, pipeline_fn run, json_t *instances, json_t *common)
{
    json_t *parameters = json_object_get(job->body, "parameters"), *list = json_array();
    if (!json_is_array(instances) || (parameters && !json_is_object(parameters))) {
        reply_error(job->x, 400, "instances: required an array, and parameters an object");
        json_decref(list);
        return NULL;
    }
    if (json_array_size(instances) == 0) {
        reply_error(job->x, 422, "instances: required one or more");
        json_decref(list);
        return NULL;
    }
    json_object_update(common, parameters);
    for (size_t i = 0; i < json_array_size(instances); i++) {
        json_t *one = json_array_get(instances, i);
        json_t *found = NULL;
        if (json_is_object(one)) {
            found = answer_object(job, run, one, common);
        } else {
            reply_error(job->x, 400, "instances[%zu]: required an object", i);
        }
        if (!found) {
            json_decref(list);
            return NULL;
        }
        json_array_append_new(list, found);
    }
    return json_pack("{s:o}", "predictions", list);
}

static void answer(exchange *x, worker *w, bool instances)
{
    work job;
    json_t *found = NULL;
    int64_t count = 1;
    pipeline_fn run = NULL;
    const char *named = NULL;
    const bool good = work_begin(&job, x, w);
    if (good && instances && json_object_get(job.body, "tasks")) {
        work_end(&job, label_studio_predict(&job));
        return;
    }
    if (good) {
        named =
            x->captures[0] ? x->captures[0] : json_string_value(json_object_get(job.body, "model"));
        run = work_model(&job, named) ? choose(&job, x->captures[0] ? x->captures[1] : NULL) : NULL;
    }
    json_t *several = instances ? json_object_get(job.body, "instances") : NULL;
    json_t *arguments = json_object();
    exchange_arguments(x, take_parameter, arguments);
    if (run && !job.body) {
        found = answer_picture(&job, run, arguments);
    } else if (run && several) {
        count = (int64_t)json_array_size(several);
        found = answer_instances(&job, run, several, arguments);
    } else if (run) {
        found = answer_object(&job, run, job.body, arguments);
    }
    json_decref(arguments);
    if (found) {
        reply_json(x, 200, found);
    }
    work_end(&job, count);
}

void hugging_face(exchange *x, worker *w)
{
    answer(x, w, false);
}

void hugging_face_instances(exchange *x, worker *w)
{
    answer(x, w, true);
}
