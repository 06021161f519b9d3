/* A Perceiver's config.json, and the description of its parts: {"config": …, "parts": …}, or the
 * config alone, whose class names its parts. */
#include "formats/json.h"
#include "fuzz.h"
#include "models/perceiver/describe/parts.h"
#include "models/perceiver/heads.h"

/* What is accepted must be usable: nothing later checks these again. */
static void check_layer(const tyto_perceiver_layer *layer)
{
    if (layer->heads < 1 || layer->qk_channels < 1 || layer->v_channels < 1 ||
        layer->qk_channels % layer->heads != 0 || layer->v_channels % layer->heads != 0) {
        __builtin_trap();
    }
}

static void check_parts(const tyto_perceiver_parts *parts)
{
    const tyto_perceiver_preprocessor *input = parts->input_preprocessor;
    const tyto_perceiver_decoder *decoder = parts->decoder;
    if (input && (input->channels < 1 || input->channels > TYTO_PERCEIVER_SIZE_MAX)) {
        __builtin_trap();
    }
    for (int i = 0; input && i < input->count; i++) {
        if (input->modalities[i].pad < 0 || input->modalities[i].part.channels < 1) {
            __builtin_trap();
        }
    }
    if (decoder && decoder->type != TYTO_PERCEIVER_PROJECTION_DECODER) {
        check_layer(&decoder->cross);
    }
    for (int i = 0; decoder && i < decoder->count; i++) {
        if (decoder->modalities[i].pad < 0) {
            __builtin_trap();
        }
    }
}

static void read_parts(const json_t *description, const tyto_perceiver_config *config)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_perceiver_parts parts;
    if (tyto_perceiver_parts_read(description, "parts.json", config, &parts, &err) == TYTO_OK) {
        check_parts(&parts);
    }
    tyto_perceiver_parts_clear(&parts);
    tyto_error_clear(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_perceiver_config config;
    json_t *root = NULL;
    if (tyto_json_parse((const char *)data, size, "config.json", &root, &err) == TYTO_OK) {
        const json_t *inner = json_object_get(root, "config"),
                     *parts = json_object_get(root, "parts");
        const json_t *object = json_is_object(inner) ? inner : root;
        if (tyto_perceiver_config_read(object, "config.json", &config, &err) == TYTO_OK) {
            const char *name =
                json_string_value(json_array_get(json_object_get(object, "architectures"), 0));
            bool no_memory;
            json_t *composition =
                name ? tyto_perceiver_composition(name, &config, &no_memory) : NULL;
            if (composition) {
                read_parts(composition, &config);
            }
            if (json_is_object(parts)) {
                read_parts(parts, &config);
            }
            json_decref(composition);
        }
    }
    json_decref(root);
    tyto_error_clear(&err);
    return 0;
}
