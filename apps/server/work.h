/** What the work of all routes shares: its model, its session, its body. */
#ifndef TYTO_SERVER_WORK_H
#define TYTO_SERVER_WORK_H

#include <tyto/image.h>
#include <tyto/photo.h>
#include <tyto/search.h>
#include <tyto/tasks.h>

#include "routes.h"

/** A request at a worker. */
typedef struct work {
    exchange *x;
    server *server;
    worker *worker;
    json_t *body;   /**< of JSON; owned */
    served *served; /**< in use */
    tyto_session *session;
    double stage_s; /**< when the part began that is being timed */
} work;

/** Reads the body, as JSON where the request says it is. Returns false after an error was replied,
 *  here and below; work_end is due in any case. */
bool work_begin(work *job, exchange *x, worker *w);
/** Takes the model of a name, NULL being the default, and the worker's session of it. */
bool work_model(work *job, const char *name);
/** The same, of a model that offers a task. */
bool work_task(work *job, const char *name, tyto_task task);
/** Gives everything back, and notes the request. inputs: how many it was about. */
void work_end(work *job, int64_t inputs);
/** Notes how long the part before took. */
void work_stage(work *job, const char *stage);
/** Replies what went wrong in a call; false then. */
bool work_went(work *job, tyto_status status, tyto_error *err);

/** Unpacks an object as jansson's json_unpack_ex does, strictly: a field that isn't named is an
 *  error. */
bool work_unpack(work *job, json_t *object, const char *format, ...);
/** Decodes base64, which may be a data: URI; release with free. what: how errors name it. */
bool work_bytes_text(work *job, const json_t *text, const char *what, uint8_t **out,
                     size_t *length_bytes);
/** Decodes a picture of base64, which may be a data: URI; release with tyto_image_clear. */
bool work_picture_text(work *job, const json_t *text, tyto_image *out);
/** Decodes a file of a picture; release with tyto_image_clear. */
bool work_picture(work *job, const void *bytes, size_t length_bytes, tyto_image *out);
/** Decodes the body as a picture. */
bool work_picture_body(work *job, tyto_image *out);

/** JSON with a bound on how many values it has; NULL after an error was replied. */
json_t *json_read(exchange *x, const char *bytes, size_t length_bytes);

#endif
