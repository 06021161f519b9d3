#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static const char *const names[] = {
#define NAME(name, value, text) #name,
    TYTO_STATUS_LIST(NAME)
#undef NAME
};

static const char *const texts[] = {
#define TEXT(name, value, text) text,
    TYTO_STATUS_LIST(TEXT)
#undef TEXT
};

#define STATUS_COUNT (sizeof(names) / sizeof(names[0]))

const char *tyto_status_name(tyto_status status)
{
    return (size_t)status < STATUS_COUNT ? names[status] : "E_UNKNOWN";
}

const char *tyto_status_text(tyto_status status)
{
    return (size_t)status < STATUS_COUNT ? texts[status] : "unknown status";
}

const char *tyto_error_message(const tyto_error *err)
{
    if (!err) {
        return "";
    }
    return err->message ? err->message : tyto_status_text(err->status);
}

void tyto_error_clear(tyto_error *err)
{
    if (err) {
        free(err->message);
        err->message = NULL;
        err->status = TYTO_OK;
    }
}

static char *format_text(const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0) {
        return NULL;
    }
    char *text = tyto_alloc((size_t)length + 1, 1);
    if (text) {
        vsnprintf(text, (size_t)length + 1, format, args);
    }
    return text;
}

tyto_status tyto_fail(tyto_error *err, tyto_status status, const char *format, ...)
{
    if (err && err->status == TYTO_OK) {
        va_list args;
        va_start(args, format);
        err->status = status;
        err->message = format_text(format, args);
        va_end(args);
    }
    return status;
}

tyto_status tyto_fail_memory(tyto_error *err, const char *what)
{
    return tyto_fail(err, TYTO_E_MEMORY, "%s: out of memory", what);
}

tyto_status tyto_fail_null(tyto_error *err, const char *argument)
{
    return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got NULL, required a value", argument);
}

tyto_status tyto_check_list(const void *items, int64_t count, const char *name, tyto_error *err)
{
    return count < 0 || (count > 0 && !items)
               ? tyto_fail(err, TYTO_E_ARGUMENT, "%s: got %lld, required a list of them", name,
                           (long long)count)
               : TYTO_OK;
}

tyto_status tyto_check_enum(int value, int last, const char *name, tyto_error *err)
{
    return value < 0 || value > last
               ? tyto_fail(err, TYTO_E_ARGUMENT, "%s: got %d, required 0 to %d", name, value, last)
               : TYTO_OK;
}

void tyto_error_prefix(tyto_error *err, const char *prefix)
{
    if (!err || err->status == TYTO_OK || !err->message) {
        return;
    }
    size_t bytes = strlen(prefix) + strlen(err->message) + 3;
    char *joined = tyto_alloc(bytes, 1);
    if (joined) {
        snprintf(joined, bytes, "%s: %s", prefix, err->message);
        free(err->message);
        err->message = joined;
    }
}
