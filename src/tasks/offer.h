/** What a model offers of tasks, from the inside. */
#ifndef TYTO_TASKS_OFFER_H
#define TYTO_TASKS_OFFER_H

#include <tyto/tasks.h>

#include "base/buffer.h"
#include "runtime/model.h"

/** Adds "A, B or C" to the buffer: the classes that have the task. */
void tyto_offer_classes(tyto_task task, tyto_buffer *buffer);
/** E_ARGUMENT: the model has no such task; the message names the classes that have it. */
tyto_status tyto_offer_missing(const tyto_model *model, tyto_task task, tyto_error *err);

#endif
