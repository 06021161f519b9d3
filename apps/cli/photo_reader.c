#include "photo_reader.h"

#include "inputs.h"
#include "messages.h"
#include "signals.h"

/* One line of how it ended. */
static void sum_up(const photos_run *run)
{
    const tyto_batch_summary *sum = &run->summary;
    const bool stopped = sum->done + sum->failed + sum->left_out < sum->photos;
    tyto_bytes text;
    if (sum->photos < 2 ||
        tyto_batch_summary_text(sum, run->found, run->n_found, &text, NULL) != TYTO_OK) {
        return;
    }
    (stopped ? say_warning : say_note)("%s%s", interrupted() && stopped ? "interrupted, " : "",
                                       text.data);
    tyto_bytes_clear(&text);
}

void photos_each(photos_run *run, const text_list *photos, tyto_batch_fn work, void *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_batch_options options;
    tyto_batch_options_init(&options, sizeof(options));
    options.image = photo_options();
    options.results = run->results;
    options.progress = show_steps;
    options.log = say_log;
    const tyto_status status =
        tyto_batch_run(TEXTS(photos), work, job, &options, &run->summary, &err);
    progress_hide();
    run->ended = !went_well(status, &err) && !interrupted();
    run->good = status == TYTO_OK && run->summary.failed == 0;
    if (status != TYTO_E_CANCELLED || interrupted()) {
        sum_up(run); /* else a reader of the results has gone away, to whom nothing is said */
    }
}
