/* A picture's memory, how large it may be, and what is said of damage: what decoders stand on. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"

void tyto_image_clear(tyto_image *image)
{
    if (image) {
        free(image->data);
        *image = (tyto_image){0};
    }
}

void tyto_image_cut(const tyto_image *image, int64_t left, int64_t top, tyto_image *out)
{
    const size_t row = 3 * (size_t)out->width_px;
    for (int64_t y = 0; y < out->height_px; y++) {
        memcpy(out->data + (size_t)y * row,
               image->data + 3 * ((size_t)(top + y) * (size_t)image->width_px + (size_t)left), row);
    }
}

void tyto_palette_complete(uint8_t palette[256][3], int count)
{
    bool greys = true;
    for (int i = 0; i < count; i++) {
        greys = greys && palette[i][0] == i && palette[i][1] == i && palette[i][2] == i;
    }
    for (int i = count; i < 256; i++) {
        memset(palette[i], greys ? i : 0, 3);
    }
}

void tyto_cmyk_row(const uint8_t *cmyk, int64_t width, uint8_t *rgb)
{
    for (int64_t x = 0; x < width; x++) {
        const int black = 255 - cmyk[4 * x + 3];
        for (int c = 0; c < 3; c++) {
            const int product = cmyk[4 * x + c] * black + 128;
            const int rounded = (product + (product >> 8)) >> 8;
            const int value = black - rounded;
            rgb[3 * x + c] = (uint8_t)(value < 0 ? 0 : value);
        }
    }
}

tyto_status tyto_image_check_size(const char *name, uint64_t width_px, uint64_t height_px,
                                  tyto_error *err)
{
    if (width_px == 0 || height_px == 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got %llux%llu pixels, required at least 1x1",
                         name, (unsigned long long)width_px, (unsigned long long)height_px);
    }
    if (width_px > TYTO_IMAGE_SIDE_MAX || height_px > TYTO_IMAGE_SIDE_MAX ||
        width_px * height_px > TYTO_IMAGE_PIXELS_MAX) {
        return tyto_fail(err, TYTO_E_LIMIT,
                         "%s: got %llux%llu pixels, required at most %lld in all and %d a side",
                         name, (unsigned long long)width_px, (unsigned long long)height_px,
                         TYTO_IMAGE_PIXELS_MAX, TYTO_IMAGE_SIDE_MAX);
    }
    return TYTO_OK;
}

tyto_status tyto_image_check_source(const tyto_image_source *source, uint64_t width_px,
                                    uint64_t height_px, tyto_error *err)
{
    TYTO_TRY(tyto_image_check_size(source->name, width_px, height_px, err));
    return width_px * height_px > (uint64_t)source->pixels_max
               ? tyto_fail(err, TYTO_E_LIMIT,
                           "%s: got %llux%llu pixels, required at most %lld in all", source->name,
                           (unsigned long long)width_px, (unsigned long long)height_px,
                           (long long)source->pixels_max)
               : TYTO_OK;
}

int64_t tyto_image_claim_max(const tyto_image_source *source)
{
    /* Files have a gigabyte at most. */
    return tyto_min_i64(TYTO_IMAGE_PIXELS_MAX,
                        TYTO_IMAGE_CLAIM_PIXELS +
                            (int64_t)source->length * TYTO_IMAGE_CLAIM_PIXELS_PER_BYTE);
}

tyto_status tyto_image_check_claim(const tyto_image_source *source, uint64_t width_px,
                                   uint64_t height_px, tyto_error *err)
{
    TYTO_TRY(tyto_image_check_source(source, width_px, height_px, err));
    return width_px * height_px > (uint64_t)tyto_image_claim_max(source)
               ? tyto_fail(err, TYTO_E_LIMIT,
                           "%s: claims %llux%llu pixels in %zu bytes, required at most %lld",
                           source->name, (unsigned long long)width_px,
                           (unsigned long long)height_px, source->length,
                           (long long)tyto_image_claim_max(source))
               : TYTO_OK;
}

tyto_status tyto_image_make(int64_t width_px, int64_t height_px, tyto_image *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_image_check_size("image", (uint64_t)tyto_max_i64(width_px, 0),
                                   (uint64_t)tyto_max_i64(height_px, 0), err));
    *out = (tyto_image){.width_px = width_px, .height_px = height_px};
    out->data = tyto_alloc_zeroed((size_t)(width_px * height_px), 3);
    return out->data ? TYTO_OK : tyto_fail_memory(err, "image");
}

tyto_status tyto_image_note_damage(const tyto_image_source *source, bool some, const char *format,
                                   const char *what, tyto_image *out, tyto_error *err)
{
    out->damaged = 1;
    if (some && source->use_damaged) {
        return TYTO_OK;
    }
    return tyto_fail(err, TYTO_E_FORMAT, "%s: %s: %s%s", source->name, format, what,
                     some ? "; --damaged use (in programs the option 'damaged') takes what is there"
                          : "");
}
