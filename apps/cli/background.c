#include "background.h"

#include <signal.h>

void background_start(background *with, void *(*work)(void *context), void *context)
{
    /* Signals are for the main thread, whose calls they must interrupt. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    with->running = pthread_create(&with->thread, NULL, work, context) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!with->running) {
        work(context);
    }
}

void background_wait(background *with)
{
    if (with->running) {
        pthread_join(with->thread, NULL);
        with->running = false;
    }
}
