#include "models/owlv2/heads.h"

#include "base/error.h"
#include "base/memory.h"
#include "models/owlv2/encoder.h"
#include "nn/boxes.h"
#include "nn/linear.h"
#include "nn/norm.h"
#include "nn/rows.h"

tyto_status tyto_owlv2_dense(tyto_exec *exec, const tyto_linear_weights *weights, const float *x,
                             int64_t rows, tyto_activation activation, float *y)
{
    return tyto_linear(exec, &(tyto_linear_args){.x = x,
                                                 .ldx = weights->weight.k,
                                                 .rows = rows,
                                                 .weight = &weights->weight,
                                                 .bias = weights->bias,
                                                 .activation = activation,
                                                 .y = y,
                                                 .ldy = weights->weight.n});
}

/* The three dense layers that boxes and objectness share in form: gelu after the first two. */
static tyto_status three_layers(tyto_exec *exec, const tyto_linear_weights *dense0,
                                const tyto_linear_weights *dense1,
                                const tyto_linear_weights *dense2, const float *features,
                                int64_t rows, float *out)
{
    const int64_t block = tyto_owlv2_rows_of_block(exec, &dense0->weight, rows);
    size_t mark = tyto_arena_mark(exec->arena);
    float *a, *b;
    TYTO_TRY(tyto_exec_floats(exec, block * dense0->weight.n, &a));
    TYTO_TRY(tyto_exec_floats(exec, block * dense1->weight.n, &b));
    for (int64_t at = 0; at < rows; at += block) {
        const float *x = features + at * dense0->weight.k;
        const int64_t n = tyto_min_i64(block, rows - at);
        TYTO_TRY(tyto_owlv2_dense(exec, dense0, x, n, TYTO_ACT_GELU, a));
        TYTO_TRY(tyto_owlv2_dense(exec, dense1, a, n, TYTO_ACT_GELU, b));
        TYTO_TRY(tyto_owlv2_dense(exec, dense2, b, n, TYTO_ACT_NONE, out + at * dense2->weight.n));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_image_features(const tyto_owlv2 *model, tyto_exec *exec, const float *hidden,
                                      int64_t patches, float *features)
{
    const int64_t D = model->config.vision.encoder.hidden_size;
    const float eps = (float)model->config.vision.encoder.layer_norm_eps;
    const tyto_norm_weights *post = &model->vision.post_norm, *norm = &model->feature_norm;
    size_t mark = tyto_arena_mark(exec->arena);
    float *class_token;
    exec->stage = "image features";
    TYTO_TRY(tyto_exec_floats(exec, D, &class_token));
    TYTO_TRY(tyto_layer_norm(exec, 1, D, hidden, post->gamma, post->beta, eps, class_token));
    TYTO_TRY(tyto_layer_norm(exec, patches, D, hidden + D, post->gamma, post->beta, eps, features));
    TYTO_TRY(tyto_multiply_rows(exec, patches, D, class_token, 0, features, D));
    TYTO_TRY(tyto_layer_norm(exec, patches, D, features, norm->gamma, norm->beta, eps, features));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_class_embeds(const tyto_owlv2 *model, tyto_exec *exec, const float *features,
                                    int64_t patches, float *embeds)
{
    exec->stage = "class head";
    TYTO_TRY(tyto_owlv2_dense(exec, &model->class_dense, features, patches, TYTO_ACT_NONE, embeds));
    return tyto_normalize_rows(exec, patches, model->config.projection_dim, embeds,
                               TYTO_OWLV2_LENGTH_EPSILON, embeds);
}

tyto_status tyto_owlv2_class_logits(const tyto_owlv2 *model, tyto_exec *exec, const float *features,
                                    int64_t patches, const float *embeds, const float *queries,
                                    int64_t count, int64_t stride, float *logits)
{
    const int64_t E = model->config.projection_dim;
    size_t mark = tyto_arena_mark(exec->arena);
    float *shift, *scale;
    TYTO_TRY(tyto_exec_floats(exec, patches, &shift));
    TYTO_TRY(tyto_exec_floats(exec, patches, &scale));
    TYTO_TRY(tyto_owlv2_dense(exec, &model->class_shift, features, patches, TYTO_ACT_NONE, shift));
    TYTO_TRY(tyto_owlv2_dense(exec, &model->class_scale, features, patches, TYTO_ACT_NONE, scale));
    TYTO_TRY(tyto_elu_plus_one(exec, patches, scale));
    TYTO_TRY(tyto_matmul_nt(exec, patches, count, E, embeds, E, queries, E, logits, stride));
    TYTO_TRY(tyto_shift_scale_rows(exec, patches, count, shift, scale, logits, stride));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_predict_boxes(const tyto_owlv2 *model, tyto_exec *exec,
                                     const float *features, const tyto_owlv2_window *window,
                                     float *boxes)
{
    const int64_t P = tyto_owlv2_window_patches(window);
    size_t mark = tyto_arena_mark(exec->arena);
    float *biases;
    exec->stage = "box head";
    TYTO_TRY(three_layers(exec, &model->box_dense0, &model->box_dense1, &model->box_dense2,
                          features, P, boxes));
    TYTO_TRY(tyto_exec_floats(exec, P * 4, &biases));
    tyto_box_biases(window->rows, window->columns, window->grid_rows, window->grid_columns, biases);
    TYTO_TRY(tyto_add_rows(exec, P, 4, biases, 4, boxes, 4));
    TYTO_TRY(tyto_sigmoid(exec, P * 4, boxes));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

tyto_status tyto_owlv2_predict_objectness(const tyto_owlv2 *model, tyto_exec *exec,
                                          const float *features, int64_t patches, float *logits)
{
    exec->stage = "objectness head";
    return three_layers(exec, &model->objectness_dense0, &model->objectness_dense1,
                        &model->objectness_dense2, features, patches, logits);
}
