/* Ids in a tokenizer's documents. */
#include "base/error.h"
#include "formats/json.h"
#include "processors/text/read.h"

tyto_status tyto_read_id(const json_t *value, const char *file, const char *what, int32_t *out,
                         tyto_error *err)
{
    const double id = json_is_number(value) ? json_number_value(value) : -1;
    if (!json_is_number(value)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%.60s': got %s, required an id", file, what,
                         tyto_json_type(value));
    }
    if (!(id >= 0 && id <= TYTO_TOKEN_ID_MAX) || id != (double)(int32_t)id) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: '%.60s': got id %.15g, required 0 to %d", file,
                         what, id, TYTO_TOKEN_ID_MAX);
    }
    *out = (int32_t)id;
    return TYTO_OK;
}
