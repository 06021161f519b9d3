#include "weights/choices.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "tensor/convert.h"

#define WEIGHT ".weight"
/* Longest name of a choice. */
#define NAME_BYTES 1024

/* Bytes of the name before ".weight". */
static size_t stem(const char *weight_name)
{
    const size_t length = strlen(weight_name), ending = strlen(WEIGHT);
    const bool ends = length > ending && strcmp(weight_name + length - ending, WEIGHT) == 0;
    return ends ? length - ending : length;
}

const tyto_tensor *tyto_choice_find(const tyto_tensor_file *choices, const char *weight_name,
                                    const char *ending)
{
    char name[NAME_BYTES];
    const int length =
        snprintf(name, sizeof(name), "%.*s%s", (int)stem(weight_name), weight_name, ending);
    return length < (int)sizeof(name) ? tyto_tensor_file_find(choices, name) : NULL;
}

static bool ends_with(const tyto_tensor *choice, size_t length, const char *ending)
{
    return strcmp(choice->name + length, ending) == 0;
}

bool tyto_choice_is_of(const tyto_tensor *choice, const char *weight_name)
{
    const size_t length = stem(weight_name);
    return strncmp(choice->name, weight_name, length) == 0 &&
           (ends_with(choice, length, TYTO_CHOICES_SMOOTH) ||
            ends_with(choice, length, TYTO_CHOICES_BF16));
}

tyto_status tyto_choice_check(const tyto_tensor *choice, int64_t k, const char *file_name,
                              tyto_error *err)
{
    const char *ending = strrchr(choice->name, '.');
    if (strcmp(ending, TYTO_CHOICES_BF16) == 0) {
        return TYTO_OK;
    }
    if (choice->rank != 1 || choice->shape[0] != k || choice->dtype != TYTO_F32) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': required F32 [%lld]", file_name,
                         choice->name, (long long)k);
    }
    for (int64_t c = 0; c < k; c++) {
        float factor;
        memcpy(&factor, (const char *)choice->data + (size_t)c * sizeof(factor), sizeof(factor));
        if (!isfinite(factor) || factor <= 0.0f) {
            return tyto_fail(err, TYTO_E_RANGE,
                             "%s: '%s': element %lld: got %g, required a number above 0", file_name,
                             choice->name, (long long)c, (double)factor);
        }
    }
    return TYTO_OK;
}

tyto_dtype tyto_choice_dtype(const tyto_tensor_file *choices, const char *weight_name,
                             tyto_precision precision, int64_t k)
{
    const bool stays = k > TYTO_INT8_DEPTH_MAX ||
                       (choices && tyto_choice_find(choices, weight_name, TYTO_CHOICES_BF16));
    return precision == TYTO_PRECISION_INT8 && stays ? TYTO_BF16 : tyto_packed_dtype(precision);
}
