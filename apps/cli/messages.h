/** What the command says on standard error, and how it ends. */
#ifndef TYTO_CLI_MESSAGES_H
#define TYTO_CLI_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/engine.h>
#include <tyto/results.h>

/** What the command returns to the shell. EXIT_SERVED: it was told to end, as it is always, and the
 *  shell gets EXIT_DONE. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130, EXIT_SERVED = 256 };

typedef enum verbosity { QUIET, NORMAL, VERBOSE } verbosity;

/** The command's name for messages, and how much is said. */
void messages_begin(const char *command, verbosity level);

/** Results whose records leave their last line open, as those of an array of JSON do: on a terminal
 *  that shows both, what is said begins a line of its own. NULL: none.
 *  begun  their first bytes have left a line open */
void messages_beside(const tyto_results *results, bool begun);

/* One line each. Bytes that would break the line or steer a terminal are shown as \xNN. */

void say_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Unless quiet. */
void say_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** What isn't wrong but good to know; unless quiet. */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** When verbose. */
void say_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Whether a call was done; else the bar goes and its error is said, but for what an interruption
 *  has stopped. `err` is cleared. */
bool went_well(tyto_status status, tyto_error *err);
/** The same, with the input's name before the error. */
bool went_well_for(const char *input, tyto_status status, tyto_error *err);
/** Receives the engine's messages. */
void say_log(void *user, tyto_log_level level, const char *message);

/** A bar on standard error when that is a terminal, there is more than one step, and nobody asked
 *  for quiet. `what` is what step number `done` (from 0) works on. */
void progress_show(size_t done, size_t total, const char *what);
/** The same while `done` of `total` bytes came. */
void progress_show_bytes(uint64_t done, uint64_t total, const char *what);
/** Removes the bar, so that something else can be written. */
void progress_hide(void);

/** Seconds of a clock that only goes forward. */
double seconds_now(void);

#endif
