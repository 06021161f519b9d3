/** Pictures cut out of photos: what was found, box by box. */
#ifndef TYTO_CROPS_H
#define TYTO_CROPS_H

#include <stdint.h>
#include <tyto/detections.h>
#include <tyto/image.h>

TYTO_BEGIN_DECLS

/** Where crops go: a folder with one for each label, as classifiers are trained on. The crop of the
 *  3rd detection of shots/cat.jpg is FOLDER/LABEL/cat_3.jpg, a JPEG where the photo is called like
 *  one, and else a PNG. A photo of another ending keeps it: cat.bmp_3.png.
 *
 *  A label's folder is called by the label, with '_' for what file names can't have everywhere (a
 *  slash, control characters, \ : * ? " < > |, bytes that aren't UTF-8, a dot at the beginning, a
 *  dot or a space at the end), cut to TYTO_CROPS_NAME_BYTES_MAX; "_" for no label; with "_2" and so
 *  on behind it where an earlier label has the same.
 *  threads  one at a time */
typedef struct tyto_crops tyto_crops;

/** Most bytes of a label in a name. */
#define TYTO_CROPS_NAME_BYTES_MAX 120

typedef struct tyto_crops_options {
    size_t struct_bytes;       /**< set by tyto_crops_options_init */
    const char *const *labels; /**< one UTF-8 text for each label index */
    int64_t n_labels;
    const char *const *inputs; /**< [n_inputs] photos that crops will be made of */
    int64_t n_inputs;
    const char *const *spared; /**< [n_spared] files that must not be replaced, besides. Borrowed,
                                    as inputs are */
    int64_t n_spared;
    /** As tyto_destination_options.mirrored: the photo a/x.jpg has LABEL/a/x_1.jpg; NULL: LABEL/
     *  x_1.jpg. Borrowed. */
    const char *mirrored;
} tyto_crops_options;

TYTO_API void tyto_crops_options_init(tyto_crops_options *options, size_t struct_bytes);

/** How many crops were written, and boxes passed over that hold no pixel of their photo. */
typedef struct tyto_crops_count {
    int64_t written, empty;
    uint64_t reserved[2]; /**< 0 */
} tyto_crops_count;

/** Checks the place before any work, and makes the folder if need be.
 *  options  what they point to is copied, but for inputs and spared files
 *  memory   release *out with tyto_crops_destroy
 *  errors   E_ARGUMENT (two photos whose crops would have one name), and those of
 *           tyto_output_make_folder */
TYTO_API TYTO_NODISCARD tyto_status tyto_crops_open(const char *folder,
                                                    const tyto_crops_options *options,
                                                    tyto_crops **out, tyto_error *err);
/** Saves the crops of a photo: the pixels that a box touches, within the photo. Crops of an earlier
 *  run are replaced.
 *  photo       its name, such as its path
 *  image       as it was searched: upright, where EXIF turned it
 *  detections  in its pixels; crops are numbered by them, from 1
 *  errors      E_ARGUMENT (a crop that would replace an input), E_IO, E_NOT_FOUND, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_crops_add(tyto_crops *crops, const char *photo,
                                                   const tyto_image *image,
                                                   const tyto_detections *detections,
                                                   tyto_error *err);
/** So far, of all photos. NULL: none. */
TYTO_API tyto_crops_count tyto_crops_counted(const tyto_crops *crops);
/** The file of a detection's crop.
 *  number  from 1
 *  memory  release with tyto_free; NULL when memory is out, or there is no such label */
TYTO_API char *tyto_crops_path(const tyto_crops *crops, const char *photo, int64_t label_index,
                               int64_t number);
/** NULL is fine. */
TYTO_API void tyto_crops_destroy(tyto_crops *crops);

TYTO_END_DECLS

#endif
