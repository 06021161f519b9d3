#include "tasks/offer.h"

#include <tyto/classify.h>

#include "base/error.h"

const char *tyto_task_name(tyto_task task)
{
    switch (task) {
    case TYTO_TASK_SEARCH:
        return "search";
    case TYTO_TASK_EMBED:
        return "embed";
    case TYTO_TASK_SIMILARITY:
        return "similarity";
    case TYTO_TASK_CLASSIFY:
        return "classify";
    case TYTO_TASK_FILL_MASK:
        return "fill-mask";
    case TYTO_TASK_FLOW:
        return "flow";
    case TYTO_TASK_AUTOENCODE:
        return "autoencode";
    }
    return NULL;
}

static bool offers(const tyto_architecture *architecture, const void *context)
{
    const tyto_family_tasks *tasks = architecture->tasks;
    switch (*(const tyto_task *)context) {
    case TYTO_TASK_SEARCH:
        return tasks->search != NULL;
    case TYTO_TASK_EMBED:
        return tasks->embed != NULL;
    case TYTO_TASK_SIMILARITY:
        return tasks->similarity != NULL;
    case TYTO_TASK_CLASSIFY:
        return tasks->classify != NULL;
    case TYTO_TASK_FILL_MASK:
        return tasks->fill_mask != NULL;
    case TYTO_TASK_FLOW:
        return tasks->flow != NULL;
    case TYTO_TASK_AUTOENCODE:
        return tasks->autoencode != NULL;
    }
    return false;
}

bool tyto_offer_has(const tyto_architecture *architecture, tyto_task task)
{
    return offers(architecture, &task);
}

bool tyto_model_offers(const tyto_model *model, tyto_task task)
{
    return model && offers(model->architecture, &task) &&
           (task != TYTO_TASK_CLASSIFY || tyto_model_classifies(model) != TYTO_CLASSIFIED_NOTHING);
}

static const char *class_name(const tyto_architecture *architecture)
{
    return architecture->default_head;
}

void tyto_offer_classes(tyto_task task, tyto_buffer *buffer)
{
    tyto_registry_list(buffer, offers, &task, class_name);
}

tyto_status tyto_model_require(const tyto_model *model, tyto_task task, tyto_error *err)
{
    tyto_buffer classes;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, model);
    if (tyto_model_offers(model, task)) {
        return TYTO_OK;
    }
    tyto_buffer_init(&classes, TYTO_REGISTRY_LIST_BYTES);
    tyto_offer_classes(task, &classes);
    tyto_fail(err, TYTO_E_ARGUMENT, "got %s, required %s", model->head,
              classes.failed || classes.length == 0 ? "another class" : classes.data);
    tyto_buffer_clear(&classes);
    return TYTO_E_ARGUMENT;
}

tyto_status tyto_offer_missing(const tyto_model *model, tyto_task task, tyto_error *err)
{
    tyto_buffer classes;
    tyto_buffer_init(&classes, TYTO_REGISTRY_LIST_BYTES);
    tyto_offer_classes(task, &classes);
    tyto_fail(err, TYTO_E_ARGUMENT, "model: got a %s, required a %s", model->head,
              classes.failed || classes.length == 0 ? "model of another class" : classes.data);
    tyto_buffer_clear(&classes);
    return TYTO_E_ARGUMENT;
}
