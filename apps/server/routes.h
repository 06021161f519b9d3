/** What is answered where: one table, of which /openapi.json is made too. */
#ifndef TYTO_SERVER_ROUTES_H
#define TYTO_SERVER_ROUTES_H

#include <jansson.h>

#include "exchange.h"

/** Answers a request that needs no work, on the thread of the network. */
typedef void (*instant_fn)(exchange *x);
/** Answers a request on a worker's thread. */
typedef void (*work_fn)(exchange *x, worker *w);

/** What a body may be. */
typedef enum body_kind {
    BODY_NONE,
    BODY_JSON,
    BODY_JSON_OR_PICTURE, /**< or a picture as it is */
    BODY_TENSORS          /**< JSON, with binary tensors behind it */
} body_kind;

struct route {
    const char *method;
    const char *path;               /**< as in OpenAPI: "/v2/models/{model}" */
    const char *summary;            /**< of the document */
    const char *request, *response; /**< names of schemas in the document; NULL: none */
    const char *query;              /**< a schema whose properties are arguments; NULL: none */
    const char *type;               /**< of a reply that isn't JSON; NULL: it is, or is empty */
    unsigned code;                  /**< of the reply when all went well; 0: 200 */
    body_kind body;
    bool open;  /**< without a key */
    bool loads; /**< only with --allow-load */
    instant_fn instant;
    work_fn work;
};

/** Ends with an entry of zeros. */
extern const route routes[];

/** The route of a method and path, its captures filled. NULL: none; `*allow` is what the path
 *  takes instead, borrowed, or NULL where there is no such path. */
const route *route_find(exchange *x, const char **allow);

#endif
