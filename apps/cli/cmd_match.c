/* tyto match: what is where in photos, by examples. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "messages.h"
#include "queries.h"
#include "search.h"

typedef struct match_args {
    common_args common;
    search_args search;
    text_list queries;
    const char *draw_queries;
    int rule, exemplars, scores;
} match_args;

/* The words of --exemplars and --scores. */
#define EXEMPLARS "average|keep"
enum { AVERAGE, KEEP };
#define SCORES "relative|plain"
enum { RELATIVE, PLAIN };

typedef struct job {
    const match_args *args;
    search search;
    picture_queries queries;
    tyto_example_note *notes; /* where each example's box is, for the results */
} job;

/* The label that query i is reported by: its own, or the one that it is averaged into. */
static size_t label_of(const text_list *labels, const char *label, size_t own, int exemplars)
{
    for (size_t i = 0; exemplars == AVERAGE && i < labels->count; i++) {
        if (strcmp(labels->items[i], label) == 0) {
            return i;
        }
    }
    return own;
}

/* Labels of texts, classes and examples, in that order; averaged ones once. */
static void list_labels(job *j)
{
    text_list *labels = &j->search.labels, all = *labels;
    const int exemplars = j->args->exemplars;
    *labels = (text_list){0};
    j->notes = take(j->queries.count, sizeof(*j->notes));
    for (size_t i = 0; i < all.count + j->queries.count; i++) {
        const picture_query *query = i < all.count ? NULL : &j->queries.items[i - all.count];
        const char *label = query ? query->label : all.items[i];
        const size_t at = label_of(labels, label, labels->count, exemplars);
        if (at == labels->count) {
            text_list_add(labels, label, strlen(label));
        }
        if (query) {
            j->notes[i - all.count] =
                (tyto_example_note){.photo = query->photo, .label = (int64_t)at};
        }
    }
    text_list_clear(&all);
}

/* Everything that can be found wrong before the model is read. */
static int prepare(job *j)
{
    const match_args *args = j->args;
    search *s = &j->search;
    tyto_match_options_init(&s->options);
    s->options.relative_scores = args->scores == RELATIVE;
    if (args->common.operands.count == 0) {
        say_error("no photo: required IMAGE, a folder, or -");
        return EXIT_USAGE;
    }
    int code = search_read_queries(s);
    code = code == EXIT_DONE ? queries_read(&args->queries, args->rule, &j->queries) : code;
    if (code != EXIT_DONE) {
        return code;
    }
    list_labels(j);
    if (s->labels.count == 0) {
        say_error("nothing to look for: required -q IMAGE, --classes FILE or -t TEXT");
        return EXIT_USAGE;
    }
    code = search_prepare(s, &j->queries.photos);
    s->results.options.examples = j->notes;
    s->results.options.n_examples = (int64_t)j->queries.count;
    j->queries.draw = (drawing){.option = "draw-queries", .path = args->draw_queries};
    if (code == EXIT_DONE && args->draw_queries && j->queries.count == 0) {
        say_error("--draw-queries: no example to draw, required -q IMAGE");
        return EXIT_USAGE;
    }
    return code == EXIT_DONE
               ? drawing_check(&j->queries.draw, &j->queries.photos, &j->queries.photos)
               : code;
}

static bool average(tyto_vocabulary **vocabulary)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_vocabulary *averaged = NULL;
    const bool good = tyto_vocabulary_average(*vocabulary, &averaged, &err) == TYTO_OK;
    if (!good) {
        say_tyto_error(&err);
    }
    tyto_vocabulary_destroy(*vocabulary);
    *vocabulary = averaged;
    return good;
}

/* What results say of the boxes that were chosen. */
static void note_boxes(job *j)
{
    for (size_t i = 0; i < j->queries.count; i++) {
        const tyto_query_box *chosen = &j->queries.items[i].chosen;
        j->notes[i].box = chosen->box;
        j->notes[i].objectness = chosen->objectness;
        j->notes[i].overlap = chosen->iou;
    }
}

/* Texts, classes and examples as one vocabulary. */
static bool open_vocabulary(job *j)
{
    search *s = &j->search;
    tyto_vocabulary *examples;
    if (!search_open(s, DETECTION_HEAD) || !search_encode(s, &s->vocabulary) ||
        !queries_embed(&j->queries, &s->with, &examples)) {
        return false;
    }
    note_boxes(j);
    return vocabulary_add(&s->vocabulary, examples) &&
           (j->args->exemplars == KEEP || average(&s->vocabulary));
}

static int run(void *given)
{
    const match_args *args = given;
    job j = {.args = args,
             .search = {.common = &args->common, .args = &args->search, .look = {.guided = true}}};
    int code = prepare(&j);
    if (code == EXIT_DONE) {
        code = open_vocabulary(&j) ? search_photos(&j.search) : EXIT_FAILED;
    }
    search_end(&j.search);
    queries_clear(&j.queries);
    free(j.notes);
    return code;
}

static const option options[] = {
    QUERY_OPTIONS(match_args, queries, rule),
    {"exemplars", 0, OPTION_CHOICE, EXEMPLARS,
     "queries of one label become their mean (default), or stay classes of their own",
     offsetof(match_args, exemplars)},
    {"draw-queries", 0, OPTION_TEXT, "PATH",
     "draw the boxes that were chosen in the examples: a picture for one, a folder for many",
     offsetof(match_args, draw_queries), .files = COMPLETES_FILES},
    {"scores", 0, OPTION_CHOICE, SCORES,
     "relative to the photo's best, as the reference has them (default), or as they are",
     offsetof(match_args, scores)},
    SEARCH_TEXT_OPTIONS(match_args, search),
    SEARCH_RESULT_OPTIONS(match_args, search, "0", "all", "0.3"),
    TILE_OPTIONS(match_args, search.tiles),
    SHORTCUT_OPTIONS(match_args, search.shortcuts),
    PROCESSOR_OPTIONS(match_args, search.processor),
    {0},
};

static const example examples[] = {
    {"tyto match desk.jpg -q cup.jpg --draw out.png",
     "things like the one that fills cup.jpg, found and drawn"},
    {"tyto match shots/ -q desk.jpg@120,80,260,240=cup --draw-queries chosen.png -o all.jsonl",
     "a box of a photo as the example, and a picture of the box that was taken for it"},
    {"tyto match shots/ -q cups/=cup -q plates/=plate -t \"a spoon\" --scores plain --threshold "
     "0.3",
     "folders of examples, averaged to two classes, and a third by its name"},
    {"tyto match big.jpg -q big.jpg@120,80,160,140 --tiles --draw out.png",
     "more of a small thing in the same big photo, searched in tiles"},
    {"tyto match photo.jpg --classes classes.safetensors", "classes that 'tyto embed' saved"},
    {0},
};

static const match_args defaults = {.search = {.iou = 0.3,
                                               .nms = TYTO_NMS_ALL,
                                               .format = FORMAT_UNSET,
                                               .tiles = TILES_DEFAULTS,
                                               .shortcuts = SHORTCUT_DEFAULTS}};

const command cmd_match = {
    .name = "match",
    .summary = "find things in photos by example",
    .synopsis = "IMAGE... -q IMAGE[@BOX][=LABEL]... [option...]",
    .operands = "IMAGE",
    .description =
        "Looks in each photo for what resembles the examples. The label of an example is what "
        "follows '=', or its file's or folder's name. Texts and saved classes are looked for in "
        "the "
        "same run. (-q is --query here; --quiet has no short form.)\n"
        "\n"
        "An example is represented by one of the boxes that the network finds in it. Candidates "
        "are "
        "those whose overlap (intersection over union) with the region is at least 0.8 of the best "
        "one's; where nothing overlaps it, the nearest by generalised overlap. The region is the "
        "box that was given, or all that the network sees. Of the candidates, the rule 'reference' "
        "takes the one least like the picture's mean embedding; 'objectness' the one most like an "
        "object (without a box: of all boxes); 'overlap' the one that overlaps best, which often "
        "is "
        "one that was never meant to name a thing. 'auto' is objectness where a box is given, and "
        "else reference, which is the reference's own choice.\n"
        "\n"
        "Scores are compared with --threshold first; then boxes that overlap a better one are "
        "dropped; then the photo's best score becomes 1 and a tenth of it 0, unless --scores is "
        "plain. So in every photo something has a relative score of 1: to tell whether a thing is "
        "there at all, look at plain scores.\n"
        "\n"
        "--tiles is for photos, not for examples: 'tyto detect --help' says what it does.\n"
        "\n"
        "Formats are those of 'tyto detect'; text and JSON also tell which box of each example was "
        "chosen.",
    .options = options,
    .examples = examples,
    .files = COMPLETES_FILES,
    .args_bytes = sizeof(match_args),
    .defaults = &defaults,
    .run = run,
};
