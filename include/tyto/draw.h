/** Drawing of results on pictures. */
#ifndef TYTO_DRAW_H
#define TYTO_DRAW_H

#include <tyto/detect.h>

TYTO_BEGIN_DECLS

/** Draws boxes with labels and scores into the picture: one colour per label, a font that is part
 *  of the library, sizes chosen from the picture's.
 *  labels  one text per label index
 *  errors  E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_draw_detections(tyto_image *image,
                                                         const tyto_detections *detections,
                                                         const char *const *labels, size_t n_labels,
                                                         tyto_error *err);

TYTO_END_DECLS

#endif
