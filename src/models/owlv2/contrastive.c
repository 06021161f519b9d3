#include "models/owlv2/contrastive.h"

#include <math.h>

#include "base/error.h"
#include "models/owlv2/heads.h"
#include "nn/linear.h"
#include "nn/loss.h"
#include "nn/norm.h"
#include "nn/rows.h"

#define TEXT "text_model_output"
#define VISION "vision_model_output"

tyto_status tyto_owlv2_texts_project(const tyto_owlv2 *model, tyto_exec *exec,
                                     const tyto_owlv2_texts *texts, float *features)
{
    float *pooled = texts->states.pooled;
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_need(exec, texts->n * model->config.text.encoder.hidden_size, &pooled));
    TYTO_TRY(tyto_owlv2_texts_run(&model->text, exec, texts, pooled));
    TYTO_TRY(
        tyto_owlv2_dense(exec, &model->text_projection, pooled, texts->n, TYTO_ACT_NONE, features));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* One run of get_text_features. */
typedef struct text_features {
    tyto_owlv2_texts texts;
    float *features; /* [n,E], or NULL */
} text_features;

tyto_status tyto_owlv2_text_features_declare(const void *model, tyto_exec *exec, tyto_io *io,
                                             void **request)
{
    const tyto_owlv2 *owlv2 = model;
    TYTO_TRY(tyto_exec_take(exec, 1, sizeof(text_features), request));
    text_features *run = *request;
    TYTO_TRY(tyto_owlv2_texts_read(io, &run->texts));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "text_features", 2,
                            (const int64_t[]){run->texts.n, owlv2->config.projection_dim},
                            &run->features));
    return tyto_owlv2_texts_declare(&owlv2->text, exec, io, TEXT, &run->texts);
}

tyto_status tyto_owlv2_text_features_run(const void *model, tyto_exec *exec, tyto_io *io,
                                         void *request)
{
    (void)io;
    const tyto_owlv2 *owlv2 = model;
    text_features *run = request;
    TYTO_TRY(tyto_exec_need(exec, run->texts.n * owlv2->config.projection_dim, &run->features));
    return tyto_owlv2_texts_project(owlv2, exec, &run->texts, run->features);
}

tyto_status tyto_owlv2_text_model_declare(const void *model, tyto_exec *exec, tyto_io *io,
                                          void **request)
{
    const tyto_owlv2 *owlv2 = model;
    TYTO_TRY(tyto_exec_take(exec, 1, sizeof(tyto_owlv2_texts), request));
    TYTO_TRY(tyto_owlv2_texts_read(io, *request));
    return tyto_owlv2_texts_declare(&owlv2->text, exec, io, "", *request);
}

tyto_status tyto_owlv2_text_model_run(const void *model, tyto_exec *exec, tyto_io *io,
                                      void *request)
{
    (void)io;
    const tyto_owlv2 *owlv2 = model;
    const tyto_owlv2_texts *texts = request;
    float *pooled = texts->states.pooled;
    TYTO_TRY(tyto_exec_need(exec, texts->n * owlv2->config.text.encoder.hidden_size, &pooled));
    return tyto_owlv2_texts_run(&owlv2->text, exec, texts, pooled);
}

/* Where the pooled class tokens of pictures go, and all of their tokens, normalised the same way.
 */
typedef struct pooling {
    const tyto_owlv2_vision *vision;
    int64_t tokens;
    float *pooled; /* [B,D] */
    float *base;   /* [B,tokens,D] or NULL */
} pooling;

static tyto_status pool_some(void *context, tyto_exec *exec, int64_t first, int64_t n,
                             const float *hidden)
{
    const pooling *run = context;
    const tyto_norm_weights *norm = &run->vision->post_norm;
    const int64_t D = run->vision->config.encoder.hidden_size, T = run->tokens;
    TYTO_TRY(tyto_owlv2_pictures_pool(run->vision, exec, hidden, n, T, run->pooled + first * D));
    return run->base ? tyto_layer_norm(exec, n * T, D, hidden, norm->gamma, norm->beta,
                                       (float)run->vision->config.encoder.layer_norm_eps,
                                       run->base + first * T * D)
                     : TYTO_OK;
}

/* features[B,E] = visual_projection(pooled); base[B,T,D] or NULL: all tokens before that */
static tyto_status project_pictures(const tyto_owlv2 *model, tyto_exec *exec,
                                    const tyto_owlv2_pictures *pictures, float *base,
                                    float *features)
{
    pooling run = {.vision = &model->vision,
                   .tokens = tyto_owlv2_window_patches(&pictures->window) + 1,
                   .base = base};
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, pictures->batch * model->config.vision.encoder.hidden_size,
                              &run.pooled));
    TYTO_TRY(tyto_owlv2_pictures_run(&model->vision, exec, pictures, pool_some, &run));
    TYTO_TRY(tyto_owlv2_dense(exec, &model->visual_projection, run.pooled, pictures->batch,
                              TYTO_ACT_NONE, features));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* One run of get_image_features. */
typedef struct image_features {
    tyto_owlv2_pictures pictures;
    float *features; /* [B,E], or NULL */
} image_features;

tyto_status tyto_owlv2_image_features_declare(const void *model, tyto_exec *exec, tyto_io *io,
                                              void **request)
{
    const tyto_owlv2 *owlv2 = model;
    TYTO_TRY(tyto_exec_take(exec, 1, sizeof(image_features), request));
    image_features *run = *request;
    TYTO_TRY(tyto_owlv2_pictures_read(&owlv2->vision, io, "pixel_values", false, &run->pictures));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "image_features", 2,
                            (const int64_t[]){run->pictures.batch, owlv2->config.projection_dim},
                            &run->features));
    return tyto_owlv2_pictures_declare(&owlv2->vision, exec, io, VISION, &run->pictures);
}

tyto_status tyto_owlv2_image_features_run(const void *model, tyto_exec *exec, tyto_io *io,
                                          void *request)
{
    (void)io;
    const tyto_owlv2 *owlv2 = model;
    image_features *run = request;
    TYTO_TRY(
        tyto_exec_need(exec, run->pictures.batch * owlv2->config.projection_dim, &run->features));
    return project_pictures(owlv2, exec, &run->pictures, NULL, run->features);
}

tyto_status tyto_owlv2_vision_model_declare(const void *model, tyto_exec *exec, tyto_io *io,
                                            void **request)
{
    const tyto_owlv2 *owlv2 = model;
    TYTO_TRY(tyto_exec_take(exec, 1, sizeof(tyto_owlv2_pictures), request));
    TYTO_TRY(tyto_owlv2_pictures_read(&owlv2->vision, io, "pixel_values", false, *request));
    return tyto_owlv2_pictures_declare(&owlv2->vision, exec, io, "", *request);
}

tyto_status tyto_owlv2_vision_model_run(const void *model, tyto_exec *exec, tyto_io *io,
                                        void *request)
{
    (void)io;
    const tyto_owlv2 *owlv2 = model;
    return tyto_owlv2_pictures_run(&owlv2->vision, exec, request, NULL, NULL);
}

/* One run of Owlv2Model. Outputs that nobody wants are NULL. */
typedef struct similarity {
    int64_t n_texts, n_pictures;
    tyto_owlv2_texts texts;                         /* … or */
    const float *given_texts;                       /* [N,E] of an earlier run */
    tyto_owlv2_pictures pictures;                   /* … or */
    const float *given_pictures;                    /* [B,E] */
    float *loss, *per_image, *per_text;             /* scalar, [B,N], [N,B] */
    float *text_embeds, *image_embeds, *base_image; /* [N,E], [B,E], [B,T,D] */
} similarity;

static tyto_status declare_similarity(tyto_io *io, int64_t E, similarity *run)
{
    const int64_t N = run->n_texts, B = run->n_pictures;
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_ON_REQUEST, "loss", 0, NULL, &run->loss));
    if (run->loss && N != B) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "loss: got %lld texts and %lld pictures, required as many of each",
                         (long long)N, (long long)B);
    }
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits_per_image", 2, (const int64_t[]){B, N},
                            &run->per_image));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "logits_per_text", 2, (const int64_t[]){N, B},
                            &run->per_text));
    TYTO_TRY(tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "text_embeds", 2, (const int64_t[]){N, E},
                            &run->text_embeds));
    return tyto_io_output(io, TYTO_OUTPUT_DEFAULT, "image_embeds", 2, (const int64_t[]){B, E},
                          &run->image_embeds);
}

/* base_image_embeds[B,T,D]: what the reference gives as image_embeds with return_base_image_embeds.
 */
static tyto_status declare_base(const tyto_owlv2 *model, tyto_io *io, int64_t batch, float **base)
{
    const int64_t G = tyto_owlv2_grid(&model->vision.config);
    const int64_t shape[] = {batch, G * G + 1, model->config.vision.encoder.hidden_size};
    return tyto_io_output(io, TYTO_OUTPUT_ON_REQUEST, "base_image_embeds", 3, shape, base);
}

/* One side of the comparison: *embeds[n,E] of an earlier run, or none. */
static tyto_status read_embeds(tyto_io *io, const char *name, int64_t E, int64_t *n,
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

static tyto_status read_sides(const tyto_owlv2 *model, tyto_io *io, similarity *run)
{
    const int64_t E = model->config.projection_dim;
    TYTO_TRY(read_embeds(io, "text_embeds", E, &run->n_texts, &run->given_texts));
    TYTO_TRY(read_embeds(io, "image_embeds", E, &run->n_pictures, &run->given_pictures));
    if (!run->given_texts) {
        TYTO_TRY(tyto_owlv2_texts_read(io, &run->texts));
        run->n_texts = run->texts.n;
    }
    if (!run->given_pictures) {
        TYTO_TRY(
            tyto_owlv2_pictures_read(&model->vision, io, "pixel_values", false, &run->pictures));
        run->n_pictures = run->pictures.batch;
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_contrastive_declare(const void *model, tyto_exec *exec, tyto_io *io,
                                           void **request)
{
    const tyto_owlv2 *owlv2 = model;
    TYTO_TRY(tyto_exec_take(exec, 1, sizeof(similarity), request));
    similarity *run = *request;
    *run = (similarity){0};
    TYTO_TRY(read_sides(owlv2, io, run));
    TYTO_TRY(declare_similarity(io, owlv2->config.projection_dim, run));
    if (!run->given_texts) {
        TYTO_TRY(tyto_owlv2_texts_declare(&owlv2->text, exec, io, TEXT, &run->texts));
    }
    if (!run->given_pictures) {
        TYTO_TRY(declare_base(owlv2, io, run->n_pictures, &run->base_image));
        TYTO_TRY(tyto_owlv2_pictures_declare(&owlv2->vision, exec, io, VISION, &run->pictures));
    }
    return TYTO_OK;
}

/* logits_per_text[N,B] = exp(logit_scale) · cosine, and its transpose */
static tyto_status compare(const tyto_owlv2 *model, tyto_exec *exec, const similarity *run)
{
    const int64_t N = run->n_texts, B = run->n_pictures, E = model->config.projection_dim;
    TYTO_TRY(
        tyto_matmul_nt(exec, N, B, E, run->text_embeds, E, run->image_embeds, E, run->per_text, B));
    TYTO_TRY(tyto_scale(exec, N * B, expf(*model->logit_scale), run->per_text));
    if (run->per_image) {
        TYTO_TRY(tyto_transpose(exec, N, B, run->per_text, B, run->per_image, N));
    }
    return run->loss ? tyto_contrastive_loss(exec, N, run->per_text, run->loss) : TYTO_OK;
}

tyto_status tyto_owlv2_contrastive_run(const void *model, tyto_exec *exec, tyto_io *io,
                                       void *request)
{
    (void)io;
    const tyto_owlv2 *owlv2 = model;
    similarity *run = request;
    const int64_t N = run->n_texts, B = run->n_pictures, E = owlv2->config.projection_dim;
    TYTO_TRY(tyto_exec_need(exec, N * E, &run->text_embeds));
    TYTO_TRY(tyto_exec_need(exec, B * E, &run->image_embeds));
    TYTO_TRY(tyto_exec_need(exec, N * B, &run->per_text));
    const float *texts = run->given_texts, *pictures = run->given_pictures;
    if (!texts) {
        TYTO_TRY(tyto_owlv2_texts_project(owlv2, exec, &run->texts, run->text_embeds));
        texts = run->text_embeds;
    }
    if (!pictures) {
        TYTO_TRY(project_pictures(owlv2, exec, &run->pictures, run->base_image, run->image_embeds));
        pictures = run->image_embeds;
    }
    TYTO_TRY(tyto_normalize_rows(exec, N, E, texts, 0.0f, run->text_embeds));
    TYTO_TRY(tyto_normalize_rows(exec, B, E, pictures, 0.0f, run->image_embeds));
    return compare(owlv2, exec, run);
}
