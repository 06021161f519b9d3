#include "catalogue.h"

#include <stdlib.h>
#include <tyto/classify.h>
#include <tyto/tasks.h>

/* The task's name; of classes, with what they are of. */
static json_t *task_text(const tyto_model *model, tyto_task task)
{
    const char *name = tyto_task_name(task);
    return task == TYTO_TASK_CLASSIFY
               ? json_sprintf("%s %s", name,
                              tyto_model_classifies(model) == TYTO_CLASSIFIED_TEXT ? "texts"
                                                                                   : "photos")
               : json_string(name);
}

static json_t *model_entry(const served *s)
{
    json_t *tasks = json_array();
    for (int task = 0; tyto_task_name((tyto_task)task); task++) {
        if (tyto_model_offers(s->model, (tyto_task)task)) {
            json_array_append_new(tasks, task_text(s->model, (tyto_task)task));
        }
    }
    return json_pack("{s:s, s:o, s:f, s:s?}", "name", s->name, "tasks", tasks, "threshold",
                     (double)tyto_model_threshold(s->model, false), "note",
                     tyto_model_note(s->model));
}

void catalogue_models(exchange *x)
{
    json_t *list = json_array();
    served *s;
    for (int64_t i = 0; (s = models_at(&x->server->models, i)); i++) {
        json_array_append_new(list, model_entry(s));
        models_release(&x->server->models, s);
    }
    reply_json(x, 200, json_pack("{s:o}", "models", list));
}
