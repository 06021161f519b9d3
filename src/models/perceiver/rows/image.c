#include "models/perceiver/rows/image.h"

#include "base/error.h"
#include "base/memory.h"
#include "nn/convolution.h"
#include "nn/rows.h"

/* The stem: 7×7 convolution by 2, then the largest of 3×3 by 2. */
#define STEM_KERNEL 7
#define STEM_PADDING 3
#define STEM_STRIDE 2
#define POOL_KERNEL 3
#define POOL_STRIDE 2
#define BATCH_NORM_EPS 1e-5f

static int64_t ceil_div(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static tyto_status wrong(const tyto_io *io, const char *name, const char *what, int64_t got,
                         const char *required, int64_t number)
{
    return tyto_fail(io->err, TYTO_E_SHAPE, "input '%s': %s: got %lld, required %s %lld", name,
                     what, (long long)got, required, (long long)number);
}

static tyto_status read_values(const tyto_perceiver_preprocessor *part, tyto_io *io,
                               const char *name, int *rank, tyto_perceiver_input *out)
{
    int64_t shape[5] = {-1, -1, -1, -1, -1};
    const bool convolved =
        part->prep == TYTO_PERCEIVER_PREP_CONV || part->prep == TYTO_PERCEIVER_PREP_CONV1X1;
    *rank = tyto_io_rank(io, name) == 5 && !convolved ? 5 : 4;
    if (convolved) {
        shape[1] = part->in_channels;
    }
    TYTO_TRY(tyto_io_input(io, name, TYTO_F32, *rank, shape, &out->values));
    const int64_t *inner = shape + *rank - 3;
    out->batch = shape[0];
    out->blocks.frames = *rank == 5 ? shape[1] : 1;
    out->blocks.planes = inner[0];
    out->blocks.height = inner[1];
    out->blocks.width = inner[2];
    for (int i = 0; i < 5; i++) {
        if (shape[i] > TYTO_PERCEIVER_SIZE_MAX) {
            return wrong(io, name, "a size", shape[i], "at most", TYTO_PERCEIVER_SIZE_MAX);
        }
    }
    return TYTO_OK;
}

/* Takes every s-th pixel of a video. Of a picture it takes every s-th batch element and channel
 * instead, as the reference's slice does. */
static void set_pixels(const tyto_perceiver_preprocessor *part, int rank, tyto_perceiver_input *out)
{
    const int64_t s = part->spatial_downsample;
    if (rank == 4) {
        out->batch = ceil_div(out->batch, s);
        out->batch_step = out->blocks.plane_step = s;
    } else {
        out->blocks.frame_step = part->temporal_downsample;
        out->blocks.space_step = s;
    }
}

static tyto_status set_patches(const tyto_perceiver_preprocessor *part, const tyto_io *io,
                               const char *name, int rank, tyto_perceiver_input *out)
{
    const int64_t s = part->spatial_downsample, t = rank == 5 ? part->temporal_downsample : 1;
    if (out->blocks.height % s != 0 || out->blocks.width % s != 0) {
        return wrong(io, name, out->blocks.height % s ? "height" : "width",
                     out->blocks.height % s ? out->blocks.height : out->blocks.width,
                     "a multiple of", s);
    }
    if (out->blocks.frames % t != 0) {
        return wrong(io, name, "frames", out->blocks.frames, "a multiple of", t);
    }
    out->blocks.frame_step = out->blocks.frame_block = t;
    out->blocks.space_step = out->blocks.space_block = s;
    return TYTO_OK;
}

/* Size of the convolution's maps before they are pooled. */
static int64_t stem_count(int64_t pixels)
{
    return tyto_window_count(pixels, STEM_KERNEL, STEM_STRIDE, STEM_PADDING);
}

static tyto_status set_maps(const tyto_perceiver_preprocessor *part, const tyto_io *io,
                            const char *name, tyto_perceiver_input *out)
{
    const int64_t H = stem_count(out->blocks.height), W = stem_count(out->blocks.width);
    out->content = part->out_channels;
    out->blocks.grid[1] = tyto_window_count(H, POOL_KERNEL, POOL_STRIDE, 0);
    out->blocks.grid[2] = tyto_window_count(W, POOL_KERNEL, POOL_STRIDE, 0);
    if (out->blocks.grid[1] == 0 || out->blocks.grid[2] == 0) {
        return wrong(io, name, "pixels of a side",
                     tyto_min_i64(out->blocks.height, out->blocks.width), "at least",
                     POOL_KERNEL * STEM_STRIDE - 1);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_image_start(tyto_perceiver_input *input, tyto_exec *exec)
{
    const tyto_perceiver_preprocessor *part = input->part;
    const int64_t H = stem_count(input->blocks.height), W = stem_count(input->blocks.width),
                  C = part->out_channels,
                  each = part->in_channels * input->blocks.height * input->blocks.width,
                  pooled = input->blocks.grid[1] * input->blocks.grid[2] * C;
    float *wide;
    if (part->prep != TYTO_PERCEIVER_PREP_CONV) {
        return TYTO_OK;
    }
    exec->stage = "inputs";
    TYTO_TRY(tyto_exec_floats(exec, input->batch * pooled, &input->maps));
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, H * W * C, &wide));
    for (int64_t b = 0; b < input->batch; b++) {
        TYTO_TRY(tyto_exec_step(exec, b, input->batch));
        TYTO_TRY(tyto_convolution(
            exec, &(tyto_convolution_args){.x = (const float *)input->values + b * each,
                                           .channels = part->in_channels,
                                           .height = input->blocks.height,
                                           .width = input->blocks.width,
                                           .kernel = STEM_KERNEL,
                                           .stride = STEM_STRIDE,
                                           .padding = STEM_PADDING,
                                           .weight = &part->convolution.weight,
                                           .y = wide}));
        if (part->batchnorm) {
            TYTO_TRY(
                tyto_batch_norm(exec, &(tyto_batch_norm_args){.rows = H * W,
                                                              .channels = C,
                                                              .mean = part->running_mean,
                                                              .variance = part->running_variance,
                                                              .gamma = part->batch_norm.gamma,
                                                              .beta = part->batch_norm.beta,
                                                              .eps = BATCH_NORM_EPS,
                                                              .activation = TYTO_ACT_RELU,
                                                              .x = wide}));
        } else {
            TYTO_TRY(tyto_activate(exec, TYTO_ACT_RELU, H * W * C, wide));
        }
        TYTO_TRY(
            tyto_max_pool(exec, wide, H, W, C, POOL_KERNEL, POOL_STRIDE, input->maps + b * pooled));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

/* Says what the content of a row is: a block's numbers, or a product of them. */
static tyto_status set_content(const tyto_perceiver_preprocessor *part, const tyto_io *io,
                               const char *name, tyto_perceiver_input *out)
{
    const int64_t values = tyto_blocks_channels(&out->blocks);
    const bool after = part->prep == TYTO_PERCEIVER_PREP_PATCHES && part->conv_after_patching;
    out->content = values;
    if (after && values != part->conv_after_patching_in_channels) {
        return wrong(io, name, "values of a patch", values,
                     "conv_after_patching_in_channels, that is",
                     part->conv_after_patching_in_channels);
    }
    if (after || part->prep == TYTO_PERCEIVER_PREP_CONV1X1) {
        out->raw = values;
        out->content = part->out_channels;
    }
    out->blocks.grid[0] = ceil_div(out->blocks.frames, out->blocks.frame_step);
    out->blocks.grid[1] = ceil_div(out->blocks.height, out->blocks.space_step);
    out->blocks.grid[2] = ceil_div(out->blocks.width, out->blocks.space_step);
    return TYTO_OK;
}

tyto_status tyto_perceiver_image_prepare(const tyto_perceiver_preprocessor *part, tyto_io *io,
                                         const char *name, tyto_perceiver_input *out)
{
    int rank;
    TYTO_TRY(read_values(part, io, name, &rank, out));
    out->batch_step = out->blocks.frame_step = out->blocks.plane_step = out->blocks.space_step = 1;
    out->blocks.frame_block = out->blocks.space_block = out->blocks.grid[0] = 1;
    switch (part->prep) {
    case TYTO_PERCEIVER_PREP_CONV:
        TYTO_TRY(set_maps(part, io, name, out));
        break;
    case TYTO_PERCEIVER_PREP_CONV1X1:
        out->blocks.space_step = part->spatial_downsample;
        TYTO_TRY(set_content(part, io, name, out));
        break;
    case TYTO_PERCEIVER_PREP_PATCHES:
        TYTO_TRY(set_patches(part, io, name, rank, out));
        TYTO_TRY(set_content(part, io, name, out));
        break;
    case TYTO_PERCEIVER_PREP_PIXELS:
        set_pixels(part, rank, out);
        TYTO_TRY(set_content(part, io, name, out));
        break;
    }
    if (!tyto_mul_i64(out->blocks.grid[1] * out->blocks.grid[2], out->blocks.grid[0], &out->rows) ||
        out->rows > TYTO_PERCEIVER_POSITIONS_MAX) {
        return wrong(io, name, "positions", out->blocks.grid[1] * out->blocks.grid[2], "at most",
                     TYTO_PERCEIVER_POSITIONS_MAX);
    }
    /* A video whose patches are all of one step in time has positions of a picture. */
    const bool timeless =
        rank == 4 || (part->prep == TYTO_PERCEIVER_PREP_PATCHES && out->blocks.grid[0] == 1);
    return tyto_perceiver_positions_prepare(&part->position, name, timeless ? 2 : 3,
                                            out->blocks.grid + (timeless ? 1 : 0), false,
                                            &out->positions, io->err);
}

tyto_status tyto_perceiver_image_raw(const tyto_perceiver_input *input, tyto_exec *exec, int64_t b,
                                     int64_t first, int64_t n, float *out, int64_t stride)
{
    const tyto_blocks *blocks = &input->blocks;
    const int64_t element = blocks->frames * blocks->planes * blocks->height * blocks->width;
    return tyto_block_rows(exec, blocks,
                           (const float *)input->values + b * input->batch_step * element, first, n,
                           out, stride);
}

tyto_status tyto_perceiver_image_content(const tyto_perceiver_input *input, tyto_exec *exec,
                                         int64_t b, int64_t first, int64_t n, float *out,
                                         int64_t stride)
{
    size_t mark = tyto_arena_mark(exec->arena);
    float *raw;
    if (input->part->prep == TYTO_PERCEIVER_PREP_CONV) {
        const float *maps = input->maps + (b * input->rows + first) * input->content;
        return tyto_copy_rows(exec, n, input->content, maps, input->content, out, stride);
    }
    if (input->raw == 0) {
        return tyto_perceiver_image_raw(input, exec, b, first, n, out, stride);
    }
    TYTO_TRY(tyto_exec_floats(exec, n * input->raw, &raw));
    TYTO_TRY(tyto_perceiver_image_raw(input, exec, b, first, n, raw, input->raw));
    TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = raw,
                                                   .ldx = input->raw,
                                                   .rows = n,
                                                   .weight = &input->part->content.weight,
                                                   .bias = input->part->content.bias,
                                                   .y = out,
                                                   .ldy = stride}));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
