/* What stands before the calls that cffi writes. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
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

/* A number that differs, but for one chance in 2^64 or so, whenever any byte does: each of eight
 * lanes is a chain of steps that map different states to different ones. */
static uint64_t pytyto_digest(const void *data, size_t length_bytes)
{
    enum { LANES = 8, BLOCK = LANES * sizeof(uint64_t) };
    static const uint64_t factor = 0x9E3779B97F4A7C15U;
    const unsigned char *bytes = data;
    uint64_t lanes[LANES] = {1, 2, 3, 4, 5, 6, 7, 8}, words[LANES], all = length_bytes;
    for (; length_bytes >= BLOCK; length_bytes -= BLOCK, bytes += BLOCK) {
        memcpy(words, bytes, BLOCK);
        for (int i = 0; i < LANES; i++) {
            lanes[i] = (lanes[i] ^ words[i]) * factor;
            lanes[i] ^= lanes[i] >> 32;
        }
    }
    for (int i = 0; i < LANES; i++) {
        all = (all ^ lanes[i]) * factor;
        all ^= all >> 32;
    }
    for (; length_bytes > 0; length_bytes--, bytes++) {
        all = (all ^ *bytes) * factor;
        all ^= all >> 32;
    }
    return all;
}
