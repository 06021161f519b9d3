/** Drawing of results on pictures. */
#ifndef TYTO_DRAW_H
#define TYTO_DRAW_H

#include <tyto/detections.h>
#include <tyto/image.h>

TYTO_BEGIN_DECLS

/** Draws boxes with labels and scores into the picture: one colour per label, a font that is part
 *  of the library (Latin, Greek, Cyrillic; an empty box for other letters), sizes chosen from the
 *  picture's. Boxes are cut to the picture; those outside it or with NaN are left out. Labels stay
 *  inside the picture and are shortened, or left out, where it is too small for them.
 *  labels   one UTF-8 text per label index
 *  errors   E_ARGUMENT (no picture, a detection without a label), E_MEMORY, E_UNSUPPORTED (a
 *           FreeType without its usual modules); the picture is then as it was
 *  threads  any, with distinct pictures */
TYTO_API TYTO_NODISCARD tyto_status tyto_draw_detections(tyto_image *image,
                                                         const tyto_detections *detections,
                                                         const char *const *labels, size_t n_labels,
                                                         tyto_error *err);

TYTO_END_DECLS

#endif
