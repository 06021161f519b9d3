/* Pictures: equal to Pillow's, whole again after writing, refused when they are none.
 * The files are written by tests/golden/make_images.py. */
#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"
#include "formats/image.h"
#include <tyto/tensor.h>
#include <zlib.h>

#include "support/cases.h"

/* Codecs of different versions may round differently where compression loses something. */
enum { LOSSY_LEVELS = 1, BOXES_LEVELS = 4 };
enum { GOOD_FILES = 153, BAD_FILES = 31, DAMAGED_FILES = 21, PATH_BYTES = 512 };

static char folder[] = "/tmp/tyto-image-XXXXXX";

static const char *data_path(const char *name)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/golden/data/images/%s", getenv("TYTO_TEST_DATA"), name);
    return path;
}

static const char *work_path(const char *name)
{
    static char path[PATH_BYTES];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *good_path(const char *name)
{
    char under[PATH_BYTES / 2];
    return snprintf(under, sizeof(under), "good/%s", name) < (int)sizeof(under) ? data_path(under)
                                                                                : "";
}

static int largest_difference(const uint8_t *a, const uint8_t *b, size_t count)
{
    int largest = 0;
    for (size_t i = 0; i < count; i++) {
        const int difference = abs(a[i] - b[i]);
        largest = difference > largest ? difference : largest;
    }
    return largest;
}

/* How far a picture may be from Pillow's. */
static int levels_of(const char *name)
{
    return strstr(name, ".avif") || strstr(name, ".heic")                          ? BOXES_LEVELS
           : strstr(name, ".jpg") || strstr(name, "lossy") || strstr(name, "jpeg") ? LOSSY_LEVELS
                                                                                   : 0;
}

/* Formats that this build lacks are refused by their name, which their own test looks at. */
static bool is_absent(const char *name, const tyto_error *err)
{
    const bool optional = strstr(name, ".gif") || strstr(name, ".tif") || strstr(name, ".avif") ||
                          strstr(name, ".heic");
    return optional && strstr(tyto_error_message(err), "which this build of tyto doesn't read");
}

/* Whether a picture is what a tensor says, but for `levels`; says what differs. */
static bool is_as_expected(const tyto_image *image, const tyto_tensor *expected, int levels)
{
    assert_int_equal(expected->rank, 3);
    if (image->height_px != expected->shape[0] || image->width_px != expected->shape[1]) {
        print_error("%s: %lldx%lld\n", expected->name, (long long)image->width_px,
                    (long long)image->height_px);
        return false;
    }
    const size_t bytes = (size_t)(expected->shape[0] * expected->shape[1] * 3);
    const int difference = largest_difference(image->data, expected->data, bytes);
    if (difference > levels) {
        print_error("%s: differs by %d levels\n", expected->name, difference);
        return false;
    }
    return true;
}

static void every_kind_is_as_pillow_reads_it(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file;
    size_t wrong = 0;
    assert_int_equal(tyto_tensor_file_open(data_path("expected.safetensors"), &file, &err),
                     TYTO_OK);
    assert_int_equal(tyto_tensor_file_count(file), GOOD_FILES);
    for (int64_t i = 0; i < tyto_tensor_file_count(file); i++) {
        const tyto_tensor *expected = tyto_tensor_file_at(file, (int64_t)i);
        tyto_image image;
        if (tyto_image_load(good_path(expected->name), NULL, &image, &err) != TYTO_OK) {
            if (is_absent(expected->name, &err)) {
                tyto_error_clear(&err);
                continue;
            }
            print_error("%s\n", tyto_error_message(&err));
            tyto_error_clear(&err);
            wrong++;
            continue;
        }
        assert_int_equal(image.damaged, 0);
        wrong += !is_as_expected(&image, expected, levels_of(expected->name));
        tyto_image_clear(&image);
    }
    tyto_tensor_file_destroy(file);
    assert_int_equal(wrong, 0);
}

/* Refused with a word about the option, or what Pillow makes of them. */
static void damaged_files_are_used_when_wanted(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file;
    size_t wrong = 0;
    tyto_image_options use;
    tyto_image_options_init(&use, sizeof(use));
    use.damaged = TYTO_IMAGE_DAMAGED_USE;
    assert_int_equal(tyto_tensor_file_open(data_path("expected_damaged.safetensors"), &file, &err),
                     TYTO_OK);
    assert_int_equal(tyto_tensor_file_count(file), DAMAGED_FILES);
    for (int64_t i = 0; i < tyto_tensor_file_count(file); i++) {
        const tyto_tensor *expected = tyto_tensor_file_at(file, (int64_t)i);
        char under[PATH_BYTES / 2];
        tyto_image image = {0};
        snprintf(under, sizeof(under), "damaged/%s", expected->name);
        const tyto_status refused = tyto_image_load(data_path(under), NULL, &image, &err);
        if (refused == TYTO_E_UNSUPPORTED && is_absent(expected->name, &err)) {
            tyto_error_clear(&err);
            continue;
        }
        if (refused != TYTO_E_FORMAT || !strstr(tyto_error_message(&err), "--damaged use")) {
            print_error("%s: %s\n", under, tyto_error_message(&err));
            wrong++;
        }
        tyto_error_clear(&err);
        tyto_image_clear(&image);
        if (tyto_image_load(data_path(under), &use, &image, &err) != TYTO_OK) {
            print_error("%s\n", tyto_error_message(&err));
            tyto_error_clear(&err);
            wrong++;
            continue;
        }
        assert_int_equal(image.damaged, 1);
        wrong += !is_as_expected(&image, expected, levels_of(expected->name));
        tyto_image_clear(&image);
    }
    tyto_tensor_file_destroy(file);
    assert_int_equal(wrong, 0);
}

static void what_is_turned_can_be_left_as_it_is(void **state)
{
    (void)state;
    tyto_image turned, stored;
    tyto_image_options ignore;
    tyto_image_options_init(&ignore, sizeof(ignore));
    ignore.exif = TYTO_IMAGE_EXIF_IGNORE;
    assert_int_equal(tyto_image_load(good_path("orientation_6.jpg"), NULL, &turned, NULL), TYTO_OK);
    assert_int_equal(tyto_image_load(good_path("orientation_6.jpg"), &ignore, &stored, NULL),
                     TYTO_OK);
    assert_int_equal(turned.orientation, 6);
    assert_int_equal(stored.orientation, 6);
    assert_int_equal(stored.width_px, turned.height_px);
    assert_int_equal(tyto_image_orient(&stored, 6, NULL), TYTO_OK);
    assert_memory_equal(stored.data, turned.data, (size_t)(3 * turned.width_px * turned.height_px));
    tyto_image_clear(&turned);
    tyto_image_clear(&stored);
    ignore.exif = (tyto_image_exif)2;
    assert_int_equal(tyto_image_load(good_path("grey.jpg"), &ignore, &stored, NULL),
                     TYTO_E_ARGUMENT);
}

/* What one piece of a file gives: an error, or the whole picture. */
static void check_cut(const char *name, const uint8_t *bytes, size_t cut, const tyto_image *whole)
{
    tyto_image image;
    tyto_error err = TYTO_ERROR_INIT;
    /* Memory of exactly this size, so that a sanitizer sees what lies behind it. */
    uint8_t *part = malloc(cut ? cut : 1);
    assert_non_null(part);
    memcpy(part, bytes, cut);
    const tyto_status status = tyto_image_decode(part, cut, "cut", NULL, &image, &err);
    if (status == TYTO_OK) {
        /* Its orientation may have been behind the cut. */
        const bool as_stored = image.orientation == whole->orientation;
        if (as_stored && (image.width_px != whole->width_px ||
                          memcmp(image.data, whole->data,
                                 (size_t)(3 * whole->width_px * whole->height_px)) != 0)) {
            fail_msg("%s: other pixels from %zu bytes", name, cut);
        }
        tyto_image_clear(&image);
    } else if (status != TYTO_E_FORMAT || strncmp(tyto_error_message(&err), "cut: ", 5)) {
        fail_msg("%s at %zu: %s: %s", name, cut, tyto_status_name(status),
                 tyto_error_message(&err));
    }
    tyto_error_clear(&err);
    free(part);
}

/* A file cut anywhere is refused, unless only what follows the pixels is lost. */
static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    DIR *files = opendir(data_path("good"));
    const struct dirent *entry;
    size_t count = 0;
    assert_non_null(files);
    while ((entry = readdir(files)) != NULL) {
        char *bytes;
        size_t length;
        tyto_image whole;
        if (entry->d_name[0] == '.') {
            continue;
        }
        assert_int_equal(tyto_file_read(good_path(entry->d_name), 1 << 20, &bytes, &length, NULL),
                         TYTO_OK);
        tyto_error err = TYTO_ERROR_INIT;
        count++;
        if (tyto_image_decode(bytes, length, "whole", NULL, &whole, &err) != TYTO_OK) {
            assert_true(is_absent(entry->d_name, &err));
            tyto_error_clear(&err);
            free(bytes);
            continue;
        }
        for (size_t cut = 0; cut < length; cut++) {
            check_cut(entry->d_name, (const uint8_t *)bytes, cut, &whole);
        }
        tyto_image_clear(&whole);
        free(bytes);
    }
    closedir(files);
    assert_int_equal(count, GOOD_FILES);
}

static void bad_files_are_refused_in_one_clear_line(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        tyto_status status;
        const char *says;
    } cases[] = {
        {"zero_width.png", TYTO_E_FORMAT, "PNG: "},
        {"zero_height.png", TYTO_E_FORMAT, "PNG: "},
        {"absurd_side.png", TYTO_E_FORMAT, "PNG: "},
        {"too_many_pixels.png", TYTO_E_LIMIT, "got 16001x16001 pixels, required at most 256000000"},
        {"large_and_empty.png", TYTO_E_FORMAT, "PNG: "},
        {"bad_crc.png", TYTO_E_FORMAT, "PNG: IDAT: CRC error"},
        {"no_data.png", TYTO_E_FORMAT, "PNG: "},
        {"no_palette.png", TYTO_E_FORMAT, "PNG: "},
        {"bad_filter.png", TYTO_E_FORMAT, "PNG: bad adaptive filter value"},
        {"not_zlib.png", TYTO_E_FORMAT, "PNG: "},
        {"bad_depth.png", TYTO_E_FORMAT, "PNG: "},
        {"text_bomb_is_ignored.png", TYTO_OK, ""},
        {"cut.jpg", TYTO_E_FORMAT, "JPEG: "},
        {"zero_height.jpg", TYTO_E_FORMAT, "JPEG: "},
        {"zero_width.jpg", TYTO_E_FORMAT, "JPEG: "},
        {"absurd_side.jpg", TYTO_E_FORMAT, "JPEG: "},
        {"too_many_pixels.jpg", TYTO_E_LIMIT, "got 65000x65000 pixels"},
        {"large_and_empty.jpg", TYTO_E_FORMAT, "JPEG: its data is damaged or ends early"},
        {"twelve_bits.jpg", TYTO_E_FORMAT, "JPEG: Unsupported JPEG data precision 12"},
        {"many_scans.jpg", TYTO_E_LIMIT, "JPEG: got more than 100 scans"},
        {"head_only.jpg", TYTO_E_FORMAT, "JPEG: "},
        {"cut.webp", TYTO_E_FORMAT, "WebP: its data is damaged or cut"},
        {"head_only.webp", TYTO_E_FORMAT, "WebP: its header is damaged or cut"},
        {"absurd_side.webp", TYTO_E_LIMIT, "got 16777216x200 pixels"},
        {"frame_outside.webp", TYTO_E_FORMAT, "WebP: its first frame does not fit 16x16"},
        {"no_frame.webp", TYTO_E_FORMAT, "WebP: its data is damaged or cut"},
        {"still_without_data.webp", TYTO_E_FORMAT, "WebP: its data is damaged or cut"},
        {"frame_cut.webp", TYTO_E_FORMAT, "WebP: its data is damaged or cut"},
        {"jpeg2000.jpg", TYTO_E_UNSUPPORTED, "got a JPEG 2000 file, required JPEG, PNG, WebP, GIF"},
        {"empty.png", TYTO_E_FORMAT, "not a picture, required JPEG, PNG, WebP, GIF"},
        {"text.png", TYTO_E_FORMAT, "not a picture, required JPEG, PNG, WebP, GIF"},
        {"absent.png", TYTO_E_NOT_FOUND, ""},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        char under[PATH_BYTES / 2];
        tyto_image image = {0};
        tyto_error err = TYTO_ERROR_INIT;
        snprintf(under, sizeof(under), "bad/%s", cases[i].name);
        tyto_status status = tyto_image_load(data_path(under), NULL, &image, &err);
        const char *message = err.message ? err.message : "";
        if (status != cases[i].status || !strstr(message, cases[i].says) ||
            (status != TYTO_OK && !strstr(message, under)) || strchr(message, '\n')) {
            fail_msg("%s: %s: %s", under, tyto_status_name(status), message);
        }
        tyto_error_clear(&err);
        tyto_image_clear(&image);
    }
}

static void every_bad_file_is_tried(void **state)
{
    (void)state;
    DIR *files = opendir(data_path("bad"));
    size_t count = 0;
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(files);
    assert_int_equal(count, BAD_FILES);
}

/* A picture of gradients, with all corners different. */
static tyto_image pattern(int64_t width, int64_t height)
{
    tyto_image image;
    assert_int_equal(tyto_image_make(width, height, &image, NULL), TYTO_OK);
    for (int64_t y = 0; y < height; y++) {
        for (int64_t x = 0; x < width; x++) {
            uint8_t *pixel = image.data + 3 * (y * width + x);
            pixel[0] = (uint8_t)(x * 255 / width);
            pixel[1] = (uint8_t)(y * 255 / height);
            pixel[2] = (uint8_t)(255 - (x + y) * 255 / (width + height));
        }
    }
    return image;
}

/* Encoded to memory, a picture is what was saved as a file of that name. */
static void assert_encoded_is_the_file(const char *name, const tyto_image *image)
{
    tyto_bytes bytes;
    assert_int_equal(tyto_image_encode(image, name, &bytes, NULL), TYTO_OK);
    FILE *file = fopen(work_path(name), "rb");
    assert_non_null(file);
    char *content = malloc(bytes.length_bytes + 1);
    assert_non_null(content);
    assert_int_equal(fread(content, 1, bytes.length_bytes + 1, file), bytes.length_bytes);
    assert_memory_equal(content, bytes.data, bytes.length_bytes);
    free(content);
    assert_int_equal(fclose(file), 0);
    tyto_bytes_clear(&bytes);
}

static void what_is_written_reads_the_same(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int levels;
    } cases[] = {{"a.png", 0}, {"a.PNG", 0}, {"a.jpg", 25}, {"a.JPEG", 25}, {"a.webp", 40}};
    static const int64_t sizes[][2] = {{1, 1}, {37, 23}, {40, 200}};
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        for (size_t j = 0; next_case(j, sizeof(sizes) / sizeof(sizes[0])); j++) {
            tyto_image image = pattern(sizes[j][0], sizes[j][1]), again;
            const size_t bytes = (size_t)(sizes[j][0] * sizes[j][1] * 3);
            assert_int_equal(tyto_image_save(work_path(cases[i].name), &image, NULL), TYTO_OK);
            assert_int_equal(tyto_image_load(work_path(cases[i].name), NULL, &again, NULL),
                             TYTO_OK);
            assert_int_equal(again.width_px, image.width_px);
            assert_int_equal(again.height_px, image.height_px);
            assert_in_range(largest_difference(image.data, again.data, bytes), 0, cases[i].levels);
            double sum = 0;
            for (size_t k = 0; k < bytes; k++) {
                sum += abs(image.data[k] - again.data[k]);
            }
            assert_true(sum / (double)bytes < 4);
            assert_encoded_is_the_file(cases[i].name, &image);
            tyto_image_clear(&image);
            tyto_image_clear(&again);
            assert_int_equal(unlink(work_path(cases[i].name)), 0);
        }
    }
}

static void assert_folder_is_empty(void)
{
    DIR *files = opendir(folder);
    assert_non_null(files);
    for (const struct dirent *entry; (entry = readdir(files)) != NULL;) {
        if (entry->d_name[0] != '.' || strlen(entry->d_name) > 2) {
            fail_msg("left behind: %s", entry->d_name);
        }
    }
    closedir(files);
}

static void assert_not_saved(const char *name, const tyto_image *image, tyto_status required,
                             const char *says)
{
    tyto_error err = TYTO_ERROR_INIT;
    const char *path = work_path(name);
    tyto_status status = tyto_image_save(path, image, &err);
    if (status != required || !strstr(tyto_error_message(&err), says)) {
        fail_msg("%s: %s: %s", name, tyto_status_name(status), tyto_error_message(&err));
    }
    assert_non_null(strstr(tyto_error_message(&err), path));
    tyto_error_clear(&err);
    assert_folder_is_empty();
}

static void what_cannot_be_written_leaves_nothing(void **state)
{
    (void)state;
    tyto_image image = pattern(20, 10), wide = pattern(16384, 1), none = {0};
    tyto_image zero = {0, 5, image.data};
    assert_not_saved("a.gif", &image, TYTO_E_ARGUMENT, "required a name that ends in .png");
    assert_not_saved("png", &image, TYTO_E_ARGUMENT, "required a name that ends in .png");
    assert_not_saved(".png", &none, TYTO_E_ARGUMENT, "got no picture");
    assert_not_saved("a.png", NULL, TYTO_E_ARGUMENT, "got no picture");
    assert_not_saved("a.jpg", &zero, TYTO_E_FORMAT, "got 0x5 pixels");
    assert_not_saved("no/such/folder/a.png", &image, TYTO_E_NOT_FOUND, "");
    assert_not_saved("a.webp", &wide, TYTO_E_LIMIT, "got 16384x1 pixels, required at most 16383");
    tyto_image_clear(&image);
    tyto_image_clear(&wide);
    tyto_image_clear(NULL);
}

/* A full disk, as a limit to the size of files. */
static void a_full_disk_leaves_nothing(void **state)
{
    (void)state;
    tyto_image image = pattern(400, 400);
    uint32_t noise = 1;
    for (size_t i = 0; i < 400 * 400 * 3; i++) {
        noise = noise * 1664525U + 1013904223U;
        image.data[i] = (uint8_t)(noise >> 24);
    }
    struct rlimit before, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    static const char *const names[] = {"a.png", "a.jpg", "a.webp"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        tyto_error err = TYTO_ERROR_INIT;
        tyto_status status = tyto_image_save(work_path(names[i]), &image, &err);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(status, TYTO_E_IO);
        assert_non_null(strstr(tyto_error_message(&err), names[i]));
        assert_non_null(strstr(tyto_error_message(&err), ": File too large"));
        tyto_error_clear(&err);
        assert_folder_is_empty();
    }
    signal(SIGXFSZ, SIG_DFL);
    tyto_image_clear(&image);
}

static void pictures_have_limits(void **state)
{
    (void)state;
    tyto_image image;
    tyto_error err = TYTO_ERROR_INIT;
    assert_int_equal(tyto_image_make(0, 5, &image, NULL), TYTO_E_FORMAT);
    assert_int_equal(tyto_image_make(5, -1, &image, NULL), TYTO_E_FORMAT);
    assert_int_equal(tyto_image_make(TYTO_IMAGE_SIDE_MAX + 1, 1, &image, NULL), TYTO_E_LIMIT);
    assert_int_equal(tyto_image_make(INT64_MAX, INT64_MAX, &image, NULL), TYTO_E_LIMIT);
    assert_int_equal(tyto_image_make(16001, 16001, &image, &err), TYTO_E_LIMIT);
    assert_string_equal(tyto_error_message(&err),
                        "image: got 16001x16001 pixels, required at most 256000000 in all and "
                        "65500 a side");
    tyto_error_clear(&err);
}

static void odd_exif_data_is_no_orientation(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t length;
        int orientation;
    } cases[] = {
        {"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0", 22, 6},
        {"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x05\0\0\0", 22, 5},
        {"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0\x07", 22, 7},
        {"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\0\0\0\x01\0\x06\0\0", 22, 0}, /* a text */
        {"MM\0+\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0", 22, 0}, /* BigTIFF */
        {"MI\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0", 22, 0},
        {"MM\0*\xff\xff\xff\xff\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0", 22, 0},
        {"MM\0*\0\0\0\x08\xff\xff\x01\x13\0\x03\0\0\0\x01\0\x06\0\0", 22, 0},
        {"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0", 22, 1},
        {"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06", 20, 0}, /* its field is cut */
        {"MM", 2, 0},
        {"", 0, 0},
    };
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        assert_int_equal(tyto_exif_orientation((const uint8_t *)cases[i].bytes, cases[i].length),
                         cases[i].orientation);
    }
}

#define XMP(orientation)                                                                           \
    "<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:Description tiff:Make=\"a\" "                        \
    "tiff:Orientation" orientation "</rdf:Description></x:xmpmeta>"

static void odd_xmp_data_is_no_orientation(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int orientation;
    } cases[] = {{XMP("=\"6\">"), 6},
                 {XMP("='8'>"), 8},
                 {XMP(">3<"), 3},
                 {XMP("=\"1\""), 1},
                 {XMP("=\"9\""), 0},
                 {XMP("=\"0\""), 0},
                 {XMP("=\"66\""), 0},
                 {XMP(">6\""), 0},
                 {XMP("=\"6'"), 0},
                 {XMP("6"), 0},
                 {"tiff:Orientation=\"6", 0},
                 {"tiff:Orientation", 0},
                 {"tiff:Orient", 0},
                 {"", 0}};
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        const size_t length = strlen(cases[i].text);
        char *exact = malloc(length + 1); /* so that a sanitizer sees what is read behind it */
        memcpy(exact, cases[i].text, length);
        exact = realloc(exact, length ? length : 1);
        assert_int_equal(tyto_xmp_orientation((const uint8_t *)exact, length),
                         cases[i].orientation);
        free(exact);
    }
}

static void put_big(uint8_t *to, size_t value)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* An XMP packet as each kind of file holds it; returns its length. */
static size_t xmp_part(const char *name, uint8_t *to)
{
    static const char jpeg[] = "http://ns.adobe.com/xap/1.0/\0" XMP("=\"6\">");
    static const char png[] = "iTXtXML:com.adobe.xmp\0\0\0\0\0" XMP("=\"6\">");
    static const char webp[] = XMP("=\"6\">");
    if (strstr(name, ".jpg")) {
        put_big(to, 0xffe10000 + sizeof(jpeg) - 1 + 2);
        memcpy(to + 4, jpeg, sizeof(jpeg) - 1);
        return 4 + sizeof(jpeg) - 1;
    }
    if (strstr(name, ".png")) {
        put_big(to, sizeof(png) - 1 - 4);
        memcpy(to + 4, png, sizeof(png) - 1);
        put_big(to + 4 + sizeof(png) - 1, crc32(0, to + 4, sizeof(png) - 1));
        return 8 + sizeof(png) - 1;
    }
    memcpy(to, "XMP ", 4);
    to[4] = (sizeof(webp) - 1) & 0xff;
    to[5] = to[6] = to[7] = 0;
    memcpy(to + 8, webp, sizeof(webp)); /* with a zero, in case it is odd */
    return 8 + sizeof(webp) - 1 + (sizeof(webp) - 1) % 2;
}

/* A picture that lies, by XMP alone, is turned; where EXIF says something, that counts. */
static void xmp_counts_where_there_is_no_exif(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t place; /* of what is added; 0: the end */
        int turned;
    } cases[] = {{"rgb_444.jpg", 2, 6},      {"rgb_8.png", 33, 6},
                 {"lossless.webp", 0, 6},    {"orientation_8.jpg", 2, 1},
                 {"exif_before.png", 33, 1}, {"orientation_8.webp", 0, 1}};
    for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++) {
        tyto_error err = TYTO_ERROR_INIT;
        tyto_image plain, with;
        uint8_t part[512], bytes[65536];
        const size_t added = xmp_part(cases[i].name, part);
        FILE *file = fopen(good_path(cases[i].name), "rb");
        assert_non_null(file);
        const size_t length = fread(bytes, 1, sizeof(bytes) - added, file);
        fclose(file);
        assert_int_equal(tyto_image_decode(bytes, length, "plain", NULL, &plain, &err), TYTO_OK);
        assert_int_equal(tyto_image_orient(&plain, cases[i].turned, &err), TYTO_OK);
        const size_t place = cases[i].place ? cases[i].place : length;
        memmove(bytes + place + added, bytes + place, length - place);
        memcpy(bytes + place, part, added);
        if (strstr(cases[i].name, ".webp")) {
            bytes[4] = (uint8_t)((length + added - 8) & 0xff);
            bytes[5] = (uint8_t)((length + added - 8) >> 8);
        }
        assert_int_equal(tyto_image_decode(bytes, length + added, "with", NULL, &with, &err),
                         TYTO_OK);
        assert_int_equal(with.width_px, plain.width_px);
        assert_int_equal(with.height_px, plain.height_px);
        assert_memory_equal(with.data, plain.data, (size_t)(3 * with.width_px * with.height_px));
        tyto_image_clear(&plain);
        tyto_image_clear(&with);
    }
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_is_as_pillow_reads_it),
        cmocka_unit_test(damaged_files_are_used_when_wanted),
        cmocka_unit_test(what_is_turned_can_be_left_as_it_is),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(bad_files_are_refused_in_one_clear_line),
        cmocka_unit_test(every_bad_file_is_tried),
        cmocka_unit_test(what_is_written_reads_the_same),
        cmocka_unit_test(what_cannot_be_written_leaves_nothing),
        cmocka_unit_test(a_full_disk_leaves_nothing),
        cmocka_unit_test(pictures_have_limits),
        cmocka_unit_test(odd_exif_data_is_no_orientation),
        cmocka_unit_test(odd_xmp_data_is_no_orientation),
        cmocka_unit_test(xmp_counts_where_there_is_no_exif),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
