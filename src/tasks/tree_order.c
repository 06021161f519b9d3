/* What was found by a tree, region by region, in the order of the tree. */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "tasks/tree_search.h"

/* How items hang together, and where each of them goes. */
typedef struct order {
    int64_t *first, *last; /* of the items in it; of the photo behind all others */
    int64_t *next;         /* in the same one */
    int64_t *place;        /* in the new order */
} order;

static void link_items(const order *o, const tyto_item *items, int64_t count)
{
    for (int64_t i = 0; i <= count; i++) {
        o->first[i] = o->last[i] = TYTO_TREE_NONE;
    }
    for (int64_t i = 0; i < count; i++) {
        const int64_t parent =
            items[i].item.parent == TYTO_TREE_PHOTO ? count : items[i].item.parent;
        o->next[i] = TYTO_TREE_NONE;
        if (o->last[parent] == TYTO_TREE_NONE) {
            o->first[parent] = i;
        } else {
            o->next[o->last[parent]] = i;
        }
        o->last[parent] = i;
    }
}

/* Writes items from the first one of the photo on, each followed by those in it. */
static void write_items(const order *o, const tyto_item *items, int64_t count, const float *numbers,
                        const tyto_tree *tree, tyto_tree_item *out)
{
    int64_t written = 0, at = o->first[count];
    while (at != TYTO_TREE_NONE) {
        tyto_tree_item *item = &out[written];
        *item = items[at].item;
        if (item->parent != TYTO_TREE_PHOTO) {
            item->parent = o->place[item->parent];
        }
        if (items[at].numbers >= 0) {
            item->logits = numbers + items[at].numbers;
            item->probabilities = item->logits + tree->lists[item->list].count;
        }
        o->place[at] = written++;
        int64_t following = o->first[at];
        while (following == TYTO_TREE_NONE && at != TYTO_TREE_NONE) {
            out[o->place[at]].end = written;
            following = o->next[at];
            at = items[at].item.parent;
        }
        at = following;
    }
}

tyto_status tyto_tree_order(const tyto_item *items, int64_t count, float *numbers,
                            const tyto_tree *tree, tyto_tree_found *out, tyto_error *err)
{
    const size_t room = (size_t)count + 1;
    int64_t *links = tyto_alloc(room, 4 * sizeof(*links));
    out->items = tyto_alloc((size_t)count, sizeof(*out->items));
    if (!links || !out->items) {
        free(links);
        free(out->items);
        out->items = NULL;
        return tyto_fail_memory(err, "tree");
    }
    const order o = {links, links + room, links + 2 * room, links + 3 * room};
    link_items(&o, items, count);
    write_items(&o, items, count, numbers, tree, out->items);
    out->count = count;
    for (int64_t i = 0; i < count; i++) {
        out->things += !tyto_tree_is_choice(tree, &out->items[i]);
    }
    out->numbers = numbers;
    free(links);
    return TYTO_OK;
}
