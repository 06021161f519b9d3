/** Encoding from the inside. */
#ifndef TYTO_TASKS_EMBED_H
#define TYTO_TASKS_EMBED_H

#include <tyto/embed.h>
#include <tyto/photo.h>

/** *own = the defaults, and over them what the caller gave. */
TYTO_NODISCARD tyto_status tyto_embed_options_read(tyto_embed_options *own,
                                                   const tyto_embed_options *given,
                                                   tyto_error *err);

/** tyto_photo_create without checks of its arguments, and without a follower of its own. */
TYTO_NODISCARD tyto_status tyto_photo_encode(tyto_session *session, const tyto_image *image,
                                             const tyto_image_processor *processor,
                                             tyto_photo **out, tyto_error *err);

#endif
