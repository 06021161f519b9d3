#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <tyto/draw.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "results/label.h"

/* Sizes as parts of a picture's scale, the side of a square with as many pixels. */
#define FONT_SCALE 0.026f
#define LINE_SCALE 0.0035f
/* Letters below this are no longer read; lines above 2 pixels stay visible on any screen. */
#define FONT_PX_MIN 11
#define LINE_PX_MIN 2
/* Many labels get smaller letters once they would cover this share of the picture. */
#define CROWDED 0.20f
#define SHRINK_MIN 0.65f
/* More labels than this hide the picture and each other; further boxes go without. */
#define LABELS_MAX 2000
/* Bytes of " #", an identity, and a NUL. */
#define ID_BYTES 24
/* Shades the surroundings of lines and labels, so that they stand out from any background. */
#define SHADOW_ALPHA 0.35f
/* Below this luminance of the ground, white text has more contrast than black. */
#define DARK_GROUND 0.179f

/* Neighbours in this list, and the first dozen among each other, are easy to distinguish. */
static const uint8_t palette[][3] = {
    {0xff, 0x4b, 0x4b}, {0x2f, 0x8c, 0xff}, {0x22, 0xc5, 0x5e}, {0xff, 0xc3, 0x00},
    {0xb4, 0x55, 0xff}, {0x00, 0xd5, 0xe0}, {0xff, 0x3f, 0xa4}, {0xff, 0x8a, 0x1f},
    {0xa8, 0xe0, 0x20}, {0xff, 0xb3, 0xa7}, {0x00, 0xb3, 0x9b}, {0xc9, 0xb6, 0xff},
    {0xc5, 0x8a, 0x4b}, {0xf6, 0xee, 0x7a}, {0x74, 0x68, 0xc8}, {0xf2, 0x7b, 0xff},
    {0x9f, 0xd8, 0xa4}, {0xf0, 0xf0, 0xf0},
};
#define PALETTE_COUNT ((int64_t)(sizeof(palette) / sizeof(palette[0])))

/* What all parts of one drawing share. */
typedef struct drawing {
    tyto_image *image;
    const tyto_detections *detections;
    const char *const *labels;
    tyto_draw_options options;
    tyto_font *font;
    int64_t font_px, line_px, pad_x, pad_y;
    tyto_rect *places; /* of the labels; empty ones are not shown */
    size_t place_count;
} drawing;

/* Beyond the palette its colours come again, mixed with white, then with black. */
static tyto_paint colour_of(int64_t label)
{
    const uint8_t *base = palette[label % PALETTE_COUNT];
    const int64_t round = label / PALETTE_COUNT % 3;
    uint8_t rgb[3];
    for (int c = 0; c < 3; c++) {
        rgb[c] = round == 0   ? base[c]
                 : round == 1 ? (uint8_t)((base[c] + 255) / 2)
                              : (uint8_t)(base[c] * 5 / 8);
    }
    return (tyto_paint){rgb[0], rgb[1], rgb[2], 1};
}

/* A colour for each label, or for each identity. */
static tyto_paint detection_colour(const drawing *d, const tyto_detection *detection)
{
    const int64_t *ids = d->options.ids;
    const int64_t id = ids ? ids[detection - d->detections->items] : 0;
    return colour_of(id > 0 ? id - 1 : detection->label_index);
}

static tyto_paint text_colour(tyto_paint ground)
{
    const uint8_t value = tyto_paint_luminance(ground) < DARK_GROUND ? 255 : 0;
    return (tyto_paint){value, value, value, 1};
}

static tyto_status check(const tyto_image *image, const tyto_detections *detections,
                         const char *const *labels, int64_t n_labels,
                         const tyto_draw_options *options, tyto_error *err)
{
    if (!image || !image->data || image->width_px < 1 || image->height_px < 1) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "draw: got no picture, required one");
    }
    if (!detections) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "draw: got no detections, required a list");
    }
    TYTO_TRY(tyto_check_list(detections->items, detections->count, "detections", err));
    for (int64_t i = 0; i < detections->count; i++) {
        const int64_t label = detections->items[i].label_index;
        if (label < 0 || label >= n_labels || !labels || !labels[label]) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "draw: detection %lld: got label %lld, required one of %lld labels",
                             (long long)i, (long long)label, (long long)n_labels);
        }
    }
    if (options->line_px < 0 || options->line_px > TYTO_DRAW_PX_MAX || options->text_px < 0 ||
        options->text_px > TYTO_DRAW_PX_MAX) {
        return tyto_fail(err, TYTO_E_RANGE,
                         "draw: got lines of %lld and letters of %lld pixels, required 0 to %d",
                         (long long)options->line_px, (long long)options->text_px,
                         TYTO_DRAW_PX_MAX);
    }
    return TYTO_OK;
}

static int64_t clamp_px(float value, int64_t limit)
{
    return value > 0 ? (value < (float)limit ? (int64_t)(value + 0.5f) : limit) : 0;
}

/* A box as whole pixels of the picture, at least as large as its lines; false when nothing of it
 * lies inside, or it is not one. */
static bool visible_box(const drawing *d, const tyto_box *box, tyto_rect *out)
{
    const float x0 = fminf(box->xmin, box->xmax), x1 = fmaxf(box->xmin, box->xmax);
    const float y0 = fminf(box->ymin, box->ymax), y1 = fmaxf(box->ymin, box->ymax);
    const int64_t w = d->image->width_px, h = d->image->height_px;
    if (isnan(box->xmin) || isnan(box->ymin) || isnan(box->xmax) || isnan(box->ymax) || x1 < 0 ||
        y1 < 0 || x0 > (float)w || y0 > (float)h) {
        return false;
    }
    const int64_t least_w = tyto_min_i64(d->line_px, w), least_h = tyto_min_i64(d->line_px, h);
    out->x0 = tyto_min_i64(clamp_px(x0, w), w - least_w);
    out->y0 = tyto_min_i64(clamp_px(y0, h), h - least_h);
    out->x1 = tyto_max_i64(clamp_px(x1, w), out->x0 + least_w);
    out->y1 = tyto_max_i64(clamp_px(y1, h), out->y0 + least_h);
    return true;
}

static int64_t shadow_px(const drawing *d)
{
    return tyto_max_i64(1, d->line_px / 3);
}

/* So small that a label over its line would hide it. */
static bool is_dot(const drawing *d, tyto_rect box)
{
    return tyto_min_i64(box.x1 - box.x0, box.y1 - box.y0) <= 3 * d->line_px;
}

static tyto_rect grown(tyto_rect r, int64_t by)
{
    return (tyto_rect){r.x0 - by, r.y0 - by, r.x1 + by, r.y1 + by};
}

static void draw_box(const drawing *d, const tyto_detection *detection)
{
    const tyto_paint shadow = {0, 0, 0, SHADOW_ALPHA};
    const int64_t s = shadow_px(d);
    const float radius = (float)d->line_px;
    tyto_rect box;
    if (visible_box(d, &detection->box, &box)) {
        tyto_paint_outline(d->image, grown(box, s), radius + (float)s, d->line_px + 2 * s, shadow);
        tyto_paint_outline(d->image, box, radius, d->line_px, detection_colour(d, detection));
    }
}

static tyto_status compose(const drawing *d, const tyto_detection *detection, tyto_label_line *line,
                           tyto_error *err)
{
    const float score = d->options.no_scores ? NAN : detection->score;
    const char *label = d->labels[detection->label_index];
    const int64_t id = d->options.ids ? d->options.ids[detection - d->detections->items] : 0;
    char named[4 * TYTO_LABEL_CODES_MAX + ID_BYTES];
    if (id > 0) {
        snprintf(named, sizeof(named), "%.*s #%lld", 4 * TYTO_LABEL_CODES_MAX, label,
                 (long long)id);
        label = named;
    }
    return tyto_label_compose(d->font, label, score, d->image->width_px - 2 * d->pad_x, line, err);
}

static tyto_status draw_label(const drawing *d, size_t i, tyto_error *err)
{
    const tyto_detection *detection = &d->detections->items[i];
    const tyto_rect place = d->places[i];
    const tyto_paint ground = detection_colour(d, detection), shadow = {0, 0, 0, SHADOW_ALPHA};
    const float radius = (float)d->font_px / 6;
    const int64_t s = shadow_px(d);
    tyto_label_line line;
    if (place.x1 <= place.x0) {
        return TYTO_OK;
    }
    /* The same text as when it was placed: its glyphs are there, and no memory is asked for. */
    TYTO_TRY(compose(d, detection, &line, err));
    tyto_paint_outline(d->image, grown(place, s), radius + (float)s, 2 * s, shadow);
    tyto_paint_fill(d->image, place, radius, ground);
    tyto_font_draw(d->font, line.codes, line.count, place.x0 + d->pad_x,
                   place.y0 + d->pad_y + tyto_font_ascent(d->font), text_colour(ground), d->image);
    return TYTO_OK;
}

static tyto_status place_label(drawing *d, size_t i, int64_t height_px, tyto_error *err)
{
    const tyto_detection *detection = &d->detections->items[i];
    tyto_label_line line;
    tyto_label_request request = {.height_px = height_px,
                                  .picture_width_px = d->image->width_px,
                                  .picture_height_px = d->image->height_px};
    d->places[i] = (tyto_rect){0};
    if (!visible_box(d, &detection->box, &request.box)) {
        return TYTO_OK;
    }
    TYTO_TRY(compose(d, detection, &line, err));
    if (line.count) {
        request.overlap_px = is_dot(d, request.box) ? -shadow_px(d) : d->line_px;
        request.width_px = line.width_px + 2 * d->pad_x;
        d->places[i] = tyto_label_place(&request, d->places, i);
    }
    return TYTO_OK;
}

/* The best detections get their places first. */
static tyto_status place_labels(drawing *d, tyto_error *err)
{
    const size_t count = (size_t)tyto_min_i64(d->detections->count, LABELS_MAX);
    TYTO_TRY(tyto_font_open(d->font_px, &d->font, err));
    const int64_t height = tyto_font_ascent(d->font) + tyto_font_descent(d->font) + 2 * d->pad_y;
    if (height > d->image->height_px / 2) {
        return TYTO_OK; /* a label would hide the picture */
    }
    d->places = tyto_alloc(count, sizeof(*d->places));
    if (!d->places) {
        return tyto_fail_memory(err, "draw");
    }
    for (size_t i = 0; i < count; i++) {
        TYTO_TRY(place_label(d, i, height, err));
    }
    d->place_count = count;
    return TYTO_OK;
}

static void choose_sizes(drawing *d)
{
    const float pixels = (float)d->image->width_px * (float)d->image->height_px;
    const float scale = sqrtf(pixels);
    const float labels = (float)tyto_min_i64(d->detections->count, LABELS_MAX);
    float font = fmaxf(scale * FONT_SCALE, FONT_PX_MIN);
    /* A label is about ten letters long. */
    const float covered = labels * font * font * 10 / pixels;
    if (covered > CROWDED) {
        font = fmaxf(font * fmaxf(sqrtf(CROWDED / covered), SHRINK_MIN), FONT_PX_MIN);
    }
    d->font_px = d->options.text_px > 0 ? d->options.text_px : (int64_t)(font + 0.5f);
    d->line_px = d->options.line_px > 0
                     ? d->options.line_px
                     : tyto_max_i64((int64_t)(scale * LINE_SCALE + 0.5f), LINE_PX_MIN);
    d->pad_x = (d->font_px + 1) / 3;
    d->pad_y = (d->font_px + 7) / 15;
}

static const tyto_draw_options defaults = {.struct_bytes = sizeof(defaults)};

void tyto_draw_options_init(tyto_draw_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_draw_detections(tyto_image *image, const tyto_detections *detections,
                                 const char *const *labels, int64_t n_labels,
                                 const tyto_draw_options *options, tyto_error *err)
{
    drawing d = {.image = image, .detections = detections, .labels = labels, .options = defaults};
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_TRY(tyto_options_read(&d.options, sizeof(d.options), options, "tyto_draw_options", err));
    TYTO_TRY(check(image, detections, labels, n_labels, &d.options, err));
    choose_sizes(&d);
    if (detections->count && !d.options.no_labels) {
        TYTO_CHECK(place_labels(&d, err));
    }
    /* The best ones last, on top; all labels above all boxes. */
    for (int64_t i = detections->count; i-- > 0;) {
        draw_box(&d, &detections->items[i]);
    }
    for (size_t i = d.place_count; i-- > 0;) {
        TYTO_CHECK(draw_label(&d, i, err));
    }
cleanup:
    free(d.places);
    tyto_font_close(d.font);
    return status;
}
