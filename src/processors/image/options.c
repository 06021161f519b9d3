/* What is to differ from preprocessor_config.json, as people write it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/size.h"
#include "processors/image/image_processor.h"

void tyto_image_processor_options_init(tyto_image_processor_options *options, size_t struct_bytes)
{
    static const tyto_image_processor_options defaults = {.struct_bytes = sizeof(defaults)};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* The name with its text, for messages. */
typedef struct setting {
    const char *name, *text;
} setting;

static tyto_status refuse(setting given, const char *required, tyto_error *err)
{
    return tyto_fail(err, TYTO_E_ARGUMENT, "%s: got '%s', required %s", given.name, given.text,
                     required);
}

/* The place of a text among words; −1: it is none of them. */
static int find_word(const char *text, const char *const *words, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return i;
        }
    }
    return -1;
}

static tyto_status set_switch(setting given, tyto_switch *out, tyto_error *err)
{
    static const char *const words[] = {
        [TYTO_SWITCH_AS_CONFIGURED] = "config", [TYTO_SWITCH_ON] = "on", [TYTO_SWITCH_OFF] = "off"};
    const int found = find_word(given.text, words, 3);
    if (found < 0) {
        return refuse(given, "config, on or off", err);
    }
    *out = (tyto_switch)found;
    return TYTO_OK;
}

static tyto_status set_filter(setting given, int *value, const int **out, tyto_error *err)
{
    /* In the order of Pillow's numbers. */
    static const char *const words[] = {"nearest", "lanczos", "bilinear",
                                        "bicubic", "box",     "hamming"};
    const int found = find_word(given.text, words, 6);
    if (found < 0) {
        return refuse(given, "nearest, lanczos, bilinear, bicubic, box or hamming", err);
    }
    *value = found;
    *out = value;
    return TYTO_OK;
}

static tyto_status set_size(setting given, int64_t *width, int64_t *height, tyto_error *err)
{
    const char *rest = given.text;
    int64_t sides[2];
    const bool found = tyto_size_read(&rest, &sides[0], &sides[1]);
    if (found && !strchr(given.text, 'x')) {
        sides[1] = sides[0];
    }
    if (!found || *rest || sides[0] < 1 || sides[1] < 1) {
        return refuse(given, "WIDTHxHEIGHT in pixels", err);
    }
    *width = sides[0];
    *height = sides[1];
    return TYTO_OK;
}

/* Up to three numbers with commas between; how many, or 0 when it is something else. */
static int read_numbers(const char *text, double numbers[3])
{
    for (int n = 0; n < 3;) {
        char *end;
        numbers[n] = strtod(text, &end);
        if (end == text || !isfinite(numbers[n])) {
            return 0;
        }
        n++;
        if (!*end) {
            return n;
        }
        if (*end != ',') {
            return 0;
        }
        text = end + 1;
    }
    return 0;
}

static tyto_status set_channels(setting given, double values[3], const double **out,
                                tyto_error *err)
{
    double numbers[3];
    const int count = read_numbers(given.text, numbers);
    if (count != 1 && count != 3) {
        return refuse(given, "one number, or three as R,G,B", err);
    }
    for (int c = 0; c < 3; c++) {
        values[c] = numbers[count == 1 ? 0 : c];
    }
    *out = values;
    return TYTO_OK;
}

static tyto_status set_factor(setting given, double *out, tyto_error *err)
{
    double numbers[3];
    if (read_numbers(given.text, numbers) != 1 || numbers[0] == 0.0) {
        return refuse(given, "a number other than 0", err);
    }
    *out = numbers[0];
    return TYTO_OK;
}

/* Whether they are the same, where "_" is as good as "-". */
static bool is_called(const char *name, const char *known)
{
    while (*name && (*name == '_' ? '-' : *name) == *known) {
        name++;
        known++;
    }
    return !*name && !*known;
}

tyto_status tyto_image_processor_options_set(tyto_image_processor_options *options,
                                             tyto_image_processor_values *values, const char *name,
                                             const char *text, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, options);
    TYTO_REQUIRE(err, values);
    TYTO_REQUIRE(err, name);
    TYTO_REQUIRE(err, text);
    const setting given = {name, text};
    const struct {
        const char *name;
        tyto_switch *out;
    } switches[] = {{"pad", &options->do_pad},
                    {"resize", &options->do_resize},
                    {"rescale", &options->do_rescale},
                    {"normalize", &options->do_normalize},
                    {"crop", &options->do_center_crop}};
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++) {
        if (is_called(name, switches[i].name)) {
            return set_switch(given, switches[i].out, err);
        }
    }
    return is_called(name, "size") ? set_size(given, &options->width_px, &options->height_px, err)
           : is_called(name, "crop-size")
               ? set_size(given, &options->crop_width_px, &options->crop_height_px, err)
           : is_called(name, "image-mean") ? set_channels(given, values->mean, &options->mean, err)
           : is_called(name, "image-std")  ? set_channels(given, values->std, &options->std, err)
           : is_called(name, "resample")
               ? set_filter(given, &values->resample, &options->resample, err)
           : is_called(name, "rescale-factor")
               ? set_factor(given, &options->rescale_factor, err)
               : tyto_fail(err, TYTO_E_ARGUMENT,
                           "%s: required size, pad, resize, rescale, rescale-factor, normalize, "
                           "image-mean, image-std, crop, crop-size or resample",
                           name);
}
