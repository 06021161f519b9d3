#include "tensor/tensor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <tyto/precision.h>

#include "base/memory.h"

static const struct {
    const char *name;
    size_t bytes;
} dtypes[TYTO_DTYPE_COUNT] = {
#define DTYPE(name, value, text, bytes) [TYTO_##name] = {text, bytes},
    TYTO_DTYPE_LIST(DTYPE)
#undef DTYPE
};

const char *tyto_dtype_name(tyto_dtype dtype)
{
    return (size_t)dtype < TYTO_DTYPE_COUNT ? dtypes[dtype].name : "?";
}

size_t tyto_dtype_bytes(tyto_dtype dtype)
{
    return (size_t)dtype < TYTO_DTYPE_COUNT ? dtypes[dtype].bytes : 0;
}

const char *tyto_precision_name(tyto_precision precision)
{
    static const char *const names[] = {
#define NAME(name, value, text) [value] = text,
        TYTO_PRECISION_LIST(NAME)
#undef NAME
    };
    return (size_t)precision < sizeof(names) / sizeof(names[0]) ? names[precision] : "?";
}

bool tyto_dtype_from_name(const char *name, tyto_dtype *out)
{
    for (int i = 0; i < TYTO_DTYPE_COUNT; i++) {
        if (strcmp(dtypes[i].name, name) == 0) {
            *out = (tyto_dtype)i;
            return true;
        }
    }
    return false;
}

int64_t tyto_tensor_elements(const tyto_tensor *tensor)
{
    int64_t elements = tensor ? 1 : 0;
    for (int i = 0; tensor && i < tensor->rank; i++) {
        elements *= tensor->shape[i];
    }
    return elements;
}

bool tyto_tensor_bytes(const tyto_tensor *tensor, size_t *bytes)
{
    if ((size_t)tensor->dtype >= TYTO_DTYPE_COUNT || tensor->rank < 0 ||
        tensor->rank > TYTO_RANK_MAX) {
        return false;
    }
    int64_t size = (int64_t)dtypes[tensor->dtype].bytes;
    bool empty = false;
    for (int i = 0; i < tensor->rank; i++) {
        empty = empty || tensor->shape[i] == 0;
        /* A 0 must not hide an overflow beside it: strides are computed from the other ones. */
        int64_t factor = tensor->shape[i] == 0 ? 1 : tensor->shape[i];
        if (factor < 0 || !tyto_mul_i64(size, factor, &size)) {
            return false;
        }
    }
    *bytes = empty ? 0 : (size_t)size;
    return true;
}

const char *tyto_tensor_shape_text(const int64_t *shape, int rank, char text[TYTO_SHAPE_TEXT_BYTES])
{
    size_t at = 0;
    text[at++] = '[';
    for (int i = 0; i < rank; i++) {
        at += (size_t)snprintf(text + at, TYTO_SHAPE_TEXT_BYTES - at, "%s%" PRId64, i ? "," : "",
                               shape[i]);
    }
    text[at++] = ']';
    text[at] = '\0';
    return text;
}
