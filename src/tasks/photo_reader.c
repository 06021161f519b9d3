#include <tyto/photo_reader.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <tyto/files.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/options.h"

/* A photo that was read, or why it could not be. */
typedef struct slot {
    tyto_image image;
    tyto_status status;
    tyto_error err;
    bool waits; /* it isn't read yet: a pipe, for which the caller may have to wait */
} slot;

struct tyto_photo_reader {
    char **paths;
    int64_t count;
    int64_t position; /* of the photo that is given next; the caller's thread alone changes it */
    int64_t ahead;
    tyto_image_options how;
    slot *slots; /* [ahead]: photo i in slot i % ahead */
    pthread_t thread;
    bool running;
    pthread_mutex_t lock; /* guards what follows, and `position` once the thread runs */
    pthread_cond_t changed;
    int64_t read; /* photos before this one are in their slots, or given */
    bool stopped;
};

static const tyto_photo_reader_options defaults = {.struct_bytes = sizeof(defaults), .ahead = 1};

void tyto_photo_reader_options_init(tyto_photo_reader_options *options, size_t struct_bytes)
{
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

static bool is_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

/* Standard input isn't read ahead: it may have nothing to say for long, and then nobody could end
 * the thread. */
static void load(const tyto_photo_reader *reader, const char *path, slot *out)
{
    *out = (slot){.status = TYTO_OK};
    if (!is_input(path)) {
        out->status = tyto_image_load(path, &reader->how, &out->image, &out->err);
    }
}

static void slot_clear(slot *used)
{
    tyto_image_clear(&used->image);
    tyto_error_clear(&used->err);
}

static void *read_ahead(void *context)
{
    tyto_photo_reader *reader = context;
    pthread_mutex_lock(&reader->lock);
    while (!reader->stopped && reader->read < reader->count) {
        if (reader->read - reader->position >= reader->ahead) {
            pthread_cond_wait(&reader->changed, &reader->lock);
            continue;
        }
        const int64_t i = reader->read;
        pthread_mutex_unlock(&reader->lock);
        slot *photo = &reader->slots[i % reader->ahead];
        if (tyto_file_is_stream(reader->paths[i])) {
            *photo = (slot){.waits = true};
        } else {
            load(reader, reader->paths[i], photo);
        }
        pthread_mutex_lock(&reader->lock);
        reader->read = i + 1;
        pthread_cond_broadcast(&reader->changed);
    }
    pthread_mutex_unlock(&reader->lock);
    return NULL;
}

/* Signals are for the caller's threads, whose calls they may have to interrupt. Without a thread,
 * photos are read when they are asked for. */
static void start(tyto_photo_reader *reader)
{
    sigset_t all, before;
    if (reader->running || reader->ahead == 0) {
        return;
    }
    reader->read = reader->position;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    reader->running = pthread_create(&reader->thread, NULL, read_ahead, reader) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static tyto_status copy_paths(tyto_photo_reader *reader, const char *const *paths, int64_t count,
                              tyto_error *err)
{
    reader->paths = tyto_alloc_zeroed((size_t)count + 1, sizeof(*reader->paths));
    reader->slots = tyto_alloc_zeroed((size_t)reader->ahead + 1, sizeof(*reader->slots));
    if (!reader->paths || !reader->slots) {
        return tyto_fail_memory(err, "photo reader");
    }
    for (int64_t i = 0; i < count; i++) {
        TYTO_REQUIRE(err, paths[i]);
        reader->paths[i] = tyto_copy_text(paths[i], strlen(paths[i]));
        if (!reader->paths[i]) {
            return tyto_fail_memory(err, "photo reader");
        }
        reader->count = i + 1;
    }
    return TYTO_OK;
}

tyto_status tyto_photo_reader_create(const char *const *paths, int64_t count,
                                     const tyto_photo_reader_options *options,
                                     tyto_photo_reader **out, tyto_error *err)
{
    tyto_photo_reader_options own = defaults;
    tyto_image_options how;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = NULL;
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_photo_reader_options", err));
    TYTO_TRY(tyto_check_list(paths, count, "paths", err));
    tyto_image_options_init(&how, sizeof(how));
    TYTO_TRY(tyto_options_read(&how, sizeof(how), own.image, "tyto_image_options", err));
    if (own.ahead < 0 || own.ahead > TYTO_PHOTO_READER_AHEAD_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "ahead: got %lld, required 0 to %d",
                         (long long)own.ahead, TYTO_PHOTO_READER_AHEAD_MAX);
    }
    tyto_photo_reader *reader = tyto_alloc_zeroed(1, sizeof(*reader));
    if (!reader) {
        return tyto_fail_memory(err, "photo reader");
    }
    reader->ahead = own.ahead;
    reader->how = how;
    pthread_mutex_init(&reader->lock, NULL);
    pthread_cond_init(&reader->changed, NULL);
    const tyto_status status = copy_paths(reader, paths, count, err);
    if (status != TYTO_OK) {
        tyto_photo_reader_destroy(reader);
        return status;
    }
    *out = reader;
    return TYTO_OK;
}

void tyto_photo_reader_destroy(tyto_photo_reader *reader)
{
    if (!reader) {
        return;
    }
    if (reader->running) {
        pthread_mutex_lock(&reader->lock);
        reader->stopped = true;
        pthread_cond_broadcast(&reader->changed);
        pthread_mutex_unlock(&reader->lock);
        pthread_join(reader->thread, NULL);
    }
    for (int64_t i = 0; reader->slots && i < reader->ahead; i++) {
        slot_clear(&reader->slots[i]);
    }
    for (int64_t i = 0; i < reader->count; i++) {
        free(reader->paths[i]);
    }
    free(reader->paths);
    free(reader->slots);
    pthread_cond_destroy(&reader->changed);
    pthread_mutex_destroy(&reader->lock);
    free(reader);
}

int64_t tyto_photo_reader_position(const tyto_photo_reader *reader)
{
    return reader ? reader->position : 0;
}

/* Waits for the next photo, takes it out of its slot, and lets the thread go on. */
static slot take(tyto_photo_reader *reader)
{
    slot *photo = &reader->slots[reader->position % reader->ahead];
    pthread_mutex_lock(&reader->lock);
    while (reader->read <= reader->position) {
        pthread_cond_wait(&reader->changed, &reader->lock);
    }
    const slot taken = *photo;
    *photo = (slot){.status = TYTO_OK};
    reader->position++;
    pthread_cond_broadcast(&reader->changed);
    pthread_mutex_unlock(&reader->lock);
    return taken;
}

tyto_status tyto_photo_reader_next(tyto_photo_reader *reader, tyto_image *out, tyto_error *err)
{
    slot next;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, reader);
    TYTO_REQUIRE(err, out);
    *out = (tyto_image){0};
    if (reader->position == reader->count) {
        return tyto_fail(err, TYTO_E_NOT_FOUND, "photo reader: no photo is left");
    }
    if (is_input(reader->paths[reader->position])) {
        tyto_photo_reader_skip(reader);
        return tyto_file_load_photo("-", &reader->how, out, err);
    }
    if (reader->running) {
        next = take(reader);
        if (next.waits) {
            load(reader, reader->paths[reader->position - 1], &next);
        }
    } else {
        load(reader, reader->paths[reader->position++], &next);
        start(reader);
    }
    *out = next.image;
    if (next.status != TYTO_OK) {
        tyto_fail(err, next.status, "%s", tyto_error_message(&next.err));
    }
    tyto_error_clear(&next.err);
    return next.status;
}

void tyto_photo_reader_skip(tyto_photo_reader *reader)
{
    if (!reader || reader->position == reader->count) {
        return;
    }
    if (reader->running) {
        slot skipped = take(reader);
        slot_clear(&skipped);
    } else {
        reader->position++;
        start(reader);
    }
}
