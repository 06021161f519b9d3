/** Documents of detections: what their formats share. A format is a file here and its line in
 *  detections.c. */
#ifndef TYTO_RESULTS_DOCUMENTS_DETECTIONS_H
#define TYTO_RESULTS_DOCUMENTS_DETECTIONS_H

#include <tyto/detection_document.h>

#include "base/spill.h"
#include "results/documents/detections_ids.h"

/** The state of such a document. */
typedef struct tyto_detections_state {
    /** What the caller asked for; labels and examples are copies, photos are NULL. */
    tyto_detection_document_options options;
    char **labels;
    tyto_example_note *examples;
    bool numbered;  /**< every photo's name is a whole number of its own, as COCO's are */
    char *folder;   /**< that names are relative to */
    char *mirrored; /**< whose folders hold photos' own files; NULL: none */
    /** As JSON has them; NULL: the document's own. */
    char **image_ids, **category_ids;
    /** COCO: annotations so far, which come after all images. */
    tyto_spill annotations;
    int64_t n_annotations;
    int64_t bytes_before, n_before; /**< of the annotations, when the last photo came */
    size_t categories_bytes;        /**< 0: it isn't known yet */
} tyto_detections_state;

/** Steps of a format; NULL: nothing to write. A step that gives a file of its own sets
 *  document->file. */
typedef struct tyto_detections_format {
    void (*begin)(tyto_document *document, tyto_writer *writer);
    void (*photo)(tyto_document *document, const tyto_photo_detections *photo, tyto_writer *writer);
    void (*end)(tyto_document *document, tyto_writer *writer);
    /** Takes back what an earlier document held; NULL: as records, or not at all. */
    tyto_status (*resume)(tyto_resume *resume);
    /** A part of what comes after `end`; returns whether there is more. */
    bool (*rest)(tyto_document *document, tyto_writer *writer);
    size_t (*end_bytes)(const tyto_document *document);
    void (*forget)(tyto_document *document);
} tyto_detections_format;

/** E_ARGUMENT when a photo's object is of another threshold. */
tyto_status tyto_detections_check_record(const tyto_document *document, const json_t *record,
                                         tyto_error *err);

extern const tyto_detections_format tyto_detections_text, tyto_detections_json,
    tyto_detections_jsonl, tyto_detections_csv, tyto_detections_coco, tyto_detections_coco_results,
    tyto_detections_yolo, tyto_detections_voc, tyto_detections_odvg, tyto_detections_openimages,
    tyto_detections_labelstudio;

/** Files that name YOLO's labels: by line, and for ultralytics. */
#define TYTO_YOLO_CLASSES "classes.txt"
#define TYTO_YOLO_DATA "data.yaml"

/** Whether each photo has a file of its own, and labels are names by their lines.
 *  errors  E_ARGUMENT, E_MEMORY */
TYTO_NODISCARD tyto_status
tyto_detections_check_files(const tyto_detection_document_options *options, tyto_error *err);

/** The name of a photo, relative to the folder of all. */
const char *tyto_detections_photo_name(const tyto_document *document, const char *photo);

/** The name of a photo's own file. */
char *tyto_detections_photo_file(const tyto_document *document, const char *photo);

/** The state of a document of detections. */
static inline tyto_detections_state *tyto_detections_state_of(const tyto_document *document)
{
    return document->state;
}
/** The text of a label; the index is checked before. */
static inline const char *tyto_detections_label(const tyto_document *document, int64_t label)
{
    return tyto_detections_state_of(document)->labels[label];
}

#endif
