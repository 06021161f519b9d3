#include "records.h"

#include <string.h>

#include "json.h"
#include "signals.h"

bool records_open(records *to, const char *path, int format, const char *header)
{
    *to = (records){.format = (record_format)format};
    if (!output_open(&to->out, path)) {
        return false;
    }
    if (to->format == RECORDS_CSV) {
        fprintf(to->out.stream, "%s\n", header);
    } else if (to->format == RECORDS_JSON) {
        fputs("[", to->out.stream);
    }
    return true;
}

FILE *records_next(records *to)
{
    if (to->written++ > 0 && to->format == RECORDS_TEXT) {
        fputc('\n', to->out.stream);
    }
    return to->out.stream;
}

void records_put(records *to, json_t *value)
{
    if (to->format == RECORDS_JSON) {
        fputs(to->written > 0 ? ",\n" : "\n", to->out.stream);
    }
    to->written++;
    json_write(value, false, to->out.stream);
    if (to->format == RECORDS_JSONL) {
        fputc('\n', to->out.stream);
    }
    json_decref(value);
}

bool records_flush(records *to)
{
    return output_flush(&to->out);
}

bool records_end(records *to)
{
    if (to->format == RECORDS_JSON) {
        fputs(to->written > 0 ? "\n]\n" : "]\n", to->out.stream);
    }
    const bool keep = !interrupted() || !to->out.path;
    const bool good = !keep || output_commit(&to->out);
    output_abandon(&to->out);
    return good;
}

void records_drop(records *to)
{
    output_abandon(&to->out);
}
