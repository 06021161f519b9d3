/* Gradients against differences of what they are gradients of. */
#include "checkkernels.h"
#include "kernels/scalar/backward_definitions.h"
#include "support/differences.h"

/* ------------------------------------------------------------------------------ activations */

static const tyto_activation activations[] = {
#define ACTIVATION(id, name, formula) TYTO_ACT_##id,
    TYTO_ACTIVATION_LIST(ACTIVATION)
#undef ACTIVATION
};

typedef struct activated {
    tyto_activation activation;
    float z;
} activated;

static double activated_value(const void *context)
{
    const activated *a = context;
    return tyto_activation_value(a->activation, (double)a->z);
}

/* Whether the function bends within a few steps of z, where differences say nothing. */
static bool bends_near(tyto_activation activation, float z)
{
    const bool at_0 = activation == TYTO_ACT_RELU || activation == TYTO_ACT_RELU2 ||
                      activation == TYTO_ACT_RELU6 || activation == TYTO_ACT_LEAKY_RELU;
    const float high = activation == TYTO_ACT_RELU6 ? 6.0f : 10.0f;
    return (at_0 && fabsf(z) < 3.0f * DIFFERENCE_STEP) ||
           ((activation == TYTO_ACT_RELU6 || activation == TYTO_ACT_GELU_10) &&
            fabsf(z - high) < 3.0f * DIFFERENCE_STEP);
}

void check_activation_slopes(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(activations) / sizeof(activations[0]); i++) {
        activated a = {.activation = activations[i]};
        for (int64_t at = -12 * 512; at <= 12 * 512; at += 37) {
            a.z = (float)at * DIFFERENCE_STEP;
            const double got = tyto_define_activate_backward(a.activation, a.z, 1.0);
            const double wanted = difference_quotient(activated_value, &a, &a.z);
            if (!bends_near(a.activation, a.z) && !(fabs(got - wanted) <= DIFFERENCE_TOLERANCE)) {
                fail_msg("activation %d at %g: got %.12g, required %.12g", (int)a.activation,
                         (double)a.z, got, wanted);
            }
        }
    }
}

/* --------------------------------------------------------------------------------- products */

typedef struct product {
    int64_t rows, n, k;
    float *x, *w, *b;
    const double *dy;
} product;

/* Σ dy·y, whose gradient by y is dy */
static double product_loss(const void *context)
{
    const product *p = context;
    double loss = 0.0;
    for (int64_t r = 0; r < p->rows; r++) {
        for (int64_t i = 0; i < p->n; i++) {
            loss += p->dy[r * p->n + i] *
                    (tyto_define_product(p->k, p->x + r * p->k, 1, p->w + i * p->k, 1) +
                     (double)p->b[i]);
        }
    }
    return loss;
}

static void weigh(double *dy, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        dy[i] = (double)difference_number(i * 17 + 5);
    }
}

void check_linear_backward(void **state)
{
    (void)state;
    enum { ROWS = 3, N = 5, K = 4 };
    float x[ROWS * K], w[N * K], b[N];
    double dy[ROWS * N], dx[ROWS * K], dw[N * K] = {0}, db[N] = {0};
    const product p = {ROWS, N, K, x, w, b, dy};
    difference_fill(x, ROWS * K, 1);
    difference_fill(w, N * K, 2);
    difference_fill(b, N, 3);
    weigh(dy, ROWS * N);
    tyto_define_linear_backward(ROWS, N, K, x, w, dy, dx, dw, db);
    assert_gradient("x", product_loss, &p, x, dx, ROWS * K);
    assert_gradient("w", product_loss, &p, w, dw, N * K);
    assert_gradient("b", product_loss, &p, b, db, N);
}

/* ------------------------------------------------------------------------------------- rows */

#define COLUMNS 6

typedef struct row {
    float x[COLUMNS], gamma[COLUMNS], beta[COLUMNS];
    double dy[COLUMNS], eps;
} row;

static double weighed(const row *r, const double *y)
{
    double loss = 0.0;
    for (int c = 0; c < COLUMNS; c++) {
        loss += r->dy[c] * y[c];
    }
    return loss;
}

static double norm_loss(const void *context)
{
    const row *r = context;
    double y[COLUMNS];
    tyto_define_layer_norm(COLUMNS, r->x, r->gamma, r->beta, (float)r->eps, y);
    return weighed(r, y);
}

static double normalize_loss(const void *context)
{
    const row *r = context;
    double y[COLUMNS];
    tyto_define_normalize(COLUMNS, r->x, r->eps, y);
    return weighed(r, y);
}

static row make_row(double eps)
{
    row r = {.eps = eps};
    difference_fill(r.x, COLUMNS, 4);
    difference_fill(r.gamma, COLUMNS, 5);
    difference_fill(r.beta, COLUMNS, 6);
    weigh(r.dy, COLUMNS);
    return r;
}

void check_layer_norm_backward(void **state)
{
    (void)state;
    row r = make_row((double)1e-5f);
    double dx[COLUMNS], dgamma[COLUMNS] = {0}, dbeta[COLUMNS] = {0};
    tyto_define_layer_norm_backward(COLUMNS, r.x, r.gamma, (float)r.eps, r.dy, dx, dgamma, dbeta);
    assert_gradient("x", norm_loss, &r, r.x, dx, COLUMNS);
    assert_gradient("gamma", norm_loss, &r, r.gamma, dgamma, COLUMNS);
    assert_gradient("beta", norm_loss, &r, r.beta, dbeta, COLUMNS);
}

void check_normalize_backward(void **state)
{
    (void)state;
    row r = make_row(1e-6);
    double dx[COLUMNS];
    tyto_define_normalize_backward(COLUMNS, r.x, r.eps, r.dy, dx);
    assert_gradient("x", normalize_loss, &r, r.x, dx, COLUMNS);
    memset(r.x, 0, sizeof(r.x)); /* nothing to divide by */
    tyto_define_normalize_backward(COLUMNS, r.x, r.eps, r.dy, dx);
    for (int c = 0; c < COLUMNS; c++) {
        assert_true(dx[c] == r.dy[c] / r.eps);
    }
}

/* -------------------------------------------------------------------------------- attention */

enum { QUERIES = 4, KEYS = 5, QK = 3, VALUES = 2 };

typedef struct attention {
    tyto_attend_job job;
    float q[QUERIES * QK], k[KEYS * QK], v[KEYS * VALUES];
    uint8_t mask[KEYS];
    double dy[QUERIES * VALUES];
} attention;

static double attention_loss(const void *context)
{
    const attention *a = context;
    double weights[KEYS], out[VALUES], loss = 0.0;
    for (int64_t i = 0; i < QUERIES; i++) {
        tyto_define_attend(&a->job, i, weights, out);
        for (int64_t c = 0; c < VALUES; c++) {
            loss += a->dy[i * VALUES + c] * out[c];
        }
    }
    return loss;
}

static void check_attention(bool causal, int64_t first_query, const uint8_t *mask)
{
    attention a = {.job = {.queries = QUERIES,
                           .keys = KEYS,
                           .qk_channels = QK,
                           .v_channels = VALUES,
                           .scale = 0.625f,
                           .q_stride = QK,
                           .k_stride = QK,
                           .v_stride = VALUES,
                           .causal = causal,
                           .first_query = first_query}};
    double dq[QUERIES * QK], dk[KEYS * QK] = {0}, dv[KEYS * VALUES] = {0}, weights[KEYS],
                                       out[VALUES];
    a.job.q = a.q;
    a.job.k = a.k;
    a.job.v = a.v;
    a.job.key_mask = mask;
    difference_fill(a.q, QUERIES * QK, 7);
    difference_fill(a.k, KEYS * QK, 8);
    difference_fill(a.v, KEYS * VALUES, 9);
    weigh(a.dy, QUERIES * VALUES);
    tyto_define_attend_backward(&a.job, a.dy, dq, dk, dv, weights, out);
    assert_gradient("v", attention_loss, &a, a.v, dv, KEYS * VALUES);
    const bool none = mask && !memchr(mask, 1, KEYS);
    if (none) { /* scores of −3.4e38 swallow what is added to them: only the values move anything */
        return;
    }
    assert_gradient("q", attention_loss, &a, a.q, dq, QUERIES * QK);
    assert_gradient("k", attention_loss, &a, a.k, dk, KEYS * QK);
}

void check_attend_backward(void **state)
{
    (void)state;
    static const uint8_t some[KEYS] = {1, 0, 1, 1, 0}, none[KEYS] = {0};
    check_attention(false, 0, NULL);
    check_attention(false, 0, some);
    check_attention(true, 1, NULL);
    check_attention(true, 1, some);
    check_attention(false, 0, none);
}
