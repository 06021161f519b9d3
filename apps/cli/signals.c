#include "signals.h"

#include <signal.h>
#include <unistd.h>

#include "messages.h"
#include "output.h"

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
    (void)signal;
    if (stop) {
        output_remove_unfinished();
        _exit(EXIT_INTERRUPTED);
    }
    stop = 1;
}

void signals_begin(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

bool interrupted(void)
{
    return stop != 0;
}
