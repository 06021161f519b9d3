/* Serves a folder's files as the hub would, while a command runs:
 *
 *   hub_server FOLDER COMMAND [WORD...]
 *
 * The command gets HF_ENDPOINT, and its exit status is the server's. The hub's only checkpoint is
 * acme/owl, and has these files. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "run.h"
#include "server.h"

/* Larger files have a SHA-256 and come from another host. */
#define LARGE_BYTES 1000000

static int serve(const char *folder, char **command)
{
    static server hub; /* what it serves stays reachable to the end */
    struct dirent **entries;
    char path[4096], endpoint[64];
    int status = 1;
    server_start(&hub);
    const int count = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        if (entries[i]->d_name[0] != '.') {
            size_t length;
            snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
            const char *bytes = file_text(path, &length);
            server_add(&hub, strdup(entries[i]->d_name), bytes, length, length > LARGE_BYTES);
        }
        free(entries[i]);
    }
    free(entries);
    snprintf(endpoint, sizeof(endpoint), "http://127.0.0.1:%d", hub.port);
    setenv("HF_ENDPOINT", endpoint, 1);
    const pid_t child = fork();
    if (child == 0) {
        execvp(command[0], command);
        _exit(127);
    }
    waitpid(child, &status, 0);
    server_stop(&hub);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fputs("usage: hub_server FOLDER COMMAND [WORD...]\n", stderr);
        return 2;
    }
    return serve(argv[1], argv + 2);
}
