#include "tasks/search.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "tasks/vocabulary.h"

tyto_status tyto_search_check(const tyto_session *session, const tyto_search_options *options,
                              tyto_error *err)
{
    tyto_search_options own;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_TRY(tyto_search_options_read(&own, options, err));
    TYTO_TRY(tyto_search_check_options(session, &own, err));
    const tyto_image_processor *processor;
    return tyto_picture_processor(session, own.processor, &processor, err);
}

static tyto_status search_photo(tyto_search_job *job, const tyto_photo *photo, tyto_detections *out,
                                tyto_error *err)
{
    const tyto_sight sight = {.tensor = photo->embeds,
                              .boxes = photo->boxes,
                              .width_px = photo->width_px,
                              .height_px = photo->height_px,
                              .padded = photo->padded};
    return tyto_search_run(job, &sight, 1, NULL, out, err);
}

/* What goes wrong with one of several photos begins with its place. */
static tyto_status about(tyto_status status, int64_t i, int64_t n, tyto_error *err)
{
    char place[32];
    if (status != TYTO_OK && n > 1) {
        snprintf(place, sizeof(place), "photo %lld", (long long)i);
        tyto_error_prefix(err, place);
    }
    return status;
}

static bool run_together(const tyto_sight *a, const tyto_sight *b)
{
    return memcmp(a->tensor.shape, b->tensor.shape, 4 * sizeof(int64_t)) == 0 &&
           a->windowed == b->windowed && a->interpolated == b->interpolated &&
           memcmp(a->patch_grid, b->patch_grid, sizeof(a->patch_grid)) == 0;
}

/* How the pictures from sources[first] on are seen that can run together with it. */
static tyto_status plan_group(const tyto_search_job *job, const tyto_search_source *sources,
                              int64_t first, int64_t n, tyto_sight *sights, int64_t *count,
                              tyto_error *err)
{
    /* Vector kernels give a row the same bits wherever it lies in a tile. The scalar ones don't
     * quite: a compiler may round the sums of one row of a tile otherwise than those of another. */
    const bool together = job->session->model->engine->kernels->lanes > 1;
    const int64_t most = together ? tyto_min_i64(n - first, TYTO_SEARCH_TOGETHER) : 1;
    for (*count = 0; *count < most && sources[first + *count].image; (*count)++) {
        const tyto_image *image = sources[first + *count].image;
        tyto_sight *sight = &sights[*count];
        const tyto_status status =
            tyto_sight_plan(job, image->width_px, image->height_px, sight, err);
        if (status != TYTO_OK) {
            return about(status, first + *count, n, err);
        }
        if (*count > 0 && !run_together(sights, sight)) {
            break;
        }
    }
    return TYTO_OK;
}

/* Pictures from sources[first] on; *count receives how many. */
static tyto_status search_group(tyto_search_job *job, const tyto_search_source *sources,
                                int64_t first, int64_t n, int64_t *count, tyto_detections *out,
                                tyto_error *err)
{
    tyto_sight sights[TYTO_SEARCH_TOGETHER] = {{.width_px = 0}};
    TYTO_TRY(plan_group(job, sources, first, n, sights, count, err));
    const int64_t *shape = sights->tensor.shape, *full = sights->full,
                  each = shape[1] * shape[2] * shape[3];
    int64_t room = full[0] * full[1] * full[2];
    for (int64_t i = 1; i < *count; i++) {
        /* A picture is read at its place, with room for what is left out of it. */
        full = sights[i].full;
        room = tyto_max_i64(room, i * each + full[0] * full[1] * full[2]);
    }
    TYTO_TRY(tyto_session_pixels(job->session, room, "pixel_values", err));
    for (int64_t i = 0; i < *count; i++) {
        const tyto_status status = tyto_sight_read(job, &sights[i], sources[first + i].image,
                                                   job->session->pixels + i * each, err);
        if (status != TYTO_OK) {
            return about(status, first + i, n, err);
        }
    }
    sights->tensor.data = job->session->pixels;
    return tyto_search_run(job, sights, *count, NULL, out + first, err);
}

static tyto_status search_all(tyto_search_job *job, const tyto_search_source *sources, int64_t n,
                              tyto_detections *out, tyto_error *err)
{
    int64_t count;
    for (int64_t i = 0; i < n; i += count) {
        const tyto_search_source *source = &sources[i];
        count = 1;
        if (n > 1) {
            TYTO_TRY(tyto_follow_step(&job->follow, "photos", NULL, i, n, err));
        }
        if (source->photo) {
            TYTO_TRY(about(search_photo(job, source->photo, &out[i], err), i, n, err));
        } else if (job->options.tiles) {
            TYTO_TRY(about(tyto_search_parts(job, source->image, &out[i], err), i, n, err));
        } else {
            TYTO_TRY(search_group(job, sources, i, n, &count, out, err));
        }
    }
    return TYTO_OK;
}

tyto_status tyto_search_check_labels(const tyto_vocabulary *vocabulary,
                                     const tyto_search_options *options, tyto_error *err)
{
    const int64_t queries = vocabulary ? vocabulary->count : 1;
    if (!options->label_thresholds) {
        return TYTO_OK;
    }
    if (options->n_label_thresholds != queries) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "label thresholds: got %lld, required %lld, one per query",
                         (long long)options->n_label_thresholds, (long long)queries);
    }
    for (int64_t i = 0; i < queries; i++) {
        if (isnan(options->label_thresholds[i])) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "threshold of label %lld: got nan, required a number", (long long)i);
        }
    }
    return TYTO_OK;
}

static tyto_status check_sources(const tyto_search_source *sources, int64_t n,
                                 const tyto_vocabulary *vocabulary,
                                 const tyto_search_options *options, tyto_error *err)
{
    for (int64_t i = 0; i < n; i++) {
        if (!sources[i].image == !sources[i].photo) {
            return tyto_fail(err, TYTO_E_ARGUMENT,
                             "source %lld: got %s, required either a picture or a photo that is "
                             "encoded",
                             (long long)i, sources[i].image ? "both" : "neither");
        }
    }
    return tyto_search_check_labels(vocabulary, options, err);
}

tyto_status tyto_search(tyto_session *session, const tyto_search_source *sources, int64_t n,
                        const tyto_vocabulary *vocabulary, const tyto_search_options *options,
                        tyto_detections *out, tyto_error *err)
{
    tyto_search_job job = {.session = session, .vocabulary = vocabulary};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, session);
    TYTO_TRY(tyto_check_list(sources, n, "sources", err));
    TYTO_TRY(tyto_check_list(out, n, "out", err));
    for (int64_t i = 0; i < n; i++) {
        out[i] = (tyto_detections){0};
    }
    TYTO_TRY(tyto_search_options_read(&job.options, options, err));
    TYTO_TRY(check_sources(sources, n, vocabulary, &job.options, err));
    TYTO_TRY(tyto_search_check_options(session, &job.options, err));
    TYTO_TRY(tyto_search_family(session, &job.family, err));
    TYTO_TRY(
        tyto_search_resolve(session->model, !vocabulary, &job.options, &job.label_thresholds, err));
    tyto_follow_begin(&job.follow, session, job.options.progress, job.options.progress_user);
    const tyto_status status = search_all(&job, sources, n, out, err);
    tyto_follow_end(&job.follow);
    for (int64_t i = 0; status != TYTO_OK && i < n; i++) {
        tyto_detections_clear(&out[i]);
    }
    free(job.label_thresholds);
    free(job.queries);
    return status;
}
