/* Which photos and texts a calibration runs on. */
#include <tyto/calibrate.h>

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "tasks/files.h"

#define TEXTS_ENDING ".txt"

static bool holds_texts(const char *place)
{
    const size_t length = strlen(place), ending = strlen(TEXTS_ENDING);
    return length > ending && place[length - ending - 1] != '/' &&
           strcmp(place + length - ending, TEXTS_ENDING) == 0;
}

/* Adds the lines of a file; one that can't be read is logged and counted. */
static tyto_status add_lines(const char *path, const tyto_file_list_options *options,
                             tyto_file_list *texts, int64_t *capacity, tyto_error *err)
{
    tyto_error own = TYTO_ERROR_INIT;
    tyto_file_list lines;
    tyto_status status = tyto_file_lines_read(path, false, &lines, &own);
    for (int64_t i = 0; status == TYTO_OK && i < lines.count; i++) {
        status = tyto_file_list_add(texts, capacity, lines.items[i], strlen(lines.items[i]), &own);
    }
    if (status != TYTO_OK && status != TYTO_E_MEMORY) {
        texts->failed++;
        if (options->log) {
            options->log(options->log_user, TYTO_LOG_LEVEL_ERROR, tyto_error_message(&own));
        }
        status = TYTO_OK;
    }
    tyto_error_clear(&own);
    tyto_file_list_clear(&lines);
    return status == TYTO_OK ? TYTO_OK : tyto_fail_memory(err, path);
}

static tyto_status list_samples(const char *const *places, int64_t count,
                                const tyto_file_list_options *options, const char **photos,
                                tyto_calibration_samples *out, tyto_error *err)
{
    int64_t n_photos = 0, capacity = 0;
    for (int64_t i = 0; i < count; i++) {
        TYTO_REQUIRE(err, places[i]);
        if (holds_texts(places[i])) {
            TYTO_TRY(add_lines(places[i], options, &out->texts, &capacity, err));
        } else {
            photos[n_photos++] = places[i];
        }
    }
    return n_photos > 0 ? tyto_file_list_make(TYTO_FILE_KIND_PHOTOS, photos, n_photos, options,
                                              &out->photos, err)
                        : TYTO_OK;
}

tyto_status tyto_calibration_samples_list(const char *const *places, int64_t count,
                                          const tyto_file_list_options *options,
                                          tyto_calibration_samples *out, tyto_error *err)
{
    tyto_file_list_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = (tyto_calibration_samples){.failed = 0};
    TYTO_TRY(tyto_check_list(places, count, "places", err));
    tyto_file_list_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_file_list_options", err));
    const char **photos = tyto_alloc((size_t)count + 1, sizeof(*photos));
    tyto_status status = photos ? list_samples(places, count, &own, photos, out, err)
                                : tyto_fail_memory(err, "samples");
    free(photos);
    out->failed = out->photos.failed + out->texts.failed;
    if (status != TYTO_OK) {
        tyto_calibration_samples_clear(out);
    }
    return status;
}

void tyto_calibration_samples_clear(tyto_calibration_samples *samples)
{
    if (samples) {
        tyto_file_list_clear(&samples->photos);
        tyto_file_list_clear(&samples->texts);
        *samples = (tyto_calibration_samples){.failed = 0};
    }
}
