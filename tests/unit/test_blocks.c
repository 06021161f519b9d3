/* Rows of blocks of pixels, against their formula. */
#include "nn/blocks.h"
#include "support/operators.h"

static void check_blocks(tyto_exec *exec, const tyto_blocks *blocks)
{
    const int64_t D = tyto_blocks_channels(blocks), ld = D + 3,
                  n = blocks->grid[0] * blocks->grid[1] * blocks->grid[2],
                  area = blocks->height * blocks->width;
    const int64_t count = blocks->frames * blocks->planes * area;
    float *x = aligned_zeros((size_t)count * sizeof(*x)),
          *y = aligned_zeros((size_t)(n * ld) * sizeof(*y));
    for (int64_t i = 0; i < count; i++) {
        x[i] = (float)i;
    }
    /* The first block apart, so that `first` counts. */
    assert_int_equal(tyto_block_rows(exec, blocks, x, 0, 1, y, ld), TYTO_OK);
    assert_int_equal(tyto_block_rows(exec, blocks, x, 1, n - 1, y + ld, ld), TYTO_OK);
    for (int64_t i = 0; i < n; i++) {
        const int64_t column = i % blocks->grid[2], line = i / blocks->grid[2] % blocks->grid[1],
                      frame = i / blocks->grid[2] / blocks->grid[1];
        int64_t d = 0;
        for (int64_t t = 0; t < blocks->frame_block; t++) {
            for (int64_t dy = 0; dy < blocks->space_block; dy++) {
                for (int64_t dx = 0; dx < blocks->space_block; dx++) {
                    for (int64_t c = 0; c < blocks->planes; c += blocks->plane_step) {
                        const int64_t plane = (frame * blocks->frame_step + t) * blocks->planes + c,
                                      row = line * blocks->space_step + dy;
                        assert_true(y[i * ld + d++] == (float)(plane * area + row * blocks->width +
                                                               column * blocks->space_step + dx));
                    }
                }
            }
        }
        assert_int_equal(d, D);
        assert_true(y[i * ld + D] == 0.0f);
    }
    free(x);
    free(y);
}

static void check_all(tyto_exec *exec)
{
    static const tyto_blocks cases[] = {
        /* patches of a video, thinned pixels, every other plane, one block */
        {4, 3, 12, 20, {2, 3, 5}, 2, 1, 4, 2, 4},
        {3, 2, 9, 17, {2, 5, 9}, 2, 1, 2, 1, 1},
        {1, 5, 11, 13, {1, 11, 13}, 1, 2, 1, 1, 1},
        {2, 1, 3, 3, {1, 1, 1}, 2, 1, 3, 2, 3},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        check_blocks(exec, &cases[i]);
    }
}

static void blocks_are_rows(void **state)
{
    (void)state;
    for_each_exec(check_all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(blocks_are_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
