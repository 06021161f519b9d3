#include "tasks/shortcuts.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "processors/image/image_processor.h"
#include "runtime/session.h"
#include "tasks/offer.h"

/* Pixels of a patch's side, and patches of the checkpoint's own pictures; false: it has none. */
static bool patches_of(const tyto_model *model, int64_t *side_px, int64_t *grid)
{
    const tyto_architecture *architecture = model->architecture;
    if (!architecture->patches || !architecture->tasks->search ||
        architecture->tasks->search->window_grid_max == 0) {
        return false;
    }
    architecture->patches(model->network, side_px, grid);
    return true;
}

tyto_status tyto_session_use_shortcuts(tyto_session *session, const tyto_shortcuts *shortcuts,
                                       tyto_error *err)
{
    int64_t patch_px, grid;
    if (!shortcuts) {
        session->shortcuts = (tyto_shortcuts){0};
        return TYTO_OK;
    }
    if (!patches_of(session->model, &patch_px, &grid)) {
        tyto_buffer classes;
        tyto_buffer_init(&classes, TYTO_REGISTRY_LIST_BYTES);
        tyto_offer_classes(TYTO_TASK_SEARCH, &classes);
        tyto_fail(err, TYTO_E_UNSUPPORTED, "shortcuts: got a model without %s, required one",
                  classes.failed ? "windows" : classes.data);
        tyto_buffer_clear(&classes);
        return TYTO_E_UNSUPPORTED;
    }
    const int64_t side = shortcuts->input_px;
    if (side != 0) {
        const bool truncated = shortcuts->positions == TYTO_POSITIONS_TRUNCATED;
        const int64_t grid_max = session->model->architecture->tasks->search->window_grid_max;
        const int64_t most = (truncated ? grid : grid_max) * patch_px;
        if (side < patch_px || side > tyto_min_i64(most, TYTO_PROCESSOR_SIDE_MAX)) {
            return tyto_fail(err, TYTO_E_RANGE, "input size: got %lld, required %lld to %lld%s",
                             (long long)side, (long long)patch_px,
                             (long long)tyto_min_i64(most, TYTO_PROCESSOR_SIDE_MAX),
                             truncated ? " (truncated positions)" : "");
        }
        if (side % patch_px != 0) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "input size: got %lld, required a multiple of %lld (patch_size)",
                             (long long)side, (long long)patch_px);
        }
    }
    session->shortcuts = *shortcuts;
    return TYTO_OK;
}

bool tyto_takes_shortcuts(const tyto_session *session)
{
    return session->shortcuts.skip_padding || session->shortcuts.input_px != 0;
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

tyto_status tyto_view_by_shortcuts(tyto_session *session, const tyto_image *image, tyto_view *out,
                                   tyto_error *err)
{
    const tyto_shortcuts *how = &session->shortcuts;
    const tyto_image_processor *own = session->processor;
    int64_t patch_px, grid;
    if (!own || !patches_of(session->model, &patch_px, &grid)) {
        return tyto_view_of_image(session, image, out, err);
    }
    if (!own->do_resize) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "shortcuts: the image processor doesn't resize, required one that does");
    }
    tyto_image_processor processor = *own;
    if (how->input_px != 0) {
        processor.width = processor.height = how->input_px;
    }
    const int64_t rows = processor.height / patch_px, columns = processor.width / patch_px,
                  longer = tyto_max_i64(image->width_px, image->height_px);
    if (how->input_px == 0 && (rows != grid || columns != grid)) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "image processor: got %lldx%lld pixels, required %lld patches of %lld a "
                         "side, or an input size among the shortcuts",
                         (long long)processor.width, (long long)processor.height, (long long)grid,
                         (long long)patch_px);
    }
    session->processor = &processor;
    const tyto_status status = tyto_view_of_image(session, image, out, err);
    session->processor = own;
    TYTO_TRY(status);
    out->is_part = true;
    out->interpolated = how->input_px != 0 && how->positions == TYTO_POSITIONS_INTERPOLATED;
    out->patch_grid[0] = rows;
    out->patch_grid[1] = columns;
    if (how->skip_padding && processor.do_pad) {
        int64_t *shape = out->tensor.shape;
        const int64_t h = patch_px * count_patches(image->height_px, longer, rows),
                      w = patch_px * count_patches(image->width_px, longer, columns);
        keep_top_left(session->pixels, shape[2], shape[3], h, w);
        shape[2] = h;
        shape[3] = w;
    }
    return TYTO_OK;
}
