/* Files for parsers that read a folder, and what a file of tensors must hold. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "formats/safetensors.h"
#include "fuzz.h"
#include "tensor/tensor.h"

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

int fuzz_tensors(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    if (tyto_tensor_file_parse(data, size, "input", &file, &err) != TYTO_OK) {
        if (!err.message || strlen(err.message) > 8192) {
            __builtin_trap();
        }
        tyto_error_clear(&err);
        return 0;
    }
    volatile uint8_t sum = 0;
    for (int64_t i = 0; i < tyto_tensor_file_count(file); i++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(file, (int64_t)i);
        size_t bytes;
        if (!tyto_tensor_bytes(tensor, &bytes) ||
            tyto_tensor_file_find(file, tensor->name) != tensor) {
            __builtin_trap();
        }
        for (size_t k = 0; k < bytes; k++) {
            sum = (uint8_t)(sum + ((const uint8_t *)tensor->data)[k]);
        }
    }
    (void)tyto_tensor_file_metadata(file, "format");
    tyto_tensor_file_destroy(file);
    return 0;
}
