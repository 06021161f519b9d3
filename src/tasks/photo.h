/** Photos from the inside, and how they get into networks. */
#ifndef TYTO_TASKS_PHOTO_H
#define TYTO_TASKS_PHOTO_H

#include <tyto/photo.h>

#include "models/family_tasks.h"
#include "processors/image/image_processor.h"

struct tyto_photo {
    int64_t width_px, height_px;
    bool padded;        /* to a square, before the network saw it */
    tyto_tensor embeds; /* image_embeds[1,G,G,D]; its data is owned */
    float *boxes;       /* pred_boxes[P,4], which are the same for whatever is looked for; owned */
};

/** How the session's model searches.
 *  errors  E_ARGUMENT: it doesn't */
TYTO_NODISCARD tyto_status tyto_search_family(const tyto_session *session,
                                              const tyto_family_search **out, tyto_error *err);

/** The processor that a call was given, or else the model's.
 *  errors  E_ARGUMENT (there is none) */
TYTO_NODISCARD tyto_status tyto_picture_processor(const tyto_session *session,
                                                  const tyto_image_processor *given,
                                                  const tyto_image_processor **out,
                                                  tyto_error *err);

/** The picture as pixel_values[1,3,H,W] in the session's buffer, which stays for the next one.
 *  processor  the caller's, or NULL
 *  errors     E_ARGUMENT (no processor, no pixels), E_LIMIT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_picture_read(tyto_session *session,
                                             const tyto_image_processor *processor,
                                             const tyto_image *image, tyto_tensor *out,
                                             tyto_error *err);

#endif
