/* Photos in tiles: where the tiles lie, what of several parts is one thing, and searches in them.
 */
#include <stdio.h>

#include "support/golden.h"
#include "support/search.h"
#include "support/support.h"

#include "support/cases.h"

static tyto_tiles planned(int64_t width, int64_t height, int64_t side, double overlap)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tiles tiles = {0};
    ASSERT_DONE(tyto_tiles_make(width, height, side, overlap, &tiles, &err), &err);
    return tiles;
}

static void assert_places(const tyto_tiles *tiles, const int64_t *x, int64_t columns,
                          const int64_t *y, int64_t rows)
{
    assert_int_equal(tiles->columns, columns);
    assert_int_equal(tiles->rows, rows);
    for (int64_t tile = 0; tile < columns * rows; tile++) {
        int64_t left, top;
        tyto_tiles_place(tiles, tile, &left, &top);
        assert_int_equal(left, x[tile % columns]);
        assert_int_equal(top, y[tile / columns]);
    }
}

/* 250 pixels in tiles of 100 that share 20: (250 − 20)/80 is 2.9, so three, 75 apart; 180 fit two
 * exactly, 80 apart, and 181 need three. */
static void tiles_lie_evenly_from_edge_to_edge(void **state)
{
    (void)state;
    const tyto_tiles tiles = planned(250, 180, 100, 0.2), three = planned(181, 100, 100, 0.2);
    assert_places(&tiles, (const int64_t[]){0, 75, 150}, 3, (const int64_t[]){0, 80}, 2);
    assert_places(&three, (const int64_t[]){0, 40, 81}, 3, (const int64_t[]){0}, 1);
    assert_int_equal(tiles.tile_width_px, 100);
    assert_int_equal(tiles.tile_height_px, 100);
}

static void a_photo_that_fits_is_one_tile(void **state)
{
    (void)state;
    const tyto_tiles exact = planned(100, 100, 100, 0.9), small = planned(1, 1, 100, 0.5),
                     narrow = planned(250, 30, 100, 0.0), huge = planned(7, 9, INT64_MAX, 0.9);
    assert_places(&exact, (const int64_t[]){0}, 1, (const int64_t[]){0}, 1);
    assert_places(&small, (const int64_t[]){0}, 1, (const int64_t[]){0}, 1);
    assert_places(&narrow, (const int64_t[]){0, 75, 150}, 3, (const int64_t[]){0}, 1);
    assert_places(&huge, (const int64_t[]){0}, 1, (const int64_t[]){0}, 1);
    assert_int_equal(small.tile_width_px, 1);
    assert_int_equal(narrow.tile_width_px, 100);
    assert_int_equal(narrow.tile_height_px, 30);
}

/* Every length up to 60, every side up to 20, and overlaps from none to the most: no tile leaves
 * the photo, neighbours share what they have to, and one tile less would not do. */
static void all_lengths_are_covered(void **state)
{
    (void)state;
    const double overlaps[] = {0.0, 0.1, 0.25, 0.5, 0.77, 0.9};
    for (int64_t i = 0; i < 60 * 20 * 6; i++) {
        const int64_t length = 1 + i % 60, side = 1 + i / 60 % 20;
        const double overlap = overlaps[i / 1200];
        const tyto_tiles tiles = planned(length, 1, side, overlap);
        const int64_t shared = (int64_t)((double)side * overlap);
        int64_t end = 0;
        for (int64_t tile = 0; tile < tiles.columns; tile++) {
            int64_t x, y;
            tyto_tiles_place(&tiles, tile, &x, &y);
            assert_true(tile == 0 ? x == 0 : x <= end - shared);
            assert_true(x >= 0 && x + tiles.tile_width_px > end);
            end = x + tiles.tile_width_px;
        }
        assert_int_equal(end, length);
        assert_true(tiles.columns == 1 || side + (tiles.columns - 2) * (side - shared) < length);
    }
}

static void assert_refused(tyto_status status, const char *text, int64_t width, int64_t height,
                           int64_t side, double overlap)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tiles tiles;
    const tyto_status got = tyto_tiles_make(width, height, side, overlap, &tiles, &err);
    if (got != status || !strstr(tyto_error_message(&err), text)) {
        fail_msg("%s: %s", tyto_status_name(got), tyto_error_message(&err));
    }
    tyto_error_clear(&err);
}

static void hostile_sizes_are_refused(void **state)
{
    (void)state;
    assert_refused(TYTO_E_FORMAT, "photo: got 0x5", 0, 5, 10, 0.0);
    assert_refused(TYTO_E_LIMIT, "photo: got 65501x1", 65501, 1, 10, 0.0);
    assert_refused(TYTO_E_LIMIT, "photo: got", INT64_MAX, INT64_MAX, 10, 0.0);
    assert_refused(TYTO_E_LIMIT, "photo: got 65500x65500", 65500, 65500, 1000, 0.0);
    assert_refused(TYTO_E_ARGUMENT, "a side of 0", 5, 5, 0, 0.0);
    assert_refused(TYTO_E_ARGUMENT, "a side of -9", 5, 5, -9, 0.0);
    assert_refused(TYTO_E_ARGUMENT, "an overlap of -0.1", 5, 5, 5, -0.1);
    assert_refused(TYTO_E_ARGUMENT, "an overlap of 0.95", 5, 5, 5, 0.95);
    assert_refused(TYTO_E_ARGUMENT, "an overlap of nan", 5, 5, 5, NAN);
    /* 128 × 128 tiles are just allowed. */
    planned(128, 128, 1, 0.0);
    assert_refused(TYTO_E_LIMIT, "got 16512 of 1x1 pixels for a photo of 129x128, required at most",
                   129, 128, 1, 0.0);
}

static void a_tile_has_the_photos_pixels(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image photo = {0}, tile = {0};
    const tyto_tiles tiles = planned(7, 5, 3, 0.0);
    ASSERT_DONE(tyto_image_make(7, 5, &photo, &err), &err);
    for (int i = 0; i < 105; i++) {
        photo.data[i] = (uint8_t)i;
    }
    ASSERT_DONE(tyto_image_make(3, 3, &tile, &err), &err);
    for (int64_t i = 0; i < tiles.columns * tiles.rows; i++) {
        int64_t x, y;
        tyto_tiles_place(&tiles, i, &x, &y);
        ASSERT_DONE(tyto_tiles_cut(&tiles, i, &photo, &tile, &err), &err);
        for (int64_t k = 0; k < 27; k++) {
            assert_int_equal(tile.data[k], 3 * ((y + k / 9) * 7 + x) + k % 9);
        }
    }
    assert_int_equal(tyto_tiles_cut(&tiles, 6, &photo, &tile, NULL), TYTO_E_RANGE);
    assert_int_equal(tyto_tiles_cut(&tiles, -1, &photo, &tile, NULL), TYTO_E_RANGE);
    assert_int_equal(tyto_tiles_cut(&tiles, 0, &tile, &tile, NULL), TYTO_E_SHAPE);
    assert_int_equal(tyto_tiles_cut(&tiles, 0, &photo, &photo, NULL), TYTO_E_SHAPE);
    const tyto_tiles hostile[] = {
        {7, 5, 3, 3, INT64_MAX, 2}, {7, 5, 3, 3, 2, 0},         {7, 5, 3, 3, -1, -1},
        {7, 5, 8, 3, 1, 2},         {7, 5, 3, 6, 1, 2},         {7, 5, 0, 3, 1, 1},
        {7, 5, INT64_MAX, 3, 1, 2}, {INT64_MAX, 5, 3, 3, 2, 2},
    };
    for (size_t i = 0; next_case(i, sizeof(hostile) / sizeof(hostile[0])); i++) {
        int64_t x = 1, y = 1;
        assert_int_equal(tyto_tiles_cut(&hostile[i], 0, &photo, &tile, NULL), TYTO_E_ARGUMENT);
        tyto_tiles_place(&hostile[i], 0, &x, &y);
        assert_true(x == 0 && y == 0);
    }
    tyto_image_clear(&photo);
    tyto_image_clear(&tile);
}

/* Merging. A photo of 180×100 in two tiles of 100: x 0 … 100 and 80 … 180; 20 pixels are in both.
 */
#define WIDTH 180
#define HEIGHT 100
#define LEFT_TILE                                                                                  \
    {                                                                                              \
        0, 0, 100, 100                                                                             \
    }
#define RIGHT_TILE                                                                                 \
    {                                                                                              \
        80, 0, 180, 100                                                                            \
    }
#define WHOLE                                                                                      \
    {                                                                                              \
        0, 0, 180, 100                                                                             \
    }

#define MERGE(rule, overlap, any_label)                                                            \
    {                                                                                              \
        sizeof(tyto_merge_options), rule, overlap, any_label                                       \
    }
static const tyto_merge_options seams = MERGE(TYTO_MERGE_RULE_SEAMS, 0.5F, false);

/* What was found in two parts, one thing in each. */
typedef struct pair {
    tyto_box places[2];
    tyto_detection found[2];
} pair;

static tyto_detections merged(const pair *of, const tyto_merge_options *options)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detections out;
    pair copy = *of;
    const tyto_part parts[] = {{of->places[0], {&copy.found[0], 1}},
                               {of->places[1], {&copy.found[1], 1}}};
    ASSERT_DONE(tyto_merge_parts(parts, 2, WIDTH, HEIGHT, 3, options, &out, &err), &err);
    assert_memory_equal(&copy, of, sizeof(copy));
    return out;
}

static void assert_merged(const pair *of, const tyto_merge_options *options,
                          const tyto_detection *wanted, int64_t count)
{
    tyto_detections out = merged(of, options);
    assert_int_equal(out.count, count);
    for (int64_t i = 0; i < count; i++) {
        assert_memory_equal(&out.items[i].box, &wanted[i].box, sizeof(tyto_box));
        assert_true(out.items[i].score == wanted[i].score);
        assert_int_equal(out.items[i].label_index, wanted[i].label_index);
        assert_int_equal(out.items[i].patch, wanted[i].patch);
    }
    tyto_detections_clear(&out);
}

/* Whole in both tiles: IoU of 10×10 boxes 2 pixels apart, 80/120; the higher score stays. Those 6
 * apart share 40/160. */
static void a_thing_in_both_tiles_is_one(void **state)
{
    (void)state;
    const pair near = {{LEFT_TILE, RIGHT_TILE},
                       {{{84, 10, 94, 20}, 0.6F, 1, 4}, {{86, 10, 96, 20}, 0.7F, 1, 9}}},
               apart = {{LEFT_TILE, RIGHT_TILE},
                        {{{83, 10, 93, 20}, 0.6F, 1, 4}, {{89, 10, 99, 20}, 0.7F, 1, 9}}};
    assert_merged(&near, &seams, &near.found[1], 1);
    assert_merged(&apart, &seams, (const tyto_detection[]){apart.found[1], apart.found[0]}, 2);
}

/* The left tile sees 12 pixels of what the right one sees whole. By union they share 12/40. */
static void what_a_tile_cuts_gives_way_to_the_whole(void **state)
{
    (void)state;
    const pair cut = {{LEFT_TILE, RIGHT_TILE},
                      {{{88, 10, 100, 50}, 0.9F, 1, 4}, {{87, 10, 127, 50}, 0.5F, 1, 9}}};
    const tyto_merge_options iou = MERGE(TYTO_MERGE_RULE_IOU, 0.5F, false),
                             smaller = MERGE(TYTO_MERGE_RULE_SMALLER, 0.5F, false);
    assert_merged(&cut, &seams, &cut.found[1], 1);
    assert_merged(&cut, &iou, cut.found, 2);
    assert_merged(&cut, &smaller, &cut.found[0], 1);
    /* A box of less than a quarter of the score is not trusted to. */
    pair doubtful = cut;
    doubtful.found[1].score = 0.2F;
    assert_merged(&doubtful, &seams, doubtful.found, 2);
}

/* 120 pixels long: neither tile sees it whole. Where both look, x 80 … 100, they agree, and the
 * hull of both parts stays, with the higher score. */
static void halves_are_put_together(void **state)
{
    (void)state;
    const pair halves = {{LEFT_TILE, RIGHT_TILE},
                         {{{30, 10, 100, 50}, 0.5F, 2, 4}, {{80, 12, 150, 52}, 0.6F, 2, 9}}};
    const tyto_detection hull = {{30, 10, 150, 52}, 0.6F, 2, 9};
    assert_merged(&halves, &seams, &hull, 1);
    /* Two things, one above the other. */
    pair others = halves;
    others.found[1].box = (tyto_box){80, 52, 150, 90};
    assert_merged(&others, &seams, (const tyto_detection[]){others.found[1], others.found[0]}, 2);
}

/* The whole photo's search sees a large thing; a tile, full of it, sees its own outline. */
static void a_large_thing_is_found_once(void **state)
{
    (void)state;
    const pair large = {{WHOLE, LEFT_TILE},
                        {{{10, 0, 170, 100}, 0.5F, 0, 0}, {{12, 0, 100, 100}, 0.8F, 0, 9}}};
    assert_merged(&large, &seams, &large.found[0], 1);
    /* A small one that lies whole inside the tile, in front of it, is another thing. */
    pair front = large;
    front.found[1].box = (tyto_box){20, 20, 60, 60};
    assert_merged(&front, &seams, (const tyto_detection[]){front.found[1], front.found[0]}, 2);
}

static void labels_are_kept_apart(void **state)
{
    (void)state;
    const pair two = {{LEFT_TILE, RIGHT_TILE},
                      {{{84, 10, 94, 20}, 0.6F, 1, 4}, {{84, 10, 94, 20}, 0.7F, 2, 9}}};
    tyto_merge_options any = seams;
    any.any_label = true;
    assert_merged(&two, &seams, (const tyto_detection[]){two.found[1], two.found[0]}, 2);
    assert_merged(&two, &any, &two.found[1], 1);
}

/* What one search gives stays as it is: suppression is another option. And nothing is merged when
 * the rule is off. */
static void boxes_of_one_part_stay(void **state)
{
    (void)state;
    const pair same = {{LEFT_TILE, RIGHT_TILE},
                       {{{84, 10, 94, 20}, 0.6F, 1, 4}, {{84, 10, 94, 20}, 0.7F, 1, 9}}};
    const tyto_merge_options off = MERGE(TYTO_MERGE_RULE_OFF, 0.5F, true);
    tyto_detection both[] = {same.found[1], same.found[0]};
    const tyto_part part = {LEFT_TILE, {both, 2}};
    tyto_detections out;
    assert_merged(&same, &off, both, 2);
    assert_int_equal(tyto_merge_parts(&part, 1, WIDTH, HEIGHT, 3, &seams, &out, NULL), TYTO_OK);
    assert_int_equal(out.count, 2);
    tyto_detections_clear(&out);
}

/* A photo's own edge cuts nothing: 10 pixels at the right of all tiles are a whole thing, which
 * one of another part that covers 6 of them does not swallow. An inner edge does cut: what lies
 * there in a complete box is a part of it, though it is a third of what the tile could see. */
static void a_photos_edge_cuts_nothing(void **state)
{
    (void)state;
    const pair at_edge = {{WHOLE, RIGHT_TILE},
                          {{{120, 40, 176, 60}, 0.5F, 0, 0}, {{170, 40, 180, 60}, 0.4F, 0, 9}}},
               at_seam = {{WHOLE, RIGHT_TILE},
                          {{{40, 40, 120, 60}, 0.5F, 0, 0}, {{80, 44, 96, 60}, 0.4F, 0, 9}}};
    assert_merged(&at_edge, &seams, at_edge.found, 2);
    assert_merged(&at_seam, &seams, at_seam.found, 1);
}

/* A thing across four tiles of 100 in a photo of 180×180: four quarters make one. */
static void quarters_are_put_together(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_detection quarters[] = {{{40, 30, 100, 100}, 0.3F, 0, 1},
                                 {{80, 30, 145, 100}, 0.4F, 0, 2},
                                 {{41, 80, 100, 150}, 0.6F, 0, 3},
                                 {{80, 80, 144, 151}, 0.5F, 0, 4}};
    const tyto_part parts[] = {{{0, 0, 100, 100}, {&quarters[0], 1}},
                               {{80, 0, 180, 100}, {&quarters[1], 1}},
                               {{0, 80, 100, 180}, {&quarters[2], 1}},
                               {{80, 80, 180, 180}, {&quarters[3], 1}}};
    const tyto_box hull = {40, 30, 145, 151};
    tyto_detections out;
    ASSERT_DONE(tyto_merge_parts(parts, 4, 180, 180, 1, &seams, &out, &err), &err);
    assert_int_equal(out.count, 1);
    assert_memory_equal(&out.items[0].box, &hull, sizeof(hull));
    assert_int_equal(out.items[0].patch, 3);
    tyto_detections_clear(&out);
}

static void bad_merges_are_refused(void **state)
{
    (void)state;
    tyto_detection found = {{0, 0, 1, 1}, 0.5F, 3, 0};
    const tyto_part part = {LEFT_TILE, {&found, 1}};
    const tyto_merge_options wide = MERGE(TYTO_MERGE_RULE_IOU, 1.5F, false),
                             none = MERGE(TYTO_MERGE_RULE_IOU, NAN, false);
    tyto_detections out;
    assert_int_equal(tyto_merge_parts(&part, 1, 9, 9, 4, &wide, &out, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_merge_parts(&part, 1, 9, 9, 4, &none, &out, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_merge_parts(&part, 1, 9, 9, 3, &seams, &out, NULL), TYTO_E_ARGUMENT);
    found.label_index = -1;
    assert_int_equal(tyto_merge_parts(&part, 1, 9, 9, 3, &seams, &out, NULL), TYTO_E_ARGUMENT);
    assert_int_equal(tyto_merge_parts(NULL, 0, 9, 9, 3, &seams, &out, NULL), TYTO_OK);
    assert_int_equal(out.count, 0);
    tyto_detections_clear(&out);
}

/* Searches, by a small network that takes 63×63 pixels. */
typedef struct opened {
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    tyto_vocabulary *names;
    tyto_image cat;
    tyto_search_options options;
} opened;

static opened with;

static int open_all(void **state)
{
    (void)state;
    static const char *const names[] = {"a cat", "a remote"};
    char path[GOLDEN_PATH_BYTES];
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_engine_options options = engine_options(2);
    ASSERT_DONE(tyto_engine_create(&options, &with.engine, &err), &err);
    ASSERT_DONE(
        tyto_model_open(with.engine, golden_path(path, "owlv2/odd/model"), NULL, &with.model, &err),
        &err);
    ASSERT_DONE(tyto_session_create(with.model, NULL, &with.session, &err), &err);
    ASSERT_DONE(tyto_vocabulary_create(with.session, names, 2, NULL, &with.names, &err), &err);
    snprintf(path, sizeof(path), "%s/../assets/photos/cat.jpg", getenv("TYTO_TEST_DATA"));
    ASSERT_DONE(tyto_image_load(path, NULL, &with.cat, &err), &err);
    with.options = search_defaults(false);
    with.options.threshold = 0.0F;
    return 0;
}

static int close_all(void **state)
{
    (void)state;
    tyto_image_clear(&with.cat);
    tyto_vocabulary_destroy(with.names);
    tyto_session_destroy(with.session);
    tyto_model_destroy(with.model);
    tyto_engine_destroy(with.engine);
    return 0;
}

static void assert_same(tyto_detections *a, tyto_detections *b)
{
    assert_int_equal(a->count, b->count);
    assert_true(a->count > 0);
    for (int64_t i = 0; i < a->count; i++) {
        assert_memory_equal(&a->items[i].box, &b->items[i].box, sizeof(tyto_box));
        assert_true(a->items[i].score == b->items[i].score);
        assert_int_equal(a->items[i].label_index, b->items[i].label_index);
        assert_int_equal(a->items[i].patch, b->items[i].patch);
    }
    tyto_detections_clear(a);
    tyto_detections_clear(b);
}

static tyto_search_options in_tiles(void)
{
    tyto_search_options options = with.options;
    options.tiles = true;
    return options;
}

static void a_photo_that_fits_gives_the_same(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    for (int i = 0; i < 2; i++) {
        tyto_search_options plain = with.options;
        plain.guided = plain.relative_scores = i == 1;
        tyto_search_options tiled = plain;
        tiled.tiles = true;
        tiled.whole = false;
        tiled.tile_px =
            with.cat.width_px > with.cat.height_px ? with.cat.width_px : with.cat.height_px;
        tyto_detections a, b;
        ASSERT_DONE(search_image(with.session, &with.cat, with.names, &plain, &a, &err), &err);
        ASSERT_DONE(search_image(with.session, &with.cat, with.names, &tiled, &b, &err), &err);
        assert_same(&a, &b);
    }
}

/* Tiles one by one, put at their places and merged by hand, are what a search in tiles gives. */
static void a_search_in_tiles_is_its_steps(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_options how = in_tiles();
    const tyto_vocabulary *const vocabularies[] = {with.names, NULL};
    tyto_tiles tiles;
    how.tile_px = 200;
    ASSERT_DONE(
        tyto_search_tiles(with.session, with.cat.width_px, with.cat.height_px, &how, &tiles, &err),
        &err);
    const int64_t count = tiles.columns * tiles.rows;
    assert_true(count > 3);
    for (int v = 0; v < 2; v++) {
        tyto_part *parts = calloc((size_t)count + 1, sizeof(*parts));
        tyto_image tile = {0};
        tyto_detections a, b;
        int64_t patches = 0;
        assert_non_null(parts);
        ASSERT_DONE(tyto_image_make(tiles.tile_width_px, tiles.tile_height_px, &tile, &err), &err);
        for (int64_t p = 0; p <= count; p++) {
            int64_t x = 0, y = 0;
            if (p > 0) {
                tyto_tiles_place(&tiles, p - 1, &x, &y);
                ASSERT_DONE(tyto_tiles_cut(&tiles, p - 1, &with.cat, &tile, &err), &err);
            }
            const tyto_image *image = p > 0 ? &tile : &with.cat;
            parts[p].place = (tyto_box){(float)x, (float)y, (float)(x + image->width_px),
                                        (float)(y + image->height_px)};
            ASSERT_DONE(search_image(with.session, image, vocabularies[v], &with.options,
                                     &parts[p].found, &err),
                        &err);
            for (int64_t i = 0; i < parts[p].found.count; i++) {
                tyto_detection *it = &parts[p].found.items[i];
                it->box = (tyto_box){it->box.xmin + (float)x, it->box.ymin + (float)y,
                                     it->box.xmax + (float)x, it->box.ymax + (float)y};
                it->patch += p * 81; /* 9 × 9 patches of 7 pixels */
            }
            patches += 81;
        }
        ASSERT_DONE(tyto_merge_parts(parts, count + 1, with.cat.width_px, with.cat.height_px, 2,
                                     &seams, &a, &err),
                    &err);
        ASSERT_DONE(search_image(with.session, &with.cat, vocabularies[v], &how, &b, &err), &err);
        for (int64_t i = 0; i < b.count; i++) {
            assert_in_range(b.items[i].patch, 0, patches - 1);
        }
        assert_same(&a, &b);
        for (int64_t p = 0; p <= count; p++) {
            tyto_detections_clear(&parts[p].found);
        }
        tyto_image_clear(&tile);
        free(parts);
    }
}

/* Suppression and the number of results hold for the whole photo; the best of all parts is 1. */
static void options_hold_for_the_whole_photo(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_options how = in_tiles();
    tyto_detections found;
    how.tile_px = 200;
    how.guided = how.relative_scores = true;
    how.nms = TYTO_NMS_ALL;
    how.nms_iou = 0.2F;
    how.top_k = 7;
    ASSERT_DONE(search_image(with.session, &with.cat, with.names, &how, &found, &err), &err);
    assert_in_range(found.count, 2, 7);
    assert_float_equal(found.items[0].score, 1.0F, 1e-4F);
    for (int64_t i = 0; i < found.count; i++) {
        const tyto_box *a = &found.items[i].box;
        assert_true(i == 0 || found.items[i].score <= found.items[i - 1].score);
        assert_true(a->xmin >= 0 && a->ymin >= 0 && a->xmax <= (float)with.cat.width_px &&
                    a->ymax <= (float)with.cat.height_px);
        for (int64_t k = 0; k < i; k++) {
            const tyto_box *b = &found.items[k].box;
            const float w = fminf(a->xmax, b->xmax) - fmaxf(a->xmin, b->xmin),
                        h = fminf(a->ymax, b->ymax) - fmaxf(a->ymin, b->ymin),
                        shared = w > 0 && h > 0 ? w * h : 0,
                        both = (a->xmax - a->xmin) * (a->ymax - a->ymin) +
                               (b->xmax - b->xmin) * (b->ymax - b->ymin) - shared;
            assert_true(shared <= 0.2001F * both);
        }
    }
    tyto_detections_clear(&found);
}

static bool count_parts(void *user, const tyto_progress *progress)
{
    int64_t *const seen = user;
    if (strcmp(progress->stage, "tiles") == 0) {
        assert_int_equal(progress->done, seen[0]);
        seen[0]++;
        seen[1] = progress->total;
    }
    return true;
}

/* One step for each tile, and one more for the whole photo. Tiles have the network's own size when
 * nobody says otherwise, or that of the processor that the search is given. */
static void the_plan_is_what_is_done(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_options how = in_tiles();
    tyto_tiles tiles;
    tyto_detections found;
    for (int whole = 0; whole < 2; whole++) {
        int64_t seen[2] = {0};
        how.tile_px = 250;
        how.whole = whole;
        how.progress = count_parts;
        how.progress_user = seen;
        ASSERT_DONE(tyto_search_tiles(with.session, with.cat.width_px, with.cat.height_px, &how,
                                      &tiles, &err),
                    &err);
        ASSERT_DONE(search_image(with.session, &with.cat, with.names, &how, &found, &err), &err);
        tyto_detections_clear(&found);
        assert_int_equal(seen[0], tiles.columns * tiles.rows + whole);
        assert_int_equal(seen[1], seen[0]);
    }
    how.tile_px = 0;
    ASSERT_DONE(tyto_search_tiles(with.session, 1000, 50, &how, &tiles, &err), &err);
    assert_int_equal(tiles.tile_width_px, 63);
    assert_int_equal(tiles.tile_height_px, 50);
}

static void bad_options_are_refused(void **state)
{
    (void)state;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_options how = in_tiles();
    tyto_detections found;
    tyto_image_processor *as_is;
    how.boxes = TYTO_BOXES_REFERENCE;
    assert_int_equal(search_image(with.session, &with.cat, with.names, &how, &found, &err),
                     TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "required boxes of the photo"));
    tyto_error_clear(&err);
    how = in_tiles();
    how.tile_overlap = 2.0;
    assert_int_equal(search_image(with.session, &with.cat, with.names, &how, &found, NULL),
                     TYTO_E_ARGUMENT);
    how = in_tiles();
    how.tile_px = 100;
    how.merge_overlap = -1.0F;
    assert_int_equal(search_image(with.session, &with.cat, with.names, &how, &found, NULL),
                     TYTO_E_ARGUMENT);
    assert_null(found.items);
    const tyto_image_processor_options no_resize = {
        .struct_bytes = sizeof(tyto_image_processor_options), .do_resize = TYTO_SWITCH_OFF};
    ASSERT_DONE(tyto_image_processor_override(tyto_model_image_processor(with.model), &no_resize,
                                              &as_is, &err),
                &err);
    how = in_tiles();
    how.processor = as_is;
    assert_int_equal(search_image(with.session, &with.cat, with.names, &how, &found, &err),
                     TYTO_E_ARGUMENT);
    assert_non_null(strstr(tyto_error_message(&err), "required a side in pixels"));
    tyto_error_clear(&err);
    tyto_image_processor_destroy(as_is);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_lie_evenly_from_edge_to_edge),
        cmocka_unit_test(a_photo_that_fits_is_one_tile),
        cmocka_unit_test(all_lengths_are_covered),
        cmocka_unit_test(hostile_sizes_are_refused),
        cmocka_unit_test(a_tile_has_the_photos_pixels),
        cmocka_unit_test(a_thing_in_both_tiles_is_one),
        cmocka_unit_test(what_a_tile_cuts_gives_way_to_the_whole),
        cmocka_unit_test(halves_are_put_together),
        cmocka_unit_test(a_large_thing_is_found_once),
        cmocka_unit_test(labels_are_kept_apart),
        cmocka_unit_test(boxes_of_one_part_stay),
        cmocka_unit_test(a_photos_edge_cuts_nothing),
        cmocka_unit_test(quarters_are_put_together),
        cmocka_unit_test(bad_merges_are_refused),
        cmocka_unit_test(a_photo_that_fits_gives_the_same),
        cmocka_unit_test(a_search_in_tiles_is_its_steps),
        cmocka_unit_test(options_hold_for_the_whole_photo),
        cmocka_unit_test(the_plan_is_what_is_done),
        cmocka_unit_test(bad_options_are_refused),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
