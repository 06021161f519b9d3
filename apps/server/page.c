#include "page.h"

#include <microhttpd.h>
#include <string.h>

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
