#include "models/owlv2/contrastive.h"

#include <math.h>

#include "base/error.h"
#include "models/owlv2/heads.h"
#include "nn/linear.h"
#include "nn/norm.h"

#define TEXT "text_model_output"
#define VISION "vision_model_output"

tyto_status tyto_owlv2_texts_read(tyto_io *io, tyto_owlv2_texts *out)
{
    int64_t shape[2] = {-1, -1};
    const void *ids, *mask = NULL;
    TYTO_TRY(tyto_io_input(io, "input_ids", TYTO_I64, 2, shape, &ids));
    if (tyto_io_has(io, "attention_mask")) {
        TYTO_TRY(tyto_io_input(io, "attention_mask", TYTO_U8, 2, shape, &mask));
    }
    *out = (tyto_owlv2_texts){.ids = ids, .mask = mask, .n = shape[0], .tokens = shape[1]};
    return TYTO_OK;
}

tyto_status tyto_owlv2_texts_pool(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                                  const char *prefix, const tyto_owlv2_texts *texts, float **pooled)
{
    const int64_t D = model->config.text.encoder.hidden_size;
    char name[TYTO_IO_NAME_BYTES];
    tyto_io_name(name, prefix, "pooler_output");
    TYTO_TRY(
        tyto_io_output(io, TYTO_OUTPUT_DEFAULT, name, 2, (const int64_t[]){texts->n, D}, pooled));
    if (!*pooled) {
        TYTO_TRY(tyto_exec_floats(exec, texts->n * D, pooled));
    }
    return tyto_owlv2_text_forward(&model->text, exec, io, prefix, texts->ids, texts->mask,
                                   texts->n, texts->tokens, *pooled);
}

tyto_status tyto_owlv2_texts_project(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                                     const char *prefix, const tyto_owlv2_texts *texts,
                                     float *features)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *pooled;
    TYTO_TRY(tyto_owlv2_texts_pool(model, exec, io, prefix, texts, &pooled));
    TYTO_TRY(
        tyto_owlv2_dense(exec, &model->text_projection, pooled, texts->n, TYTO_ACT_NONE, features));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_text_features_forward(const void *model, tyto_exec *exec, tyto_io *io)
{
    const tyto_owlv2 *owlv2 = model;
    const int64_t E = owlv2->config.projection_dim;
    tyto_owlv2_texts texts;
    float *features;
    TYTO_TRY(tyto_owlv2_texts_read(io, &texts));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "text_features", 2,
                            (const int64_t[]){texts.n, E}, &features));
    if (!features) {
        TYTO_TRY(tyto_exec_floats(exec, texts.n * E, &features));
    }
    return tyto_owlv2_texts_project(owlv2, exec, io, TEXT, &texts, features);
}

tyto_status tyto_owlv2_text_model_forward(const void *model, tyto_exec *exec, tyto_io *io)
{
    tyto_owlv2_texts texts;
    float *pooled;
    TYTO_TRY(tyto_owlv2_texts_read(io, &texts));
    return tyto_owlv2_texts_pool(model, exec, io, "", &texts, &pooled);
}

/* Where the pooled class tokens of pictures go, and all of their tokens, normalised the same way.
 */
typedef struct pooling {
    const tyto_owlv2 *model;
    float *pooled; /* [B,D] */
    float *base;   /* [B,T,D] or NULL */
} pooling;

static tyto_status pool_some(void *context, tyto_exec *exec, int64_t first, int64_t n,
                             float *hidden)
{
    const pooling *to = context;
    const tyto_owlv2_vision *vision = &to->model->vision;
    const int64_t D = vision->config.encoder.hidden_size, G = tyto_owlv2_grid(&vision->config),
                  T = G * G + 1;
    for (int64_t i = 0; i < n; i++) {
        TYTO_TRY(tyto_layer_norm(
            exec, 1, D, hidden + i * T * D, vision->post_norm.gamma, vision->post_norm.beta,
            (float)vision->config.encoder.layer_norm_eps, to->pooled + (first + i) * D));
    }
    if (to->base) {
        TYTO_TRY(tyto_layer_norm(
            exec, n * T, D, hidden, vision->post_norm.gamma, vision->post_norm.beta,
            (float)vision->config.encoder.layer_norm_eps, to->base + first * T * D));
    }
    return TYTO_OK;
}

/* pooled[B,D] through the image tower. */
static tyto_status pool_pictures(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                                 const char *prefix, const tyto_owlv2_pictures *pictures,
                                 float *base, float **pooled)
{
    const int64_t D = model->config.vision.encoder.hidden_size;
    TYTO_TRY(tyto_exec_floats(exec, pictures->batch * D, pooled));
    pooling to = {model, *pooled, base};
    return tyto_owlv2_vision_forward(&model->vision, exec, io, prefix, pictures, pool_some, &to);
}

/* features[B,E] = visual_projection(pooled); base[B,T,D] or NULL: all tokens before that */
static tyto_status project_pictures(const tyto_owlv2 *model, tyto_exec *exec, tyto_io *io,
                                    const tyto_owlv2_pictures *pictures, float *base,
                                    float *features)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *pooled;
    TYTO_TRY(pool_pictures(model, exec, io, VISION, pictures, base, &pooled));
    TYTO_TRY(tyto_owlv2_dense(exec, &model->visual_projection, pooled, pictures->batch,
                              TYTO_ACT_NONE, features));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_image_features_forward(const void *model, tyto_exec *exec, tyto_io *io)
{
    const tyto_owlv2 *owlv2 = model;
    const int64_t E = owlv2->config.projection_dim;
    tyto_owlv2_pictures pictures;
    float *features;
    TYTO_TRY(tyto_owlv2_pictures_read(&owlv2->vision, io, "pixel_values", &pictures));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "image_features", 2,
                            (const int64_t[]){pictures.batch, E}, &features));
    if (!features) {
        TYTO_TRY(tyto_exec_floats(exec, pictures.batch * E, &features));
    }
    return project_pictures(owlv2, exec, io, &pictures, NULL, features);
}

tyto_status tyto_owlv2_vision_model_forward(const void *model, tyto_exec *exec, tyto_io *io)
{
    const tyto_owlv2 *owlv2 = model;
    tyto_owlv2_pictures pictures;
    TYTO_TRY(tyto_owlv2_pictures_read(&owlv2->vision, io, "pixel_values", &pictures));
    return tyto_owlv2_vision_forward(&owlv2->vision, exec, io, "", &pictures, NULL, NULL);
}

/* −log softmax of logits[0], logits[step], … at index `target` */
static double cross_entropy(const float *logits, int64_t n, int64_t step, int64_t target)
{
    double most = -INFINITY, sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        most = fmax(most, (double)logits[i * step]);
    }
    for (int64_t i = 0; i < n; i++) {
        sum += exp((double)logits[i * step] - most);
    }
    return log(sum) + most - (double)logits[target * step];
}

/* Mean cross-entropy of matching text i with picture i, both ways.
 * source  owlv2_loss */
static float contrastive_loss(const float *logits_per_text, int64_t n)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        sum += cross_entropy(logits_per_text + i * n, n, 1, i);
        sum += cross_entropy(logits_per_text + i, n, n, i);
    }
    return (float)(sum / (2.0 * (double)n));
}

/* Outputs of Owlv2Model besides those of the towers. */
typedef struct similarity {
    int64_t texts, pictures;
    float *loss, *per_image, *per_text, *text_embeds, *image_embeds;
} similarity;

static tyto_status declare_similarity(tyto_io *io, int64_t E, similarity *to)
{
    const int64_t N = to->texts, B = to->pictures;
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_ON_REQUEST, "loss", 0, NULL, &to->loss));
    if (to->loss && N != B) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "loss: got %lld texts and %lld pictures, required as many of each",
                         (long long)N, (long long)B);
    }
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits_per_image", 2, (const int64_t[]){B, N},
                            &to->per_image));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits_per_text", 2, (const int64_t[]){N, B},
                            &to->per_text));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "text_embeds", 2, (const int64_t[]){N, E},
                            &to->text_embeds));
    return tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "image_embeds", 2, (const int64_t[]){B, E},
                          &to->image_embeds);
}

/* base_image_embeds[B,T,D]: what the reference gives as image_embeds with return_base_image_embeds.
 */
static tyto_status declare_base(const tyto_owlv2 *model, tyto_io *io, int64_t batch, float **base)
{
    const int64_t G = tyto_owlv2_grid(&model->vision.config);
    const int64_t shape[] = {batch, G * G + 1, model->config.vision.encoder.hidden_size};
    return tyto_io_output(io, TYTO_OUTPUT_ON_REQUEST, "base_image_embeds", 3, shape, base);
}

/* *memory stays when it is an output, else becomes scratch. */
static tyto_status need(tyto_exec *exec, int64_t count, float **memory)
{
    return *memory ? TYTO_OK : tyto_exec_floats(exec, count, memory);
}

/* logits_per_text[N,B] = exp(logit_scale) · cosine, and its transpose */
static tyto_status compare(const tyto_owlv2 *model, tyto_exec *exec, const similarity *to)
{
    const int64_t N = to->texts, B = to->pictures, E = model->config.projection_dim;
    TYTO_TRY(
        tyto_matmul_nt(exec, N, B, E, to->text_embeds, E, to->image_embeds, E, to->per_text, B));
    if (tyto_exec_planning(exec)) {
        return TYTO_OK;
    }
    const float scale = expf(*model->logit_scale);
    for (int64_t i = 0; i < N * B; i++) {
        to->per_text[i] *= scale;
        if (to->per_image) {
            to->per_image[i % B * N + i / B] = to->per_text[i];
        }
    }
    if (to->loss) {
        *to->loss = contrastive_loss(to->per_text, N);
    }
    return TYTO_OK;
}

/* One side of the comparison: *embeds[n,E] of an earlier run, at length 1 already; or none. */
static tyto_status take_embeds(tyto_io *io, const char *name, int64_t E, int64_t *n,
                               const float **embeds)
{
    int64_t shape[2] = {TYTO_IO_ANY, E};
    const void *given = NULL;
    if (tyto_io_has(io, name)) {
        TYTO_TRY(tyto_io_input(io, name, TYTO_F32, 2, shape, &given));
        *n = shape[0];
    }
    *embeds = given;
    return TYTO_OK;
}

/* to[n,E] = unit vectors along the embeddings given, or along what `to` holds. */
static tyto_status make_unit(tyto_exec *exec, int64_t n, int64_t E, const float *given, float *to)
{
    return tyto_normalize_rows(exec, n, E, given ? given : to, 0.0f, to);
}

tyto_status tyto_owlv2_contrastive_forward(const void *model, tyto_exec *exec, tyto_io *io)
{
    const tyto_owlv2 *owlv2 = model;
    const int64_t E = owlv2->config.projection_dim;
    const bool has_texts = tyto_io_has(io, "text_embeds"),
               has_pictures = tyto_io_has(io, "image_embeds");
    tyto_owlv2_texts texts;
    tyto_owlv2_pictures pictures;
    const float *text_embeds, *image_embeds;
    similarity to = {.texts = 0};
    TYTO_TRY(take_embeds(io, "text_embeds", E, &to.texts, &text_embeds));
    TYTO_TRY(take_embeds(io, "image_embeds", E, &to.pictures, &image_embeds));
    if (!has_texts) {
        TYTO_TRY(tyto_owlv2_texts_read(io, &texts));
        to.texts = texts.n;
    }
    if (!has_pictures) {
        TYTO_TRY(tyto_owlv2_pictures_read(&owlv2->vision, io, "pixel_values", &pictures));
        to.pictures = pictures.batch;
    }
    TYTO_TRY(declare_similarity(io, E, &to));
    TYTO_TRY(need(exec, to.texts * E, &to.text_embeds));
    TYTO_TRY(need(exec, to.pictures * E, &to.image_embeds));
    TYTO_TRY(need(exec, to.texts * to.pictures, &to.per_text));
    if (!has_texts) {
        TYTO_TRY(tyto_owlv2_texts_project(owlv2, exec, io, TEXT, &texts, to.text_embeds));
    }
    if (!has_pictures) {
        float *base;
        TYTO_TRY(declare_base(owlv2, io, pictures.batch, &base));
        TYTO_TRY(project_pictures(owlv2, exec, io, &pictures, base, to.image_embeds));
    }
    TYTO_TRY(make_unit(exec, to.texts, E, has_texts ? text_embeds : NULL, to.text_embeds));
    TYTO_TRY(make_unit(exec, to.pictures, E, has_pictures ? image_embeds : NULL, to.image_embeds));
    return compare(owlv2, exec, &to);
}
