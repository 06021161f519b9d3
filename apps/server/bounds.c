#include "bounds.h"

bool bounds_labels(work *job, size_t count)
{
    if (count > LABELS_MAX) {
        reply_error(job->x, 422, "labels: got %zu, required %d at most", count, LABELS_MAX);
    }
    return count <= LABELS_MAX;
}

bool bounds_options(work *job, const tyto_vocabulary *vocabulary, tyto_search_options *options)
{
    const int64_t labels = tyto_vocabulary_count(vocabulary);
    if (options->nms != TYTO_NMS_OFF && options->multi_label && labels > SUPPRESSED_LABELS_MAX) {
        reply_error(job->x, 422, "labels: got %lld, required %d at most with nms and multi_label",
                    (long long)labels, SUPPRESSED_LABELS_MAX);
        return false;
    }
    /* One more shows that there are more; no further ones are held. */
    if (options->top_k == 0 || options->top_k > DETECTIONS_MAX) {
        options->top_k = DETECTIONS_MAX + 1;
    }
    return true;
}

bool bounds_search(work *job, const tyto_search_source *source, const tyto_vocabulary *vocabulary,
                   const tyto_search_options *options, tyto_detections *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_search_options own = *options;
    *out = (tyto_detections){0};
    if (!bounds_options(job, vocabulary, &own) ||
        !work_went(job, tyto_search(job->session, source, 1, vocabulary, &own, out, &err), &err)) {
        return false;
    }
    if (out->count > DETECTIONS_MAX) {
        reply_error(job->x, 422, "more than %d detections; required a higher threshold, or a top_k",
                    DETECTIONS_MAX);
        tyto_detections_clear(out);
        return false;
    }
    return true;
}
