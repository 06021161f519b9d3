/* Files for parsers that read a folder. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fuzz.h"

enum { FILES_MAX = 8, PATH_BYTES = 256 };

static char folder[PATH_BYTES];
static char files[FILES_MAX][PATH_BYTES];

static void clean(void)
{
    for (size_t i = 0; i < FILES_MAX; i++) {
        if (files[i][0]) {
            unlink(files[i]);
        }
    }
    rmdir(folder);
}

const char *fuzz_folder(void)
{
    if (!folder[0]) {
        /* Memory where there is some: a fuzzer writes thousands of files a second. */
        const char *root = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
        snprintf(folder, sizeof(folder), "%s/tyto-fuzz-XXXXXX", root);
        if (!mkdtemp(folder)) {
            perror(folder);
            exit(1);
        }
        atexit(clean);
    }
    return folder;
}

const char *fuzz_file(const char *name, const void *bytes, size_t size)
{
    char path[PATH_BYTES];
    if (snprintf(path, sizeof(path), "%s/%s", fuzz_folder(), name) >= (int)sizeof(path)) {
        exit(1);
    }
    size_t slot = 0;
    while (slot < FILES_MAX && files[slot][0] && strcmp(files[slot], path) != 0) {
        slot++;
    }
    if (slot == FILES_MAX) {
        exit(1);
    }
    memcpy(files[slot], path, sizeof(path));
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
    return files[slot];
}
