#include <stdlib.h>

#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>

#include "base/error.h"
#include "base/memory.h"
#include "results/script.h"

/* The family of the library's own font, so that words beside other scripts look as elsewhere. */
#define FAMILY "DejaVu Sans,sans-serif"
/* Cairo draws on nothing wider or taller. */
#define SIDE_MAX 32767

struct tyto_script {
    PangoFontMap *fonts;
    PangoContext *context;
    PangoLayout *layout;
};

/* Without any, pango warns on standard error and draws boxes. */
static bool any_fonts(void)
{
    const FcSetName sets[] = {FcSetSystem, FcSetApplication};
    FcConfig *config = FcConfigReference(NULL);
    int count = 0;
    for (size_t i = 0; config && i < sizeof(sets) / sizeof(sets[0]); i++) {
        const FcFontSet *fonts = FcConfigGetFonts(config, sets[i]);
        count += fonts ? fonts->nfont : 0;
    }
    if (config) {
        FcConfigDestroy(config);
    }
    return count > 0;
}

static void set_look(tyto_script *script, int64_t size_px)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_SLIGHT);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    pango_cairo_context_set_font_options(script->context, options);
    cairo_font_options_destroy(options);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, FAMILY);
    pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
    pango_font_description_set_absolute_size(font, (double)size_px * PANGO_SCALE);
    pango_layout_set_font_description(script->layout, font);
    pango_font_description_free(font);
    pango_layout_set_single_paragraph_mode(script->layout, TRUE);
}

tyto_status tyto_script_open(int64_t size_px, tyto_script **out, tyto_error *err)
{
    *out = NULL;
    if (!any_fonts()) {
        return TYTO_OK;
    }
    tyto_script *script = tyto_alloc_zeroed(1, sizeof(*script));
    if (!script) {
        return tyto_fail_memory(err, "font");
    }
    /* Its own: pango's default one would outlive the call, and a thread of it wouldn't be in the
     * child of a process that forks. */
    script->fonts = pango_cairo_font_map_new();
    script->context = pango_font_map_create_context(script->fonts);
    script->layout = pango_layout_new(script->context);
    set_look(script, size_px);
    *out = script;
    return TYTO_OK;
}

void tyto_script_close(tyto_script *script)
{
    if (script) {
        g_object_unref(script->layout);
        g_object_unref(script->context);
        g_object_unref(script->fonts);
        free(script);
    }
}

static void set_text(tyto_script *script, const char *text, int64_t room_px)
{
    pango_layout_set_text(script->layout, text, -1);
    pango_layout_set_width(script->layout,
                           room_px > 0 ? (int)tyto_min_i64(room_px, SIDE_MAX) * PANGO_SCALE : -1);
    pango_layout_set_ellipsize(script->layout,
                               room_px > 0 ? PANGO_ELLIPSIZE_END : PANGO_ELLIPSIZE_NONE);
}

/* What the text's letters cover or stand for, in pango's units; its left end need not be 0. */
static PangoRectangle extents(tyto_script *script)
{
    PangoRectangle ink, line;
    pango_layout_get_extents(script->layout, &ink, &line);
    const int right = MAX(ink.x + ink.width, line.x + line.width);
    ink.x = ink.width ? MIN(ink.x, line.x) : line.x;
    ink.width = right - ink.x;
    return ink;
}

bool tyto_script_measure(tyto_script *script, const char *text, int64_t room_px,
                         tyto_script_size *out)
{
    set_text(script, text, room_px);
    const PangoRectangle ink = extents(script);
    const int baseline = pango_layout_get_baseline(script->layout);
    out->width_px = PANGO_PIXELS_CEIL(ink.width);
    out->ascent_px = PANGO_PIXELS_CEIL(baseline - ink.y);
    out->descent_px = PANGO_PIXELS_CEIL(ink.y + ink.height - baseline);
    return pango_layout_get_unknown_glyphs_count(script->layout) == 0;
}

tyto_status tyto_script_draw(tyto_script *script, const char *text, int64_t room_px,
                             const tyto_script_size *size, int64_t x, int64_t y, tyto_paint paint,
                             tyto_image *image, tyto_error *err)
{
    const int64_t width = tyto_min_i64(size->width_px, SIDE_MAX);
    const int64_t height = tyto_min_i64(size->ascent_px + size->descent_px, SIDE_MAX);
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_ARGB32, (int)width, (int)height);
    cairo_t *cairo = cairo_create(surface);
    set_text(script, text, room_px);
    const double left = (double)extents(script).x / PANGO_SCALE;
    const double baseline = (double)pango_layout_get_baseline(script->layout) / PANGO_SCALE;
    cairo_set_source_rgb(cairo, paint.r / 255.0, paint.g / 255.0, paint.b / 255.0);
    cairo_move_to(cairo, -left, (double)size->ascent_px - baseline);
    pango_cairo_show_layout(cairo, script->layout);
    cairo_surface_flush(surface);
    const bool drawn = cairo_status(cairo) == CAIRO_STATUS_SUCCESS &&
                       cairo_surface_status(surface) == CAIRO_STATUS_SUCCESS;
    if (drawn && width > 0 && height > 0) {
        tyto_paint_pixels(image, x, y - size->ascent_px,
                          (const uint32_t *)(const void *)cairo_image_surface_get_data(surface),
                          cairo_image_surface_get_stride(surface) / (int64_t)sizeof(uint32_t),
                          width, height);
    }
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return drawn ? TYTO_OK : tyto_fail_memory(err, "font");
}
