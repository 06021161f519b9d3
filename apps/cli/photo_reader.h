/** Photos one after the other, each decoded while the one before is worked on; and texts and videos
 *  one after the other. */
#ifndef TYTO_CLI_PHOTO_READER_H
#define TYTO_CLI_PHOTO_READER_H

#include <tyto/batch.h>

#include "memory.h"

/** How a run over photos ended. */
typedef struct photos_run {
    tyto_batch_kind kind;  /**< what the inputs are, if they are no photos */
    const bool *done;      /**< those to leave out; NULL: as the results say */
    const char *found;     /**< what is counted besides, such as "found"; NULL: nothing is */
    int64_t n_found;       /**< so many, counted by the work */
    tyto_results *results; /**< NULL: nowhere */
    bool good, ended;      /**< all went well; the results can take no more */
    tyto_batch_summary summary;
} photos_run;

/** Has the work done for each photo (tyto_batch_run), below a bar, until an interruption; complains
 *  of what fails, and says how it ended when there are several. */
void photos_each(photos_run *run, const text_list *photos, tyto_batch_fn work, void *job);

/** One line of how a run ended, unless it had a single input, other than a video that was searched, or a reader of its results
 *  has gone away (status), to whom nothing is said.
 *  found  as tyto_batch_summary_text takes it */
void say_summary(const tyto_batch_summary *summary, const char *found, int64_t n_found,
                 tyto_status status);
/** Says so at the end of an interrupted command, unless its summary did. */
void say_interrupted(void);

#endif
