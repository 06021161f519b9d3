#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "formats/json.h"
#include "processors/image/image_processor.h"

#define CONFIG_FILE "preprocessor_config.json"

/* The processors whose steps these are, as old and new files name them. */
static const char *const known_types[] = {"Owlv2ImageProcessor", "Owlv2FeatureExtractor"};

static tyto_status check_type(const json_t *config, const char *file, tyto_error *err)
{
    const char *type = NULL;
    TYTO_TRY(tyto_json_text(config, file, "feature_extractor_type", &type, err));
    TYTO_TRY(tyto_json_text(config, file, "image_processor_type", &type, err));
    for (size_t i = 0; type && i < sizeof(known_types) / sizeof(known_types[0]); i++) {
        if (strcmp(type, known_types[i]) == 0) {
            return TYTO_OK;
        }
    }
    return type ? tyto_fail(err, TYTO_E_UNSUPPORTED,
                            "%s: 'image_processor_type': got '%s', required %s", file, type,
                            known_types[0])
                : TYTO_OK;
}

static tyto_status read_size(const json_t *config, const char *file, tyto_image_processor *to,
                             tyto_error *err)
{
    const json_t *size = json_object_get(config, "size");
    if (json_is_null(size) || !size) {
        return TYTO_OK;
    }
    if (!json_is_object(size) || !json_object_get(size, "height") ||
        !json_object_get(size, "width")) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: 'size': required an object with height and width",
                         file);
    }
    TYTO_TRY(tyto_json_int(size, file, "height", &to->height, err));
    TYTO_TRY(tyto_json_int(size, file, "width", &to->width, err));
    if (to->height < 1 || to->width < 1 || to->height > TYTO_PROCESSOR_SIDE_MAX ||
        to->width > TYTO_PROCESSOR_SIDE_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'size': got %lldx%lld, required 1 to %d a side",
                         file, (long long)to->height, (long long)to->width,
                         TYTO_PROCESSOR_SIDE_MAX);
    }
    return TYTO_OK;
}

/* A number for all channels, or one per channel. */
static tyto_status read_channels(const json_t *config, const char *file, const char *key,
                                 double to[3], tyto_error *err)
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
        to[c] = json_number_value(one);
    }
    return TYTO_OK;
}

static tyto_status read_config(const json_t *config, const char *file, tyto_image_processor *to,
                               tyto_error *err)
{
    *to = (tyto_image_processor){
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
    TYTO_TRY(check_type(config, file, err));
    TYTO_TRY(tyto_json_bool(config, file, "do_rescale", &to->do_rescale, err));
    TYTO_TRY(tyto_json_bool(config, file, "do_pad", &to->do_pad, err));
    TYTO_TRY(tyto_json_bool(config, file, "do_resize", &to->do_resize, err));
    TYTO_TRY(tyto_json_bool(config, file, "do_normalize", &to->do_normalize, err));
    TYTO_TRY(tyto_json_double(config, file, "rescale_factor", &to->rescale_factor, err));
    TYTO_TRY(read_size(config, file, to, err));
    TYTO_TRY(read_channels(config, file, "image_mean", to->mean, err));
    TYTO_TRY(read_channels(config, file, "image_std", to->std, err));
    for (int c = 0; c < 3; c++) {
        if (to->std[c] == 0.0) {
            return tyto_fail(err, TYTO_E_RANGE, "%s: 'image_std': got 0, which can't divide", file);
        }
    }
    return TYTO_OK;
}

tyto_status tyto_image_processor_open(const char *folder, tyto_image_processor **out,
                                      tyto_error *err)
{
    json_t *config = NULL;
    tyto_status status = TYTO_OK;
    tyto_image_processor *processor = tyto_alloc(1, sizeof(*processor));
    char *path = tyto_path_join(folder, CONFIG_FILE);
    if (!processor || !path) {
        status = tyto_fail_memory(err, folder);
        goto cleanup;
    }
    TYTO_CHECK(tyto_json_load(path, &config, err));
    TYTO_CHECK(read_config(config, path, processor, err));
    *out = processor;
    processor = NULL;
cleanup:
    json_decref(config);
    free(path);
    free(processor);
    return status;
}

void tyto_image_processor_destroy(tyto_image_processor *processor)
{
    free(processor);
}

void tyto_image_processor_shape(const tyto_image_processor *processor, int64_t width_px,
                                int64_t height_px, int64_t shape[3])
{
    const int64_t side = tyto_max_i64(width_px, height_px);
    shape[0] = 3;
    shape[1] = processor->do_resize ? processor->height : processor->do_pad ? side : height_px;
    shape[2] = processor->do_resize ? processor->width : processor->do_pad ? side : width_px;
}
