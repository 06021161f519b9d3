/** Looking for things in photos: what detect and match share. */
#ifndef TYTO_CLI_SEARCH_H
#define TYTO_CLI_SEARCH_H

#include <tyto/crops.h>
#include <tyto/detection_document.h>
#include <tyto/tasks.h>
#include <tyto/tree_search.h>
#include <tyto/vocabulary_builder.h>

#include "drawing.h"
#include "model.h"
#include "photo_reader.h"
#include "processor.h"
#include "records.h"
#include "search_options.h"

/** The words of --format, in the order of tyto_format. */
#define RESULT_FORMATS "text|json|jsonl|csv|coco|coco-results|yolo|voc|odvg|openimages|labelstudio"
enum { FORMAT_UNSET = -1 };

typedef struct search_args {
    text_list texts, thresholds, queries;
    const char *labels_file, *classes, *output, *outputs, *draw, *draw_queries, *crops, *ids_from,
        *tree;
    bool templates, multi_label, scores, data_yaml, resume, track;
    int nms, boxes, format, rule, exemplars;
    double iou, tree_margin;
    int64_t top_k, every; /* every: 0 where videos aren't taken */
    int64_t tree_regions;
    processor_args processor;
    tiles_args tiles;
    shortcut_args shortcuts;
} search_args;

/** Lines of an option table: which texts are meant. */
#define SEARCH_TEXT_OPTIONS(type, field)                                                           \
    OPTION_LINE("text", 't', OPTION_TEXTS, "TEXT",                                                 \
                "what to look for, such as \"a photo of a cat\"; repeat it",                       \
                offsetof(type, field.texts)),                                                      \
        OPTION_LINE("labels", 'l', OPTION_TEXT, "FILE",                                            \
                    "more texts, one per line; - is standard input",                               \
                    offsetof(type, field.labels_file), .files = COMPLETES_FILES),                  \
        OPTION_LINE(                                                                               \
            "templates", 0, OPTION_FLAG, NULL,                                                     \
            "put each text into the seven prompts of the OWL-ViT authors and average them",        \
            offsetof(type, field.templates)),                                                      \
        OPTION_LINE("classes", 0, OPTION_TEXT, "FILE",                                             \
                    "embeddings to look for, as 'tyto embed' saves them: .safetensors or .npy; - " \
                    "is standard input",                                                           \
                    offsetof(type, field.classes), .files = COMPLETES_FILES)

/** The words of --rule, in the order of tyto_query_rule. auto: objectness where there is a box,
 *  else the reference's. */
#define QUERY_RULES "auto|reference|objectness|overlap"
/** Those of --exemplars. */
#define EXEMPLARS "average|keep"
enum { EXEMPLARS_AVERAGE, EXEMPLARS_KEEP };

/** Which examples are meant. */
#define QUERY_OPTIONS(type, field, exemplars_help, averaged)                                       \
    OPTION_LINE("query", 'q', OPTION_TEXTS, "IMAGE[@BOX][=LABEL]",                                 \
                "an example of what to look for: a photo, or its box left,top,right,bottom "       \
                "in pixels; a folder means each of its photos; repeat it",                         \
                offsetof(type, field.queries), .files = COMPLETES_FILES),                          \
        OPTION_LINE(                                                                               \
            "rule", 0, OPTION_CHOICE, QUERY_RULES,                                                 \
            "how an example's box is chosen among the network's: see above (default auto)",        \
            offsetof(type, field.rule), .needs = "query"),                                         \
        OPTION_LINE("exemplars", 0, OPTION_CHOICE, EXEMPLARS, exemplars_help,                      \
                    offsetof(type, field.exemplars), .needs = averaged),                           \
        OPTION_LINE("draw-queries", 0, OPTION_TEXT, "PATH",                                        \
                    "draw the boxes that were chosen in the examples: a picture for one, a "       \
                    "folder for many",                                                             \
                    offsetof(type, field.draw_queries), .files = COMPLETES_FILES)

/** Which of overlapping boxes are kept, and how many labels and boxes. The strings are what help
 *  says of defaults. Identities and trees imply --nms all, and outputs of a network may. */
#define SUPPRESSION_OPTIONS(type, field, nms_default, iou_default)                                 \
    OPTION_LINE("nms", 0, OPTION_CHOICE, "off|class|all",                                          \
                "drop boxes that overlap a better one of the same label, or of any "               \
                "(default " nms_default ")",                                                       \
                offsetof(type, field.nms)),                                                        \
        OPTION_LINE("iou", 0, OPTION_REAL, "X",                                                    \
                    "for --nms: how much overlap is too much (default " iou_default ")",           \
                    offsetof(type, field.iou), 0, 1,                                               \
                    .needs = "nms=class|all/track/tree/outputs,!nms=off"),                         \
        OPTION_LINE("top-k", 0, OPTION_INTEGER, "N", "keep the N best of each photo",              \
                    offsetof(type, field.top_k), 1, 1e9),                                          \
        OPTION_LINE("multi-label", 0, OPTION_FLAG, NULL,                                           \
                    "give a box every label above its threshold, not the best one only",           \
                    offsetof(type, field.multi_label))

/** What boxes are, and where they are drawn. */
#define BOX_OPTIONS(type, field)                                                                   \
    OPTION_LINE(                                                                                   \
        "boxes", 0, OPTION_CHOICE, "image|reference",                                              \
        "boxes in the photo's pixels, inside it (default), or as the reference scales them",       \
        offsetof(type, field.boxes)),                                                              \
        OPTION_LINE("draw", 'd', OPTION_TEXT, "PATH",                                              \
                    "draw the boxes: a picture for one photo, a folder for many",                  \
                    offsetof(type, field.draw), .files = COMPLETES_FILES)

/** Pictures cut out. */
#define CROPS_OPTION(type, field)                                                                  \
    OPTION_LINE("crops", 0, OPTION_TEXT, "FOLDER",                                                 \
                "save what is in each box as FOLDER/LABEL/PHOTO_N.jpg (or .png), N its place "     \
                "among the photo's",                                                               \
                offsetof(type, field.crops), .files = COMPLETES_FOLDERS)

/** Going on where an earlier run was ended. */
#define RESUME_OPTION(type, field)                                                                 \
    OPTION_LINE("resume", 0, OPTION_FLAG, NULL,                                                    \
                "go on where an earlier run was ended: photos that -o's file or folder has "       \
                "results of are left out",                                                         \
                offsetof(type, field.resume))

/** What formats can be told. */
#define FORMAT_OPTIONS(type, field)                                                                \
    OPTION_LINE("yolo-scores", 0, OPTION_FLAG, NULL, "YOLO: the score as a sixth column",          \
                offsetof(type, field.scores), .needs = "format=yolo"),                             \
        OPTION_LINE("data-yaml", 0, OPTION_FLAG, NULL, "YOLO: names in data.yaml too",             \
                    offsetof(type, field.data_yaml), .needs = "format=yolo"),                      \
        OPTION_LINE("ids-from", 0, OPTION_TEXT, "FILE",                                            \
                    "COCO: ids of photos and labels as this \"instances\" file has them",          \
                    offsetof(type, field.ids_from), .files = COMPLETES_FILES,                      \
                    .needs = "format=coco|coco-results")

/** What is kept of what is found, and where it goes. */
#define SEARCH_RESULT_OPTIONS(type, field, threshold_default, nms_default, iou_default)            \
    OPTION_LINE("threshold", 0, OPTION_TEXTS, "X",                                                 \
                "keep scores above X, 0 to 1 (default " threshold_default                          \
                "); LABEL=X for one; repeat it",                                                   \
                offsetof(type, field.thresholds)),                                                 \
        SUPPRESSION_OPTIONS(type, field, nms_default, iou_default), BOX_OPTIONS(type, field),      \
        CROPS_OPTION(type, field),                                                                 \
        OPTION_LINE("format", 'f', OPTION_CHOICE, RESULT_FORMATS,                                  \
                    "how results are written (default: what -o's ending says, or else text)",      \
                    offsetof(type, field.format)),                                                 \
        FORMAT_OPTIONS(type, field),                                                               \
        OPTION_LINE(                                                                               \
            "output", 'o', OPTION_TEXT, "PATH",                                                    \
            "write results there instead of standard output; YOLO and VOC: a folder, with a "      \
            "file per photo, and with -r folders within as the photos have",                       \
            offsetof(type, field.output), .files = WRITES_FILES),                                  \
        RESUME_OPTION(type, field)

/** Videos: which frames, and whether things are followed. */
#define VIDEO_OPTIONS(type, field)                                                                 \
    OPTION_LINE("every", 0, OPTION_INTEGER, "N", "of a video: search each Nth frame (default 1)",  \
                offsetof(type, field.every), 1, 1e9),                                              \
        OPTION_LINE("track", 0, OPTION_FLAG, NULL,                                                 \
                    "of a video: give things identities from frame to frame; implies --nms all",   \
                    offsetof(type, field.track))

/** Trees: what is looked for in what is found. */
#define TREE_OPTIONS(type, field)                                                                  \
    OPTION_LINE("tree", 0, OPTION_TEXT, "TREE|@FILE",                                              \
                "what to look for, and what to look for in that, such as \"[a face [an eye] "      \
                "(happy, sad)]\": see above",                                                      \
                offsetof(type, field.tree), .files = COMPLETES_FILES),                             \
        OPTION_LINE("tree-margin", 0, OPTION_REAL, "X",                                            \
                    "look into so much more around a thing, as a share of its sides (default 0)",  \
                    offsetof(type, field.tree_margin), 0, 10, .needs = "tree"),                    \
        OPTION_LINE("tree-regions", 0, OPTION_INTEGER, "N",                                        \
                    "look into the N best things of a label, in a photo or thing (default 100)",   \
                    offsetof(type, field.tree_regions), 1, 1e9, .needs = "tree")

/** A run: what the arguments amount to. */
typedef struct search {
    const common_args *common;
    const search_args *args;
    tyto_vocabulary_builder *builder;
    text_list labels;         /**< of all queries, in their order */
    text_list examples;       /**< the photos that examples lie in, each once */
    text_list photos, videos; /**< one of the two */
    float *label_thresholds;  /**< one per label */
    bool input_missing;       /**< an operand held no photo */
    drawing draw, chosen;     /**< of what is found, and of the examples' boxes */
    tyto_crops *crops;        /**< NULL: none are wanted */
    processor_choice processor;
    photo_search look; /**< its options are the command's defaults at first */
    tyto_embed_options embed;
    opened model;
    tyto_vocabulary *vocabulary;              /**< NULL: look for objects */
    tyto_detection_document_options document; /**< what it says when the search begins counts */
    tyto_coco ids;                            /**< of --ids-from */
    tyto_tree *tree;                          /**< of --tree; NULL: none */
    tyto_tree_search *tree_search;
    records results;
    photos_run run; /**< of the photos */
} search;

/* The steps, in order. The first ones return the exit code so far, after a complaint when it isn't
 * EXIT_DONE; the model isn't read before the others. */

/** Adds texts, saved classes and examples to the builder: -t first, then --labels, --classes and
 *  -q. There may be none. Fills in their labels and the examples' photos. */
int search_read_queries(search *job, tyto_averaging averaging);
/** Once labels and options are complete: everything else that can be found wrong. */
int search_prepare(search *job);
/** Opens the model, with the processor as the options have it, checks that it has the task and
 *  features as wide as the saved classes, and encodes texts and examples. */
bool search_open(search *job, tyto_task task);
/** Makes the vocabulary of all that was encoded. */
bool search_build(search *job);
/** Opens the model, searches all photos and writes what is found. */
int search_photos(search *job);
/** What results are written as: without --format, what -o's ending says. */
tyto_format search_format(const search_args *args);
/** Lists the inputs, photos or, where the command takes them, videos; the preparation and the
 *  search of these. The first two return the exit code so far. */
int search_list(search *job);
int search_prepare_videos(search *job);
int search_videos(search *job);
/** Reads --tree, beside which no other query is; its preparation, in place of the other one's last
 *  part; and the search of the photos. */
int search_read_tree(search *job);
int search_prepare_tree(search *job);
int search_trees(search *job);
/** Opens what -o says for results of the photos, in any format or one of records. Returns the exit
 *  code so far. */
int search_open_results(search *job, bool any_format, const text_list *spared);
/** What the document of the photos is, which can be found wrong, and search_open_results. Returns
 *  the exit code so far. */
int search_check_results(search *job, const text_list *spared);
/** Has the work done for each photo, ends the results, and says how it went. */
int search_finish(search *job, tyto_batch_fn work, void *user);
void search_end(search *job);

#endif
