#include <tyto/photo_writer.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

struct tyto_photo_writer {
    pthread_t thread;
    bool running;
    /* What is being saved, or was. */
    char *path;
    tyto_image image;
    tyto_status status;
    tyto_error err;
};

static void *save(void *context)
{
    tyto_photo_writer *writer = context;
    writer->status = tyto_image_save(writer->path, &writer->image, &writer->err);
    return NULL;
}

tyto_status tyto_photo_writer_create(tyto_photo_writer **out, tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    *out = tyto_alloc_zeroed(1, sizeof(**out));
    return *out ? TYTO_OK : tyto_fail_memory(err, "photo writer");
}

tyto_status tyto_photo_writer_finish(tyto_photo_writer *writer, tyto_error *err)
{
    TYTO_ENTER(err);
    if (!writer) {
        return TYTO_OK;
    }
    if (writer->running) {
        pthread_join(writer->thread, NULL);
    }
    const tyto_status status = writer->status;
    if (err) {
        *err = writer->err;
    } else {
        tyto_error_clear(&writer->err);
    }
    free(writer->path);
    tyto_image_clear(&writer->image);
    *writer = (tyto_photo_writer){0};
    return status;
}

void tyto_photo_writer_destroy(tyto_photo_writer *writer)
{
    (void)!tyto_photo_writer_finish(writer, NULL);
    free(writer);
}

/* Without a thread, the picture is saved at once. Signals are for the caller's threads, whose calls
 * they may have to interrupt. */
static void start(tyto_photo_writer *writer)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    writer->running = pthread_create(&writer->thread, NULL, save, writer) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!writer->running) {
        save(writer);
    }
}

tyto_status tyto_photo_writer_add(tyto_photo_writer *writer, const char *path, tyto_image *image,
                                  tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, writer);
    TYTO_REQUIRE(err, path);
    TYTO_REQUIRE(err, image);
    const tyto_status status = tyto_photo_writer_finish(writer, err);
    writer->image = *image;
    *image = (tyto_image){0};
    writer->path = tyto_copy_text(path, strlen(path));
    if (!writer->path) {
        tyto_image_clear(&writer->image);
        return tyto_fail_memory(err, path);
    }
    start(writer);
    return status;
}
