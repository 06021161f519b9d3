/* What a checkpoint holds, what it lacks, and what opening it will come to. */
#include <tyto/inspect.h>

#include <stdlib.h>
#include <string.h>
#include <tyto/processor.h>
#include <tyto/tokenizer.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/checkpoint_files.h"
#include "formats/json.h"
#include "results/documents/inspection.h"
#include "runtime/model.h"
#include "tasks/inspection.h"
#include "tasks/offer.h"

/* The lists of a report, in the order in which they are shown. */
typedef struct report {
    tyto_writer steps; /* whether all steps have succeeded */
    json_t *tensors, *dtypes, *missing, *misshapen, *unusable, *unexpected, *ignored, *problems;
    json_int_t parameters, bytes;
    tyto_model_outlook outlook;
} report;

json_t *tyto_shape_array(tyto_writer *steps, int rank, const int64_t *shape)
{
    json_t *array = json_array();
    for (int i = 0; i < rank; i++) {
        tyto_json_push(steps, array, json_integer(shape[i]));
    }
    return array;
}

/* Counts a tensor of the file under its type, and lists it. */
static void count_tensor(report *r, const tyto_tensor *tensor, bool used)
{
    const char *name = tyto_dtype_name(tensor->dtype);
    const json_int_t elements = tyto_tensor_elements(tensor);
    const json_int_t bytes = elements * (json_int_t)tyto_dtype_bytes(tensor->dtype);
    if (!json_object_get(r->dtypes, name)) {
        tyto_json_put(&r->steps, r->dtypes, name, json_object());
    }
    json_t *entry = json_object_get(r->dtypes, name);
    const char *const keys[] = {"tensors", "elements", "bytes"};
    const json_int_t more[] = {1, elements, bytes};
    for (int i = 0; i < 3; i++) {
        const json_int_t before = json_integer_value(json_object_get(entry, keys[i]));
        tyto_json_put(&r->steps, entry, keys[i], json_integer(before + more[i]));
    }
    r->bytes += bytes;
    r->parameters += used ? elements : 0;
    json_t *item = json_object();
    tyto_json_put(&r->steps, item, "name", tyto_json_string(tensor->name));
    tyto_json_put(&r->steps, item, "dtype", tyto_json_string(name));
    tyto_json_put(&r->steps, item, "shape",
                  tyto_shape_array(&r->steps, tensor->rank, tensor->shape));
    tyto_json_push(&r->steps, r->tensors, item);
}

/* A tensor that does not fit, with the shape that it has, if any, and the one that it should. */
static void add_misfit(report *r, json_t *list, const tyto_checkpoint_tensor *parameter)
{
    const tyto_tensor *tensor = parameter->tensor;
    json_t *item = json_object();
    tyto_json_put(&r->steps, item, "name", tyto_json_string(parameter->name));
    if (tensor) {
        tyto_json_put(&r->steps, item, "shape",
                      tyto_shape_array(&r->steps, tensor->rank, tensor->shape));
    }
    tyto_json_put(&r->steps, item, "required",
                  tyto_shape_array(&r->steps, parameter->rank, parameter->shape));
    tyto_json_push(&r->steps, list, item);
}

static void visit(void *user, const tyto_checkpoint_tensor *parameter)
{
    report *r = user;
    if (parameter->tensor) {
        count_tensor(r, parameter->tensor, parameter->fit == TYTO_FIT_GOOD);
    }
    switch (parameter->fit) {
    case TYTO_FIT_GOOD:
        break;
    case TYTO_FIT_MISSING:
        add_misfit(r, r->missing, parameter);
        break;
    case TYTO_FIT_SHAPE:
        add_misfit(r, r->misshapen, parameter);
        break;
    case TYTO_FIT_TYPE:
        tyto_json_push(&r->steps, r->unusable, tyto_json_string(parameter->name));
        break;
    case TYTO_FIT_IGNORED:
        tyto_json_push(&r->steps, r->ignored, tyto_json_string(parameter->name));
        break;
    case TYTO_FIT_UNEXPECTED:
        tyto_json_push(&r->steps, r->unexpected, tyto_json_string(parameter->name));
        break;
    }
}

/* Lists the error's text, and clears it. A part that a checkpoint may lack is no problem when it
 * isn't there. Running out of memory is no property of the checkpoint. */
static void add_problem(report *r, tyto_error *err, bool may_lack)
{
    if (err->status == TYTO_E_MEMORY) {
        r->steps.no_memory = true;
    } else if (!may_lack || err->status != TYTO_E_NOT_FOUND) {
        tyto_json_push(&r->steps, r->problems, tyto_json_string(tyto_error_message(err)));
    }
    tyto_error_clear(err);
}

static json_t *tokenizer_object(report *r, const char *folder)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tokenizer *tokenizer;
    if (tyto_tokenizer_open(folder, &tokenizer, &err) != TYTO_OK) {
        add_problem(r, &err, true);
        return json_null();
    }
    json_t *object = json_object();
    tyto_json_put(&r->steps, object, "vocab_size",
                  json_integer(tyto_tokenizer_vocab_size(tokenizer)));
    tyto_json_put(&r->steps, object, "max_length",
                  json_integer(tyto_tokenizer_max_length(tokenizer)));
    tyto_tokenizer_destroy(tokenizer);
    return object;
}

/* The size that any photo becomes. */
static json_t *image_processor_object(report *r, const char *folder)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor *processor;
    int64_t shape[3];
    if (tyto_image_processor_open(folder, &processor, &err) != TYTO_OK) {
        add_problem(r, &err, true);
        return json_null();
    }
    tyto_image_processor_shape(processor, 1, 1, shape);
    json_t *object = json_object();
    tyto_json_put(&r->steps, object, "height", json_integer(shape[1]));
    tyto_json_put(&r->steps, object, "width", json_integer(shape[2]));
    tyto_image_processor_destroy(processor);
    return object;
}

/* config.json, or NULL when it can't be read, which opening the checkpoint will say too. */
static json_t *read_config(report *r, const char *folder)
{
    json_t *config = NULL;
    char *path = tyto_path_join(folder, TYTO_CONFIG_FILE);
    const tyto_status status = path ? tyto_json_load(path, &config, NULL) : TYTO_E_MEMORY;
    r->steps.no_memory = r->steps.no_memory || status == TYTO_E_MEMORY;
    free(path);
    return config;
}

/* A key of config.json, or null. */
static json_t *config_value(const json_t *config, const char *key)
{
    json_t *value = json_object_get(config, key);
    return value ? json_incref(value) : json_null();
}

static void put_outlook(report *r, json_t *root)
{
    const tyto_model_outlook *outlook = &r->outlook;
    tyto_json_put(&r->steps, root, "computes_in",
                  tyto_json_string(tyto_precision_name(outlook->precision)));
    tyto_json_put(
        &r->steps, root, "packed_for",
        tyto_json_string(outlook->packed ? tyto_precision_name(outlook->packed_for) : NULL));
    tyto_json_put(&r->steps, root, "packed_anew", json_boolean(outlook->packed_anew));
    tyto_json_put(&r->steps, root, "choices",
                  tyto_json_string(outlook->by_choices ? TYTO_CHOICES_FILE : NULL));
}

static bool reads_texts(const tyto_family_tasks *tasks)
{
    return tasks->search || (tasks->embed && tasks->embed->text_head) || tasks->similarity ||
           tasks->fill_mask || (tasks->classify && !tasks->classify->pictures);
}

static bool reads_pictures(const tyto_family_tasks *tasks)
{
    return tasks->search || (tasks->embed && tasks->embed->image_head) || tasks->similarity ||
           (tasks->classify && tasks->classify->pictures);
}

/* What the checkpoint's class can be asked for, and what its folder lacks for that. */
static void put_tasks(report *r, json_t *root, bool has_tokenizer, bool has_processor)
{
    const tyto_architecture *architecture = r->outlook.architecture;
    json_t *tasks = json_array(), *lacks = json_array();
    const char *name;
    for (int task = 0; architecture && (name = tyto_task_name((tyto_task)task)) != NULL; task++) {
        if (tyto_offer_has(architecture, (tyto_task)task)) {
            tyto_json_push(&r->steps, tasks, tyto_json_string(name));
        }
    }
    if (architecture && reads_texts(architecture->tasks) && !has_tokenizer &&
        !architecture->has_own_tokenizer) {
        tyto_json_push(&r->steps, lacks, tyto_json_string("a tokenizer: texts can't be encoded"));
    }
    if (architecture && reads_pictures(architecture->tasks) && !has_processor) {
        tyto_json_push(&r->steps, lacks,
                       tyto_json_string("an image processor: pictures can't be prepared"));
    }
    tyto_json_put(&r->steps, root, "tasks", tasks);
    tyto_json_put(&r->steps, root, "lacks", lacks);
}

static json_t *report_object(report *r, const char *folder, json_t *config)
{
    json_t *root = json_object(), *tokenizer = tokenizer_object(r, folder),
           *processor = image_processor_object(r, folder);
    const bool has_tokenizer = json_is_object(tokenizer), has_processor = json_is_object(processor);
    tyto_json_put(&r->steps, root, "model", tyto_json_string(folder));
    tyto_json_put(&r->steps, root, "model_type", config_value(config, "model_type"));
    tyto_json_put(&r->steps, root, "architectures", config_value(config, "architectures"));
    put_outlook(r, root);
    tyto_json_put(&r->steps, root, "parameters", json_integer(r->parameters));
    tyto_json_put(&r->steps, root, "bytes", json_integer(r->bytes));
    tyto_json_put(&r->steps, root, "dtypes", r->dtypes);
    tyto_json_put(&r->steps, root, "tokenizer", tokenizer);
    tyto_json_put(&r->steps, root, "image_processor", processor);
    put_tasks(r, root, has_tokenizer, has_processor);
    tyto_json_put(&r->steps, root, "missing", r->missing);
    tyto_json_put(&r->steps, root, "misshapen", r->misshapen);
    tyto_json_put(&r->steps, root, "unusable", r->unusable);
    tyto_json_put(&r->steps, root, "unexpected", r->unexpected);
    tyto_json_put(&r->steps, root, "ignored", r->ignored);
    tyto_json_put(&r->steps, root, "problems", r->problems);
    tyto_json_put(&r->steps, root, "config", config ? json_incref(config) : json_null());
    tyto_json_put(&r->steps, root, "tensors", r->tensors);
    return root;
}

tyto_status tyto_inspection_made(tyto_inspection **out, tyto_writer *steps, json_t *root,
                                 const char *name, tyto_error *err)
{
    tyto_inspection *made = tyto_alloc_zeroed(1, sizeof(*made));
    const bool good = made && root && !steps->no_memory;
    tyto_writer_clear(steps);
    if (!good) {
        free(made);
        json_decref(root);
        return tyto_fail_memory(err, name);
    }
    made->root = root;
    *out = made;
    return TYTO_OK;
}

tyto_status tyto_inspection_create(const tyto_engine *engine, const char *path,
                                   tyto_inspection **out, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, engine);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    if (!tyto_folder_exists(path)) {
        return tyto_fail(err, TYTO_E_NOT_FOUND, "%s: no such folder, required a checkpoint's",
                         path);
    }
    report found = {.tensors = json_array(),
                    .dtypes = json_object(),
                    .missing = json_array(),
                    .misshapen = json_array(),
                    .unusable = json_array(),
                    .unexpected = json_array(),
                    .ignored = json_array(),
                    .problems = json_array()};
    tyto_writer_init(&found.steps);
    json_t *config = read_config(&found, path);
    if (tyto_model_look(engine, path, visit, &found, &found.outlook, &own) != TYTO_OK) {
        add_problem(&found, &own, false);
    }
    json_t *root = report_object(&found, path, config);
    json_decref(config);
    TYTO_TRY(tyto_inspection_made(out, &found.steps, root, path, err));
    (*out)->architecture = found.outlook.architecture;
    (*out)->precision = found.outlook.precision;
    return TYTO_OK;
}

void tyto_inspection_destroy(tyto_inspection *inspection)
{
    if (inspection) {
        json_decref(inspection->root);
        free(inspection);
    }
}

bool tyto_inspection_is_whole(const tyto_inspection *inspection)
{
    static const char *const faults[] = {"problems", "missing", "misshapen", "unusable"};
    if (!inspection || inspection->failed > 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (json_array_size(json_object_get(inspection->root, faults[i])) > 0) {
            return false;
        }
    }
    return true;
}

tyto_precision tyto_inspection_precision(const tyto_inspection *inspection)
{
    return inspection ? inspection->precision : TYTO_PRECISION_FP32;
}

bool tyto_inspection_offers(const tyto_inspection *inspection, tyto_task task)
{
    return inspection && inspection->architecture && tyto_offer_has(inspection->architecture, task);
}

tyto_status tyto_inspection_json(const tyto_inspection *inspection, tyto_bytes *out,
                                 tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, inspection);
    TYTO_REQUIRE(err, out);
    tyto_writer_init(&writer);
    tyto_writer_json(&writer, inspection->root, true);
    tyto_writer_text(&writer, "\n");
    return tyto_writer_end(&writer, out, err);
}

tyto_status tyto_inspection_text(const tyto_inspection *inspection, bool tensors, tyto_bytes *out,
                                 tyto_error *err)
{
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, inspection);
    TYTO_REQUIRE(err, out);
    tyto_writer_init(&writer);
    if (json_is_object(inspection->root)) {
        tyto_inspection_print(&writer, inspection->root, tensors);
    } else {
        tyto_writer_text(&writer, "");
        for (size_t i = 0; i < json_array_size(inspection->root); i++) {
            tyto_writer_text(&writer, i ? "\n" : "");
            tyto_tensors_print(&writer, json_array_get(inspection->root, i));
        }
    }
    return tyto_writer_end(&writer, out, err);
}
