/* What pictures claim isn't what they cost; and cut ones of formats that have no rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>
#include <tyto/image.h>

#include "base/file.h"

/* Sanitizers keep what was freed, and mark what was not touched. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CLAIM_KB (1L << 20)
#else
#define CLAIM_KB (48L << 10)
#endif
#define SIDE_PX 15000

static char *read_data(const char *name, size_t *length)
{
    char path[512], *bytes;
    snprintf(path, sizeof(path), "%s/%s", getenv("TYTO_TEST_DATA"), name);
    assert_int_equal(tyto_file_read(path, 1 << 20, &bytes, length, NULL), TYTO_OK);
    return bytes;
}

/* How two sides lie in a file. */
typedef enum side_order { LITTLE_16, BIG_16, BIG_32, LITTLE_32 } side_order;

static void put_sides(char *at, side_order order)
{
    const uint32_t side = SIDE_PX;
    const size_t bytes = order == LITTLE_16 || order == BIG_16 ? 2 : 4;
    for (size_t i = 0; i < 2 * bytes; i++) {
        const size_t k = i % bytes;
        const bool little = order == LITTLE_16 || order == LITTLE_32;
        at[i] = (char)(side >> (8 * (little ? k : bytes - 1 - k)));
    }
}

/* Sides of 15,000 pixels, wherever they stand behind `mark`. */
static void claims_cost_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *name, *mark;
        size_t at;
        side_order order;
        tyto_status status;
    } cases[] = {{"good/rgb_420.jpg", "\xff\xc0", 5, BIG_16, TYTO_E_FORMAT},
                 {"good/progressive.jpg", "\xff\xc2", 5, BIG_16, TYTO_E_FORMAT},
                 {"good/lossy.webp", "\x9d\x01\x2a", 3, LITTLE_16, TYTO_E_FORMAT},
                 {"good/palette.gif", "GIF8", 6, LITTLE_16, TYTO_E_LIMIT},
                 {"good/offset.gif", "\x2c", 5, LITTLE_16, TYTO_E_FORMAT},
                 {"good/rgb.bmp", "BM", 18, LITTLE_32, TYTO_E_FORMAT},
                 {"good/rgb.avif", "ispe", 8, BIG_32, TYTO_E_FORMAT},
                 /* libheif goes by what the data says. */
                 {"good/rgb.heic", "ispe", 8, BIG_32, TYTO_OK},
                 /* Of tiles, size and layout say it. */
                 {"good/grid.avif", "ispe", 8, BIG_32, TYTO_E_FORMAT},
                 {"good/grid.avif", "\x01\x01\x02", 3, BIG_32, TYTO_E_FORMAT},
                 {"good/grid.heic", "ispe", 8, BIG_32, TYTO_E_LIMIT},
                 {"good/grid.heic", "\x01\x01\x02", 3, BIG_32, TYTO_E_LIMIT}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[128];
        size_t length;
        snprintf(path, sizeof(path), "golden/data/images/%s", cases[i].name);
        char *bytes = read_data(path, &length), *found = bytes;
        const size_t mark = strlen(cases[i].mark);
        while ((found = memmem(found, length - (size_t)(found - bytes), cases[i].mark, mark))) {
            put_sides(found + cases[i].at, cases[i].order);
            found += mark;
        }
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image image = {0};
        struct rusage before, after;
        getrusage(RUSAGE_SELF, &before);
        const tyto_status status = tyto_image_decode(bytes, length, path, NULL, &image, &err);
        getrusage(RUSAGE_SELF, &after);
        if (status != cases[i].status && status != TYTO_E_UNSUPPORTED) {
            fail_msg("%s: %s: %s", path, tyto_status_name(status), tyto_error_message(&err));
        }
        if (after.ru_maxrss - before.ru_maxrss > CLAIM_KB) {
            fail_msg("%s: takes %ld kB", path, after.ru_maxrss - before.ru_maxrss);
        }
        assert_null(strchr(tyto_error_message(&err), '\n'));
        tyto_error_clear(&err);
        tyto_image_clear(&image);
        free(bytes);
    }
}

/* Panoramas of telephones. */
static void pictures_may_be_wide(void **state)
{
    (void)state;
    size_t length;
    char *bytes = read_data("fuzz/corpus/image/wide_heic", &length);
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    const tyto_status status = tyto_image_decode(bytes, length, "wide", NULL, &image, &err);
    if (status != TYTO_E_UNSUPPORTED) {
        assert_int_equal(status, TYTO_OK);
        assert_int_equal(image.width_px, 16384);
        assert_int_equal(image.height_px, 64);
    }
    tyto_error_clear(&err);
    tyto_image_clear(&image);
    free(bytes);
}

/* Pillow has no rows of these either, whatever LOAD_TRUNCATED_IMAGES is. */
static void cut_ones_without_rows_are_refused(void **state)
{
    (void)state;
    static const char *const names[] = {"lossy.webp", "lossless.webp", "lossy_alpha.webp",
                                        "rgb.avif", "rgb.heic"};
    tyto_image_options options;
    tyto_image_options_init(&options, sizeof(options));
    options.damaged = TYTO_IMAGE_DAMAGED_USE;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];
        size_t length;
        snprintf(path, sizeof(path), "golden/data/images/good/%s", names[i]);
        char *bytes = read_data(path, &length);
        for (size_t cut = 40; cut < length - 2; cut += 1 + length / 40) {
            tyto_error err = TYTO_ERROR_INIT;
            tyto_image image = {0};
            const tyto_status status = tyto_image_decode(bytes, cut, path, &options, &image, &err);
            if (status != TYTO_E_FORMAT && status != TYTO_E_UNSUPPORTED) {
                fail_msg("%s, %zu bytes: %s", path, cut, tyto_status_name(status));
            }
            assert_null(image.data);
            assert_null(strchr(tyto_error_message(&err), '\n'));
            tyto_error_clear(&err);
        }
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(claims_cost_nothing),
        cmocka_unit_test(pictures_may_be_wide),
        cmocka_unit_test(cut_ones_without_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
