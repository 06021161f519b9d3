#include "models/perceiver/describe/compositions.h"

/* In json_pack's formats s is a text, I an integer, f a float, b a truth value, o an object. */

static json_t *text_preprocessor(void)
{
    return json_pack("{s:s}", "type", "PerceiverTextPreprocessor");
}

/* One query of d_latents channels, classified. */
static json_t *classification_decoder(const tyto_perceiver_config *config)
{
    return json_pack("{s:s, s:I, s:b, s:{s:I, s:I}}", "type", "PerceiverClassificationDecoder",
                     "num_channels", (json_int_t)config->d_latents, "use_query_residual", 1,
                     "trainable_position_encoding_kwargs", "num_channels",
                     (json_int_t)config->d_latents, "index_dims", (json_int_t)1);
}

static json_t *fourier(int64_t bands, json_t *resolution)
{
    return json_pack("{s:I, s:o, s:b, s:b}", "num_bands", (json_int_t)bands, "max_resolution",
                     resolution, "concat_pos", 1, "sine_only", 0);
}

static json_t *compose(json_t *preprocessor, json_t *decoder)
{
    return json_pack("{s:o, s:o}", "input_preprocessor", preprocessor, "decoder", decoder);
}

json_t *tyto_perceiver_describe_masked_lm(const tyto_perceiver_config *config)
{
    const json_int_t d_model = config->d_model, length = config->max_position_embeddings;
    json_t *decoder = json_pack(
        "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:{s:I, s:I}}", "type",
        "PerceiverBasicDecoder", "output_num_channels", (json_int_t)config->d_latents,
        "output_index_dims", length, "num_channels", d_model, "qk_channels", (json_int_t)(8 * 32),
        "v_channels", d_model, "num_heads", (json_int_t)8, "use_query_residual", 0, "final_project",
        0, "trainable_position_encoding_kwargs", "num_channels", d_model, "index_dims", length);
    return compose(text_preprocessor(), decoder);
}

json_t *tyto_perceiver_describe_sequence(const tyto_perceiver_config *config)
{
    return compose(text_preprocessor(), classification_decoder(config));
}

json_t *tyto_perceiver_describe_learned(const tyto_perceiver_config *config)
{
    json_t *preprocessor = json_pack(
        "{s:s, s:s, s:I, s:I, s:s, s:s, s:I, s:{s:I, s:I}}", "type", "PerceiverImagePreprocessor",
        "prep_type", "conv1x1", "spatial_downsample", (json_int_t)1, "out_channels",
        (json_int_t)256, "position_encoding_type", "trainable", "concat_or_add_pos", "concat",
        "project_pos_dim", (json_int_t)256, "trainable_position_encoding_kwargs", "num_channels",
        (json_int_t)256, "index_dims", (json_int_t)(config->image_size * config->image_size));
    return compose(preprocessor, classification_decoder(config));
}

json_t *tyto_perceiver_describe_fourier(const tyto_perceiver_config *config)
{
    json_t *preprocessor =
        json_pack("{s:s, s:s, s:I, s:o}", "type", "PerceiverImagePreprocessor", "prep_type",
                  "pixels", "spatial_downsample", (json_int_t)1, "fourier_position_encoding_kwargs",
                  fourier(64, json_pack("[I,I]", (json_int_t)224, (json_int_t)224)));
    return compose(preprocessor, classification_decoder(config));
}

json_t *tyto_perceiver_describe_convolution(const tyto_perceiver_config *config)
{
    json_t *preprocessor =
        json_pack("{s:s, s:s, s:I, s:o}", "type", "PerceiverImagePreprocessor", "prep_type", "conv",
                  "spatial_downsample", (json_int_t)1, "fourier_position_encoding_kwargs",
                  fourier(64, json_pack("[I,I]", (json_int_t)56, (json_int_t)56)));
    return compose(preprocessor, classification_decoder(config));
}

static json_t *flow_positions(const tyto_perceiver_config *config)
{
    return fourier(64, json_pack("[I,I]", (json_int_t)config->train_size[0],
                                 (json_int_t)config->train_size[1]));
}

json_t *tyto_perceiver_describe_flow(const tyto_perceiver_config *config)
{
    /* 64 features of each pixel's patches, and its position. */
    const json_int_t channels = 64 + 2 + 2 * 2 * 64;
    json_t *preprocessor = json_pack(
        "{s:s, s:s, s:I, s:I, s:b, s:I, s:o}", "type", "PerceiverImagePreprocessor", "prep_type",
        "patches", "spatial_downsample", (json_int_t)1, "temporal_downsample", (json_int_t)2,
        "conv_after_patching", 1, "conv_after_patching_in_channels", (json_int_t)54,
        "fourier_position_encoding_kwargs", flow_positions(config));
    json_t *decoder = json_pack(
        "{s:s, s:I, s:[I,I], s:f, s:b, s:I, s:s, s:o}", "type", "PerceiverOpticalFlowDecoder",
        "num_channels", channels, "output_image_shape", (json_int_t)config->train_size[0],
        (json_int_t)config->train_size[1], "rescale_factor", 100.0, "use_query_residual", 0,
        "output_num_channels", (json_int_t)2, "position_encoding_type", "fourier",
        "fourier_position_encoding_kwargs", flow_positions(config));
    return compose(preprocessor, decoder);
}

static json_t *audio_positions(const tyto_perceiver_config *config)
{
    return fourier(
        192, json_pack("[I]", (json_int_t)(config->num_frames * config->audio_samples_per_frame)));
}

static json_t *video_positions(const tyto_perceiver_config *config)
{
    return fourier(32, json_pack("[I,I,I]", (json_int_t)config->num_frames,
                                 (json_int_t)config->image_size, (json_int_t)config->image_size));
}

static json_t *multimodal_preprocessor(const tyto_perceiver_config *config)
{
    json_t *audio = json_pack("{s:s, s:I, s:o}", "type", "PerceiverAudioPreprocessor",
                              "samples_per_patch", (json_int_t)config->samples_per_patch,
                              "fourier_position_encoding_kwargs", audio_positions(config));
    json_t *image =
        json_pack("{s:s, s:s, s:I, s:I, s:o}", "type", "PerceiverImagePreprocessor", "prep_type",
                  "patches", "spatial_downsample", (json_int_t)4, "temporal_downsample",
                  (json_int_t)1, "fourier_position_encoding_kwargs", video_positions(config));
    return json_pack("{s:s, s:I, s:{s:o, s:o, s:{s:s}}, s:{s:f, s:f, s:f}}", "type",
                     "PerceiverMultimodalPreprocessor", "min_padding_size", (json_int_t)4,
                     "modalities", "audio", audio, "image", image, "label", "type",
                     "PerceiverOneHotPreprocessor", "mask_probs", "image", 0.0, "audio", 0.0,
                     "label", 1.0);
}

static json_t *multimodal_decoder(const tyto_perceiver_config *config)
{
    const json_int_t samples = config->num_frames * config->audio_samples_per_frame,
                     channels = config->output_num_channels;
    const int64_t *shape = config->output_shape;
    json_t *audio =
        json_pack("{s:s, s:[I], s:I, s:b, s:s, s:o}", "type", "PerceiverBasicDecoder",
                  "output_index_dims", samples / config->samples_per_patch, "output_num_channels",
                  channels, "position_encoding_only", 1, "position_encoding_type", "fourier",
                  "fourier_position_encoding_kwargs", audio_positions(config));
    json_t *image = json_pack("{s:s, s:[I,I,I,I], s:I, s:b, s:s, s:o}", "type",
                              "PerceiverBasicVideoAutoencodingDecoder", "output_shape",
                              (json_int_t)shape[0], (json_int_t)shape[1], (json_int_t)shape[2],
                              (json_int_t)shape[3], "output_num_channels", channels,
                              "position_encoding_only", 1, "position_encoding_type", "fourier",
                              "fourier_position_encoding_kwargs", video_positions(config));
    json_t *label =
        json_pack("{s:s, s:b, s:{s:I, s:I}}", "type", "PerceiverClassificationDecoder",
                  "position_encoding_only", 1, "trainable_position_encoding_kwargs", "num_channels",
                  (json_int_t)config->label_trainable_num_channels, "index_dims", (json_int_t)1);
    return json_pack("{s:s, s:I, s:b, s:{s:o, s:o, s:o}}", "type", "PerceiverMultimodalDecoder",
                     "output_num_channels", channels, "use_query_residual", 0, "modalities",
                     "audio", audio, "image", image, "label", label);
}

json_t *tyto_perceiver_describe_multimodal(const tyto_perceiver_config *config)
{
    const json_int_t channels = config->output_num_channels;
    json_t *postprocessor = json_pack(
        "{s:s, s:{s:{s:s, s:I}, s:{s:s, s:I, s:I}, s:{s:s, s:I}}}", "type",
        "PerceiverMultimodalPostprocessor", "modalities", "audio", "type",
        "PerceiverAudioPostprocessor", "in_channels", channels, "image", "type",
        "PerceiverProjectionPostprocessor", "in_channels", channels, "out_channels", (json_int_t)3,
        "label", "type", "PerceiverClassificationPostprocessor", "in_channels", channels);
    return json_pack("{s:o, s:o, s:o}", "input_preprocessor", multimodal_preprocessor(config),
                     "decoder", multimodal_decoder(config), "output_postprocessor", postprocessor);
}
