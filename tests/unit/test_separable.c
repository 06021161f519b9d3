/* Positions as Fourier features, and layer norms of rows that are never made: against the formulas.
 */
#include "nn/fourier.h"

#include <math.h>

#include "nn/separable.h"
#include "support/operators.h"

/* A float's units that sums in another order may be off. */
#define TOLERANCE 2e-5

enum { BANDS = 5, MOST = 4096 };

static double coordinate(const tyto_fourier *fourier, int64_t i, int64_t n)
{
    return fourier->sampled ? -1.0 + 2.0 * (double)i / (double)n
           : n == 1         ? -1.0
                            : -1.0 + 2.0 * (double)i / (double)(n - 1);
}

/* Feature `c` of a position, by the docstring's formula in double precision. */
static double feature(const tyto_fourier *fourier, int64_t position, int64_t c)
{
    double x[TYTO_GRID_AXES_MAX];
    for (int a = fourier->rank - 1; a >= 0; a--) {
        x[a] = coordinate(fourier, position % fourier->dims[a], fourier->dims[a]);
        position /= fourier->dims[a];
    }
    if (fourier->coordinates && c < fourier->rank) {
        return x[c];
    }
    c -= fourier->coordinates ? fourier->rank : 0;
    const int64_t all = fourier->groups * fourier->bands, group = c % all / fourier->bands,
                  band = c % fourier->bands;
    const double frequency = 1.0 + ((double)fourier->highest[group] - 1.0) * (double)band /
                                       (double)(fourier->bands - 1),
                 argument = acos(-1.0) * frequency * x[fourier->rank == 1 ? 0 : group];
    return c < all ? sin(argument) : cos(argument);
}

static void check_fourier(tyto_exec *exec, tyto_fourier fourier)
{
    const int64_t D = tyto_fourier_channels(&fourier), ld = D + 1;
    int64_t n = 1;
    for (int a = 0; a < fourier.rank; a++) {
        n *= fourier.dims[a];
    }
    float *rows = aligned_zeros((size_t)(n * ld) * sizeof(float)),
          *some = aligned_zeros((size_t)(2 * ld) * sizeof(float)),
          *axis = aligned_zeros((size_t)(n * D) * sizeof(float)),
          *sums = aligned_zeros((size_t)(n * D) * sizeof(float));
    const int64_t indices[2] = {n - 1, n / 2};
    tyto_arena_reset(exec->arena);
    assert_int_equal(tyto_fourier_start(exec, &fourier), TYTO_OK);
    assert_int_equal(tyto_fourier_rows(exec, &fourier, 0, NULL, 1, rows, ld), TYTO_OK);
    assert_int_equal(tyto_fourier_rows(exec, &fourier, 1, NULL, n - 1, rows + ld, ld), TYTO_OK);
    assert_int_equal(tyto_fourier_rows(exec, &fourier, 0, indices, 2, some, ld), TYTO_OK);
    for (int64_t i = 0; i < n; i++) {
        for (int64_t c = 0; c < D; c++) {
            assert_true(fabs((double)rows[i * ld + c] - feature(&fourier, i, c)) < TOLERANCE);
        }
        assert_true(rows[i * ld + D] == 0.0f);
    }
    assert_memory_equal(some, rows + (n - 1) * ld, (size_t)D * sizeof(float));
    assert_memory_equal(some + ld, rows + n / 2 * ld, (size_t)D * sizeof(float));
    for (int a = 0; a < fourier.rank; a++) {
        int64_t below = 1;
        for (int b = a + 1; b < fourier.rank; b++) {
            below *= fourier.dims[b];
        }
        tyto_fourier_axis(&fourier, a, axis);
        for (int64_t i = 0; i < n * D; i++) {
            sums[i] += axis[i / D / below % fourier.dims[a] * D + i % D];
        }
    }
    for (int64_t i = 0; i < n * D; i++) {
        assert_true(sums[i] == rows[i / D * ld + i % D]);
    }
    free(rows);
    free(some);
    free(axis);
    free(sums);
}

static void check_all_fourier(tyto_exec *exec)
{
    check_fourier(exec, (tyto_fourier){.rank = 2,
                                       .dims = {7, 13},
                                       .groups = 2,
                                       .bands = BANDS,
                                       .highest = {3.5f, 6.5f},
                                       .coordinates = true});
    check_fourier(exec, (tyto_fourier){.rank = 1,
                                       .dims = {90},
                                       .groups = 3,
                                       .bands = BANDS,
                                       .highest = {2.0f, 4.0f, 8.0f},
                                       .sine_only = true,
                                       .sampled = true});
    check_fourier(exec, (tyto_fourier){.rank = 3,
                                       .dims = {1, 4, 5},
                                       .groups = 3,
                                       .bands = BANDS,
                                       .highest = {1.0f, 2.0f, 2.5f},
                                       .coordinates = true,
                                       .sampled = true});
}

/* Whole rows x[n,channels] of content[n,C], a position's row (of axes or of a table) and padding.
 */
typedef struct whole_rows {
    int64_t n, channels;
    float x[MOST];
} whole_rows;

static float number(int64_t i)
{
    return sinf(0.37f * (float)i) + 0.25f;
}

/* What each compact row must be: of the whole rows' mean and deviation, in double precision. */
static void check_rows(const tyto_separable *separable, const whole_rows *whole, const float *raw,
                       const float *rows, const float *factors)
{
    const int64_t D = tyto_separable_columns(separable), R = separable->raw,
                  T = separable->table_channels;
    for (int64_t i = 0; i < whole->n; i++) {
        double mean = 0.0, variance = 0.0;
        for (int64_t c = 0; c < whole->channels; c++) {
            mean += (double)whole->x[i * whole->channels + c] / (double)whole->channels;
        }
        for (int64_t c = 0; c < whole->channels; c++) {
            const double off = (double)whole->x[i * whole->channels + c] - mean;
            variance += off * off / (double)whole->channels;
        }
        const double rstd = 1.0 / sqrt(variance + (double)separable->eps);
        assert_true(fabs((double)factors[i] - rstd) < TOLERANCE * rstd);
        for (int64_t c = 0; c < D; c++) {
            const double wanted = c < R        ? rstd * (double)raw[i * R + c]
                                  : c == R     ? rstd * mean
                                  : c == R + 1 ? (T > 0 ? rstd : 1.0)
                                  : c < R + 2 + T
                                      ? rstd * (double)separable->table[i * T + c - R - 2]
                                      : 0.0;
            assert_true(fabs((double)rows[i * D + c] - wanted) < TOLERANCE * (1.0 + fabs(wanted)));
        }
    }
}

enum { N = 77, CONTENT = 19, POSITION = 6, PADDING = 3, CHANNELS = CONTENT + POSITION + PADDING };

/* Content that lies in the rows, on a grid of 7×11 positions. */
static void check_axes(tyto_exec *exec)
{
    static whole_rows whole;
    static float axes[2][11 * POSITION], content[N * CONTENT], rows[N * (CONTENT + 2)], factors[N];
    const float padding[PADDING] = {0.5f, -1.0f, 0.125f};
    double sums[2][2 * 11];
    tyto_separable separable = {.channels = CHANNELS,
                                .content_channels = CONTENT,
                                .raw = CONTENT,
                                .rank = 2,
                                .dims = {7, 11},
                                .axis_sums = {sums[0], sums[1]},
                                .eps = 1e-5f};
    assert_int_equal(tyto_separable_columns(&separable), CONTENT + 2);
    memset(axes, 0, sizeof(axes));
    for (int64_t i = 0; i < 11; i++) {
        for (int c = 0; c < POSITION / 2; c++) {
            axes[0][i * POSITION + c] = number(3 * i + c);
            axes[1][i * POSITION + POSITION / 2 + c] = number(5 * i + c);
        }
    }
    tyto_separable_sums(7, POSITION, axes[0], sums[0]);
    tyto_separable_sums(11, POSITION, axes[1], sums[1]);
    tyto_separable_sums(1, PADDING, padding, separable.padding_sums);
    whole.n = N;
    whole.channels = CHANNELS;
    for (int64_t i = 0; i < N; i++) {
        float *x = whole.x + i * CHANNELS;
        for (int64_t c = 0; c < CONTENT; c++) {
            content[i * CONTENT + c] = x[c] = rows[i * (CONTENT + 2) + c] = number(i * 31 + c);
        }
        for (int64_t c = 0; c < POSITION; c++) {
            x[CONTENT + c] = axes[0][i / 11 * POSITION + c] + axes[1][i % 11 * POSITION + c];
        }
        memcpy(x + CONTENT + POSITION, padding, sizeof(padding));
    }
    const tyto_separable_args args = {.n = N, .rows = rows, .factors = factors};
    assert_int_equal(tyto_separable_rows(exec, &separable, &args), TYTO_OK);
    check_rows(&separable, &whole, content, rows, factors);
}

enum { RAW = 2, TABLE = 5, COLUMNS = 16 };

/* moments[RAW + 2][RAW + 1] of a product weight[CONTENT][RAW] with a bias. */
static void find_moments(const float *weight, const float *bias, float *moments)
{
    for (int a = -1; a <= RAW; a++) {
        for (int b = 0; b <= RAW; b++) {
            double sum = 0.0;
            for (int o = 0; o < CONTENT; o++) {
                const double one = (double)(b < RAW ? weight[o * RAW + b] : bias[o]),
                             other = a < 0     ? 1.0
                                     : a < RAW ? (double)weight[o * RAW + a]
                                               : (double)bias[o];
                sum += one * other;
            }
            moments[(a + 1) * (RAW + 1) + b] = (float)sum;
        }
    }
}

/* Content that is a product of a few numbers, and positions of a table: by moments, and by the
 * content beside the rows. */
static void check_table(tyto_exec *exec)
{
    static whole_rows whole;
    static float rows[N * COLUMNS], factors[N], raw[N * RAW], table[N * TABLE], sums[2 * N],
        content[N * CONTENT];
    float weight[CONTENT * RAW], bias[CONTENT], moments[(RAW + 2) * (RAW + 1)];
    tyto_separable separable = {.channels = CONTENT + TABLE,
                                .content_channels = CONTENT,
                                .raw = RAW,
                                .table = table,
                                .table_channels = TABLE,
                                .table_sums = sums,
                                .eps = 1e-5f};
    assert_int_equal(tyto_separable_columns(&separable), COLUMNS);
    for (int i = 0; i < CONTENT * RAW; i++) {
        weight[i] = number(i);
        bias[i / RAW] = number(7 * i);
    }
    find_moments(weight, bias, moments);
    whole.n = N;
    whole.channels = CONTENT + TABLE;
    for (int64_t i = 0; i < N; i++) {
        float *x = whole.x + i * whole.channels;
        double two[2] = {0.0, 0.0};
        for (int64_t c = 0; c < RAW; c++) {
            raw[i * RAW + c] = number(13 * i + c);
        }
        for (int64_t c = 0; c < CONTENT; c++) {
            x[c] =
                weight[c * RAW] * raw[i * RAW] + weight[c * RAW + 1] * raw[i * RAW + 1] + bias[c];
            content[i * CONTENT + c] = x[c];
        }
        for (int64_t c = 0; c < TABLE; c++) {
            table[i * TABLE + c] = x[CONTENT + c] = number(17 * i + c);
            two[0] += (double)x[CONTENT + c];
            two[1] += (double)x[CONTENT + c] * (double)x[CONTENT + c];
        }
        sums[2 * i] = (float)two[0];
        sums[2 * i + 1] = (float)two[1];
    }
    for (int by_content = 0; by_content < 2; by_content++) {
        for (int64_t i = 0; i < N; i++) {
            memcpy(rows + i * COLUMNS, raw + i * RAW, RAW * sizeof(float));
        }
        const tyto_separable_args args = {.n = N,
                                          .moments = by_content ? NULL : moments,
                                          .content = by_content ? content : NULL,
                                          .ldc = CONTENT,
                                          .rows = rows,
                                          .factors = factors};
        assert_int_equal(tyto_separable_rows(exec, &separable, &args), TYTO_OK);
        check_rows(&separable, &whole, raw, rows, factors);
    }
}

static void positions_are_features(void **state)
{
    (void)state;
    for_each_exec(check_all_fourier);
}

static void rows_on_a_grid_are_normed(void **state)
{
    (void)state;
    for_each_exec(check_axes);
}

static void rows_of_a_table_are_normed(void **state)
{
    (void)state;
    for_each_exec(check_table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(positions_are_features),
        cmocka_unit_test(rows_on_a_grid_are_normed),
        cmocka_unit_test(rows_of_a_table_are_normed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
