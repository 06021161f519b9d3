#include <tyto/similarities.h>

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

void tyto_similarities_clear(tyto_similarities *similarities)
{
    if (similarities) {
        free(similarities->items);
        *similarities = (tyto_similarities){0};
    }
}

static int by_logit(const void *left, const void *right)
{
    const tyto_similarity_item *a = left, *b = right;
    if (a->logit != b->logit) {
        return a->logit > b->logit ? -1 : 1;
    }
    return a->label_index < b->label_index ? -1 : a->label_index > b->label_index;
}

tyto_status tyto_similarities_rank(const float *logits, const float *probabilities, int64_t count,
                                   int64_t top_k, tyto_similarities *out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, logits);
    TYTO_REQUIRE(err, probabilities);
    TYTO_REQUIRE(err, out);
    *out = (tyto_similarities){0};
    if (count < 1 || top_k < 0) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "similarities: got %lld of them, top %lld, required 1 or more, 0 or more",
                         (long long)count, (long long)top_k);
    }
    tyto_similarity_item *items = tyto_alloc((size_t)count, sizeof(*items));
    if (!items) {
        return tyto_fail_memory(err, "similarities");
    }
    for (int64_t i = 0; i < count; i++) {
        if (isnan(logits[i])) {
            free(items);
            return tyto_fail(err, TYTO_E_ARGUMENT, "logits[%lld]: got NaN, required a number",
                             (long long)i);
        }
        items[i] = (tyto_similarity_item){i, logits[i], probabilities[i]};
    }
    qsort(items, (size_t)count, sizeof(*items), by_logit);
    out->items = items;
    out->count = top_k > 0 ? tyto_min_i64(top_k, count) : count;
    return TYTO_OK;
}
