/* Resizing by itself: values of scipy and Pillow for pictures of other channels and numbers. */
#include <tyto/resize.h>

#include "support/golden.h"

enum { H = 6, W = 5, OUT_H = 3, OUT_W = 2 };

/* A picture whose numbers look random. */
static void fill_bytes(uint8_t *out, int channels)
{
    for (int i = 0; i < H * W * channels; i++) {
        out[i] = (uint8_t)(i * 37 % 251);
    }
}

static tyto_tensor picture(void *data, tyto_dtype dtype, int64_t height, int64_t width,
                           int64_t channels)
{
    return (tyto_tensor){
        .dtype = dtype, .rank = 3, .shape = {height, width, channels}, .data = data};
}

static void numbers_are_scipy_s(void **state)
{
    (void)state;
    static const uint8_t bytes_wanted[] = {105, 137, 126, 105, 126, 126,
                                           114, 151, 134, 114, 121, 139};
    static const int16_t shorts_wanted[] = {6, 37, 26, 6, 27, 27, 14, 51, 34, 14, 21, 39};
    static const double floats_wanted[] = {0.416563123, 0.540977299, 0.498158246, 0.414853871,
                                           0.498825669, 0.497776687, 0.449992537, 0.59493494,
                                           0.526074409, 0.449531436, 0.477202713, 0.546755672};
    uint8_t bytes[H * W * 2], bytes_out[12];
    int16_t shorts[H * W * 2], shorts_out[12];
    float floats[H * W * 2], floats_out[12];
    tyto_error err = TYTO_ERROR_INIT;
    fill_bytes(bytes, 2);
    for (int i = 0; i < H * W * 2; i++) {
        shorts[i] = (int16_t)(bytes[i] - 100);
        floats[i] = (float)bytes[i] / 255.0f;
    }
    tyto_tensor in = picture(bytes, TYTO_U8, H, W, 2),
                out = picture(bytes_out, TYTO_U8, OUT_H, OUT_W, 2);
    ASSERT_DONE(tyto_resize_antialiased(&in, NULL, NULL, &out, &err), &err);
    assert_memory_equal(bytes_out, bytes_wanted, sizeof(bytes_wanted));
    in = picture(shorts, TYTO_I16, H, W, 2);
    out = picture(shorts_out, TYTO_I16, OUT_H, OUT_W, 2);
    ASSERT_DONE(tyto_resize_antialiased(&in, NULL, NULL, &out, &err), &err);
    assert_memory_equal(shorts_out, shorts_wanted, sizeof(shorts_wanted));
    in = picture(floats, TYTO_F32, H, W, 2);
    out = picture(floats_out, TYTO_F32, OUT_H, OUT_W, 2);
    ASSERT_DONE(tyto_resize_antialiased(&in, NULL, NULL, &out, &err), &err);
    for (int i = 0; i < 12; i++) {
        assert_true(is_close((double)floats_out[i], floats_wanted[i], 1e-7));
    }
}

static void channels_are_pillow_s(void **state)
{
    (void)state;
    enum { BICUBIC = 3 };
    static const struct {
        int channels;
        uint8_t wanted[OUT_H * OUT_W * 4];
    } cases[] = {{1, {103, 87, 124, 143, 146, 103}},
                 {2, {131, 126, 127, 114, 134, 121, 142, 150, 130, 113, 136, 131}},
                 {4, {105, 103, 140, 123, 87,  126, 126, 123, 122, 129, 144, 150,
                      55,  92,  128, 97,  133, 129, 127, 124, 104, 96,  137, 124}}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t bytes[H * W * 4], got[OUT_H * OUT_W * 4];
        tyto_error err = TYTO_ERROR_INIT;
        fill_bytes(bytes, cases[i].channels);
        const tyto_tensor in = picture(bytes, TYTO_U8, H, W, cases[i].channels);
        tyto_tensor out = picture(got, TYTO_U8, OUT_H, OUT_W, cases[i].channels);
        ASSERT_DONE(tyto_resize_filtered(&in, BICUBIC, NULL, &out, &err), &err);
        assert_memory_equal(got, cases[i].wanted, (size_t)(OUT_H * OUT_W * cases[i].channels));
    }
}

/* The weights of a gaussian may add up to a little less than 1. */
static void one_colour_stays(void **state)
{
    (void)state;
    uint8_t bytes[40 * 40], got[13 * 13];
    tyto_error err = TYTO_ERROR_INIT;
    memset(bytes, 200, sizeof(bytes));
    const tyto_tensor in = picture(bytes, TYTO_U8, 40, 40, 1);
    tyto_tensor out = picture(got, TYTO_U8, 13, 13, 1);
    ASSERT_DONE(tyto_resize_antialiased(&in, NULL, NULL, &out, &err), &err);
    for (size_t i = 0; i < sizeof(got); i++) {
        assert_int_equal(got[i], 200);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[H * W * 4 * 2] = {0}, got[OUT_H * OUT_W * 4 * 2];
    const double negative[] = {-1.0, 0.0, 0.0};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor in = picture(bytes, TYTO_U8, H, W, 3), out = picture(got, TYTO_U8, 3, 2, 3);
    assert_int_equal(tyto_resize_antialiased(NULL, NULL, NULL, &out, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_resize_filtered(&in, 2, NULL, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_resize_antialiased(&in, negative, NULL, &out, &err), TYTO_E_RANGE);
    assert_int_equal(tyto_resize_filtered(&in, 6, NULL, &out, &err), TYTO_E_RANGE);
    out.shape[0] = 0;
    assert_int_equal(tyto_resize_filtered(&in, 2, NULL, &out, &err), TYTO_E_RANGE);
    out.shape[0] = 3;
    out.shape[2] = 1;
    assert_int_equal(tyto_resize_antialiased(&in, NULL, NULL, &out, &err), TYTO_E_SHAPE);
    out.shape[2] = 3;
    in.dtype = out.dtype = TYTO_F16;
    assert_int_equal(tyto_resize_antialiased(&in, NULL, NULL, &out, &err), TYTO_E_UNSUPPORTED);
    assert_int_equal(tyto_resize_filtered(&in, 2, NULL, &out, &err), TYTO_E_UNSUPPORTED);
    in.data = NULL;
    assert_int_equal(tyto_resize_filtered(&in, 2, NULL, &out, &err), TYTO_E_ARGUMENT);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_scipy_s),
        cmocka_unit_test(channels_are_pillow_s),
        cmocka_unit_test(one_colour_stays),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
