/** The model that a command works with: found, opened, closed. */
#ifndef TYTO_CLI_MODEL_H
#define TYTO_CLI_MODEL_H

#include <stdbool.h>
#include <tyto/model.h>
#include <tyto/session.h>
#include <tyto/tasks.h>

#include "options.h"

/** The checkpoint folder that the options name; release it with tyto_free. NULL after a complaint.
 */
char *model_folder(const common_args *args);

/** An engine as the options want it; NULL after a complaint. */
tyto_engine *engine_open(const common_args *args);
/** The same, with its messages for a function of the caller's. */
tyto_engine *engine_open_logging(const common_args *args, tyto_log_fn log, void *user);

/** Everything that a network needs. Zeros: nothing open. */
typedef struct opened {
    char *folder;
    tyto_engine *engine;
    tyto_model *model;
    tyto_session *session;
    bool named; /**< by an option or the environment; else it is the one that comes with tyto */
} opened;

/** Complains and returns false on failure; close in any case. */
bool model_open(const common_args *args, opened *out);
/** Whether the model can be asked for that; complains and returns false when it is of another kind.
 */
bool model_offers(const opened *model, tyto_task task);
/** Says what the model is for when nobody chose it. */
void model_introduce(const opened *model);
void model_close(opened *model);

#endif
