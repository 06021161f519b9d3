#include "models/perceiver/describe/preprocessor.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
#include "models/perceiver/requests.h"

#define POSITION                                                                                   \
    " position_encoding_type concat_or_add_pos out_channels project_pos_dim"                       \
    " trainable_position_encoding_kwargs fourier_position_encoding_kwargs"

static const char *const types[] = {"PerceiverTextPreprocessor", "PerceiverImagePreprocessor",
                                    "PerceiverOneHotPreprocessor", "PerceiverAudioPreprocessor",
                                    "PerceiverMultimodalPreprocessor"};
static const char *const arguments[] = {
    " ",
    POSITION " prep_type spatial_downsample temporal_downsample in_channels conv_after_patching"
             " conv_after_patching_in_channels conv2d_use_batchnorm ",
    " ",
    POSITION " prep_type samples_per_patch ",
    " modalities mask_probs min_padding_size ",
};

/* What image and audio share: how positions join the content. */
static tyto_status read_positions(const json_t *object, const char *where,
                                  tyto_perceiver_preprocessor *out, tyto_error *err)
{
    static const char *const joins[] = {"concat", "add", NULL};
    int join;
    out->out_channels = 64;
    TYTO_TRY(tyto_perceiver_read_size(object, where, "out_channels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->out_channels, err));
    TYTO_TRY(tyto_perceiver_read_choice(object, where, "concat_or_add_pos", joins, &join, err));
    out->add_pos = join == 1;
    TYTO_TRY(tyto_perceiver_position_read(object, where, "fourier", &out->position, err));
    if (out->position.type == TYTO_PERCEIVER_POSITION_NONE) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'position_encoding_type': got 'none', required 'trainable' or "
                         "'fourier'",
                         where);
    }
    out->position.out_channels = out->out_channels;
    return tyto_perceiver_position_check(&out->position, where, err);
}

static tyto_status check_downsample(const tyto_perceiver_preprocessor *part, const char *where,
                                    tyto_error *err)
{
    int64_t power = 1;
    while (power < part->spatial_downsample) {
        power *= 4;
    }
    if (part->prep == TYTO_PERCEIVER_PREP_CONV && power != part->spatial_downsample) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'spatial_downsample': got %lld, required a power of 4 with conv",
                         where, (long long)part->spatial_downsample);
    }
    if (part->temporal_downsample != 1 &&
        (part->prep == TYTO_PERCEIVER_PREP_CONV || part->prep == TYTO_PERCEIVER_PREP_CONV1X1)) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'temporal_downsample': got %lld, required 1 with conv and conv1x1",
                         where, (long long)part->temporal_downsample);
    }
    return TYTO_OK;
}

/* num_channels, as the reference declares it; what an input really gives is held against it. */
static int64_t image_channels(const tyto_perceiver_preprocessor *part)
{
    const bool temporal = tyto_perceiver_position_rank(&part->position) > 2;
    const int64_t position = tyto_perceiver_position_channels(&part->position),
                  space = part->spatial_downsample;
    if (part->add_pos) {
        return position;
    }
    if (part->conv_after_patching || part->prep == TYTO_PERCEIVER_PREP_CONV ||
        part->prep == TYTO_PERCEIVER_PREP_CONV1X1) {
        return part->out_channels + position;
    }
    if (part->prep == TYTO_PERCEIVER_PREP_PIXELS) {
        return position + (temporal ? part->in_channels : (part->in_channels + space - 1) / space);
    }
    return position +
           part->in_channels * space * space * (temporal ? part->temporal_downsample : 1);
}

static tyto_status read_image(const json_t *object, const char *where,
                              tyto_perceiver_preprocessor *out, tyto_error *err)
{
    static const char *const preps[] = {"conv", "conv1x1", "patches", "pixels", NULL};
    int prep;
    TYTO_TRY(tyto_perceiver_read_choice(object, where, "prep_type", preps, &prep, err));
    out->prep = (tyto_perceiver_prep_type)prep;
    out->spatial_downsample = 4;
    out->temporal_downsample = 1;
    out->in_channels = 3;
    out->conv_after_patching_in_channels = 54;
    out->batchnorm = true;
    const struct {
        const char *key;
        int64_t maximum, *value;
    } sizes[] = {
        {"spatial_downsample", 4096, &out->spatial_downsample},
        {"temporal_downsample", 4096, &out->temporal_downsample},
        {"in_channels", 1 << 16, &out->in_channels},
        {"conv_after_patching_in_channels", TYTO_PERCEIVER_SIZE_MAX,
         &out->conv_after_patching_in_channels},
    };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        TYTO_TRY(tyto_perceiver_read_size(object, where, sizes[i].key, sizes[i].maximum,
                                          sizes[i].value, err));
    }
    TYTO_TRY(tyto_json_bool(object, where, "conv_after_patching", &out->conv_after_patching, err));
    TYTO_TRY(tyto_json_bool(object, where, "conv2d_use_batchnorm", &out->batchnorm, err));
    TYTO_TRY(check_downsample(out, where, err));
    TYTO_TRY(read_positions(object, where, out, err));
    out->channels = image_channels(out);
    return TYTO_OK;
}

static tyto_status read_audio(const json_t *object, const char *where,
                              tyto_perceiver_preprocessor *out, tyto_error *err)
{
    static const char *const preps[] = {"patches", NULL};
    int prep;
    TYTO_TRY(tyto_perceiver_read_choice(object, where, "prep_type", preps, &prep, err));
    out->samples_per_patch = 96;
    TYTO_TRY(tyto_perceiver_read_size(object, where, "samples_per_patch", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->samples_per_patch, err));
    TYTO_TRY(read_positions(object, where, out, err));
    out->channels = tyto_perceiver_position_channels(&out->position) +
                    (out->add_pos ? 0 : out->samples_per_patch);
    return TYTO_OK;
}

static tyto_status read_mask_probabilities(const json_t *object, const char *where,
                                           tyto_perceiver_preprocessor *out, tyto_error *err)
{
    json_t *all = json_object_get(object, "mask_probs");
    for (void *at = json_object_iter(all); at; at = json_object_iter_next(all, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        const double probability = json_is_number(value) ? json_number_value(value) : -1.0;
        int i = 0;
        while (i < out->count && strcmp(out->modalities[i].name, name) != 0) {
            i++;
        }
        if (i == out->count || !(probability >= 0.0 && probability <= 1.0)) {
            return tyto_fail(err, TYTO_E_FORMAT,
                             "%s: 'mask_probs': '%s': required a modality's name and 0 to 1", where,
                             name);
        }
        out->modalities[i].masked = true;
        out->modalities[i].mask_probability = probability;
    }
    return TYTO_OK;
}

static tyto_status read_modality(const tyto_perceiver_modality *modality,
                                 const tyto_perceiver_config *config, void *item, tyto_error *err)
{
    tyto_perceiver_input_modality *out = item;
    snprintf(out->name, sizeof(out->name), "%s", modality->name);
    out->place = modality->place;
    if (strcmp(modality->type, types[TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR]) == 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: got another %s, required one modality",
                         modality->where, modality->type);
    }
    return tyto_perceiver_preprocessor_read(modality->part, modality->where, config, &out->part,
                                            err);
}

static tyto_status read_multimodal(const json_t *object, const char *where,
                                   const tyto_perceiver_config *config,
                                   tyto_perceiver_preprocessor *out, tyto_error *err)
{
    int64_t padding, most = 0;
    void *items = NULL;
    const tyto_status status = tyto_perceiver_read_modalities(object, where, config, read_modality,
                                                              sizeof(*out->modalities), &items,
                                                              &out->count, &padding, err);
    out->modalities = items;
    TYTO_TRY(status);
    for (int i = 0; i < out->count; i++) {
        most = tyto_max_i64(most, out->modalities[i].part.channels);
    }
    out->channels = most + padding;
    for (int i = 0; i < out->count; i++) {
        out->modalities[i].pad = out->channels - out->modalities[i].part.channels;
    }
    return read_mask_probabilities(object, where, out, err);
}

tyto_status tyto_perceiver_preprocessor_read(const json_t *object, const char *where,
                                             const tyto_perceiver_config *config,
                                             tyto_perceiver_preprocessor *out, tyto_error *err)
{
    int type;
    TYTO_TRY(tyto_perceiver_part_type(object, where, types, arguments,
                                      sizeof(types) / sizeof(types[0]), &type, err));
    out->type = (tyto_perceiver_preprocessor_type)type;
    switch (out->type) {
    case TYTO_PERCEIVER_TEXT_PREPROCESSOR:
        out->vocab_size = config->vocab_size;
        out->max_positions = config->max_position_embeddings;
        out->channels = config->d_model;
        break;
    case TYTO_PERCEIVER_ONE_HOT_PREPROCESSOR:
        out->channels = config->num_labels;
        break;
    case TYTO_PERCEIVER_IMAGE_PREPROCESSOR:
        TYTO_TRY(read_image(object, where, out, err));
        break;
    case TYTO_PERCEIVER_AUDIO_PREPROCESSOR:
        TYTO_TRY(read_audio(object, where, out, err));
        break;
    case TYTO_PERCEIVER_MULTIMODAL_PREPROCESSOR:
        TYTO_TRY(read_multimodal(object, where, config, out, err));
        break;
    }
    if (out->channels > TYTO_PERCEIVER_SIZE_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: got %lld channels, required at most %d", where,
                         (long long)out->channels, TYTO_PERCEIVER_SIZE_MAX);
    }
    return TYTO_OK;
}

static void bind_image(tyto_binder *binder, tyto_perceiver_preprocessor *fields, const char *prefix)
{
    const int64_t out_channels = fields->out_channels, in_channels = fields->in_channels,
                  conv_after_patching_in_channels = fields->conv_after_patching_in_channels;
    tyto_binder_prefix(binder, "%s", prefix);
    if (fields->prep == TYTO_PERCEIVER_PREP_CONV) {
#define TYTO_PERCEIVER_CONV
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CONV
    }
    if (fields->prep == TYTO_PERCEIVER_PREP_CONV && fields->batchnorm) {
        tyto_binder_counter(binder, "convnet.batchnorm.num_batches_tracked");
#define TYTO_PERCEIVER_BATCH_NORM
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_BATCH_NORM
    }
    if (fields->prep == TYTO_PERCEIVER_PREP_CONV1X1) {
#define TYTO_PERCEIVER_CONV1X1
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CONV1X1
    }
    if (fields->conv_after_patching) {
        /* Declared and saved, never used by other kinds of preparation. */
        tyto_binder_unused(binder, fields->prep != TYTO_PERCEIVER_PREP_PATCHES);
#define TYTO_PERCEIVER_AFTER_PATCHES
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_AFTER_PATCHES
        tyto_binder_unused(binder, false);
    }
}

static void bind_modalities(tyto_binder *binder, tyto_perceiver_preprocessor *part,
                            const char *prefix)
{
    for (int i = 0; i < part->count; i++) {
        tyto_perceiver_input_modality *fields = &part->modalities[i];
        const int64_t channels = part->channels;
        char inner[TYTO_PERCEIVER_WHERE_BYTES];
        snprintf(inner, sizeof(inner), "%smodalities.%s.", prefix, fields->name);
        tyto_perceiver_preprocessor_bind(binder, &fields->part, inner);
        tyto_perceiver_bind_padding(binder, prefix, fields->name, fields->pad, &fields->padding);
        tyto_binder_prefix(binder, "%smask.", prefix);
        if (fields->masked) {
            FLOATS(mask, fields->name, 1, channels)
        }
    }
}

void tyto_perceiver_preprocessor_bind(tyto_binder *binder, tyto_perceiver_preprocessor *fields,
                                      const char *prefix)
{
    char table[TYTO_PERCEIVER_WHERE_BYTES];
    const int64_t vocab_size = fields->vocab_size, d_model = fields->channels,
                  max_position_embeddings = fields->max_positions;
    if (fields->type == TYTO_PERCEIVER_TEXT_PREPROCESSOR) {
        tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_TEXT
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_TEXT
        return;
    }
    if (fields->type == TYTO_PERCEIVER_IMAGE_PREPROCESSOR) {
        bind_image(binder, fields, prefix);
    }
    bind_modalities(binder, fields, prefix);
    snprintf(table, sizeof(table), "%sposition_embeddings.", prefix);
    tyto_perceiver_position_bind(binder, &fields->position, table, prefix);
}
