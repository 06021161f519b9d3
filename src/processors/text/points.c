/* Strings of code points. */
#include <stdlib.h>

#include "base/memory.h"
#include "processors/text/unicode.h"

void tyto_points_clear(tyto_points *points)
{
    free(points->c);
    free(points->sources);
    *points = (tyto_points){0};
}

/* Makes room for `more` further code points. */
bool tyto_points_reserve(tyto_points *points, size_t more)
{
    if (more <= points->capacity - points->count) {
        return true;
    }
    size_t wanted = points->count + more;
    wanted += wanted / 2;
    int32_t *c = tyto_realloc(points->c, wanted, sizeof(*c));
    if (!c) {
        return false;
    }
    points->c = c;
    if (points->has_sources) {
        tyto_range *sources = tyto_realloc(points->sources, wanted, sizeof(*sources));
        if (!sources) {
            return false;
        }
        points->sources = sources;
    }
    points->capacity = wanted;
    return true;
}

bool tyto_points_read(tyto_points *points, const char *bytes, size_t length)
{
    if (!tyto_points_reserve(points, length)) {
        return false;
    }
    for (size_t i = 0; i < length;) {
        i += tyto_utf8_read(bytes + i, &points->c[points->count]);
        if (points->has_sources) {
            points->sources[points->count] =
                (tyto_range){(int32_t)points->count, (int32_t)points->count + 1};
        }
        points->count++;
    }
    return true;
}
