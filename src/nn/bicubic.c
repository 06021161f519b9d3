#include "nn/bicubic.h"

#include <math.h>

#include "base/error.h"
#include "base/memory.h"

/* The free parameter of Keys' cubic convolution. */
#define CUBIC (-0.75)
#define TAPS 4

/* Where the four neighbours of a sample lie in a line, and their weights. */
typedef struct taps {
    int64_t places[TAPS];
    float weights[TAPS];
} taps;

/* The cubic up to 1 … */
static double near_weight(double t)
{
    return ((CUBIC + 2.0) * t - (CUBIC + 3.0)) * t * t + 1.0;
}

/* … and from 1 to 2. */
static double far_weight(double t)
{
    return ((CUBIC * t - 5.0 * CUBIC) * t + 8.0 * CUBIC) * t - 4.0 * CUBIC;
}

/* Sample `s` of `count` of a line of `length`. */
static taps sample(int64_t s, int64_t count, int64_t length)
{
    const double x = ((double)s + 0.5) * (double)length / (double)count - 0.5, t = x - floor(x);
    const int64_t first = (int64_t)floor(x) - 1;
    taps out = {.weights = {(float)far_weight(t + 1.0), (float)near_weight(t),
                            (float)near_weight(1.0 - t), (float)far_weight(2.0 - t)}};
    for (int64_t k = 0; k < TAPS; k++) {
        out.places[k] = tyto_min_i64(tyto_max_i64(first + k, 0), length - 1);
    }
    return out;
}

/* y[count] = the weighted sum of four rows, `stride` apart. */
static void blend(const taps *taken, const float *rows, int64_t stride, int64_t count, float *y)
{
    const float *a = rows + taken->places[0] * stride, *b = rows + taken->places[1] * stride,
                *c = rows + taken->places[2] * stride, *d = rows + taken->places[3] * stride;
    for (int64_t i = 0; i < count; i++) {
        y[i] = taken->weights[0] * a[i] + taken->weights[1] * b[i] + taken->weights[2] * c[i] +
               taken->weights[3] * d[i];
    }
}

tyto_status tyto_bicubic(tyto_exec *exec, const tyto_bicubic_args *args)
{
    const int64_t D = args->channels, W = args->width;
    size_t mark = tyto_arena_mark(exec->arena);
    float *line;
    TYTO_TRY(tyto_exec_floats(exec, W * D, &line));
    for (int64_t r = 0; r < args->rows; r++) {
        const taps down = sample(r, args->grid_rows, args->height);
        blend(&down, args->x, W * D, W * D, line);
        for (int64_t c = 0; c < args->columns; c++) {
            const taps along = sample(c, args->grid_columns, W);
            blend(&along, line, D, D, args->y + (r * args->columns + c) * D);
        }
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
