#include "models/perceiver/describe/decoder.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
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

static tyto_status read_modality(const tyto_perceiver_modality *modality,
                                 const tyto_perceiver_config *config, void *item, tyto_error *err)
{
    tyto_perceiver_output_modality *out = item;
    const char *basic = types[TYTO_PERCEIVER_BASIC_DECODER],
               *classification = types[TYTO_PERCEIVER_CLASSIFICATION_DECODER],
               *video = types[TYTO_PERCEIVER_VIDEO_DECODER];
    snprintf(out->name, sizeof(out->name), "%s", modality->name);
    if (strcmp(modality->type, basic) != 0 && strcmp(modality->type, classification) != 0 &&
        strcmp(modality->type, video) != 0) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'type': got '%s', required %s, %s or %s",
                         modality->where, modality->type, basic, classification, video);
    }
    return tyto_perceiver_decoder_read(modality->part, modality->where, config, &out->part, err);
}

static tyto_status read_multimodal(const json_t *object, const char *where,
                                   const tyto_perceiver_config *config, tyto_perceiver_decoder *out,
                                   tyto_error *err)
{
    int64_t padding, most = 0;
    void *items = NULL;
    const tyto_status status = tyto_perceiver_read_modalities(object, where, config, read_modality,
                                                              sizeof(*out->modalities), &items,
                                                              &out->count, &padding, err);
    out->modalities = items;
    TYTO_TRY(status);
    for (int i = 0; i < out->count; i++) {
        most = tyto_max_i64(most, out->modalities[i].part.query_channels);
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

int64_t tyto_perceiver_decoder_channels(const tyto_perceiver_decoder *decoder)
{
    return decoder->type == TYTO_PERCEIVER_PROJECTION_DECODER || decoder->final_project
               ? decoder->output_num_channels
               : decoder->num_channels;
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
static void bind_attention(tyto_binder *binder, tyto_perceiver_decoder *fields, const char *prefix)
{
    const int64_t output_num_channels = fields->output_num_channels,
                  num_channels = fields->num_channels;
    char inner[TYTO_PERCEIVER_WHERE_BYTES + 64];
    if (fields->position_encoding_only) {
        return;
    }
    snprintf(inner, sizeof(inner), "%sdecoding_cross_attention.", prefix);
    tyto_perceiver_layer_bind(binder, &fields->cross, inner);
    if (fields->final_project) {
        tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_FINAL
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_FINAL
    }
}

static void bind_modalities(tyto_binder *binder, tyto_perceiver_decoder *part, const char *prefix)
{
    for (int i = 0; i < part->count; i++) {
        tyto_perceiver_output_modality *fields = &part->modalities[i];
        char inner[TYTO_PERCEIVER_WHERE_BYTES], table[TYTO_PERCEIVER_WHERE_BYTES + 64];
        const bool wrapped = fields->part.type != TYTO_PERCEIVER_BASIC_DECODER;
        snprintf(inner, sizeof(inner), "%smodalities.%s.%s", prefix, fields->name,
                 wrapped ? "decoder." : "");
        snprintf(table, sizeof(table), "%soutput_position_encodings.", inner);
        tyto_perceiver_position_bind(binder, &fields->part.position, table, inner);
        /* It only makes queries: the rest is saved, and never used. */
        tyto_binder_unused(binder, true);
        bind_attention(binder, &fields->part, inner);
        tyto_binder_unused(binder, false);
        tyto_perceiver_bind_padding(binder, prefix, fields->name, fields->pad, &fields->padding);
    }
}

void tyto_perceiver_decoder_bind(tyto_binder *binder, tyto_perceiver_decoder *fields,
                                 const char *prefix)
{
    const int64_t out_channels = fields->output_num_channels, in_channels = fields->num_channels;
    char inner[TYTO_PERCEIVER_WHERE_BYTES], below[TYTO_PERCEIVER_WHERE_BYTES + 64];
    if (fields->type == TYTO_PERCEIVER_PROJECTION_DECODER) {
        tyto_binder_prefix(binder, "%s", prefix);
#define TYTO_PERCEIVER_CLASSIFIER
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_CLASSIFIER
        return;
    }
    bind_modalities(binder, fields, prefix);
    snprintf(inner, sizeof(inner), "%s%s", prefix,
             fields->type == TYTO_PERCEIVER_BASIC_DECODER ? "" : "decoder.");
    snprintf(below, sizeof(below), "%soutput_position_encodings.", inner);
    /* A flow's queries are the inputs: encodings of its own are saved, and never used. */
    tyto_binder_unused(binder, fields->type == TYTO_PERCEIVER_FLOW_DECODER);
    tyto_perceiver_position_bind(binder, &fields->position, below, inner);
    tyto_binder_unused(binder, false);
    bind_attention(binder, fields, inner);
}
