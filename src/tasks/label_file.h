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
/** `names` of such a file, of its lines; as tyto_label_file_read has it. */
TYTO_NODISCARD tyto_status tyto_yaml_names_read(const char *path, const tyto_file_list *lines,
                                                tyto_file_list *out, tyto_error *err);
/** What a top-level key of such a file has: one text, or a list, over several lines or in brackets.
 *  lines  of the file
 *  *out   empty when the key isn't there, or has nothing; release it with tyto_file_list_clear
 *  errors E_FORMAT, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_yaml_texts_read(const char *path, const tyto_file_list *lines,
                                                const char *key, tyto_file_list *out,
                                                tyto_error *err);

#endif
