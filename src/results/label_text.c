#include <math.h>
#include <stdbool.h>
#include <string.h>

#include <utf8proc.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/label.h"

#define REPLACEMENT 0xFFFD
#define ELLIPSIS 0x2026
/* Larger scores are cut to this. */
#define SCORE_MAX 9999.0f
/* No code point decomposes into more. */
#define EXPANSION_MAX 4

/* Controls and separators of all kinds become spaces. */
static bool is_space(int32_t code)
{
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return false;
    }
}

/* The text's beginning as valid UTF-8 with single spaces and none at its ends. */
static size_t clean(const char *text, uint8_t out[TYTO_LABEL_CODES_MAX * 4])
{
    const uint8_t *at = (const uint8_t *)text;
    size_t length = 0;
    bool space = false;
    for (size_t n = 0; *at && n < TYTO_LABEL_CODES_MAX; n++) {
        int32_t code;
        const utf8proc_ssize_t bytes = utf8proc_iterate(at, -1, &code);
        if (bytes <= 0) {
            code = REPLACEMENT;
        }
        at += bytes <= 0 ? 1 : bytes;
        if (is_space(code)) {
            space = length > 0;
            continue;
        }
        if (space) {
            out[length++] = ' ';
            space = false;
            /* The space has its own count: it was read as one. */
        }
        length += (size_t)utf8proc_encode_char(code, out + length);
    }
    return length;
}

size_t tyto_label_codes(const char *text, int32_t codes[TYTO_LABEL_CODES_MAX])
{
    uint8_t bytes[TYTO_LABEL_CODES_MAX * 4];
    int32_t parts[TYTO_LABEL_CODES_MAX * EXPANSION_MAX];
    const utf8proc_ssize_t room = (utf8proc_ssize_t)(sizeof(parts) / sizeof(parts[0]));
    const size_t length = clean(text, bytes);
    utf8proc_ssize_t count = utf8proc_decompose(bytes, (utf8proc_ssize_t)length, parts, room,
                                                UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (count < 0 || count > room) {
        return 0;
    }
    count = utf8proc_normalize_utf32(parts, count, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    count = (utf8proc_ssize_t)tyto_min_i64(count, TYTO_LABEL_CODES_MAX);
    memcpy(codes, parts, (size_t)count * sizeof(*codes));
    return (size_t)count;
}

/* Two decimals with a point in every locale; nothing for what is not a number. */
static size_t score_codes(float score, int32_t out[TYTO_LABEL_SCORE_MAX])
{
    size_t count = 0;
    if (!isfinite(score)) {
        return 0;
    }
    const float size = fabsf(score) < SCORE_MAX ? fabsf(score) : SCORE_MAX;
    const int hundredths = (int)(size * 100 + 0.5f);
    if (score < 0 && hundredths) {
        out[count++] = '-';
    }
    for (int unit = 100000; unit >= 100; unit /= 10) {
        if (hundredths >= unit || unit == 100) {
            out[count++] = '0' + hundredths / unit % 10;
        }
    }
    out[count++] = '.';
    out[count++] = '0' + hundredths / 10 % 10;
    out[count++] = '0' + hundredths % 10;
    return count;
}

/* The first `keep` code points of a text, an ellipsis when that is not all, and the score. */
static tyto_status join(tyto_font *font, const int32_t *text, size_t count, size_t keep,
                        const int32_t *score, size_t digits, tyto_label_line *out, tyto_error *err)
{
    out->count = keep < count ? keep : count;
    memcpy(out->codes, text, out->count * sizeof(*text));
    if (keep < count) {
        while (out->count && out->codes[out->count - 1] == ' ') {
            out->count--;
        }
        out->codes[out->count++] = ELLIPSIS;
    }
    if (digits && out->count) {
        out->codes[out->count++] = ' ';
    }
    memcpy(out->codes + out->count, score, digits * sizeof(*score));
    out->count += digits;
    return tyto_font_measure(font, out->codes, out->count, &out->width_px, err);
}

/* As much of the text as there is room for; *kept is how much, 0 when not even its first letter
 * fits. A text of no length is kept whole: it counts as one. */
static tyto_status shorten(tyto_font *font, const int32_t *text, size_t count, const int32_t *score,
                           size_t digits, int64_t max_px, tyto_label_line *out, size_t *kept,
                           tyto_error *err)
{
    size_t low = 0, high = count;
    TYTO_TRY(join(font, text, count, count, score, digits, out, err));
    if (out->width_px <= max_px) {
        *kept = count ? count : 1;
        return TYTO_OK;
    }
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        TYTO_TRY(join(font, text, count, middle, score, digits, out, err));
        *(out->width_px <= max_px ? &low : &high) = middle;
    }
    *kept = low;
    return join(font, text, count, low, score, digits, out, err);
}

tyto_status tyto_label_compose(tyto_font *font, const char *text, float score, int64_t max_px,
                               tyto_label_line *out, tyto_error *err)
{
    int32_t codes[TYTO_LABEL_CODES_MAX], digits[TYTO_LABEL_SCORE_MAX];
    const size_t count = tyto_label_codes(text, codes), digit_count = score_codes(score, digits);
    size_t kept;
    out->words[0] = '\0';
    TYTO_TRY(shorten(font, codes, count, digits, digit_count, max_px, out, &kept, err));
    if (kept < count / 2 + 1 && count) {
        TYTO_TRY(shorten(font, codes, count, digits, 0, max_px, out, &kept, err));
    }
    if (!kept) {
        out->count = 0;
    }
    return TYTO_OK;
}
