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
/* Most lines of a legend; it takes at most half of the picture's height. */
#define LEGEND_MAX 50
/* In place of a label: the line that says how many others the legend leaves out. */
#define MORE (-1)
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
    tyto_lettering lettering;
    int64_t font_px, line_px, pad_x, pad_y;
    /* Indices of the labels that are written as numbers. */
    int64_t legend[LEGEND_MAX];
    size_t legend_count;
    int64_t left_out;  /* labels without a line */
    tyto_rect *places; /* of the legend's lines, then of the labels; empty ones are not shown */
    size_t label_count;
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

/* How deep a detection lies among others. */
static int64_t depth_of(const drawing *d, const tyto_detection *detection)
{
    return d->options.depths ? d->options.depths[detection - d->detections->items] : 0;
}

/* A colour for each label, or for each identity, or for each depth. */
static tyto_paint detection_colour(const drawing *d, const tyto_detection *detection)
{
    const int64_t *ids = d->options.ids;
    const int64_t id = ids ? ids[detection - d->detections->items] : 0;
    return colour_of(d->options.depths ? depth_of(d, detection)
                     : id > 0          ? id - 1
                                       : detection->label_index);
}

/* Width of a detection's lines: three quarters for each step down. */
static int64_t lines_px(const drawing *d, const tyto_detection *detection)
{
    int64_t width = d->line_px;
    for (int64_t i = depth_of(d, detection); i > 0 && width > 1; i--) {
        width = (3 * width + 1) / 4;
    }
    return width;
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
    for (int64_t i = 0; options->depths && i < detections->count; i++) {
        if (options->depths[i] < 0) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "draw: detection %lld: got depth %lld, required 0 or more",
                             (long long)i, (long long)options->depths[i]);
        }
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
    const int64_t s = shadow_px(d), width = lines_px(d, detection);
    const float radius = (float)width;
    tyto_rect box;
    if (visible_box(d, &detection->box, &box)) {
        tyto_paint_outline(d->image, grown(box, s), radius + (float)s, width + 2 * s, shadow);
        tyto_paint_outline(d->image, box, radius, width, detection_colour(d, detection));
    }
}

static tyto_status compose(drawing *d, const tyto_detection *detection, tyto_label_line *line,
                           tyto_error *err)
{
    const float score = d->options.no_scores ? NAN : detection->score;
    const int64_t label = detection->label_index;
    const int64_t id = d->options.ids ? d->options.ids[detection - d->detections->items] : 0;
    return tyto_lettering_compose(&d->lettering, d->labels[label], label + 1, id, score,
                                  d->image->width_px - 2 * d->pad_x, line, err);
}

static tyto_status explain(drawing *d, int64_t label, tyto_label_line *line, tyto_error *err)
{
    if (label == MORE) {
        char text[40];
        snprintf(text, sizeof(text), "and %lld more", (long long)d->left_out);
        return tyto_lettering_compose(&d->lettering, text, 0, 0, NAN,
                                      d->image->width_px - 2 * d->pad_x, line, err);
    }
    return tyto_lettering_explain(&d->lettering, d->labels[label], label + 1,
                                  d->image->width_px - 2 * d->pad_x, line, err);
}

static bool is_empty(const tyto_label_line *line)
{
    return line->count == 0 && !line->words[0];
}

static int64_t line_height(const drawing *d, const tyto_label_line *line)
{
    return tyto_lettering_ascent(&d->lettering, line) +
           tyto_lettering_descent(&d->lettering, line) + 2 * d->pad_y;
}

static tyto_status draw_line(drawing *d, const tyto_label_line *line, tyto_rect place,
                             tyto_paint ground, tyto_error *err)
{
    const tyto_paint shadow = {0, 0, 0, SHADOW_ALPHA};
    const float radius = (float)d->font_px / 6;
    const int64_t s = shadow_px(d);
    tyto_paint_outline(d->image, grown(place, s), radius + (float)s, 2 * s, shadow);
    tyto_paint_fill(d->image, place, radius, ground);
    return tyto_lettering_draw(&d->lettering, line, place.x0 + d->pad_x,
                               place.y0 + d->pad_y + tyto_lettering_ascent(&d->lettering, line),
                               text_colour(ground), d->image, err);
}

static tyto_status draw_label(drawing *d, size_t i, tyto_error *err)
{
    const tyto_detection *detection = &d->detections->items[i];
    const tyto_rect place = d->places[d->legend_count + i];
    tyto_label_line line;
    if (place.x1 <= place.x0) {
        return TYTO_OK;
    }
    /* The same text as when it was placed: its glyphs are there, and no memory is asked for. */
    TYTO_TRY(compose(d, detection, &line, err));
    return draw_line(d, &line, place, detection_colour(d, detection), err);
}

static tyto_status draw_legend(drawing *d, size_t i, tyto_error *err)
{
    tyto_label_line line;
    if (d->places[i].x1 <= d->places[i].x0) {
        return TYTO_OK;
    }
    TYTO_TRY(explain(d, d->legend[i], &line, err));
    const int64_t colour = d->legend[i] == MORE ? PALETTE_COUNT - 1 : d->legend[i];
    return draw_line(d, &line, d->places[i], colour_of(colour), err);
}

static tyto_status place_label(drawing *d, size_t i, tyto_error *err)
{
    const tyto_detection *detection = &d->detections->items[i];
    const size_t taken = d->legend_count + i;
    tyto_label_line line;
    tyto_label_request request = {.picture_width_px = d->image->width_px,
                                  .picture_height_px = d->image->height_px};
    d->places[taken] = (tyto_rect){0};
    if (!visible_box(d, &detection->box, &request.box)) {
        return TYTO_OK;
    }
    TYTO_TRY(compose(d, detection, &line, err));
    if (!is_empty(&line)) {
        request.overlap_px = is_dot(d, request.box) ? -shadow_px(d) : lines_px(d, detection);
        request.width_px = line.width_px + 2 * d->pad_x;
        request.height_px = line_height(d, &line);
        d->places[taken] = tyto_label_place(&request, d->places, taken);
    }
    return TYTO_OK;
}

/* Whether a detection before number i has its label, and is to be seen. */
static bool is_listed(const drawing *d, size_t i)
{
    const tyto_detection *items = d->detections->items;
    tyto_rect box;
    for (size_t j = 0; j < i; j++) {
        if (items[j].label_index == items[i].label_index && visible_box(d, &items[j].box, &box)) {
            return true;
        }
    }
    return false;
}

/* The legend lists the labels of the best detections, as far as there is room. */
static tyto_status list_numbered(drawing *d, tyto_error *err)
{
    tyto_rect box;
    for (size_t i = 0; i < d->label_count; i++) {
        const int64_t label = d->detections->items[i].label_index;
        bool numbered;
        if (!visible_box(d, &d->detections->items[i].box, &box) || is_listed(d, i)) {
            continue;
        }
        TYTO_TRY(tyto_lettering_numbers(&d->lettering, d->labels[label], &numbered, err));
        if (numbered && d->legend_count < LEGEND_MAX) {
            d->legend[d->legend_count++] = label;
        } else if (numbered) {
            d->left_out++;
        }
    }
    return TYTO_OK;
}

/* How much of the boxes a part of the picture hides. */
static int64_t hidden_px(const drawing *d, tyto_rect part)
{
    int64_t sum = 0;
    for (size_t i = 0; i < d->label_count; i++) {
        tyto_rect box;
        if (visible_box(d, &d->detections->items[i].box, &box)) {
            const int64_t w = tyto_min_i64(box.x1, part.x1) - tyto_max_i64(box.x0, part.x0);
            const int64_t h = tyto_min_i64(box.y1, part.y1) - tyto_max_i64(box.y0, part.y0);
            sum += tyto_max_i64(w, 0) * tyto_max_i64(h, 0);
        }
    }
    return sum;
}

/* The last of `lines` lines says how many others there are, instead of a label, unless all have a
 * line. */
static tyto_status end_legend(drawing *d, size_t *lines, int64_t *height, tyto_error *err)
{
    int64_t line_px = 0;
    if (d->left_out == 0 && *lines == d->legend_count) {
        return TYTO_OK;
    }
    d->left_out += (int64_t)(d->legend_count - *lines);
    do {
        tyto_label_line line;
        if (line_px > 0 || *lines == d->legend_count) {
            const tyto_rect last = d->places[--*lines];
            *height -= last.y1 - last.y0;
            d->left_out++;
        }
        TYTO_TRY(explain(d, MORE, &line, err));
        line_px = line_height(d, &line);
        d->places[*lines] =
            (tyto_rect){0, *height, line.width_px + 2 * d->pad_x, *height + line_px};
    } while (*lines > 0 && *height + line_px > d->image->height_px / 2);
    if (*height + line_px <= d->image->height_px / 2) {
        d->legend[(*lines)++] = MORE;
        *height += line_px;
    }
    return TYTO_OK;
}

/* Line below line, in the corner where that hides the least. */
static tyto_status place_legend(drawing *d, tyto_error *err)
{
    const int64_t w = d->image->width_px, h = d->image->height_px;
    int64_t width = 0, height = 0, least = INT64_MAX;
    size_t lines = 0;
    tyto_rect best = {0};
    for (; lines < d->legend_count; lines++) {
        tyto_label_line line;
        TYTO_TRY(explain(d, d->legend[lines], &line, err));
        const int64_t line_px = line_height(d, &line);
        if (is_empty(&line) || height + line_px > h / 2) {
            break;
        }
        d->places[lines] = (tyto_rect){0, height, line.width_px + 2 * d->pad_x, height + line_px};
        height += line_px;
    }
    TYTO_TRY(end_legend(d, &lines, &height, err));
    for (size_t i = 0; i < lines; i++) {
        width = tyto_max_i64(width, d->places[i].x1);
    }
    for (int corner = 0; corner < 4; corner++) {
        const int64_t x = corner % 2 ? w - width : 0, y = corner < 2 ? h - height : 0;
        const tyto_rect part = {x, y, x + width, y + height};
        const int64_t hidden = hidden_px(d, part);
        if (hidden < least) {
            least = hidden;
            best = part;
        }
    }
    for (size_t i = 0; i < lines; i++) {
        tyto_rect *place = &d->places[i];
        const int64_t x = best.x0 ? best.x1 - place->x1 : 0;
        *place = (tyto_rect){x, place->y0 + best.y0, x + place->x1, place->y1 + best.y0};
    }
    for (size_t i = lines; i < d->legend_count; i++) {
        d->places[i] = (tyto_rect){0};
    }
    return TYTO_OK;
}

/* The best detections get their places first. */
static tyto_status place_labels(drawing *d, tyto_error *err)
{
    const tyto_label_line plain = {.count = 0};
    const size_t count = (size_t)tyto_min_i64(d->detections->count, LABELS_MAX);
    TYTO_TRY(tyto_lettering_open(d->font_px, &d->lettering, err));
    if (line_height(d, &plain) > d->image->height_px / 2) {
        return TYTO_OK; /* a label would hide the picture */
    }
    d->places = tyto_alloc(count + LEGEND_MAX, sizeof(*d->places));
    if (!d->places) {
        return tyto_fail_memory(err, "draw");
    }
    d->label_count = count;
    TYTO_TRY(list_numbered(d, err));
    TYTO_TRY(place_legend(d, err));
    for (size_t i = 0; i < count; i++) {
        TYTO_TRY(place_label(d, i, err));
    }
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
    for (size_t i = d.label_count; i-- > 0;) {
        TYTO_CHECK(draw_label(&d, i, err));
    }
    for (size_t i = 0; i < d.legend_count; i++) {
        TYTO_CHECK(draw_legend(&d, i, err));
    }
cleanup:
    free(d.places);
    tyto_lettering_close(&d.lettering);
    return status;
}
