/** What OWLv2's checkpoints can be asked for, by class. */
#ifndef TYTO_MODELS_OWLV2_TASKS_H
#define TYTO_MODELS_OWLV2_TASKS_H

#include "models/family_tasks.h"

extern const tyto_family_tasks tyto_owlv2_detection_tasks;
extern const tyto_family_tasks tyto_owlv2_base_tasks;
/** Towers by themselves give hidden states, which no task asks for. */
extern const tyto_family_tasks tyto_owlv2_text_tasks;
extern const tyto_family_tasks tyto_owlv2_vision_tasks;

#endif
