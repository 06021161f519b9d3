/** What a model offers of tasks, from the inside. */
#ifndef TYTO_TASKS_OFFER_H
#define TYTO_TASKS_OFFER_H

#include <tyto/tasks.h>

#include "base/buffer.h"
#include "runtime/model.h"

/** Whether that class of models has the task. */
bool tyto_offer_has(const tyto_architecture *architecture, tyto_task task);
/** Adds "A, B or C" to the buffer: the classes that have the task. */
void tyto_offer_classes(tyto_task task, tyto_buffer *buffer);
/** E_ARGUMENT: the model has no such task; the message names the classes that have it. */
tyto_status tyto_offer_missing(const tyto_model *model, tyto_task task, tyto_error *err);

#endif
