/* Algebra in double precision, against its formulas. */
#include "nn/algebra.h"
#include "nn/separable.h"
#include "support/support.h"

enum { N = 19, K = 37 };

typedef struct numbers {
    float w[N * K], v[K], b[N];
    double x[N * (K + 1)];
} numbers;

static void fill(numbers *m)
{
    stream seeded = {17};
    fill_floats(&seeded, m->w, N * K);
    fill_floats(&seeded, m->v, K);
    fill_floats(&seeded, m->b, N);
    for (int64_t i = 0; i < N * (K + 1); i++) {
        m->x[i] = (double)next_float(&seeded) / 3.0;
    }
}

static void numbers_are_widened_and_rounded(void **state)
{
    (void)state;
    numbers m;
    fill(&m);
    double *wide = tyto_widen_copy(m.w, N * K), scaled[K];
    float rounded[N * K];
    assert_non_null(wide);
    tyto_round(N * K, wide, rounded);
    assert_memory_equal(rounded, m.w, sizeof(rounded));
    tyto_scale_wide(K, 1.0 / 3.0, m.v, scaled);
    for (int64_t i = 0; i < K; i++) {
        assert_true(wide[i] == (double)m.w[i]);
        assert_true(scaled[i] == 1.0 / 3.0 * (double)m.v[i]);
    }
    free(wide);
}

static void rows_and_columns_are_as_their_formulas(void **state)
{
    (void)state;
    numbers m;
    fill(&m);
    double scaled[N * K], dots[N], sums[K], centred[N * K], parts[N * K], last[N];
    memcpy(centred, m.x, sizeof(centred));
    tyto_scale_columns_wide(N, K, 0.3, m.w, m.v, scaled);
    tyto_widen(N, m.b, dots);
    tyto_add_dots_wide(N, K, 0.3, m.w, m.v, dots);
    tyto_add_products_wide(N, K, m.x, m.v, dots);
    tyto_sum_columns_wide(N, K, m.x, sums);
    tyto_centre_rows_wide(N, K, centred);
    tyto_split_last_column(N, K, m.x, parts, last);
    for (int64_t n = 0; n < N; n++) {
        double dot = (double)m.b[n], mean = 0.0;
        for (int64_t k = 0; k < K; k++) {
            const double term = 0.3 * (double)m.w[n * K + k] * (double)m.v[k];
            assert_true(scaled[n * K + k] == term);
            assert_true(parts[n * K + k] == m.x[n * (K + 1) + k]);
            dot += term + m.x[n * K + k] * (double)m.v[k];
            mean += m.x[n * K + k] / K;
        }
        assert_true(is_close(dots[n], dot, 1e-13));
        assert_true(last[n] == m.x[n * (K + 1) + K]);
        for (int64_t k = 0; k < K; k++) {
            assert_true(is_close(centred[n * K + k], m.x[n * K + k] - mean, 1e-15));
        }
    }
    for (int64_t k = 0; k < K; k++) {
        double sum = 0.0;
        for (int64_t n = 0; n < N; n++) {
            sum += m.x[n * K + k];
        }
        assert_true(sums[k] == sum);
    }
}

/* a is [N,K], b its transpose. */
static void products_and_transposes(void **state)
{
    (void)state;
    numbers m;
    fill(&m);
    double transposed[K * N], product[N * N];
    tyto_pool *pool = tyto_pool_create(3);
    assert_non_null(pool);
    tyto_transpose_wide(N, K, m.x, transposed);
    tyto_multiply_wide(pool, N, N, K, m.x, transposed, product);
    for (int64_t i = 0; i < N * N; i++) {
        double sum = 0.0;
        for (int64_t k = 0; k < K; k++) {
            sum += m.x[i / N * K + k] * m.x[i % N * K + k];
        }
        assert_true(is_close(product[i], sum, 1e-14));
    }
    tyto_pool_destroy(pool);
}

/* Columns of which the last depends on the others. */
static void columns_become_orthonormal(void **state)
{
    (void)state;
    enum { COUNT = 4 };
    numbers m;
    fill(&m);
    double given[COUNT * K], triangle[COUNT * COUNT];
    for (int64_t k = 0; k < K; k++) {
        m.x[3 * K + k] = m.x[k] - 2.0 * m.x[2 * K + k];
    }
    memcpy(given, m.x, sizeof(given));
    tyto_pool *pool = tyto_pool_create(2);
    assert_non_null(pool);
    tyto_orthonormalize(pool, COUNT, K, m.x, triangle);
    for (int64_t i = 0; i < COUNT * COUNT; i++) {
        double dot = 0.0;
        for (int64_t k = 0; k < K; k++) {
            dot += m.x[i / COUNT * K + k] * m.x[i % COUNT * K + k];
        }
        assert_true(is_close(dot, i / COUNT == i % COUNT && i / COUNT < 3 ? 1.0 : 0.0, 1e-12));
    }
    for (int64_t i = 0; i < COUNT * K; i++) {
        double sum = 0.0;
        for (int64_t c = 0; c < COUNT; c++) {
            sum += triangle[c * COUNT + i / K] * m.x[c * K + i % K];
        }
        assert_true(is_close(sum, given[i], 1e-12));
    }
    tyto_pool_destroy(pool);
}

static void moments_multiply_raw_numbers(void **state)
{
    (void)state;
    enum { RAW = 3 };
    numbers m;
    float moments[(RAW + 2) * (RAW + 1)];
    fill(&m);
    tyto_separable_moments(N, RAW, m.w, m.b, moments);
    /* Sums of y = W·x + b, and of its squares. */
    const double x[RAW + 1] = {0.5, -0.25, 2.0, 1.0};
    double sum = 0.0, squares = 0.0, by_moments = 0.0, squares_by_moments = 0.0;
    for (int64_t n = 0; n < N; n++) {
        double y = (double)m.b[n];
        for (int64_t k = 0; k < RAW; k++) {
            y += (double)m.w[n * RAW + k] * x[k];
        }
        sum += y;
        squares += y * y;
    }
    for (int64_t i = 0; i < RAW + 1; i++) {
        by_moments += (double)moments[i] * x[i];
        for (int64_t j = 0; j < RAW + 1; j++) {
            squares_by_moments += (double)moments[(1 + i) * (RAW + 1) + j] * x[i] * x[j];
        }
    }
    assert_true(is_close(by_moments, sum, 1e-5));
    assert_true(is_close(squares_by_moments, squares, 1e-4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_widened_and_rounded),
        cmocka_unit_test(rows_and_columns_are_as_their_formulas),
        cmocka_unit_test(products_and_transposes),
        cmocka_unit_test(columns_become_orthonormal),
        cmocka_unit_test(moments_multiply_raw_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
