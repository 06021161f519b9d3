/** Tasks: what models can be asked for. */
#ifndef TYTO_TASKS_H
#define TYTO_TASKS_H

#include <stdbool.h>
#include <tyto/model.h>

TYTO_BEGIN_DECLS

/** What a model can be asked for, each by the header of its name. */
typedef enum tyto_task {
    TYTO_TASK_SEARCH = 0,     /**< queries in photos: detect, match */
    TYTO_TASK_EMBED = 1,      /**< texts and photos as vectors of one space */
    TYTO_TASK_SIMILARITY = 2, /**< how alike texts and photos are */
    TYTO_TASK_CLASSIFY = 3,   /**< classes of texts or photos: tyto_model_classifies says which */
    TYTO_TASK_FILL_MASK = 4,  /**< masked bytes of texts */
    TYTO_TASK_FLOW = 5,       /**< how far pixels of one frame move in the next */
    TYTO_TASK_AUTOENCODE = 6  /**< windows of video with sound, made again */
} tyto_task;

/** The task's name, as the command has it: "search", "fill-mask"; NULL: there is no such task. */
TYTO_API const char *tyto_task_name(tyto_task task);

/** Whether the model can be asked for a task; false for NULL. Models of parts that the user chose
 *  are asked too.
 *  threads  any */
TYTO_API bool tyto_model_offers(const tyto_model *model, tyto_task task);

/** Refuses a model that can't be asked for a task: "got Owlv2TextModel, required CLASS or CLASS",
 *  with the classes that can.
 *  errors   E_ARGUMENT
 *  threads  any */
TYTO_API TYTO_NODISCARD tyto_status tyto_model_require(const tyto_model *model, tyto_task task,
                                                       tyto_error *err);

TYTO_END_DECLS

#endif
