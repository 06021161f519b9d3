/** Checkpoints by what people call them: a folder, a hub id, or nothing at all. */
#ifndef TYTO_CHECKPOINT_H
#define TYTO_CHECKPOINT_H

#include <tyto/hub.h>
#include <tyto/model.h>

TYTO_BEGIN_DECLS

/** The folder that a name means.
 *
 *  | name                                        | folder                                         |
 *  |---------------------------------------------|------------------------------------------------|
 *  | NULL                                        | what TYTO_MODEL in the environment means, or   |
 *  |                                             | else the model that comes with tyto            |
 *  | a folder's path                             | that one                                       |
 *  | a hub id, OWNER/NAME or OWNER/NAME@REVISION | its snapshot in the cache; downloaded first    |
 *  |                                             | when it isn't there                            |
 *
 *  What exists as a path is never looked for on the hub. A folder that isn't there, called like a
 *  published checkpoint, is refused with that one's id.
 *
 *  memory   release *out with tyto_free
 *  errors   E_ARGUMENT (a file), E_NOT_FOUND (no such folder; the model that comes with tyto is not
 *           installed), and those of tyto_hub_find and tyto_hub_pull
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_checkpoint_locate(const char *name,
                                                           const tyto_hub_options *options,
                                                           char **out, tyto_error *err);

/** tyto_model_open of the folder that the name means.
 *  hub      NULL: the defaults
 *  options  NULL: the defaults
 *  errors   those of tyto_checkpoint_locate and tyto_model_open
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_checkpoint_open(const tyto_engine *engine,
                                                         const char *name,
                                                         const tyto_hub_options *hub,
                                                         const tyto_model_open_options *options,
                                                         tyto_model **out, tyto_error *err);

TYTO_END_DECLS

#endif
