/** What was found out about a checkpoint, or about files of tensors, for people. */
#ifndef TYTO_RESULTS_DOCUMENTS_INSPECTION_H
#define TYTO_RESULTS_DOCUMENTS_INSPECTION_H

#include "results/writer.h"

/** The object that the JSON document is, as text. tensors: list them all. */
void tyto_inspection_print(tyto_writer *writer, const json_t *root, bool tensors);
/** A file's object, {file, tensors: [{name, dtype, shape, least, most, mean}]}, as a table. */
void tyto_tensors_print(tyto_writer *writer, const json_t *file);

#endif
