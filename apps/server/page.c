#include "page.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_FILE(name, file, path, type) extern const char page_##name[], page_##name##_end[];
#include "page_files.h"
#undef PAGE_FILE

static const struct {
    const char *path, *type, *begin, *end;
} files[] = {
#define PAGE_FILE(name, file, path, type) {path, type, page_##name, page_##name##_end},
#include "page_files.h"
#undef PAGE_FILE
};

void page_add_headers(struct MHD_Response *response, const char *type)
{
    const bool page = type && strncmp(type, "text/html", 9) == 0;
    MHD_add_response_header(
        response, "Content-Security-Policy",
        page ? "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: "
               "data:; "
               "media-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
               "frame-ancestors 'none'"
             : "default-src 'none'; frame-ancestors 'none'");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
}

void page_answer(exchange *x)
{
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
        if (strcmp(x->path, files[i].path) == 0) {
            const size_t length = (size_t)(files[i].end - files[i].begin);
            char *copy = malloc(length);
            if (!copy) {
                reply_error(x, 503, "out of memory");
                return;
            }
            memcpy(copy, files[i].begin, length);
            reply_bytes(x, 200, files[i].type, copy, length);
            return;
        }
    }
    reply_error(x, 404, "there is nothing at this path");
}
