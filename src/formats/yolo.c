#include "formats/yolo.h"

#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Longest number, and most of a line that a message shows. */
#define NUMBER_BYTES_MAX 63
#define SHOWN_BYTES 80
/* How far beyond the photo a side may lie: labels are rounded. */
#define BEYOND 0.01

#define SPACES " \t\r\v\f"

/* A file being read. */
typedef struct reader {
    const char *name;
    int64_t line, n_labels;
    const char *at; /* of the line */
    size_t length;
    tyto_error *err;
} reader;

static tyto_status refuse(const reader *in, const char *required)
{
    const bool long_line = in->length > SHOWN_BYTES;
    return tyto_fail(in->err, TYTO_E_FORMAT, "%s:%lld: got '%.*s%s', required %s", in->name,
                     (long long)in->line, long_line ? SHOWN_BYTES : (int)in->length, in->at,
                     long_line ? "…" : "", required);
}

/* The next number of the line; false at its end. *good: it is one. */
static bool next_number(const char **at, const char *end, double *out, bool *good)
{
    char digits[NUMBER_BYTES_MAX + 1], *after;
    while (*at < end && strchr(SPACES, **at) && **at) {
        ++*at;
    }
    const char *begin = *at;
    while (*at < end && (!strchr(SPACES, **at) || !**at)) {
        ++*at;
    }
    const size_t length = (size_t)(*at - begin);
    if (length == 0) {
        return false;
    }
    /* Decimal alone: no hexadecimal, "nan" or "inf". */
    *good = length <= NUMBER_BYTES_MAX && strspn(begin, "+-.0123456789eE") >= length;
    if (*good) {
        memcpy(digits, begin, length);
        digits[length] = '\0';
        *out = strtod(digits, &after);
        *good = *after == '\0' && isfinite(*out);
    }
    return true;
}

/* The box of an outline, corner by corner. */
static void widen(tyto_yolo_box *box, double corner, bool is_x)
{
    double *low = is_x ? &box->x : &box->y, *high = is_x ? &box->width : &box->height;
    *low = fmin(*low, corner);
    *high = fmax(*high, corner);
}

static tyto_status read_line(const reader *in, tyto_yolo_box *out, bool *any)
{
    const char *at = in->at, *end = in->at + in->length;
    double first[6] = {0}, number;
    tyto_yolo_box outline = {.x = INFINITY, .y = INFINITY, .width = -INFINITY, .height = -INFINITY};
    int64_t count = 0;
    bool good = true;
    while (next_number(&at, end, &number, &good)) {
        if (!good) {
            return refuse(in, "numbers");
        }
        if (count > 0 && !(number >= -BEYOND && number <= 1 + BEYOND)) {
            return refuse(in, "parts of the photo's sides, 0 to 1");
        }
        if (count > 0) {
            widen(&outline, number, count % 2 == 1);
        }
        if (count < 6) {
            first[count] = number;
        }
        count++;
    }
    *any = count > 0;
    if (count == 0) {
        return TYTO_OK;
    }
    if (count < 5 || (count > 6 && count % 2 == 0)) {
        return refuse(in, "label x y width height, or a label and the corners of an outline");
    }
    if (!(first[0] >= 0 && first[0] < (double)in->n_labels && first[0] == floor(first[0]))) {
        return refuse(in, "a label's number, from 0 on, below that of the names");
    }
    if (count > 6) {
        *out = (tyto_yolo_box){.x = (outline.x + outline.width) / 2,
                               .y = (outline.y + outline.height) / 2,
                               .width = outline.width - outline.x,
                               .height = outline.height - outline.y};
    } else {
        *out = (tyto_yolo_box){.x = first[1], .y = first[2], .width = first[3], .height = first[4]};
    }
    out->label = (int64_t)first[0];
    return out->width >= 0 && out->height >= 0 ? TYTO_OK : refuse(in, "sizes of at least 0");
}

/* Adds the box of a line that has one. */
static tyto_status take_line(const reader *in, tyto_yolo_box **list, int64_t *count,
                             int64_t *capacity)
{
    tyto_yolo_box box = {0};
    bool any = false;
    TYTO_TRY(read_line(in, &box, &any));
    if (any && *count == *capacity) {
        const int64_t more = *capacity > 0 ? 2 * *capacity : 16;
        tyto_yolo_box *longer = tyto_realloc(*list, (size_t)more, sizeof(**list));
        if (!longer) {
            return tyto_fail_memory(in->err, in->name);
        }
        *list = longer;
        *capacity = more;
    }
    if (any) {
        (*list)[(*count)++] = box;
    }
    return TYTO_OK;
}

tyto_status tyto_yolo_parse(const char *bytes, size_t length_bytes, const char *name,
                            int64_t n_labels, tyto_yolo_box **out, int64_t *count, tyto_error *err)
{
    reader in = {.name = name, .n_labels = n_labels, .err = err};
    const char *end = bytes + length_bytes;
    const locale_t own = newlocale(LC_ALL_MASK, "C", (locale_t)0), before = uselocale(own);
    tyto_status status = TYTO_OK;
    int64_t capacity = 0;
    *out = NULL;
    *count = 0;
    for (in.at = bytes; in.at < end && status == TYTO_OK; in.at += in.length + 1) {
        const char *newline = memchr(in.at, '\n', (size_t)(end - in.at));
        in.length = (size_t)((newline ? newline : end) - in.at);
        in.line++;
        status = take_line(&in, out, count, &capacity);
    }
    uselocale(before);
    freelocale(own);
    if (status != TYTO_OK) {
        free(*out);
        *out = NULL;
        *count = 0;
    }
    return status;
}
