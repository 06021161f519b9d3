#include "models/owlv2/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "models/owlv2/choose.h"
#include "models/owlv2/contrastive.h"
#include "models/owlv2/detection.h"
#include "models/owlv2/image_guided.h"
#include "models/owlv2/tasks.h"

/* Each line of params.def as a request to the binder. */
#define NORMAL(deviation) tyto_initial_normal(deviation)
#define TORCH(inputs) tyto_initial_linear(inputs)
#define CONSTANT(value) tyto_initial_constant(value)
#define RSQRT(n) (1.0 / sqrt((double)(n)))
#define FLOATS(field, name, initial, ...)                                                          \
    tyto_binder_initial(binder, initial);                                                          \
    tyto_binder_floats(binder, &fields->field, name, (const int64_t[4]){__VA_ARGS__}, #__VA_ARGS__);
#define SCALAR(field, name, initial)                                                               \
    tyto_binder_initial(binder, initial);                                                          \
    tyto_binder_floats(binder, &fields->field, name, (const int64_t[4]){0}, "a scalar");
#define TABLE(field, name, rows, columns, initial)                                                 \
    tyto_binder_initial(binder, initial);                                                          \
    tyto_binder_table(binder, &fields->field, name, rows, columns, #rows ", " #columns);
#define NORM(field, name, columns)                                                                 \
    tyto_binder_norm(binder, &fields->field, name, columns, #columns);
#define PRODUCT(field, name, out, in, kernel, bias, initial)                                       \
    tyto_binder_initial(binder, initial);                                                          \
    tyto_binder_linear(binder, &fields->field, (const char *const[]){name, NULL},                  \
                       (const int64_t[]){out}, in, kernel, bias, #out ", " #in);
#define LINEAR(field, name, out, in, initial) PRODUCT(field, name, out, in, 0, true, initial)
#define EXACT(field, name, out, in, initial)                                                       \
    tyto_binder_initial(binder, initial);                                                          \
    tyto_binder_exact(binder, &fields->field, name, out, in, #out ", " #in);
#define PROJECTION(field, name, out, in, initial) PRODUCT(field, name, out, in, 0, false, initial)
#define CONVOLUTION(field, name, out, in, kernel, initial)                                         \
    PRODUCT(field, name, out, in, kernel, false, initial)
#define FUSED(field, out, in, initial, name1, name2, name3)                                        \
    tyto_binder_initial(binder, initial);                                                          \
    tyto_binder_linear(binder, &fields->field, (const char *const[]){name1, name2, name3, NULL},   \
                       (const int64_t[]){out, out, out}, in, 0, true, #out ", " #in);

static void bind_layers(tyto_binder *binder, tyto_owlv2_layer *layers,
                        const tyto_owlv2_encoder_config *config, double factor, const char *prefix)
{
    const int64_t D = config->hidden_size, F = config->intermediate_size,
                  N = config->num_hidden_layers;
    const double S = factor;
    for (int64_t i = 0; i < N; i++) {
        tyto_owlv2_layer *fields = &layers[i];
        tyto_binder_prefix(binder, "%sencoder.layers.%lld.", prefix, (long long)i);
#define TYTO_OWLV2_LAYER
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_LAYER
    }
}

static void bind_text(tyto_binder *binder, tyto_owlv2_text *fields, double factor, const char *base)
{
    char prefix[64];
    snprintf(prefix, sizeof(prefix), "%stext_model.", base);
    const int64_t D = fields->config.encoder.hidden_size, V = fields->config.vocab_size,
                  L = fields->config.max_position_embeddings;
    const double S = factor;
    tyto_binder_prefix(binder, "%s", prefix);
    tyto_binder_ignore(binder, "embeddings.position_ids");
#define TYTO_OWLV2_TEXT
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_TEXT
    bind_layers(binder, fields->layers, &fields->config.encoder, factor, prefix);
}

static void bind_vision(tyto_binder *binder, tyto_owlv2_vision *fields, double factor,
                        const char *base)
{
    char prefix[64];
    snprintf(prefix, sizeof(prefix), "%svision_model.", base);
    const int64_t D = fields->config.encoder.hidden_size, C = fields->config.num_channels,
                  P = fields->config.patch_size, G = tyto_owlv2_grid(&fields->config);
    const double S = factor, R = fields->config.initializer_range;
    tyto_binder_prefix(binder, "%s", prefix);
    tyto_binder_ignore(binder, "embeddings.position_ids");
#define TYTO_OWLV2_VISION
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_VISION
    bind_layers(binder, fields->layers, &fields->config.encoder, factor, prefix);
}

static void bind_base(tyto_binder *binder, tyto_owlv2 *fields, const char *base)
{
    const int64_t T = fields->config.text.encoder.hidden_size,
                  I = fields->config.vision.encoder.hidden_size, E = fields->config.projection_dim;
    tyto_binder_prefix(binder, "%s", base);
#define TYTO_OWLV2_BASE
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_BASE
}

static void bind_detection(tyto_binder *binder, tyto_owlv2 *fields)
{
    const int64_t T = fields->config.text.encoder.hidden_size,
                  I = fields->config.vision.encoder.hidden_size;
    tyto_binder_prefix(binder, "%s", "");
    tyto_binder_ignore(binder, "box_bias");
#define TYTO_OWLV2_DETECTION
#include "models/owlv2/params.def"
#undef TYTO_OWLV2_DETECTION
}

static void close_model(void *model)
{
    tyto_owlv2 *owlv2 = model;
    if (owlv2) {
        free(owlv2->text.layers);
        free(owlv2->vision.layers);
        free(owlv2);
    }
}

/* What a checkpoint holds. */
typedef enum part { TEXT = 1, VISION = 2, BASE = 4, DETECTION = 8 } part;

static tyto_status read_config(const tyto_model_source *source, int parts, tyto_owlv2 *model,
                               tyto_error *err)
{
    tyto_owlv2_config *config = &model->config;
    if (!(parts & BASE)) {
        /* A tower by itself; its file has no nested dicts. */
        TYTO_TRY(parts & TEXT ? tyto_owlv2_text_config_read(source->config, source->config_name,
                                                            &config->text, err)
                              : tyto_owlv2_vision_config_read(source->config, source->config_name,
                                                              &config->vision, err));
    } else {
        TYTO_TRY(tyto_owlv2_config_read(source->config, source->config_name, config, err));
    }
    if (parts & DETECTION && config->projection_dim != config->text.encoder.hidden_size) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: projection_dim: got %lld, required text_config.hidden_size (%lld), "
                         "since detection compares the two",
                         source->config_name, (long long)config->projection_dim,
                         (long long)config->text.encoder.hidden_size);
    }
    model->text.config = config->text;
    model->vision.config = config->vision;
    return TYTO_OK;
}

/* Asks for all that the parts are made of; false when memory is out. */
static bool bind_parts(tyto_binder *binder, int parts, tyto_owlv2 *model)
{
    const char *base = parts & DETECTION ? "owlv2." : "";
    /* A whole's own factor is set to 1 by Owlv2Config, whatever config.json says. */
    const double text_factor = parts & BASE ? 1.0 : model->config.text.encoder.initializer_factor,
                 vision_factor =
                     parts & BASE ? 1.0 : model->config.vision.encoder.initializer_factor;
    if (parts & TEXT) {
        model->text.layers = tyto_alloc_zeroed((size_t)model->config.text.encoder.num_hidden_layers,
                                               sizeof(tyto_owlv2_layer));
        if (!model->text.layers) {
            return false;
        }
        bind_text(binder, &model->text, text_factor, base);
    }
    if (parts & VISION) {
        model->vision.layers = tyto_alloc_zeroed(
            (size_t)model->config.vision.encoder.num_hidden_layers, sizeof(tyto_owlv2_layer));
        if (!model->vision.layers) {
            return false;
        }
        bind_vision(binder, &model->vision, vision_factor, base);
    }
    if (parts & BASE) {
        bind_base(binder, model, base);
    }
    if (parts & DETECTION) {
        bind_detection(binder, model);
    }
    return true;
}

static tyto_status open_parts(const tyto_model_source *source, int parts, void **out,
                              char **unexpected, tyto_error *err)
{
    tyto_binder *binder = NULL;
    tyto_status status = TYTO_OK;
    tyto_owlv2 *model = tyto_alloc_zeroed(1, sizeof(*model));
    if (!model) {
        return tyto_fail_memory(err, source->config_name);
    }
    TYTO_CHECK(read_config(source, parts, model, err));
    binder = tyto_binder_create(source->tensors, source->tensors_name, source->store,
                                source->kernels, source->pool);
    if (!binder || !bind_parts(binder, parts, model)) {
        status = tyto_fail_memory(err, source->config_name);
        goto cleanup;
    }
    TYTO_CHECK(tyto_binder_finish(binder, unexpected, err));
    *out = model;
    model = NULL;
cleanup:
    tyto_binder_destroy(binder);
    close_model(model);
    return status;
}

#define DETECTION_HEAD "Owlv2ForObjectDetection"

/* Detection of labels that are known already. */
static bool example(const void *model, const char *head, int64_t batch, int64_t queries,
                    tyto_example *out)
{
    const tyto_owlv2_config *config = &((const tyto_owlv2 *)model)->config;
    const int64_t side = config->vision.image_size;
    if (strcmp(head, DETECTION_HEAD) != 0) {
        return false;
    }
    *out = (tyto_example){
        .inputs = {{.name = "pixel_values",
                    .dtype = TYTO_F32,
                    .rank = 4,
                    .shape = {batch, config->vision.num_channels, side, side}},
                   {.name = "text_embeds",
                    .dtype = TYTO_F32,
                    .rank = 2,
                    .shape = {batch * queries, config->projection_dim}}},
        .n_inputs = 2,
        .wanted = {"logits", "objectness_logits", "pred_boxes"},
        .n_wanted = 3,
    };
    return true;
}

/* What a head takes of texts and pictures. */
enum { TEXTS = 1, PICTURES = 2, QUERY_PICTURES = 4 };

static void add_pictures(const tyto_owlv2_config *config, const char *name, int64_t batch,
                         tyto_example *out)
{
    const int64_t side = config->vision.image_size;
    out->inputs[out->n_inputs++] =
        (tyto_tensor){.name = name,
                      .dtype = TYTO_F32,
                      .rank = 4,
                      .shape = {batch, config->vision.num_channels, side, side}};
}

static bool signature(const void *model, const char *head, const tyto_sizes *sizes,
                      tyto_example *out)
{
    static const struct {
        const char *head;
        int takes;
    } known[] = {{DETECTION_HEAD, TEXTS | PICTURES},
                 {DETECTION_HEAD ".image_guided_detection", PICTURES | QUERY_PICTURES},
                 {DETECTION_HEAD ".embed_image_query", QUERY_PICTURES},
                 {"Owlv2Model", TEXTS | PICTURES},
                 {"Owlv2Model.get_text_features", TEXTS},
                 {"Owlv2Model.get_image_features", PICTURES},
                 {"Owlv2TextModel", TEXTS},
                 {"Owlv2VisionModel", PICTURES}};
    const tyto_owlv2_config *config = &((const tyto_owlv2 *)model)->config;
    int takes = 0;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        takes |= strcmp(known[i].head, head) == 0 ? known[i].takes : 0;
    }
    *out = (tyto_example){0};
    if (takes & TEXTS) {
        const int64_t n = sizes->batch * sizes->queries,
                      tokens = tyto_min_i64(sizes->tokens, config->text.max_position_embeddings);
        out->inputs[out->n_inputs++] =
            (tyto_tensor){.name = "input_ids", .dtype = TYTO_I64, .rank = 2, .shape = {n, tokens}};
        out->inputs[out->n_inputs++] = (tyto_tensor){
            .name = "attention_mask", .dtype = TYTO_I64, .rank = 2, .shape = {n, tokens}};
    }
    if (takes & PICTURES) {
        add_pictures(config, "pixel_values", sizes->batch, out);
    }
    if (takes & QUERY_PICTURES) {
        add_pictures(config, "query_pixel_values", sizes->batch, out);
    }
    return takes != 0;
}

static int64_t query_width(const void *model)
{
    return ((const tyto_owlv2 *)model)->config.projection_dim;
}

static void patches(const void *model, int64_t *side_px, int64_t *grid)
{
    const tyto_owlv2_vision_config *config = &((const tyto_owlv2 *)model)->config.vision;
    *side_px = config->patch_size;
    *grid = tyto_owlv2_grid(config);
}

/* Those of Owlv2Model follow those that need the detection heads; the towers' come last. */
#define HEAD(class_name, what)                                                                     \
    {                                                                                              \
        class_name, tyto_owlv2_##what##_declare, tyto_owlv2_##what##_run                           \
    }
static const tyto_head heads[] = {
    HEAD(DETECTION_HEAD, detection),
    HEAD("Owlv2ForObjectDetection.image_guided_detection", image_guided),
    HEAD("Owlv2ForObjectDetection.embed_image_query", embed_query),
    HEAD("Owlv2Model", contrastive),
    HEAD("Owlv2Model.get_text_features", text_features),
    HEAD("Owlv2Model.get_image_features", image_features),
    HEAD("Owlv2TextModel", text_model),
    HEAD("Owlv2VisionModel", vision_model),
};
#define HEADS (sizeof(heads) / sizeof(heads[0]))

#define ARCHITECTURE(what, type, class_name, first, count, parts)                                  \
    static tyto_status open_##what(const tyto_model_source *source, void **model,                  \
                                   char **unexpected, tyto_error *err)                             \
    {                                                                                              \
        return open_parts(source, parts, model, unexpected, err);                                  \
    }                                                                                              \
    const tyto_architecture tyto_owlv2_##what##_architecture = {                                   \
        .model_type = type,                                                                        \
        .default_head = class_name,                                                                \
        .tasks = &tyto_owlv2_##what##_tasks,                                                       \
        .heads = heads + (first),                                                                  \
        .n_heads = count,                                                                          \
        .open = open_##what,                                                                       \
        .close = close_model,                                                                      \
        .query_width = ((parts)&BASE) != 0 ? query_width : NULL,                                   \
        .patches = ((parts)&VISION) != 0 ? patches : NULL,                                         \
        .example = example,                                                                        \
        .signature = signature,                                                                    \
    };

ARCHITECTURE(detection, "owlv2", DETECTION_HEAD, 0, HEADS, TEXT | VISION | BASE | DETECTION)
ARCHITECTURE(base, "owlv2", "Owlv2Model", 3, HEADS - 3, TEXT | VISION | BASE)
ARCHITECTURE(text, "owlv2_text_model", "Owlv2TextModel", HEADS - 2, 1, TEXT)
ARCHITECTURE(vision, "owlv2_vision_model", "Owlv2VisionModel", HEADS - 1, 1, VISION)

static const tyto_architecture *const architectures[] = {
    &tyto_owlv2_detection_architecture, &tyto_owlv2_base_architecture,
    &tyto_owlv2_text_architecture, &tyto_owlv2_vision_architecture};
#define PUBLISHED(name)                                                                            \
    {                                                                                              \
        "google/owlv2-" name, "Owlv2ForObjectDetection"                                            \
    }
static const tyto_published published[] = {
    PUBLISHED("base-patch16-ensemble"),
    PUBLISHED("base-patch16"),
    PUBLISHED("base-patch16-finetuned"),
    PUBLISHED("large-patch14-ensemble"),
    PUBLISHED("large-patch14"),
    PUBLISHED("large-patch14-finetuned"),
    {0},
};
const tyto_family tyto_owlv2_family = {.architectures = architectures,
                                       .count = sizeof(architectures) / sizeof(architectures[0]),
                                       .published = published};
