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
    for (int64_t i = 0; vocabulary->labels && i < vocabulary->count; i++) {
        free(vocabulary->labels[i]);
    }
    free(vocabulary->labels);
    free(vocabulary->origins);
    free(vocabulary->features);
    free(vocabulary->unit);
    free(vocabulary);
}

const char *tyto_query_kind_name(tyto_query_kind kind)
{
    switch (kind) {
    case TYTO_QUERY_KIND_TEXT:
        return "text";
    case TYTO_QUERY_KIND_CLASS:
        return "class";
    case TYTO_QUERY_KIND_EXAMPLE:
        return "example";
    case TYTO_QUERY_KIND_IMAGE:
        return "image";
    case TYTO_QUERY_KIND_BOX:
        return "box";
    }
    return NULL;
}

int64_t tyto_vocabulary_count(const tyto_vocabulary *vocabulary)
{
    return vocabulary ? vocabulary->count : 0;
}

const char *tyto_vocabulary_label(const tyto_vocabulary *vocabulary, int64_t i)
{
    return vocabulary && i >= 0 && i < vocabulary->count ? vocabulary->labels[i] : NULL;
}

bool tyto_vocabulary_query(const tyto_vocabulary *vocabulary, int64_t i, tyto_query *out)
{
    if (!out || !tyto_vocabulary_label(vocabulary, i)) {
        return false;
    }
    const tyto_origin *origin = &vocabulary->origins[i];
    *out = (tyto_query){.label = vocabulary->labels[i],
                        .kind = origin->kind,
                        .width = vocabulary->width,
                        .features = vocabulary->features + i * vocabulary->width,
                        .box = origin->box,
                        .score = origin->score};
    return true;
}

const float *tyto_vocabulary_unit_features(const tyto_vocabulary *vocabulary)
{
    return vocabulary ? vocabulary->unit : NULL;
}

const float *tyto_vocabulary_features(const tyto_vocabulary *vocabulary)
{
    return vocabulary ? vocabulary->features : NULL;
}

int64_t tyto_vocabulary_width(const tyto_vocabulary *vocabulary)
{
    return vocabulary ? vocabulary->width : 0;
}

tyto_tensor tyto_vocabulary_tensor(const tyto_vocabulary *vocabulary)
{
    return (tyto_tensor){.name = "text_embeds",
                         .dtype = TYTO_F32,
                         .rank = 2,
                         .shape = {vocabulary->count, vocabulary->width},
                         .data = vocabulary->unit};
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

static tyto_status copy_labels(tyto_vocabulary *vocabulary, const char *const *labels,
                               int64_t count, tyto_error *err)
{
    vocabulary->labels = tyto_alloc_zeroed((size_t)count, sizeof(*vocabulary->labels));
    vocabulary->count = vocabulary->labels ? count : 0;
    for (int64_t i = 0; i < vocabulary->count; i++) {
        TYTO_REQUIRE(err, labels[i]);
        vocabulary->labels[i] = tyto_copy_text(labels[i], strlen(labels[i]));
        if (!vocabulary->labels[i]) {
            return tyto_fail_memory(err, "vocabulary");
        }
    }
    return vocabulary->labels ? TYTO_OK : tyto_fail_memory(err, "vocabulary");
}

/* Labels, and room for features. */
static tyto_status start(const char *const *labels, int64_t count, int64_t width,
                         tyto_vocabulary **out, tyto_error *err)
{
    if (count < 1 || count > TYTO_VOCABULARY_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "queries: got %lld, required 1 to %lld",
                         (long long)count, (long long)TYTO_VOCABULARY_MAX);
    }
    tyto_vocabulary *vocabulary = tyto_alloc_zeroed(1, sizeof(*vocabulary));
    if (!vocabulary) {
        return tyto_fail_memory(err, "vocabulary");
    }
    vocabulary->width = width;
    tyto_status status = copy_labels(vocabulary, labels, count, err);
    if (status == TYTO_OK) {
        vocabulary->origins = tyto_alloc_zeroed((size_t)count, sizeof(*vocabulary->origins));
        if ((uint64_t)width <= SIZE_MAX / sizeof(float)) {
            vocabulary->unit = tyto_alloc((size_t)count, (size_t)width * sizeof(float));
            vocabulary->features = tyto_alloc((size_t)count, (size_t)width * sizeof(float));
        }
        if (!vocabulary->origins || !vocabulary->unit || !vocabulary->features) {
            status = tyto_fail_memory(err, "vocabulary");
        }
    }
    if (status != TYTO_OK) {
        tyto_vocabulary_destroy(vocabulary);
        return status;
    }
    *out = vocabulary;
    return TYTO_OK;
}

tyto_status tyto_vocabulary_make(const float *features, const char *const *labels, int64_t count,
                                 int64_t width, tyto_query_kind kind, tyto_vocabulary **out,
                                 tyto_error *err)
{
    tyto_vocabulary *vocabulary;
    if (width < 1) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "embeddings: got width %lld, required at least 1",
                         (long long)width);
    }
    TYTO_TRY(start(labels, count, width, &vocabulary, err));
    memcpy(vocabulary->features, features, (size_t)(count * width) * sizeof(float));
    memcpy(vocabulary->unit, features, (size_t)(count * width) * sizeof(float));
    for (int64_t i = 0; i < count; i++) {
        vocabulary->origins[i].kind = kind;
        if (!tyto_scale_to_unit(vocabulary->unit + i * width, width)) {
            tyto_vocabulary_destroy(vocabulary);
            return tyto_fail(err, TYTO_E_RANGE,
                             "embedding of '%.60s': required finite numbers that aren't all 0",
                             labels[i]);
        }
    }
    *out = vocabulary;
    return TYTO_OK;
}

tyto_status tyto_vocabulary_from_features(const float *features, const char *const *labels,
                                          int64_t count, int64_t width, tyto_vocabulary **out,
                                          tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, features);
    TYTO_REQUIRE(err, labels);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    return tyto_vocabulary_make(features, labels, count, width, TYTO_QUERY_KIND_CLASS, out, err);
}

static tyto_status check_parts(const tyto_vocabulary *const *parts, int64_t count, int64_t *total,
                               tyto_error *err)
{
    *total = 0;
    for (int64_t i = 0; i < count; i++) {
        TYTO_REQUIRE(err, parts[i]);
        *total += parts[i]->count;
        if (parts[i]->width != parts[0]->width) {
            return tyto_fail(err, TYTO_E_SHAPE,
                             "query '%.60s': got an embedding of %lld numbers, required %lld as "
                             "'%.60s' has",
                             parts[i]->labels[0], (long long)parts[i]->width,
                             (long long)parts[0]->width, parts[0]->labels[0]);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_vocabulary_join(const tyto_vocabulary *const *parts, int64_t count,
                                 tyto_vocabulary **out, tyto_error *err)
{
    int64_t total, at = 0;
    tyto_vocabulary *joined = NULL;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    TYTO_REQUIRE(err, parts);
    *out = NULL;
    TYTO_TRY(check_parts(parts, count, &total, err));
    const char **labels = tyto_alloc((size_t)total, sizeof(*labels));
    if (!labels) {
        return tyto_fail_memory(err, "vocabulary");
    }
    for (int64_t i = 0; i < count; i++) {
        for (int64_t k = 0; k < parts[i]->count; k++) {
            labels[at++] = parts[i]->labels[k];
        }
    }
    tyto_status status = start(labels, total, count > 0 ? parts[0]->width : 1, &joined, err);
    for (int64_t i = 0, row = 0; status == TYTO_OK && i < count; row += parts[i++]->count) {
        const int64_t width = joined->width;
        const size_t numbers = (size_t)(parts[i]->count * width) * sizeof(float);
        memcpy(joined->unit + row * width, parts[i]->unit, numbers);
        memcpy(joined->features + row * width, parts[i]->features, numbers);
        memcpy(joined->origins + row, parts[i]->origins,
               (size_t)parts[i]->count * sizeof(*joined->origins));
    }
    free(labels);
    *out = joined;
    return status;
}

/* A query by its label. */
typedef struct labelled {
    const char *label;
    int64_t index;
} labelled;

static int by_label(const void *left, const void *right)
{
    const labelled *a = left, *b = right;
    const int order = strcmp(a->label, b->label);
    return order ? order : a->index < b->index ? -1 : a->index > b->index;
}

bool tyto_labels_firsts(const char *const *labels, int64_t count, int64_t *first)
{
    labelled *sorted = tyto_alloc((size_t)count, sizeof(*sorted));
    for (int64_t i = 0; sorted && i < count; i++) {
        sorted[i] = (labelled){labels[i], i};
    }
    if (sorted && count > 0) {
        qsort(sorted, (size_t)count, sizeof(*sorted), by_label);
    }
    for (int64_t i = 0; sorted && i < count; i++) {
        const bool same = i > 0 && strcmp(sorted[i].label, sorted[i - 1].label) == 0;
        first[sorted[i].index] = same ? first[sorted[i - 1].index] : sorted[i].index;
    }
    free(sorted);
    return sorted != NULL;
}

static void add_row(float *sum, const float *row, int64_t width)
{
    for (int64_t c = 0; c < width; c++) {
        sum[c] += row[c];
    }
}

tyto_status tyto_vocabulary_average(const tyto_vocabulary *vocabulary, tyto_vocabulary **out,
                                    tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, vocabulary);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    const int64_t count = vocabulary->count, width = vocabulary->width;
    const char *const *all = (const char *const *)vocabulary->labels;
    int64_t *first = tyto_alloc((size_t)count, sizeof(*first)), kept = 0;
    float *sums = tyto_alloc_zeroed((size_t)count, (size_t)width * sizeof(float));
    const char **labels = tyto_alloc((size_t)count, sizeof(*labels));
    tyto_status status = TYTO_OK;
    if (!first || !sums || !labels || !tyto_labels_firsts(all, count, first)) {
        status = tyto_fail_memory(err, "vocabulary");
        goto cleanup;
    }
    for (int64_t i = 0; i < count; i++) {
        add_row(sums + first[i] * width, vocabulary->unit + i * width, width);
    }
    for (int64_t i = 0; i < count; i++) {
        if (first[i] == i) {
            memmove(sums + kept * width, sums + i * width, (size_t)width * sizeof(float));
            labels[kept++] = all[i];
        }
    }
    TYTO_CHECK(tyto_vocabulary_make(sums, labels, kept, width, TYTO_QUERY_KIND_CLASS, out, err));
    for (int64_t i = 0, at = 0; i < count; i++) {
        if (first[i] == i) {
            (*out)->origins[at++] = vocabulary->origins[i];
        }
    }
cleanup:
    free(first);
    free(sums);
    free(labels);
    return status;
}
