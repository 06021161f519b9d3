/* Grids that are resized, against Keys' cubic written out. */
#include "nn/bicubic.h"
#include "support/operators.h"

enum { HEIGHT = 5, WIDTH = 4, D = 3 };

/* Keys' cubic at a distance. */
static double cubic(double t)
{
    const double a = -0.75, d = fabs(t);
    return d <= 1.0   ? (a + 2.0) * d * d * d - (a + 3.0) * d * d + 1.0
           : d <= 2.0 ? a * d * d * d - 5.0 * a * d * d + 8.0 * a * d - 4.0 * a
                      : 0.0;
}

static int64_t within(int64_t i, int64_t length)
{
    return i < 0 ? 0 : i < length ? i : length - 1;
}

/* Channel d at sample (r,c) of x resized to rows × columns. */
static double resized(const float *x, int64_t rows, int64_t columns, int64_t r, int64_t c,
                      int64_t d)
{
    const double y = ((double)r + 0.5) * HEIGHT / (double)rows - 0.5,
                 along = ((double)c + 0.5) * WIDTH / (double)columns - 0.5;
    double sum = 0.0;
    for (int64_t i = -3; i < HEIGHT + 3; i++) {
        for (int64_t j = -3; j < WIDTH + 3; j++) {
            sum += cubic(y - (double)i) * cubic(along - (double)j) *
                   (double)x[(within(i, HEIGHT) * WIDTH + within(j, WIDTH)) * D + d];
        }
    }
    return sum;
}

static void check_grid(tyto_exec *exec, const float *x, int64_t grid_rows, int64_t grid_columns,
                       int64_t rows, int64_t columns)
{
    float *y = aligned_zeros((size_t)(rows * columns * D) * sizeof(float));
    RUN(exec, tyto_bicubic(exec, &(tyto_bicubic_args){.x = x,
                                                      .height = HEIGHT,
                                                      .width = WIDTH,
                                                      .channels = D,
                                                      .grid_rows = grid_rows,
                                                      .grid_columns = grid_columns,
                                                      .y = y,
                                                      .rows = rows,
                                                      .columns = columns}));
    for (int64_t i = 0; i < rows * columns * D; i++) {
        const double wanted =
            resized(x, grid_rows, grid_columns, i / D / columns, i / D % columns, i % D);
        if (!is_close((double)y[i], wanted, 1e-6)) {
            fail_msg("%lldx%lld: y[%lld]: got %.9g, required %.9g", (long long)grid_rows,
                     (long long)grid_columns, (long long)i, (double)y[i], wanted);
        }
    }
    free(y);
}

static void check(tyto_exec *exec)
{
    stream numbers = {11};
    float x[HEIGHT * WIDTH * D];
    fill_floats(&numbers, x, HEIGHT * WIDTH * D);
    check_grid(exec, x, HEIGHT, WIDTH, HEIGHT, WIDTH);
    check_grid(exec, x, 13, 9, 13, 9);
    check_grid(exec, x, 13, 9, 6, 2);
    check_grid(exec, x, 2, 3, 2, 3);
    check_grid(exec, x, 1, 1, 1, 1);
}

static void grids_are_resized(void **state)
{
    (void)state;
    for_each_exec(check);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(grids_are_resized)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
