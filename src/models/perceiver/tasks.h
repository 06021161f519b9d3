/** What Perceivers can be asked for, by class. */
#ifndef TYTO_MODELS_PERCEIVER_TASKS_H
#define TYTO_MODELS_PERCEIVER_TASKS_H

#include "models/perceiver/model.h"

#define TYTO_PERCEIVER_DECLARE_TASKS(id, name)                                                     \
    extern const tyto_family_tasks tyto_perceiver_##id##_tasks;
TYTO_PERCEIVER_CLASS_LIST(TYTO_PERCEIVER_DECLARE_TASKS)
#undef TYTO_PERCEIVER_DECLARE_TASKS

#endif
