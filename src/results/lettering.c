#include <math.h>
#include <stdio.h>
#include <string.h>

#include <utf8proc.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/label.h"

#define ELLIPSIS 0x2026
#define ZERO_WIDTH_NON_JOINER 0x200C
#define ZERO_WIDTH_JOINER 0x200D
/* Flags of regions are spelled with these. */
#define TAG_FIRST 0xE0020
#define TAG_LAST 0xE007F
/* Bytes of brackets or a hash, a number, and a NUL. */
#define NUMBER_BYTES 32

tyto_status tyto_lettering_open(int64_t size_px, tyto_lettering *out, tyto_error *err)
{
    *out = (tyto_lettering){.size_px = size_px};
    return tyto_font_open(size_px, &out->font, err);
}

void tyto_lettering_close(tyto_lettering *lettering)
{
    tyto_script_close(lettering->script);
    tyto_font_close(lettering->font);
    *lettering = (tyto_lettering){0};
}

/* Format characters can turn the order of what follows them around, and hide what is there; those
 * that shape letters and emoji stay. */
static bool is_harmful(int32_t code)
{
    return utf8proc_category(code) == UTF8PROC_CATEGORY_CF && code != ZERO_WIDTH_NON_JOINER &&
           code != ZERO_WIDTH_JOINER && (code < TAG_FIRST || code > TAG_LAST);
}

void tyto_label_words(const int32_t *codes, size_t count, char out[TYTO_LABEL_BYTES])
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        if (!is_harmful(codes[i])) {
            length += (size_t)utf8proc_encode_char(codes[i], (utf8proc_uint8_t *)out + length);
        }
    }
    out[length] = '\0';
}

/* Whether the system's fonts have all of a text; they are looked for only now. */
static tyto_status is_in_script(tyto_lettering *lettering, const int32_t *codes, size_t count,
                                bool *out, tyto_error *err)
{
    char words[TYTO_LABEL_BYTES];
    tyto_script_size size;
    if (!lettering->script_sought) {
        TYTO_TRY(tyto_script_open(lettering->size_px, &lettering->script, err));
        lettering->script_sought = true;
    }
    tyto_label_words(codes, count, words);
    *out = lettering->script && tyto_script_measure(lettering->script, words, 0, &size);
    return TYTO_OK;
}

typedef enum writing { OWN_FONT, SYSTEM_FONT, NUMBER } writing;

static tyto_status choose(tyto_lettering *lettering, const int32_t *codes, size_t count,
                          writing *out, tyto_error *err)
{
    bool known = false;
    const tyto_font_cover cover = tyto_font_covers(lettering->font, codes, count);
    if (cover != TYTO_FONT_HAS_ALL) {
        TYTO_TRY(is_in_script(lettering, codes, count, &known, err));
    }
    *out = known ? SYSTEM_FONT : cover == TYTO_FONT_LACKS_LETTERS ? NUMBER : OWN_FONT;
    return TYTO_OK;
}

tyto_status tyto_lettering_numbers(tyto_lettering *lettering, const char *label, bool *numbered,
                                   tyto_error *err)
{
    int32_t codes[TYTO_LABEL_CODES_MAX];
    const size_t count = tyto_label_codes(label, codes);
    writing way;
    TYTO_TRY(choose(lettering, codes, count, &way, err));
    *numbered = way == NUMBER;
    return TYTO_OK;
}

/* The library's font after words of the system's. */
static tyto_status add_rest(tyto_lettering *lettering, const char *rest, float score,
                            int64_t max_px, tyto_label_line *out, tyto_error *err)
{
    const int32_t space = ' ';
    TYTO_TRY(tyto_label_compose(lettering->font, rest, score, max_px, out, err));
    out->gap_px = 0;
    if (out->count) {
        TYTO_TRY(tyto_font_measure(lettering->font, &space, 1, &out->gap_px, err));
    } else {
        out->width_px = 0;
    }
    out->width_px += out->gap_px;
    return TYTO_OK;
}

/* Words of the system's fonts, then identity and score as tyto_label_compose has them: where less
 * than half of the words would stay, the score is left out. */
static tyto_status compose_words(tyto_lettering *lettering, const int32_t *codes, size_t count,
                                 const char *rest, float score, int64_t max_px,
                                 tyto_label_line *out, tyto_error *err)
{
    char words[TYTO_LABEL_BYTES];
    tyto_script_size size;
    tyto_label_words(codes, count, words);
    tyto_script_measure(lettering->script, words, 0, &size);
    const int64_t whole_px = size.width_px;
    TYTO_TRY(add_rest(lettering, rest, score, max_px, out, err));
    if (whole_px > max_px - out->width_px && max_px - out->width_px < whole_px / 2) {
        TYTO_TRY(add_rest(lettering, rest, NAN, max_px, out, err));
    }
    int64_t room_px = tyto_max_i64(max_px - out->width_px, 1);
    if (whole_px <= room_px) {
        room_px = 0;
    } else {
        tyto_script_measure(lettering->script, words, room_px, &size);
        if (size.width_px > room_px || room_px < lettering->size_px) {
            out->count = 0;
            return TYTO_OK;
        }
    }
    memcpy(out->words, words, sizeof(words));
    out->words_room_px = room_px;
    out->words_size = size;
    out->width_px += size.width_px;
    out->words_size.ascent_px = tyto_lettering_ascent(lettering, out);
    out->words_size.descent_px = tyto_lettering_descent(lettering, out);
    return TYTO_OK;
}

tyto_status tyto_lettering_compose(tyto_lettering *lettering, const char *label, int64_t number,
                                   int64_t id, float score, int64_t max_px, tyto_label_line *out,
                                   tyto_error *err)
{
    int32_t codes[TYTO_LABEL_CODES_MAX];
    const size_t count = tyto_label_codes(label, codes);
    char rest[NUMBER_BYTES] = "", numbered[NUMBER_BYTES], named[TYTO_LABEL_BYTES + NUMBER_BYTES];
    writing way;
    TYTO_TRY(choose(lettering, codes, count, &way, err));
    if (id > 0) {
        snprintf(rest, sizeof(rest), "#%lld", (long long)id);
    }
    if (way == SYSTEM_FONT) {
        return compose_words(lettering, codes, count, rest, score, max_px, out, err);
    }
    if (way == NUMBER) {
        snprintf(numbered, sizeof(numbered), "[%lld]", (long long)number);
        label = numbered;
    }
    if (id > 0) {
        snprintf(named, sizeof(named), "%.*s %s", TYTO_LABEL_BYTES - 1, label, rest);
        label = named;
    }
    return tyto_label_compose(lettering->font, label, score, max_px, out, err);
}

static bool is_mark(int32_t code)
{
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
        return true;
    default:
        return false;
    }
}

/* An ellipsis in place of one more letter; those with nothing but a space between are one. */
static size_t leave_out(int32_t *codes, size_t count)
{
    if (count > 1 && codes[count - 1] == ' ' && codes[count - 2] == ELLIPSIS) {
        return count - 1;
    }
    if (count == 0 || codes[count - 1] != ELLIPSIS) {
        codes[count++] = ELLIPSIS;
    }
    return count;
}

/* The codes that can be drawn, an ellipsis for each run of others; *kept is 0 when none can. */
static tyto_status keep_known(tyto_lettering *lettering, const int32_t *codes, size_t count,
                              int32_t *out, size_t *kept, tyto_error *err)
{
    bool any = false;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        const bool after_gap = n > 0 && out[n - 1] == ELLIPSIS;
        writing way;
        TYTO_TRY(choose(lettering, &codes[i], 1, &way, err));
        if (way == NUMBER) {
            n = leave_out(out, n);
        } else if (!after_gap || !is_mark(codes[i])) {
            any |= codes[i] != ' ' && !is_mark(codes[i]);
            out[n++] = codes[i];
        }
    }
    *kept = any ? n : 0;
    return TYTO_OK;
}

tyto_status tyto_lettering_explain(tyto_lettering *lettering, const char *label, int64_t number,
                                   int64_t max_px, tyto_label_line *out, tyto_error *err)
{
    int32_t codes[TYTO_LABEL_CODES_MAX], known[TYTO_LABEL_CODES_MAX];
    const size_t count = tyto_label_codes(label, codes);
    size_t kept;
    bool numbered = true;
    char words[TYTO_LABEL_BYTES], line[TYTO_LABEL_BYTES + NUMBER_BYTES];
    TYTO_TRY(keep_known(lettering, codes, count, known, &kept, err));
    tyto_label_words(known, kept, words);
    if (kept) {
        snprintf(line, sizeof(line), "[%lld] %s", (long long)number, words);
        TYTO_TRY(tyto_lettering_numbers(lettering, line, &numbered, err));
    }
    if (numbered) { /* no letter is known, or no font has those that are known together */
        snprintf(line, sizeof(line), "[%lld] label_index %lld", (long long)number,
                 (long long)number - 1);
    }
    return tyto_lettering_compose(lettering, line, number, 0, NAN, max_px, out, err);
}

int64_t tyto_lettering_ascent(const tyto_lettering *lettering, const tyto_label_line *line)
{
    const int64_t own = tyto_font_ascent(lettering->font);
    return line->words[0] ? tyto_min_i64(tyto_max_i64(own, line->words_size.ascent_px), 2 * own)
                          : own;
}

int64_t tyto_lettering_descent(const tyto_lettering *lettering, const tyto_label_line *line)
{
    const int64_t own = tyto_font_descent(lettering->font);
    return line->words[0] ? tyto_min_i64(tyto_max_i64(own, line->words_size.descent_px), 2 * own)
                          : own;
}

tyto_status tyto_lettering_draw(tyto_lettering *lettering, const tyto_label_line *line, int64_t x,
                                int64_t y, tyto_paint paint, tyto_image *image, tyto_error *err)
{
    if (line->words[0]) {
        TYTO_TRY(tyto_script_draw(lettering->script, line->words, line->words_room_px,
                                  &line->words_size, x, y, paint, image, err));
        x += line->words_size.width_px + line->gap_px;
    }
    tyto_font_draw(lettering->font, line->codes, line->count, x, y, paint, image);
    return TYTO_OK;
}
