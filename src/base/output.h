/** Files that are written as programs write them, when there is no more room. */
#ifndef TYTO_BASE_OUTPUT_H
#define TYTO_BASE_OUTPUT_H

#include <stddef.h>
#include <tyto/output.h>

/** Makes room for so many bytes behind the last flush, where the file system can do that before
 *  they are written.
 *  errors  E_IO (the disk is full) */
TYTO_NODISCARD tyto_status tyto_output_reserve(tyto_output *output, size_t length_bytes,
                                               tyto_error *err);
/** After a write that failed: takes back what was written since the last flush. Returns whether
 *  that could be done; of standard output and pipes it can't. */
bool tyto_output_take_back(tyto_output *output);

#endif
