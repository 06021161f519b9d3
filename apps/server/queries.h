/** What is looked for, and where: photos and queries, held or sent along. */
#ifndef TYTO_SERVER_QUERIES_H
#define TYTO_SERVER_QUERIES_H

#include <tyto/detections.h>

#include "work.h"

/** Queries that are held: what is to be found, and behind it what isn't, which only draws boxes to
 *  itself. */
typedef struct queries {
    tyto_vocabulary *vocabulary;
    int64_t wanted;
    bool guided; /**< there are examples: scores are what tyto match's are */
} queries;

/* Calls that return NULL or false have replied an error. */

/** One vocabulary of texts, examples, and texts that aren't wanted: arrays, or NULL for none.
 *  Release with queries_destroy. */
queries *queries_encode(work *job, const json_t *texts, const json_t *exemplars,
                        const json_t *negatives, bool templates);
/** Makes of texts and examples, which are the first n parts, one vocabulary in their place, where
 *  those of one label are one query, as for tyto match. */
bool queries_average(work *job, tyto_vocabulary **parts, int64_t n);
/** NULL is fine. */
void queries_destroy(void *thing);
/** Takes out what isn't wanted. */
void queries_keep_wanted(const queries *q, tyto_detections *found);
/** [wanted] labels, borrowed from the queries; release the array with free. */
const char **queries_labels(work *job, const queries *q);

/** The photo or vocabulary of an id, of the job's model, until store_release. */
held *photo_take(work *job, const char *id);
held *vocabulary_take(work *job, const char *id);
/** Encodes a picture; release with tyto_photo_destroy. */
bool photo_encode(work *job, const tyto_image *image, tyto_photo **out);

#endif
