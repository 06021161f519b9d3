/** Interruption: the run ends between two photos, and nothing half-written stays. */
#ifndef TYTO_CLI_SIGNALS_H
#define TYTO_CLI_SIGNALS_H

#include <stdbool.h>
#include <tyto/progress.h>
#include <tyto/status.h>

/** From now on the first SIGINT or SIGTERM raises a flag, and the second ends the command at once.
 *  SIGHUP, where it isn't ignored, raises the flag too: terminals that close may send it twice. A closed pipe and a file at its limit are write errors, not signals. */
void signals_begin(void);
/** Whether the flag is up. */
bool interrupted(void);

/** For long calls of the library: stop them once the flag is up, and show nothing, a bar of steps,
 *  or one of bytes. */
bool go_on(void *user, const tyto_progress *progress);
bool show_steps(void *user, const tyto_progress *progress);
/** The same for one stage alone, which `user` names; others only ask whether to go on. NULL:
 *  nothing is shown. */
bool show_stage(void *user, const tyto_progress *progress);
bool show_bytes(void *user, const tyto_progress *progress);

#endif
