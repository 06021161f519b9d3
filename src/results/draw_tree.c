/* What was found by a tree, drawn: each thing with the choices about it, colours by depth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/draw.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "results/tree.h"

/* More of a label is never shown. */
#define LABEL_BYTES_MAX (1 << 16)
/* Labels behind these aren't drawn, and needn't be known as the same. */
#define COMPARED_MAX 2000

typedef struct drawing {
    const tyto_tree *tree;
    const tyto_tree_found *found;
    tyto_detections boxes;
    char **labels;   /* [n_labels] */
    int64_t *depths; /* [boxes.count] */
    int64_t n_labels;
} drawing;

/* Adds what was chosen about a region: the items from `begin` on that lie in `parent` itself. */
static int64_t add_choices(const drawing *d, int64_t parent, int64_t begin, int64_t end,
                           tyto_buffer *label)
{
    int64_t count = 0;
    for (int64_t i = begin; i < end; i = d->found->items[i].end) {
        const tyto_tree_item *item = &d->found->items[i];
        if (item->parent != parent || !tyto_tree_is_choice(d->tree, item) ||
            item->node == TYTO_TREE_NONE) {
            continue;
        }
        const bool inner = parent != TYTO_TREE_PHOTO;
        tyto_buffer_text(label, count > 0 ? ", " : inner ? " (" : "");
        tyto_buffer_text(label, d->tree->nodes[item->node].label);
        add_choices(d, i, i + 1, item->end, label);
        count++;
    }
    if (count > 0 && parent != TYTO_TREE_PHOTO) {
        tyto_buffer_text(label, ")");
    }
    return count;
}

/* The index of a label, which is taken over: that of the same one, if there is any. */
static int64_t index_of(drawing *d, char *label)
{
    for (int64_t i = 0; i < tyto_min_i64(d->n_labels, COMPARED_MAX); i++) {
        if (strcmp(d->labels[i], label) == 0) {
            free(label);
            return i;
        }
    }
    d->labels[d->n_labels] = label;
    return d->n_labels++;
}

static tyto_status add(drawing *d, tyto_buffer *label, const tyto_box *box, float score,
                       int64_t depth, tyto_error *err)
{
    char *text = tyto_buffer_take(label);
    if (!text) {
        return tyto_fail_memory(err, "draw");
    }
    d->depths[d->boxes.count] = depth;
    d->boxes.items[d->boxes.count++] =
        (tyto_detection){.box = *box, .score = score, .label_index = index_of(d, text)};
    return TYTO_OK;
}

static tyto_status add_thing(drawing *d, int64_t i, tyto_error *err)
{
    const tyto_tree_item *item = &d->found->items[i];
    tyto_buffer label;
    tyto_buffer_init(&label, LABEL_BYTES_MAX);
    tyto_buffer_text(&label, d->tree->nodes[item->node].label);
    add_choices(d, i, i + 1, item->end, &label);
    return add(d, &label, &item->box, item->score, item->depth, err);
}

/* A frame with what was chosen about the photo. */
static tyto_status add_photo(drawing *d, const tyto_image *image, tyto_error *err)
{
    const tyto_box whole = {0, 0, (float)image->width_px, (float)image->height_px};
    tyto_buffer label;
    tyto_buffer_init(&label, LABEL_BYTES_MAX);
    if (add_choices(d, TYTO_TREE_PHOTO, 0, d->found->count, &label) == 0) {
        tyto_buffer_clear(&label);
        return TYTO_OK;
    }
    return add(d, &label, &whole, NAN, 0, err);
}

/* The deepest things come first, and are drawn on top; the photo's frame last. */
static tyto_status collect(drawing *d, const tyto_image *image, tyto_error *err)
{
    const tyto_tree_found *found = d->found;
    const size_t most = (size_t)found->count + 1;
    int64_t deepest = 0;
    d->boxes.items = tyto_alloc(most, sizeof(*d->boxes.items));
    d->depths = tyto_alloc(most, sizeof(*d->depths));
    d->labels = tyto_alloc(most, sizeof(*d->labels));
    if (!d->boxes.items || !d->depths || !d->labels) {
        return tyto_fail_memory(err, "draw");
    }
    for (int64_t i = 0; i < found->count; i++) {
        deepest = tyto_max_i64(deepest, found->items[i].depth);
    }
    for (int64_t depth = tyto_min_i64(deepest, TYTO_TREE_DEPTH_MAX); depth >= 0; depth--) {
        for (int64_t i = 0; i < found->count; i++) {
            const tyto_tree_item *item = &found->items[i];
            if (item->depth == depth && !tyto_tree_is_choice(d->tree, item)) {
                TYTO_TRY(add_thing(d, i, err));
            }
        }
    }
    return add_photo(d, image, err);
}

tyto_status tyto_draw_tree(tyto_image *image, const tyto_tree *tree, const tyto_tree_found *found,
                           const tyto_draw_options *options, tyto_error *err)
{
    drawing d = {.tree = tree, .found = found};
    tyto_draw_options own;
    tyto_status status = TYTO_OK;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, image);
    TYTO_REQUIRE(err, tree);
    TYTO_REQUIRE(err, found);
    tyto_draw_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_draw_options", err));
    TYTO_TRY(tyto_tree_check_found(tree, found, err));
    TYTO_CHECK(collect(&d, image, err));
    own.ids = NULL;
    own.depths = d.depths;
    status =
        tyto_draw_detections(image, &d.boxes, (const char *const *)d.labels, d.n_labels, &own, err);
cleanup:
    for (int64_t i = 0; i < d.n_labels; i++) {
        free(d.labels[i]);
    }
    free(d.labels);
    free(d.depths);
    free(d.boxes.items);
    return status;
}
