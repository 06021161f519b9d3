/* Photos searched by trees: the same, bit for bit, as cutting regions out and searching these by
 * hand; and what options and limits come to. */
#include <tyto/memory.h>

#include "support/golden.h"
#include "support/search.h"
#include "support/small.h"

/* Most items of a photo here. */
enum { MOST = 4096 };

static struct {
    small model, seeded;
    tyto_image seven, cat;
} with;

static small open_at(const char *path)
{
    const tyto_engine_options options = engine_options(2);
    small out = {0};
    assert_int_equal(tyto_engine_create(&options, &out.engine, NULL), TYTO_OK);
    assert_int_equal(tyto_model_open(out.engine, path, NULL, &out.model, NULL), TYTO_OK);
    assert_int_equal(tyto_session_create(out.model, NULL, &out.session, NULL), TYTO_OK);
    return out;
}

static int enter(void **state)
{
    char path[GOLDEN_PATH_BYTES];
    (void)state;
    with.model = open_at(golden_path(path, "../../../models/tyto-small"));
    with.seeded = open_at(golden_path(path, "owlv2/odd/model"));
    golden_path(path, "../../../assets/scenes/seven.jpg");
    assert_int_equal(tyto_image_load(path, NULL, &with.seven, NULL), TYTO_OK);
    golden_path(path, "../../../assets/photos/cat.jpg");
    assert_int_equal(tyto_image_load(path, NULL, &with.cat, NULL), TYTO_OK);
    return 0;
}

static int leave(void **state)
{
    (void)state;
    tyto_image_clear(&with.seven);
    tyto_image_clear(&with.cat);
    close_small(&with.model);
    close_small(&with.seeded);
    return 0;
}

static tyto_tree *parsed(const char *text)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tree *tree = NULL;
    ASSERT_DONE(tyto_tree_parse(text, &tree, &err), &err);
    return tree;
}

static tyto_status search_by(tyto_session *session, const char *text, const tyto_image *photo,
                             const tyto_tree_search_options *options, tyto_tree_found *out,
                             tyto_error *err)
{
    tyto_tree *tree = parsed(text);
    tyto_tree_search *search = NULL;
    *out = (tyto_tree_found){0};
    tyto_status status = tyto_tree_search_create(session, tree, options, &search, err);
    tyto_tree_destroy(tree); /* the search has a copy */
    if (status == TYTO_OK) {
        status = tyto_tree_search_photo(search, photo, out, err);
    }
    tyto_tree_search_destroy(search);
    return status;
}

/* The same by hand. */
typedef struct by_hand {
    tyto_session *session;
    const tyto_tree *tree;
    const tyto_image *photo;
    tyto_search_options look;
    double margin;
    tyto_tree_item items[MOST];
    float numbers[MOST][16];
    int64_t count;
} by_hand;

static tyto_image cut_out(const by_hand *hand, const tyto_box *box, int64_t *x, int64_t *y)
{
    const int64_t w = hand->photo->width_px, h = hand->photo->height_px;
    const double mx = hand->margin * ((double)box->xmax - (double)box->xmin),
                 my = hand->margin * ((double)box->ymax - (double)box->ymin);
    *x = (int64_t)fmax(floor((double)box->xmin - mx), 0);
    *y = (int64_t)fmax(floor((double)box->ymin - my), 0);
    const int64_t right = (int64_t)fmin(ceil((double)box->xmax + mx), (double)w),
                  bottom = (int64_t)fmin(ceil((double)box->ymax + my), (double)h);
    tyto_image out = {0};
    assert_int_equal(tyto_image_make(right - *x, bottom - *y, &out, NULL), TYTO_OK);
    for (int64_t row = 0; row < out.height_px; row++) {
        memcpy(out.data + 3 * row * out.width_px, hand->photo->data + 3 * ((*y + row) * w + *x),
               (size_t)(3 * out.width_px));
    }
    return out;
}

static void answer_by_hand(by_hand *hand, int64_t first, int64_t parent, int64_t depth,
                           const tyto_box *box, const tyto_image *image, int64_t x, int64_t y);

static tyto_tree_item *add_by_hand(by_hand *hand, int64_t list, int64_t node, int64_t parent,
                                   int64_t depth, tyto_box box, float score)
{
    assert_true(hand->count < MOST);
    tyto_tree_item *item = &hand->items[hand->count++];
    *item = (tyto_tree_item){
        .list = list, .node = node, .parent = parent, .depth = depth, .box = box, .score = score};
    return item;
}

static void things_by_hand(by_hand *hand, int64_t list, const tyto_vocabulary *vocabulary,
                           const int64_t *nodes, const float *thresholds, int64_t parent,
                           int64_t depth, const tyto_image *image, int64_t x, int64_t y)
{
    tyto_detections found;
    tyto_search_options look = hand->look;
    look.label_thresholds = thresholds;
    look.n_label_thresholds = tyto_vocabulary_count(vocabulary);
    assert_int_equal(search_image(hand->session, image, vocabulary, &look, &found, NULL), TYTO_OK);
    for (int64_t i = 0; i < found.count; i++) {
        const tyto_detection *d = &found.items[i];
        const float dx = (float)x, dy = (float)y;
        const tyto_box box = {d->box.xmin + dx, d->box.ymin + dy, d->box.xmax + dx,
                              d->box.ymax + dy};
        const int64_t at = hand->count;
        tyto_tree_node node;
        assert_true(tyto_tree_node_at(hand->tree, nodes[d->label_index], &node));
        tyto_tree_item *item =
            add_by_hand(hand, list, nodes[d->label_index], parent, depth, box, d->score);
        if (node.inner != TYTO_TREE_NONE) {
            int64_t cut_x, cut_y;
            tyto_image part = cut_out(hand, &box, &cut_x, &cut_y);
            item->searched = true;
            answer_by_hand(hand, node.inner, at, depth + 1, &box, &part, cut_x, cut_y);
            tyto_image_clear(&part);
        }
        item->end = hand->count;
    }
    tyto_detections_clear(&found);
}

static void choice_by_hand(by_hand *hand, int64_t list, const tyto_vocabulary *vocabulary,
                           const int64_t *nodes, int64_t parent, int64_t depth, const tyto_box *box,
                           const tyto_image *image, int64_t x, int64_t y)
{
    const int64_t count = tyto_vocabulary_count(vocabulary), at = hand->count;
    float *logits = hand->numbers[at], *probabilities = logits + count;
    int64_t best = 0;
    tyto_tree_node node;
    assert_true(2 * count <= 16);
    assert_int_equal(
        tyto_similarity(hand->session, vocabulary, image, NULL, logits, probabilities, NULL),
        TYTO_OK);
    for (int64_t i = 1; i < count; i++) {
        best = probabilities[i] > probabilities[best] ? i : best;
    }
    assert_true(tyto_tree_node_at(hand->tree, nodes[best], &node));
    const bool chosen =
        node.threshold == TYTO_TREE_THRESHOLD_NONE || probabilities[best] > node.threshold;
    tyto_tree_item *item = add_by_hand(hand, list, chosen ? nodes[best] : TYTO_TREE_NONE, parent,
                                       depth, *box, probabilities[best]);
    item->logits = logits;
    item->probabilities = probabilities;
    if (chosen && node.inner != TYTO_TREE_NONE) {
        item->searched = true;
        answer_by_hand(hand, node.inner, at, depth, box, image, x, y);
    }
    item->end = hand->count;
}

static void answer_by_hand(by_hand *hand, int64_t first, int64_t parent, int64_t depth,
                           const tyto_box *box, const tyto_image *image, int64_t x, int64_t y)
{
    tyto_tree_list list;
    for (int64_t i = first; i != TYTO_TREE_NONE; i = list.next) {
        const char *labels[8];
        int64_t nodes[8], n = 0;
        float thresholds[8];
        tyto_tree_node node;
        tyto_vocabulary *vocabulary = NULL;
        assert_true(tyto_tree_list_at(hand->tree, i, &list) && list.count <= 8);
        for (int64_t k = list.first; k != TYTO_TREE_NONE; k = node.next) {
            assert_true(tyto_tree_node_at(hand->tree, k, &node));
            labels[n] = node.label;
            thresholds[n] =
                node.threshold == TYTO_TREE_THRESHOLD_NONE ? hand->look.threshold : node.threshold;
            nodes[n++] = k;
        }
        assert_int_equal(tyto_vocabulary_create(hand->session, labels, n, NULL, &vocabulary, NULL),
                         TYTO_OK);
        if (list.kind == TYTO_TREE_KIND_THINGS) {
            things_by_hand(hand, i, vocabulary, nodes, thresholds, parent, depth, image, x, y);
        } else {
            choice_by_hand(hand, i, vocabulary, nodes, parent, depth, box, image, x, y);
        }
        tyto_vocabulary_destroy(vocabulary);
    }
}

static void assert_same_numbers(const float *got, const float *wanted, int64_t count)
{
    assert_true(!got == !wanted);
    assert_true(!got || memcmp(got, wanted, (size_t)count * sizeof(*got)) == 0);
}

static void assert_same_item(const tyto_tree *tree, const tyto_tree_item *a,
                             const tyto_tree_item *b)
{
    tyto_tree_list list;
    assert_true(tyto_tree_list_at(tree, a->list, &list));
    assert_int_equal(a->list, b->list);
    assert_int_equal(a->node, b->node);
    assert_int_equal(a->parent, b->parent);
    assert_int_equal(a->end, b->end);
    assert_int_equal(a->depth, b->depth);
    assert_memory_equal(&a->box, &b->box, sizeof(a->box));
    assert_true(a->score == b->score);
    assert_int_equal(a->searched, b->searched);
    assert_same_numbers(a->logits, b->logits, list.count);
    assert_same_numbers(a->probabilities, b->probabilities, list.count);
}

/* Returns how many items there are. */
static int64_t assert_as_by_hand(tyto_session *session, const char *text, const tyto_image *photo,
                                 const tyto_search_options *look, double margin)
{
    static by_hand hand;
    tyto_tree_search_options options;
    tyto_tree_found found;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tree *tree = parsed(text);
    const tyto_box whole = {0, 0, (float)photo->width_px, (float)photo->height_px};
    tyto_tree_search_options_init(&options, sizeof(options));
    options.search = look;
    options.margin = margin;
    hand.session = session;
    hand.tree = tree;
    hand.photo = photo;
    hand.margin = margin;
    hand.count = 0;
    if (look) {
        hand.look = *look;
    } else {
        hand.look = search_defaults(false);
        hand.look.nms = TYTO_NMS_CLASS;
    }
    answer_by_hand(&hand, tyto_tree_first_list(tree), TYTO_TREE_PHOTO, 0, &whole, photo, 0, 0);
    ASSERT_DONE(search_by(session, text, photo, &options, &found, &err), &err);
    assert_int_equal(found.count, hand.count);
    assert_int_equal(found.width_px, photo->width_px);
    assert_int_equal(found.height_px, photo->height_px);
    assert_int_equal(found.passed_over, 0);
    int64_t things = 0;
    for (int64_t i = 0; i < found.count; i++) {
        assert_same_item(tree, &found.items[i], &hand.items[i]);
        things += !found.items[i].logits;
    }
    assert_int_equal(found.things, things);
    tyto_tree_found_clear(&found);
    tyto_tree_destroy(tree);
    return hand.count;
}

static void trees_give_what_steps_by_hand_give(void **state)
{
    (void)state;
    const int64_t count = assert_as_by_hand(
        with.model.session, "[globe [flamingo@0.01] (a globe, a ball), flamingo@0.2, rabbit]",
        &with.seven, NULL, 0.0);
    assert_true(count >= 4);
}

/* A tiny network, in which anything is anywhere. */
static void any_tree_gives_what_steps_by_hand_give(void **state)
{
    static const struct {
        const char *tree;
        int64_t top_k, least;
        double margin;
        bool tiles;
    } cases[] = {
        {"[a cat, a dog@0.01]", 5, 5, 0.0, false},
        {"[a cat [a dog [a]] (b, c), a remote [a cat]] (d [e], f)", 3, 9, 0.0, false},
        /* More regions than run together. */
        {"[a cat [a dog]]", 10, 20, 0.1, false},
        /* Several searches of a region, whose picture is encoded once. */
        {"[a cat [a] [b, c] (big, small) (red, blue)] [a dog] (e [f [g]], h [f])", 2, 10, 0.25,
         false},
        /* A choice that nothing is likely enough for. */
        {"(a@1 [b], c@1 [b]) [d]", 2, 3, 0.0, false},
        {"[a cat [a dog] [b]]", 2, 6, 0.0, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tyto_search_options look = search_defaults(false);
        look.threshold = 0.0F;
        look.top_k = cases[i].top_k;
        look.multi_label = i % 2 == 1;
        look.tiles = cases[i].tiles;
        look.tile_px = 150;
        look.nms = (tyto_nms)(i % 3);
        assert_true(assert_as_by_hand(with.seeded.session, cases[i].tree, &with.cat, &look,
                                      cases[i].margin) >= cases[i].least);
    }
}

/* What is printed on shirts is too small for a search of the whole scene, and is known by shirt. */
static void small_things_are_found_in_large_ones(void **state)
{
    static const char *const printed[] = {"tiger", "frog", "owl"};
    char path[GOLDEN_PATH_BYTES];
    tyto_image scene;
    tyto_tree_found found;
    (void)state;
    golden_path(path, "../../../assets/scenes/shirts.jpg");
    assert_int_equal(tyto_image_load(path, NULL, &scene, NULL), TYTO_OK);
    assert_int_equal(
        search_by(with.model.session, "[frog, owl, tiger]", &scene, NULL, &found, NULL), TYTO_OK);
    assert_int_equal(found.count, 0);
    tyto_tree_found_clear(&found);
    const char *const text = "[t-shirt [frog, owl, tiger], butterfly, rabbit]";
    tyto_tree *tree = parsed(text);
    assert_int_equal(search_by(with.model.session, text, &scene, NULL, &found, NULL), TYTO_OK);
    assert_int_equal(found.things, 8);
    int64_t prints = 0;
    for (int64_t i = 0; i < found.count; i++) {
        const tyto_tree_item *item = &found.items[i];
        tyto_tree_node node;
        assert_true(tyto_tree_node_at(tree, item->node, &node));
        if (item->depth == 1) {
            const tyto_box *shirt = &found.items[item->parent].box;
            assert_string_equal(node.label, printed[prints++]);
            assert_true(shirt->xmin < item->box.xmin && item->box.xmax < shirt->xmax &&
                        shirt->ymin < item->box.ymin && item->box.ymax < shirt->ymax);
        }
    }
    assert_int_equal(prints, 3);
    tyto_tree_found_clear(&found);
    tyto_tree_destroy(tree);
    tyto_image_clear(&scene);
}

static void only_the_best_regions_are_looked_into(void **state)
{
    tyto_search_options look = search_defaults(false);
    tyto_tree_search_options options;
    tyto_tree_found found;
    int64_t searched = 0, things = 0;
    (void)state;
    look.threshold = 0.0F;
    look.top_k = 9;
    tyto_tree_search_options_init(&options, sizeof(options));
    assert_int_equal(options.regions, 100);
    options.search = &look;
    options.regions = 2;
    assert_int_equal(
        search_by(with.seeded.session, "[a cat [a@1], a dog]", &with.cat, &options, &found, NULL),
        TYTO_OK);
    for (int64_t i = 0; i < found.count; i++) {
        searched += found.items[i].searched;
        things += found.items[i].node == 0;
        assert_true(found.items[i].node == 2 || found.items[i].searched == (things <= 2));
    }
    assert_int_equal(searched, 2);
    assert_true(found.passed_over > 0 && found.passed_over == things - 2);
    tyto_tree_found_clear(&found);
    tyto_tree_found_clear(NULL);
}

typedef struct steps {
    int64_t seen, stop;
    char labels[64];
} steps;

static bool follow(void *user, const tyto_progress *progress)
{
    steps *s = user;
    if (strcmp(progress->stage, "regions") != 0) {
        return true;
    }
    assert_true(progress->done < progress->total);
    s->seen++;
    strcat(s->labels, progress->subject ? progress->subject : "photo");
    strcat(s->labels, ";");
    return s->seen != s->stop;
}

static void progress_is_told_and_may_stop(void **state)
{
    tyto_tree_search_options options;
    tyto_tree_found found;
    tyto_error err = TYTO_ERROR_INIT;
    steps s = {0};
    (void)state;
    tyto_tree_search_options_init(&options, sizeof(options));
    options.progress = follow;
    options.progress_user = &s;
    assert_int_equal(search_by(with.model.session, "[globe [rabbit], rabbit [owl]]", &with.seven,
                               &options, &found, NULL),
                     TYTO_OK);
    assert_string_equal(s.labels, "photo;globe;rabbit;");
    tyto_tree_found_clear(&found);
    s = (steps){.stop = 2};
    assert_fails(search_by(with.model.session, "[globe [rabbit], rabbit [owl]]", &with.seven,
                           &options, &found, &err),
                 TYTO_E_CANCELLED, &err, "regions: stopped by the caller at 1 of 2");
    assert_null(found.items);
    assert_int_equal(found.count, 0);
}

static void options_are_checked(void **state)
{
    (void)state;
    const float thresholds[] = {0.1F};
    for (int i = 0; i < 8; i++) {
        tyto_search_options look = search_defaults(i == 1);
        tyto_tree_search_options options;
        tyto_tree_found found;
        tyto_error err = TYTO_ERROR_INIT;
        static const char *const said[] = {
            "label_thresholds: got", "guided: got",     "embeddings: got", "boxes: got",
            "margin: got -1",        "margin: got nan", "regions: got -1", "top_k: got -1"};
        tyto_tree_search_options_init(&options, sizeof(options));
        options.search = &look;
        look.label_thresholds = i == 0 ? thresholds : NULL;
        look.n_label_thresholds = i == 0;
        look.embeddings = i == 2;
        look.boxes = i == 3 ? TYTO_BOXES_REFERENCE : TYTO_BOXES_IMAGE;
        options.margin = i == 4 ? -1 : i == 5 ? NAN : 0;
        options.regions = i == 6 ? -1 : 0;
        look.top_k = i == 7 ? -1 : 0;
        assert_fails(search_by(with.model.session, "[a]", &with.seven, &options, &found, &err),
                     i >= 4 && i <= 6 ? TYTO_E_RANGE : TYTO_E_ARGUMENT, &err, said[i]);
    }
}

static void calls_are_checked(void **state)
{
    tyto_tree *tree = NULL;
    tyto_tree_search *search = NULL;
    tyto_tree_found found;
    tyto_error err = TYTO_ERROR_INIT;
    (void)state;
    assert_int_equal(tyto_tree_create(&tree, NULL), TYTO_OK);
    assert_fails(tyto_tree_search_create(with.model.session, tree, NULL, &search, &err),
                 TYTO_E_ARGUMENT, &err, "tree: got no list");
    tyto_tree_destroy(tree);
    tree = parsed("[a]");
    assert_fails(tyto_tree_search_create(NULL, tree, NULL, &search, &err), TYTO_E_ARGUMENT, &err,
                 "session");
    assert_fails(tyto_tree_search_create(with.model.session, NULL, NULL, &search, &err),
                 TYTO_E_ARGUMENT, &err, "tree");
    assert_fails(tyto_tree_search_create(with.model.session, tree, NULL, NULL, &err),
                 TYTO_E_ARGUMENT, &err, "out");
    assert_int_equal(tyto_tree_search_create(with.model.session, tree, NULL, &search, NULL),
                     TYTO_OK);
    assert_true(tyto_tree_search_threshold(search) == 0.4F);
    assert_true(tyto_tree_search_threshold(NULL) == 0.0F);
    assert_fails(tyto_tree_search_photo(search, NULL, &found, &err), TYTO_E_ARGUMENT, &err,
                 "photo");
    assert_fails(tyto_tree_search_photo(NULL, &with.seven, &found, &err), TYTO_E_ARGUMENT, &err,
                 "search");
    assert_fails(tyto_tree_search_photo(search, &with.seven, NULL, &err), TYTO_E_ARGUMENT, &err,
                 "out");
    tyto_tree_search_destroy(search);
    tyto_tree_search_destroy(NULL);
    tyto_tree_destroy(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_give_what_steps_by_hand_give),
        cmocka_unit_test(any_tree_gives_what_steps_by_hand_give),
        cmocka_unit_test(small_things_are_found_in_large_ones),
        cmocka_unit_test(only_the_best_regions_are_looked_into),
        cmocka_unit_test(progress_is_told_and_may_stop),
        cmocka_unit_test(options_are_checked),
        cmocka_unit_test(calls_are_checked),
    };
    return cmocka_run_group_tests_name("tree search", tests, enter, leave);
}
