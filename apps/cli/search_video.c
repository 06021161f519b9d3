/* Looking for things in videos: frame by frame, with identities where these are wanted. */
#include <string.h>
#include <tyto/files.h>
#include <tyto/video_search.h>

#include "inputs.h"
#include "messages.h"
#include "search.h"
#include "signals.h"

int search_list(search *job)
{
    const text_list *operands = &job->common->operands;
    const bool moving = job->args->track || job->args->every > 1;
    job->input_missing = job->args->every == 0
                             ? !list_photos(operands, &job->photos)
                             : !list_media(operands, moving, &job->photos, &job->videos);
    if (moving && job->photos.count > 0 && job->videos.count == 0) {
        say_error("--%s: got %s, which isn't a video; required VIDEO",
                  job->args->track ? "track" : "every", job->photos.items[0]);
        return EXIT_USAGE;
    }
    return job->photos.count + job->videos.count > 0 ? EXIT_DONE : EXIT_FAILED;
}

int search_prepare_videos(search *job)
{
    tyto_destination_options options;
    const tyto_format format = search_format(job->args);
    if (job->photos.count > 0) {
        say_error("got %zu videos among %zu inputs, required videos alone or photos alone",
                  job->videos.count, job->videos.count + job->photos.count);
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
    if (job->args->resume && job->videos.count == 1 && !job->videos.many) {
        say_error("--resume: a video is searched from its first frame on, required several videos");
        return EXIT_USAGE;
    }
    tyto_destination_options_init_videos(&options, sizeof(options),
                                         (const char *const *)job->videos.items,
                                         (int64_t)job->videos.count);
    options.name = "--draw";
    options.mirrored = job->videos.folder;
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
    const bool good = went_well(status, &err) && summary.failed == 0 && !job->input_missing,
               any = tyto_results_count(job->results.results) > 0;
    summary.passed_over = files_passed_over();
    say_summary(&summary, "found", summary.found, status);
    return records_end(&job->results, any) && good ? EXIT_DONE : EXIT_FAILED;
}
