/* Photos from a list of files, read ahead. */
#include <tyto/photo_reader.h>

#include <stdio.h>

#include "support/golden.h"

#include "support/cases.h"

#define PHOTOS 9
#define PATH_BYTES 64

static char folder[] = "/tmp/tyto-reader-XXXXXX";
static char paths[PHOTOS][PATH_BYTES];
static const char *list[PHOTOS];

/* Photo i is i + 1 pixels wide; number 3 is no picture, number 6 isn't there. */
static int make_photos(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (int64_t i = 0; i < PHOTOS; i++) {
        tyto_image image = {0};
        snprintf(paths[i], PATH_BYTES, "%s/%d.png", folder, (int)i);
        list[i] = paths[i];
        assert_int_equal(tyto_image_make(i + 1, 2, &image, NULL), TYTO_OK);
        memset(image.data, (int)i, (size_t)(6 * (i + 1)));
        if (i == 3) {
            FILE *file = fopen(paths[i], "w");
            assert_non_null(file);
            fputs("no picture", file);
            fclose(file);
        } else if (i != 6) {
            assert_int_equal(tyto_image_save(paths[i], &image, NULL), TYTO_OK);
        }
        tyto_image_clear(&image);
    }
    return 0;
}

static int drop_photos(void **state)
{
    (void)state;
    for (int i = 0; i < PHOTOS; i++) {
        remove(paths[i]);
    }
    remove(folder);
    return 0;
}

static tyto_photo_reader *opened(int64_t ahead)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_photo_reader *reader;
    tyto_photo_reader_options options;
    tyto_photo_reader_options_init(&options, sizeof(options));
    options.ahead = ahead;
    ASSERT_DONE(tyto_photo_reader_create(list, PHOTOS, &options, &reader, &err), &err);
    return reader;
}

static void assert_next(tyto_photo_reader *reader, int64_t i)
{
    static const tyto_status bad[PHOTOS] = {[3] = TYTO_E_FORMAT, [6] = TYTO_E_NOT_FOUND};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image;
    assert_int_equal(tyto_photo_reader_position(reader), i);
    const tyto_status status = tyto_photo_reader_next(reader, &image, &err);
    assert_int_equal(status, bad[i]);
    if (status == TYTO_OK) {
        assert_int_equal(image.width_px, i + 1);
        assert_int_equal(image.data[0], i);
        tyto_image_clear(&image);
    } else {
        assert_null(image.data);
        assert_non_null(strstr(tyto_error_message(&err), paths[i]));
    }
    tyto_error_clear(&err);
}

/* Whatever is read ahead, photos come in order, and a bad one is an error of its own. */
static void photos_come_in_order(void **state)
{
    (void)state;
    static const int64_t aheads[] = {0, 1, 2, PHOTOS, TYTO_PHOTO_READER_AHEAD_MAX};
    for (size_t a = 0; next_case(a, sizeof(aheads) / sizeof(aheads[0])); a++) {
        tyto_photo_reader *reader = opened(aheads[a]);
        tyto_image image;
        for (int64_t i = 0; i < PHOTOS; i++) {
            assert_next(reader, i);
        }
        assert_int_equal(tyto_photo_reader_next(reader, &image, NULL), TYTO_E_NOT_FOUND);
        tyto_photo_reader_skip(reader);
        assert_int_equal(tyto_photo_reader_position(reader), PHOTOS);
        tyto_photo_reader_destroy(reader);
    }
}

static void photos_can_be_left_out(void **state)
{
    (void)state;
    for (int64_t ahead = 0; ahead <= 3; ahead++) {
        tyto_photo_reader *reader = opened(ahead);
        tyto_photo_reader_skip(reader);
        for (int64_t i = 1; i < PHOTOS; i += 2) {
            assert_next(reader, i);
            tyto_photo_reader_skip(reader);
        }
        tyto_photo_reader_destroy(reader);
    }
}

/* In the middle of a list, and before the first photo. */
static void a_reader_can_end_early(void **state)
{
    (void)state;
    for (int64_t ahead = 0; ahead <= 3; ahead++) {
        for (int64_t n = 0; n <= 4; n++) {
            tyto_photo_reader *reader = opened(ahead);
            for (int64_t i = 0; i < n; i++) {
                assert_next(reader, i);
            }
            tyto_photo_reader_destroy(reader);
        }
    }
    tyto_photo_reader_destroy(NULL);
}

static void standard_input_has_its_turn(void **state)
{
    (void)state;
    const char *const piped[] = {paths[0], "-", paths[2], "-"};
    tyto_photo_reader *reader;
    tyto_image image, expected;
    assert_non_null(freopen(paths[1], "rb", stdin));
    assert_int_equal(tyto_image_load(paths[1], NULL, &expected, NULL), TYTO_OK);
    assert_int_equal(tyto_photo_reader_create(piped, 4, NULL, &reader, NULL), TYTO_OK);
    for (int i = 0; i < 4; i++) {
        const tyto_status status = tyto_photo_reader_next(reader, &image, NULL);
        /* It can be read once. */
        assert_int_equal(status, i == 3 ? TYTO_E_ARGUMENT : TYTO_OK);
        assert_true(i != 1 || (image.width_px == expected.width_px &&
                               memcmp(image.data, expected.data, (size_t)image.width_px) == 0));
        tyto_image_clear(&image);
    }
    tyto_image_clear(&expected);
    tyto_photo_reader_destroy(reader);
}

static void bad_arguments_are_refused(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_photo_reader *reader;
    tyto_photo_reader_options options;
    tyto_image image;
    const char *const hole[] = {NULL};
    tyto_photo_reader_options_init(&options, sizeof(options));
    options.ahead = TYTO_PHOTO_READER_AHEAD_MAX + 1;
    assert_int_equal(tyto_photo_reader_create(list, 1, &options, &reader, &err), TYTO_E_RANGE);
    assert_int_equal(tyto_photo_reader_create(hole, 1, NULL, &reader, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_photo_reader_create(NULL, 1, NULL, &reader, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_photo_reader_create(list, -1, NULL, &reader, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_photo_reader_create(list, 1, NULL, NULL, &err), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_photo_reader_next(NULL, &image, &err), TYTO_E_ARGUMENT);
    ASSERT_DONE(tyto_photo_reader_create(NULL, 0, NULL, &reader, &err), &err);
    assert_null(err.message);
    assert_int_equal(tyto_photo_reader_next(reader, &image, &err), TYTO_E_NOT_FOUND);
    assert_int_equal(tyto_photo_reader_position(NULL), 0);
    tyto_photo_reader_destroy(reader);
    tyto_error_clear(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(photos_come_in_order),      cmocka_unit_test(photos_can_be_left_out),
        cmocka_unit_test(a_reader_can_end_early),    cmocka_unit_test(standard_input_has_its_turn),
        cmocka_unit_test(bad_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, make_photos, drop_photos);
}
