/** Many inputs one after the other: photos that are read ahead, or texts and videos; worked on,
 *  written, and stopped when the caller says so. */
#ifndef TYTO_BATCH_H
#define TYTO_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/bytes.h>
#include <tyto/engine.h>
#include <tyto/image.h>
#include <tyto/progress.h>
#include <tyto/results.h>

TYTO_BEGIN_DECLS

/** The stage that the progress function is given: its subject is the input, in `total` of them. */
#define TYTO_BATCH_STAGE "photos"

/** What the inputs of a run are. */
typedef enum tyto_batch_kind {
    TYTO_BATCH_KIND_PHOTOS = 0, /**< files or "-", which are read for the work */
    TYTO_BATCH_KIND_VIDEOS = 1, /**< files that the work reads, and names in its errors */
    TYTO_BATCH_KIND_TEXTS = 2,  /**< texts themselves */
    TYTO_BATCH_KIND_PAIRS = 3   /**< of frames; in summaries alone */
} tyto_batch_kind;

/** A photo, or other input, whose turn it is. */
typedef struct tyto_batch_photo {
    const char *path;
    int64_t index, count; /**< its place among the inputs, and how many those are */
    tyto_image *image;    /**< cleared afterwards, unless the work takes it; of photos alone */
    double waited_s;      /**< seconds until it was decoded */
    /** What a document's step gave for it, which goes to the results, whatever the work's status.
     */
    tyto_bytes record;
    bool last;            /**< set by work that fails: no other photo is of use */
    uint64_t reserved[4]; /**< 0 */
} tyto_batch_photo;

/** What is done with a photo. E_CANCELLED ends the run, and so does E_IO of work on a photo, which
 *  is read by then: what is made of it can't be written, as on a full disk. With any other failure
 *  the photo has failed, which is logged, and the next one comes. */
typedef tyto_status (*tyto_batch_fn)(void *user, tyto_batch_photo *photo, tyto_error *err);

typedef struct tyto_batch_options {
    size_t struct_bytes;             /**< set by tyto_batch_options_init */
    const tyto_image_options *image; /**< how photos are read; NULL: the defaults */
    int64_t ahead; /**< photos that are decoded before their turn, as tyto_photo_reader */
    /** Where records go, begun for these photos, and ended by the caller; photos that an earlier run
     *  has done are left out. NULL: nowhere. */
    tyto_results *results;
    tyto_progress_fn progress; /**< before each photo; NULL: nobody is asked */
    void *progress_user;
    tyto_log_fn log; /**< a line for each photo that failed, and for those that are damaged; NULL:
                          nothing is said */
    void *log_user;
    tyto_batch_kind kind; /**< what the inputs are */
    const bool *done;     /**< [count] inputs to leave out as done before; NULL: as the results say.
                               Borrowed */
} tyto_batch_options;

/** One photo ahead, none left out, no results. */
TYTO_API void tyto_batch_options_init(tyto_batch_options *options, size_t struct_bytes);

/** What became of the inputs. */
typedef struct tyto_batch_summary {
    int64_t inputs;       /**< in all */
    int64_t done;         /**< that the work succeeded for */
    int64_t failed;       /**< that couldn't be read, or the work failed for */
    int64_t left_out;     /**< as done before */
    double seconds;       /**< in all */
    int64_t passed_over;  /**< files of folders that were no inputs; for the caller to say */
    int64_t found;        /**< in them, by calls that look for something */
    tyto_batch_kind kind; /**< what the inputs are */
    bool interrupted;     /**< the progress function ended the run */
    uint64_t reserved[1]; /**< 0 */
} tyto_batch_summary;

/** Does the work for each photo that can be read, in order.
 *  paths    [count]; "-" is standard input
 *  summary  filled whatever the status; NULL: nobody asks
 *  errors   E_CANCELLED (by the progress function or the work, or a reader of the results that has
 *           gone away: what is done is done, and the results can be ended), those of
 *           tyto_results_add, that of a photo whose work said that it is the last, or failed with
 *           E_IO; E_ARGUMENT,
 *           E_MEMORY. A photo that failed is no error of the run. */
TYTO_API TYTO_NODISCARD tyto_status tyto_batch_run(const char *const *paths, int64_t count,
                                                   tyto_batch_fn work, void *user,
                                                   const tyto_batch_options *options,
                                                   tyto_batch_summary *summary, tyto_error *err);

/** The summary as a sentence for people, such as "960 photos done, 6 failed, 1204 found, in 81.5 s",
 *  "interrupted after 179 of 966 photos: …", or "ended after …" where something else ended it.
 *  found   what the work found in them, said as "N WORD", or NULL
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_batch_summary_text(const tyto_batch_summary *summary,
                                                            const char *found, int64_t n_found,
                                                            tyto_bytes *out, tyto_error *err);

TYTO_END_DECLS

#endif
