#include "runtime/model.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/inspect.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/checkpoint_files.h"
#include "formats/json.h"
#include "formats/safetensors.h"
#include "weights/choices.h"

static bool is_first_of_type(const tyto_architecture *architecture, const void *context)
{
    (void)context;
    return architecture == tyto_architecture_find(architecture->model_type, NULL);
}

static const char *model_type(const tyto_architecture *architecture)
{
    return architecture->model_type;
}

static tyto_status refuse_type(const char *type, const char *name, tyto_error *err)
{
    tyto_buffer types;
    tyto_buffer_init(&types, TYTO_REGISTRY_LIST_BYTES);
    tyto_registry_list(&types, is_first_of_type, NULL, model_type);
    tyto_fail(err, TYTO_E_UNSUPPORTED, "%s: 'model_type': got '%s', required %s", name, type,
              types.failed ? "another" : types.data);
    tyto_buffer_clear(&types);
    return TYTO_E_UNSUPPORTED;
}

tyto_status tyto_architecture_read(const json_t *config, const char *name, bool composed,
                                   const tyto_architecture **out, tyto_error *err)
{
    const char *type = NULL;
    TYTO_TRY(tyto_json_text(config, name, "model_type", &type, err));
    if (!type) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'model_type': missing", name);
    }
    const char *class_name =
        json_string_value(json_array_get(json_object_get(config, "architectures"), 0));
    if (!tyto_architecture_find(type, NULL)) {
        return refuse_type(type, name, err);
    }
    *out = composed ? tyto_architecture_composed(type) : tyto_architecture_find(type, class_name);
    if (!*out && composed) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: 'model_type': got '%s', which takes no parts of one's own", name,
                         type);
    }
    if (!*out) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: 'architectures': got '%s', which this build does not run as '%s'",
                         name, class_name, type);
    }
    return TYTO_OK;
}

/* Picks the family by model_type and the head by `architectures`. */
static tyto_status read_architecture(tyto_model *model, const json_t *config, const char *name,
                                     bool composed, tyto_error *err)
{
    TYTO_TRY(tyto_architecture_read(config, name, composed, &model->architecture, err));
    const char *head = model->architecture->default_head;
    model->head = tyto_copy_text(head, strlen(head));
    return model->head ? TYTO_OK : tyto_fail_memory(err, name);
}

tyto_status tyto_parts_read(const char *text, size_t length, const char *name, const char *file,
                            json_t **out, const char **called, tyto_error *err)
{
    if (text && file) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "parts: got a text and %s, required one", file);
    }
    *called = file ? file : name ? name : "parts";
    return file   ? tyto_json_load(file, out, err)
           : text ? tyto_json_parse(text, length, *called, out, err)
                  : TYTO_OK;
}

tyto_status tyto_weights_open(const char *folder, tyto_tensor_file **out, char **name,
                              tyto_error *err)
{
    for (size_t i = 0; tyto_weights_files[i]; i++) {
        *name = tyto_path_join(folder, tyto_weights_files[i]);
        if (!*name) {
            return tyto_fail_memory(err, folder);
        }
        if (tyto_file_exists(*name)) {
            return tyto_tensor_file_open(*name, out, err);
        }
        free(*name);
        *name = NULL;
    }
    return tyto_fail(err, TYTO_E_NOT_FOUND, "%s: no weights, required %s, %s, %s or %s", folder,
                     tyto_weights_files[1], tyto_weights_files[2], tyto_weights_files[3],
                     tyto_weights_files[4]);
}

/* The precision that the model computes in. One that was asked for by name is obeyed. Otherwise a
 * packed file keeps its own, so that it is mapped as it lies; and AUTO takes int8 where a
 * calibration left its choices, with which detections stay as good. */
static tyto_precision settle_precision(const tyto_engine *engine, tyto_precision wanted,
                                       tyto_packed_layout layout, bool has_choices)
{
    if (layout.columns && (wanted == TYTO_PRECISION_DEFAULT || wanted == TYTO_PRECISION_AUTO)) {
        return layout.precision;
    }
    const bool takes =
        wanted == TYTO_PRECISION_AUTO && has_choices && engine->kernels != &tyto_kernels_scalar;
    return takes ? TYTO_PRECISION_INT8 : tyto_engine_settle(engine, wanted);
}

/* Whether the packed file was made for other kernels: its tiles have another width, or its floats
 * lie in digits where these kernels take none, or the other way round. */
static bool has_other_tiles(const tyto_engine *engine, tyto_precision precision,
                            tyto_packed_layout layout)
{
    return layout.columns != engine->kernels->gemm_columns ||
           (precision == TYTO_PRECISION_FP32 && layout.digits != (engine->kernels->digits != NULL));
}

/* Warns of a packed file that can't be used as it lies: opening it packs all weights once more. */
static void log_repacking(const tyto_model *model, tyto_packed_layout layout,
                          const char *weights_name)
{
    const tyto_engine *engine = model->engine;
    if (layout.columns && layout.precision != model->precision) {
        tyto_engine_log(engine, TYTO_LOG_LEVEL_WARNING, "%s: packed for %s, and packed anew for %s",
                        weights_name, tyto_precision_name(layout.precision),
                        tyto_precision_name(model->precision));
    }
    if (layout.columns && has_other_tiles(engine, model->precision, layout)) {
        tyto_engine_log(engine, TYTO_LOG_LEVEL_WARNING,
                        "%s: packed for another CPU, and packed anew for %s; converted here, it "
                        "would open at once",
                        weights_name, engine->kernels->name);
    }
}

/* Opens the file beside the weights that says which products int8 smooths and which it leaves in
 * bf16; *out stays NULL when there is none. */
static tyto_status open_choices(const char *folder, tyto_tensor_file **out, char **name,
                                tyto_error *err)
{
    *name = tyto_path_join(folder, TYTO_CHOICES_FILE);
    if (!*name) {
        return tyto_fail_memory(err, folder);
    }
    return tyto_file_exists(*name) ? tyto_tensor_file_open(*name, out, err) : TYTO_OK;
}

static tyto_status bind_network(tyto_model *model, const char *folder, const json_t *config,
                                const char *config_name, const tyto_model_opening *how,
                                tyto_error *err)
{
    char *weights_name = NULL, *choices_name = NULL, *unexpected = NULL;
    tyto_tensor_file *choices = NULL;
    tyto_status status = TYTO_OK;
    tyto_packed_layout layout;
    const tyto_precision wanted =
        how->precision == TYTO_PRECISION_DEFAULT ? model->engine->precision : how->precision;
    const tyto_tensor_file *tensors = how->tensors;
    if (folder && !how->choices &&
        (wanted == TYTO_PRECISION_INT8 || wanted == TYTO_PRECISION_AUTO)) {
        TYTO_CHECK(open_choices(folder, &choices, &choices_name, err));
    }
    if (tensors) {
        weights_name = tyto_copy_text(config_name, strlen(config_name));
        if (!weights_name) {
            status = tyto_fail_memory(err, config_name);
            goto cleanup;
        }
        model->store.owns_tables = true;
    } else {
        TYTO_CHECK(tyto_weights_open(folder, &model->tensors, &weights_name, err));
        tensors = model->tensors;
    }
    TYTO_CHECK(tyto_packed_layout_read(tensors, weights_name, &layout, err));
    model->precision = settle_precision(model->engine, wanted, layout, how->choices || choices);
    model->store.precision = model->precision;
    if (!how->visit) {
        log_repacking(model, layout, weights_name);
    }
    /* A file that is packed for int8 already follows the choices that it was packed by. */
    if (model->precision == TYTO_PRECISION_INT8 && layout.precision != TYTO_PRECISION_INT8) {
        model->store.choices = how->choices ? how->choices : choices;
        model->store.choices_name = choices_name ? choices_name : "calibration";
    }
    if (how->outlook) {
        *how->outlook = (tyto_model_outlook){
            .architecture = model->architecture,
            .precision = model->precision,
            .packed = layout.columns != 0,
            .packed_for = layout.precision,
            .packed_anew =
                layout.columns != 0 && (layout.precision != model->precision ||
                                        has_other_tiles(model->engine, model->precision, layout)),
            .by_choices = model->store.choices != NULL};
    }
    const tyto_model_source source = {.config = config,
                                      .config_name = config_name,
                                      .parts = how->parts,
                                      .parts_name = how->parts_name,
                                      .tensors = tensors,
                                      .tensors_name = weights_name,
                                      .store = &model->store,
                                      .kernels = model->engine->kernels,
                                      .pool = model->engine->pool};
    TYTO_CHECK(model->architecture->open(&source, &model->network, &unexpected, err));
    if (unexpected) {
        tyto_engine_log(model->engine, TYTO_LOG_LEVEL_WARNING,
                        "%s: unexpected tensors, not used: %s", weights_name, unexpected);
    }
cleanup:
    model->store.choices = NULL;
    model->store.choices_name = NULL;
    model->store.progress = NULL;
    tyto_tensor_file_destroy(choices);
    free(choices_name);
    free(unexpected);
    free(weights_name);
    return status;
}

static bool has_file(const char *folder, const char *name, bool *memory_out)
{
    char *path = tyto_path_join(folder, name);
    *memory_out = *memory_out || !path;
    bool there = path && tyto_file_exists(path);
    free(path);
    return there;
}

/* Opens the image processor. Where this build lacks its kind there is none: pictures can't be
 * prepared, but the network runs. */
static tyto_status open_image_processor(tyto_model *model, const char *folder, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    tyto_status status = tyto_image_processor_open(folder, &model->image_processor, &own);
    if (status == TYTO_E_UNSUPPORTED) {
        tyto_engine_log(model->engine, TYTO_LOG_LEVEL_WARNING, "%s; pictures can't be prepared",
                        tyto_error_message(&own));
        status = TYTO_OK;
    } else if (status == TYTO_E_NOT_FOUND) {
        status = TYTO_OK; /* the folder has no files of an image processor */
    } else if (status != TYTO_OK) {
        tyto_fail(err, status, "%s", tyto_error_message(&own));
    }
    tyto_error_clear(&own);
    return status;
}

/* Opens the tokenizer and the image processor as far as their files are there; the tokenizers of
 * some families need no files. folder NULL: there are none. */
static tyto_status open_processors(tyto_model *model, const char *folder, tyto_error *err)
{
    bool memory_out = false;
    if (!folder) {
        return model->architecture->has_own_tokenizer
                   ? tyto_tokenizer_create_bytes(&model->tokenizer, err)
                   : TYTO_OK;
    }
    bool text = has_file(folder, "tokenizer.json", &memory_out) ||
                has_file(folder, "vocab.json", &memory_out) ||
                model->architecture->has_own_tokenizer;
    if (memory_out) {
        return tyto_fail_memory(err, folder);
    }
    if (text) {
        TYTO_TRY(tyto_tokenizer_open(folder, &model->tokenizer, err));
    }
    return open_image_processor(model, folder, err);
}

typedef struct inspection {
    tyto_checkpoint_tensor_fn visit;
    void *user;
} inspection;

/* Translates an entry of the family's parameter table into a tensor of the public interface, and
 * hands it to whoever inspects. Tensors that the network has no use for are shown where the file
 * has them. */
static void show_entry(void *user, const tyto_parameter_entry *entry)
{
    static const tyto_fit fits[] = {[TYTO_REQUEST_GOOD] = TYTO_FIT_GOOD,
                                    [TYTO_REQUEST_MISSING] = TYTO_FIT_MISSING,
                                    [TYTO_REQUEST_MISSHAPEN] = TYTO_FIT_SHAPE,
                                    [TYTO_REQUEST_NO_FLOAT] = TYTO_FIT_TYPE,
                                    [TYTO_REQUEST_NOT_USED] = TYTO_FIT_IGNORED,
                                    [TYTO_REQUEST_UNEXPECTED] = TYTO_FIT_UNEXPECTED};
    const inspection *visitor = user;
    const bool unused = entry->fit == TYTO_REQUEST_NOT_USED;
    tyto_checkpoint_tensor shown = {.name = entry->name,
                                    .fit = fits[entry->fit],
                                    .tensor = entry->tensor,
                                    .rank = unused ? -1 : entry->rank};
    memcpy(shown.shape, entry->shape, sizeof(shown.shape));
    if (!unused || entry->tensor) {
        visitor->visit(visitor->user, &shown);
    }
}

static tyto_status open_network(const tyto_engine *engine, const char *folder, const json_t *config,
                                const char *config_name, const tyto_model_opening *how,
                                tyto_model **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    tyto_model *model = tyto_alloc_zeroed(1, sizeof(*model));
    if (!model) {
        return tyto_fail_memory(err, config_name);
    }
    inspection inspected = {how->visit, how->user};
    model->engine = engine;
    model->store.list = how->visit ? show_entry : NULL;
    model->store.list_user = &inspected;
    model->store.progress = how->progress;
    model->store.progress_user = how->progress_user;
    if (folder) {
        model->folder = tyto_copy_text(folder, strlen(folder));
        if (!model->folder) {
            status = tyto_fail_memory(err, folder);
            goto cleanup;
        }
    }
    TYTO_CHECK(read_architecture(model, config, config_name, how->parts, err));
    if (how->outlook) {
        how->outlook->architecture = model->architecture;
    }
    if (!how->visit) {
        TYTO_CHECK(tyto_labels_read(config, config_name, &model->labels, err));
        TYTO_CHECK(tyto_advice_read(config, config_name, &model->advice, err));
        TYTO_CHECK(open_processors(model, folder, err));
    }
    TYTO_CHECK(bind_network(model, folder, config, config_name, how, err));
    *out = model;
    model = NULL;
cleanup:
    tyto_model_destroy(model);
    return status;
}

tyto_status tyto_model_open_config(const tyto_engine *engine, const char *folder,
                                   const json_t *config, const char *config_name,
                                   const tyto_model_opening *how, tyto_model **out, tyto_error *err)
{
    if (!how->visit) {
        TYTO_TRY(tyto_engine_start(engine, err));
    }
    return open_network(engine, folder, config, config_name, how, out, err);
}

tyto_status tyto_model_open_folder(const tyto_engine *engine, const char *path,
                                   const tyto_model_opening *how, tyto_model **out, tyto_error *err)
{
    tyto_status status = TYTO_OK;
    json_t *config = NULL;
    if (!tyto_folder_exists(path)) {
        return tyto_fail(err, TYTO_E_NOT_FOUND, "%s: no such folder, required a checkpoint's",
                         path);
    }
    char *config_name = tyto_path_join(path, TYTO_CONFIG_FILE);
    if (!config_name) {
        return tyto_fail_memory(err, path);
    }
    TYTO_CHECK(tyto_json_load(config_name, &config, err));
    TYTO_CHECK(tyto_model_open_config(engine, path, config, config_name, how, out, err));
cleanup:
    json_decref(config);
    free(config_name);
    return status;
}

tyto_status tyto_model_look(const tyto_engine *engine, const char *path,
                            tyto_checkpoint_tensor_fn visit, void *user, tyto_model_outlook *out,
                            tyto_error *err)
{
    const tyto_model_opening how = {
        .precision = TYTO_PRECISION_DEFAULT, .visit = visit, .user = user, .outlook = out};
    tyto_model *model = NULL;
    *out = (tyto_model_outlook){.precision = tyto_engine_precision(engine)};
    const tyto_status status = tyto_model_open_folder(engine, path, &how, &model, err);
    tyto_model_destroy(model);
    return status;
}

tyto_status tyto_model_inspect(const char *path, tyto_checkpoint_tensor_fn visit, void *user,
                               tyto_error *err)
{
    tyto_engine_options alone;
    tyto_model_outlook outlook;
    tyto_engine *engine;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, visit);
    tyto_engine_options_init(&alone, sizeof(alone));
    alone.threads = 1;
    TYTO_TRY(tyto_engine_create(&alone, &engine, err));
    const tyto_status status = tyto_model_look(engine, path, visit, user, &outlook, err);
    tyto_engine_destroy(engine);
    return status;
}

void tyto_model_destroy(tyto_model *model)
{
    if (!model) {
        return;
    }
    if (model->network) {
        model->architecture->close(model->network);
    }
    tyto_weight_store_clear(&model->store);
    tyto_tensor_file_destroy(model->tensors);
    tyto_labels_clear(&model->labels);
    tyto_advice_clear(&model->advice);
    tyto_tokenizer_destroy(model->tokenizer);
    tyto_image_processor_destroy(model->image_processor);
    for (int i = 0; i < TYTO_FITS; i++) {
        tyto_names_clear(&model->mismatches[i]);
    }
    free(model->head);
    free(model->folder);
    free(model);
}

const char *tyto_model_head(const tyto_model *model)
{
    return model ? model->head : NULL;
}

bool tyto_model_has_head(const tyto_model *model, const char *head)
{
    return model && head && tyto_head_find(model->architecture, head) != NULL;
}

int64_t tyto_model_query_width(const tyto_model *model)
{
    const tyto_architecture *architecture = model ? model->architecture : NULL;
    return architecture && architecture->query_width ? architecture->query_width(model->network)
                                                     : 0;
}

const char *tyto_model_note(const tyto_model *model)
{
    return model ? model->advice.note : NULL;
}

float tyto_model_threshold(const tyto_model *model, bool examples)
{
    return model && model->advice.threshold >= 0.0F ? model->advice.threshold
           : examples                               ? TYTO_THRESHOLD_EXAMPLES
                                                    : TYTO_THRESHOLD_COMMON;
}

const tyto_tokenizer *tyto_model_tokenizer(const tyto_model *model)
{
    return model ? model->tokenizer : NULL;
}

const tyto_image_processor *tyto_model_image_processor(const tyto_model *model)
{
    return model ? model->image_processor : NULL;
}

int64_t tyto_model_label_count(const tyto_model *model)
{
    return model ? model->labels.count : 0;
}

const char *tyto_model_label(const tyto_model *model, int64_t i)
{
    return model && i >= 0 && i < model->labels.count ? model->labels.names[i] : NULL;
}

tyto_precision tyto_model_precision(const tyto_model *model)
{
    return model ? model->precision : TYTO_PRECISION_FP32;
}

int64_t tyto_model_parameter_count(const tyto_model *model)
{
    return model ? model->store.parameters : 0;
}

size_t tyto_model_weight_bytes(const tyto_model *model)
{
    return model ? model->store.bytes : 0;
}
