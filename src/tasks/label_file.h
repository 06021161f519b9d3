/** Files of labels. */
#ifndef TYTO_TASKS_LABEL_FILE_H
#define TYTO_TASKS_LABEL_FILE_H

#include <tyto/files.h>

/** The labels of a file: lines without spaces around them, each once; or `names` of a .yaml or .yml
 *  file as ultralytics has it, all of them, since they are numbered.
 *  merged  how many lines were there already
 *  memory  release *out with tyto_file_list_clear, on failure too
 *  errors  those of tyto_file_lines_read; E_FORMAT (no names; not numbered from 0 on), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_label_file_read(const char *path, tyto_file_list *out,
                                                int64_t *merged, tyto_error *err);

#endif
