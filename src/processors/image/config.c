#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"
#include "formats/json.h"
#include "processors/image/image_processor.h"
#include "processors/image/resample.h"

#define CONFIG_FILE "preprocessor_config.json"
/* Where version 5 saves the image processor, as the member NESTED. */
#define PROCESSOR_FILE "processor_config.json"
#define NESTED "image_processor"

/* The processors whose steps these are, as old and new files name them. Their variants for one
 * library or another describe the same steps, and have its name at the end. */
static const struct {
    const char *name;
    tyto_image_processor_kind kind;
} known_types[] = {{"Owlv2ImageProcessor", TYTO_PROCESSOR_OWLV2},
                   {"Owlv2FeatureExtractor", TYTO_PROCESSOR_OWLV2},
                   {"PerceiverImageProcessor", TYTO_PROCESSOR_PERCEIVER},
                   {"PerceiverFeatureExtractor", TYTO_PROCESSOR_PERCEIVER}};

static const char *const variants[] = {"", "Fast", "Pil"};

static bool is_variant(const char *ending)
{
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        if (strcmp(ending, variants[i]) == 0) {
            return true;
        }
    }
    return false;
}

static const tyto_image_processor_kind *find_type(const char *type)
{
    for (size_t i = 0; type && i < sizeof(known_types) / sizeof(known_types[0]); i++) {
        const size_t length = strlen(known_types[i].name);
        if (strncmp(type, known_types[i].name, length) == 0 && is_variant(type + length)) {
            return &known_types[i].kind;
        }
    }
    return NULL;
}

/* A file that names no processor leaves it to the kind of model. */
static tyto_status find_kind(const json_t *config, const char *file, const char *folder,
                             tyto_class_of_model_fn class_of_model, tyto_image_processor_kind *out,
                             tyto_error *err)
{
    const char *type = NULL;
    TYTO_TRY(tyto_json_text(config, file, "feature_extractor_type", &type, err));
    TYTO_TRY(tyto_json_text(config, file, "image_processor_type", &type, err));
    if (!type) {
        TYTO_TRY(class_of_model(folder, &type, err));
    }
    const tyto_image_processor_kind *kind = find_type(type);
    if (type && !kind) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "%s: 'image_processor_type': got '%s', required Owlv2ImageProcessor or "
                         "PerceiverImageProcessor",
                         file, type);
    }
    *out = kind ? *kind : TYTO_PROCESSOR_OWLV2;
    return TYTO_OK;
}

/* {"height": h, "width": w}; older files of Perceivers also have one number, or a list [h, w]. */
static tyto_status read_size(const json_t *config, const char *file, const char *key, bool older,
                             int64_t *height, int64_t *width, tyto_error *err)
{
    const json_t *size = json_object_get(config, key);
    if (json_is_null(size) || !size) {
        return TYTO_OK;
    }
    if (older && json_is_integer(size)) {
        *height = *width = json_integer_value(size);
    } else if (older && json_array_size(size) == 2 && json_is_integer(json_array_get(size, 0)) &&
               json_is_integer(json_array_get(size, 1))) {
        *height = json_integer_value(json_array_get(size, 0));
        *width = json_integer_value(json_array_get(size, 1));
    } else if (json_is_object(size) && json_object_get(size, "height") &&
               json_object_get(size, "width")) {
        TYTO_TRY(tyto_json_int(size, file, "height", height, err));
        TYTO_TRY(tyto_json_int(size, file, "width", width, err));
    } else {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': required an object with height and width",
                         file, key);
    }
    if (*height < 1 || *width < 1 || *height > TYTO_PROCESSOR_SIDE_MAX ||
        *width > TYTO_PROCESSOR_SIDE_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: '%s': got %lldx%lld, required 1 to %d a side",
                         file, key, (long long)*height, (long long)*width, TYTO_PROCESSOR_SIDE_MAX);
    }
    return TYTO_OK;
}

/* A number for all channels, or one per channel. */
static tyto_status read_channels(const json_t *config, const char *file, const char *key,
                                 double out[3], tyto_error *err)
{
    const json_t *value = json_object_get(config, key);
    if (!value || json_is_null(value)) {
        return TYTO_OK;
    }
    for (size_t c = 0; c < 3; c++) {
        const json_t *one = json_is_array(value) ? json_array_get(value, c) : value;
        if (!json_is_number(one) || (json_is_array(value) && json_array_size(value) != 3)) {
            return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got %s, required a number or three",
                             file, key, tyto_json_type(value));
        }
        out[c] = json_number_value(one);
    }
    return TYTO_OK;
}

static tyto_status read_shared(const json_t *config, const char *file, tyto_image_processor *out,
                               tyto_error *err)
{
    TYTO_TRY(tyto_json_bool(config, file, "do_rescale", &out->do_rescale, err));
    TYTO_TRY(tyto_json_bool(config, file, "do_resize", &out->do_resize, err));
    TYTO_TRY(tyto_json_bool(config, file, "do_normalize", &out->do_normalize, err));
    TYTO_TRY(tyto_json_double(config, file, "rescale_factor", &out->rescale_factor, err));
    TYTO_TRY(read_size(config, file, "size", out->kind == TYTO_PROCESSOR_PERCEIVER, &out->height,
                       &out->width, err));
    TYTO_TRY(read_channels(config, file, "image_mean", out->mean, err));
    TYTO_TRY(read_channels(config, file, "image_std", out->std, err));
    for (int c = 0; c < 3; c++) {
        if (out->std[c] == 0.0) {
            return tyto_fail(err, TYTO_E_RANGE, "%s: 'image_std': got 0, which can't divide", file);
        }
    }
    return TYTO_OK;
}

static tyto_status read_owlv2(const json_t *config, const char *file, tyto_image_processor *out,
                              tyto_error *err)
{
    *out = (tyto_image_processor){
        .kind = TYTO_PROCESSOR_OWLV2,
        .do_rescale = true,
        .do_pad = true,
        .do_resize = true,
        .do_normalize = true,
        .rescale_factor = 1.0 / 255.0,
        .height = 960,
        .width = 960,
        .mean = {0.48145466, 0.4578275, 0.40821073},
        .std = {0.26862954, 0.26130258, 0.27577711},
    };
    TYTO_TRY(tyto_json_bool(config, file, "do_pad", &out->do_pad, err));
    return read_shared(config, file, out, err);
}

/* The filter's number in Pillow. null is not what a file without the key means. */
static tyto_status read_resample(const json_t *config, const char *file, int *out, tyto_error *err)
{
    int64_t filter = *out;
    if (json_is_null(json_object_get(config, "resample"))) {
        filter = TYTO_RESAMPLE_BILINEAR;
    }
    TYTO_TRY(tyto_json_int(config, file, "resample", &filter, err));
    if (filter < 0 || filter >= TYTO_RESAMPLE_FILTERS) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'resample': got %lld, required 0 to %d", file,
                         (long long)filter, TYTO_RESAMPLE_FILTERS - 1);
    }
    *out = (int)filter;
    return TYTO_OK;
}

static tyto_status read_perceiver(const json_t *config, const char *file, tyto_image_processor *out,
                                  tyto_error *err)
{
    *out = (tyto_image_processor){
        .kind = TYTO_PROCESSOR_PERCEIVER,
        .do_rescale = true,
        .do_resize = true,
        .do_normalize = true,
        .do_center_crop = true,
        .rescale_factor = 1.0 / 255.0,
        .height = 224,
        .width = 224,
        .crop_height = 256,
        .crop_width = 256,
        .resample = TYTO_RESAMPLE_BICUBIC,
        .mean = {0.485, 0.456, 0.406},
        .std = {0.229, 0.224, 0.225},
    };
    out->is_whole_factor = json_is_integer(json_object_get(config, "rescale_factor"));
    TYTO_TRY(tyto_json_bool(config, file, "do_center_crop", &out->do_center_crop, err));
    TYTO_TRY(read_size(config, file, "crop_size", true, &out->crop_height, &out->crop_width, err));
    TYTO_TRY(read_resample(config, file, &out->resample, err));
    return read_shared(config, file, out, err);
}

static tyto_status read_config(const json_t *config, const char *file, const char *folder,
                               tyto_class_of_model_fn class_of_model, tyto_image_processor *out,
                               tyto_error *err)
{
    tyto_image_processor_kind kind = TYTO_PROCESSOR_OWLV2;
    TYTO_TRY(find_kind(config, file, folder, class_of_model, &kind, err));
    return kind == TYTO_PROCESSOR_PERCEIVER ? read_perceiver(config, file, out, err)
                                            : read_owlv2(config, file, out, err);
}

/* What says how pictures are prepared. */
typedef struct description {
    char *path;
    json_t *root;
    const json_t *config; /* the root, or a member of it */
} description;

static tyto_status load(const char *folder, const char *name, description *out, tyto_error *err)
{
    free(out->path);
    out->path = tyto_path_join(folder, name);
    if (!out->path) {
        return tyto_fail_memory(err, folder);
    }
    TYTO_TRY(tyto_json_load(out->path, &out->root, err));
    out->config = out->root;
    return TYTO_OK;
}

/* The newer file counts where it has the processor: who saves anew over an older folder leaves the
 * other as it was. */
static tyto_status find_description(const char *folder, description *out, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    const tyto_status status = load(folder, PROCESSOR_FILE, out, &own);
    if (status != TYTO_OK && status != TYTO_E_NOT_FOUND) {
        tyto_fail(err, status, "%s", tyto_error_message(&own));
        tyto_error_clear(&own);
        return status;
    }
    tyto_error_clear(&own);
    out->config = json_object_get(out->root, NESTED);
    if (out->config && !json_is_null(out->config)) {
        return json_is_object(out->config)
                   ? TYTO_OK
                   : tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': got %s, required an object",
                               out->path, NESTED, tyto_json_type(out->config));
    }
    json_decref(out->root);
    out->root = NULL;
    return load(folder, CONFIG_FILE, out, err);
}

tyto_status tyto_image_processor_open_by(const char *folder, tyto_class_of_model_fn class_of_model,
                                         tyto_image_processor **out, tyto_error *err)
{
    description found = {0};
    tyto_status status;
    tyto_image_processor *processor = tyto_alloc(1, sizeof(*processor));
    if (!processor) {
        status = tyto_fail_memory(err, folder);
        goto cleanup;
    }
    TYTO_CHECK(find_description(folder, &found, err));
    TYTO_CHECK(read_config(found.config, found.path, folder, class_of_model, processor, err));
    *out = processor;
    processor = NULL;
cleanup:
    json_decref(found.root);
    free(found.path);
    free(processor);
    return status;
}

tyto_status tyto_image_processor_create(const char *type,
                                        const tyto_image_processor_options *options,
                                        tyto_image_processor **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, type);
    TYTO_REQUIRE(err, out);
    tyto_image_processor defaults;
    const tyto_image_processor_kind *kind = find_type(type);
    if (!kind) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "type: got '%s', required Owlv2ImageProcessor or PerceiverImageProcessor",
                         type);
    }
    TYTO_TRY(*kind == TYTO_PROCESSOR_PERCEIVER ? read_perceiver(NULL, "type", &defaults, err)
                                               : read_owlv2(NULL, "type", &defaults, err));
    return tyto_image_processor_override(&defaults, options, out, err);
}

static void set_switch(bool *option, tyto_switch given)
{
    *option = given == TYTO_SWITCH_AS_CONFIGURED ? *option : given == TYTO_SWITCH_ON;
}

static tyto_status check_size(const char *what, int64_t width, int64_t height, tyto_error *err)
{
    return height < 1 || width < 1 || height > TYTO_PROCESSOR_SIDE_MAX ||
                   width > TYTO_PROCESSOR_SIDE_MAX
               ? tyto_fail(err, TYTO_E_RANGE, "%s: got %lldx%lld, required 1 to %d a side", what,
                           (long long)width, (long long)height, TYTO_PROCESSOR_SIDE_MAX)
               : TYTO_OK;
}

/* Pillow's number of the one filter that the reference uses, whatever `resample` says. */
#define OWLV2_RESAMPLE 2

/* Steps that the processor doesn't have can't be switched. */
static tyto_status check_kind(const tyto_image_processor *processor,
                              const tyto_image_processor_options *options, tyto_error *err)
{
    if (processor->kind == TYTO_PROCESSOR_PERCEIVER) {
        return options->do_pad ? tyto_fail(err, TYTO_E_UNSUPPORTED,
                                           "do_pad: a Perceiver's pictures are not padded")
                               : TYTO_OK;
    }
    if (options->do_center_crop || options->crop_height_px || options->crop_width_px) {
        return tyto_fail(err, TYTO_E_UNSUPPORTED,
                         "do_center_crop, crop_size: OWLv2's pictures are not cropped");
    }
    return options->resample && *options->resample != OWLV2_RESAMPLE
               ? tyto_fail(err, TYTO_E_UNSUPPORTED,
                           "resample: got %d, required %d (bilinear), which is how OWLv2's "
                           "pictures are resized",
                           *options->resample, OWLV2_RESAMPLE)
               : TYTO_OK;
}

static tyto_status check_override(const tyto_image_processor *made, tyto_error *err)
{
    TYTO_TRY(check_size("size", made->width, made->height, err));
    if (made->kind == TYTO_PROCESSOR_PERCEIVER) {
        TYTO_TRY(check_size("crop_size", made->crop_width, made->crop_height, err));
        if (made->resample < 0 || made->resample >= TYTO_RESAMPLE_FILTERS) {
            return tyto_fail(err, TYTO_E_RANGE, "resample: got %d, required 0 to %d",
                             made->resample, TYTO_RESAMPLE_FILTERS - 1);
        }
    }
    bool finite = isfinite(made->rescale_factor);
    for (int c = 0; c < 3; c++) {
        finite = finite && isfinite(made->mean[c]) && isfinite(made->std[c]);
        if (made->std[c] == 0.0) {
            return tyto_fail(err, TYTO_E_RANGE, "image_std: got 0, which can't divide");
        }
    }
    return finite ? TYTO_OK
                  : tyto_fail(err, TYTO_E_RANGE,
                              "rescale_factor, image_mean, image_std: required finite numbers");
}

tyto_status tyto_image_processor_override(const tyto_image_processor *base,
                                          const tyto_image_processor_options *options,
                                          tyto_image_processor **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, base);
    TYTO_REQUIRE(err, out);
    tyto_image_processor made = *base;
    tyto_image_processor_options own;
    tyto_image_processor_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_image_processor_options", err));
    options = &own;
    TYTO_TRY(check_kind(base, options, err));
    set_switch(&made.do_rescale, options->do_rescale);
    set_switch(&made.do_pad, options->do_pad);
    set_switch(&made.do_resize, options->do_resize);
    set_switch(&made.do_normalize, options->do_normalize);
    set_switch(&made.do_center_crop, options->do_center_crop);
    if (options->rescale_factor != 0.0) {
        made.rescale_factor = options->rescale_factor;
        made.is_whole_factor = false;
    }
    made.height = options->height_px ? options->height_px : made.height;
    made.width = options->width_px ? options->width_px : made.width;
    made.crop_height = options->crop_height_px ? options->crop_height_px : made.crop_height;
    made.crop_width = options->crop_width_px ? options->crop_width_px : made.crop_width;
    made.resample = options->resample ? *options->resample : made.resample;
    for (int c = 0; c < 3; c++) {
        made.mean[c] = options->mean ? options->mean[c] : made.mean[c];
        made.std[c] = options->std ? options->std[c] : made.std[c];
    }
    TYTO_TRY(check_override(&made, err));
    *out = tyto_alloc(1, sizeof(**out));
    if (!*out) {
        return tyto_fail_memory(err, "image processor");
    }
    **out = made;
    return TYTO_OK;
}

void tyto_image_processor_destroy(tyto_image_processor *processor)
{
    free(processor);
}
