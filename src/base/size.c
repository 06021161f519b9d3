#include "base/size.h"

#include <stdlib.h>

static bool read_number(const char **text, int64_t *out)
{
    char *end;
    *out = strtoll(*text, &end, 10);
    const bool found = end != *text;
    *text = end;
    return found;
}

bool tyto_size_read(const char **text, int64_t *width_px, int64_t *height_px)
{
    *height_px = 0;
    if (!read_number(text, width_px)) {
        return false;
    }
    if (**text != 'x') {
        return true;
    }
    (*text)++;
    return read_number(text, height_px);
}
