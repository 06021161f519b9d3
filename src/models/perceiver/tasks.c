#include "models/perceiver/tasks.h"

#include "models/perceiver/model.h"

/* Of the videos that the network was trained on; its config has samples per frame alone. */
#define FRAMES_PER_SECOND 25

/* What a Perceiver classifies, of chosen parts too: it must decode one row of logits. */
static tyto_family_classes classes(const void *network)
{
    const tyto_perceiver *model = network;
    const tyto_perceiver_preprocessor *input = model->parts.input_preprocessor;
    const tyto_perceiver_decoder *decoder = model->parts.decoder;
    if (!input || !decoder ||
        (decoder->type != TYTO_PERCEIVER_CLASSIFICATION_DECODER &&
         decoder->type != TYTO_PERCEIVER_PROJECTION_DECODER)) {
        return TYTO_FAMILY_CLASSES_OF_NOTHING;
    }
    return input->type == TYTO_PERCEIVER_TEXT_PREPROCESSOR    ? TYTO_FAMILY_CLASSES_OF_TEXTS
           : input->type == TYTO_PERCEIVER_IMAGE_PREPROCESSOR ? TYTO_FAMILY_CLASSES_OF_IMAGES
                                                              : TYTO_FAMILY_CLASSES_OF_NOTHING;
}

static tyto_family_scores scores(const void *network)
{
    const tyto_perceiver_config *config = &((const tyto_perceiver *)network)->config;
    if (config->problem_type == TYTO_PERCEIVER_REGRESSION) {
        return TYTO_FAMILY_SCORES_NONE;
    }
    return config->problem_type == TYTO_PERCEIVER_MULTI_LABEL || config->num_labels == 1
               ? TYTO_FAMILY_SCORES_SIGMOID
               : TYTO_FAMILY_SCORES_SOFTMAX;
}

static int64_t max_tokens(const void *network)
{
    return ((const tyto_perceiver *)network)->config.max_position_embeddings;
}

static void flow_size(const void *network, int64_t *height_px, int64_t *width_px)
{
    const int64_t *size = ((const tyto_perceiver *)network)->config.train_size;
    *height_px = size[0];
    *width_px = size[1];
}

static void window(const void *network, tyto_family_window *out)
{
    const tyto_perceiver_config *config = &((const tyto_perceiver *)network)->config;
    *out = (tyto_family_window){.frames = config->output_shape[1],
                                .height_px = config->output_shape[2],
                                .width_px = config->output_shape[3],
                                .frames_per_second = FRAMES_PER_SECOND,
                                .samples = config->num_frames * config->audio_samples_per_frame,
                                .sound_hz = FRAMES_PER_SECOND * config->audio_samples_per_frame,
                                .samples_per_patch = config->samples_per_patch,
                                .labels = config->num_labels};
}

#define CLASSIFY(always_pictures)                                                                  \
    {                                                                                              \
        .input = "inputs", .mask_input = "attention_mask", .output = "logits",                     \
        .pictures = (always_pictures), .classes = classes, .scores = scores,                       \
        .max_tokens = max_tokens                                                                   \
    }
static const tyto_family_classify classify = CLASSIFY(false);
static const tyto_family_classify classify_pictures = CLASSIFY(true);
static const tyto_family_fill_mask fill_mask = {
    .head = "PerceiverForMaskedLM",
    .input = "inputs",
    .points_input = "subsampled_output_points",
    .output = "logits",
    .max_tokens = max_tokens,
};
static const tyto_family_flow flow = {
    .head = "PerceiverForOpticalFlow",
    .input = "inputs",
    .output = "logits",
    .size = flow_size,
};
static const tyto_family_autoencode autoencode = {
    .head = "PerceiverForMultimodalAutoencoding",
    .image_input = "inputs.image",
    .sound_input = "inputs.audio",
    .label_input = "inputs.label",
    .latents = "last_hidden_state",
    .image_points = "subsampled_output_points.image",
    .sound_points = "subsampled_output_points.audio",
    .image_output = "logits.image",
    .sound_output = "logits.audio",
    .label_output = "logits.label",
    .window = window,
};

const tyto_family_tasks tyto_perceiver_classify_tasks = {.classify = &classify};
const tyto_family_tasks tyto_perceiver_classify_pictures_tasks = {.classify = &classify_pictures};
const tyto_family_tasks tyto_perceiver_fill_mask_tasks = {.fill_mask = &fill_mask};
const tyto_family_tasks tyto_perceiver_flow_tasks = {.flow = &flow};
const tyto_family_tasks tyto_perceiver_autoencode_tasks = {.autoencode = &autoencode};
