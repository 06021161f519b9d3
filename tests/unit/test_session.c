/* The one door: requests, what can't be given, inputs that are wrong, sessions side by side. */
#include <pthread.h>

#include "models/io.h"
#include "support/golden.h"

#include "support/cases.h"

/* The golden checkpoint `odd` and its case `three`: three photos of two queries, the last of which
 * is padding. */
typedef struct fixture {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    golden_case golden;
} fixture;

static int set_up(void **state)
{
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_engine_options options = engine_options(2);
    fixture *with = calloc(1, sizeof(*with));
    assert_non_null(with);
    ASSERT_DONE(tyto_engine_create(&options, &with->engine, &err), &err);
    ASSERT_DONE(tyto_model_open(with->engine, golden_path(path, "owlv2/odd/model"), NULL,
                                &with->model, &err),
                &err);
    ASSERT_DONE(tyto_session_create(with->model, NULL, &with->session, &err), &err);
    golden_open(&with->golden, "owlv2/odd/three");
    *state = with;
    return 0;
}

static int tear_down(void **state)
{
    fixture *with = *state;
    golden_close(&with->golden);
    tyto_session_destroy(with->session);
    tyto_model_destroy(with->model);
    tyto_engine_destroy(with->engine);
    free(with);
    return 0;
}

/* Outputs of a run, copied so that they outlive the next one. */
typedef struct results {
    tyto_tensor tensors[GOLDEN_TENSORS_MAX];
    int64_t count;
} results;

static results run(tyto_session *session, const char *head, const tyto_tensor *inputs, int64_t n,
                   const char *const *wanted, int64_t n_wanted)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *outputs;
    results to;
    ASSERT_DONE(tyto_forward(session, head, inputs, n, wanted, n_wanted, &outputs, &to.count, &err),
                &err);
    assert_in_range(to.count, 1, GOLDEN_TENSORS_MAX);
    for (int64_t i = 0; i < to.count; i++) {
        const size_t bytes = (size_t)tyto_tensor_elements(&outputs[i]) * sizeof(float);
        to.tensors[i] = outputs[i];
        to.tensors[i].name = strdup(outputs[i].name);
        to.tensors[i].data = malloc(bytes);
        assert_true(to.tensors[i].data && to.tensors[i].name);
        memcpy(to.tensors[i].data, outputs[i].data, bytes);
    }
    return to;
}

static void free_results(results *of)
{
    for (int64_t i = 0; i < of->count; i++) {
        free((char *)(uintptr_t)of->tensors[i].name);
        free(of->tensors[i].data);
    }
}

static const tyto_tensor *find(const results *in, const char *name)
{
    for (int64_t i = 0; i < in->count; i++) {
        if (strcmp(in->tensors[i].name, name) == 0) {
            return &in->tensors[i];
        }
    }
    fail_msg("no output '%s'", name);
    return NULL;
}

static const float *floats(const tyto_tensor *tensor)
{
    return tensor->data;
}

static void assert_same(const tyto_tensor *a, const tyto_tensor *b)
{
    assert_int_equal(a->rank, b->rank);
    assert_memory_equal(a->shape, b->shape, (size_t)a->rank * sizeof(int64_t));
    assert_memory_equal(a->data, b->data, (size_t)tyto_tensor_elements(a) * sizeof(float));
}

/* The run fails with that status, and its message has `part`; then the session still works. */
static void refuses(const fixture *with, const char *head, const tyto_tensor *inputs, size_t n,
                    const char *wanted, tyto_status status, const char *part)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *outputs;
    int64_t count;
    const tyto_status got = tyto_forward(with->session, head, inputs, (int64_t)n, &wanted,
                                         wanted != NULL, &outputs, &count, &err);
    if (got != status || !strstr(tyto_error_message(&err), part)) {
        fail_msg("'%s': got %s: %s", part, tyto_status_name(got), tyto_error_message(&err));
    }
    tyto_error_clear(&err);
    /* Without a place for the message too. */
    assert_int_equal(tyto_forward(with->session, head, inputs, (int64_t)n, &wanted, wanted != NULL,
                                  &outputs, &count, NULL),
                     status);
}

static const tyto_tensor *input(const fixture *with, const char *name)
{
    for (int64_t i = 0; i < with->golden.n_given; i++) {
        if (strcmp(with->golden.given[i].name, name) == 0) {
            return &with->golden.given[i];
        }
    }
    fail_msg("no input '%s'", name);
    return NULL;
}

static void default_outputs_are_the_reference_s(void **state)
{
    const fixture *with = *state;
    static const char *const names[] = {"logits",
                                        "objectness_logits",
                                        "pred_boxes",
                                        "text_embeds",
                                        "image_embeds",
                                        "class_embeds",
                                        "text_model_output.last_hidden_state",
                                        "text_model_output.pooler_output",
                                        "vision_model_output.last_hidden_state",
                                        "vision_model_output.pooler_output"};
    results all = run(with->session, NULL, with->golden.given, with->golden.n_given, NULL, 0);
    assert_int_equal(all.count, sizeof(names) / sizeof(names[0]));
    for (int64_t i = 0; i < all.count; i++) {
        (void)find(&all, names[i]);
    }
    free_results(&all);
}

/* Each output alone and each pair is what it is among all; the order is the one asked for. */
static void any_subset_can_be_asked_for(void **state)
{
    const fixture *with = *state;
    const tyto_tensor *given = with->golden.given;
    const size_t n = (size_t)with->golden.n_given;
    results all = run(with->session, NULL, given, (int64_t)n, NULL, 0);
    for (int64_t i = 0; i < all.count; i++) {
        for (int64_t j = 0; j < all.count; j++) {
            const char *const wanted[] = {all.tensors[i].name, all.tensors[j].name};
            results some = run(with->session, NULL, given, (int64_t)n, wanted, i == j ? 1 : 2);
            assert_int_equal(some.count, i == j ? 1 : 2);
            for (int64_t k = 0; k < some.count; k++) {
                const tyto_tensor *expected = find(&all, wanted[k]);
                const tyto_tensor *got = &some.tensors[k];
                assert_string_equal(got->name, wanted[k]);
                if (strncmp(wanted[k], "text", 4) != 0 && strcmp(wanted[k], "logits") != 0) {
                    assert_same(got, expected);
                    continue;
                }
                /* Texts end early when nobody asks for their states: other tiles, other rounding.
                 */
                for (int64_t e = 0; e < tyto_tensor_elements(got); e++) {
                    assert_true(is_close((double)floats(got)[e], (double)floats(expected)[e],
                                         1e-5 * fmax(1.0, fabs((double)floats(expected)[e]))));
                }
            }
            free_results(&some);
        }
    }
    free_results(&all);
}

static void lists_are_asked_for_by_a_star(void **state)
{
    const fixture *with = *state;
    const tyto_tensor *given = with->golden.given;
    const size_t n = (size_t)with->golden.n_given;
    const char *const wanted[] = {"vision_model_output.hidden_states.*",
                                  "text_model_output.attentions", "pred_boxes"};
    results some = run(with->session, NULL, given, (int64_t)n, wanted, 3);
    assert_int_equal(some.count, 4 + 2 + 1);
    assert_string_equal(some.tensors[0].name, "vision_model_output.hidden_states.0");
    assert_string_equal(some.tensors[3].name, "vision_model_output.hidden_states.3");
    assert_string_equal(some.tensors[5].name, "text_model_output.attentions.1");
    assert_string_equal(some.tensors[6].name, "pred_boxes");
    /* Rows of a softmax. */
    const tyto_tensor *map = &some.tensors[4];
    for (int64_t row = 0; row < tyto_tensor_elements(map) / map->shape[3]; row++) {
        double sum = 0.0;
        for (int64_t i = 0; i < map->shape[3]; i++) {
            sum += (double)floats(map)[row * map->shape[3] + i];
        }
        assert_true(is_close(sum, 1.0, 1e-6));
    }
    free_results(&some);
}

static void what_cannot_be_given_is_named(void **state)
{
    const fixture *with = *state;
    const tyto_tensor *given = with->golden.given, *pixels = input(with, "pixel_values");
    const size_t n = (size_t)with->golden.n_given;
    static const char *const absent[] = {"losses",
                                         "logit",
                                         "vision_model_output.hidden_states.4",
                                         "vision_model_output.attentions.3",
                                         "logits.0",
                                         "pred_boxes.*",
                                         "vision_model_output.hidden_states.00",
                                         "query_image_embeds",
                                         ""};
    for (size_t i = 0; next_case(i, sizeof(absent) / sizeof(absent[0])); i++) {
        char quoted[64];
        snprintf(quoted, sizeof(quoted), "'%s'", absent[i]);
        refuses(with, NULL, given, n, absent[i], TYTO_E_ARGUMENT, quoted);
    }
    refuses(with, NULL, given, n, "loss", TYTO_E_ARGUMENT, "'labels.0.class_labels': missing");
    refuses(with, "Owlv2VisionModel", pixels, 1, "pred_boxes", TYTO_E_ARGUMENT, "'pred_boxes'");
    refuses(with, "Owlv2ForSegmentation", given, n, NULL, TYTO_E_ARGUMENT, "Owlv2ForSegmentation");
    refuses(with, "", given, n, NULL, TYTO_E_ARGUMENT, "head");
    golden_run(&with->golden, with->session, NULL, "after refusals");
}

static void wrong_inputs_are_named(void **state)
{
    const fixture *with = *state;
    tyto_tensor inputs[3], *many = malloc((TYTO_IO_INPUTS_MAX + 1) * sizeof(*many));
    const tyto_tensor *pixels = input(with, "pixel_values"), *ids = input(with, "input_ids"),
                      *mask = input(with, "attention_mask");
    assert_non_null(many);
    refuses(with, NULL, NULL, 0, NULL, TYTO_E_ARGUMENT, "'pixel_values': missing");
    refuses(with, NULL, pixels, 1, NULL, TYTO_E_ARGUMENT, "'input_ids': missing");
    refuses(with, NULL, ids, 1, NULL, TYTO_E_ARGUMENT, "'pixel_values': missing");
    inputs[0] = *pixels;
    inputs[1] = *ids;
    inputs[2] = *mask;
    inputs[2].name = "attention_masks";
    refuses(with, NULL, inputs, 3, NULL, TYTO_E_ARGUMENT, "'attention_masks'");
    inputs[2] = *mask;
    inputs[2].shape[1] -= 1;
    refuses(with, NULL, inputs, 3, NULL, TYTO_E_SHAPE, "'attention_mask': got [6,15]");
    inputs[1].rank = 1;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_SHAPE, "'input_ids'");
    inputs[1] = *ids;
    inputs[1].shape[0] = 5;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_SHAPE, "5 for 3 photos");
    inputs[1] = *ids;
    inputs[1].shape[0] = 0;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_SHAPE,
            "'input_ids': got [0,16], required [*,*], * at least 1");
    inputs[1] = *ids;
    inputs[1].shape[0] = 3;
    inputs[1].shape[1] = 32;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_SHAPE, "32 tokens, required at most 16");
    inputs[1] = *ids;
    inputs[1].dtype = TYTO_F64;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_ARGUMENT, "'input_ids': got F64, required I64");
    inputs[1] = *ids;
    inputs[0].dtype = TYTO_I32;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_ARGUMENT, "'pixel_values': got I32, required F32");
    inputs[0] = *pixels;
    inputs[0].shape[1] = 1;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_SHAPE, "'pixel_values': got [3,1,63,63]");
    inputs[0] = *pixels;
    inputs[0].shape[2] = 56;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_SHAPE, "56x63 pixels, required 63x63");
    inputs[0] = *pixels;
    inputs[0].data = NULL;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_ARGUMENT, "inputs[0]");
    inputs[0] = *pixels;
    inputs[0].rank = TYTO_RANK_MAX + 1;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_ARGUMENT, "inputs[0]");
    inputs[0] = *pixels;
    inputs[0].dtype = (tyto_dtype)99;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_ARGUMENT, "inputs[0]");
    inputs[0] = *pixels;
    inputs[0].shape[0] = -3;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_ARGUMENT, "inputs[0]");
    /* More bytes than there can be, and no bytes of which some sizes' product is too large. */
    inputs[0] = *pixels;
    inputs[0].shape[2] = inputs[0].shape[3] = (int64_t)1 << 31;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_ARGUMENT, "inputs[0]");
    inputs[0].shape[0] = 0;
    inputs[0].data = NULL;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_ARGUMENT, "inputs[0]");
    for (size_t i = 0; i <= TYTO_IO_INPUTS_MAX; i++) {
        many[i] = *pixels;
    }
    refuses(with, NULL, many, TYTO_IO_INPUTS_MAX + 1, NULL, TYTO_E_LIMIT, "inputs");
    free(many);
    golden_run(&with->golden, with->session, NULL, "after refusals");
}

static void ids_must_be_in_the_vocabulary(void **state)
{
    const fixture *with = *state;
    static const int64_t wrong[] = {-1, 600, INT64_MAX, INT64_MIN};
    int64_t values[2 * 16];
    tyto_tensor inputs[2] = {*input(with, "pixel_values"), *input(with, "input_ids")};
    inputs[0].shape[0] = 1;
    inputs[1].shape[0] = 2;
    for (size_t i = 0; i < 4; i++) {
        memcpy(values, inputs[1].data, sizeof(values));
        values[20] = wrong[i];
        tyto_tensor given[2] = {inputs[0], inputs[1]};
        given[1].data = values;
        refuses(with, NULL, given, 2, NULL, TYTO_E_RANGE, "required 0 to 599");
    }
}

/* Any integer type for ids, any type for masks, any float type for pixels, any alignment. */
static void inputs_may_have_other_types(void **state)
{
    const fixture *with = *state;
    enum { IDS = 6 * 16 };
    int32_t ids[IDS];
    uint16_t unsigned_ids[IDS];
    bool mask[IDS];
    float real_mask[IDS];
    const tyto_tensor *given_ids = input(with, "input_ids"),
                      *given_mask = input(with, "attention_mask"),
                      *given_pixels = input(with, "pixel_values");
    const int64_t count = tyto_tensor_elements(given_pixels);
    double *pixels = malloc((size_t)count * sizeof(double));
    char *shifted = malloc((size_t)count * sizeof(float) + 1);
    assert_true(pixels && shifted);
    for (int i = 0; i < IDS; i++) {
        int64_t id, seen;
        memcpy(&id, (char *)given_ids->data + i * 8, 8);
        memcpy(&seen, (char *)given_mask->data + i * 8, 8);
        ids[i] = (int32_t)id;
        unsigned_ids[i] = (uint16_t)id;
        mask[i] = seen != 0;
        real_mask[i] = seen ? 0.5f : 0.0f;
    }
    for (int64_t i = 0; i < count; i++) {
        pixels[i] = golden_value(given_pixels, i);
    }
    memcpy(shifted + 1, given_pixels->data, (size_t)count * sizeof(float));
    results expected = run(with->session, NULL, with->golden.given, with->golden.n_given, NULL, 0);
    for (int variant = 0; variant < 2; variant++) {
        tyto_tensor inputs[] = {*given_ids, *given_mask, *given_pixels};
        inputs[0].dtype = variant ? TYTO_U16 : TYTO_I32;
        inputs[0].data = variant ? (void *)unsigned_ids : (void *)ids;
        inputs[1].dtype = variant ? TYTO_F32 : TYTO_BOOL;
        inputs[1].data = variant ? (void *)real_mask : (void *)mask;
        inputs[2].dtype = variant ? TYTO_F32 : TYTO_F64;
        inputs[2].data = variant ? (void *)(shifted + 1) : (void *)pixels;
        results got = run(with->session, NULL, inputs, 3, NULL, 0);
        assert_int_equal(got.count, expected.count);
        for (int64_t i = 0; i < got.count; i++) {
            assert_same(&got.tensors[i], &expected.tensors[i]);
        }
        free_results(&got);
    }
    free_results(&expected);
    free(pixels);
    free(shifted);
}

/* Embeddings that were computed before do what their texts did. */
static void text_embeds_stand_for_texts(void **state)
{
    const fixture *with = *state;
    golden_case one;
    golden_open(&one, "owlv2/odd/one");
    results texts = run(with->session, NULL, one.given, one.n_given, NULL, 0);
    const tyto_tensor *embeds = find(&texts, "text_embeds");
    tyto_tensor inputs[2] = {*embeds};
    inputs[0].rank = 2;
    inputs[0].shape[0] = embeds->shape[1];
    inputs[0].shape[1] = embeds->shape[2];
    for (int64_t i = 0; i < one.n_given; i++) {
        if (strcmp(one.given[i].name, "pixel_values") == 0) {
            inputs[1] = one.given[i];
        }
    }
    const char *const wanted[] = {"logits", "text_embeds", "pred_boxes"};
    results given = run(with->session, NULL, inputs, 2, wanted, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_same(&given.tensors[i], find(&texts, wanted[i]));
    }
    /* Their length doesn't matter, and of none there is no text. */
    refuses(with, NULL, inputs, 2, "text_model_output.pooler_output", TYTO_E_ARGUMENT,
            "text_model_output");
    inputs[0].shape[1] -= 1;
    refuses(with, NULL, inputs, 2, NULL, TYTO_E_SHAPE, "'text_embeds'");
    free_results(&given);
    free_results(&texts);
    golden_close(&one);
}

/* Photos with one, three and no queries in one batch. */
static void photos_may_have_different_numbers_of_queries(void **state)
{
    const fixture *with = *state;
    const tyto_tensor *pixels = input(with, "pixel_values");
    int64_t counts[3] = {1, 3, 0}, first = 0;
    tyto_tensor inputs[3] = {
        *pixels, *input(with, "input_ids"), {"queries_per_image", TYTO_I64, 1, {3}, counts}};
    const char *const wanted[] = {"logits", "text_embeds", "pred_boxes"};
    inputs[1].shape[0] = 4;
    results ragged = run(with->session, NULL, inputs, 3, wanted, 3);
    const tyto_tensor *logits = find(&ragged, "logits"), *embeds = find(&ragged, "text_embeds");
    const int64_t P = logits->shape[1], E = embeds->shape[2];
    assert_int_equal(logits->shape[2], 3);
    assert_int_equal(embeds->shape[1], 3);
    for (int b = 0; b < 3; b++) {
        results alone = {0};
        if (counts[b]) {
            tyto_tensor own[2] = {inputs[0], inputs[1]};
            own[0].shape[0] = 1;
            own[0].data = (char *)pixels->data + (size_t)(b * 3 * 63 * 63) * sizeof(float);
            own[1].shape[0] = counts[b];
            own[1].data = (char *)inputs[1].data + (size_t)(first * 16) * sizeof(int64_t);
            alone = run(with->session, NULL, own, 2, wanted, 3);
        }
        for (int64_t i = 0; i < P * 3; i++) {
            const double got = (double)floats(logits)[b * P * 3 + i];
            const int64_t p = i / 3, q = i % 3;
            const double required =
                q < counts[b] ? (double)floats(find(&alone, "logits"))[p * counts[b] + q] : -1e6;
            assert_true(is_close(got, required, q < counts[b] ? 1e-5 : 0.0));
        }
        for (int64_t i = 0; i < 3 * E; i++) {
            const double got = (double)floats(embeds)[b * 3 * E + i];
            const double required =
                i / E < counts[b] ? (double)floats(find(&alone, "text_embeds"))[i] : 0.0;
            assert_true(is_close(got, required, i / E < counts[b] ? 1e-6 : 0.0));
        }
        free_results(&alone);
        first += counts[b];
    }
    free_results(&ragged);
}

static void numbers_of_queries_must_add_up(void **state)
{
    const fixture *with = *state;
    static const int64_t wrong[][3] = {
        {1, 1, 1}, {2, 3, 2}, {-1, 4, 3}, {7, 0, -1}, {INT64_MAX, 1, 6}};
    int64_t counts[3];
    tyto_tensor inputs[3] = {*input(with, "pixel_values"),
                             *input(with, "input_ids"),
                             {"queries_per_image", TYTO_I64, 1, {3}, counts}};
    for (size_t i = 0; next_case(i, sizeof(wrong) / sizeof(wrong[0])); i++) {
        memcpy(counts, wrong[i], sizeof(counts));
        refuses(with, NULL, inputs, 3, NULL, TYTO_E_SHAPE, "'queries_per_image'");
    }
    inputs[2].shape[0] = 2;
    refuses(with, NULL, inputs, 3, NULL, TYTO_E_SHAPE, "'queries_per_image': got [2]");
}

/* A photo with a pixel that is no number has no results; the others in its batch do. */
static void pixels_that_are_no_numbers_spoil_their_photo_alone(void **state)
{
    const fixture *with = *state;
    const tyto_tensor *pixels = input(with, "pixel_values");
    const int64_t each = 3 * 63 * 63;
    tyto_tensor inputs[3] = {*pixels, *input(with, "input_ids"), *input(with, "attention_mask")};
    float *spoilt = malloc((size_t)(3 * each) * sizeof(float));
    const char *const wanted[] = {"objectness_logits", "pred_boxes", "class_embeds", "logits"};
    assert_non_null(spoilt);
    results clean = run(with->session, NULL, inputs, 3, wanted, 4);
    for (int which = 0; which < 2; which++) {
        memcpy(spoilt, pixels->data, (size_t)(3 * each) * sizeof(float));
        spoilt[each + 100] = which ? INFINITY : NAN;
        inputs[0].data = spoilt;
        results got = run(with->session, NULL, inputs, 3, wanted, 4);
        for (size_t i = 0; i < 4; i++) {
            const int64_t part = tyto_tensor_elements(&got.tensors[i]) / 3;
            const float *is = floats(&got.tensors[i]), *was = floats(&clean.tensors[i]);
            for (int64_t e = 0; e < part; e++) {
                assert_true(is[e] == was[e] && is[2 * part + e] == was[2 * part + e]);
                assert_true(isnan(is[part + e]));
            }
        }
        free_results(&got);
    }
    free_results(&clean);
    free(spoilt);
}

/* A session grows to the largest run and stays. */
static void scratch_stays_for_the_next_run(void **state)
{
    const fixture *with = *state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    ASSERT_DONE(tyto_session_create(with->model, NULL, &session, &err), &err);
    assert_int_equal(tyto_session_scratch_bytes(session), 0);
    golden_run(&with->golden, session, NULL, "cold");
    const size_t bytes = tyto_session_scratch_bytes(session);
    assert_true(bytes > 0);
    golden_run(&with->golden, session, NULL, "warm");
    assert_int_equal(tyto_session_scratch_bytes(session), bytes);
    tyto_session_destroy(session);
    tyto_session_destroy(NULL);
}

/* What one thread does. */
typedef struct worker {
    const fixture *with;
    results expected;
    pthread_t thread;
    bool same;
} worker;

static void *work(void *argument)
{
    worker *own = argument;
    const golden_case *golden = &own->with->golden;
    tyto_session *session = NULL;
    own->same = tyto_session_create(own->with->model, NULL, &session, NULL) == TYTO_OK;
    for (int i = 0; own->same && i < 4; i++) {
        const tyto_tensor *outputs;
        int64_t count;
        own->same = tyto_forward(session, NULL, golden->given, golden->n_given, golden->wanted,
                                 golden->n_wanted, &outputs, &count, NULL) == TYTO_OK &&
                    count == own->expected.count;
        for (int64_t k = 0; own->same && k < count; k++) {
            own->same = memcmp(outputs[k].data, own->expected.tensors[k].data,
                               (size_t)tyto_tensor_elements(&outputs[k]) * sizeof(float)) == 0;
        }
    }
    tyto_session_destroy(session);
    return NULL;
}

static void sessions_run_side_by_side(void **state)
{
    const fixture *with = *state;
    enum { THREADS = 4 };
    worker workers[THREADS];
    results expected = run(with->session, NULL, with->golden.given, with->golden.n_given,
                           with->golden.wanted, with->golden.n_wanted);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (worker){.with = with, .expected = expected};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(workers[i].thread, NULL);
        assert_true(workers[i].same);
    }
    free_results(&expected);
}

/* Heads that a checkpoint has no tensors for. */
static void checkpoints_have_the_heads_of_their_tensors(void **state)
{
    const fixture *with = *state;
    static const struct {
        const char *checkpoint;
        size_t heads; /* the last so many of the list below */
        size_t end;
    } cases[] = {
        {"odd", 7, 7}, {"contrastive", 5, 7}, {"text_tower", 1, 6}, {"vision_tower", 1, 7}};
    static const char *const heads[] = {"Owlv2ForObjectDetection",
                                        "Owlv2ForObjectDetection.image_guided_detection",
                                        "Owlv2Model",
                                        "Owlv2Model.get_text_features",
                                        "Owlv2Model.get_image_features",
                                        "Owlv2TextModel",
                                        "Owlv2VisionModel"};
    for (size_t i = 0; i < 4; i++) {
        char path[GOLDEN_PATH_BYTES];
        tyto_error err = TYTO_ERROR_INIT;
        fixture other = {0};
        ASSERT_DONE(tyto_model_open(with->engine,
                                    golden_path(path, "owlv2/%s/model", cases[i].checkpoint), NULL,
                                    &other.model, &err),
                    &err);
        ASSERT_DONE(tyto_session_create(other.model, NULL, &other.session, &err), &err);
        for (size_t h = 0; h < 7; h++) {
            const bool has = h < cases[i].end && h + cases[i].heads >= cases[i].end;
            /* A head that is there misses its inputs. */
            refuses(&other, heads[h], NULL, 0, NULL, TYTO_E_ARGUMENT, has ? "missing" : heads[h]);
        }
        tyto_session_destroy(other.session);
        tyto_model_destroy(other.model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(default_outputs_are_the_reference_s),
        cmocka_unit_test(any_subset_can_be_asked_for),
        cmocka_unit_test(lists_are_asked_for_by_a_star),
        cmocka_unit_test(what_cannot_be_given_is_named),
        cmocka_unit_test(wrong_inputs_are_named),
        cmocka_unit_test(ids_must_be_in_the_vocabulary),
        cmocka_unit_test(inputs_may_have_other_types),
        cmocka_unit_test(text_embeds_stand_for_texts),
        cmocka_unit_test(photos_may_have_different_numbers_of_queries),
        cmocka_unit_test(numbers_of_queries_must_add_up),
        cmocka_unit_test(pixels_that_are_no_numbers_spoil_their_photo_alone),
        cmocka_unit_test(scratch_stays_for_the_next_run),
        cmocka_unit_test(sessions_run_side_by_side),
        cmocka_unit_test(checkpoints_have_the_heads_of_their_tensors),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
