#include "photo_reader.h"

#include "inputs.h"
#include "messages.h"
#include "signals.h"

static bool summed_up;

void say_interrupted(void)
{
    if (!summed_up) {
        say_warning("interrupted");
    }
}

void say_summary(const tyto_batch_summary *summary, const char *found, int64_t n_found,
                 tyto_status status)
{
    tyto_batch_summary sum = *summary;
    const bool alone = sum.kind != TYTO_BATCH_KIND_VIDEOS || !found;
    tyto_bytes text;
    sum.passed_over = files_passed_over();
    sum.interrupted = sum.interrupted || interrupted();
    summed_up = summed_up || sum.kind == TYTO_BATCH_KIND_VIDEOS; /* the library has said how far */
    if ((status == TYTO_E_CANCELLED && !sum.interrupted) ||
        (sum.inputs < 2 && (alone || sum.done == 0)) ||
        tyto_batch_summary_text(&sum, found, n_found, &text, NULL) != TYTO_OK) {
        return;
    }
    summed_up = true;
    const bool whole = sum.done + sum.failed + sum.left_out == sum.inputs;
    (whole ? say_note : say_warning)("%s", text.data);
    tyto_bytes_clear(&text);
}

void photos_each(photos_run *run, const text_list *photos, tyto_batch_fn work, void *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_batch_options options;
    tyto_batch_options_init(&options, sizeof(options));
    options.image = photo_options();
    options.results = run->results;
    options.progress = run->kind == TYTO_BATCH_KIND_VIDEOS ? go_on : show_steps;
    options.log = say_log;
    options.kind = run->kind;
    options.done = run->done;
    const tyto_status status =
        tyto_batch_run(TEXTS(photos), work, job, &options, &run->summary, &err);
    progress_hide();
    run->ended = !went_well(status, &err) && !interrupted();
    run->good = status == TYTO_OK && run->summary.failed == 0;
    say_summary(&run->summary, run->found, run->n_found, status);
}
