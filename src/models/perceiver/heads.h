/** The table of heads: all that differs from class to class. */
#ifndef TYTO_MODELS_PERCEIVER_HEADS_H
#define TYTO_MODELS_PERCEIVER_HEADS_H

#include <jansson.h>

#include "models/architecture.h"
#include "models/perceiver/describe/config.h"

/** The class whose head any checkpoint runs, beside its own. */
#define TYTO_PERCEIVER_BARE "PerceiverModel"

/** A class, as heads.def has it. */
typedef struct tyto_perceiver_head {
    const char *class_name, *synonym;
    bool labels, tied;
    json_t *(*describe)(const tyto_perceiver_config *config); /* NULL when memory is out */
    void (*example)(const tyto_perceiver_config *config, int64_t batch, tyto_example *out);
    const tyto_family_tasks *tasks;
} tyto_perceiver_head;

/** TYTO_PERCEIVER_HEAD_id: the place of each in tyto_perceiver_heads. */
enum {
#define HEAD(id, ...) TYTO_PERCEIVER_HEAD_##id,
#include "models/perceiver/heads.def"
#undef HEAD
    TYTO_PERCEIVER_HEADS
};

extern const tyto_perceiver_head tyto_perceiver_heads[TYTO_PERCEIVER_HEADS];

/** The head of that class, or NULL. */
const tyto_perceiver_head *tyto_perceiver_head_find(const char *class_name);

/** The description of that class's parts; NULL for classes without and unknown ones, or when memory
 *  is out (*no_memory). Release with json_decref. */
json_t *tyto_perceiver_composition(const char *class_name, const tyto_perceiver_config *config,
                                   bool *no_memory);

#endif
