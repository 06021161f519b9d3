/* Classes of a video's windows. */
#include <stdlib.h>
#include <tyto/classes.h>

#include "base/error.h"

void tyto_video_classes_clear(tyto_video_classes *classes)
{
    if (classes) {
        free(classes->scores);
        free(classes->mean);
        *classes = (tyto_video_classes){0};
    }
}

tyto_status tyto_video_classes_best(const tyto_video_classes *classes, int64_t i, int64_t top_k,
                                    tyto_classes *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, classes);
    TYTO_REQUIRE(err, out);
    *out = (tyto_classes){0};
    if (i < -1 || i >= classes->n_windows || !classes->scores || !classes->mean) {
        return tyto_fail(err, TYTO_E_RANGE, "window: got %lld, required -1 to %lld", (long long)i,
                         (long long)classes->n_windows - 1);
    }
    const float *scores = i < 0 ? classes->mean : classes->scores + i * classes->n_classes;
    TYTO_TRY(tyto_postprocess_classification(scores, classes->n_classes, TYTO_SCORES_NONE, top_k,
                                             out, err));
    for (int64_t k = 0; k < out->count; k++) {
        tyto_class *item = &out->items[k];
        item->label =
            item->label_index < classes->n_labels ? classes->labels[item->label_index] : NULL;
        item->logit = 0.0f;
    }
    return TYTO_OK;
}
