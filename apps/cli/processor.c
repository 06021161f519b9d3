#include "processor.h"

#include "messages.h"

bool processor_read(const processor_args *args, processor_choice *out)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"size", args->size},
                 {"crop-size", args->crop_size},
                 {"image-mean", args->mean},
                 {"image-std", args->std}};
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image_processor_options *options = &out->options;
    *out = (processor_choice){.values.resample = args->resample - 1};
    tyto_image_processor_options_init(options, sizeof(*options));
    options->do_pad = (tyto_switch)args->pad;
    options->do_resize = (tyto_switch)args->resize;
    options->do_rescale = (tyto_switch)args->rescale;
    options->do_normalize = (tyto_switch)args->normalize;
    options->do_center_crop = (tyto_switch)args->crop;
    options->rescale_factor = args->rescale_factor;
    options->resample = args->resample ? &out->values.resample : NULL;
    out->differs = args->pad || args->resize || args->rescale || args->normalize || args->crop ||
                   args->rescale_factor != 0.0 || args->resample;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i].text && tyto_image_processor_options_set(options, &out->values, texts[i].name,
                                                              texts[i].text, &err) != TYTO_OK) {
            say_error("--%s", tyto_error_message(&err));
            tyto_error_clear(&err);
            return false;
        }
        out->differs = out->differs || texts[i].text;
    }
    return true;
}

const tyto_image_processor *processor_make(processor_choice *choice,
                                           const tyto_image_processor *processor)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (!choice->differs) {
        return processor;
    }
    if (!went_well(tyto_image_processor_override(processor, &choice->options, &choice->made, &err),
                   &err)) {
        return NULL;
    }
    return choice->made;
}

bool processor_for(processor_choice *choice, const opened *model, const tyto_image_processor **out)
{
    const tyto_image_processor *own = tyto_model_image_processor(model->model);
    *out = NULL;
    if (!choice->differs || !own) {
        return true; /* without one, the first photo says so */
    }
    *out = processor_make(choice, own);
    return *out != NULL;
}

void processor_drop(processor_choice *choice)
{
    tyto_image_processor_destroy(choice->made);
    choice->made = NULL;
}
