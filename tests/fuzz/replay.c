/* Runs a fuzz target over the files of a folder, so that what was once found stays found. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"

static int replay(const char *path, size_t size)
{
    /* Exactly the file's size, so that a sanitizer sees the first byte past its end. */
    uint8_t *bytes = malloc(size ? size : 1);
    FILE *file = fopen(path, "rb");
    if (!bytes || !file || fread(bytes, 1, size, file) != size) {
        perror(path);
        exit(1);
    }
    fclose(file);
    fuzz_memory_begin();
    int result = LLVMFuzzerTestOneInput(bytes, size);
    if (fuzz_memory_peak() > FUZZ_MEMORY_BYTES + FUZZ_MEMORY_PER_BYTE * size) {
        printf("%s: %zu bytes took %zu bytes of memory\n", path, size, fuzz_memory_peak());
        result = 1;
    }
    /* And each shorter part of a small one: a file can be cut anywhere. */
    for (size_t cut = 0; cut < size && size <= 512; cut++) {
        uint8_t *part = malloc(cut ? cut : 1);
        if (part) {
            memcpy(part, bytes, cut);
            result |= LLVMFuzzerTestOneInput(part, cut);
        }
        free(part);
    }
    free(bytes);
    return result;
}

int main(int count, char **arguments)
{
    int files = 0, result = 0;
    for (int i = 1; i < count; i++) {
        DIR *folder = opendir(arguments[i]);
        const struct dirent *entry;
        while (folder && (entry = readdir(folder)) != NULL) {
            char path[4096];
            struct stat info;
            snprintf(path, sizeof(path), "%s/%s", arguments[i], entry->d_name);
            if (stat(path, &info) == 0 && S_ISREG(info.st_mode)) {
                result |= replay(path, (size_t)info.st_size);
                files++;
            }
        }
        if (folder) {
            closedir(folder);
        }
    }
    printf("%d files\n", files);
    return result || files == 0;
}
