/** Which processor a checkpoint has whose own files name none. */
#ifndef TYTO_PROCESSORS_CLASS_OF_MODEL_H
#define TYTO_PROCESSORS_CLASS_OF_MODEL_H

#include <tyto/status.h>

/** *out = the reference's class of it for the kind of model in `folder`; NULL: nobody knows, and
 *  the default is taken. Only called where no other file says it.
 *  memory  *out lives as long as the library
 *  errors  those of reading config.json */
typedef tyto_status (*tyto_class_of_model_fn)(const char *folder, const char **out,
                                              tyto_error *err);

#endif
