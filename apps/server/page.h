/** The page and its files, which are in the program. */
#ifndef TYTO_SERVER_PAGE_H
#define TYTO_SERVER_PAGE_H

#include "exchange.h"

struct MHD_Response;

/** Adds what a browser is told of how a reply of that type may be used. */
void page_add_headers(struct MHD_Response *response, const char *type);

/** Answers with a file of the page, by the path. */
void page_answer(exchange *x);

#endif
