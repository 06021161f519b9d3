/* The whole family: config, weights, heads, and the tasks that they serve. */
#include "toy_family/toy.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"

#define CLASSES_MAX 1000
enum { COLOURS = 3 };

typedef struct toy {
    int64_t classes;
    float *weight, *bias; /* [classes,3], [classes] */
} toy;

static void close_model(void *model)
{
    free(model);
}

static tyto_status open_model(const tyto_model_source *source, void **out, char **unexpected,
                              tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_binder *binder = NULL;
    toy *model = tyto_alloc_zeroed(1, sizeof(*model));
    if (!model) {
        return tyto_fail_memory(err, source->config_name);
    }
    TYTO_CHECK(tyto_json_int(source->config, source->config_name, "classes", &model->classes, err));
    if (model->classes < 1 || model->classes > CLASSES_MAX) {
        status = tyto_fail(err, TYTO_E_RANGE, "%s: 'classes': got %lld, required 1 to %d",
                           source->config_name, (long long)model->classes, CLASSES_MAX);
        goto cleanup;
    }
    binder = tyto_binder_create(source->tensors, source->tensors_name, source->store,
                                source->kernels, source->pool);
    if (!binder) {
        status = tyto_fail_memory(err, source->config_name);
        goto cleanup;
    }
    tyto_binder_floats(binder, &model->weight, "weight",
                       (const int64_t[4]){model->classes, COLOURS}, "classes, 3");
    tyto_binder_floats(binder, &model->bias, "bias", (const int64_t[4]){model->classes}, "classes");
    TYTO_CHECK(tyto_binder_finish(binder, unexpected, err));
    *out = model;
    model = NULL;
cleanup:
    tyto_binder_destroy(binder);
    close_model(model);
    return status;
}

/* A run of any head: pictures [n,3,H,W], and what is wanted of them. */
typedef struct run {
    const float *pixels, *queries;
    int64_t shape[4], query_shape[2];
    float *logits;
} run;

static tyto_status declare(tyto_exec *exec, tyto_io *io, run **out)
{
    const void *pixels;
    run *of = tyto_arena_take(exec->arena, 1, sizeof(*of));
    if (!of) {
        return tyto_fail_memory(exec->err, "toy");
    }
    *of = (run){.shape = {TYTO_IO_ANY, COLOURS, TYTO_IO_ANY, TYTO_IO_ANY}};
    TYTO_TRY(tyto_io_input(io, "pixel_values", TYTO_F32, 4, of->shape, &pixels));
    of->pixels = pixels;
    *out = of;
    return TYTO_OK;
}

/* colours[3] = means of picture i */
static void mean_colours(const run *of, int64_t i, float *colours)
{
    const int64_t each = of->shape[2] * of->shape[3];
    for (int64_t c = 0; c < COLOURS; c++) {
        const float *channel = of->pixels + (i * COLOURS + c) * each;
        double sum = 0.0;
        for (int64_t p = 0; p < each; p++) {
            sum += (double)channel[p];
        }
        colours[c] = (float)(sum / (double)each);
    }
}

/* ToyForColours: logits[n,classes] = colours·weightᵀ + bias */
static tyto_status classes_declare(const void *model, tyto_exec *exec, tyto_io *io, void **request)
{
    run *of;
    TYTO_TRY(declare(exec, io, &of));
    const int64_t shape[2] = {of->shape[0], ((const toy *)model)->classes};
    *request = of;
    return tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits", 2, shape, &of->logits);
}

static tyto_status classes_run(const void *model, tyto_exec *exec, tyto_io *io, void *request)
{
    const toy *m = model;
    const run *of = request;
    (void)io;
    exec->stage = "colours";
    for (int64_t i = 0; of->logits && i < of->shape[0]; i++) {
        float colours[COLOURS];
        TYTO_TRY(tyto_exec_step(exec, i, of->shape[0]));
        mean_colours(of, i, colours);
        for (int64_t k = 0; k < m->classes; k++) {
            float sum = m->bias[k];
            for (int64_t c = 0; c < COLOURS; c++) {
                sum += colours[c] * m->weight[k * COLOURS + c];
            }
            of->logits[i * m->classes + k] = sum;
        }
    }
    return TYTO_OK;
}

/* ToyForColours.compare: logits_per_image[n,queries], the cosine of colours and text_embeds. */
static tyto_status compare_declare(const void *model, tyto_exec *exec, tyto_io *io, void **request)
{
    run *of;
    const void *queries;
    (void)model;
    TYTO_TRY(declare(exec, io, &of));
    of->query_shape[0] = TYTO_IO_ANY;
    of->query_shape[1] = COLOURS;
    TYTO_TRY(tyto_io_input(io, "text_embeds", TYTO_F32, 2, of->query_shape, &queries));
    of->queries = queries;
    const int64_t shape[2] = {of->shape[0], of->query_shape[0]};
    *request = of;
    return tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits_per_image", 2, shape, &of->logits);
}

static tyto_status compare_run(const void *model, tyto_exec *exec, tyto_io *io, void *request)
{
    const run *of = request;
    (void)model;
    (void)io;
    exec->stage = "colours";
    for (int64_t i = 0; of->logits && i < of->shape[0]; i++) {
        float colours[COLOURS];
        TYTO_TRY(tyto_exec_step(exec, i, of->shape[0]));
        mean_colours(of, i, colours);
        for (int64_t q = 0; q < of->query_shape[0]; q++) {
            const float *query = of->queries + q * COLOURS;
            double dot = 0.0, a = 0.0, b = 0.0;
            for (int64_t c = 0; c < COLOURS; c++) {
                dot += (double)colours[c] * (double)query[c];
                a += (double)colours[c] * (double)colours[c];
                b += (double)query[c] * (double)query[c];
            }
            of->logits[i * of->query_shape[0] + q] = (float)(dot / sqrt(a * b));
        }
    }
    return TYTO_OK;
}

static int64_t query_width(const void *model)
{
    (void)model;
    return COLOURS;
}

static tyto_family_classes classes(const void *model)
{
    (void)model;
    return TYTO_FAMILY_CLASSES_OF_IMAGES;
}

static tyto_family_scores scores(const void *model)
{
    (void)model;
    return TYTO_FAMILY_SCORES_SIGMOID;
}

static const tyto_head heads[] = {
    {.name = "ToyForColours", .declare = classes_declare, .run = classes_run},
    {.name = "ToyForColours.compare", .declare = compare_declare, .run = compare_run},
};
static const tyto_family_classify classify = {
    .input = "pixel_values", .output = "logits", .classes = classes, .scores = scores};
static const tyto_family_similarity similarity = {.head = "ToyForColours.compare"};
static const tyto_family_tasks tasks = {.classify = &classify, .similarity = &similarity};

static const tyto_architecture architecture = {
    .model_type = "toy",
    .default_head = "ToyForColours",
    .tasks = &tasks,
    .heads = heads,
    .n_heads = sizeof(heads) / sizeof(heads[0]),
    .open = open_model,
    .close = close_model,
    .query_width = query_width,
};
static const tyto_architecture *const architectures[] = {&architecture};

const tyto_family tyto_toy_family = {.architectures = architectures, .count = 1};
