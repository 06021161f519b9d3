#include "results/average_precision.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include <tyto/memory.h>

enum { T = TYTO_AP_THRESHOLDS, AREAS = TYTO_AP_AREAS };

static const double area_low_px[AREAS] = {0.0, 0.0, 32.0 * 32.0, 96.0 * 96.0};
static const double area_high_px[AREAS] = {1e10, 32.0 * 32.0, 96.0 * 96.0, 1e10};

/* An id and its place in the caller's list. */
typedef struct listed {
    int64_t id;
    size_t at;
    size_t rank; /* among the ids as the file has them */
} listed;

/* An annotation or a result: where it belongs and which one it is. `score` sorts results. */
typedef struct entry {
    size_t category, image, index;
    double score;
} entry;

typedef struct entries {
    entry *items;
    size_t count;
} entries;

/* One category and image: some annotations and the best results. */
typedef struct group {
    const entry *truth, *found;
    size_t n_truth, n_found;
} group;

/* A detection that takes part: its score and its place in its image, best first. */
typedef struct contender {
    double score;
    size_t rank;
    size_t at; /* its column in the verdicts */
} contender;

typedef struct evaluation {
    const tyto_coco *truth;
    const tyto_coco_result *results;
    listed *images, *categories; /* sorted by id */
    entries annotations, found;  /* sorted by category and image */
    /* Scratch of one group. */
    double *overlaps; /* [n_found, n_truth] */
    size_t *order;    /* [n_truth]: those that count first */
    uint8_t *ignored, *taken;
    /* Scratch of one category with `width` contenders at most. */
    size_t width;
    contender *contenders;
    uint8_t *verdicts; /* [AREAS, T, width] */
    uint8_t *column;   /* [width] */
    double *precision; /* [width] */
    size_t n_contenders;
    size_t objects[AREAS];
} evaluation;

double tyto_ap_step(double first, double last, int n, int i)
{
    return i == n - 1 ? last : (double)i * ((last - first) / (double)(n - 1)) + first;
}

double tyto_ap_overlap(const tyto_coco_box *found, const tyto_coco_box *truth, bool crowd)
{
    double width =
        fmin(found->width + found->x, truth->width + truth->x) - fmax(found->x, truth->x);
    double height =
        fmin(found->height + found->y, truth->height + truth->y) - fmax(found->y, truth->y);
    if (width <= 0.0 || height <= 0.0) {
        return 0.0;
    }
    double shared = width * height, own = found->width * found->height;
    double both = crowd ? own : own + truth->width * truth->height - shared;
    double overlap = shared / both;
    return overlap > 0.0 ? overlap : 0.0; /* sizes at the ends of double give no number */
}

double tyto_ap_precision_sum(const uint8_t *verdicts, size_t count, size_t objects,
                             double *precision)
{
    /* As numpy.spacing(1): it keeps 0/0 away where all so far are ignored. */
    const double epsilon = 0x1p-52;
    double right = 0.0, wrong = 0.0;
    for (size_t i = 0; i < count; i++) {
        right += verdicts[i] == TYTO_AP_RIGHT;
        wrong += verdicts[i] == TYTO_AP_WRONG;
        precision[i] = right / (wrong + right + epsilon);
    }
    for (size_t i = count; i-- > 1;) {
        precision[i - 1] = fmax(precision[i - 1], precision[i]);
    }
    double sum = 0.0;
    size_t i = 0, hits = 0;
    for (int r = 0; r < TYTO_AP_RECALLS; r++) {
        double wanted = tyto_ap_step(0.0, 1.0, TYTO_AP_RECALLS, r);
        while (i < count) {
            size_t reached = hits + (verdicts[i] == TYTO_AP_RIGHT);
            if ((double)reached / (double)objects >= wanted) {
                break;
            }
            hits = reached;
            i++;
        }
        if (i == count) {
            break;
        }
        sum += precision[i];
    }
    return sum;
}

static int by_id(const void *left, const void *right)
{
    const listed *a = left, *b = right;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int by_place(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    if (a->category != b->category) {
        return a->category < b->category ? -1 : 1;
    }
    if (a->image != b->image) {
        return a->image < b->image ? -1 : 1;
    }
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return a->index < b->index ? -1 : a->index > b->index;
}

static int by_score(const void *left, const void *right)
{
    const contender *a = left, *b = right;
    if (a->score != b->score) {
        return a->score > b->score ? -1 : 1;
    }
    return a->at < b->at ? -1 : a->at > b->at;
}

static void sort(void *items, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1) {
        qsort(items, count, size, compare);
    }
}

static tyto_status sort_ids(listed *list, size_t count, const char *what, tyto_error *err)
{
    sort(list, count, sizeof(*list), by_id);
    for (size_t i = 1; i < count; i++) {
        if (list[i].id == list[i - 1].id) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "%s: got the id %lld twice, required each id once", what,
                             (long long)list[i].id);
        }
    }
    for (size_t i = 0; i < count; i++) {
        list[i].rank = i;
    }
    return TYTO_OK;
}

/* In the order of pycocotools: numbers by size, then longer ones, then texts. */
static int by_text(const char *a, const char *b)
{
    if (!a || !b || (*a == '"') != (*b == '"')) {
        return !a == !b ? (*a == '"') - (*b == '"') : a ? 1 : -1;
    }
    const size_t long_a = strlen(a), long_b = strlen(b);
    return *a != '"' && long_a != long_b ? (long_a > long_b) - (long_a < long_b) : strcmp(a, b);
}

static int by_image_text(const void *left, const void *right)
{
    const tyto_coco_image *const *a = left, *const *b = right;
    if (!(*a)->id_text && !(*b)->id_text) {
        return ((*a)->id > (*b)->id) - ((*a)->id < (*b)->id);
    }
    return by_text((*a)->id_text, (*b)->id_text);
}

/* Ranks images, whose order decides between equal scores, by what their ids are in the file. */
static tyto_status rank_images(evaluation *e, tyto_error *err)
{
    const size_t count = (size_t)e->truth->n_images;
    size_t *ranks = tyto_alloc(count, sizeof(*ranks));
    const tyto_coco_image **images = tyto_alloc(count, sizeof(*images));
    const bool good = ranks && images;
    for (size_t i = 0; good && i < count; i++) {
        images[i] = &e->truth->images[i];
    }
    if (good) {
        sort(images, count, sizeof(*images), by_image_text);
    }
    for (size_t i = 0; good && i < count; i++) {
        ranks[images[i] - e->truth->images] = i;
    }
    for (size_t i = 0; good && i < count; i++) {
        e->images[i].rank = ranks[e->images[i].at];
    }
    tyto_free(ranks);
    tyto_free(images);
    return good ? TYTO_OK : tyto_fail_memory(err, "evaluation");
}

/* The rank of `id` in a sorted list, or false. */
static bool find(const listed *list, size_t count, int64_t id, size_t *out)
{
    const listed key = {.id = id};
    const listed *at = count ? bsearch(&key, list, count, sizeof(*list), by_id) : NULL;
    if (at) {
        *out = at->rank;
    }
    return at != NULL;
}

static bool box_is_good(const tyto_coco_box *box)
{
    return isfinite(box->x) && isfinite(box->y) && isfinite(box->width) && isfinite(box->height) &&
           box->width >= 0.0 && box->height >= 0.0;
}

static tyto_status bad_box(const char *list, size_t i, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_RANGE,
                     "%s[%zu]: got a number that is not finite or a negative size, required finite "
                     "numbers and sizes of at least 0",
                     list, i);
}

static tyto_status list_ids(evaluation *e, tyto_error *err)
{
    const tyto_coco *truth = e->truth;
    e->images = tyto_alloc((size_t)truth->n_images, sizeof(*e->images));
    e->categories = tyto_alloc((size_t)truth->n_categories, sizeof(*e->categories));
    if (!e->images || !e->categories) {
        return tyto_fail_memory(err, "evaluation");
    }
    for (size_t i = 0; i < (size_t)truth->n_images; i++) {
        e->images[i] = (listed){truth->images[i].id, i, i};
    }
    for (size_t i = 0; i < (size_t)truth->n_categories; i++) {
        e->categories[i] = (listed){truth->categories[i].id, i, i};
    }
    TYTO_TRY(sort_ids(e->images, (size_t)truth->n_images, "images", err));
    TYTO_TRY(rank_images(e, err));
    return sort_ids(e->categories, (size_t)truth->n_categories, "categories", err);
}

static tyto_status list_annotations(evaluation *e, tyto_error *err)
{
    const tyto_coco *truth = e->truth;
    e->annotations.items = tyto_alloc((size_t)truth->n_annotations, sizeof(entry));
    if (!e->annotations.items) {
        return tyto_fail_memory(err, "evaluation");
    }
    for (size_t i = 0; i < (size_t)truth->n_annotations; i++) {
        const tyto_coco_annotation *a = &truth->annotations[i];
        entry item = {.index = i};
        if (!box_is_good(&a->box) || !isfinite(a->area) || a->area < 0.0) {
            return bad_box("annotations", i, err);
        }
        if (find(e->images, (size_t)truth->n_images, a->image_id, &item.image) &&
            find(e->categories, (size_t)truth->n_categories, a->category_id, &item.category)) {
            e->annotations.items[e->annotations.count++] = item;
        }
    }
    sort(e->annotations.items, e->annotations.count, sizeof(entry), by_place);
    return TYTO_OK;
}

static tyto_status list_results(evaluation *e, size_t count, tyto_error *err)
{
    const tyto_coco *truth = e->truth;
    e->found.items = tyto_alloc(count, sizeof(entry));
    if (!e->found.items) {
        return tyto_fail_memory(err, "evaluation");
    }
    for (size_t i = 0; i < count; i++) {
        const tyto_coco_result *r = &e->results[i];
        entry item = {.index = i, .score = r->score};
        if (!box_is_good(&r->box) || !isfinite(r->score)) {
            return bad_box("results", i, err);
        }
        if (!find(e->images, (size_t)truth->n_images, r->image_id, &item.image)) {
            char number[24];
            snprintf(number, sizeof(number), "%lld", (long long)r->image_id);
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "results[%zu].image_id: got %s, required an image of the annotations",
                             i, r->image_text ? r->image_text : number);
        }
        if (find(e->categories, (size_t)truth->n_categories, r->category_id, &item.category)) {
            e->found.items[e->found.count++] = item;
        }
    }
    sort(e->found.items, e->found.count, sizeof(entry), by_place);
    return TYTO_OK;
}

/* How many entries from `first` on share its category, and its image too when `same_image`. */
static size_t run_length(const entries *list, size_t first, bool same_image)
{
    size_t last = first;
    while (last < list->count && list->items[last].category == list->items[first].category &&
           (!same_image || list->items[last].image == list->items[first].image)) {
        last++;
    }
    return last - first;
}

static tyto_status make_room(evaluation *e, tyto_error *err)
{
    size_t most_truth = 0, cells;
    for (size_t i = 0, n; i < e->annotations.count; i += n) {
        n = run_length(&e->annotations, i, true);
        most_truth = n > most_truth ? n : most_truth;
    }
    for (size_t i = 0, n; i < e->found.count; i += n) {
        n = run_length(&e->found, i, false);
        e->width = n > e->width ? n : e->width;
    }
    if (!tyto_mul_size(e->width, AREAS * T, &cells)) {
        return tyto_fail_memory(err, "evaluation");
    }
    e->overlaps = tyto_alloc(most_truth, TYTO_AP_DETECTIONS_MAX * sizeof(*e->overlaps));
    e->order = tyto_alloc(most_truth, sizeof(*e->order));
    e->ignored = tyto_alloc(most_truth, 1);
    e->taken = tyto_alloc(most_truth, 1);
    e->contenders = tyto_alloc(e->width, sizeof(*e->contenders));
    e->verdicts = tyto_alloc(cells, 1);
    e->column = tyto_alloc(e->width, 1);
    e->precision = tyto_alloc(e->width, sizeof(*e->precision));
    bool whole = e->overlaps && e->order && e->ignored && e->taken && e->contenders &&
                 e->verdicts && e->column && e->precision;
    return whole ? TYTO_OK : tyto_fail_memory(err, "evaluation");
}

static void measure_overlaps(evaluation *e, const group *g)
{
    for (size_t d = 0; d < g->n_found; d++) {
        const tyto_coco_box *found = &e->results[g->found[d].index].box;
        for (size_t i = 0; i < g->n_truth; i++) {
            const tyto_coco_annotation *a = &e->truth->annotations[g->truth[i].index];
            e->overlaps[d * g->n_truth + i] = tyto_ap_overlap(found, &a->box, a->crowd);
        }
    }
}

/* Fills `ignored` and `order` for an area range; counts the objects to be found. */
static void choose_objects(evaluation *e, const group *g, int area)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n_truth; i++) {
        const tyto_coco_annotation *a = &e->truth->annotations[g->truth[i].index];
        e->ignored[i] = a->crowd || a->area < area_low_px[area] || a->area > area_high_px[area];
        if (!e->ignored[i]) {
            e->order[n++] = i;
        }
    }
    e->objects[area] += n;
    for (size_t i = 0; i < g->n_truth; i++) {
        if (e->ignored[i]) {
            e->order[n++] = i;
        }
    }
}

/* The object that detection d takes at this threshold, or n_truth: the free one that it overlaps
 * most (the later one when equal). One that counts beats all ignored ones; crowds stay free. */
static size_t best_object(const evaluation *e, const group *g, size_t d, double threshold)
{
    const double *overlaps = e->overlaps + d * g->n_truth;
    double least = fmin(threshold, 1.0 - 1e-10);
    size_t best = g->n_truth;
    for (size_t o = 0; o < g->n_truth; o++) {
        size_t i = e->order[o];
        if (e->taken[i] && !e->truth->annotations[g->truth[i].index].crowd) {
            continue;
        }
        if (best < g->n_truth && !e->ignored[best] && e->ignored[i]) {
            break;
        }
        if (overlaps[i] >= least) {
            least = overlaps[i];
            best = i;
        }
    }
    return best;
}

/* Verdicts of a group's detections in columns `first` … of one area range. */
static void judge(evaluation *e, const group *g, int area, size_t first)
{
    choose_objects(e, g, area);
    for (int t = 0; t < T; t++) {
        double threshold = tyto_ap_step(0.5, 0.95, T, t);
        uint8_t *verdicts = e->verdicts + ((size_t)area * T + (size_t)t) * e->width + first;
        memset(e->taken, 0, g->n_truth);
        for (size_t d = 0; d < g->n_found; d++) {
            size_t best = best_object(e, g, d, threshold);
            if (best < g->n_truth) {
                e->taken[best] = 1;
                verdicts[d] = e->ignored[best] ? TYTO_AP_IGNORED : TYTO_AP_RIGHT;
                continue;
            }
            const tyto_coco_box *box = &e->results[g->found[d].index].box;
            double size = box->width * box->height;
            bool outside = size < area_low_px[area] || size > area_high_px[area];
            verdicts[d] = outside ? TYTO_AP_IGNORED : TYTO_AP_WRONG;
        }
    }
}

static void add_group(evaluation *e, const group *g)
{
    size_t first = e->n_contenders;
    measure_overlaps(e, g);
    for (int area = 0; area < AREAS; area++) {
        judge(e, g, area, first);
    }
    for (size_t d = 0; d < g->n_found; d++) {
        e->contenders[first + d] = (contender){g->found[d].score, d, first + d};
    }
    e->n_contenders += g->n_found;
}

/* Goes through the images of a category that have annotations or results, both lists in step. */
static void add_category(evaluation *e, size_t category, size_t *next_truth, size_t *next_found)
{
    e->n_contenders = 0;
    memset(e->objects, 0, sizeof(e->objects));
    for (;;) {
        const entry *truth = e->annotations.items + *next_truth;
        const entry *found = e->found.items + *next_found;
        bool has_truth = *next_truth < e->annotations.count && truth->category == category;
        bool has_found = *next_found < e->found.count && found->category == category;
        if (!has_truth && !has_found) {
            break;
        }
        if (has_truth && has_found) {
            has_truth = truth->image <= found->image;
            has_found = found->image <= truth->image;
        }
        group g = {.truth = truth, .found = found};
        g.n_truth = has_truth ? run_length(&e->annotations, *next_truth, true) : 0;
        g.n_found = has_found ? run_length(&e->found, *next_found, true) : 0;
        *next_truth += g.n_truth;
        *next_found += g.n_found;
        if (g.n_found > TYTO_AP_DETECTIONS_MAX) {
            g.n_found = TYTO_AP_DETECTIONS_MAX;
        }
        add_group(e, &g);
    }
    sort(e->contenders, e->n_contenders, sizeof(*e->contenders), by_score);
}

/* Means over thresholds `first` … `last` of the precision at all recalls; −1 without objects. */
static double mean_precision(evaluation *e, int area, int first, int last)
{
    if (e->objects[area] == 0) {
        return -1.0;
    }
    double sum = 0.0;
    for (int t = first; t <= last; t++) {
        const uint8_t *verdicts = e->verdicts + ((size_t)area * T + (size_t)t) * e->width;
        for (size_t i = 0; i < e->n_contenders; i++) {
            e->column[i] = verdicts[e->contenders[i].at];
        }
        sum += tyto_ap_precision_sum(e->column, e->n_contenders, e->objects[area], e->precision);
    }
    return sum / (double)((last - first + 1) * TYTO_AP_RECALLS);
}

/* Mean recall over the thresholds with the best `most` detections of each image. */
static double mean_recall(const evaluation *e, int area, size_t most)
{
    if (e->objects[area] == 0) {
        return -1.0;
    }
    double sum = 0.0;
    for (int t = 0; t < T; t++) {
        const uint8_t *verdicts = e->verdicts + ((size_t)area * T + (size_t)t) * e->width;
        size_t right = 0;
        for (size_t i = 0; i < e->n_contenders; i++) {
            const contender *c = &e->contenders[i];
            right += c->rank < most && verdicts[c->at] == TYTO_AP_RIGHT;
        }
        sum += (double)right / (double)e->objects[area];
    }
    return sum / T;
}

static void summarize_category(evaluation *e, tyto_coco_summary *out)
{
    const int at50 = 0, at75 = 5;
    *out = (tyto_coco_summary){
        .ap = mean_precision(e, TYTO_AP_ALL, 0, T - 1),
        .ap50 = mean_precision(e, TYTO_AP_ALL, at50, at50),
        .ap75 = mean_precision(e, TYTO_AP_ALL, at75, at75),
        .ap_small = mean_precision(e, TYTO_AP_SMALL, 0, T - 1),
        .ap_medium = mean_precision(e, TYTO_AP_MEDIUM, 0, T - 1),
        .ap_large = mean_precision(e, TYTO_AP_LARGE, 0, T - 1),
        .ar1 = mean_recall(e, TYTO_AP_ALL, 1),
        .ar10 = mean_recall(e, TYTO_AP_ALL, 10),
        .ar100 = mean_recall(e, TYTO_AP_ALL, TYTO_AP_DETECTIONS_MAX),
        .ar_small = mean_recall(e, TYTO_AP_SMALL, TYTO_AP_DETECTIONS_MAX),
        .ar_medium = mean_recall(e, TYTO_AP_MEDIUM, TYTO_AP_DETECTIONS_MAX),
        .ar_large = mean_recall(e, TYTO_AP_LARGE, TYTO_AP_DETECTIONS_MAX),
    };
}

/* Mean over the classes in which the number at `offset` of a summary is given. */
static double mean_of_classes(const tyto_coco_scores *scores, size_t offset)
{
    double sum = 0.0;
    size_t count = 0;
    for (int64_t i = 0; i < scores->n_classes; i++) {
        double value;
        memcpy(&value, (const char *)&scores->classes[i].summary + offset, sizeof(value));
        if (value >= 0.0) {
            sum += value;
            count++;
        }
    }
    return count > 0 ? sum / (double)count : -1.0;
}

/* Before category c. */
static tyto_status step(const evaluation *e, size_t c, const tyto_coco_evaluate_options *options,
                        tyto_error *err)
{
    const tyto_progress progress = {.stage = "categories",
                                    .subject = e->truth->categories[e->categories[c].at].name,
                                    .done = (int64_t)c,
                                    .total = e->truth->n_categories};
    return options->progress && !options->progress(options->progress_user, &progress)
               ? tyto_fail(err, TYTO_E_CANCELLED,
                           "evaluation: stopped after %zu of %lld categories", c,
                           (long long)e->truth->n_categories)
               : TYTO_OK;
}

static tyto_status summarize(evaluation *e, const tyto_coco_evaluate_options *options,
                             tyto_coco_scores *out, tyto_error *err)
{
    size_t next_truth = 0, next_found = 0;
    for (size_t c = 0; c < (size_t)out->n_classes; c++) {
        TYTO_TRY(step(e, c, options, err));
        tyto_coco_class_scores *scores = &out->classes[e->categories[c].at];
        scores->category_id = e->categories[c].id;
        add_category(e, c, &next_truth, &next_found);
        scores->objects = (int64_t)e->objects[TYTO_AP_ALL];
        summarize_category(e, &scores->summary);
    }
    for (size_t at = 0; at < offsetof(tyto_coco_summary, reserved); at += sizeof(double)) {
        double mean = mean_of_classes(out, at);
        memcpy((char *)&out->summary + at, &mean, sizeof(mean));
    }
    return TYTO_OK;
}

static const tyto_coco_evaluate_options defaults = {.struct_bytes = sizeof(defaults)};

void tyto_coco_evaluate_options_init(tyto_coco_evaluate_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_coco_evaluate(const tyto_coco *truth, const tyto_coco_result *results,
                               int64_t count, const tyto_coco_evaluate_options *options,
                               tyto_coco_scores *out, tyto_error *err)
{
    tyto_coco_evaluate_options own = defaults;
    evaluation e = {.truth = truth, .results = results};
    tyto_coco_scores scores = {0};
    tyto_status status;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, truth);
    TYTO_REQUIRE(err, out);
    *out = scores;
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_coco_evaluate_options", err));
    TYTO_TRY(tyto_check_list(results, count, "results", err));
    TYTO_TRY(tyto_check_list(truth->images, truth->n_images, "images", err));
    TYTO_TRY(tyto_check_list(truth->categories, truth->n_categories, "categories", err));
    TYTO_TRY(tyto_check_list(truth->annotations, truth->n_annotations, "annotations", err));
    TYTO_CHECK(list_ids(&e, err));
    TYTO_CHECK(list_annotations(&e, err));
    TYTO_CHECK(list_results(&e, (size_t)count, err));
    TYTO_CHECK(make_room(&e, err));
    scores.n_classes = truth->n_categories;
    scores.classes = tyto_alloc_zeroed((size_t)scores.n_classes, sizeof(*scores.classes));
    if (!scores.classes) {
        status = tyto_fail_memory(err, "evaluation");
        goto cleanup;
    }
    TYTO_CHECK(summarize(&e, &own, &scores, err));
    *out = scores;
    scores.classes = NULL;
cleanup:
    tyto_free(scores.classes);
    tyto_free(e.images);
    tyto_free(e.categories);
    tyto_free(e.annotations.items);
    tyto_free(e.found.items);
    tyto_free(e.overlaps);
    tyto_free(e.order);
    tyto_free(e.ignored);
    tyto_free(e.taken);
    tyto_free(e.contenders);
    tyto_free(e.verdicts);
    tyto_free(e.column);
    tyto_free(e.precision);
    return status;
}

void tyto_coco_scores_clear(tyto_coco_scores *scores)
{
    if (scores) {
        tyto_free(scores->classes);
        *scores = (tyto_coco_scores){0};
    }
}
