#include "models/owlv2/window.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Weights of a sample's four neighbours: Keys' cubic convolution with this free parameter. */
#define CUBIC (-0.75)
#define TAPS 4

tyto_owlv2_window tyto_owlv2_window_whole(const tyto_owlv2_vision_config *config)
{
    const int64_t G = tyto_owlv2_grid(config);
    return (tyto_owlv2_window){.rows = G, .columns = G, .grid_rows = G, .grid_columns = G};
}

static tyto_status read_grid(tyto_io *io, tyto_owlv2_window *window)
{
    int64_t shape[1] = {2};
    const void *given;
    TYTO_TRY(tyto_io_input(io, "patch_grid", TYTO_I64, 1, shape, &given));
    window->grid_rows = ((const int64_t *)given)[0];
    window->grid_columns = ((const int64_t *)given)[1];
    if (window->rows > window->grid_rows || window->columns > window->grid_columns) {
        return tyto_fail(
            io->err, TYTO_E_SHAPE,
            "input 'patch_grid': got %lldx%lld, required at least the pixels' %lldx%lld",
            (long long)window->grid_rows, (long long)window->grid_columns, (long long)window->rows,
            (long long)window->columns);
    }
    return TYTO_OK;
}

static tyto_status check_grid(const tyto_owlv2_window *window, int64_t G, tyto_io *io)
{
    const int64_t most = window->interpolated ? TYTO_OWLV2_GRID_MAX : G;
    if (window->grid_rows > most || window->grid_columns > most) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "input 'patch_grid': got %lldx%lld, required at most %lldx%lld (%s)",
                         (long long)window->grid_rows, (long long)window->grid_columns,
                         (long long)most, (long long)most,
                         window->interpolated ? "interpolate_pos_encoding" : "image_size");
    }
    return TYTO_OK;
}

tyto_status tyto_owlv2_window_read(const tyto_owlv2_vision_config *config, tyto_io *io,
                                   const char *name, bool windows, int64_t height, int64_t width,
                                   tyto_owlv2_window *out)
{
    const int64_t P = config->patch_size, G = tyto_owlv2_grid(config);
    const bool part = windows && tyto_io_has(io, "patch_grid"),
               resized = windows && tyto_io_has(io, "interpolate_pos_encoding");
    const void *given;
    *out = (tyto_owlv2_window){height / P, width / P, height / P, width / P, false};
    if (resized) {
        TYTO_TRY(tyto_io_input(io, "interpolate_pos_encoding", TYTO_I64, 0, NULL, &given));
        out->interpolated = *(const int64_t *)given != 0;
    }
    if (!part && !out->interpolated) {
        if (out->rows * out->columns != G * G) {
            return tyto_fail(io->err, TYTO_E_SHAPE,
                             "input '%s': got %lldx%lld pixels, required %lldx%lld (image_size)",
                             name, (long long)height, (long long)width,
                             (long long)config->image_size, (long long)config->image_size);
        }
        *out = tyto_owlv2_window_whole(config);
        return TYTO_OK;
    }
    if (out->rows < 1 || out->columns < 1) {
        return tyto_fail(io->err, TYTO_E_SHAPE,
                         "input '%s': got %lldx%lld pixels, required a patch of %lldx%lld", name,
                         (long long)height, (long long)width, (long long)P, (long long)P);
    }
    if (part) {
        TYTO_TRY(read_grid(io, out));
    }
    return check_grid(out, G, io);
}

/* Where a sample of a resized line lies among the old ones, and their weights. */
typedef struct taps {
    int64_t at[TAPS];
    float weights[TAPS];
} taps;

static double near_weight(double x)
{
    return ((CUBIC + 2.0) * x - (CUBIC + 3.0)) * x * x + 1.0;
}

static double far_weight(double x)
{
    return ((CUBIC * x - 5.0 * CUBIC) * x + 8.0 * CUBIC) * x - 4.0 * CUBIC;
}

static taps sample(int64_t i, int64_t count, int64_t from)
{
    const double x = ((double)i + 0.5) * (double)from / (double)count - 0.5, t = x - floor(x);
    const int64_t first = (int64_t)floor(x) - 1;
    taps out = {.weights = {(float)far_weight(t + 1.0), (float)near_weight(t),
                            (float)near_weight(1.0 - t), (float)far_weight(2.0 - t)}};
    for (int64_t k = 0; k < TAPS; k++) {
        out.at[k] = tyto_min_i64(tyto_max_i64(first + k, 0), from - 1);
    }
    return out;
}

/* out[count] = the weighted sum of four rows, `stride` apart. */
static void blend(const taps *taken, const float *rows, int64_t stride, int64_t count, float *out)
{
    const float *a = rows + taken->at[0] * stride, *b = rows + taken->at[1] * stride,
                *c = rows + taken->at[2] * stride, *d = rows + taken->at[3] * stride;
    for (int64_t i = 0; i < count; i++) {
        out[i] = taken->weights[0] * a[i] + taken->weights[1] * b[i] + taken->weights[2] * c[i] +
                 taken->weights[3] * d[i];
    }
}

tyto_status tyto_owlv2_positions(const tyto_owlv2_vision_config *config, tyto_exec *exec,
                                 const float *embedding, const tyto_owlv2_window *window,
                                 float *out)
{
    const int64_t D = config->encoder.hidden_size, G = tyto_owlv2_grid(config);
    const float *patches = embedding + D;
    size_t mark = tyto_arena_mark(exec->arena);
    float *line;
    TYTO_TRY(tyto_exec_floats(exec, G * D, &line));
    for (int64_t y = 0; y < window->rows; y++) {
        float *to = out + y * window->columns * D;
        if (!window->interpolated) {
            memcpy(to, patches + y * G * D, (size_t)(window->columns * D) * sizeof(float));
            continue;
        }
        const taps down = sample(y, window->grid_rows, G);
        blend(&down, patches, G * D, G * D, line);
        for (int64_t x = 0; x < window->columns; x++) {
            const taps along = sample(x, window->grid_columns, G);
            blend(&along, line, D, D, to + x * D);
        }
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
