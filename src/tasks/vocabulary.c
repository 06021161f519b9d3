#include "tasks/vocabulary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void tyto_vocabulary_destroy(tyto_vocabulary *vocabulary)
{
    if (!vocabulary) {
        return;
    }
    for (size_t i = 0; vocabulary->texts && i < vocabulary->count; i++) {
        free(vocabulary->texts[i]);
    }
    free(vocabulary->texts);
    free(vocabulary->features);
    free(vocabulary->embeds);
    free(vocabulary);
}

size_t tyto_vocabulary_count(const tyto_vocabulary *vocabulary)
{
    return vocabulary->count;
}

const char *tyto_vocabulary_text(const tyto_vocabulary *vocabulary, size_t i)
{
    return i < vocabulary->count ? vocabulary->texts[i] : NULL;
}

const float *tyto_vocabulary_embeds(const tyto_vocabulary *vocabulary)
{
    return vocabulary->embeds;
}

const float *tyto_vocabulary_features(const tyto_vocabulary *vocabulary)
{
    return vocabulary->features;
}

int64_t tyto_vocabulary_width(const tyto_vocabulary *vocabulary)
{
    return vocabulary->width;
}

bool tyto_scale_to_unit(float *row, int64_t width)
{
    double sum = 0.0;
    for (int64_t c = 0; c < width; c++) {
        sum += (double)row[c] * (double)row[c];
    }
    if (!(sum > 0.0) || !isfinite(sum)) {
        return false;
    }
    const float factor = (float)(1.0 / sqrt(sum));
    for (int64_t c = 0; c < width; c++) {
        row[c] *= factor;
    }
    return true;
}

static tyto_status copy_labels(tyto_vocabulary *to, const char *const *labels, size_t count,
                               tyto_error *err)
{
    to->texts = tyto_alloc_zeroed(count, sizeof(*to->texts));
    to->count = to->texts ? count : 0;
    for (size_t i = 0; i < to->count; i++) {
        to->texts[i] = tyto_copy_text(labels[i], strlen(labels[i]));
        if (!to->texts[i]) {
            return tyto_fail_memory(err, "vocabulary");
        }
    }
    return to->texts ? TYTO_OK : tyto_fail_memory(err, "vocabulary");
}

static tyto_status start(const char *const *labels, size_t count, tyto_vocabulary **out,
                         tyto_error *err)
{
    if (count < 1 || count > TYTO_VOCABULARY_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "queries: got %zu, required 1 to %zu", count,
                         TYTO_VOCABULARY_MAX);
    }
    tyto_vocabulary *vocabulary = tyto_alloc_zeroed(1, sizeof(*vocabulary));
    if (!vocabulary) {
        return tyto_fail_memory(err, "vocabulary");
    }
    tyto_status status = copy_labels(vocabulary, labels, count, err);
    if (status == TYTO_OK) {
        *out = vocabulary;
    } else {
        tyto_vocabulary_destroy(vocabulary);
    }
    return status;
}

/* The same with room for embeddings. */
static tyto_status start_with_room(const char *const *labels, size_t count, int64_t width,
                                   tyto_vocabulary **out, tyto_error *err)
{
    TYTO_TRY(start(labels, count, out, err));
    (*out)->width = width;
    if ((uint64_t)width <= SIZE_MAX / sizeof(float)) {
        (*out)->embeds = tyto_alloc(count, (size_t)width * sizeof(float));
        (*out)->features = tyto_alloc(count, (size_t)width * sizeof(float));
    }
    if (!(*out)->embeds || !(*out)->features) {
        tyto_vocabulary_destroy(*out);
        *out = NULL;
        return tyto_fail_memory(err, "vocabulary");
    }
    return TYTO_OK;
}

tyto_status tyto_vocabulary_from_embeds(const float *embeds, const char *const *labels,
                                        size_t count, int64_t width, tyto_vocabulary **out,
                                        tyto_error *err)
{
    tyto_vocabulary *vocabulary;
    if (width < 1) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "embeddings: got width %lld, required at least 1",
                         (long long)width);
    }
    TYTO_TRY(start_with_room(labels, count, width, &vocabulary, err));
    memcpy(vocabulary->features, embeds, count * (size_t)width * sizeof(float));
    memcpy(vocabulary->embeds, embeds, count * (size_t)width * sizeof(float));
    for (size_t i = 0; i < count; i++) {
        if (!tyto_scale_to_unit(vocabulary->embeds + (int64_t)i * width, width)) {
            tyto_vocabulary_destroy(vocabulary);
            return tyto_fail(err, TYTO_E_RANGE,
                             "embedding of '%.60s': required finite numbers that aren't all 0",
                             labels[i]);
        }
    }
    *out = vocabulary;
    return TYTO_OK;
}

tyto_status tyto_vocabulary_join(const tyto_vocabulary *const *parts, size_t count,
                                 tyto_vocabulary **out, tyto_error *err)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        total += parts[i]->count;
        if (parts[i]->width != parts[0]->width) {
            return tyto_fail(err, TYTO_E_SHAPE,
                             "query '%.60s': got an embedding of %lld numbers, required %lld as "
                             "'%.60s' has",
                             parts[i]->texts[0], (long long)parts[i]->width,
                             (long long)parts[0]->width, parts[0]->texts[0]);
        }
    }
    const char **labels = tyto_alloc(total, sizeof(*labels));
    if (!labels) {
        return tyto_fail_memory(err, "vocabulary");
    }
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < parts[i]->count; k++) {
            labels[at++] = parts[i]->texts[k];
        }
    }
    tyto_vocabulary *joined = NULL;
    tyto_status status = start_with_room(labels, total, count ? parts[0]->width : 1, &joined, err);
    for (size_t i = 0, row = 0; status == TYTO_OK && i < count; row += parts[i++]->count) {
        const size_t width = (size_t)joined->width, bytes = parts[i]->count * width * sizeof(float);
        memcpy(joined->embeds + row * width, parts[i]->embeds, bytes);
        memcpy(joined->features + row * width, parts[i]->features, bytes);
    }
    free(labels);
    *out = joined;
    return status;
}

/* A query by its label. */
typedef struct labelled {
    const char *label;
    size_t index;
} labelled;

static int by_label(const void *left, const void *right)
{
    const labelled *a = left, *b = right;
    const int order = strcmp(a->label, b->label);
    return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

bool tyto_vocabulary_firsts(const tyto_vocabulary *of, size_t *first)
{
    labelled *sorted = tyto_alloc(of->count, sizeof(*sorted));
    for (size_t i = 0; sorted && i < of->count; i++) {
        sorted[i] = (labelled){of->texts[i], i};
    }
    if (sorted) {
        qsort(sorted, of->count, sizeof(*sorted), by_label);
    }
    for (size_t i = 0; sorted && i < of->count; i++) {
        const bool same = i > 0 && strcmp(sorted[i].label, sorted[i - 1].label) == 0;
        first[sorted[i].index] = same ? first[sorted[i - 1].index] : sorted[i].index;
    }
    free(sorted);
    return sorted != NULL;
}

static void add_row(float *to, const float *row, int64_t width)
{
    for (int64_t c = 0; c < width; c++) {
        to[c] += row[c];
    }
}

tyto_status tyto_vocabulary_average(const tyto_vocabulary *vocabulary, tyto_vocabulary **out,
                                    tyto_error *err)
{
    const size_t count = vocabulary->count, row = (size_t)vocabulary->width;
    size_t *first = tyto_alloc(count, sizeof(*first));
    float *sums = tyto_alloc_zeroed(count, row * sizeof(float));
    const char **labels = tyto_alloc(count, sizeof(*labels));
    tyto_status status = TYTO_OK;
    size_t kept = 0;
    if (!first || !sums || !labels || !tyto_vocabulary_firsts(vocabulary, first)) {
        status = tyto_fail_memory(err, "vocabulary");
        goto cleanup;
    }
    for (size_t i = 0; i < count; i++) {
        add_row(sums + first[i] * row, vocabulary->embeds + i * row, vocabulary->width);
    }
    for (size_t i = 0; i < count; i++) {
        if (first[i] == i) {
            memmove(sums + kept * row, sums + i * row, row * sizeof(float));
            labels[kept++] = vocabulary->texts[i];
        }
    }
    status = tyto_vocabulary_from_embeds(sums, labels, kept, vocabulary->width, out, err);
cleanup:
    free(first);
    free(sums);
    free(labels);
    return status;
}
