/* Looking for things in videos: frame by frame, with identities where these are wanted. */
#include <string.h>
#include <tyto/files.h>
#include <tyto/video_search.h>

#include "messages.h"
#include "search.h"
#include "signals.h"

bool search_takes_videos(search *job)
{
    const text_list *operands = &job->common->operands;
    const bool asked = job->args->track || job->args->every > 1;
    for (size_t i = 0; job->args->every > 0 && i < operands->count; i++) {
        const char *path = operands->items[i];
        if ((asked ? tyto_file_is_video : tyto_file_is_called_video)(path)) {
            text_list_add(&job->videos, path, strlen(path));
        }
    }
    return asked || job->videos.count > 0;
}

int search_prepare_videos(search *job)
{
    tyto_destination_options options;
    const tyto_format format = search_format(job->args);
    if (job->videos.count == 0) {
        say_error("--%s: got %s, which isn't a video; required VIDEO",
                  job->args->track ? "track" : "every", job->common->operands.items[0]);
        return EXIT_USAGE;
    }
    if (job->videos.count < job->common->operands.count) {
        say_error("got %zu videos among %zu inputs, required videos alone or photos alone",
                  job->videos.count, job->common->operands.count);
        return EXIT_USAGE;
    }
    if (job->args->crops) {
        say_error("--crops: got videos, required photos (frames are pictures once ffmpeg has saved "
                  "them)");
        return EXIT_USAGE;
    }
    if (format > TYTO_FORMAT_CSV) {
        say_error("--format: got %s for videos, required text, json, jsonl or csv",
                  tyto_format_name(format));
        return EXIT_USAGE;
    }
    if (job->args->resume && job->videos.count == 1) {
        say_error("--resume: a video is searched from its first frame on, required several videos");
        return EXIT_USAGE;
    }
    tyto_destination_options_init_videos(&options, sizeof(options),
                                         (const char *const *)job->videos.items,
                                         (int64_t)job->videos.count);
    options.name = "--draw";
    const int code = output_place(job->args->draw, &job->videos, &options, &job->draw.place);
    return code == EXIT_DONE ? search_open_results(job, true, &job->videos) : code;
}

int search_videos(search *job)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_video_search_options options;
    tyto_batch_summary summary;
    if (!search_open(job, TYTO_TASK_SEARCH) || !search_build(job)) {
        return EXIT_FAILED;
    }
    model_introduce(&job->model);
    tyto_video_search_options_init(&options, sizeof(options));
    options.labels = (const char *const *)job->labels.items;
    options.n_labels = (int64_t)job->labels.count;
    options.search = &job->look.options;
    options.every = job->args->every;
    options.track = job->args->track;
    options.progress = show_stage;
    options.progress_user = (void *)"frames";
    const tyto_status status = tyto_search_videos(
        job->model.session, (const char *const *)job->videos.items, (int64_t)job->videos.count,
        job->vocabulary, &options, search_format(job->args), &job->draw.place, job->results.results,
        &summary, &err);
    progress_hide();
    const bool good = went_well(status, &err) && summary.failed == 0,
               any = tyto_results_count(job->results.results) > 0;
    say_summary(&summary, "found", summary.found, status);
    return records_end(&job->results, any) && good ? EXIT_DONE : EXIT_FAILED;
}
