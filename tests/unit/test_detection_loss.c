/* Pairing and the detection loss: by hand, and against an independent float64 computation. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "models/owlv2/loss.h"
#include "nn/assignment.h"
#include "nn/boxes.h"
#include "support/engines.h"
#include "tensor/convert.h"
#include <tyto/tyto.h>

enum { PHOTOS_MAX = 4, TARGETS_MAX = 128 };

static const char *data_path(const char *rest)
{
    static char path[512];
    snprintf(path, sizeof(path), "%s/golden/data/%s", getenv("TYTO_TEST_DATA"), rest);
    return path;
}

static void succeed(tyto_status status, tyto_error *err)
{
    if (status != TYTO_OK) {
        fail_msg("%s", tyto_error_message(err));
    }
}

static tyto_tensor_file *open_golden(const char *rest)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    succeed(tyto_tensor_file_open(data_path(rest), &file, &err), &err);
    return file;
}

/* A tensor's elements, aligned; NULL when the file has none of that name. Release with free. */
static void *elements(const tyto_tensor_file *file, const char *name, tyto_dtype type)
{
    const tyto_tensor *tensor = tyto_tensor_file_find(file, name);
    if (!tensor) {
        return NULL;
    }
    size_t count = (size_t)tyto_tensor_elements(tensor);
    void *copy = malloc((count + 1) * 8);
    assert_non_null(copy);
    tyto_convert(copy, type, tensor->data, tensor->dtype, (int64_t)count);
    return copy;
}

static double number(const tyto_tensor_file *file, const char *name, double otherwise)
{
    const tyto_tensor *tensor = tyto_tensor_file_find(file, name);
    double value = otherwise;
    if (tensor) {
        tyto_convert(&value, TYTO_F64, tensor->data, tensor->dtype, 1);
    }
    return value;
}

/* Something that runs on an exec. */
typedef tyto_status (*work_fn)(tyto_exec *exec, void *context);

static tyto_status run(work_fn work, void *context, tyto_error *err)
{
    tyto_arena arena = {0};
    tyto_exec exec = {.arena = &arena, .err = err};
    tyto_status status = work(&exec, context);
    tyto_arena_clear(&arena);
    return status;
}

typedef struct pairing {
    const double *costs;
    int64_t rows, columns;
    int64_t column_of_row[TARGETS_MAX];
} pairing;

static tyto_status pair(tyto_exec *exec, void *context)
{
    pairing *p = context;
    return tyto_assign(exec, p->costs, p->rows, p->columns, p->column_of_row);
}

/* The sum of the pairs' costs; fails unless each row and column is used at most once and as many
 * as can be. */
static double total_cost(const pairing *p, const int64_t *column_of_row)
{
    double sum = 0.0;
    int64_t pairs = 0;
    for (int64_t i = 0; i < p->rows; i++) {
        int64_t column = column_of_row[i];
        assert_in_range(column + 1, 0, p->columns);
        for (int64_t j = 0; j < i && column >= 0; j++) {
            assert_true(column_of_row[j] != column);
        }
        if (column >= 0) {
            sum += p->costs[i * p->columns + column];
            pairs++;
        }
    }
    assert_int_equal(pairs, p->rows < p->columns ? p->rows : p->columns);
    return sum;
}

static void pairs_by_hand(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    /* The first row would take the first column, but the second needs it more. */
    const double costs[] = {1, 2, 1, 10};
    pairing p = {costs, 2, 2, {0}};
    succeed(run(pair, &p, &err), &err);
    assert_int_equal(p.column_of_row[0], 1);
    assert_int_equal(p.column_of_row[1], 0);
    p = (pairing){costs, 4, 1, {0}};
    succeed(run(pair, &p, &err), &err);
    assert_true(p.column_of_row[0] == 0 || p.column_of_row[2] == 0);
    p = (pairing){costs, 0, 3, {0}};
    succeed(run(pair, &p, &err), &err);
    p = (pairing){costs, 3, 0, {7, 7, 7}};
    succeed(run(pair, &p, &err), &err);
    assert_true(p.column_of_row[0] == -1 && p.column_of_row[2] == -1);

    const double bad[] = {1, 2, 3, NAN};
    p = (pairing){bad, 2, 2, {0}};
    assert_int_equal(run(pair, &p, &err), TYTO_E_RANGE);
    assert_string_equal(tyto_error_message(&err), "costs[1,1]: got nan, required finite numbers");
    tyto_error_clear(&err);
}

static void pairs_as_scipy(void **state)
{
    (void)state;
    tyto_tensor_file *file = open_golden("detection_loss/assignment.safetensors");
    int seen = 0;
    for (;; seen++) {
        char name[32];
        snprintf(name, sizeof(name), "costs.%d", seen);
        const tyto_tensor *costs = tyto_tensor_file_find(file, name);
        if (!costs) {
            break;
        }
        double *values = elements(file, name, TYTO_F64);
        snprintf(name, sizeof(name), "columns.%d", seen);
        int64_t *wanted = elements(file, name, TYTO_I64);
        snprintf(name, sizeof(name), "unique.%d", seen);
        uint8_t *unique = elements(file, name, TYTO_U8);
        pairing p = {values, costs->shape[0], costs->shape[1], {0}};
        assert_true(p.rows <= TARGETS_MAX);
        tyto_error err = TYTO_ERROR_INIT;
        succeed(run(pair, &p, &err), &err);
        double got = total_cost(&p, p.column_of_row), least = total_cost(&p, wanted);
        assert_true(fabs(got - least) <= 1e-12 * fabs(least));
        if (*unique) {
            assert_memory_equal(p.column_of_row, wanted, (size_t)p.rows * sizeof(*wanted));
        }
        free(values);
        free(wanted);
        free(unique);
    }
    assert_true(seen >= 20);
    tyto_tensor_file_destroy(file);
}

static void overlap_by_hand(void **state)
{
    (void)state;
    const float left[] = {0.25F, 0.5F, 0.5F, 1}, right[] = {0.75F, 0.5F, 0.5F, 1};
    assert_true(tyto_giou(left, left) == 1.0);
    assert_true(tyto_giou(left, right) == 0.0); /* they touch, and fill their hull */
    const float narrow[] = {0.125F, 0.5F, 0.25F, 1}, far[] = {0.875F, 0.5F, 0.25F, 1};
    assert_true(tyto_giou(narrow, far) == -0.5); /* half of the hull is empty */
    const float whole[] = {0.5F, 0.5F, 1, 1}, point[] = {0.5F, 0.5F, 0, 0};
    assert_true(tyto_giou(whole, left) == 0.5);
    assert_true(tyto_giou(whole, point) == 0.0);
    assert_true(tyto_giou(point, point) == 0.0);
}

typedef struct photo_work {
    const tyto_owlv2_loss_options *options;
    tyto_owlv2_found found;
    tyto_owlv2_targets targets;
    int64_t patch_of_target[TARGETS_MAX];
    tyto_owlv2_loss_terms terms;
} photo_work;

static tyto_status photo_loss(tyto_exec *exec, void *context)
{
    photo_work *w = context;
    return tyto_owlv2_photo_loss(exec, w->options, &w->found, &w->targets, w->patch_of_target,
                                 &w->terms);
}

/* Two patches, one query. The target lies exactly in the second patch's box, whose logit is 0; the
 * first patch, with a logit of ln 3, says the query is there with 3/4. */
static void loss_by_hand(void **state)
{
    (void)state;
    const double ln2 = log(2.0), ln3 = log(3.0);
    const float logits[] = {1.0986123F, 0.0F}, objectness[] = {0.0F, 0.0F};
    const float boxes[] = {0.25F, 0.5F, 0.5F, 1, 0.75F, 0.5F, 0.5F, 1};
    const int64_t labels[] = {0};
    const uint8_t valid[] = {1};
    tyto_owlv2_loss_options options;
    tyto_owlv2_loss_options_init(&options);
    photo_work w = {
        .options = &options,
        .found = {0, 2, 1, 1, logits, boxes, objectness, valid},
        .targets = {labels, boxes + 4, 1},
    };
    tyto_error err = TYTO_ERROR_INIT;
    succeed(run(photo_loss, &w, &err), &err);
    assert_int_equal(w.patch_of_target[0], 1);
    assert_int_equal(w.terms.matched, 1);
    /* 0.3 · ½² · ln 2 for the pair, 0.7 · ¾² · ln 4 for the other patch. */
    double ce = 0.3 * 0.25 * ln2 + 0.7 * 0.5625 * 2.0 * ln2;
    assert_true(fabs(w.terms.ce - ce) < 1e-6);
    assert_true(w.terms.bbox == 0.0 && w.terms.giou == 0.0);
    assert_true(fabs(w.terms.objectness - ln2) < 1e-12);

    /* With class costs alone, the surer patch is taken, and its box is half the photo off. */
    options.cost_bbox = options.cost_giou = 0.0;
    options.focal_gamma = 0.0;
    options.focal_alpha = -1.0;
    succeed(run(photo_loss, &w, &err), &err);
    assert_int_equal(w.patch_of_target[0], 0);
    assert_true(fabs(w.terms.ce - (2.0 * ln2 - ln3 + ln2)) < 1e-6);
    assert_true(w.terms.bbox == 1.0 && w.terms.giou == 1.0);
    tyto_owlv2_loss loss;
    options.weight_bbox = 5.0;
    options.weight_objectness = 0.0;
    tyto_owlv2_loss_join(&options, &w.terms, 1, &loss);
    assert_true(fabs(loss.total - (w.terms.ce + 5.0 + 1.0)) < 1e-12);

    const float endless[] = {INFINITY, 0.0F};
    w.found.logits = endless;
    assert_int_equal(run(photo_loss, &w, &err), TYTO_E_RANGE);
    assert_non_null(strstr(tyto_error_message(&err), "photo 0"));
    tyto_error_clear(&err);
}

static int by_value(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return a < b ? -1 : a > b;
}

/* Targets that are the same may change places. */
static void assert_same_pairs(const char *name, int64_t *got, int64_t *wanted, size_t count)
{
    qsort(got, count, sizeof(*got), by_value);
    qsort(wanted, count, sizeof(*wanted), by_value);
    for (size_t i = 0; i < count; i++) {
        if (got[i] != wanted[i]) {
            fail_msg("%s: other patches are paired: got %lld, required %lld", name,
                     (long long)got[i], (long long)wanted[i]);
        }
    }
}

static void assert_near(const char *name, const char *what, double got, double wanted,
                        double tolerance)
{
    if (!(fabs(got - wanted) <= tolerance * fmax(1.0, fabs(wanted)))) {
        fail_msg("%s: %s: got %.17g, required %.17g", name, what, got, wanted);
    }
}

static void read_options(const tyto_tensor_file *file, tyto_owlv2_loss_options *options)
{
    tyto_owlv2_loss_options_init(options);
#define READ(name, value, least, most)                                                             \
    options->name = number(file, "loss_options." #name, options->name);
    TYTO_OWLV2_LOSS_OPTIONS(READ)
#undef READ
}

static void compute_photo(const char *name, const tyto_tensor_file *file, photo_work *w, int64_t b)
{
    char text[64];
    tyto_error err = TYTO_ERROR_INIT;
    snprintf(text, sizeof(text), "labels.%d.class_labels", (int)b);
    int64_t *labels = elements(file, text, TYTO_I64);
    w->targets.count = tyto_tensor_elements(tyto_tensor_file_find(file, text));
    snprintf(text, sizeof(text), "labels.%d.boxes", (int)b);
    float *boxes = elements(file, text, TYTO_F32);
    snprintf(text, sizeof(text), "pairs.%d", (int)b);
    int64_t *pairs = elements(file, text, TYTO_I64);
    w->targets.labels = labels;
    w->targets.boxes = boxes;
    succeed(tyto_owlv2_targets_check(&w->targets, &w->found, &err), &err);
    succeed(run(photo_loss, w, &err), &err);
    assert_same_pairs(name, w->patch_of_target, pairs, (size_t)w->targets.count);
    free(labels);
    free(boxes);
    free(pairs);
}

static void compute_golden(const char *name)
{
    char text[64];
    snprintf(text, sizeof(text), "detection_loss/%s.safetensors", name);
    tyto_tensor_file *file = open_golden(text);
    const tyto_tensor *shape = tyto_tensor_file_find(file, "logits");
    const int64_t photos = shape->shape[0], P = shape->shape[1], Q = shape->shape[2];
    float *logits = elements(file, "logits", TYTO_F32);
    float *boxes = elements(file, "pred_boxes", TYTO_F32);
    float *objectness = elements(file, "objectness_logits", TYTO_F32);
    uint8_t *valid = elements(file, "valid", TYTO_U8);
    tyto_owlv2_loss_options options;
    read_options(file, &options);
    tyto_owlv2_loss_terms terms[PHOTOS_MAX];
    for (int64_t b = 0; b < photos; b++) {
        photo_work w = {.options = &options,
                        .found = {b, P, Q, Q, logits + b * P * Q, boxes + b * P * 4,
                                  objectness + b * P, valid + b * Q}};
        compute_photo(name, file, &w, b);
        terms[b] = w.terms;
    }
    tyto_owlv2_loss loss;
    tyto_owlv2_loss_join(&options, terms, photos, &loss);
    assert_near(name, "ce", loss.ce, number(file, "loss_dict.loss_ce", NAN), 1e-12);
    assert_near(name, "bbox", loss.bbox, number(file, "loss_dict.loss_bbox", NAN), 1e-12);
    assert_near(name, "giou", loss.giou, number(file, "loss_dict.loss_giou", NAN), 1e-12);
    assert_near(name, "objectness", loss.objectness, number(file, "loss_dict.loss_objectness", NAN),
                1e-12);
    assert_near(name, "loss", loss.total, number(file, "loss", NAN), 1e-12);
    free(logits);
    free(boxes);
    free(objectness);
    free(valid);
    tyto_tensor_file_destroy(file);
}

static void loss_as_computed_elsewhere(void **state)
{
    (void)state;
    const char *names[] = {"plain",         "options",    "log_likelihood",    "scores",
                           "nothing_there", "some_empty", "more_than_patches", "duplicates",
                           "degenerate"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        compute_golden(names[i]);
    }
}

/* A session on the checkpoint `odd`, and the inputs of a run with labels. */
typedef struct fixture {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_tensor_file *file;
    tyto_tensor inputs[16];
    size_t count;
} fixture;

static int open_fixture(void **state)
{
    static fixture f;
    tyto_error err = TYTO_ERROR_INIT;
    f = (fixture){0};
    const tyto_engine_options options = engine_options(1);
    succeed(tyto_engine_create(&options, &f.engine, &err), &err);
    succeed(tyto_model_open(f.engine, data_path("owlv2/odd/model"), NULL, &f.model, &err), &err);
    succeed(tyto_session_create(f.model, NULL, &f.session, &err), &err);
    f.file = open_golden("detection_loss/forward/inputs.safetensors");
    f.count = (size_t)tyto_tensor_file_count(f.file);
    for (size_t i = 0; i < f.count; i++) {
        f.inputs[i] = *tyto_tensor_file_at(f.file, (int64_t)i);
    }
    *state = &f;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *f = *state;
    tyto_tensor_file_destroy(f->file);
    tyto_session_destroy(f->session);
    tyto_model_destroy(f->model);
    tyto_engine_destroy(f->engine);
    return 0;
}

static tyto_tensor *input(fixture *f, const char *name)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strcmp(f->inputs[i].name, name) == 0) {
            return &f->inputs[i];
        }
    }
    fail_msg("%s: no such input", name);
    return NULL;
}

static tyto_status forward(fixture *f, const char *wanted, const tyto_tensor **outputs,
                           int64_t *count, tyto_error *err)
{
    return tyto_forward(f->session, NULL, f->inputs, (int64_t)f->count, &wanted, wanted ? 1 : 0,
                        outputs, count, err);
}

static void assert_refused(fixture *f, const char *wanted, tyto_status status, const char *message)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *outputs;
    int64_t count;
    assert_int_equal(forward(f, wanted, &outputs, &count, &err), status);
    if (!strstr(tyto_error_message(&err), message)) {
        fail_msg("got %s, required %s", tyto_error_message(&err), message);
    }
    tyto_error_clear(&err);
}

/* The loss is there by default once labels are, and the same when it is all that is wanted. */
static void a_forward_gives_the_loss(void **state)
{
    fixture *f = *state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *expected = open_golden("detection_loss/forward/expected.safetensors");
    const char *wanted[] = {NULL, "loss", "loss_dict.*"};
    for (size_t i = 0; i < 3; i++) {
        const tyto_tensor *outputs;
        int64_t count;
        size_t found = 0;
        succeed(forward(f, wanted[i], &outputs, &count, &err), &err);
        for (int64_t j = 0; j < count; j++) {
            if (tyto_tensor_file_find(expected, outputs[j].name)) {
                assert_int_equal(outputs[j].rank, 0);
                assert_near("forward", outputs[j].name, (double)*(float *)outputs[j].data,
                            number(expected, outputs[j].name, NAN), 2e-5);
                found++;
            }
        }
        assert_int_equal(found, i == 0 ? 5 : i == 1 ? 1 : 4);
    }
    tyto_tensor_file_destroy(expected);
}

static void options_are_inputs(void **state)
{
    fixture *f = *state;
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *outputs;
    int64_t count;
    float value = 0.0F;
    succeed(forward(f, "loss", &outputs, &count, &err), &err);
    float before = *(float *)outputs[0].data;
    succeed(forward(f, "loss_dict.loss_ce", &outputs, &count, &err), &err);
    float ce = *(float *)outputs[0].data;
    f->inputs[f->count++] =
        (tyto_tensor){.name = "loss_options.weight_ce", .dtype = TYTO_F32, .data = &value};
    succeed(forward(f, "loss", &outputs, &count, &err), &err);
    assert_near("weight_ce 0", "loss", (double)*(float *)outputs[0].data, (double)(before - ce),
                1e-6);
    value = -1.0F;
    assert_refused(f, "loss", TYTO_E_RANGE,
                   "input 'loss_options.weight_ce': got -1, required 0 … 1e+06");
    f->inputs[f->count - 1].name = "loss_options.weight_ze";
    assert_refused(f, "loss", TYTO_E_ARGUMENT, "input 'loss_options.weight_ze'");
    f->count--;
}

static void bad_labels_are_refused(void **state)
{
    fixture *f = *state;
    tyto_tensor *labels = input(f, "labels.2.class_labels"), *boxes = input(f, "labels.2.boxes");
    const tyto_tensor good_labels = *labels, good_boxes = *boxes;
    int64_t ids[] = {0, 0, 1, 0};
    float corner[16] = {0};
    labels->data = ids;
    assert_refused(f, NULL, TYTO_E_RANGE,
                   "labels.2.class_labels[2]: got 1, required one of the photo's 2 queries that is "
                   "no padding");
    ids[2] = 2;
    assert_refused(f, NULL, TYTO_E_RANGE, "labels.2.class_labels[2]: got 2");
    ids[2] = -1;
    assert_refused(f, NULL, TYTO_E_RANGE, "labels.2.class_labels[2]: got -1");
    *labels = good_labels;
    boxes->data = corner;
    corner[7] = -0.5F;
    assert_refused(f, NULL, TYTO_E_RANGE, "labels.2.boxes[1]: got [0,0,0,-0.5]");
    corner[7] = NAN;
    assert_refused(f, NULL, TYTO_E_RANGE, "labels.2.boxes[1]: got [0,0,0,nan]");
    *boxes = good_boxes;
    boxes->shape[0] = 3;
    assert_refused(f, NULL, TYTO_E_SHAPE, "input 'labels.2.boxes': got [3,4], required [4,4]");
    *boxes = good_boxes;
    boxes->name = "labels.3.boxes";
    assert_refused(f, NULL, TYTO_E_ARGUMENT, "input 'labels.2.boxes': missing");
    *boxes = good_boxes;
}

static void no_loss_without_labels(void **state)
{
    fixture *f = *state;
    size_t kept = 0, count = f->count;
    tyto_tensor all[16];
    memcpy(all, f->inputs, sizeof(all));
    for (size_t i = 0; i < count; i++) {
        if (strncmp(all[i].name, "labels.", 7) != 0) {
            f->inputs[kept++] = all[i];
        }
    }
    f->count = kept;
    assert_refused(f, "loss", TYTO_E_ARGUMENT, "input 'labels.0.class_labels': missing");
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_tensor *outputs;
    int64_t given;
    succeed(forward(f, NULL, &outputs, &given, &err), &err);
    for (int64_t i = 0; i < given; i++) {
        assert_null(strstr(outputs[i].name, "loss"));
    }
    memcpy(f->inputs, all, sizeof(all));
    f->count = count;
}

/* A batch brings two inputs for each photo. The first photo many times has the loss that it has
 * alone, whether terms are divided by its pairs or by those of the batch. */
static void many_photos_are_a_batch(void **state)
{
    enum { MANY = 40, NAMES = 32 };
    fixture *f = *state;
    static char names[2 * MANY][NAMES];
    tyto_tensor inputs[2 * MANY + 4];
    const char *stacked[] = {"pixel_values", "input_ids", "attention_mask"};
    void *copies[3];
    float whole_batch = 1.0F;
    for (size_t i = 0; i < 3; i++) {
        inputs[i] = *input(f, stacked[i]);
        inputs[i].shape[0] /= 3; /* of three photos */
        size_t bytes = (size_t)tyto_tensor_elements(&inputs[i]) * tyto_dtype_bytes(inputs[i].dtype);
        copies[i] = malloc(MANY * bytes);
        assert_non_null(copies[i]);
        for (size_t b = 0; b < MANY; b++) {
            memcpy((char *)copies[i] + b * bytes, inputs[i].data, bytes);
        }
        inputs[i].data = copies[i];
        inputs[i].shape[0] *= MANY;
    }
    for (size_t b = 0; b < MANY; b++) {
        snprintf(names[2 * b], NAMES, "labels.%zu.class_labels", b);
        snprintf(names[2 * b + 1], NAMES, "labels.%zu.boxes", b);
        inputs[3 + 2 * b] = *input(f, "labels.0.class_labels");
        inputs[4 + 2 * b] = *input(f, "labels.0.boxes");
        inputs[3 + 2 * b].name = names[2 * b];
        inputs[4 + 2 * b].name = names[2 * b + 1];
    }
    inputs[3 + 2 * MANY] = (tyto_tensor){
        .name = "loss_options.batch_normalization", .dtype = TYTO_F32, .data = &whole_batch};
    const char *wanted = "loss";
    const tyto_tensor *outputs;
    int64_t count;
    tyto_error err = TYTO_ERROR_INIT;
    float losses[3];
    for (size_t i = 0; i < 3; i++) {
        size_t used = 3 + 2 * MANY + (i == 1);
        if (i == 2) { /* the photo alone */
            used = 5;
            for (size_t k = 0; k < 3; k++) {
                inputs[k].shape[0] /= MANY;
            }
        }
        succeed(tyto_forward(f->session, NULL, inputs, (int64_t)used, &wanted, 1, &outputs, &count,
                             &err),
                &err);
        losses[i] = *(float *)outputs[0].data;
    }
    assert_near("many", "loss", (double)losses[0], (double)losses[2], 1e-6);
    assert_near("many, one batch", "loss", (double)losses[1], (double)losses[2], 1e-6);
    for (size_t i = 0; i < 3; i++) {
        free(copies[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_by_hand),
        cmocka_unit_test(pairs_as_scipy),
        cmocka_unit_test(overlap_by_hand),
        cmocka_unit_test(loss_by_hand),
        cmocka_unit_test(loss_as_computed_elsewhere),
        cmocka_unit_test_setup_teardown(a_forward_gives_the_loss, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(options_are_inputs, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(many_photos_are_a_batch, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(bad_labels_are_refused, open_fixture, close_fixture),
        cmocka_unit_test_setup_teardown(no_loss_without_labels, open_fixture, close_fixture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
