#include "results/nms.h"

#include "base/error.h"
#include "base/memory.h"
#include "results/boxes.h"
#include <tyto/memory.h>

#define END SIZE_MAX

/* Kept items hang in one chain per group (a label, or all), so that an item meets its own only. */
typedef struct chains {
    size_t *last;     /* of each group: the kept item added last, or END */
    size_t *previous; /* of each kept item: the one before it in its group */
} chains;

static bool overlaps_kept(const tyto_detection *items, const chains *kept, size_t group,
                          const tyto_box *box, float iou)
{
    for (size_t i = kept->last[group]; i != END; i = kept->previous[i]) {
        if (tyto_box_iou(&items[i].box, box) > iou) {
            return true;
        }
    }
    return false;
}

tyto_status tyto_suppress(tyto_detection *items, int64_t *n_items, int64_t n_labels, tyto_nms mode,
                          float iou, int64_t top_k, tyto_error *err)
{
    const size_t count = (size_t)*n_items,
                 most = top_k == 0 || top_k > *n_items ? count : (size_t)top_k;
    if (mode == TYTO_NMS_OFF) {
        *n_items = (int64_t)most;
        return TYTO_OK;
    }
    size_t groups = mode == TYTO_NMS_ALL ? 1 : (size_t)n_labels;
    chains kept = {
        .last = tyto_alloc(groups, sizeof(*kept.last)),
        .previous = tyto_alloc(count, sizeof(*kept.previous)),
    };
    tyto_status status = TYTO_OK;
    if (!kept.last || !kept.previous) {
        status = tyto_fail_memory(err, "non-maximum suppression");
        goto cleanup;
    }
    for (size_t g = 0; g < groups; g++) {
        kept.last[g] = END;
    }
    size_t n = 0;
    for (size_t i = 0; i < count && n < most; i++) {
        size_t group = mode == TYTO_NMS_ALL ? 0 : (size_t)items[i].label_index;
        if (!overlaps_kept(items, &kept, group, &items[i].box, iou)) {
            items[n] = items[i];
            kept.previous[n] = kept.last[group];
            kept.last[group] = n++;
        }
    }
    *n_items = (int64_t)n;
cleanup:
    tyto_free(kept.last);
    tyto_free(kept.previous);
    return status;
}
