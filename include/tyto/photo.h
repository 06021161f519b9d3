/** Photos, encoded once for any number of vocabularies and questions. */
#ifndef TYTO_PHOTO_H
#define TYTO_PHOTO_H

#include <tyto/detect.h>

TYTO_BEGIN_DECLS

/** What the image tower makes of a photo: the features of its patches. Immutable; any session of
 *  the same model may use it. */
typedef struct tyto_photo tyto_photo;

/** Runs the image tower, which is nearly all of a detection's work.
 *  errors  E_ARGUMENT (a model without detection heads or image processor), E_LIMIT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_create(tyto_session *session,
                                                      const tyto_image *image, tyto_photo **out,
                                                      tyto_error *err);
TYTO_API void tyto_photo_destroy(tyto_photo *photo);

/** tyto_detect in a photo that is encoded already; vocabulary NULL: by objectness. */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_detect(tyto_session *session,
                                                      const tyto_photo *photo,
                                                      const tyto_vocabulary *vocabulary,
                                                      const tyto_postprocess_options *options,
                                                      tyto_detections *out, tyto_error *err);

/** The embeddings of the patches that detections come from, one query each.
 *  labels  one text per detection, or NULL: "object" for all
 *  memory  release *out with tyto_vocabulary_destroy
 *  errors  E_ARGUMENT (no detection), E_RANGE (a patch that the photo lacks), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_photo_embed(tyto_session *session, const tyto_photo *photo,
                                                     const tyto_detections *detections,
                                                     const char *const *labels,
                                                     tyto_vocabulary **out, tyto_error *err);

TYTO_END_DECLS

#endif
