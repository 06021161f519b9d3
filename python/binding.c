/* What stands before the calls that cffi writes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <tyto/tyto.h>

int tyto_command(int argc, char **argv);

/* A call that is being watched: by the interpreter, for signals, and maybe by the user. */
typedef struct pytyto_watch {
    int64_t next_ns; /* when the interpreter is asked again */
    bool every_step; /* the user wants to hear of each step */
    void *handle;    /* of the Python object that is told */
} pytyto_watch;

enum { PATIENCE_NS = 50000000 };

static bool pytyto_step(void *user, const tyto_progress *progress);

/* A tyto_progress_fn that takes the interpreter's lock twenty times a second at most, unless the
 * user wants every step: a layer may be shorter than the wait for that lock. */
static bool pytyto_progress(void *user, const tyto_progress *progress)
{
    pytyto_watch *watch = user;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const int64_t now_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
    if (!watch->every_step && now_ns < watch->next_ns) {
        return true;
    }
    watch->next_ns = now_ns + PATIENCE_NS;
    return pytyto_step(user, progress);
}
