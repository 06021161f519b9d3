/** Routes of the server's own: photos and vocabularies that are held, and searches with them. */
#ifndef TYTO_SERVER_OWN_H
#define TYTO_SERVER_OWN_H

#include "routes.h"

/** POST /v1/photos: encodes a picture and holds it. */
void own_photo(exchange *x, worker *w);
/** POST /v1/vocabularies: encodes texts and examples and holds them. */
void own_vocabulary(exchange *x, worker *w);
/** POST /v1/detect: looks for a vocabulary in a photo. */
void own_detect(exchange *x, worker *w);
/** DELETE /v1/photos/{id} and /v1/vocabularies/{id}. */
void own_drop_photo(exchange *x);
void own_drop_vocabulary(exchange *x);

/** Releases a photo that is held. */
void own_destroy_photo(void *thing);

#endif
