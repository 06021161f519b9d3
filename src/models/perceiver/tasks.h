/** What Perceivers can be asked for. heads.def says which of these each class offers. */
#ifndef TYTO_MODELS_PERCEIVER_TASKS_H
#define TYTO_MODELS_PERCEIVER_TASKS_H

#include "models/family_tasks.h"

/** Also of PerceiverModel, which users compose of their own parts. */
extern const tyto_family_tasks tyto_perceiver_classify_tasks;
extern const tyto_family_tasks tyto_perceiver_classify_pictures_tasks;
extern const tyto_family_tasks tyto_perceiver_fill_mask_tasks;
extern const tyto_family_tasks tyto_perceiver_flow_tasks;
extern const tyto_family_tasks tyto_perceiver_autoencode_tasks;

#endif
