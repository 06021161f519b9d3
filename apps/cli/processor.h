/** The image processor's parameters on the command line. */
#ifndef TYTO_CLI_PROCESSOR_H
#define TYTO_CLI_PROCESSOR_H

#include <tyto/processor.h>

#include "model.h"
#include "options.h"

/** What the options below write. Zeros: as preprocessor_config.json says. */
typedef struct processor_args {
    int pad, resize, rescale, normalize, crop; /**< tyto_switch */
    int resample;                              /**< of RESAMPLE_WORDS */
    const char *size, *mean, *std, *crop_size;
    double rescale_factor;
} processor_args;

#define SWITCH_WORDS "config|on|off"

/** Lines of an option table; `type` are a command's arguments, `field` their processor_args. */
#define PROCESSOR_OPTIONS(type, field)                                                             \
    OPTION_LINE("size", 0, OPTION_TEXT, "WxH",                                                     \
                "pixels that photos are resized to, such as 960x960", offsetof(type, field.size)), \
        OPTION_LINE("pad", 0, OPTION_CHOICE, SWITCH_WORDS,                                         \
                    "pad photos to a square (default: what preprocessor_config.json says, here "   \
                    "and below)",                                                                  \
                    offsetof(type, field.pad)),                                                    \
        OPTION_LINE("resize", 0, OPTION_CHOICE, SWITCH_WORDS, "resize photos",                     \
                    offsetof(type, field.resize)),                                                 \
        OPTION_LINE("rescale", 0, OPTION_CHOICE, SWITCH_WORDS,                                     \
                    "multiply bytes by the rescale factor", offsetof(type, field.rescale)),        \
        OPTION_LINE("rescale-factor", 0, OPTION_REAL, "X", "that factor",                          \
                    offsetof(type, field.rescale_factor), 1e-12, 1e12),                            \
        OPTION_LINE("normalize", 0, OPTION_CHOICE, SWITCH_WORDS,                                   \
                    "subtract the mean, divide by the deviation",                                  \
                    offsetof(type, field.normalize)),                                              \
        OPTION_LINE("image-mean", 0, OPTION_TEXT, "R,G,B",                                         \
                    "that mean; one number serves all channels", offsetof(type, field.mean)),      \
        OPTION_LINE("image-std", 0, OPTION_TEXT, "R,G,B", "that deviation",                        \
                    offsetof(type, field.std))

/** "config", then Pillow's filters by its numbers. */
#define RESAMPLE_WORDS "config|nearest|lanczos|bilinear|bicubic|box|hamming"

/** Further lines: steps and choices that only some models' image processors have. */
#define CROP_OPTIONS(type, field)                                                                  \
    OPTION_LINE("crop", 0, OPTION_CHOICE, SWITCH_WORDS,                                            \
                "crop the centre first, where the image processor has that step",                  \
                offsetof(type, field.crop)),                                                       \
        OPTION_LINE("crop-size", 0, OPTION_TEXT, "WxH",                                            \
                    "what --size is a part of: the crop is that part of the photo's shorter side", \
                    offsetof(type, field.crop_size)),                                              \
        OPTION_LINE("resample", 0, OPTION_CHOICE, RESAMPLE_WORDS,                                  \
                    "the filter that resizes, where the image processor has a choice",             \
                    offsetof(type, field.resample))

/** A processor as the options want it. */
typedef struct processor_choice {
    tyto_image_processor_options options;
    tyto_image_processor_values values; /**< which options point to: a choice isn't copied */
    bool differs;                       /**< from the file */
    tyto_image_processor *made;
} processor_choice;

/** Reads the options; complains and returns false on wrong usage. */
bool processor_read(const processor_args *args, processor_choice *out);
/** The processor, or a changed one as the options say, which `choice` owns. NULL after a
 *  complaint. */
const tyto_image_processor *processor_make(processor_choice *choice,
                                           const tyto_image_processor *processor);
/** *out = the changed one of an open model, or NULL where nothing differs; complains and returns
 *  false on failure. */
bool processor_for(processor_choice *choice, const opened *model, const tyto_image_processor **out);
/** Releases the processor. */
void processor_drop(processor_choice *choice);

#endif
