/* How the network sees a photo: whole, or by the approximations that were asked for. */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "runtime/registry.h"
#include "tasks/search.h"

bool tyto_search_patches(const tyto_model *model, int64_t *side_px, int64_t *grid)
{
    const tyto_architecture *architecture = model->architecture;
    if (!architecture->patches || !architecture->tasks->search ||
        architecture->tasks->search->window_grid_max == 0) {
        return false;
    }
    architecture->patches(model->network, side_px, grid);
    return true;
}

static bool approximates(const tyto_search_options *options)
{
    return options->skip_padding || options->input_px != 0;
}

static bool has_windows(const tyto_architecture *architecture, const void *context)
{
    (void)context;
    return architecture->tasks->search && architecture->tasks->search->window_grid_max > 0;
}

static const char *class_name(const tyto_architecture *architecture)
{
    return architecture->default_head;
}

static tyto_status no_windows(tyto_error *err)
{
    tyto_buffer classes;
    tyto_buffer_init(&classes, TYTO_REGISTRY_LIST_BYTES);
    tyto_registry_list(&classes, has_windows, NULL, class_name);
    tyto_fail(err, TYTO_E_UNSUPPORTED, "shortcuts: got a model without %s, required one",
              classes.failed ? "windows" : classes.data);
    tyto_buffer_clear(&classes);
    return TYTO_E_UNSUPPORTED;
}

static tyto_status check_input_px(const tyto_search_options *options, int64_t patch_px,
                                  int64_t grid, int64_t grid_max, tyto_error *err)
{
    const int64_t side = options->input_px;
    const bool truncated = options->positions == TYTO_POSITIONS_TRUNCATED;
    const int64_t most =
        tyto_min_i64((truncated ? grid : grid_max) * patch_px, TYTO_PROCESSOR_SIDE_MAX);
    if (side < patch_px || side > most) {
        return tyto_fail(err, TYTO_E_RANGE, "input size: got %lld, required %lld to %lld%s",
                         (long long)side, (long long)patch_px, (long long)most,
                         truncated ? " (truncated positions)" : "");
    }
    if (side % patch_px != 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "input size: got %lld, required a multiple of %lld (patch_size)",
                         (long long)side, (long long)patch_px);
    }
    return TYTO_OK;
}

tyto_status tyto_search_check_options(const tyto_session *session,
                                      const tyto_search_options *options, tyto_error *err)
{
    const tyto_family_search *family;
    int64_t patch_px, grid;
    if (approximates(options)) {
        if (!tyto_search_patches(session->model, &patch_px, &grid)) {
            return no_windows(err);
        }
        if (options->input_px != 0) {
            TYTO_TRY(check_input_px(options, patch_px, grid,
                                    session->model->architecture->tasks->search->window_grid_max,
                                    err));
        }
    }
    TYTO_TRY(tyto_search_family(session, &family, err));
    if (options->tiles && options->boxes != TYTO_BOXES_IMAGE) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "tiles: got boxes as the reference scales them, required boxes of the "
                         "photo");
    }
    return TYTO_OK;
}

/* Patches that hold something of a photo of that length, of `grid` along the longer side. */
static int64_t count_patches(int64_t length, int64_t longer, int64_t grid)
{
    return (length * grid + longer - 1) / longer;
}

/* pixels[3,H,W] become [3,h,w], in place: their top left. */
static void keep_top_left(float *pixels, int64_t H, int64_t W, int64_t h, int64_t w)
{
    for (int64_t row = 0; row < 3 * h; row++) {
        const int64_t channel = row / h, y = row % h;
        memmove(pixels + row * w, pixels + (channel * H + y) * W, (size_t)w * sizeof(float));
    }
}

/* Changes the processor's size, and leaves patches out. */
static tyto_status approximate(const tyto_search_job *job, tyto_sight *sight, tyto_error *err)
{
    const tyto_search_options *options = &job->options;
    tyto_image_processor *processor = &sight->processor;
    int64_t patch_px, grid;
    if (!tyto_search_patches(job->session->model, &patch_px, &grid)) {
        return no_windows(err);
    }
    if (!processor->do_resize) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "shortcuts: the image processor doesn't resize, required one that does");
    }
    if (options->input_px != 0) {
        processor->width = processor->height = options->input_px;
    }
    const int64_t rows = processor->height / patch_px, columns = processor->width / patch_px;
    if (options->input_px == 0 && (rows != grid || columns != grid)) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "image processor: got %lldx%lld pixels, required %lld patches of %lld a "
                         "side, or an input size among the shortcuts",
                         (long long)processor->width, (long long)processor->height, (long long)grid,
                         (long long)patch_px);
    }
    sight->windowed = true;
    sight->interpolated =
        options->input_px != 0 && options->positions == TYTO_POSITIONS_INTERPOLATED;
    sight->patch_grid[0] = rows;
    sight->patch_grid[1] = columns;
    return TYTO_OK;
}

/* Once the processor's output is known: what remains of it without the padding. */
static void leave_padding_out(const tyto_search_job *job, tyto_sight *sight)
{
    int64_t patch_px, grid;
    if (!job->options.skip_padding || !sight->padded ||
        !tyto_search_patches(job->session->model, &patch_px, &grid)) {
        return;
    }
    const int64_t longer = tyto_max_i64(sight->width_px, sight->height_px);
    sight->tensor.shape[2] =
        patch_px * count_patches(sight->height_px, longer, sight->patch_grid[0]);
    sight->tensor.shape[3] =
        patch_px * count_patches(sight->width_px, longer, sight->patch_grid[1]);
}

tyto_status tyto_sight_plan(const tyto_search_job *job, int64_t width_px, int64_t height_px,
                            tyto_sight *out, tyto_error *err)
{
    const tyto_image_processor *processor;
    TYTO_TRY(tyto_picture_processor(job->session, job->options.processor, &processor, err));
    *out = (tyto_sight){.width_px = width_px,
                        .height_px = height_px,
                        .padded = processor->do_pad,
                        .processor = *processor};
    if (approximates(&job->options)) {
        TYTO_TRY(approximate(job, out, err));
    }
    tyto_image_processor_shape(&out->processor, width_px, height_px, out->full);
    out->tensor = (tyto_tensor){.name = "pixel_values",
                                .dtype = TYTO_F32,
                                .rank = 4,
                                .shape = {1, out->full[0], out->full[1], out->full[2]}};
    leave_padding_out(job, out);
    return TYTO_OK;
}

tyto_status tyto_sight_read(const tyto_search_job *job, const tyto_sight *sight,
                            const tyto_image *image, float *pixels, tyto_error *err)
{
    const int64_t *shape = sight->tensor.shape, *full = sight->full;
    TYTO_TRY(
        tyto_image_processor_run_on(&sight->processor, job->session->pool, image, pixels, err));
    if (shape[2] != full[1] || shape[3] != full[2]) {
        keep_top_left(pixels, full[1], full[2], shape[2], shape[3]);
    }
    return TYTO_OK;
}
