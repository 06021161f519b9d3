#include "models/perceiver/describe/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* A decoder's or an input's modality of that name is there. */
static bool has_modality(const tyto_perceiver_parts *parts, const char *name)
{
    const tyto_perceiver_decoder *decoder = parts->decoder;
    const tyto_perceiver_preprocessor *input = parts->input_preprocessor;
    for (int i = 0; decoder->type == TYTO_PERCEIVER_MULTIMODAL_DECODER && i < decoder->count; i++) {
        if (strcmp(decoder->modalities[i].name, name) == 0) {
            return true;
        }
    }
    for (int i = 0; decoder->type != TYTO_PERCEIVER_MULTIMODAL_DECODER && input && i < input->count;
         i++) {
        if (strcmp(input->modalities[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static tyto_status check_channels(const tyto_perceiver_postprocessor *part, int64_t channels,
                                  const char *where, tyto_error *err)
{
    if (part->in_channels != channels) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: in_channels: got %lld, required what the decoder gives (%lld)", where,
                         (long long)part->in_channels, (long long)channels);
    }
    return TYTO_OK;
}

/* A postprocessor takes what the decoder gives. */
static tyto_status check_output(const tyto_perceiver_parts *parts, const char *where,
                                tyto_error *err)
{
    const tyto_perceiver_postprocessor *part = parts->output_postprocessor;
    if (!parts->decoder) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got no decoder, required one", where);
    }
    const int64_t channels = tyto_perceiver_decoder_channels(parts->decoder);
    if (part->type != TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR) {
        return check_channels(part, channels, where, err);
    }
    for (int i = 0; i < part->count; i++) {
        char inner[TYTO_PERCEIVER_WHERE_BYTES];
        tyto_perceiver_where(inner, where, part->modalities[i].name);
        if (!has_modality(parts, part->modalities[i].name)) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: no such modality is decoded", inner);
        }
        TYTO_TRY(check_channels(&part->modalities[i].part, channels, inner, err));
    }
    return TYTO_OK;
}

/* The description of a part, or NULL when it is absent or null. */
static const json_t *part_of(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

/* *slot = a zeroed part when `object` has one under that key. */
#define ALLOCATE(slot)                                                                             \
    if (!((slot) = tyto_alloc_zeroed(1, sizeof(*(slot))))) {                                       \
        return tyto_fail_memory(err, name);                                                        \
    }

tyto_status tyto_perceiver_parts_read(const json_t *object, const char *name,
                                      const tyto_perceiver_config *config,
                                      tyto_perceiver_parts *out, tyto_error *err)
{
    static const char keys[] = " input_preprocessor decoder output_postprocessor ";
    char where[TYTO_PERCEIVER_WHERE_BYTES];
    *out = (tyto_perceiver_parts){0};
    for (void *at = json_object_iter((json_t *)(uintptr_t)object); at;
         at = json_object_iter_next((json_t *)(uintptr_t)object, at)) {
        const char *key = json_object_iter_key(at);
        if (strchr(key, ' ') || !tyto_perceiver_list_has(keys, key)) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': required one of%s", name, key, keys);
        }
    }
    const json_t *input = part_of(object, "input_preprocessor"),
                 *decoder = part_of(object, "decoder"),
                 *output = part_of(object, "output_postprocessor");
    if (input) {
        ALLOCATE(out->input_preprocessor);
        snprintf(where, sizeof(where), "%s: input_preprocessor", name);
        TYTO_TRY(
            tyto_perceiver_preprocessor_read(input, where, config, out->input_preprocessor, err));
    }
    if (decoder) {
        ALLOCATE(out->decoder);
        snprintf(where, sizeof(where), "%s: decoder", name);
        TYTO_TRY(tyto_perceiver_decoder_read(decoder, where, config, out->decoder, err));
        if (out->decoder->position_encoding_only) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: 'position_encoding_only': got true, required false outside of a "
                             "multimodal decoder",
                             where);
        }
    }
    if (output) {
        ALLOCATE(out->output_postprocessor);
        snprintf(where, sizeof(where), "%s: output_postprocessor", name);
        TYTO_TRY(tyto_perceiver_postprocessor_read(output, where, config, out->output_postprocessor,
                                                   err));
        TYTO_TRY(check_output(out, where, err));
    }
    return TYTO_OK;
}

void tyto_perceiver_parts_clear(tyto_perceiver_parts *parts)
{
    if (parts->input_preprocessor) {
        free(parts->input_preprocessor->modalities);
    }
    if (parts->decoder) {
        free(parts->decoder->modalities);
    }
    if (parts->output_postprocessor) {
        free(parts->output_postprocessor->modalities);
    }
    free(parts->input_preprocessor);
    free(parts->decoder);
    free(parts->output_postprocessor);
    *parts = (tyto_perceiver_parts){0};
}
