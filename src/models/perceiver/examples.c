#include "models/perceiver/examples.h"

/* Pixels along the side of a picture of ImageNet. */
#define PICTURE_SIDE 224
/* Values of a pixel: the 3×3 pixels around it, in 3 colours. */
#define FLOW_CHANNELS 27

static tyto_example one_input(tyto_tensor input)
{
    return (tyto_example){.inputs = {input}, .n_inputs = 1};
}

static tyto_example picture(int64_t batch, int64_t side)
{
    return one_input((tyto_tensor){
        .name = "inputs", .dtype = TYTO_F32, .rank = 4, .shape = {batch, 3, side, side}});
}

void tyto_perceiver_example_text(const tyto_perceiver_config *config, int64_t batch,
                                 tyto_example *out)
{
    *out = one_input((tyto_tensor){.name = "inputs",
                                   .dtype = TYTO_I64,
                                   .rank = 2,
                                   .shape = {batch, config->max_position_embeddings}});
}

void tyto_perceiver_example_learned(const tyto_perceiver_config *config, int64_t batch,
                                    tyto_example *out)
{
    *out = picture(batch, config->image_size);
}

void tyto_perceiver_example_picture(const tyto_perceiver_config *config, int64_t batch,
                                    tyto_example *out)
{
    (void)config;
    *out = picture(batch, PICTURE_SIDE);
}

void tyto_perceiver_example_flow(const tyto_perceiver_config *config, int64_t batch,
                                 tyto_example *out)
{
    const int64_t *size = config->train_size;
    *out = one_input((tyto_tensor){.name = "inputs",
                                   .dtype = TYTO_F32,
                                   .rank = 5,
                                   .shape = {batch, 2, FLOW_CHANNELS, size[0], size[1]}});
}

void tyto_perceiver_example_multimodal(const tyto_perceiver_config *config, int64_t batch,
                                       tyto_example *out)
{
    const int64_t *video = config->output_shape,
                  samples = config->num_frames * config->audio_samples_per_frame;
    *out = (tyto_example){.inputs = {{.name = "inputs.image",
                                      .dtype = TYTO_F32,
                                      .rank = 5,
                                      .shape = {batch, video[1], 3, video[2], video[3]}},
                                     {.name = "inputs.audio",
                                      .dtype = TYTO_F32,
                                      .rank = 3,
                                      .shape = {batch, samples, 1}},
                                     {.name = "inputs.label",
                                      .dtype = TYTO_F32,
                                      .rank = 2,
                                      .shape = {batch, config->num_labels}}},
                          .n_inputs = 3};
}
