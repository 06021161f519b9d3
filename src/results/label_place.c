#include <stdbool.h>

#include "base/memory.h"
#include "results/label.h"

/* Steps along the box's edges that are tried when its corners are taken. */
#define STEPS 6

typedef struct place_search {
    const tyto_label_request *request;
    const tyto_rect *taken;
    size_t taken_count;
    tyto_rect best;
    int64_t hidden_px; /* area of other labels under the best place; -1: no place yet */
} place_search;

static int64_t common(int64_t a0, int64_t a1, int64_t b0, int64_t b1)
{
    return tyto_max_i64(tyto_min_i64(a1, b1) - tyto_max_i64(a0, b0), 0);
}

/* Moves sideways into the picture; a place that would have to move up or down is none. */
static void try_place(place_search *s, int64_t x, int64_t y)
{
    const tyto_label_request *r = s->request;
    if (s->hidden_px == 0 || y < 0 || y + r->height_px > r->picture_height_px) {
        return;
    }
    x = tyto_max_i64(tyto_min_i64(x, r->picture_width_px - r->width_px), 0);
    const tyto_rect place = {x, y, x + r->width_px, y + r->height_px};
    int64_t hidden = 0;
    for (size_t i = 0; i < s->taken_count; i++) {
        const tyto_rect *t = &s->taken[i];
        hidden +=
            common(t->x0, t->x1, place.x0, place.x1) * common(t->y0, t->y1, place.y0, place.y1);
    }
    if (s->hidden_px < 0 || hidden < s->hidden_px) {
        s->hidden_px = hidden;
        s->best = place;
    }
}

static void try_outside(place_search *s)
{
    const tyto_label_request *r = s->request;
    const int64_t above = r->box.y0 + r->overlap_px - r->height_px,
                  below = r->box.y1 - r->overlap_px;
    const int64_t right = r->box.x1 - r->width_px;
    try_place(s, r->box.x0, above);
    try_place(s, tyto_max_i64(right, r->box.x0), above);
    try_place(s, r->box.x0, below);
    try_place(s, tyto_max_i64(right, r->box.x0), below);
}

static void try_inside(place_search *s)
{
    const tyto_label_request *r = s->request;
    const int64_t right = r->box.x1 - r->width_px, bottom = r->box.y1 - r->height_px;
    try_place(s, r->box.x0, r->box.y0);
    try_place(s, right, r->box.y0);
    try_place(s, r->box.x0, bottom);
    try_place(s, right, bottom);
}

/* Down the left and the right edge, then along the top. */
static void try_edges(place_search *s)
{
    const tyto_label_request *r = s->request;
    const int64_t right = r->box.x1 - r->width_px, bottom = r->box.y1 - r->height_px;
    for (int64_t i = 1; i <= STEPS && r->box.y0 + i * r->height_px <= bottom; i++) {
        try_place(s, r->box.x0, r->box.y0 + i * r->height_px);
        try_place(s, right, r->box.y0 + i * r->height_px);
    }
    for (int64_t i = 1; i < STEPS && right > r->box.x0; i++) {
        const int64_t x = r->box.x0 + (right - r->box.x0) * i / STEPS;
        try_place(s, x, r->box.y0 + r->overlap_px - r->height_px);
        try_place(s, x, r->box.y0);
    }
}

tyto_rect tyto_label_place(const tyto_label_request *request, const tyto_rect *taken,
                           size_t taken_count)
{
    place_search s = {
        .request = request, .taken = taken, .taken_count = taken_count, .hidden_px = -1};
    /* A label above hides nothing of the object; inside a small box it would hide all. */
    const bool small = request->box.y1 - request->box.y0 < 3 * request->height_px;
    if (small) {
        try_outside(&s);
        try_inside(&s);
    } else {
        try_place(&s, request->box.x0, request->box.y0 + request->overlap_px - request->height_px);
        try_place(&s, request->box.x0, request->box.y0);
        try_outside(&s);
        try_inside(&s);
    }
    try_edges(&s);
    if (s.hidden_px < 0) {
        try_place(&s, request->box.x0,
                  tyto_max_i64(0, tyto_min_i64(request->box.y0,
                                               request->picture_height_px - request->height_px)));
    }
    return s.best;
}
