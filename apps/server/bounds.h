/** What a request may ask of a search, so that its answer fits into memory. */
#ifndef TYTO_SERVER_BOUNDS_H
#define TYTO_SERVER_BOUNDS_H

#include "work.h"

/** Labels of a request, bytes of their texts with all that a template adds, and detections of a
 *  reply. */
enum { LABELS_MAX = 20000, TEXTS_BYTES_MAX = 64 << 20, DETECTIONS_MAX = 100000 };
/** Labels among which boxes suppress one another, when a box may have several: all that reach the
 *  threshold are held meanwhile. */
enum { SUPPRESSED_LABELS_MAX = 1000 };

/** Whether there may be so many labels; an error is replied when not, here and below. */
bool bounds_labels(work *job, size_t count);
/** Makes options give no more detections than one above what a reply may have. */
bool bounds_options(work *job, const tyto_vocabulary *vocabulary, tyto_search_options *options);
/** tyto_search of one source, with as many detections as a reply may have. */
bool bounds_search(work *job, const tyto_search_source *source, const tyto_vocabulary *vocabulary,
                   const tyto_search_options *options, tyto_detections *out);

#endif
