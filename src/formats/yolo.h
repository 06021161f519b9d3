/** YOLO's label files: a line for each object, in parts of the photo's sides. */
#ifndef TYTO_FORMATS_YOLO_H
#define TYTO_FORMATS_YOLO_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/status.h>

/** One object: its label's number, and the centre and size of its box. */
typedef struct tyto_yolo_box {
    int64_t label;
    double x, y, width, height;
} tyto_yolo_box;

/** Lines "label x y width height", with a score behind, which is passed over, or "label x1 y1 x2 y2
 *  x3 y3 …", an outline, of which the box is taken. Empty lines are none.
 *  bytes     [length_bytes]
 *  name      of the file, for messages "name:line: got …"
 *  n_labels  numbers are below
 *  memory    release *out with free
 *  errors    E_FORMAT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_yolo_parse(const char *bytes, size_t length_bytes, const char *name,
                                           int64_t n_labels, tyto_yolo_box **out, int64_t *count,
                                           tyto_error *err);

#endif
