#include "runtime/advice.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

static tyto_status read_threshold(const json_t *value, const char *file, float *out,
                                  tyto_error *err)
{
    const double number = json_is_number(value) ? json_number_value(value) : -1.0;
    if (!value) {
        return TYTO_OK;
    }
    if (!(number >= 0.0 && number <= 1.0)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'tyto.threshold': required a number from 0 to 1",
                         file);
    }
    *out = (float)number;
    return TYTO_OK;
}

/* Whether the text is a line that a terminal may be given. */
static bool is_line(const char *text, size_t length)
{
    bool good = length <= TYTO_ADVICE_NOTE_BYTES_MAX;
    for (size_t i = 0; good && i < length; i++) {
        const unsigned char c = (unsigned char)text[i];
        good = c >= ' ' && c != 0x7F;
    }
    return good;
}

tyto_status tyto_advice_read(const json_t *config, const char *file, tyto_advice *out,
                             tyto_error *err)
{
    const json_t *advice = json_object_get(config, "tyto"), *note = json_object_get(advice, "note");
    *out = (tyto_advice){.threshold = -1.0F};
    TYTO_TRY(read_threshold(json_object_get(advice, "threshold"), file, &out->threshold, err));
    if (!note) {
        return TYTO_OK;
    }
    if (!json_is_string(note) || !is_line(json_string_value(note), json_string_length(note))) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'tyto.note': required a line of at most %d bytes",
                         file, TYTO_ADVICE_NOTE_BYTES_MAX);
    }
    out->note = tyto_copy_text(json_string_value(note), json_string_length(note));
    return out->note ? TYTO_OK : tyto_fail_memory(err, file);
}

void tyto_advice_clear(tyto_advice *advice)
{
    free(advice->note);
    *advice = (tyto_advice){.threshold = -1.0F};
}
