/** The files beside the weights of a checkpoint folder that is written. */
#ifndef TYTO_RUNTIME_CONVERSION_H
#define TYTO_RUNTIME_CONVERSION_H

#include <jansson.h>
#include <stdbool.h>
#include <tyto/convert.h>
#include <tyto/tensor.h>

#include "base/folder.h"

/** Whether a checkpoint has a file of that name. */
bool tyto_checkpoint_has_file(const char *name);

/** Copies the files of the processor and the tokenizer, and the model's card, as far as they exist.
 */
TYTO_NODISCARD tyto_status tyto_copy_processors(const char *origin, const char *place,
                                                tyto_error *err);
/** Copies config.json. torch_dtype, the reference's name of an element type, replaces that of the
 *  config; NULL: it stays. */
TYTO_NODISCARD tyto_status tyto_copy_config(const char *origin, const char *place,
                                            const char *torch_dtype, tyto_error *err);

/** Writes an object as the reference writes its own: sorted, indented. */
TYTO_NODISCARD tyto_status tyto_write_json(const json_t *object, const char *path, tyto_error *err);

/** Copies `own` to `err`. Where the message names the temporary folder, it names the final one
 *  instead. */
TYTO_NODISCARD tyto_status tyto_fail_in_place(const tyto_folder_writer *folder, tyto_status status,
                                              tyto_error *own, tyto_error *err);

/** *own = the caller's options, and defaults for what they leave out. */
TYTO_NODISCARD tyto_status tyto_convert_options_take(const tyto_convert_options *given,
                                                     tyto_convert_options *own, tyto_error *err);
/** Calls their progress function, in the stage "weights"; false stops. */
bool tyto_convert_progress(const tyto_convert_options *options, const char *file, uint64_t done,
                           uint64_t total);

#endif
