/* The Perceiver against the reference: every golden case of every head and composition, on every
 * instruction set; and the ways to compute less, each with the numbers of the plain one. */
#include "kernels/kernels.h"
#include "support/checkpoint.h"
#include "support/golden.h"
#include "support/tables.h"

#include "support/cases.h"

/* Attention over hundreds of inputs: a weight's error is that of its score, many units of its own.
 */
#define UNITS 24.0

/* What one engine runs. */
typedef struct run {
    tyto_engine *engine;
    const char *checkpoint;
    tyto_model *model;
    int cases;
} run;

/* Opens data/perceiver/NAME/model, with the parts.json beside it where there is one. */
static tyto_model *open_checkpoint(tyto_engine *engine, const char *name)
{
    char path[GOLDEN_PATH_BYTES], parts[GOLDEN_PATH_BYTES], text[8192];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_model *model = NULL;
    golden_path(path, "perceiver/%s/model", name);
    FILE *file = fopen(golden_path(parts, "perceiver/%s/parts.json", name), "rb");
    if (file) {
        const size_t length = fread(text, 1, sizeof(text), file);
        assert_in_range(length, 1, sizeof(text) - 1);
        fclose(file);
        ASSERT_DONE(open_composed(engine, path, text, length, parts, &model, &err), &err);
    } else {
        ASSERT_DONE(tyto_model_open(engine, path, NULL, &model, &err), &err);
    }
    return model;
}

static void run_case(const char *name, void *user)
{
    run *with = user;
    if (strcmp(name, "model") == 0) {
        return;
    }
    char folder[600], what[800];
    tyto_error err = TYTO_ERROR_INIT;
    tyto_session *session = NULL;
    golden_case golden;
    snprintf(folder, sizeof(folder), "perceiver/%s/%s", with->checkpoint, name);
    snprintf(what, sizeof(what), "%s, %s, %lld threads", folder, tyto_engine_isa(with->engine),
             (long long)tyto_engine_threads(with->engine));
    golden_open(&golden, folder);
    golden.units = UNITS;
    golden.unit = golden_unit(with->model);
    ASSERT_DONE(tyto_session_create(with->model, NULL, &session, &err), &err);
    golden_run(&golden, session, golden.head, what);
    golden_run(&golden, session, NULL, what); /* again, warm, by the checkpoint's own head */
    tyto_session_destroy(session);
    golden_close(&golden);
    with->cases++;
}

static void run_checkpoint(const char *name, void *user)
{
    run *with = user;
    char folder[300];
    with->checkpoint = name;
    with->model = open_checkpoint(with->engine, name);
    snprintf(folder, sizeof(folder), "perceiver/%s", name);
    golden_for_each(folder, run_case, with);
    tyto_model_destroy(with->model);
}

static void run_all(const char *isa, int threads, tyto_precision precision)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine_options options = engine_options(threads);
    options.isa = isa;
    options.precision = precision;
    run with = {0};
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    golden_for_each("perceiver", run_checkpoint, &with);
    assert_true(with.cases >= 30);
    tyto_engine_destroy(with.engine);
}

static void all_cases_are_as_the_reference(void **state)
{
    (void)state;
    const tyto_kernels *tables[8];
    const size_t count = tested_tables(tables, 8);
    for (size_t i = 0; i < count; i++) {
        run_all(tables[i]->name, i % 2 ? 1 : 3, TYTO_PRECISION_FP32);
        run_all(tables[i]->name, i % 2 ? 3 : 1, TYTO_PRECISION_BF16);
    }
}

/* A checkpoint with an engine and a session of its own. */
typedef struct setup {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
} setup;

static setup start(const char *name)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_engine_options options = engine_options(2);
    setup with = {0};
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    with.model = open_checkpoint(with.engine, name);
    ASSERT_DONE(tyto_session_create(with.model, NULL, &with.session, &err), &err);
    return with;
}

static void end(setup *with)
{
    tyto_session_destroy(with->session);
    tyto_model_destroy(with->model);
    tyto_engine_destroy(with->engine);
}

/* Runs the checkpoint's own head; returns a copy of its only output, with data that the caller
 * frees. */
static tyto_tensor only_output(const setup *with, const tyto_tensor *inputs, size_t n,
                               const char *wanted)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *outputs;
    int64_t count;
    ASSERT_DONE(
        tyto_forward(with->session, NULL, inputs, (int64_t)n, &wanted, 1, &outputs, &count, &err),
        &err);
    assert_int_equal(count, 1);
    tyto_tensor copy = outputs[0];
    const size_t bytes = (size_t)tyto_tensor_elements(&copy) * sizeof(float);
    copy.name = wanted;
    copy.data = malloc(bytes);
    assert_non_null(copy.data);
    memcpy(copy.data, outputs[0].data, bytes);
    return copy;
}

static void assert_same(const float *a, const float *b, int64_t count, double tolerance)
{
    for (int64_t i = 0; i < count; i++) {
        if (!is_close((double)a[i], (double)b[i], tolerance)) {
            fail_msg("[%lld]: got %.9g, required %.9g", (long long)i, (double)a[i], (double)b[i]);
        }
    }
}

static const float *floats(const tyto_tensor *tensor)
{
    return tensor->data;
}

/* Bytes that come after a mask's last 1 change nothing; and probabilities, for which nothing is
 * left out, go with the same latents. */
static void hidden_inputs_are_left_out(void **state)
{
    (void)state;
    setup with = start("masked_lm");
    tyto_error err = TYTO_ERROR_INIT;
    enum { T = 23, KEPT = 9 };
    int64_t ids[T];
    uint8_t mask[T];
    stream numbers = {1};
    for (int i = 0; i < T; i++) {
        ids[i] = next_int(&numbers, 0, 60);
        mask[i] = i < KEPT;
    }
    tyto_tensor inputs[] = {
        {.name = "inputs", .dtype = TYTO_I64, .rank = 2, .shape = {1, T}, .data = ids},
        {.name = "attention_mask", .dtype = TYTO_U8, .rank = 2, .shape = {1, T}, .data = mask},
    };
    tyto_tensor masked = only_output(&with, inputs, 2, "logits");
    inputs[0].shape[1] = KEPT;
    tyto_tensor shorter = only_output(&with, inputs, 1, "logits");
    assert_same(floats(&masked), floats(&shorter), tyto_tensor_elements(&masked), 0.0);
    inputs[0].shape[1] = T;
    tyto_tensor left_out = only_output(&with, inputs, 2, "last_hidden_state");
    const char *const both[] = {"last_hidden_state", "cross_attentions.0"};
    const tyto_tensor *outputs;
    int64_t count;
    ASSERT_DONE(tyto_forward(with.session, NULL, inputs, 2, both, 2, &outputs, &count, &err), &err);
    assert_same(floats(&left_out), floats(&outputs[0]), tyto_tensor_elements(&left_out), 1e-5);
    free(masked.data);
    free(shorter.data);
    free(left_out.data);
    end(&with);
}

/* Counts the steps of a run, and stops it before one of them. */
typedef struct stopper {
    int64_t steps, stop_at; /* −1: never */
} stopper;

static bool count_step(void *user, const tyto_progress *progress)
{
    stopper *counted = user;
    assert_non_null(progress->stage);
    assert_in_range(progress->done, 0, progress->total - 1);
    return counted->steps++ != counted->stop_at;
}

/* A run asks before each layer and each piece of rows whether to go on; the next one is as if the
 * stopped one had never been. What can be refused is refused before the first step. */
static void runs_are_stopped_between_layers(void **state)
{
    (void)state;
    static const char *const wanted[] = {"logits"};
    setup with = start("masked_lm");
    tyto_error err = TYTO_ERROR_INIT;
    enum { T = 9 };
    const int64_t ids[T] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, label = 61;
    const tyto_tensor inputs[] = {
        {.name = "inputs", .dtype = TYTO_I64, .rank = 2, .shape = {1, T}, .data = (void *)ids},
        {.name = "labels", .dtype = TYTO_I64, .rank = 2, .shape = {1, 1}, .data = (void *)&label},
        {.name = "subsampled_output_points",
         .dtype = TYTO_I64,
         .rank = 1,
         .shape = {1},
         .data = (void *)ids},
    };
    const tyto_tensor *outputs;
    int64_t count;
    stopper counted = {0, -1};
    tyto_tensor whole = only_output(&with, inputs, 1, "logits");
    tyto_session_set_progress(with.session, count_step, &counted);
    tyto_tensor followed = only_output(&with, inputs, 1, "logits");
    assert_same(floats(&followed), floats(&whole), tyto_tensor_elements(&whole), 0.0);
    const int64_t steps = counted.steps;
    assert_true(steps >= 4);
    for (int64_t i = 0; i < steps; i++) {
        counted = (stopper){0, i};
        assert_int_equal(
            tyto_forward(with.session, NULL, inputs, 1, wanted, 1, &outputs, &count, &err),
            TYTO_E_CANCELLED);
        assert_int_equal(counted.steps, i + 1);
        tyto_error_clear(&err);
    }
    counted = (stopper){0, -1};
    assert_int_equal(tyto_forward(with.session, NULL, inputs, 3, NULL, 0, &outputs, &count, &err),
                     TYTO_E_RANGE);
    assert_int_equal(counted.steps, 0);
    tyto_error_clear(&err);
    tyto_session_set_progress(with.session, NULL, NULL);
    tyto_tensor again = only_output(&with, inputs, 1, "logits");
    assert_same(floats(&again), floats(&whole), tyto_tensor_elements(&whole), 0.0);
    free(whole.data);
    free(followed.data);
    free(again.data);
    end(&with);
}

/* Masked positions alone, the same for all texts or each text's own; and their loss. */
static void some_positions_are_decoded_alone(void **state)
{
    (void)state;
    setup with = start("masked_lm");
    enum { B = 2, T = 14, L = 37, V = 61, P = 3 };
    int64_t ids[B * T], labels[B * L], some_labels[B * P];
    const int64_t points[B * P] = {36, 0, 5, 5, 20, 1};
    stream numbers = {2};
    for (int i = 0; i < B * T; i++) {
        ids[i] = next_int(&numbers, 0, V - 1);
    }
    for (int i = 0; i < B * L; i++) {
        labels[i] = -100;
    }
    for (int i = 0; i < B * P; i++) {
        some_labels[i] = next_int(&numbers, 0, V - 1);
        labels[i / P * L + points[i]] = some_labels[i];
    }
    tyto_tensor inputs[] = {
        {.name = "input_ids", .dtype = TYTO_I64, .rank = 2, .shape = {B, T}, .data = ids},
        {.name = "labels", .dtype = TYTO_I64, .rank = 2, .shape = {B, L}, .data = labels},
        {.name = "subsampled_output_points",
         .dtype = TYTO_I64,
         .rank = 2,
         .shape = {B, P},
         .data = (void *)(uintptr_t)points},
    };
    tyto_tensor all = only_output(&with, inputs, 1, "logits");
    tyto_tensor loss = only_output(&with, inputs, 2, "loss");
    inputs[1].shape[1] = P;
    inputs[1].data = some_labels;
    tyto_tensor some_loss = only_output(&with, inputs, 3, "loss");
    assert_same(floats(&some_loss), floats(&loss), 1, 1e-5);
    inputs[1] = inputs[2];
    tyto_tensor own = only_output(&with, inputs, 2, "logits");
    inputs[1].rank = 1;
    inputs[1].shape[0] = P;
    tyto_tensor common = only_output(&with, inputs, 2, "logits");
    assert_int_equal(common.shape[1], P);
    for (int i = 0; i < B * P; i++) {
        const int64_t b = i / P;
        assert_same(floats(&own) + i * V, floats(&all) + (b * L + points[i]) * V, V, 1e-5);
        assert_same(floats(&common) + i * V, floats(&all) + (b * L + points[i % P]) * V, V, 1e-5);
    }
    free(all.data);
    free(loss.data);
    free(some_loss.data);
    free(own.data);
    free(common.data);
    end(&with);
}

/* Inputs of the multimodal checkpoint, its image 3×3×8×8, for a batch of two. */
#define MULTIMODAL_BATCH 2
typedef struct video {
    float image[MULTIMODAL_BATCH * 3 * 3 * 8 * 8], audio[MULTIMODAL_BATCH * 24],
        label[MULTIMODAL_BATCH * 5];
    tyto_tensor inputs[6];
} video;

static void make_video(video *to)
{
    stream numbers = {3};
    fill_floats(&numbers, to->image, MULTIMODAL_BATCH * 3 * 3 * 8 * 8);
    fill_floats(&numbers, to->audio, MULTIMODAL_BATCH * 24);
    fill_floats(&numbers, to->label, MULTIMODAL_BATCH * 5);
    to->inputs[0] = (tyto_tensor){.name = "inputs.image",
                                  .dtype = TYTO_F32,
                                  .rank = 5,
                                  .shape = {MULTIMODAL_BATCH, 3, 3, 8, 8},
                                  .data = to->image};
    to->inputs[1] = (tyto_tensor){.name = "inputs.audio",
                                  .dtype = TYTO_F32,
                                  .rank = 3,
                                  .shape = {MULTIMODAL_BATCH, 24, 1},
                                  .data = to->audio};
    to->inputs[2] = (tyto_tensor){.name = "inputs.label",
                                  .dtype = TYTO_F32,
                                  .rank = 2,
                                  .shape = {MULTIMODAL_BATCH, 5},
                                  .data = to->label};
}

/* points 0 … count−1 of `all` modality rows, `count` to a call, from latents alone. */
static void check_chunks(const setup *with, const tyto_tensor *latents, const tyto_tensor *all,
                         const char *points_name, int64_t rows, int64_t chunk)
{
    const int64_t each = tyto_tensor_elements(all) / MULTIMODAL_BATCH, wide = each / rows;
    int64_t points[192];
    for (int64_t first = 0; first < rows; first += chunk) {
        const int64_t n = first + chunk < rows ? chunk : rows - first;
        for (int64_t i = 0; i < n; i++) {
            points[i] = first + i;
        }
        const tyto_tensor inputs[] = {
            *latents,
            {.name = points_name, .dtype = TYTO_I64, .rank = 1, .shape = {n}, .data = points},
        };
        tyto_tensor some = only_output(with, inputs, 2, all->name);
        for (int64_t b = 0; b < MULTIMODAL_BATCH; b++) {
            assert_same(floats(&some) + b * n * wide, floats(all) + b * each + first * wide,
                        n * wide, 1e-5);
        }
        free(some.data);
    }
}

/* However many chunks a video is decoded in, it is encoded once, with the same numbers. */
static void one_encoding_serves_all_chunks(void **state)
{
    (void)state;
    setup with = start("multimodal");
    video given;
    make_video(&given);
    tyto_tensor latents = only_output(&with, given.inputs, 3, "last_hidden_state");
    tyto_tensor image = only_output(&with, given.inputs, 3, "logits.image"),
                audio = only_output(&with, given.inputs, 3, "logits.audio"),
                label = only_output(&with, given.inputs, 3, "logits.label");
    assert_int_equal(image.shape[1], 192);
    tyto_tensor again = only_output(&with, &latents, 1, "logits.label");
    assert_same(floats(&again), floats(&label), tyto_tensor_elements(&label), 0.0);
    const int64_t chunks[] = {1, 7, 64, 192};
    for (size_t i = 0; next_case(i, sizeof(chunks) / sizeof(chunks[0])); i++) {
        check_chunks(&with, &latents, &image, "subsampled_output_points.image", 192, chunks[i]);
    }
    check_chunks(&with, &latents, &audio, "subsampled_output_points.audio", 6, 4);
    free(latents.data);
    free(image.data);
    free(audio.data);
    free(label.data);
    free(again.data);
    end(&with);
}

/* More queries than are decoded at once, in any order. */
static void many_queries_go_in_pieces(void **state)
{
    (void)state;
    setup with = start("multimodal");
    enum { POINTS = 9001 };
    video given;
    make_video(&given);
    int64_t *points = malloc(POINTS * sizeof(*points));
    assert_non_null(points);
    stream numbers = {4};
    for (int i = 0; i < POINTS; i++) {
        points[i] = next_int(&numbers, 0, 191);
    }
    tyto_tensor all = only_output(&with, given.inputs, 3, "logits.image");
    given.inputs[3] = (tyto_tensor){.name = "subsampled_output_points.image",
                                    .dtype = TYTO_I64,
                                    .rank = 1,
                                    .shape = {POINTS},
                                    .data = points};
    tyto_tensor many = only_output(&with, given.inputs, 4, "logits.image");
    for (int64_t i = 0; i < MULTIMODAL_BATCH * POINTS; i++) {
        const int64_t b = i / POINTS;
        assert_same(floats(&many) + i * 3, floats(&all) + (b * 192 + points[i % POINTS]) * 3, 3,
                    1e-5);
    }
    free(points);
    free(all.data);
    free(many.data);
    end(&with);
}

/* Whether the last measured run went through an operation of that name. */
static bool ran(const tyto_bench_result *result, const char *operation)
{
    bool found = false;
    for (int64_t i = 0; i < result->n_stages; i++) {
        found = found || strcmp(result->stages[i].operation, operation) == 0;
    }
    return found;
}

/* Measures the checkpoint's own head on its example; returns a copy of its first output, with data
 * that the caller frees. */
static tyto_tensor measured_output(const setup *with, const char *const *wanted, size_t n,
                                   const char *operation, bool runs)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bench_options options;
    tyto_bench_result result;
    tyto_bench_options_init(&options, sizeof(options));
    options.runs = 1;
    options.warmup = 0;
    options.batch = 2;
    options.wanted = wanted;
    options.n_wanted = (int64_t)n;
    ASSERT_DONE(tyto_bench_forward(with->session, &options, &result, &err), &err);
    assert_int_equal(ran(&result, operation), runs);
    tyto_tensor copy = result.outputs[0];
    const size_t bytes = (size_t)tyto_tensor_elements(&copy) * sizeof(float);
    assert_string_equal(copy.name, wanted[0]);
    copy.name = wanted[0];
    copy.data = malloc(bytes);
    assert_non_null(copy.data);
    memcpy(copy.data, result.outputs[0].data, bytes);
    tyto_bench_result_clear(&result);
    return copy;
}

/* The same by folded weights, through `operation`, and by the plain ones, which run when attention
 * maps are wanted. */
static void check_folded(const char *name, const char *output, const char *maps,
                         const char *operation)
{
    setup with = start(name);
    const char *const wanted[] = {output, maps};
    tyto_tensor folded = measured_output(&with, wanted, 1, operation, true),
                plain = measured_output(&with, wanted, 2, operation, false);
    double largest = 0.0;
    for (int64_t i = 0; i < tyto_tensor_elements(&plain); i++) {
        largest = fmax(largest, fabs((double)floats(&plain)[i]));
    }
    assert_true(largest > 0.0);
    assert_same(floats(&folded), floats(&plain), tyto_tensor_elements(&plain), 1e-5 * largest);
    free(folded.data);
    free(plain.data);
    end(&with);
}

static void folded_layers_are_the_plain_ones(void **state)
{
    (void)state;
    static const char *const encoders[] = {"flow", "multimodal", "fourier", "learned",
                                           "convolution"};
    for (size_t i = 0; next_case(i, sizeof(encoders) / sizeof(encoders[0])); i++) {
        check_folded(encoders[i], "last_hidden_state", "cross_attentions.0", "gather");
    }
    check_folded("flow", "logits", "cross_attentions.1", "grid attention");
    check_folded("multimodal", "logits.image", "cross_attentions.1", "grid attention");
}

/* Flow's queries are its inputs, so those are given with the latents. */
static void flow_decodes_given_latents(void **state)
{
    (void)state;
    setup with = start("flow");
    enum { FRAMES = 2 * 27 * 7 * 10 };
    float frames[FRAMES];
    stream numbers = {5};
    fill_floats(&numbers, frames, FRAMES);
    tyto_tensor inputs[2] = {{.name = "inputs",
                              .dtype = TYTO_F32,
                              .rank = 5,
                              .shape = {1, 2, 27, 7, 10},
                              .data = frames}};
    tyto_tensor flow = only_output(&with, inputs, 1, "logits");
    inputs[1] = only_output(&with, inputs, 1, "last_hidden_state");
    tyto_tensor again = only_output(&with, inputs, 2, "logits");
    assert_same(floats(&again), floats(&flow), tyto_tensor_elements(&flow), 0.0);
    free(flow.data);
    free(inputs[1].data);
    free(again.data);
    end(&with);
}

/* Without positions the order of inputs means nothing, however many pieces they come in; nor do
 * inputs that a mask hides, whole pieces of them. */
static void many_inputs_go_in_pieces(void **state)
{
    (void)state;
    setup with = start("bare");
    enum { T = 14000, C = 15, HIDDEN = 9000 };
    float *rows = malloc(sizeof(float) * T * C), *turned = malloc(sizeof(float) * T * C);
    uint8_t *mask = malloc(T);
    assert_true(rows && turned && mask);
    stream numbers = {6};
    fill_floats(&numbers, rows, T * C);
    for (int64_t i = 0; i < T; i++) {
        memcpy(turned + i * C, rows + (T - 1 - i) * C, C * sizeof(float));
        mask[i] = i >= HIDDEN && i % 3 > 0;
    }
    tyto_tensor inputs[] = {
        {.name = "inputs", .dtype = TYTO_F32, .rank = 3, .shape = {1, T, C}, .data = rows},
        {.name = "attention_mask", .dtype = TYTO_BOOL, .rank = 2, .shape = {1, T}, .data = mask},
    };
    tyto_tensor forth = only_output(&with, inputs, 1, "last_hidden_state");
    tyto_tensor masked = only_output(&with, inputs, 2, "last_hidden_state");
    inputs[0].data = turned;
    tyto_tensor back = only_output(&with, inputs, 1, "last_hidden_state");
    const int64_t count = tyto_tensor_elements(&forth);
    assert_same(floats(&forth), floats(&back), count, 2e-4);
    int64_t kept = 0;
    for (int64_t i = 0; i < T; i++) {
        if (mask[i]) {
            memcpy(turned + kept++ * C, rows + i * C, C * sizeof(float));
        }
    }
    inputs[0].shape[1] = kept;
    tyto_tensor alone = only_output(&with, inputs, 1, "last_hidden_state");
    assert_same(floats(&masked), floats(&alone), count, 2e-4);
    free(rows);
    free(turned);
    free(mask);
    free(forth.data);
    free(masked.data);
    free(back.data);
    free(alone.data);
    end(&with);
}

/* A checkpoint of a masked language model is a PerceiverModel too, which takes embeddings. */
static void other_classes_run_bare(void **state)
{
    (void)state;
    setup with = start("masked_lm");
    tyto_error err = TYTO_ERROR_INIT;
    float rows[3 * 16] = {1, 2, 3};
    const tyto_tensor inputs[] = {
        {.name = "inputs", .dtype = TYTO_F32, .rank = 3, .shape = {1, 3, 16}, .data = rows}};
    const tyto_tensor *outputs;
    int64_t count;
    ASSERT_DONE(
        tyto_forward(with.session, "PerceiverModel", inputs, 1, NULL, 0, &outputs, &count, &err),
        &err);
    assert_int_equal(count, 1);
    assert_string_equal(outputs[0].name, "last_hidden_state");
    end(&with);
}

/* What is given without being asked for: what the reference returns, in its order; more of it when
 * config.json says so. */
static void defaults_are_the_reference_s(void **state)
{
    (void)state;
    static const char *const plain[] = {"loss", "logits"}, *const all[] = {"loss",
                                                                           "logits",
                                                                           "hidden_states.0",
                                                                           "hidden_states.1",
                                                                           "hidden_states.2",
                                                                           "attentions.0",
                                                                           "attentions.1",
                                                                           "cross_attentions.0",
                                                                           "cross_attentions.1"};
    for (int verbose = 0; verbose < 2; verbose++) {
        checkpoint made;
        tyto_error err = TYTO_ERROR_INIT;
        const tyto_engine_options options = engine_options(1);
        setup with = {0};
        golden_case golden;
        const tyto_tensor *outputs;
        int64_t count;
        checkpoint_start_at(&made, "perceiver/sequence/model");
        checkpoint_merge(&made, verbose ? "{\"output_hidden_states\": true, "
                                          "\"output_attentions\": true}"
                                        : "{}");
        checkpoint_write(&made);
        ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
        ASSERT_DONE(tyto_model_open(with.engine, made.folder, NULL, &with.model, &err), &err);
        ASSERT_DONE(tyto_session_create(with.model, NULL, &with.session, &err), &err);
        golden_open(&golden, "perceiver/sequence/single");
        ASSERT_DONE(tyto_forward(with.session, NULL, golden.given, golden.n_given, NULL, 0,
                                 &outputs, &count, &err),
                    &err);
        assert_int_equal(count, verbose ? 9 : 2);
        for (int64_t i = 0; i < count; i++) {
            assert_string_equal(outputs[i].name, verbose ? all[i] : plain[i]);
        }
        golden_close(&golden);
        end(&with);
        checkpoint_end(&made);
    }
}

/* Every head brings inputs of its own to be measured with. */
static void heads_are_measured(void **state)
{
    (void)state;
    static const char *const names[] = {"masked_lm",   "sequence", "learned",   "fourier",
                                        "convolution", "flow",     "multimodal"};
    for (size_t i = 0; next_case(i, sizeof(names) / sizeof(names[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_bench_options options;
        tyto_bench_result result;
        setup with = start(names[i]);
        tyto_bench_options_init(&options, sizeof(options));
        options.runs = 1;
        options.warmup = 0;
        options.batch = 2;
        ASSERT_DONE(tyto_bench_forward(with.session, &options, &result, &err), &err);
        assert_int_equal(result.n_outputs, strcmp(names[i], "multimodal") == 0 ? 3 : 1);
        assert_int_equal(result.outputs[0].shape[0], 2);
        assert_true(result.flops > 0.0);
        tyto_bench_result_clear(&result);
        end(&with);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_cases_are_as_the_reference),
        cmocka_unit_test(hidden_inputs_are_left_out),
        cmocka_unit_test(runs_are_stopped_between_layers),
        cmocka_unit_test(some_positions_are_decoded_alone),
        cmocka_unit_test(one_encoding_serves_all_chunks),
        cmocka_unit_test(many_queries_go_in_pieces),
        cmocka_unit_test(folded_layers_are_the_plain_ones),
        cmocka_unit_test(flow_decodes_given_latents),
        cmocka_unit_test(many_inputs_go_in_pieces),
        cmocka_unit_test(other_classes_run_bare),
        cmocka_unit_test(defaults_are_the_reference_s),
        cmocka_unit_test(heads_are_measured),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
