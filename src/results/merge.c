/* What the parts of a photo show, each thing once. */
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "results/boxes.h"
#include <tyto/memory.h>
#include <tyto/tiles.h>

/* A box is cut where it comes this close to an inner edge of its part; a share of the part's
 * sides. */
#define EDGE_SHARE 0.02F
/* Of a cut box, what has to lie in a complete one to be a part of it. */
#define INSIDE_SHARE 0.5F
/* A complete box of less than this share of a cut one's score is too doubtful to stand for it. */
#define TRUSTED_SHARE 0.25F

#define END SIZE_MAX

enum { LEFT = 1, TOP = 2, RIGHT = 4, BOTTOM = 8 };

typedef struct piece {
    tyto_detection found;
    size_t part, rank; /* rank: among the part's own, to order equals */
    int cut;           /* at these edges of its part */
    size_t previous;   /* kept one of its group, or END */
    size_t joined;     /* the piece that stands for all of the thing; itself when it does */
} piece;

typedef struct merge {
    const tyto_part *parts;
    const tyto_merge_options *options;
    float width, height; /* of the photo */
    piece *pieces;
    size_t count;
    size_t *last; /* kept piece of each group that was added last, or END */
} merge;

static int cut_edges(const merge *m, const tyto_box *box, const tyto_box *place)
{
    const float x = EDGE_SHARE * (place->xmax - place->xmin),
                y = EDGE_SHARE * (place->ymax - place->ymin);
    return (place->xmin > 0.0F && box->xmin <= place->xmin + x ? LEFT : 0) |
           (place->ymin > 0.0F && box->ymin <= place->ymin + y ? TOP : 0) |
           (place->xmax < m->width && box->xmax >= place->xmax - x ? RIGHT : 0) |
           (place->ymax < m->height && box->ymax >= place->ymax - y ? BOTTOM : 0);
}

/* What a box would be in a part of the photo that cuts it at those edges. */
static tyto_box cut_at(tyto_box box, const tyto_box *place, int edges)
{
    box.xmin = edges & LEFT ? fmaxf(box.xmin, place->xmin) : box.xmin;
    box.ymin = edges & TOP ? fmaxf(box.ymin, place->ymin) : box.ymin;
    box.xmax = edges & RIGHT ? fminf(box.xmax, place->xmax) : box.xmax;
    box.ymax = edges & BOTTOM ? fminf(box.ymax, place->ymax) : box.ymax;
    return box;
}

static float area(const tyto_box *box)
{
    return fmaxf(0.0F, box->xmax - box->xmin) * fmaxf(0.0F, box->ymax - box->ymin);
}

static float shared_area(const tyto_box *a, const tyto_box *b)
{
    const tyto_box both = {fmaxf(a->xmin, b->xmin), fmaxf(a->ymin, b->ymin),
                           fminf(a->xmax, b->xmax), fminf(a->ymax, b->ymax)};
    return area(&both);
}

/* Shared area as a share of the smaller box. */
static float share_of_smaller(const tyto_box *a, const tyto_box *b)
{
    const float smaller = fminf(area(a), area(b));
    return smaller > 0.0F ? shared_area(a, b) / smaller : 0.0F;
}

/* `better` is kept already; where it is cut, `other` is too. */
static bool agree_at_seam(const merge *m, const piece *better, const piece *other)
{
    const bool completes = other->cut && !better->cut;
    const tyto_box a = cut_at(better->found.box, &m->parts[other->part].place, other->cut),
                   b = cut_at(other->found.box, &m->parts[better->part].place, better->cut);
    if (area(&a) <= 0.0F || area(&b) <= 0.0F ||
        (completes && better->found.score < TRUSTED_SHARE * other->found.score)) {
        return false;
    }
    return tyto_box_iou(&a, &b) > m->options->overlap ||
           (completes && shared_area(&a, &b) > INSIDE_SHARE * area(&b));
}

static bool is_one_thing(const merge *m, const piece *better, const piece *other)
{
    if (better->part == other->part) {
        return false;
    }
    switch (m->options->rule) {
    case TYTO_MERGE_RULE_SEAMS:
        return agree_at_seam(m, better, other);
    case TYTO_MERGE_RULE_IOU:
        return tyto_box_iou(&better->found.box, &other->found.box) > m->options->overlap;
    case TYTO_MERGE_RULE_SMALLER:
        return share_of_smaller(&better->found.box, &other->found.box) > m->options->overlap;
    case TYTO_MERGE_RULE_OFF:
        break;
    }
    return false;
}

static size_t stands_for(piece *pieces, size_t i)
{
    while (pieces[i].joined != i) {
        pieces[i].joined = pieces[pieces[i].joined].joined;
        i = pieces[i].joined;
    }
    return i;
}

/* Two things turn out to be one: the better piece stands for both. */
static void join(piece *pieces, size_t a, size_t b)
{
    a = stands_for(pieces, a);
    b = stands_for(pieces, b);
    pieces[a > b ? a : b].joined = a > b ? b : a;
}

/* Takes piece i into its group unless a kept piece makes it superfluous. */
static void sort_in(merge *m, size_t i)
{
    piece *it = &m->pieces[i];
    const size_t group = m->options->any_label ? 0 : (size_t)it->found.label_index;
    it->joined = i;
    for (size_t k = m->last[group]; k != END; k = m->pieces[k].previous) {
        if (!is_one_thing(m, &m->pieces[k], it)) {
            continue;
        }
        if (m->options->rule != TYTO_MERGE_RULE_SEAMS || !m->pieces[k].cut) {
            it->joined = END;
            return;
        }
        join(m->pieces, k, i);
    }
    it->previous = m->last[group];
    m->last[group] = i;
}

static tyto_box hull(const tyto_box *a, const tyto_box *b)
{
    return (tyto_box){fminf(a->xmin, b->xmin), fminf(a->ymin, b->ymin), fmaxf(a->xmax, b->xmax),
                      fmaxf(a->ymax, b->ymax)};
}

/* Detections of what was kept; returns how many. */
static size_t take_things(merge *m, tyto_detection *out)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->pieces[i].joined != END) {
            const size_t whole = stands_for(m->pieces, i);
            m->pieces[whole].found.box = hull(&m->pieces[whole].found.box, &m->pieces[i].found.box);
        }
    }
    size_t count = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (m->pieces[i].joined == i) {
            out[count++] = m->pieces[i].found;
        }
    }
    return count;
}

static int compare_scores(const tyto_detection *a, const tyto_detection *b)
{
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    if (a->patch != b->patch) {
        return a->patch < b->patch ? -1 : 1;
    }
    return a->label_index < b->label_index ? -1 : a->label_index > b->label_index;
}

static int by_score(const void *left, const void *right)
{
    return compare_scores(left, right);
}

/* Complete pieces first, then those of higher score. */
static int by_worth(const void *left, const void *right)
{
    const piece *a = left, *b = right;
    if (!a->cut != !b->cut) {
        return a->cut ? 1 : -1;
    }
    const int order = compare_scores(&a->found, &b->found);
    if (order != 0 || a->part != b->part) {
        return order != 0 ? order : a->part < b->part ? -1 : 1;
    }
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static tyto_status check(const tyto_part *parts, int64_t n_parts, int64_t n_labels,
                         const tyto_merge_options *options, size_t *total, tyto_error *err)
{
    if (!(options->overlap >= 0.0F && options->overlap <= 1.0F)) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "merge: got an overlap of %g, required 0 to 1",
                         (double)options->overlap);
    }
    TYTO_TRY(tyto_check_enum((int)options->rule, TYTO_MERGE_RULE_OFF, "rule", err));
    TYTO_TRY(tyto_check_list(parts, n_parts, "parts", err));
    for (int64_t p = 0; p < n_parts; p++) {
        TYTO_TRY(tyto_check_list(parts[p].found.items, parts[p].found.count, "found", err));
        for (int64_t i = 0; i < parts[p].found.count; i++) {
            const int64_t label = parts[p].found.items[i].label_index;
            if (label < 0 || label >= n_labels) {
                return tyto_fail(err, TYTO_E_ARGUMENT,
                                 "part %lld, detection %lld: got label %lld, required 0 to %lld",
                                 (long long)p, (long long)i, (long long)label,
                                 (long long)n_labels - 1);
            }
        }
        *total += (size_t)parts[p].found.count;
    }
    return TYTO_OK;
}

static void list_pieces(merge *m, int64_t n_parts)
{
    for (int64_t p = 0; p < n_parts; p++) {
        for (int64_t i = 0; i < m->parts[p].found.count; i++) {
            const tyto_detection *found = &m->parts[p].found.items[i];
            const bool cuts = m->options->rule == TYTO_MERGE_RULE_SEAMS;
            m->pieces[m->count++] =
                (piece){.found = *found,
                        .part = (size_t)p,
                        .rank = (size_t)i,
                        .cut = cuts ? cut_edges(m, &found->box, &m->parts[p].place) : 0,
                        .previous = END};
        }
    }
    qsort(m->pieces, m->count, sizeof(*m->pieces), by_worth);
}

static const tyto_merge_options defaults = {
    .struct_bytes = sizeof(defaults), .rule = TYTO_MERGE_RULE_SEAMS, .overlap = 0.5F};

void tyto_merge_options_init(tyto_merge_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_merge_parts(const tyto_part *parts, int64_t n_parts, int64_t width_px,
                             int64_t height_px, int64_t n_labels, const tyto_merge_options *options,
                             tyto_detections *out, tyto_error *err)
{
    tyto_merge_options own = defaults;
    merge m = {
        .parts = parts, .options = &own, .width = (float)width_px, .height = (float)height_px};
    size_t total = 0;
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_detections){0};
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_merge_options", err));
    TYTO_TRY(check(parts, n_parts, n_labels, &own, &total, err));
    const size_t groups = own.any_label ? 1 : (size_t)tyto_max_i64(n_labels, 0);
    tyto_detection *things = tyto_alloc(total, sizeof(*things));
    m.pieces = tyto_alloc(total, sizeof(*m.pieces));
    m.last = tyto_alloc(groups, sizeof(*m.last));
    if (!things || !m.pieces || !m.last) {
        tyto_free(things);
        status = tyto_fail_memory(err, "detections");
        goto cleanup;
    }
    for (size_t g = 0; g < groups; g++) {
        m.last[g] = END;
    }
    list_pieces(&m, n_parts);
    for (size_t i = 0; i < m.count; i++) {
        sort_in(&m, i);
    }
    *out = (tyto_detections){.items = things, .count = (int64_t)take_things(&m, things)};
    if (out->count > 1) {
        qsort(out->items, (size_t)out->count, sizeof(*out->items), by_score);
    }
cleanup:
    tyto_free(m.pieces);
    tyto_free(m.last);
    return status;
}
