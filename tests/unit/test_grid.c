/* Attention of and to positions on a grid against its formula: whole grids, pieces of them, and
 * points in any order; and the norm that goes with it. */
#include "base/error.h"
#include "nn/gather.h"
#include "nn/grid.h"
#include "nn/norm.h"
#include "support/operators.h"

enum { KEYS = 37, D = 3, V = 11, MOST = 700 };

/* Tables of a grid with up to three axes. */
typedef struct tables {
    tyto_grid grid;
    float outer[2][40 * KEYS];
    float last[KEYS * 200];
    int64_t positions;
} tables;

static void make_tables(const tyto_kernels *kernels, int rank, const int64_t *dims, tables *to)
{
    stream numbers = {(uint64_t)(dims[0] + rank)};
    memset(to, 0, sizeof(*to));
    to->grid.rank = rank;
    to->positions = 1;
    for (int a = 0; a < rank; a++) {
        to->grid.dims[a] = dims[a];
        to->positions *= dims[a];
        if (a < rank - 1) {
            fill_floats(&numbers, to->outer[a], dims[a] * KEYS);
            to->grid.outer[a] = to->outer[a];
        }
    }
    to->grid.stride = tyto_grid_stride(kernels, dims[rank - 1]);
    assert_true(to->grid.stride <= 200);
    for (int64_t j = 0; j < KEYS; j++) {
        fill_floats(&numbers, to->last + j * to->grid.stride, dims[rank - 1]);
    }
    to->grid.last = to->last;
}

/* What the tables add for a position and a key. */
static double entry(const tyto_grid *grid, int64_t at, int64_t key)
{
    const int64_t W = grid->dims[grid->rank - 1];
    double sum = (double)grid->last[key * grid->stride + at % W];
    at /= W;
    for (int a = grid->rank - 2; a >= 0; a--) {
        sum += (double)grid->outer[a][at % grid->dims[a] * KEYS + key];
        at /= grid->dims[a];
    }
    return sum;
}

static void check_queries(tyto_exec *exec, const tables *with, int64_t first,
                          const int64_t *indices, int64_t n)
{
    static float q[MOST * (D + 1)], factor[MOST], k[KEYS * D], v[KEYS * V], out[MOST * (V + 2)];
    stream numbers = {7};
    fill_floats(&numbers, q, n * (D + 1));
    fill_floats(&numbers, factor, n);
    fill_floats(&numbers, k, KEYS * D);
    fill_floats(&numbers, v, KEYS * V);
    float *strips = malloc((size_t)tyto_grid_strips_floats(exec, KEYS, V) * sizeof(float));
    assert_non_null(strips);
    tyto_grid_strips(exec, KEYS, V, v, V, strips);
    const tyto_grid_attention_args args = {.grid = &with->grid,
                                           .first = first,
                                           .indices = indices,
                                           .queries = n,
                                           .keys = KEYS,
                                           .qk_channels = D,
                                           .v_channels = V,
                                           .q = q,
                                           .factor = factor,
                                           .k = k,
                                           .ldq = D + 1,
                                           .ldk = D,
                                           .strips = strips,
                                           .out = out,
                                           .ldo = V + 2};
    RUN(exec, tyto_grid_attention(exec, &args));
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = indices ? indices[i] : first + i;
        double weights[KEYS], sum = 0.0;
        for (int64_t j = 0; j < KEYS; j++) {
            double score = (double)factor[i] * entry(&with->grid, at, j);
            for (int d = 0; d < D; d++) {
                score += (double)q[i * (D + 1) + d] * (double)k[j * D + d];
            }
            weights[j] = exp2(score);
            sum += weights[j];
        }
        for (int c = 0; c < V; c++) {
            double wanted = 0.0;
            for (int64_t j = 0; j < KEYS; j++) {
                wanted += weights[j] / sum * (double)v[j * V + c];
            }
            const bool exact = exec->precision == TYTO_PRECISION_FP32;
            if (!is_close((double)out[i * (V + 2) + c], wanted, exact ? 1e-6 : 0x1p-7)) {
                fail_msg("%s: query %lld at %lld, channel %d: got %.9g, required %.9g",
                         exec->kernels->name, (long long)i, (long long)at, c,
                         (double)out[i * (V + 2) + c], wanted);
            }
        }
    }
    free(strips);
}

static void check_grid(tyto_exec *exec, int rank, const int64_t *dims)
{
    static tables with;
    static int64_t points[MOST];
    stream numbers = {11};
    make_tables(exec->kernels, rank, dims, &with);
    check_queries(exec, &with, 0, NULL, with.positions);
    check_queries(exec, &with, with.positions / 3, NULL, with.positions / 2);
    check_queries(exec, &with, with.positions - 1, NULL, 1);
    for (int i = 0; i < MOST; i++) {
        points[i] = next_int(&numbers, 0, (int)with.positions - 1);
    }
    check_queries(exec, &with, 0, points, MOST);
    for (int64_t i = 0; i < with.positions; i++) {
        points[i] = i;
    }
    check_queries(exec, &with, 0, points + with.positions / 4, with.positions / 2);
}

static void check_grids(tyto_exec *exec)
{
    check_grid(exec, 1, (const int64_t[]){137});
    check_grid(exec, 2, (const int64_t[]){9, 67});
    check_grid(exec, 2, (const int64_t[]){40, 3}); /* more lines than vectors */
    check_grid(exec, 3, (const int64_t[]){3, 5, 33});
    check_grid(exec, 3, (const int64_t[]){1, 1, 1});
}

static void check_rounded_grids(tyto_exec *exec)
{
    exec->precision = TYTO_PRECISION_BF16;
    check_grid(exec, 1, (const int64_t[]){137});
    check_grid(exec, 3, (const int64_t[]){3, 5, 33});
}

static void positions_attend(void **state)
{
    (void)state;
    for_each_exec(check_grids);
    for_each_exec(check_rounded_grids);
}

/* Most that a table's entries are multiplied with. */
#define FACTOR 8.0f

/* Inputs of two kinds: on a grid with two axes, and without one. */
enum { LINES = 7, WIDTH = 150, INPUTS = LINES * WIDTH, OTHERS = 60, OTHER_D = 9, QUERIES = 101 };

typedef struct inputs {
    float q[QUERIES * D], other_q[QUERIES * OTHER_D];
    float tables[2][WIDTH * QUERIES];
    float x[INPUTS * (D + 1)], factor[INPUTS], other_x[OTHERS * OTHER_D];
} inputs;

static double dot_product(int n, const float *a, const float *b)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        sum += (double)a[i] * (double)b[i];
    }
    return sum;
}

/* wanted[D + LINES + WIDTH + OTHER_D] of one query. */
static void gather_plainly(const inputs *from, int query, double *wanted)
{
    enum { ALL = D + LINES + WIDTH + OTHER_D };
    double sum = 0.0;
    memset(wanted, 0, ALL * sizeof(*wanted));
    for (int j = 0; j < INPUTS; j++) {
        const int line = j / WIDTH, column = j % WIDTH;
        const double w =
            exp2(dot_product(D, from->q + query * D, from->x + j * (D + 1)) +
                 (double)from->factor[j] * ((double)from->tables[0][line * QUERIES + query] +
                                            (double)from->tables[1][column * QUERIES + query]));
        sum += w;
        for (int c = 0; c < D; c++) {
            wanted[c] += w * (double)from->x[j * (D + 1) + c];
        }
        wanted[D + line] += w * (double)from->factor[j];
        wanted[D + LINES + column] += w * (double)from->factor[j];
    }
    for (int j = 0; j < OTHERS; j++) {
        const double w = exp2(
            dot_product(OTHER_D, from->other_q + query * OTHER_D, from->other_x + j * OTHER_D));
        sum += w;
        for (int c = 0; c < OTHER_D; c++) {
            wanted[D + LINES + WIDTH + c] += w * (double)from->other_x[j * OTHER_D + c];
        }
    }
    for (int c = 0; c < ALL; c++) {
        wanted[c] /= sum;
    }
}

/* In pieces that begin and end within lines. */
static tyto_status gather_pieces(tyto_exec *exec, const inputs *from, float *out)
{
    size_t mark = tyto_arena_mark(exec->arena);
    tyto_gather gather;
    tyto_gather_source sources[2] = {
        {.channels = D, .rank = 2, .dims = {LINES, WIDTH}},
        {.channels = OTHER_D},
    };
    TYTO_TRY(tyto_gather_start(exec, QUERIES, sources, 2, &gather));
    assert_int_equal(gather.rows, D + LINES + WIDTH + OTHER_D);
    tyto_gather_set(exec, &gather, &sources[0], -1, from->q, D);
    tyto_gather_set(exec, &gather, &sources[1], -1, from->other_q, OTHER_D);
    for (int a = 0; a < 2; a++) {
        tyto_gather_set(exec, &gather, &sources[0], a, from->tables[a], QUERIES);
    }
    for (int64_t first = 0; first < INPUTS; first += 400) {
        const int64_t n = INPUTS - first < 400 ? INPUTS - first : 400;
        TYTO_TRY(tyto_gather_add(exec, &gather, &sources[0], first, n, from->x + first * (D + 1),
                                 D + 1, from->factor + first));
    }
    TYTO_TRY(tyto_gather_add(exec, &gather, &sources[1], 0, OTHERS, from->other_x, OTHER_D, NULL));
    tyto_gather_finish(exec, &gather, out);
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}

static void check_gather(tyto_exec *exec)
{
    enum { ALL = D + LINES + WIDTH + OTHER_D };
    static inputs from;
    static float out[QUERIES * ALL];
    stream numbers = {17};
    fill_floats(&numbers, (float *)&from, sizeof(from) / sizeof(float));
    for (int i = 0; i < INPUTS; i++) {
        from.factor[i] *= FACTOR; /* the maximum rises now and then, by more than is let pass */
    }
    RUN(exec, gather_pieces(exec, &from, out));
    for (int q = 0; q < QUERIES; q++) {
        double wanted[ALL];
        gather_plainly(&from, q, wanted);
        for (int c = 0; c < ALL; c++) {
            const bool exact = exec->precision == TYTO_PRECISION_FP32;
            if (!is_close((double)out[q * ALL + c], wanted[c],
                          exact ? 1e-5 : 0x1p-7 * (double)FACTOR)) {
                fail_msg("%s: query %d, row %d: got %.9g, required %.9g", exec->kernels->name, q, c,
                         (double)out[q * ALL + c], wanted[c]);
            }
        }
    }
}

static void inputs_are_gathered(void **state)
{
    (void)state;
    for_each_exec(check_gather);
}

static void check_rms(tyto_exec *exec)
{
    enum { ROWS = 70, COLS = 45, STRIDE = 50, COUNT = 60 };
    float x[ROWS * STRIDE], before[ROWS * STRIDE];
    stream numbers = {13};
    fill_floats(&numbers, x, ROWS * STRIDE);
    memcpy(before, x, sizeof(x));
    assert_int_equal(tyto_rms_norm(exec, ROWS, COLS, STRIDE, COUNT, 0.01f, x), TYTO_OK);
    for (int r = 0; r < ROWS; r++) {
        double sum = 0.0;
        for (int c = 0; c < COLS; c++) {
            sum += (double)before[r * STRIDE + c] * (double)before[r * STRIDE + c];
        }
        for (int c = 0; c < STRIDE; c++) {
            const double from = (double)before[r * STRIDE + c],
                         wanted = c < COLS ? from / sqrt(sum / COUNT + 0.01) : from;
            assert_true(is_close((double)x[r * STRIDE + c], wanted, 1e-6));
        }
    }
}

static void rotated_rows_are_normalised(void **state)
{
    (void)state;
    for_each_exec(check_rms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_attend),
        cmocka_unit_test(inputs_are_gathered),
        cmocka_unit_test(rotated_rows_are_normalised),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
