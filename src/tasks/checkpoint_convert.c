/* A checkpoint converted as a person asks for it: on samples first, packed, or as the reference has
 * it. */
#include <tyto/convert.h>

#include <stdio.h>

#include "base/clock.h"
#include "base/error.h"
#include "runtime/conversion.h"
#include "runtime/model.h"

/* Longest line of the log. */
#define LINE_BYTES 4096

/* One conversion, and what it opens. */
typedef struct conversion {
    const tyto_engine *engine;
    const char *path;
    tyto_convert_options options;
    tyto_model *plain;
    tyto_session *session;
    tyto_calibration *calibration;
} conversion;

static void log_line(const conversion *c, const char *line)
{
    if (c->options.log) {
        c->options.log(c->options.log_user, TYTO_LOG_LEVEL_INFO, line);
    }
}

static tyto_model_open_options opening_of(const conversion *c, tyto_precision precision)
{
    tyto_model_open_options how;
    tyto_model_open_options_init(&how, sizeof(how));
    how.precision = precision;
    how.progress = c->options.progress;
    how.progress_user = c->options.progress_user;
    return how;
}

/* Runs the model in fp32 on the samples. */
static tyto_status calibrate(conversion *c, tyto_error *err)
{
    char line[LINE_BYTES];
    tyto_calibration_options options;
    const tyto_calibration_samples *samples = c->options.samples;
    const tyto_model_open_options how = opening_of(c, TYTO_PRECISION_FP32);
    const double began = tyto_seconds_now();
    TYTO_TRY(tyto_model_open(c->engine, c->path, &how, &c->plain, err));
    TYTO_TRY(tyto_session_create(c->plain, NULL, &c->session, err));
    snprintf(line, sizeof(line),
             "%.3000s: %.200s, %.1f million parameters, opened in %.2f s, computes in %s", c->path,
             tyto_model_head(c->plain), 1e-6 * (double)tyto_model_parameter_count(c->plain),
             tyto_seconds_now() - began, tyto_precision_name(tyto_model_precision(c->plain)));
    log_line(c, line);
    tyto_calibration_options_init(&options, sizeof(options));
    options.progress = c->options.progress;
    options.progress_user = c->options.progress_user;
    options.image = c->options.image;
    TYTO_TRY(tyto_calibration_create(c->plain, &c->calibration, err));
    return tyto_calibration_run(c->calibration, c->session,
                                (const char *const *)samples->photos.items, samples->photos.count,
                                (const char *const *)samples->texts.items, samples->texts.count,
                                &options, err);
}

/* What the model is bound to, in a file to be mapped. */
static tyto_status pack(const conversion *c, const char *out, tyto_error *err)
{
    char line[LINE_BYTES];
    tyto_model *model = NULL;
    tyto_model_open_options how = opening_of(c, c->options.precision);
    how.calibration = c->options.calibration;
    how.report = c->options.report;
    how.report_user = c->options.report_user;
    tyto_status status = tyto_model_open(c->engine, c->path, &how, &model, err);
    if (status == TYTO_OK) {
        status = tyto_model_pack(model, out, &c->options, err);
    }
    if (status == TYTO_OK) {
        snprintf(line, sizeof(line), "%.4000s: packed for %s, %s", out, tyto_engine_isa(c->engine),
                 tyto_precision_name(tyto_model_precision(model)));
        log_line(c, line);
    }
    tyto_model_destroy(model);
    return status;
}

static tyto_status convert(conversion *c, const char *out, tyto_error *err)
{
    if (c->options.samples) {
        TYTO_TRY(calibrate(c, err));
        c->options.calibration = c->calibration;
    }
    return c->options.precision == TYTO_PRECISION_DEFAULT
               ? tyto_model_convert(c->path, out, &c->options, err)
               : pack(c, out, err);
}

tyto_status tyto_checkpoint_convert(const tyto_engine *engine, const char *path, const char *out,
                                    const tyto_convert_options *options, tyto_error *err)
{
    conversion c = {.engine = engine, .path = path};
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(tyto_convert_options_take(options, &c.options, err));
    if (!engine && (c.options.samples || c.options.precision != TYTO_PRECISION_DEFAULT)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "engine: got NULL, required one that packs or calibrates");
    }
    const tyto_status status = convert(&c, out, err);
    tyto_calibration_destroy(c.calibration);
    tyto_session_destroy(c.session);
    tyto_model_destroy(c.plain);
    return status;
}
