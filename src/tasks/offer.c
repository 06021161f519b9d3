#include "tasks/offer.h"

#include <string.h>
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

static bool is_published_for(const tyto_published *published, const void *task)
{
    const tyto_architecture *architecture;
    for (size_t i = 0; (architecture = tyto_architecture_at(i)) != NULL; i++) {
        if (strcmp(architecture->default_head, published->class) == 0) {
            return offers(architecture, task);
        }
    }
    return false;
}

/* "PREFIXgot A, required B, such as 'OWNER/NAME'" */
static tyto_status refuse(const tyto_model *model, tyto_task task, const char *prefix,
                          const char *article, tyto_error *err)
{
    tyto_buffer classes;
    const char *id = tyto_registry_published(is_published_for, &task);
    tyto_buffer_init(&classes, TYTO_REGISTRY_LIST_BYTES);
    tyto_offer_classes(task, &classes);
    tyto_fail(err, TYTO_E_ARGUMENT, "%sgot %s%s, required %s%s%s%s%s", prefix, article, model->head,
              article,
              classes.failed || classes.length == 0 ? "model of another class" : classes.data,
              id ? ", such as '" : "", id ? id : "", id ? "'" : "");
    tyto_buffer_clear(&classes);
    return TYTO_E_ARGUMENT;
}

tyto_status tyto_model_require(const tyto_model *model, tyto_task task, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, model);
    return tyto_model_offers(model, task) ? TYTO_OK : refuse(model, task, "", "", err);
}

tyto_status tyto_offer_missing(const tyto_model *model, tyto_task task, tyto_error *err)
{
    return refuse(model, task, "model: ", "a ", err);
}
