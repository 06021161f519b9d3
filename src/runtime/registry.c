#include <string.h>

#include "models/owlv2/model.h"
#include "models/perceiver/model.h"
#include "runtime/model.h"

#define PERCEIVER(id, class_name) &tyto_perceiver_##id##_architecture,

static const tyto_architecture *const architectures[] = {
    &tyto_owlv2_detection_architecture, &tyto_owlv2_base_architecture,
    &tyto_owlv2_text_architecture, &tyto_owlv2_vision_architecture,
    TYTO_PERCEIVER_CLASS_LIST(PERCEIVER)};

const tyto_architecture *tyto_architecture_find(const char *model_type, const char *class_name)
{
    for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++) {
        if (strcmp(architectures[i]->model_type, model_type) == 0 &&
            (!class_name || strcmp(architectures[i]->default_head, class_name) == 0)) {
            return architectures[i];
        }
    }
    return NULL;
}

const tyto_head *tyto_head_find(const tyto_architecture *architecture, const char *name)
{
    for (size_t i = 0; i < architecture->n_heads; i++) {
        if (strcmp(architecture->heads[i].name, name) == 0) {
            return &architecture->heads[i];
        }
    }
    return NULL;
}
