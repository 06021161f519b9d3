#include <tyto/tensor.h>

static const struct {
    const char *name;
    size_t bytes;
} types[TYTO_DTYPE_COUNT] = {
#define TYPE(id, name, bytes) {name, bytes},
    TYTO_DTYPE_LIST(TYPE)
#undef TYPE
};

const char *tyto_dtype_name(tyto_dtype dtype)
{
    return (unsigned)dtype < TYTO_DTYPE_COUNT ? types[dtype].name : "?";
}

size_t tyto_dtype_bytes(tyto_dtype dtype)
{
    return (unsigned)dtype < TYTO_DTYPE_COUNT ? types[dtype].bytes : 0;
}

int64_t tyto_tensor_elements(const tyto_tensor *tensor)
{
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; i++) {
        count *= tensor->shape[i];
    }
    return count;
}
