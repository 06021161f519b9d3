/** Evaluation of detections: COCO's files, and average precision as COCO defines it. */
#ifndef TYTO_EVAL_H
#define TYTO_EVAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/bytes.h>
#include <tyto/progress.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** Largest annotation or result file that is read. */
#define TYTO_COCO_BYTES_MAX ((size_t)512 << 20)

/** A box in pixels as COCO writes it: its left top corner and its size. */
typedef struct tyto_coco_box {
    double x, y, width, height;
} tyto_coco_box;

/* An id is a whole number, which may be written as 7.0. Where a file has a text in its place, or a
 * number beyond 64 bits, the id is a negative number that is made of it, the same in every file;
 * and `…_text` is what the file has, as JSON writes it: "\"a1\"" or "100000000000000000000". It is
 * NULL for other ids. */

typedef struct tyto_coco_image {
    int64_t id;
    const char *file_name;       /**< or else the end of coco_url, "train2017/a.jpg"; NULL when the
                                      file gives none */
    int64_t width_px, height_px; /**< 0 when the file gives none */
    const char *id_text;
    uint64_t reserved[3]; /**< zeros */
} tyto_coco_image;

typedef struct tyto_coco_category {
    int64_t id;
    const char *name;
    const char *id_text;
    uint64_t reserved[3]; /**< zeros */
} tyto_coco_category;

/** One object that is really there. */
typedef struct tyto_coco_annotation {
    int64_t image_id, category_id;
    tyto_coco_box box;
    double area; /**< in px², of the object's outline: it decides between small, medium, large */
    bool crowd;  /**< a region of many: detections in it are neither right nor wrong */
    uint64_t reserved[4]; /**< zeros */
} tyto_coco_annotation;

/** One object that was found. */
typedef struct tyto_coco_result {
    int64_t image_id, category_id;
    tyto_coco_box box;
    double score;
    const char *image_text, *category_text;
    uint64_t reserved[2]; /**< zeros */
} tyto_coco_result;

/** What is there to be found. Plain, so that a program can fill one without a file.
 *  memory  tyto_coco_load: release with tyto_coco_clear */
typedef struct tyto_coco {
    tyto_coco_image *images;
    int64_t n_images;
    tyto_coco_category *categories;
    int64_t n_categories;
    tyto_coco_annotation *annotations;
    int64_t n_annotations;
    int64_t n_strangers; /**< annotations left out: they name an image or a category not listed */
    bool has_id_zero;    /**< an annotation has the id 0, which pycocotools takes for "not found" */
    bool is_lvis;        /**< images say which categories were looked for in them, as LVIS's do */
    void *texts;         /**< holds the names */
    uint64_t reserved[4];
} tyto_coco;

/** memory  items is owned; release with tyto_coco_results_clear */
typedef struct tyto_coco_results {
    tyto_coco_result *items;
    int64_t count;
    void *texts; /**< holds those of ids; NULL: none, or the items borrow them */
    uint64_t reserved[3];
} tyto_coco_results;

/** Reads an "instances" file: images (id), categories (id, name) and annotations (id, image_id,
 *  category_id, bbox; area, by default the box's; iscrowd, by default 0), all in file order. What
 *  Python's json reads and pycocotools takes is read: ids as texts and as 7.0, NaN in what isn't
 *  needed, sizes as texts; a size that is no number counts as none.
 *  errors  E_NOT_FOUND, E_IO, E_LIMIT, E_MEMORY, E_FORMAT: a field that is missing or of the wrong
 *          type, a negative size, the same id twice — "file: 'annotations[3].bbox': got …" */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_load(const char *path, tyto_coco *out,
                                                   tyto_error *err);
/** The same from memory; `name` is for messages. */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_parse(const char *bytes, size_t length_bytes,
                                                    const char *name, tyto_coco *out,
                                                    tyto_error *err);
TYTO_API void tyto_coco_clear(tyto_coco *coco);

/** Reads a "results" file: an array of objects with image_id, category_id, bbox, score.
 *  errors  as tyto_coco_load */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_results_load(const char *path, tyto_coco_results *out,
                                                           tyto_error *err);
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_results_parse(const char *bytes, size_t length_bytes,
                                                            const char *name,
                                                            tyto_coco_results *out,
                                                            tyto_error *err);
/** One as bytes; reading it gives the same numbers.
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_RANGE (a number that is not finite), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_results_json(const tyto_coco_result *items,
                                                           int64_t count, tyto_bytes *out,
                                                           tyto_error *err);
/** Writes one, beside its place first, then renamed; reading it gives the same numbers.
 *  errors  E_RANGE (a number that is not finite), E_IO, E_NOT_FOUND, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_results_save(const char *path,
                                                           const tyto_coco_result *items,
                                                           int64_t count, tyto_error *err);
/** Drops the results of images that the annotations don't list.
 *  errors  E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_results_keep_listed(tyto_coco_results *results,
                                                                  const tyto_coco *truth,
                                                                  tyto_error *err);
TYTO_API void tyto_coco_results_clear(tyto_coco_results *results);

/** The twelve numbers of COCO, each in [0,1], or −1 where nothing is there to be found.
 *  Small is an area up to 32², medium from there to 96², large from there on, in px². */
typedef struct tyto_coco_summary {
    double ap, ap50, ap75; /**< over IoU 0.50 … 0.95, at 0.50, at 0.75 */
    double ap_small, ap_medium, ap_large;
    double ar1, ar10, ar100; /**< recall with at most so many boxes an image and class */
    double ar_small, ar_medium, ar_large;
    uint64_t reserved[4]; /**< zeros */
} tyto_coco_summary;

/** One category's numbers, and how many objects (crowds not counted) they stand on. */
typedef struct tyto_coco_class_scores {
    int64_t category_id;
    int64_t objects;
    tyto_coco_summary summary;
    uint64_t reserved[4];
} tyto_coco_class_scores;

/** memory  classes is owned, in the order of the categories; release with tyto_coco_scores_clear */
typedef struct tyto_coco_scores {
    tyto_coco_summary summary; /**< each number the mean over the classes that have it */
    tyto_coco_class_scores *classes;
    int64_t n_classes;
    uint64_t reserved[4];
} tyto_coco_scores;

/** How an evaluation is followed. */
typedef struct tyto_coco_evaluate_options {
    size_t struct_bytes;       /**< set by tyto_coco_evaluate_options_init */
    tyto_progress_fn progress; /**< before each category (stage "categories"); NULL: nobody */
    void *progress_user;
} tyto_coco_evaluate_options;

/** All defaults. struct_bytes is sizeof(tyto_coco_evaluate_options). */
TYTO_API void tyto_coco_evaluate_options_init(tyto_coco_evaluate_options *options,
                                              size_t struct_bytes);

/** Scores results against what is there, per category: in each image the 100 best boxes take, best
 *  first, the free object that they overlap most; precision is read at 101 recalls.
 *  results  of categories that are not listed are passed over, as annotations of unlisted images
 *           and categories are; of an image that is not listed they are an error
 *  options  NULL: all defaults
 *  errors   E_ARGUMENT (unlisted image, an id twice), E_RANGE (a number that is not finite, a
 *           negative size), E_CANCELLED, E_MEMORY; *out is then empty
 *  threads  any
 *  source   COCO 2017 detection evaluation; pycocotools' COCOeval for "bbox" gives the same
 *           numbers, ties included */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_evaluate(const tyto_coco *truth,
                                                       const tyto_coco_result *results,
                                                       int64_t count,
                                                       const tyto_coco_evaluate_options *options,
                                                       tyto_coco_scores *out, tyto_error *err);
TYTO_API void tyto_coco_scores_clear(tyto_coco_scores *scores);

/** Tables for people: the twelve numbers, then a line per class, in the order of the annotations.
 *  scores  of these annotations
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_ARGUMENT (scores of others), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_scores_text(const tyto_coco *truth,
                                                          const tyto_coco_scores *scores,
                                                          tyto_bytes *out, tyto_error *err);
/** The same as one object of JSON: images, objects, the twelve numbers, and classes, an array of
 *  objects with category_id, name, objects and the same twelve. */
TYTO_API TYTO_NODISCARD tyto_status tyto_coco_scores_json(const tyto_coco *truth,
                                                          const tyto_coco_scores *scores,
                                                          tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
