#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "messages.h"

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
    const int code = errno;
    if (stop && signal != SIGHUP) {
        _exit(EXIT_INTERRUPTED);
    }
    stop = 1;
    if (isatty(STDERR_FILENO)) {
        static const char said[] =
            "\r\033[Kinterrupted: ending what is begun; again ends at once\n";
        (void)!write(STDERR_FILENO, said, sizeof(said) - 1);
    }
    errno = code;
}

void signals_begin(void)
{
    struct sigaction action = {.sa_handler = on_signal}, before;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    /* nohup has it ignored. */
    if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
        sigaction(SIGHUP, &action, NULL);
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

bool interrupted(void)
{
    return stop != 0;
}

bool go_on(void *user, const tyto_progress *progress)
{
    (void)user;
    (void)progress;
    return !interrupted();
}

bool show_steps(void *user, const tyto_progress *progress)
{
    (void)user;
    progress_show((size_t)progress->done, (size_t)progress->total, progress->subject);
    return !interrupted();
}

bool show_stage(void *user, const tyto_progress *progress)
{
    return user && strcmp(user, progress->stage) == 0 ? show_steps(user, progress) : !interrupted();
}

bool show_bytes(void *user, const tyto_progress *progress)
{
    (void)user;
    progress_show_bytes((uint64_t)progress->done, (uint64_t)progress->total, progress->subject);
    return !interrupted();
}
