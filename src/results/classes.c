/* Logits of a classifier to its classes. */
#include <math.h>
#include <stdlib.h>
#include <tyto/classes.h>
#include <tyto/memory.h>

#include "base/error.h"
#include "base/memory.h"

void tyto_classes_clear(tyto_classes *classes)
{
    if (classes) {
        tyto_free(classes->items);
        *classes = (tyto_classes){0};
    }
}

static int by_score(const void *a, const void *b)
{
    const tyto_class *x = a, *y = b;
    if (x->score != y->score) {
        return x->score > y->score ? -1 : 1;
    }
    /* Equal scores of different logits: a sigmoid or softmax has come to its end. */
    if (x->logit != y->logit) {
        return x->logit > y->logit ? -1 : 1;
    }
    return x->label_index < y->label_index ? -1 : x->label_index > y->label_index;
}

/* exp(logit − highest) and its sum are those of the reference, in double. */
static void softmax(tyto_class *items, int64_t count)
{
    double sum = 0.0, highest = -INFINITY;
    for (int64_t i = 0; i < count; i++) {
        highest = fmax(highest, (double)items[i].logit);
    }
    for (int64_t i = 0; i < count; i++) {
        sum += exp((double)items[i].logit - highest);
    }
    for (int64_t i = 0; i < count; i++) {
        items[i].score = (float)(exp((double)items[i].logit - highest) / sum);
    }
}

tyto_status tyto_postprocess_classification(const float *logits, int64_t classes,
                                            tyto_scores scores, int64_t top_k, tyto_classes *out,
                                            tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, logits);
    TYTO_REQUIRE(err, out);
    *out = (tyto_classes){0};
    if (classes < 1 || top_k < 0 || scores < TYTO_SCORES_SOFTMAX || scores > TYTO_SCORES_NONE) {
        return tyto_fail(
            err, TYTO_E_ARGUMENT,
            "classes: got %lld of them, top %lld, by rule %d, required 1 or more, 0 or "
            "more, and a rule for scores",
            (long long)classes, (long long)top_k, (int)scores);
    }
    tyto_class *items = tyto_alloc((size_t)classes, sizeof(*items));
    if (!items) {
        return tyto_fail_memory(err, "classes");
    }
    for (int64_t i = 0; i < classes; i++) {
        const double logit = (double)logits[i];
        if (isnan(logit)) {
            free(items);
            return tyto_fail(err, TYTO_E_ARGUMENT, "logits[%lld]: got NaN, required a number",
                             (long long)i);
        }
        items[i] = (tyto_class){.label_index = i, .score = logits[i], .logit = logits[i]};
        if (scores == TYTO_SCORES_SIGMOID) {
            items[i].score = (float)(1.0 / (1.0 + exp(-logit)));
        }
    }
    if (scores == TYTO_SCORES_SOFTMAX) {
        softmax(items, classes);
    }
    qsort(items, (size_t)classes, sizeof(*items), by_score);
    const int64_t kept = top_k > 0 ? tyto_min_i64(top_k, classes) : classes;
    *out = (tyto_classes){.items = items, .count = kept};
    return TYTO_OK;
}
