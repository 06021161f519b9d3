/* Optical flow around the network: files, pictures, tiles, patches; and through a small one. */
#include <dirent.h>
#include <stdio.h>

#include "support/rendered.h"
#include "support/small.h"

/* 2 x 1 pixels, (1, −2) and (0.5, 0): the bytes as the format's description gives them. */
static const uint8_t two[] = {'P',  'I',  'E', 'H', 2, 0,    0, 0, 1, 0,    0, 0, 0, 0,
                              0x80, 0x3f, 0,   0,   0, 0xc0, 0, 0, 0, 0x3f, 0, 0, 0, 0};

static void files_are_read_and_written(void **state)
{
    (void)state;
    char path[] = "/tmp/tyto-flow-XXXXXX";
    tyto_flow_field flow = {0}, back = {0};
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_flow_field_decode(two, sizeof(two), "two.flo", &flow, NULL), TYTO_OK);
    assert_int_equal(flow.width_px, 2);
    assert_int_equal(flow.height_px, 1);
    const float want[] = {1.0f, -2.0f, 0.5f, 0.0f};
    assert_memory_equal(flow.data, want, sizeof(want));
    close(mkstemp(path));
    assert_int_equal(tyto_flow_field_save(path, &flow, NULL), TYTO_OK);
    FILE *file = fopen(path, "rb");
    uint8_t bytes[64];
    assert_int_equal(fread(bytes, 1, sizeof(bytes), file), sizeof(two));
    fclose(file);
    assert_memory_equal(bytes, two, sizeof(two));
    tyto_flow_field_clear(&flow);

    /* More vectors than are written together. */
    assert_int_equal(tyto_flow_field_make(113, 97, &flow, NULL), TYTO_OK);
    for (int i = 0; i < 2 * 113 * 97; i++) {
        flow.data[i] = (float)i * 0.25f - 100.0f;
    }
    assert_int_equal(tyto_flow_field_save(path, &flow, NULL), TYTO_OK);
    assert_int_equal(tyto_flow_field_load(path, &back, NULL), TYTO_OK);
    assert_int_equal(back.width_px, 113);
    assert_memory_equal(back.data, flow.data, 2 * 113 * 97 * sizeof(float));
    tyto_flow_field_clear(&flow);
    tyto_flow_field_clear(&back);
    unlink(path);
    assert_fails(tyto_flow_field_load(path, &back, &err), TYTO_E_NOT_FOUND, &err, path);
    assert_fails(tyto_flow_field_make(0, 4, &back, &err), TYTO_E_FORMAT, &err, "flow: ");
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    tyto_flow_field flow;
    tyto_error err = TYTO_ERROR_INIT;
    uint8_t bad[sizeof(two) + 1] = {0};
    for (size_t length = 0; length < sizeof(two); length++) {
        assert_fails(tyto_flow_field_decode(two, length, "x", &flow, &err), TYTO_E_FORMAT, &err,
                     "x: ");
    }
    memcpy(bad, two, sizeof(two));
    assert_fails(tyto_flow_field_decode(bad, sizeof(bad), "x", &flow, &err), TYTO_E_FORMAT, &err,
                 "got 29 bytes, required 28");
    bad[0] = 'p';
    assert_fails(tyto_flow_field_decode(bad, sizeof(two), "x", &flow, &err), TYTO_E_FORMAT, &err,
                 "not a .flo file");
    bad[0] = 'P';
    bad[7] = 0xff;
    assert_fails(tyto_flow_field_decode(bad, sizeof(two), "x", &flow, &err), TYTO_E_LIMIT, &err,
                 "x: ");
    memset(bad + 4, 0, 8);
    assert_fails(tyto_flow_field_decode(bad, sizeof(two), "x", &flow, &err), TYTO_E_FORMAT, &err,
                 "x: ");
}

/* One vector in a field whose longest is `longest`. */
static void assert_colour(float x, float y, double longest, int r, int g, int b)
{
    float data[] = {x, y};
    const tyto_flow_field flow = {1, 1, data};
    tyto_image image = {0};
    assert_int_equal(tyto_flow_field_draw(&flow, longest, &image, NULL), TYTO_OK);
    if (image.data[0] != r || image.data[1] != g || image.data[2] != b) {
        fail_msg("(%g, %g) of %g: got %d %d %d, required %d %d %d", (double)x, (double)y, longest,
                 image.data[0], image.data[1], image.data[2], r, g, b);
    }
    tyto_image_clear(&image);
}

/* Worked out by hand: a direction's place on the wheel of 55 colours is (atan2(−y,−x)/π + 1)/2·54,
 * where 0 is red, 15 yellow, 21 green, 25 cyan, 36 blue and 49 magenta. */
static void the_wheel_is_the_standard_one(void **state)
{
    (void)state;
    assert_colour(0, 0, 1, 255, 255, 255);
    /* Left: 27, two of eleven steps from cyan (25) to blue: green is 255 − 46. */
    assert_colour(-1, 0, 1, 0, 209, 255);
    /* Up: 40.5 between 40 and 41 of blue to magenta: red is 255·4/13 and 255·5/13. */
    assert_colour(0, -1, 1, 88, 0, 255);
    /* Down: 13.5 of red to yellow: green is 221 and 238. */
    assert_colour(0, 1, 1, 255, 229, 0);
    /* Half as long is half as full. */
    assert_colour(0, 0.5f, 1, 255, 242, 127);
    /* Longer than the longest is darker. */
    assert_colour(0, 2, 1, 191, 172, 0);
    /* Right is where the wheel ends and begins; the sign of a zero decides which end. */
    assert_colour(1, 0.0f, 1, 255, 0, 0);
    assert_colour(1, -0.0f, 1, 255, 0, 43);
    assert_colour((float)NAN, 0, 1, 0, 0, 0);
    assert_colour(0, (float)INFINITY, 1, 0, 0, 0);
    assert_colour(2e9f, 0, 1, 0, 0, 0);
    /* Without a length, the field's own. */
    assert_colour(0, 40, 0, 255, 229, 0);
    float data[] = {1, 1};
    const tyto_flow_field flow = {1, 1, data};
    tyto_image image;
    tyto_error err = TYTO_ERROR_INIT;
    assert_fails(tyto_flow_field_draw(&flow, -1, &image, &err), TYTO_E_ARGUMENT, &err, "got -1");
    assert_fails(tyto_flow_field_draw(&flow, (double)NAN, &image, &err), TYTO_E_ARGUMENT, &err,
                 "nan");
}

static void lengths_are_measured(void **state)
{
    (void)state;
    float data[] = {3, 4, 0, 0, (float)NAN, 1, 1.5e9f, 0, 0, -1};
    const tyto_flow_field flow = {5, 1, data};
    double mean, longest;
    tyto_flow_field_measure(&flow, &mean, &longest);
    assert_true(fabs(mean - 2.0) < 1e-12);
    assert_true(fabs(longest - 5.0) < 1e-12);
}

/* The notebook's tiles, where its own grid works: multiples of the step, the last one flush. */
static void tiles_are_the_authors(void **state)
{
    (void)state;
    tyto_flow_tiles tiles;
    int64_t x, y;
    /* Sintel's 1024 x 436. */
    assert_int_equal(tyto_flow_tiles_init(1024, 436, 496, 368, 20, &tiles, NULL), TYTO_OK);
    assert_int_equal(tiles.columns, 3);
    assert_int_equal(tiles.rows, 2);
    const int64_t places[6][2] = {{0, 0}, {476, 0}, {528, 0}, {0, 68}, {476, 68}, {528, 68}};
    for (int64_t i = 0; i < 6; i++) {
        tyto_flow_tiles_place(&tiles, i, &x, &y);
        assert_int_equal(x, places[i][0]);
        assert_int_equal(y, places[i][1]);
    }
    /* Of the training size, one. */
    assert_int_equal(tyto_flow_tiles_init(496, 368, 496, 368, 20, &tiles, NULL), TYTO_OK);
    assert_int_equal(tiles.columns * tiles.rows, 1);
}

static void check_tiles(int64_t width, int64_t height, int64_t overlap)
{
    tyto_flow_tiles tiles;
    const int64_t W = 10, H = 7;
    assert_int_equal(tyto_flow_tiles_init(width, height, W, H, overlap, &tiles, NULL), TYTO_OK);
    const int64_t count = tiles.columns * tiles.rows;
    int64_t last_x = -1, last_y = -1, x0, y0;
    for (int64_t i = 0; i < count; i++) {
        tyto_flow_tiles_place(&tiles, i, &x0, &y0);
        assert_true(x0 >= 0 && y0 >= 0);
        assert_true(x0 + W <= (width > W ? width : W) && y0 + H <= (height > H ? height : H));
        /* In order, so none is there twice. */
        assert_true(y0 > last_y || (y0 == last_y && x0 > last_x));
        last_x = x0;
        last_y = y0;
    }
    for (int64_t y = 0; y < height; y++) {
        for (int64_t x = 0; x < width; x++) {
            double sum = 0.0, weights = 0.0, first = 0.0, share = 0.0;
            for (int64_t i = 0; i < count; i++) {
                tyto_flow_tiles_place(&tiles, i, &x0, &y0);
                const bool inside = x >= x0 && x < x0 + W && y >= y0 && y < y0 + H;
                /* As the notebook has it: the distance to the nearest side, from 1 on. */
                const int64_t across = x - x0 + 1 < x0 + W - x ? x - x0 + 1 : x0 + W - x;
                const int64_t down = y - y0 + 1 < y0 + H - y ? y - y0 + 1 : y0 + H - y;
                const int64_t weight = inside ? (across < down ? across : down) : 0;
                weights += (double)weight;
                if (inside) {
                    const double own = tyto_flow_tiles_share(&tiles, i, x, y);
                    sum += own;
                    if (first == 0.0) {
                        first = (double)weight;
                        share = own;
                    }
                }
            }
            assert_true(fabs(sum - 1.0) < 1e-12);
            assert_true(fabs(share - first / weights) < 1e-12);
        }
    }
}

static void shares_add_up_to_one(void **state)
{
    (void)state;
    for (int64_t overlap = 0; overlap < 7; overlap++) {
        for (int64_t side = 1; side < 40; side++) {
            check_tiles(side, 41 - side, overlap);
        }
        check_tiles(31, 1, overlap);
        check_tiles(1, 31, overlap);
    }
}

static void impossible_tiles_are_refused(void **state)
{
    (void)state;
    tyto_flow_tiles tiles;
    tyto_error err = TYTO_ERROR_INIT;
    assert_fails(tyto_flow_tiles_init(9, 9, 10, 7, 7, &tiles, &err), TYTO_E_ARGUMENT, &err,
                 "got 7 pixels, required 0 to 6");
    assert_fails(tyto_flow_tiles_init(9, 9, 10, 7, -1, &tiles, &err), TYTO_E_ARGUMENT, &err,
                 "got -1 pixels");
    assert_fails(tyto_flow_tiles_init(0, 9, 10, 7, 1, &tiles, &err), TYTO_E_LIMIT, &err, "0 x 9");
    assert_fails(tyto_flow_tiles_init(9, 9, 0, 7, 0, &tiles, &err), TYTO_E_LIMIT, &err, "tile: ");
    assert_fails(tyto_flow_tiles_init(65000, 65000, 10, 7, 0, &tiles, &err), TYTO_E_LIMIT, &err,
                 "65000 x 65000");
}

/* Every value against its place in both frames. */
static void check_patches(int64_t width, int64_t height)
{
    tyto_flow_tiles tiles;
    static float out[2 * 27 * 7 * 10];
    tyto_image frames[2] = {rendered_frame(width, height, 0), rendered_frame(width, height, 3)};
    assert_int_equal(tyto_flow_tiles_init(width, height, 10, 7, 2, &tiles, NULL), TYTO_OK);
    for (int64_t tile = 0; tile < tiles.columns * tiles.rows; tile++) {
        int64_t x0, y0;
        tyto_flow_tiles_place(&tiles, tile, &x0, &y0);
        assert_int_equal(tyto_flow_preprocess(&tiles, tile, &frames[0], &frames[1], out, NULL),
                         TYTO_OK);
        for (int64_t i = 0; i < 2 * 27 * 70; i++) {
            const int64_t f = i / (27 * 70), channel = i / 70 % 27, y = i / 10 % 7, x = i % 10;
            const int64_t ty = y + channel / 9 - 1, tx = x + channel / 3 % 3 - 1;
            double want = 0.0;
            if (ty >= 0 && ty < 7 && tx >= 0 && tx < 10) {
                const int64_t py = y0 + ty < height ? y0 + ty : height - 1;
                const int64_t px = x0 + tx < width ? x0 + tx : width - 1;
                want = frames[f].data[(py * width + px) * 3 + channel % 3] / 255.0 * 2.0 - 1.0;
            }
            assert_true(fabs((double)out[i] - want) < 1e-6);
        }
    }
    tyto_image_clear(&frames[0]);
    tyto_image_clear(&frames[1]);
}

static void patches_are_the_pixels_around(void **state)
{
    (void)state;
    check_patches(10, 7);
    check_patches(23, 19);
    check_patches(4, 3);
    check_patches(25, 2);
}

/* A tile alone gives its own values; many that all say the same give that. */
static void tiles_are_joined(void **state)
{
    (void)state;
    tyto_flow_tiles tiles;
    tyto_flow_field flow;
    float values[2 * 70];
    assert_int_equal(tyto_flow_tiles_init(6, 5, 10, 7, 2, &tiles, NULL), TYTO_OK);
    assert_int_equal(tyto_flow_field_make(6, 5, &flow, NULL), TYTO_OK);
    for (int i = 0; i < 140; i++) {
        values[i] = (float)i;
    }
    assert_int_equal(tyto_flow_postprocess(&tiles, 0, values, 20.0f, &flow, NULL), TYTO_OK);
    for (int64_t i = 0; i < 60; i++) {
        assert_float_equal(flow.data[i], 20.0f * (float)(i / 12 * 20 + i % 12), 0);
    }
    tyto_flow_field_clear(&flow);
    assert_int_equal(tyto_flow_tiles_init(33, 29, 10, 7, 3, &tiles, NULL), TYTO_OK);
    assert_int_equal(tyto_flow_field_make(33, 29, &flow, NULL), TYTO_OK);
    for (int i = 0; i < 70; i++) {
        values[2 * i] = 0.25f;
        values[2 * i + 1] = -1.5f;
    }
    for (int64_t tile = 0; tile < tiles.columns * tiles.rows; tile++) {
        assert_int_equal(tyto_flow_postprocess(&tiles, tile, values, 2.0f, &flow, NULL), TYTO_OK);
    }
    for (int64_t i = 0; i < 33 * 29; i++) {
        assert_float_equal(flow.data[2 * i], 0.5f, 1e-5f);
        assert_float_equal(flow.data[2 * i + 1], -3.0f, 1e-5f);
    }
    tyto_flow_field_clear(&flow);
}

/* What tyto_flow gives is the weighted mean of its tiles run by themselves. */
static void flow_is_that_of_its_tiles(void **state)
{
    (void)state;
    small of = open_small("flow");
    tyto_flow_options options;
    tyto_flow_tiles tiles;
    tyto_flow_field flow = {0}, joined = {0};
    tyto_image first = rendered_frame(24, 15, 0), second = rendered_frame(24, 15, 1);
    step_count seen = {.stage = "tiles"};
    static float input[2 * 27 * 70];
    tyto_flow_options_init(&options, sizeof(options));
    assert_int_equal(options.overlap_px, 20);
    assert_float_equal(options.scale, 20.0f, 0);
    options.overlap_px = 3;
    options.progress = count_steps;
    options.progress_user = &seen;
    assert_int_equal(tyto_flow(of.session, &first, &second, &options, &flow, NULL), TYTO_OK);
    assert_int_equal(tyto_flow_plan(of.model, 24, 15, &options, &tiles, NULL), TYTO_OK);
    assert_int_equal(tiles.columns * tiles.rows, 9);
    assert_int_equal(seen.seen, 9);
    assert_int_equal(seen.total, 9);
    assert_int_equal(tyto_flow_field_make(24, 15, &joined, NULL), TYTO_OK);
    const tyto_tensor tensor = {
        .name = "inputs", .dtype = TYTO_F32, .rank = 5, .shape = {1, 2, 27, 7, 10}, .data = input};
    for (int64_t tile = 0; tile < 9; tile++) {
        const tyto_tensor *outputs;
        int64_t n;
        assert_int_equal(tyto_flow_preprocess(&tiles, tile, &first, &second, input, NULL), TYTO_OK);
        assert_int_equal(tyto_forward(of.session, NULL, &tensor, 1, NULL, 0, &outputs, &n, NULL),
                         TYTO_OK);
        const float *values = outputs[0].data;
        int64_t x0, y0;
        tyto_flow_tiles_place(&tiles, tile, &x0, &y0);
        for (int64_t i = 0; i < 70; i++) {
            const int64_t x = x0 + i % 10, y = y0 + i / 10;
            const double share = tyto_flow_tiles_share(&tiles, tile, x, y);
            for (int64_t c = 0; c < 2; c++) {
                joined.data[2 * (24 * y + x) + c] +=
                    (float)(20.0 * share * (double)values[2 * i + c]);
            }
        }
    }
    double strength = 0.0;
    for (int64_t i = 0; i < 2 * 24 * 15; i++) {
        assert_float_equal(flow.data[i], joined.data[i], 1e-5f);
        strength += fabs((double)flow.data[i]);
    }
    assert_true(strength > 1.0);
    tyto_flow_field_clear(&flow);
    tyto_flow_field_clear(&joined);
    tyto_image_clear(&first);
    tyto_image_clear(&second);
    close_small(&of);
}

static void wrong_frames_and_models_are_refused(void **state)
{
    (void)state;
    small of = open_small("flow"), other = open_small("bare");
    tyto_flow_options options;
    tyto_flow_field flow = {0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image first = rendered_frame(24, 15, 0), second = rendered_frame(15, 24, 1);
    tyto_flow_options_init(&options, sizeof(options));
    assert_fails(tyto_flow(of.session, &first, &second, &options, &flow, &err), TYTO_E_SHAPE, &err,
                 "got 24 x 15 and 15 x 24 pixels");
    options.overlap_px = 7; /* as much as this network's tile */
    assert_fails(tyto_flow(of.session, &first, &first, &options, &flow, &err), TYTO_E_ARGUMENT,
                 &err, "got 7 pixels, required 0 to 6");
    assert_fails(tyto_flow(other.session, &first, &first, &options, &flow, &err), TYTO_E_ARGUMENT,
                 &err, "required a PerceiverForOpticalFlow");
    assert_null(flow.data);
    tyto_image_clear(&first);
    tyto_image_clear(&second);
    close_small(&of);
    close_small(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_and_written),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(the_wheel_is_the_standard_one),
        cmocka_unit_test(lengths_are_measured),
        cmocka_unit_test(tiles_are_the_authors),
        cmocka_unit_test(shares_add_up_to_one),
        cmocka_unit_test(impossible_tiles_are_refused),
        cmocka_unit_test(patches_are_the_pixels_around),
        cmocka_unit_test(tiles_are_joined),
        cmocka_unit_test(flow_is_that_of_its_tiles),
        cmocka_unit_test(wrong_frames_and_models_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
