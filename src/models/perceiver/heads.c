#include "models/perceiver/heads.h"

#include <string.h>

#include "models/perceiver/describe/compositions.h"
#include "models/perceiver/examples.h"
#include "models/perceiver/tasks.h"

const tyto_perceiver_head tyto_perceiver_heads[] = {
#define HEAD(id, class, synonym, labels, tied, describe, example, tasks)                           \
    {class, synonym, labels, tied, describe, example, &tasks},
#include "models/perceiver/heads.def"
#undef HEAD
};

const tyto_perceiver_head *tyto_perceiver_head_find(const char *class_name)
{
    for (int i = 0; i < TYTO_PERCEIVER_HEADS; i++) {
        if (strcmp(tyto_perceiver_heads[i].class_name, class_name) == 0) {
            return &tyto_perceiver_heads[i];
        }
    }
    return NULL;
}

json_t *tyto_perceiver_composition(const char *class_name, const tyto_perceiver_config *config,
                                   bool *no_memory)
{
    const tyto_perceiver_head *head = tyto_perceiver_head_find(class_name);
    json_t *description = head && head->describe ? head->describe(config) : NULL;
    *no_memory = head && head->describe && !description;
    return description;
}
