/** Files of tensors, looked at. */
#ifndef TYTO_CLI_TENSORS_H
#define TYTO_CLI_TENSORS_H

#include <jansson.h>
#include <stdio.h>

/** A file's tensors as {file, tensors: [{name, dtype, shape, least, most, mean}]}: numbers that are
 *  not finite take no part, and where none is left the three are null. NULL after a complaint. */
json_t *tensors_look(const char *path);
/** That, for eyes. */
void tensors_print(FILE *to, const json_t *file);

#endif
