#include "base/options.h"

#include <string.h>

#include "base/error.h"

tyto_status tyto_options_read(void *own, size_t own_bytes, const void *given, const char *type,
                              tyto_error *err)
{
    size_t bytes;
    if (!given) {
        return TYTO_OK;
    }
    memcpy(&bytes, given, sizeof(bytes));
    if (bytes < sizeof(bytes) || bytes > own_bytes) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "%s: got struct_bytes %zu, required at most %zu, as %s_init sets it", type,
                         bytes, own_bytes, type);
    }
    memcpy(own, given, bytes);
    memcpy(own, &own_bytes, sizeof(own_bytes));
    return TYTO_OK;
}

void tyto_options_init(void *options, size_t struct_bytes, const void *defaults, size_t own_bytes)
{
    if (!options || struct_bytes < sizeof(struct_bytes)) {
        return;
    }
    memset(options, 0, struct_bytes);
    memcpy(options, defaults, struct_bytes < own_bytes ? struct_bytes : own_bytes);
    memcpy(options, &struct_bytes, sizeof(struct_bytes));
}
