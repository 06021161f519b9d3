/** One piece of work beside the caller's, so that files are read and written while the network
 * runs.
 */
#ifndef TYTO_CLI_BACKGROUND_H
#define TYTO_CLI_BACKGROUND_H

#include <pthread.h>
#include <stdbool.h>

typedef struct background {
    pthread_t thread;
    bool running;
} background;

/** Calls work(context) beside the caller, or at once when no thread can be started. What an earlier
 *  call began must have been waited for. Messages aren't for `work`: it notes what went wrong. */
void background_start(background *with, void *(*work)(void *context), void *context);
/** Returns when the work is done, at once when there is none. */
void background_wait(background *with);

#endif
