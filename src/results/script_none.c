/* In place of script_pango.c, where the build does without the system's fonts (TYTO_PANGO). */
#include "base/error.h"
#include "results/script.h"

tyto_status tyto_script_open(int64_t size_px, tyto_script **out, tyto_error *err)
{
    (void)size_px;
    (void)err;
    *out = NULL;
    return TYTO_OK;
}

void tyto_script_close(tyto_script *script)
{
    (void)script;
}

bool tyto_script_measure(tyto_script *script, const char *text, int64_t room_px,
                         tyto_script_size *out)
{
    (void)script;
    (void)text;
    (void)room_px;
    (void)out;
    return false;
}

tyto_status tyto_script_draw(tyto_script *script, const char *text, int64_t room_px,
                             const tyto_script_size *size, int64_t x, int64_t y, tyto_paint paint,
                             tyto_image *image, tyto_error *err)
{
    (void)script;
    (void)room_px;
    (void)size;
    (void)x;
    (void)y;
    (void)paint;
    (void)image;
    return tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: this build has no fonts for it (TYTO_PANGO)",
                     text);
}
