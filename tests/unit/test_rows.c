/* Operators on numbers of matrices against their formulas, in rows with gaps between them. */
#include "nn/loss.h"
#include "nn/rows.h"
#include "support/operators.h"
#include "tensor/narrow.h"

enum { ROWS = 301, COLS = 67, LDX = 71, LDY = 80, COUNT = 50001 };

/* What stands between rows, which nobody may touch. */
#define GAP 1234.5f

typedef struct matrices {
    float x[ROWS * LDX], y[ROWS * LDY], before[ROWS * LDY], shift[ROWS], scale[ROWS];
    int64_t indices[ROWS];
    uint8_t seen[COLS];
} matrices;

static void fill(matrices *m)
{
    stream numbers = {7};
    fill_floats(&numbers, m->x, ROWS * LDX);
    fill_floats(&numbers, m->y, ROWS * LDY);
    fill_floats(&numbers, m->shift, ROWS);
    fill_floats(&numbers, m->scale, ROWS);
    for (int64_t r = 0; r < ROWS; r++) {
        fill_with(m->y + r * LDY + COLS, LDY - COLS, GAP);
        m->indices[r] = next_int(&numbers, 0, ROWS - 1);
    }
    for (int64_t c = 0; c < COLS; c++) {
        m->seen[c] = next_int(&numbers, 0, 1) != 0;
    }
    memcpy(m->before, m->y, sizeof(m->y));
}

/* Calls the operator on fresh numbers; then y[r,c], which `was` something before, must be
 * `formula`, to the bit. */
#define CHECK(call, formula)                                                                       \
    do {                                                                                           \
        fill(m);                                                                                   \
        assert_int_equal(call, TYTO_OK);                                                           \
        for (int64_t r = 0; r < ROWS; r++) {                                                       \
            for (int64_t c = 0; c < LDY; c++) {                                                    \
                const float was = m->before[r * LDY + c];                                          \
                const float wanted = c < COLS ? (formula) : GAP;                                   \
                if (m->y[r * LDY + c] != wanted) {                                                 \
                    fail_msg(#call ": y[%lld,%lld] of %g: got %.9g, required %.9g", (long long)r,  \
                             (long long)c, (double)was, (double)m->y[r * LDY + c],                 \
                             (double)wanted);                                                      \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static void check_rows(tyto_exec *exec)
{
    matrices *m = malloc(sizeof(*m));
    assert_non_null(m);
    const float *x = m->x;
    float *y = m->y;
    CHECK(tyto_copy_rows(exec, ROWS, COLS, x, LDX, y, LDY), x[r * LDX + c]);
    CHECK(tyto_copy_rows(exec, ROWS, COLS, x, 0, y, LDY), x[c]);
    CHECK(tyto_select_rows(exec, ROWS, COLS, x, LDX, m->indices, y, LDY),
          x[m->indices[r] * LDX + c]);
    CHECK(tyto_embed_rows(exec, ROWS, COLS, x, TYTO_F32, m->indices, y, LDY),
          x[m->indices[r] * COLS + c]);
    CHECK(tyto_fill_rows(exec, ROWS, COLS, 2.5f, y, LDY), 2.5f);
    CHECK(tyto_transpose(exec, COLS, ROWS, x, ROWS, y, LDY), x[c * ROWS + r]);
    CHECK(tyto_add_rows(exec, ROWS, COLS, x, LDX, y, LDY), was + x[r * LDX + c]);
    CHECK(tyto_add_rows(exec, ROWS, COLS, x, 0, y, LDY), was + x[c]);
    CHECK(tyto_subtract_column(exec, ROWS, COLS, x, LDX, y, LDY), was - x[r * LDX]);
    CHECK(tyto_multiply_rows(exec, ROWS, COLS, x, LDX, y, LDY), was * x[r * LDX + c]);
    CHECK(tyto_multiply_rows(exec, ROWS, COLS, x, 0, y, LDY), was * x[c]);
    CHECK(tyto_shift_scale_rows(exec, ROWS, COLS, m->shift, m->scale, y, LDY),
          (was + m->shift[r]) * m->scale[r]);
    CHECK(tyto_mask_columns(exec, ROWS, COLS, m->seen, -3.0f, y, LDY), m->seen[c] ? was : -3.0f);
    CHECK(tyto_copy_rows(exec, 0, COLS, x, LDX, y, LDY), was);
    free(m);
}

static void rows_are_as_their_formulas(void **state)
{
    (void)state;
    for_each_exec(check_rows);
}

/* Rows of a table that is stored in another type. */
static void embeddings_are_widened(void **state)
{
    (void)state;
    const float values[6] = {1.0f, -2.0f, 3.5f, 0.25f, -8.0f, 0.0f};
    uint16_t table[6];
    float y[4];
    tyto_arena arena = {0};
    tyto_exec exec = {.arena = &arena};
    tyto_narrow(table, TYTO_BF16, values, TYTO_F32, 6);
    assert_int_equal(tyto_embed_rows(&exec, 2, 2, table, TYTO_BF16, (const int64_t[]){2, 0}, y, 2),
                     TYTO_OK);
    assert_memory_equal(y, ((const float[]){-8.0f, 0.0f, 1.0f, -2.0f}), sizeof(y));
}

static void check_mean(tyto_exec *exec)
{
    const float x[6] = {1.0f, 10.0f, 99.0f, 2.0f, 30.0f, 99.0f};
    float y[2];
    assert_int_equal(tyto_mean_rows(exec, 2, 2, x, 3, y), TYTO_OK);
    assert_true(y[0] == 1.5f && y[1] == 20.0f);
}

/* The same of operators on numbers without rows, more than one task has. */
#define CHECK_NUMBERS(call, formula)                                                               \
    do {                                                                                           \
        memcpy(x, before, COUNT * sizeof(*x));                                                     \
        assert_int_equal(call, TYTO_OK);                                                           \
        for (int64_t i = 0; i < COUNT; i++) {                                                      \
            const float value = before[i];                                                         \
            if (x[i] != (formula)) {                                                               \
                fail_msg(#call ": of %g: got %.9g, required %.9g", (double)value, (double)x[i],    \
                         (double)(formula));                                                       \
            }                                                                                      \
        }                                                                                          \
    } while (0)

static void check_numbers(tyto_exec *exec)
{
    stream numbers = {9};
    guarded before_memory = guarded_floats(COUNT), memory = guarded_floats(COUNT),
            whole = guarded_floats(COUNT);
    float *before = before_memory.data, *x = memory.data, *activated = whole.data;
    fill_floats(&numbers, before, COUNT);
    CHECK_NUMBERS(tyto_scale(exec, COUNT, 0.3f, x), value * 0.3f);
    CHECK_NUMBERS(tyto_divide(exec, COUNT, 0.3f, x), value / 0.3f);
    CHECK_NUMBERS(tyto_elu_plus_one(exec, COUNT, x), (value > 0.0f ? value : expm1f(value)) + 1.0f);
    CHECK_NUMBERS(tyto_sigmoid(exec, COUNT, x), 1.0f / (1.0f + expf(-value)));
    memcpy(activated, before, COUNT * sizeof(float));
    exec->kernels->activate(TYTO_ACT_GELU, activated, COUNT);
    CHECK_NUMBERS(tyto_activate(exec, TYTO_ACT_GELU, COUNT, x), activated[i]);
    check_mean(exec);
    guarded_free(&before_memory);
    guarded_free(&memory);
    guarded_free(&whole);
}

static void numbers_are_as_their_formulas(void **state)
{
    (void)state;
    for_each_exec(check_numbers);
}

/* Pairs that are matched for certain, and ones that nothing tells apart. */
static void contrastive_loss_by_hand(void **state)
{
    (void)state;
    const float matched[4] = {90.0f, 0.0f, 0.0f, 90.0f}, alike[4] = {5.0f, 5.0f, 5.0f, 5.0f},
                one_sided[4] = {0.0f, 1.0f, 0.0f, 1.0f};
    float loss;
    tyto_arena arena = {0};
    tyto_exec exec = {.arena = &arena};
    assert_int_equal(tyto_contrastive_loss(&exec, 2, matched, &loss), TYTO_OK);
    assert_true(is_close((double)loss, 0.0, 1e-12));
    assert_int_equal(tyto_contrastive_loss(&exec, 2, alike, &loss), TYTO_OK);
    assert_true(is_close((double)loss, log(2.0), 1e-7));
    /* Rows: ln(1 + e) and ln(1 + e) − 1; columns: ln 2 twice. */
    const double wanted = (2.0 * log1p(exp(1.0)) - 1.0 + 2.0 * log(2.0)) / 4.0;
    assert_int_equal(tyto_contrastive_loss(&exec, 2, one_sided, &loss), TYTO_OK);
    assert_true(is_close((double)loss, wanted, 1e-7));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_as_their_formulas),
        cmocka_unit_test(embeddings_are_widened),
        cmocka_unit_test(numbers_are_as_their_formulas),
        cmocka_unit_test(contrastive_loss_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
