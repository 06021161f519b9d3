#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
#include "models/perceiver/describe/parts_read.h"
#include "models/perceiver/requests.h"

/* Arguments of the layer that decodes, and of the positions that are its queries. */
#define ATTENTION                                                                                  \
    " qk_channels v_channels num_heads widening_factor use_query_residual"                         \
    " concat_preprocessed_input final_project position_encoding_only subsampled_index_dims"
#define POSITION                                                                                   \
    " position_encoding_type out_channels project_pos_dim trainable_position_encoding_kwargs"      \
    " fourier_position_encoding_kwargs"

static const char *const types[] = {"PerceiverProjectionDecoder",
                                    "PerceiverBasicDecoder",
                                    "PerceiverClassificationDecoder",
                                    "PerceiverOpticalFlowDecoder",
                                    "PerceiverBasicVideoAutoencodingDecoder",
                                    "PerceiverMultimodalDecoder"};
static const char *const arguments[] = {
    " ",
    ATTENTION POSITION " output_num_channels output_index_dims num_channels ",
    ATTENTION POSITION " num_channels ",
    ATTENTION POSITION " output_num_channels output_index_dims num_channels output_image_shape"
                       " rescale_factor ",
    ATTENTION POSITION " output_num_channels num_channels output_shape ",
    ATTENTION " output_num_channels num_outputs min_padding_size modalities ",
};

/* What decoders share: a PerceiverBasicDecoder's arguments but its positions. num_channels of a
 * multimodal one are set before. */
static tyto_status read_attention(const json_t *object, const char *where,
                                  tyto_perceiver_decoder *out, tyto_error *err)
{
    const struct {
        const char *key;
        int64_t *value;
    } sizes[] = {
        {"output_num_channels", &out->output_num_channels},
        {"num_channels", &out->num_channels},
        {"qk_channels", &out->cross.qk_channels},
        {"v_channels", &out->cross.v_channels},
        {"num_heads", &out->cross.heads},
        {"widening_factor", &out->cross.widening},
    };
    out->cross.heads = out->cross.widening = 1;
    out->cross.cross = true;
    out->final_project = true;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        TYTO_TRY(tyto_perceiver_read_size(object, where, sizes[i].key,
                                          i == 5 ? 1024 : TYTO_PERCEIVER_SIZE_MAX, sizes[i].value,
                                          err));
    }
    TYTO_TRY(tyto_json_bool(object, where, "use_query_residual", &out->cross.residual, err));
    TYTO_TRY(tyto_json_bool(object, where, "concat_preprocessed_input",
                            &out->concat_preprocessed_input, err));
    TYTO_TRY(tyto_json_bool(object, where, "final_project", &out->final_project, err));
    return tyto_json_bool(object, where, "position_encoding_only", &out->position_encoding_only,
                          err);
}

static tyto_status read_basic(const json_t *object, const char *where, const char *position,
                              tyto_perceiver_decoder *out, tyto_error *err)
{
    TYTO_TRY(read_attention(object, where, out, err));
    if (out->output_num_channels == 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'output_num_channels': missing", where);
    }
    TYTO_TRY(tyto_perceiver_position_read(object, where, position, &out->position, err));
    TYTO_TRY(tyto_perceiver_read_size(object, where, "out_channels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->position.out_channels, err));
    TYTO_TRY(tyto_perceiver_position_check(&out->position, where, err));
    if (out->position.type == TYTO_PERCEIVER_POSITION_NONE &&
        out->type != TYTO_PERCEIVER_FLOW_DECODER) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'position_encoding_type': got 'none', of which queries can't be made",
                         where);
    }
    out->query_channels = out->position_encoding_only
                              ? tyto_perceiver_position_channels(&out->position)
                          : out->final_project ? out->output_num_channels
                                               : out->num_channels;
    return TYTO_OK;
}

static tyto_status read_index_dims(const json_t *object, const char *where,
                                   tyto_perceiver_decoder *out, tyto_error *err)
{
    int rank = -1;
    TYTO_TRY(tyto_perceiver_read_sizes(object, where, "output_index_dims", TYTO_PERCEIVER_AXES_MAX,
                                       TYTO_PERCEIVER_POSITIONS_MAX, out->output_index_dims, &rank,
                                       err));
    out->output_index_rank = rank < 0 ? 0 : rank == 0 ? 1 : rank;
    return TYTO_OK;
}

static tyto_status read_shape(const json_t *object, const char *where, const char *key, int least,
                              tyto_perceiver_decoder *out, tyto_error *err)
{
    TYTO_TRY(tyto_perceiver_read_sizes(object, where, key, TYTO_PERCEIVER_AXES_MAX, 1 << 16,
                                       out->shape, &out->shape_rank, err));
    if (out->shape_rank < least) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': required a list of %s%d sizes", where, key,
                         least == TYTO_PERCEIVER_AXES_MAX ? "" : "at least ", least);
    }
    return TYTO_OK;
}

static tyto_status read_flow(const json_t *object, const char *where, tyto_perceiver_decoder *out,
                             tyto_error *err)
{
    out->output_num_channels = 2;
    out->rescale_factor = 100.0;
    TYTO_TRY(read_shape(object, where, "output_image_shape", 1, out, err));
    TYTO_TRY(tyto_json_double(object, where, "rescale_factor", &out->rescale_factor, err));
    if (!isfinite(out->rescale_factor) || out->rescale_factor == 0.0) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'rescale_factor': got %g, required any but 0",
                         where, out->rescale_factor);
    }
    TYTO_TRY(read_index_dims(object, where, out, err));
    return read_basic(object, where, "trainable", out, err);
}

static tyto_status read_video(const json_t *object, const char *where, tyto_perceiver_decoder *out,
                              tyto_error *err)
{
    TYTO_TRY(read_shape(object, where, "output_shape", 4, out, err));
    memcpy(out->output_index_dims, out->shape + 1, 3 * sizeof(int64_t));
    out->output_index_rank = 3;
    return read_basic(object, where, "none", out, err);
}

static tyto_status read_multimodal(const json_t *object, const char *where,
                                   const tyto_perceiver_config *config, tyto_perceiver_decoder *out,
                                   tyto_error *err)
{
    const char *names[TYTO_PERCEIVER_MODALITIES_MAX];
    int places[TYTO_PERCEIVER_MODALITIES_MAX];
    int64_t padding = 2, most = 0;
    TYTO_TRY(tyto_json_int(object, where, "min_padding_size", &padding, err));
    if (padding < 0 || padding > TYTO_PERCEIVER_SIZE_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'min_padding_size': got %lld, required 0 to %d",
                         where, (long long)padding, TYTO_PERCEIVER_SIZE_MAX);
    }
    TYTO_TRY(tyto_perceiver_read_modalities(object, where, names, places, &out->count, err));
    out->modalities = tyto_alloc_zeroed((size_t)out->count, sizeof(*out->modalities));
    if (!out->modalities) {
        return tyto_fail_memory(err, where);
    }
    for (int i = 0; i < out->count; i++) {
        tyto_perceiver_output_modality *modality = &out->modalities[i];
        char inner[TYTO_PERCEIVER_WHERE_BYTES];
        tyto_perceiver_where(inner, where, names[i]);
        snprintf(modality->name, sizeof(modality->name), "%s", names[i]);
        const json_t *part = json_object_get(json_object_get(object, "modalities"), names[i]);
        const char *type = json_string_value(json_object_get(part, "type"));
        const bool makes_queries =
            type && (strcmp(type, types[TYTO_PERCEIVER_BASIC_DECODER]) == 0 ||
                     strcmp(type, types[TYTO_PERCEIVER_CLASSIFICATION_DECODER]) == 0 ||
                     strcmp(type, types[TYTO_PERCEIVER_VIDEO_DECODER]) == 0);
        if (!makes_queries) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: 'type': got '%s', required %s, %s or %s",
                             inner, type ? type : "", types[TYTO_PERCEIVER_BASIC_DECODER],
                             types[TYTO_PERCEIVER_CLASSIFICATION_DECODER],
                             types[TYTO_PERCEIVER_VIDEO_DECODER]);
        }
        TYTO_TRY(tyto_perceiver_decoder_read(part, inner, config, &modality->part, err));
        most = tyto_max_i64(most, modality->part.query_channels);
    }
    out->num_channels = most + padding;
    for (int i = 0; i < out->count; i++) {
        out->modalities[i].pad = out->num_channels - out->modalities[i].part.query_channels;
    }
    TYTO_TRY(read_attention(object, where, out, err));
    if (out->output_num_channels == 0 || out->position_encoding_only) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: required output_num_channels, and position_encoding_only false",
                         where);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_decoder_read(const json_t *object, const char *where,
                                        const tyto_perceiver_config *config,
                                        tyto_perceiver_decoder *out, tyto_error *err)
{
    int type;
    TYTO_TRY(tyto_perceiver_part_type(object, where, types, arguments,
                                      sizeof(types) / sizeof(types[0]), &type, err));
    out->type = (tyto_perceiver_decoder_type)type;
    out->num_channels = 128;
    switch (out->type) {
    case TYTO_PERCEIVER_PROJECTION_DECODER:
        out->num_channels = config->d_latents;
        out->output_num_channels = config->num_labels;
        return TYTO_OK;
    case TYTO_PERCEIVER_BASIC_DECODER:
        TYTO_TRY(read_index_dims(object, where, out, err));
        TYTO_TRY(read_basic(object, where, "trainable", out, err));
        break;
    case TYTO_PERCEIVER_CLASSIFICATION_DECODER:
        out->output_num_channels = config->num_labels;
        out->output_index_dims[0] = 1;
        out->output_index_rank = 1;
        TYTO_TRY(read_basic(object, where, "trainable", out, err));
        break;
    case TYTO_PERCEIVER_FLOW_DECODER:
        TYTO_TRY(read_flow(object, where, out, err));
        break;
    case TYTO_PERCEIVER_VIDEO_DECODER:
        TYTO_TRY(read_video(object, where, out, err));
        break;
    case TYTO_PERCEIVER_MULTIMODAL_DECODER:
        TYTO_TRY(read_multimodal(object, where, config, out, err));
        break;
    }
    out->cross.q_dim = out->num_channels;
    out->cross.kv_dim = config->d_latents;
    return tyto_perceiver_layer_derive(&out->cross, config, where, err);
}

/* What a decoder attends with, below `prefix`. */
static void bind_attention(tyto_binder *binder, tyto_perceiver_decoder *to, const char *prefix)
{
    const int64_t output_num_channels = to->output_num_channels, num_channels = to->num_channels;
    char inner[TYTO_PERCEIVER_WHERE_BYTES + 64];
    if (to->position_encoding_only) {
        return;
    }
    snprintf(inner, sizeof(inner), "%sdecoding_cross_attention.", prefix);
    tyto_perceiver_layer_bind(binder, &to->cross, inner);
    if (to->final_project) {
        tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_FINAL
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_FINAL
    }
}

static void bind_modalities(tyto_binder *binder, tyto_perceiver_decoder *part, const char *prefix)
{
    for (int i = 0; i < part->count; i++) {
        tyto_perceiver_output_modality *to = &part->modalities[i];
        const int64_t padding = to->pad;
        char inner[TYTO_PERCEIVER_WHERE_BYTES], table[TYTO_PERCEIVER_WHERE_BYTES + 64];
        const bool wrapped = to->part.type != TYTO_PERCEIVER_BASIC_DECODER;
        snprintf(inner, sizeof(inner), "%smodalities.%s.%s", prefix, to->name,
                 wrapped ? "decoder." : "");
        snprintf(table, sizeof(table), "%soutput_position_encodings.", inner);
        tyto_perceiver_position_bind(binder, &to->part.position, table, inner);
        /* It only makes queries: the rest is saved, and never used. */
        tyto_binder_unused(binder, true);
        bind_attention(binder, &to->part, inner);
        tyto_binder_unused(binder, false);
        tyto_binder_prefix(binder, "%spadding.", prefix);
        if (padding > 0) {
            FLOATS(padding, to->name, 1, padding)
        } else {
            tyto_binder_empty(binder, to->name);
        }
    }
}

void tyto_perceiver_decoder_bind(tyto_binder *binder, tyto_perceiver_decoder *to,
                                 const char *prefix)
{
    const int64_t out_channels = to->output_num_channels, in_channels = to->num_channels;
    char inner[TYTO_PERCEIVER_WHERE_BYTES], below[TYTO_PERCEIVER_WHERE_BYTES + 64];
    if (to->type == TYTO_PERCEIVER_PROJECTION_DECODER) {
        tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_CLASSIFIER
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CLASSIFIER
        return;
    }
    bind_modalities(binder, to, prefix);
    snprintf(inner, sizeof(inner), "%s%s", prefix,
             to->type == TYTO_PERCEIVER_BASIC_DECODER ? "" : "decoder.");
    snprintf(below, sizeof(below), "%soutput_position_encodings.", inner);
    /* A flow's queries are the inputs: encodings of its own are saved, and never used. */
    tyto_binder_unused(binder, to->type == TYTO_PERCEIVER_FLOW_DECODER);
    tyto_perceiver_position_bind(binder, &to->position, below, inner);
    tyto_binder_unused(binder, false);
    bind_attention(binder, to, inner);
}

static tyto_status read_post_modalities(const json_t *object, const char *where,
                                        const tyto_perceiver_config *config,
                                        tyto_perceiver_postprocessor *out, tyto_error *err)
{
    const char *names[TYTO_PERCEIVER_MODALITIES_MAX];
    int places[TYTO_PERCEIVER_MODALITIES_MAX];
    bool dict = false;
    TYTO_TRY(tyto_json_bool(object, where, "input_is_dict", &dict, err));
    if (dict) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: 'input_is_dict': got true, required false: no decoder gives its "
                         "modalities apart",
                         where);
    }
    TYTO_TRY(tyto_perceiver_read_modalities(object, where, names, places, &out->count, err));
    out->modalities = tyto_alloc_zeroed((size_t)out->count, sizeof(*out->modalities));
    if (!out->modalities) {
        return tyto_fail_memory(err, where);
    }
    for (int i = 0; i < out->count; i++) {
        char inner[TYTO_PERCEIVER_WHERE_BYTES];
        tyto_perceiver_where(inner, where, names[i]);
        snprintf(out->modalities[i].name, sizeof(out->modalities[i].name), "%s", names[i]);
        const json_t *part = json_object_get(json_object_get(object, "modalities"), names[i]);
        if (json_object_get(part, "modalities")) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: required one modality", inner);
        }
        TYTO_TRY(
            tyto_perceiver_postprocessor_read(part, inner, config, &out->modalities[i].part, err));
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_postprocessor_read(const json_t *object, const char *where,
                                              const tyto_perceiver_config *config,
                                              tyto_perceiver_postprocessor *out, tyto_error *err)
{
    static const char *const post_types[] = {
        "PerceiverProjectionPostprocessor", "PerceiverAudioPostprocessor",
        "PerceiverClassificationPostprocessor", "PerceiverMultimodalPostprocessor"};
    static const char *const post_arguments[] = {" in_channels out_channels ",
                                                 " in_channels postproc_type ", " in_channels ",
                                                 " modalities input_is_dict "};
    static const char *const post_kinds[] = {"patches", NULL};
    int type, kind;
    TYTO_TRY(tyto_perceiver_part_type(object, where, post_types, post_arguments, 4, &type, err));
    out->type = (tyto_perceiver_postprocessor_type)type;
    if (out->type == TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR) {
        return read_post_modalities(object, where, config, out, err);
    }
    TYTO_TRY(tyto_perceiver_read_choice(object, where, "postproc_type", post_kinds, &kind, err));
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

void tyto_perceiver_postprocessor_bind(tyto_binder *binder, tyto_perceiver_postprocessor *to,
                                       const char *prefix)
{
    const int64_t out_channels = to->out_channels, in_channels = to->in_channels;
    if (to->type != TYTO_PERCEIVER_MULTIMODAL_POSTPROCESSOR) {
        tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_CLASSIFIER
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CLASSIFIER
        return;
    }
    for (int i = 0; i < to->count; i++) {
        char inner[TYTO_PERCEIVER_WHERE_BYTES];
        snprintf(inner, sizeof(inner), "%smodalities.%s.", prefix, to->modalities[i].name);
        tyto_perceiver_postprocessor_bind(binder, &to->modalities[i].part, inner);
    }
}
