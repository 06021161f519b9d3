#include "model.h"

#include <stdlib.h>
#include <string.h>
#include <tyto/checkpoint.h>
#include <tyto/memory.h>

#include "messages.h"
#include "output.h"
#include "signals.h"

char *model_folder(const common_args *args)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_hub_options options;
    char *folder = NULL;
    tyto_hub_options_init(&options, sizeof(options));
    options.progress = show_bytes;
    options.log = say_log;
    const tyto_status status = tyto_checkpoint_locate(args->model, &options, &folder, &err);
    progress_hide();
    went_well(status, &err);
    return folder;
}

tyto_engine *engine_open(const common_args *args)
{
    return engine_open_logging(args, say_log, NULL);
}

tyto_engine *engine_open_logging(const common_args *args, tyto_log_fn log, void *user)
{
    tyto_engine_options options;
    tyto_engine_options_init(&options, sizeof(options));
    options.threads = args->threads;
    options.precision = (tyto_precision)args->precision;
    options.simulated = args->simulated;
    options.log = log;
    options.log_user = user;
    tyto_error err = TYTO_ERROR_INIT;
    tyto_engine *engine = NULL;
    if (!went_well(tyto_engine_create(&options, &engine, &err), &err)) {
        return NULL;
    }
    say_info("computing with %s, %lld threads", tyto_engine_isa(engine),
             (long long)tyto_engine_threads(engine));
    return engine;
}

bool model_open(const common_args *args, opened *out)
{
    tyto_error err = TYTO_ERROR_INIT;
    const char *named = getenv("TYTO_MODEL");
    *out = (opened){.folder = model_folder(args), .named = args->model || (named && *named)};
    if (!out->folder) {
        return false;
    }
    out->engine = engine_open(args);
    if (!out->engine) {
        return false;
    }
    tyto_model_open_options options;
    tyto_model_open_options_init(&options, sizeof(options));
    options.parts_file = args->parts;
    options.progress = go_on;
    const double began = seconds_now();
    if (!went_well(tyto_model_open(out->engine, out->folder, &options, &out->model, &err), &err) ||
        !went_well(tyto_session_create(out->model, NULL, &out->session, &err), &err)) {
        return false;
    }
    say_info("%s: %s, %.1f million parameters, opened in %.2f s, computes in %s", out->folder,
             tyto_model_head(out->model), 1e-6 * (double)tyto_model_parameter_count(out->model),
             seconds_now() - began, tyto_precision_name(tyto_model_precision(out->model)));
    return true;
}

bool model_offers(const opened *model, tyto_task task)
{
    tyto_error err = TYTO_ERROR_INIT;
    const tyto_status status = tyto_model_require(model->model, task, &err);
    return went_well_for(
        model->named ? model->folder : "without -m, the model that comes with tyto", status, &err);
}

void model_introduce(const opened *model)
{
    const char *note = tyto_model_note(model->model);
    if (note && !model->named) {
        say_note("searching with %s: %s", path_base(model->folder), note);
    }
}

void model_close(opened *model)
{
    tyto_session_destroy(model->session);
    tyto_model_destroy(model->model);
    tyto_engine_destroy(model->engine);
    tyto_free(model->folder);
    *model = (opened){0};
}
