/* Thresholds as people write them. */
#include <stdlib.h>
#include <string.h>
#include <tyto/search.h>

#include "base/error.h"

/* The number that all of the text is; false: it is none from 0 to 1. */
static bool read_number(const char *text, float *out)
{
    char *end;
    *out = strtof(text, &end);
    return end != text && !*end && *out >= 0.0F && *out <= 1.0F;
}

static tyto_status read_one(const char *text, const char *const *labels, int64_t n_labels,
                            float *threshold, float *out, tyto_error *err)
{
    const char *equals = strrchr(text, '=');
    float value;
    if (!read_number(equals ? equals + 1 : text, &value)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "threshold: got '%s', required a number from 0 to 1, or LABEL=NUMBER",
                         text);
    }
    if (!equals) {
        *threshold = value;
        return TYTO_OK;
    }
    const size_t length = (size_t)(equals - text);
    bool known = false;
    for (int64_t i = 0; i < n_labels; i++) {
        if (strlen(labels[i]) == length && memcmp(labels[i], text, length) == 0) {
            out[i] = value;
            known = true;
        }
    }
    return known ? TYTO_OK
                 : tyto_fail(err, TYTO_E_ARGUMENT,
                             "threshold: got the label '%.*s', required one of the labels",
                             (int)length, text);
}

tyto_status tyto_search_thresholds(const char *const *texts, int64_t n_texts,
                                   const char *const *labels, int64_t n_labels, float *threshold,
                                   float *out, tyto_error *err)
{
    const float none = -1.0F;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, threshold);
    TYTO_TRY(tyto_check_list(texts, n_texts, "texts", err));
    TYTO_TRY(tyto_check_list(labels, n_labels, "labels", err));
    TYTO_TRY(tyto_check_list(out, n_labels, "out", err));
    for (int64_t i = 0; i < n_labels; i++) {
        TYTO_REQUIRE(err, labels[i]);
        out[i] = none;
    }
    for (int64_t i = 0; i < n_texts; i++) {
        TYTO_REQUIRE(err, texts[i]);
        TYTO_TRY(read_one(texts[i], labels, n_labels, threshold, out, err));
    }
    for (int64_t i = 0; i < n_labels; i++) {
        out[i] = out[i] < 0.0F ? *threshold : out[i];
    }
    return TYTO_OK;
}
