#include "processor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "messages.h"

/* Up to `most` numbers with commas between; returns how many, or 0 when it is something else. */
static int read_numbers(const char *text, double *to, int most)
{
    for (int n = 0; n < most; text++) {
        char *end;
        to[n] = strtod(text, &end);
        if (end == text || !isfinite(to[n])) {
            return 0;
        }
        n++;
        text = end;
        if (!*text) {
            return n;
        }
        if (*text != ',') {
            return 0;
        }
    }
    return 0;
}

static bool read_channels(const char *name, const char *text, double to[3], const double **out)
{
    if (!text) {
        return true;
    }
    const int count = read_numbers(text, to, 3);
    if (count != 1 && count != 3) {
        say_error("--%s: got '%s', required one number, or three as R,G,B", name, text);
        return false;
    }
    if (count == 1) {
        to[1] = to[2] = to[0];
    }
    *out = to;
    return true;
}

/* "960x720", or "960" for a square. */
static bool read_size(const char *name, const char *text, int64_t *width, int64_t *height)
{
    if (!text) {
        return true;
    }
    char *end;
    *width = *height = strtol(text, &end, 10);
    bool good = end != text;
    if (good && *end == 'x') {
        const char *second = end + 1;
        *height = strtol(second, &end, 10);
        good = end != second;
    }
    if (!good || *end || *width < 1 || *height < 1) {
        say_error("--%s: got '%s', required WIDTHxHEIGHT in pixels", name, text);
        return false;
    }
    return true;
}

bool processor_read(const processor_args *args, processor_choice *out)
{
    *out = (processor_choice){.resample = args->resample - 1};
    tyto_image_processor_options_init(&out->options, sizeof(out->options));
    out->options.do_pad = (tyto_switch)args->pad;
    out->options.do_resize = (tyto_switch)args->resize;
    out->options.do_rescale = (tyto_switch)args->rescale;
    out->options.do_normalize = (tyto_switch)args->normalize;
    out->options.do_center_crop = (tyto_switch)args->crop;
    out->options.rescale_factor = args->rescale_factor;
    out->options.resample = args->resample ? &out->resample : NULL;
    out->differs = args->pad || args->resize || args->rescale || args->normalize || args->size ||
                   args->mean || args->std || args->rescale_factor != 0.0 || args->crop ||
                   args->crop_size || args->resample;
    return read_size("size", args->size, &out->options.width, &out->options.height) &&
           read_size("crop-size", args->crop_size, &out->options.crop_width,
                     &out->options.crop_height) &&
           read_channels("image-mean", args->mean, out->mean, &out->options.mean) &&
           read_channels("image-std", args->std, out->std, &out->options.std);
}

const tyto_image_processor *processor_make(processor_choice *choice,
                                           const tyto_image_processor *from)
{
    tyto_error err = TYTO_ERROR_INIT;
    if (!choice->differs) {
        return from;
    }
    /* The choice may have been copied since it was read. */
    choice->options.mean = choice->options.mean ? choice->mean : NULL;
    choice->options.std = choice->options.std ? choice->std : NULL;
    choice->options.resample = choice->options.resample ? &choice->resample : NULL;
    if (tyto_image_processor_override(from, &choice->options, &choice->made, &err) != TYTO_OK) {
        say_tyto_error(&err);
        return NULL;
    }
    return choice->made;
}

bool processor_for(processor_choice *choice, const opened *with, const tyto_image_processor **out)
{
    const tyto_image_processor *own = tyto_model_image_processor(with->model);
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
