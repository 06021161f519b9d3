/* Many inputs one after the other. */
#include <tyto/batch.h>

#include <stdlib.h>
#include <tyto/photo_reader.h>
#include <tyto/words.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"
#include "results/writer.h"

/* Longest line about a photo. */
#define LINE_BYTES_MAX ((size_t)1 << 20)

static const tyto_batch_options defaults = {.struct_bytes = sizeof(defaults), .ahead = 1};

/* A call's arguments, and how far it is. */
typedef struct batch {
    const char *const *paths;
    int64_t count;
    tyto_batch_fn work;
    void *user;
    tyto_batch_options options;
    const bool *done;          /* per input, by an earlier run; NULL: none is */
    tyto_photo_reader *reader; /* NULL: the inputs are no photos */
    tyto_batch_summary *summary;
    tyto_error *err;
} batch;

void tyto_batch_options_init(tyto_batch_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

/* prefix NULL: the message says itself what it is about */
static void say(const batch *run, tyto_log_level level, const char *prefix, const char *message)
{
    tyto_buffer line;
    if (!run->options.log) {
        return;
    }
    tyto_buffer_init(&line, LINE_BYTES_MAX);
    const bool good =
        tyto_buffer_format(&line, "%s%s%s", prefix ? prefix : "", prefix ? ": " : "", message);
    run->options.log(run->options.log_user, level, good ? line.data : message);
    tyto_buffer_clear(&line);
}

/* Reads a photo and has it worked on. *about: whether a failure is of the work. */
static tyto_status work_on(const batch *run, tyto_batch_photo *photo, bool *about, tyto_error *err)
{
    const double began = tyto_seconds_now();
    *about = false;
    if (run->reader) {
        TYTO_TRY(tyto_photo_reader_next(run->reader, photo->image, err));
    }
    photo->waited_s = tyto_seconds_now() - began;
    if (photo->image->damaged) {
        say(run, TYTO_LOG_LEVEL_WARNING, photo->path,
            "it is cut or damaged; what is there is used");
    }
    *about = true;
    return run->work(run->user, photo, err);
}

/* Whether the caller wants no further photo. */
static bool is_stopped(const batch *run, int64_t i)
{
    const tyto_progress progress = {
        .stage = TYTO_BATCH_STAGE, .subject = run->paths[i], .done = i, .total = run->count};
    return run->options.progress && !run->options.progress(run->options.progress_user, &progress);
}

static tyto_status stop(const batch *run, int64_t i)
{
    run->summary->interrupted = true;
    return tyto_fail(run->err, TYTO_E_CANCELLED, "batch: stopped by the caller at %lld of %lld",
                     (long long)i, (long long)run->count);
}

/* A photo's turn. Its failure ends the run only when the caller or the work says so, or what is
 * made of it can't be written. */
static tyto_status take_turn(const batch *run, int64_t i)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_image image = {0};
    char quoted[TYTO_QUOTE_BYTES];
    bool about;
    tyto_batch_photo photo = {
        .path = run->paths[i], .index = i, .count = run->count, .image = &image};
    tyto_status status = work_on(run, &photo, &about, &err), written = TYTO_OK;
    if (photo.record.data && run->options.results) {
        written = tyto_results_add(run->options.results, &photo.record, run->err);
    }
    photo.last =
        photo.last || (about && status == TYTO_E_IO && run->options.kind == TYTO_BATCH_KIND_PHOTOS);
    const char *why = err.message ? err.message : tyto_status_text(status);
    tyto_bytes_clear(&photo.record);
    tyto_image_clear(&image);
    if (status != TYTO_OK && status != TYTO_E_CANCELLED && written == TYTO_OK && !photo.last &&
        is_stopped(run, i)) {
        status = written = stop(run, i); /* reading a pipe fails when a signal comes */
    } else if (written == TYTO_OK && status != TYTO_OK &&
               (photo.last || status == TYTO_E_CANCELLED)) {
        run->summary->interrupted = status == TYTO_E_CANCELLED && is_stopped(run, i);
        written = tyto_fail(run->err, status, "%s", why);
    } else if (status != TYTO_OK && status != TYTO_E_CANCELLED) {
        const char *text =
            run->options.kind == TYTO_BATCH_KIND_TEXTS ? tyto_text_quote(photo.path, quoted) : NULL;
        about = about && run->options.kind == TYTO_BATCH_KIND_PHOTOS;
        say(run, TYTO_LOG_LEVEL_ERROR, about ? photo.path : text, why);
    }
    tyto_error_clear(&err);
    run->summary->done += status == TYTO_OK && written == TYTO_OK;
    run->summary->failed += status != TYTO_OK && status != TYTO_E_CANCELLED;
    return written;
}

static tyto_status run_all(const batch *run)
{
    for (int64_t i = 0; i < run->count; i++) {
        if (run->done && run->done[i]) {
            run->summary->left_out++;
            continue;
        }
        if (is_stopped(run, i)) {
            return stop(run, i);
        }
        TYTO_TRY(take_turn(run, i));
    }
    return TYTO_OK;
}

/* The reader has only those that are left to do: others aren't decoded. */
static tyto_status open_reader(batch *run)
{
    tyto_photo_reader_options reading;
    const char **left = tyto_alloc((size_t)run->count, sizeof(*left));
    int64_t n_left = 0;
    if (!left) {
        return tyto_fail_memory(run->err, "photos");
    }
    for (int64_t i = 0; i < run->count; i++) {
        if (!run->done || !run->done[i]) {
            left[n_left++] = run->paths[i];
        }
    }
    tyto_photo_reader_options_init(&reading, sizeof(reading));
    reading.image = run->options.image;
    reading.ahead = run->options.ahead;
    const tyto_status status =
        tyto_photo_reader_create(left, n_left, &reading, &run->reader, run->err);
    free(left);
    return status;
}

tyto_status tyto_batch_run(const char *const *paths, int64_t count, tyto_batch_fn work, void *user,
                           const tyto_batch_options *options, tyto_batch_summary *summary,
                           tyto_error *err)
{
    tyto_batch_summary own;
    batch run = {paths, count, work, user, defaults, NULL, NULL, summary ? summary : &own, err};
    const double began = tyto_seconds_now();
    TYTO_ENTER(err);
    *run.summary = (tyto_batch_summary){.inputs = count};
    TYTO_REQUIRE(err, work);
    TYTO_TRY(tyto_check_list(paths, count, "paths", err));
    TYTO_TRY(
        tyto_options_read(&run.options, sizeof(run.options), options, "tyto_batch_options", err));
    TYTO_TRY(tyto_check_enum((int)run.options.kind, TYTO_BATCH_KIND_TEXTS,
                             "tyto_batch_options.kind", err));
    run.summary->kind = run.options.kind;
    run.done = run.options.done ? run.options.done : tyto_results_done(run.options.results);
    if (run.options.kind == TYTO_BATCH_KIND_PHOTOS) {
        TYTO_TRY(open_reader(&run));
    }
    const tyto_status status = run_all(&run);
    tyto_photo_reader_destroy(run.reader);
    run.summary->seconds = tyto_seconds_now() - began;
    return status;
}

tyto_status tyto_batch_summary_text(const tyto_batch_summary *summary, const char *found,
                                    int64_t n_found, tyto_bytes *out, tyto_error *err)
{
    static const char *const nouns[] = {"photo", "video", "text", "pair"};
    tyto_writer writer;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, summary);
    TYTO_REQUIRE(err, out);
    TYTO_TRY(
        tyto_check_enum((int)summary->kind, TYTO_BATCH_KIND_PAIRS, "tyto_batch_summary.kind", err));
    const char *noun = nouns[summary->kind];
    tyto_writer_init(&writer);
    int64_t past;
    if (!__builtin_add_overflow(summary->done, summary->failed, &past) &&
        !__builtin_add_overflow(past, summary->left_out, &past) && past < summary->inputs) {
        tyto_writer_format(
            &writer, "%s after %lld of %lld %ss: ", summary->interrupted ? "interrupted" : "ended",
            (long long)past, (long long)summary->inputs, noun);
    }
    tyto_writer_format(&writer, "%lld %s%s done, %lld failed", (long long)summary->done, noun,
                       summary->done == 1 ? "" : "s", (long long)summary->failed);
    if (summary->left_out > 0) {
        tyto_writer_format(&writer, ", %lld done before", (long long)summary->left_out);
    }
    if (summary->passed_over > 0) {
        tyto_writer_format(&writer, ", %lld passed over", (long long)summary->passed_over);
    }
    if (found) {
        tyto_writer_format(&writer, ", %lld ", (long long)n_found);
        tyto_writer_plain(&writer, found, 0);
    }
    tyto_writer_format(&writer, ", in %.1f s", summary->seconds);
    return tyto_writer_end(&writer, out, err);
}
