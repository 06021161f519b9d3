#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "base/memory.h"
#include "processors/text/unicode.h"

/* Below this code point nothing decomposes-and-recomposes, combines, or moves. */
enum { FIRST_COMBINING = 0x300 };
/* No code point has a longer canonical decomposition. */
enum { DECOMPOSITION_MAX = 4 };
/* Runs of marks up to this long are sorted by insertion. */
enum { SHORT_RUN = 24 };
enum { DOTTED_I = 0x130, DOT_ABOVE = 0x307 };

static int combining_class(int32_t c)
{
    return c < FIRST_COMBINING ? 0 : utf8proc_get_property(c)->combining_class;
}

/* Stable. */
static void sort_short_run(int32_t *c, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        const int32_t mark = c[i];
        const int class = combining_class(mark);
        size_t k = i;
        for (; k > 0 && combining_class(c[k - 1]) > class; k--) {
            c[k] = c[k - 1];
        }
        c[k] = mark;
    }
}

/* Stable and linear: a text of nothing but marks must not take a square of its length. */
static bool sort_long_run(int32_t *c, size_t count)
{
    size_t place[256] = {0};
    int32_t *sorted = tyto_alloc(count, sizeof(*sorted));
    if (!sorted) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        place[combining_class(c[i])]++;
    }
    for (size_t k = 0, sum = 0; k < 256; k++) {
        const size_t here = place[k];
        place[k] = sum;
        sum += here;
    }
    for (size_t i = 0; i < count; i++) {
        sorted[place[combining_class(c[i])]++] = c[i];
    }
    memcpy(c, sorted, count * sizeof(*c));
    free(sorted);
    return true;
}

/* Orders each run of combining marks by class. */
static bool sort_marks(int32_t *c, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t run = 0;
        while (i + run < count && combining_class(c[i + run]) != 0) {
            run++;
        }
        if (run > SHORT_RUN) {
            if (!sort_long_run(c + i, run)) {
                return false;
            }
        } else if (run > 1) {
            sort_short_run(c + i, run);
        }
        i += run;
    }
    return true;
}

/* Appends the composed form of a piece that has no barrier in it. */
static bool compose(const int32_t *c, size_t count, tyto_points *out)
{
    const size_t start = out->count;
    for (size_t i = 0; i < count; i++) {
        int boundary = 0;
        if (!tyto_points_reserve(out, DECOMPOSITION_MAX)) {
            return false;
        }
        utf8proc_ssize_t n = utf8proc_decompose_char(c[i], out->c + out->count, DECOMPOSITION_MAX,
                                                     UTF8PROC_DECOMPOSE, &boundary);
        out->count += n > 0 ? (size_t)n : 0;
    }
    if (!sort_marks(out->c + start, out->count - start)) {
        return false;
    }
    utf8proc_ssize_t n = utf8proc_normalize_utf32(
        out->c + start, (utf8proc_ssize_t)(out->count - start), UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    out->count = start + (n > 0 ? (size_t)n : 0);
    return true;
}

/* The same with the sources of each code point. */
static bool compose_part(const tyto_points *points, size_t start, size_t count, tyto_points *out)
{
    return points->has_sources
               ? tyto_compose_sources(points->c + start, points->sources + start, count, out)
               : compose(points->c + start, count, out);
}

static void copy_point(const tyto_points *points, size_t i, tyto_points *out)
{
    out->c[out->count] = points->c[i];
    if (points->has_sources) {
        out->sources[out->count] = points->sources[i];
    }
    out->count++;
}

static bool is_composed(const tyto_points *points)
{
    for (size_t i = 0; i < points->count; i++) {
        if (points->c[i] >= FIRST_COMBINING) {
            return false;
        }
    }
    return true;
}

static bool run_nfc(tyto_points *points)
{
    if (is_composed(points)) {
        return true;
    }
    tyto_points out = {.has_sources = points->has_sources};
    size_t start = 0;
    for (size_t i = 0; i <= points->count; i++) {
        const bool ends = i == points->count;
        if (!ends && !tyto_char_is_barrier(points->c[i])) {
            continue;
        }
        if ((i > start && !compose_part(points, start, i - start, &out)) ||
            !tyto_points_reserve(&out, 1)) {
            tyto_points_clear(&out);
            return false;
        }
        if (!ends) {
            copy_point(points, i, &out);
        }
        start = i + 1;
    }
    tyto_points_clear(points);
    *points = out;
    return true;
}

static void run_spaces(tyto_points *points)
{
    size_t n = 0;
    bool in_space = false;
    for (size_t i = 0; i < points->count; i++) {
        const bool space = tyto_char_kind_of(points->c[i]) == TYTO_CHAR_SPACE;
        n += !(space && in_space);
        points->c[n - 1] = space ? ' ' : points->c[i];
        if (points->has_sources) {
            points->sources[n - 1] = points->sources[i];
        }
        in_space = space;
    }
    points->count = n;
}

/* One code point at a time, so that a final sigma is like any other. Only one letter grows. */
static bool run_lower(tyto_points *points)
{
    size_t dotted = 0;
    for (size_t i = 0; i < points->count; i++) {
        const int32_t c = points->c[i];
        dotted += c == DOTTED_I;
        if (c != DOTTED_I) {
            points->c[i] = c < 0x80 ? (c >= 'A' && c <= 'Z' ? c + 32 : c) : utf8proc_tolower(c);
        }
    }
    if (dotted == 0) {
        return true;
    }
    if (!tyto_points_reserve(points, dotted)) {
        return false;
    }
    for (size_t i = points->count, end = points->count + dotted; i-- > 0;) {
        const bool grows = points->c[i] == DOTTED_I;
        for (int k = grows; k >= 0; k--) {
            end--;
            points->c[end] = !grows ? points->c[i] : k ? DOT_ABOVE : 'i';
            if (points->has_sources) {
                points->sources[end] = points->sources[i];
            }
        }
    }
    points->count += dotted;
    return true;
}

bool tyto_normalize(const tyto_normalizer *normalizer, tyto_points *points)
{
    for (int i = 0; i < normalizer->count; i++) {
        switch (normalizer->steps[i]) {
        case TYTO_STEP_NFC:
            if (!run_nfc(points)) {
                return false;
            }
            break;
        case TYTO_STEP_SPACES:
            run_spaces(points);
            break;
        case TYTO_STEP_LOWER:
            if (!run_lower(points)) {
                return false;
            }
            break;
        }
    }
    return true;
}
