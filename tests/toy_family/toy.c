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

/* colours[3] = means of a picture[3,H,W] from its pixel (x, y) on, of h rows and w columns */
static void mean_colours(const float *picture, int64_t H, int64_t W, int64_t y, int64_t x,
                         int64_t h, int64_t w, float *colours)
{
    for (int64_t c = 0; c < COLOURS; c++) {
        double sum = 0.0;
        for (int64_t p = 0; p < h * w; p++) {
            sum += (double)picture[(c * H + y + p / w) * W + x + p % w];
        }
        colours[c] = (float)(sum / (double)(h * w));
    }
}

/* colours[3] = means of picture i */
static void mean_picture(const run *of, int64_t i, float *colours)
{
    const int64_t H = of->shape[2], W = of->shape[3];
    mean_colours(of->pixels + i * COLOURS * H * W, H, W, 0, 0, H, W, colours);
}

/* How alike two colours are; black is like none. */
static float cosine(const float *colours, const float *query)
{
    double dot = 0.0, a = 0.0, b = 0.0;
    for (int64_t c = 0; c < COLOURS; c++) {
        dot += (double)colours[c] * (double)query[c];
        a += (double)colours[c] * (double)colours[c];
        b += (double)query[c] * (double)query[c];
    }
    return a * b > 0.0 ? (float)(dot / sqrt(a * b)) : 0.0F;
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
        mean_picture(of, i, colours);
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
        mean_picture(of, i, colours);
        for (int64_t q = 0; q < of->query_shape[0]; q++) {
            of->logits[i * of->query_shape[0] + q] = cosine(colours, of->queries + q * COLOURS);
        }
    }
    return TYTO_OK;
}

/* ToyForColours.features: image_features[n,3], the colours. */
static tyto_status features_declare(const void *model, tyto_exec *exec, tyto_io *io, void **request)
{
    run *of;
    (void)model;
    TYTO_TRY(declare(exec, io, &of));
    const int64_t shape[2] = {of->shape[0], COLOURS};
    *request = of;
    return tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "image_features", 2, shape, &of->logits);
}

static tyto_status features_run(const void *model, tyto_exec *exec, tyto_io *io, void *request)
{
    const run *of = request;
    (void)model;
    (void)io;
    exec->stage = "colours";
    for (int64_t i = 0; of->logits && i < of->shape[0]; i++) {
        TYTO_TRY(tyto_exec_step(exec, i, of->shape[0]));
        mean_picture(of, i, of->logits + i * COLOURS);
    }
    return TYTO_OK;
}

/* A search: pictures as they are, or the colours of their quarters, which are all that a picture is
 * to it. */
typedef struct quarters {
    const float *pixels, *embeds, *queries;
    int64_t shape[4], n, n_queries; /* queries of each picture */
    float *logits, *objectness, *boxes, *image_embeds, *class_embeds;
} quarters;

static tyto_status read_quarters(tyto_io *io, quarters *of)
{
    const void *data;
    int64_t grid[4] = {TYTO_IO_ANY, 2, 2, COLOURS}, queries[2] = {TYTO_IO_ANY, COLOURS};
    if (tyto_io_has(io, "image_embeds")) {
        TYTO_TRY(tyto_io_input(io, "image_embeds", TYTO_F32, 4, grid, &data));
        of->embeds = data;
        of->n = grid[0];
    } else {
        TYTO_TRY(tyto_io_input(io, "pixel_values", TYTO_F32, 4, of->shape, &data));
        of->pixels = data;
        of->n = of->shape[0];
    }
    if (tyto_io_has(io, "text_embeds")) {
        TYTO_TRY(tyto_io_input(io, "text_embeds", TYTO_F32, 2, queries, &data));
        of->queries = data;
        of->n_queries = queries[0] / of->n;
    }
    return TYTO_OK;
}

/* ToyForColours.search: a box for each quarter. */
static tyto_status search_declare(const void *model, tyto_exec *exec, tyto_io *io, void **request)
{
    quarters *of = tyto_arena_take(exec->arena, 1, sizeof(*of));
    (void)model;
    if (!of) {
        return tyto_fail_memory(exec->err, "toy");
    }
    *of = (quarters){.shape = {TYTO_IO_ANY, COLOURS, TYTO_IO_ANY, TYTO_IO_ANY}};
    TYTO_TRY(read_quarters(io, of));
    if (!of->embeds && (of->shape[2] < 2 || of->shape[3] < 2)) {
        return tyto_fail(exec->err, TYTO_E_SHAPE, "pixel_values: got a side of 1, required 2");
    }
    const int64_t scores[3] = {of->n, 4, of->n_queries}, boxes[3] = {of->n, 4, 4},
                  grid[4] = {of->n, 2, 2, COLOURS}, rows[3] = {of->n, 4, COLOURS};
    *request = of;
    if (of->queries) {
        TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits", 3, scores, &of->logits));
    }
    TYTO_TRY(
        tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "objectness_logits", 2, scores, &of->objectness));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "pred_boxes", 3, boxes, &of->boxes));
    TYTO_TRY(
        tyto_io_output(io, TYTO_OUTPUT_ON_REQUEST, "image_embeds", 4, grid, &of->image_embeds));
    return tyto_io_output(io, TYTO_OUTPUT_ON_REQUEST, "class_embeds", 3, rows, &of->class_embeds);
}

/* All of quarter `at` of all pictures: a logit of 1 for the very colour of a query, and of −5 … 5
 * for how far an object is from grey. */
static void search_quarter(const quarters *of, int64_t at, const float *colours)
{
    for (int64_t q = 0; of->logits && q < of->n_queries; q++) {
        const float *query = of->queries + (at / 4 * of->n_queries + q) * COLOURS;
        of->logits[at * of->n_queries + q] = 20.0F * cosine(colours, query) - 19.0F;
    }
    if (of->objectness) {
        const float most = fmaxf(colours[0], fmaxf(colours[1], colours[2]));
        const float least = fminf(colours[0], fminf(colours[1], colours[2]));
        of->objectness[at] = 10.0F * (most - least) - 5.0F;
    }
    if (of->boxes) {
        float *box = of->boxes + at * 4;
        box[0] = at % 2 ? 0.75F : 0.25F;
        box[1] = at % 4 / 2 ? 0.75F : 0.25F;
        box[2] = box[3] = 0.5F;
    }
    for (int64_t c = 0; c < COLOURS; c++) {
        if (of->image_embeds) {
            of->image_embeds[at * COLOURS + c] = colours[c];
        }
        if (of->class_embeds) {
            of->class_embeds[at * COLOURS + c] = colours[c];
        }
    }
}

static tyto_status search_run(const void *model, tyto_exec *exec, tyto_io *io, void *request)
{
    const quarters *of = request;
    const int64_t H = of->shape[2], W = of->shape[3];
    (void)model;
    (void)io;
    exec->stage = "quarters";
    for (int64_t at = 0; at < 4 * of->n; at++) {
        float colours[COLOURS];
        TYTO_TRY(tyto_exec_step(exec, at, 4 * of->n));
        for (int64_t c = 0; of->embeds && c < COLOURS; c++) {
            colours[c] = of->embeds[at * COLOURS + c];
        }
        if (of->pixels) {
            mean_colours(of->pixels + at / 4 * COLOURS * H * W, H, W, at % 4 / 2 * (H / 2),
                         at % 2 * (W / 2), H / 2, W / 2, colours);
        }
        search_quarter(of, at, colours);
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
    {.name = "ToyForColours.features", .declare = features_declare, .run = features_run},
    {.name = "ToyForColours.search", .declare = search_declare, .run = search_run},
};
static const tyto_family_classify classify = {
    .input = "pixel_values", .output = "logits", .classes = classes, .scores = scores};
static const tyto_family_similarity similarity = {.head = "ToyForColours.compare"};
static const tyto_family_embed embed = {.image_head = "ToyForColours.features"};
static const tyto_family_search search = {.head = "ToyForColours.search"};
static const tyto_family_tasks tasks = {
    .search = &search, .embed = &embed, .similarity = &similarity, .classify = &classify};

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
