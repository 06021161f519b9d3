/* One photo searched by a tree: region by region, some at a time. */
#include <stdlib.h>
#include <string.h>
#include <tyto/similarity.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/image.h"
#include "results/boxes.h"
#include "tasks/search.h"
#include "tasks/tree_search.h"

/* Regions that are searched together: as many as run together in a network. */
#define TOGETHER TYTO_SEARCH_TOGETHER

typedef struct run {
    const tyto_tree_search *search;
    const tyto_image *photo;
    tyto_follow follow;
    tyto_item *items;
    int64_t count, room;
    float *numbers; /* of choices */
    int64_t n_numbers, numbers_room;
    int64_t regions, known; /* that were looked into, and those known so far */
    int64_t passed_over;
} run;

/* What lists are asked about: a part of the photo, cut out, or all of it. */
typedef struct region {
    int64_t item; /* whose region it is, or TYTO_TREE_PHOTO */
    tyto_image cut;
    const tyto_image *image; /* `cut`, or the photo */
    int64_t x, y;            /* of its top left */
    tyto_photo *photo;       /* encoded, where several searches need it */
} region;

static tyto_status grow(void **items, int64_t needed, int64_t *room, size_t size, tyto_error *err)
{
    if (needed <= *room) {
        return TYTO_OK;
    }
    const int64_t wanted = tyto_max_i64(needed, 2 * *room);
    void *more = tyto_realloc(*items, (size_t)wanted, size);
    if (!more) {
        return tyto_fail_memory(err, "tree");
    }
    *items = more;
    *room = wanted;
    return TYTO_OK;
}

static tyto_box box_of(const run *r, int64_t item)
{
    return item == TYTO_TREE_PHOTO
               ? (tyto_box){0, 0, (float)r->photo->width_px, (float)r->photo->height_px}
               : r->items[item].item.box;
}

/* Adds an item in a region. */
static tyto_status add(run *r, const region *in, const tyto_tree_item *given, int64_t numbers,
                       tyto_error *err)
{
    TYTO_TRY(grow((void **)&r->items, r->count + 1, &r->room, sizeof(*r->items), err));
    tyto_item *added = &r->items[r->count++];
    *added = (tyto_item){*given, numbers};
    added->item.parent = in->item;
    if (in->item != TYTO_TREE_PHOTO) {
        const tyto_tree_item *parent = &r->items[in->item].item;
        const tyto_list *list = &r->search->tree->lists[parent->list];
        added->item.depth = parent->depth + (list->kind == TYTO_TREE_KIND_THINGS);
    }
    return TYTO_OK;
}

/* The pixels of a side that a stretch with its margin touches, at least one: how many, from *start
 * on. */
static int64_t cover(float low, float high, double margin, int64_t side, int64_t *start)
{
    const double more = margin * ((double)high - (double)low);
    const int64_t length =
        tyto_pixels_touched((double)low - more, (double)high + more, side, start);
    *start = tyto_min_i64(*start, side - 1);
    return tyto_max_i64(length, 1);
}

static tyto_status cut(const run *r, region *out, tyto_error *err)
{
    const tyto_image *photo = r->photo;
    out->image = photo;
    if (out->item == TYTO_TREE_PHOTO) {
        return TYTO_OK;
    }
    const tyto_box box = box_of(r, out->item);
    const double margin = r->search->options.margin;
    const int64_t width = cover(box.xmin, box.xmax, margin, photo->width_px, &out->x),
                  height = cover(box.ymin, box.ymax, margin, photo->height_px, &out->y);
    TYTO_TRY(tyto_image_make(width, height, &out->cut, err));
    tyto_image_cut(photo, out->x, out->y, &out->cut);
    out->image = &out->cut;
    return TYTO_OK;
}

static tyto_status find_things(run *r, int64_t list, const region *regions, int64_t n,
                               tyto_error *err)
{
    const tyto_list_query *query = &r->search->queries[list];
    tyto_search_options look = r->search->look;
    tyto_search_source sources[TOGETHER] = {{0}};
    tyto_detections found[TOGETHER];
    tyto_status status = TYTO_OK;
    look.label_thresholds = query->thresholds;
    look.n_label_thresholds = r->search->tree->lists[list].count;
    for (int64_t i = 0; i < n; i++) {
        sources[i].photo = regions[i].photo;
        sources[i].image = regions[i].photo ? NULL : regions[i].image;
    }
    TYTO_TRY(tyto_search(r->search->session, sources, n, query->vocabulary, &look, found, err));
    for (int64_t i = 0; i < n; i++) {
        const float x = (float)regions[i].x, y = (float)regions[i].y;
        for (int64_t k = 0; k < found[i].count; k++) {
            const tyto_detection *d = &found[i].items[k];
            const tyto_box box = {d->box.xmin + x, d->box.ymin + y, d->box.xmax + x,
                                  d->box.ymax + y};
            const tyto_tree_item item = {
                .list = list, .node = query->nodes[d->label_index], .box = box, .score = d->score};
            TYTO_CHECK(add(r, &regions[i], &item, -1, err));
        }
    }
cleanup:
    for (int64_t i = 0; i < n; i++) {
        tyto_detections_clear(&found[i]);
    }
    return status;
}

static tyto_status choose(run *r, int64_t list, const region *in, tyto_error *err)
{
    const tyto_list_query *query = &r->search->queries[list];
    const tyto_tree *tree = r->search->tree;
    const int64_t count = tree->lists[list].count, at = r->n_numbers;
    tyto_embed_options options;
    tyto_embed_options_init(&options, sizeof(options));
    options.processor = r->search->look.processor;
    TYTO_TRY(grow((void **)&r->numbers, at + 2 * count, &r->numbers_room, sizeof(float), err));
    float *logits = r->numbers + at, *probabilities = logits + count;
    TYTO_TRY(tyto_similarity(r->search->session, query->vocabulary, in->image, &options, logits,
                             probabilities, err));
    r->n_numbers += 2 * count;
    int64_t best = 0;
    for (int64_t i = 1; i < count; i++) {
        best = logits[i] > logits[best] ? i : best;
    }
    const float own = tree->nodes[query->nodes[best]].threshold;
    const bool chosen = own == TYTO_TREE_THRESHOLD_NONE || probabilities[best] > own;
    const tyto_tree_item item = {.list = list,
                                 .node = chosen ? query->nodes[best] : TYTO_TREE_NONE,
                                 .box = box_of(r, in->item),
                                 .score = probabilities[best]};
    return add(r, in, &item, at, err);
}

/* Encodes the regions' pictures once when several lists search for things in them, and nothing is
 * left out of them. */
static tyto_status encode(const run *r, int64_t first_list, region *regions, int64_t n,
                          tyto_error *err)
{
    const tyto_tree *tree = r->search->tree;
    const tyto_search_options *look = &r->search->look;
    tyto_embed_options options;
    int64_t searches = 0;
    for (int64_t i = first_list; i != TYTO_TREE_NONE; i = tree->lists[i].next) {
        searches += tree->lists[i].kind == TYTO_TREE_KIND_THINGS;
    }
    if (searches < 2 || look->tiles || look->skip_padding || look->input_px > 0) {
        return TYTO_OK;
    }
    tyto_embed_options_init(&options, sizeof(options));
    options.processor = look->processor;
    for (int64_t i = 0; i < n; i++) {
        TYTO_TRY(tyto_photo_create(r->search->session, regions[i].image, &options,
                                   &regions[i].photo, err));
    }
    return TYTO_OK;
}

/* What a node's lists, or the photo's, find in n regions. */
static tyto_status answer(run *r, int64_t node, region *regions, int64_t n, tyto_error *err)
{
    const tyto_tree *tree = r->search->tree;
    const bool photo = node == TYTO_TREE_PHOTO;
    const int64_t first = photo ? tree->photo.first : tree->nodes[node].lists.first;
    const char *label = photo ? NULL : tree->nodes[node].label;
    TYTO_TRY(tyto_follow_step(&r->follow, "regions", label, r->regions, r->known, err));
    for (int64_t i = 0; i < n; i++) {
        TYTO_TRY(cut(r, &regions[i], err));
    }
    TYTO_TRY(encode(r, first, regions, n, err));
    for (int64_t i = first; i != TYTO_TREE_NONE; i = tree->lists[i].next) {
        if (tree->lists[i].kind == TYTO_TREE_KIND_THINGS) {
            TYTO_TRY(find_things(r, i, regions, n, err));
        } else {
            for (int64_t k = 0; k < n; k++) {
                TYTO_TRY(choose(r, i, &regions[k], err));
            }
        }
    }
    for (int64_t i = 0; i < n; i++) {
        if (regions[i].item != TYTO_TREE_PHOTO) {
            r->items[regions[i].item].item.searched = true;
        }
    }
    r->regions += n;
    return TYTO_OK;
}

static tyto_status look_into(run *r, int64_t node, const int64_t *items, int64_t n,
                             tyto_error *err);

/* The items from `begin` to `end` that are a node's and are looked into: the best ones of each
 * region. */
static int64_t gather(run *r, int64_t node, int64_t begin, int64_t end, int64_t *out)
{
    const int64_t most = r->search->options.regions;
    int64_t count = 0, parent = TYTO_TREE_PHOTO, of_parent = 0;
    for (int64_t i = begin; i < end; i++) {
        const tyto_tree_item *item = &r->items[i].item;
        if (item->node != node) {
            continue;
        }
        of_parent = count > 0 && item->parent == parent ? of_parent + 1 : 1;
        parent = item->parent;
        if (most > 0 && of_parent > most) {
            r->passed_over++;
        } else {
            out[count++] = i;
        }
    }
    return count;
}

/* Looks into the items from `begin` to `end`, which answer a node's lists. */
static tyto_status descend(run *r, int64_t node, int64_t begin, int64_t end, tyto_error *err)
{
    const tyto_tree *tree = r->search->tree;
    tyto_status status = TYTO_OK;
    const int64_t first =
        node == TYTO_TREE_PHOTO ? tree->photo.first : tree->nodes[node].lists.first;
    int64_t *chosen = tyto_alloc((size_t)(end - begin), sizeof(*chosen));
    if (!chosen) {
        return tyto_fail_memory(err, "tree");
    }
    for (int64_t list = first; list != TYTO_TREE_NONE; list = tree->lists[list].next) {
        for (int64_t i = tree->lists[list].nodes.first; i != TYTO_TREE_NONE;
             i = tree->nodes[i].next) {
            if (tree->nodes[i].lists.first == TYTO_TREE_NONE) {
                continue;
            }
            const int64_t n = gather(r, i, begin, end, chosen);
            r->known += n;
            for (int64_t done = 0; done < n; done += TOGETHER) {
                TYTO_CHECK(look_into(r, i, chosen + done, tyto_min_i64(n - done, TOGETHER), err));
            }
        }
    }
cleanup:
    free(chosen);
    return status;
}

static tyto_status look_into(run *r, int64_t node, const int64_t *items, int64_t n, tyto_error *err)
{
    region regions[TOGETHER] = {{0}};
    const int64_t begin = r->count;
    for (int64_t i = 0; i < n; i++) {
        regions[i].item = items[i];
    }
    const tyto_status status = answer(r, node, regions, n, err);
    for (int64_t i = 0; i < n; i++) {
        tyto_image_clear(&regions[i].cut);
        tyto_photo_destroy(regions[i].photo);
    }
    return status == TYTO_OK ? descend(r, node, begin, r->count, err) : status;
}

tyto_status tyto_tree_search_photo(tyto_tree_search *search, const tyto_image *photo,
                                   tyto_tree_found *out, tyto_error *err)
{
    const int64_t whole = TYTO_TREE_PHOTO;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_tree_found){0};
    TYTO_REQUIRE(err, search);
    TYTO_REQUIRE(err, photo);
    TYTO_REQUIRE(err, photo->data);
    run r = {.search = search, .photo = photo, .known = 1};
    tyto_follow_begin(&r.follow, search->session, search->options.progress,
                      search->options.progress_user);
    tyto_status status = look_into(&r, TYTO_TREE_PHOTO, &whole, 1, err);
    tyto_follow_end(&r.follow);
    if (status == TYTO_OK) {
        status = tyto_tree_order(r.items, r.count, r.numbers, search->tree, out, err);
    }
    if (status == TYTO_OK) {
        out->width_px = photo->width_px;
        out->height_px = photo->height_px;
        out->passed_over = r.passed_over;
    } else {
        free(r.numbers);
    }
    free(r.items);
    return status;
}
