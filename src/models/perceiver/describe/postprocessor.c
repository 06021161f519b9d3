#include "models/perceiver/describe/postprocessor.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "formats/json.h"
#include "models/perceiver/requests.h"

static tyto_status read_modality(const tyto_perceiver_modality *modality,
                                 const tyto_perceiver_config *config, void *item, tyto_error *err)
{
    tyto_perceiver_post_modality *out = item;
    snprintf(out->name, sizeof(out->name), "%s", modality->name);
    if (json_object_get(modality->part, "modalities")) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: required one modality", modality->where);
    }
    return tyto_perceiver_postprocessor_read(modality->part, modality->where, config, &out->part,
                                             err);
}

static tyto_status read_multimodal(const json_t *object, const char *where,
                                   const tyto_perceiver_config *config,
                                   tyto_perceiver_postprocessor *out, tyto_error *err)
{
    void *items = NULL;
    bool dict = false;
    TYTO_TRY(tyto_json_bool(object, where, "input_is_dict", &dict, err));
    if (dict) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: 'input_is_dict': got true, required false: no decoder gives its "
                         "modalities apart",
                         where);
    }
    const tyto_status status =
        tyto_perceiver_read_modalities(object, where, config, read_modality,
                                       sizeof(*out->modalities), &items, &out->count, NULL, err);
    out->modalities = items;
    return status;
}

tyto_status tyto_perceiver_postprocessor_read(const json_t *object, const char *where,
                                              const tyto_perceiver_config *config,
                                              tyto_perceiver_postprocessor *out, tyto_error *err)
{
    static const char *const types[] = {
        "PerceiverProjectionPostprocessor", "PerceiverAudioPostprocessor",
        "PerceiverClassificationPostprocessor", "PerceiverMultimodalPostprocessor"};
    static const char *const arguments[] = {" in_channels out_channels ",
                                            " in_channels postproc_type ", " in_channels ",
                                            " modalities input_is_dict "};
    static const char *const kinds[] = {"patches", NULL};
    int type, kind;
    TYTO_TRY(tyto_perceiver_part_type(object, where, types, arguments, 4, &type, err));
    out->type = (tyto_perceiver_postprocessor_type)type;
    if (out->type == TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR) {
        return read_multimodal(object, where, config, out, err);
    }
    TYTO_TRY(tyto_perceiver_read_choice(object, where, "postproc_type", kinds, &kind, err));
    TYTO_TRY(tyto_perceiver_read_size(object, where, "in_channels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->in_channels, err));
    TYTO_TRY(tyto_perceiver_read_size(object, where, "out_channels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->out_channels, err));
    if (out->type == TYTO_PERCEIVER_AUDIO_POSTPROCESSOR) {
        out->out_channels = config->samples_per_patch;
    } else if (out->type == TYTO_PERCEIVER_CLASSIFICATION_POSTPROCESSOR) {
        out->out_channels = config->num_labels;
    }
    if (out->in_channels == 0 || out->out_channels == 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'in_channels' and 'out_channels': required",
                         where);
    }
    return TYTO_OK;
}

void tyto_perceiver_postprocessor_bind(tyto_binder *binder, tyto_perceiver_postprocessor *fields,
                                       const char *prefix)
{
    const int64_t out_channels = fields->out_channels, in_channels = fields->in_channels;
    if (fields->type != TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR) {
        tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_CLASSIFIER
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CLASSIFIER
        return;
    }
    for (int i = 0; i < fields->count; i++) {
        char inner[TYTO_PERCEIVER_WHERE_BYTES];
        snprintf(inner, sizeof(inner), "%smodalities.%s.", prefix, fields->modalities[i].name);
        tyto_perceiver_postprocessor_bind(binder, &fields->modalities[i].part, inner);
    }
}
