/** Documents of what was found in photos. */
#ifndef TYTO_DETECTION_DOCUMENT_H
#define TYTO_DETECTION_DOCUMENT_H

#include <tyto/detections.h>
#include <tyto/document.h>
#include <tyto/eval.h>

TYTO_BEGIN_DECLS

/** The box that stands for an example of what was looked for. */
typedef struct tyto_example_note {
    const char *photo; /**< name of the example's photo */
    int64_t label_index;
    tyto_box box; /**< in pixels of that photo */
    float objectness;
    float overlap; /**< of this box with the one that was given, as intersection over union */
    uint64_t reserved[4]; /**< 0 */
} tyto_example_note;

typedef struct tyto_detection_document_options {
    size_t struct_bytes;       /**< set by tyto_detection_document_options_init */
    tyto_format format;        /**< any of them */
    const char *const *labels; /**< one UTF-8 text for each label index */
    int64_t n_labels;
    const tyto_example_note *examples; /**< for text and JSON, which list them; NULL: none */
    int64_t n_examples;
    /** Names of all photos that the run will be given, or NULL. In COCO, ids are the photos' names
     *  when all of them are whole numbers of their own, as 000000397133.jpg is 397133. */
    const char *const *photos;
    /** How many photos those are. In JSON, one photo is an object, and several are an array. */
    int64_t n_photos;
    float threshold; /**< the one of the run, which JSON mentions */
    bool scores;     /**< YOLO: the score as a sixth column */
    /** YOLO and VOC: each photo is a file of its own, YOLO's beside classes.txt, which names the
     *  labels; false: what is written of all photos, one after the other. */
    bool files;
    bool data_yaml;     /**< YOLO, with files: data.yaml too, which names the labels */
    const char *folder; /**< that names of photos are relative to in data sets; NULL: the deepest
                             that holds all `photos`; without those, their base names */
    /** COCO: photos and labels have the ids of this set's images and categories. A photo is the
     *  image of its base name, of several the one whose folders are alike most; a label is the
     *  category of its name. NULL: ids of the document's own. It must outlive the document's
     *  creation; `photos` are required. */
    const tyto_coco *ids;
    /** JSON: an array also of one photo, as of a folder that happens to have one. */
    bool array;
    /** With files: the folder whose folders within are those of the files, as tyto_file_list.folder:
     *  of "shots" the photo "shots/a/x.jpg" has "a/x.txt". NULL: all lie in one folder. */
    const char *mirrored;
} tyto_detection_document_options;

/** Text, no labels, one photo without a name, threshold 0.1, no scores, no files, no set of ids. */
TYTO_API void tyto_detection_document_options_init(tyto_detection_document_options *options,
                                                   size_t struct_bytes);

/** What was found in one photo. */
typedef struct tyto_photo_detections {
    const char *photo;                 /**< its name, such as its path; NULL: null in JSON, and in
                                            other formats E_ARGUMENT */
    int64_t index;                     /**< of the photo among all of the run, at least 0 */
    int64_t width_px, height_px;       /**< of the photo */
    const tyto_detections *detections; /**< in its pixels */
    uint64_t reserved[4];              /**< 0 */
} tyto_photo_detections;

/** Whether such a document can be made; what tyto_detection_document_create refuses, before any
 *  work.
 *  errors  E_ARGUMENT: those of tyto_detection_document_create; photos or labels that `ids` doesn't
 *          have; for YOLO's files: photos that would be one file or classes.txt, labels that aren't
 *          one line of text */
TYTO_API TYTO_NODISCARD tyto_status
tyto_detection_document_check(const tyto_detection_document_options *options, tyto_error *err);

/** Whether such a document at `path` would be files in a folder: of a format that has them, for
 *  several photos, or for one where the path is a folder, or doesn't end like such a file.
 *  path  NULL and "-", standard output: false */
TYTO_API bool tyto_detection_files_wanted(const tyto_detection_document_options *options,
                                          const char *path);
/** tyto_detection_document_check, and whether the document can go to its place: many photos have a
 *  folder where each has a file; no such file is one of the inputs; and a classes.txt that is there
 *  names the same labels, since they are numbered by its lines. Looks at the files that are there.
 *  path    with options->files the folder; NULL and "-": standard output
 *  inputs  [n_inputs] paths of files that must not be replaced; NULLs are passed over
 *  errors  E_ARGUMENT, E_IO, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_detection_files_check(const tyto_detection_document_options *options, const char *path,
                           const char *const *inputs, int64_t n_inputs, tyto_error *err);

/** Begins a document; *out = what comes before the first photo.
 *  options  what they point to is copied
 *  memory   release *document with tyto_document_destroy, and *out with tyto_bytes_clear
 *  errors   E_ARGUMENT (an unknown format, an example without a label, files of a format that has
 *           none, what tyto_detection_document_check finds), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status
tyto_detection_document_create(const tyto_detection_document_options *options,
                               tyto_document **document, tyto_bytes *out, tyto_error *err);
/** Adds a photo; *out = the bytes that come next, or the file that tyto_document_file names.
 *  errors  E_ARGUMENT (a detection without a label, a document of something else or that was
 *          ended), E_MEMORY, E_LIMIT */
TYTO_API TYTO_NODISCARD tyto_status tyto_document_add_detections(tyto_document *document,
                                                                 const tyto_photo_detections *photo,
                                                                 tyto_bytes *out, tyto_error *err);
/** The whole document of one photo, as it would be appended in three steps.
 *  errors  as those of the steps */
TYTO_API TYTO_NODISCARD tyto_status
tyto_detection_document_write(const tyto_detection_document_options *options,
                              const tyto_photo_detections *photo, tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
