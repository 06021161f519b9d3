#include "processors/text/unicode.h"

#include <utf8proc.h>

/* Inclusive, ascending. */
typedef struct range {
    int32_t first, last;
} range;

/* Letters and numbers that the reference's splitter (Unicode 14.0) takes for neither: what Unicode
 * 15.0 added. `golden/data/tokenizer/unicode.json` has the reference's own view of all code points,
 * and the unit test compares. */
static const range unknown_letters[] = {
    {0x1123F, 0x11240}, {0x11F02, 0x11F02}, {0x11F04, 0x11F10}, {0x11F12, 0x11F33},
    {0x11F50, 0x11F59}, {0x1342F, 0x1342F}, {0x13441, 0x13446}, {0x1B132, 0x1B132},
    {0x1B155, 0x1B155}, {0x1D2C0, 0x1D2D3}, {0x1DF25, 0x1DF2A}, {0x1E030, 0x1E06D},
    {0x1E4D0, 0x1E4EB}, {0x1E4F0, 0x1E4F9}, {0x2B739, 0x2B739}, {0x31350, 0x323AF},
};

/* Marks of Unicode 10.0 to 15.0 with a combining class, and U+11930, which newer versions compose:
 * nothing of that is known to the reference's normaliser (Unicode 9.0). And U+11A7, one before the
 * first trailing consonant of Hangul, which composes with nothing: utf8proc 2.8 loses it
 * after a syllable. */
static const range barriers[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},
    {0xC3C, 0xC3C},     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x11A7, 0x11A7},
    {0x1715, 0x1715},   {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},   {0xA82C, 0xA82C},
    {0x10D24, 0x10D27}, {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50},
    {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E},
    {0x11839, 0x1183A}, {0x11930, 0x11930}, {0x1193D, 0x1193E}, {0x11943, 0x11943},
    {0x119E0, 0x119E0}, {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99},
    {0x11D42, 0x11D42}, {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42},
    {0x16FF0, 0x16FF1}, {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE},
    {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF},
};

/* Symbols that count as letters of a word: circled and squared Latin letters. */
static const range alphabetic_symbols[] = {
    {0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};

static bool is_in(const range *ranges, size_t count, int32_t c)
{
    size_t low = 0;
    while (count > 0) {
        size_t half = count / 2;
        if (ranges[low + half].last < c) {
            low += half + 1;
            count -= half + 1;
        } else if (ranges[low + half].first > c) {
            count = half;
        } else {
            return true;
        }
    }
    return false;
}
#define IS_IN(ranges, c) is_in(ranges, sizeof(ranges) / sizeof((ranges)[0]), c)

/* The property White_Space. */
static bool is_space(int32_t c)
{
    return (c >= 0x9 && c <= 0xD) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
           c == 0x205F || c == 0x3000;
}

bool tyto_char_is_blank(int32_t c)
{
    return is_space(c) || (c >= 0x1C && c <= 0x1F);
}

bool tyto_char_is_barrier(int32_t c)
{
    return c >= 0x7FD && IS_IN(barriers, c);
}

tyto_char_kind tyto_char_kind_of(int32_t c)
{
    if (c < 0x80) {
        const int32_t lower = c | 0x20;
        return lower >= 'a' && lower <= 'z' ? TYTO_CHAR_LETTER
               : c >= '0' && c <= '9'       ? TYTO_CHAR_NUMBER
               : is_space(c)                ? TYTO_CHAR_SPACE
                                            : TYTO_CHAR_OTHER;
    }
    if (is_space(c)) {
        return TYTO_CHAR_SPACE;
    }
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return IS_IN(unknown_letters, c) ? TYTO_CHAR_OTHER : TYTO_CHAR_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return IS_IN(unknown_letters, c) ? TYTO_CHAR_OTHER : TYTO_CHAR_NUMBER;
    default:
        return TYTO_CHAR_OTHER;
    }
}

bool tyto_char_is_word(int32_t c)
{
    switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
        return true;
    default: /* joiners count too */
        return c == 0x200C || c == 0x200D || IS_IN(alphabetic_symbols, c);
    }
}

bool tyto_utf8_check(const char *bytes, size_t length, size_t *at)
{
    size_t i = 0;
    while (i < length) {
        if ((unsigned char)bytes[i] < 0x80) {
            i++;
            continue;
        }
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)bytes + i,
                                              (utf8proc_ssize_t)(length - i), &c);
        if (n <= 0) {
            *at = i;
            return false;
        }
        i += (size_t)n;
    }
    return true;
}

size_t tyto_utf8_read(const char *at, int32_t *c)
{
    const unsigned char *p = (const unsigned char *)at;
    if (p[0] < 0x80) {
        *c = p[0];
        return 1;
    }
    if (p[0] < 0xE0) {
        *c = (p[0] & 0x1F) << 6 | (p[1] & 0x3F);
        return 2;
    }
    if (p[0] < 0xF0) {
        *c = (p[0] & 0xF) << 12 | (p[1] & 0x3F) << 6 | (p[2] & 0x3F);
        return 3;
    }
    *c = (p[0] & 0x7) << 18 | (p[1] & 0x3F) << 12 | (p[2] & 0x3F) << 6 | (p[3] & 0x3F);
    return 4;
}

size_t tyto_utf8_write(int32_t c, char *at)
{
    return (size_t)utf8proc_encode_char(c, (utf8proc_uint8_t *)at);
}

size_t tyto_utf8_sequence(const char *bytes, size_t left, bool *valid)
{
    const unsigned char *at = (const unsigned char *)bytes;
    const unsigned char first = at[0];
    *valid = first < 0x80;
    if (first < 0xC2 || first > 0xF4) {
        return 1;
    }
    const size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    size_t n = 1;
    while (n < length && n < left && at[n] >= (n == 1 ? low : 0x80) &&
           at[n] <= (n == 1 ? high : 0xBF)) {
        n++;
    }
    *valid = n == length;
    return n;
}
