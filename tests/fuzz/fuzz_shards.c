/* The index of a sharded set, beside two shards that exist. */
#include <stdbool.h>
#include <string.h>

#include "formats/safetensors.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    static const char *const names[] = {"a", "b"};
    static bool written;
    for (size_t i = 0; i < 2 && !written; i++) {
        uint8_t byte = 1;
        char path[256];
        tyto_tensor tensor = {.name = names[i], .dtype = TYTO_U8, .data = &byte};
        strcpy(path, fuzz_file(names[i], "", 0));
        if (tyto_tensor_file_save(path, &tensor, 1, &err) != TYTO_OK) {
            __builtin_trap();
        }
    }
    written = true;
    const char *path = fuzz_file("m.safetensors.index.json", data, size);
    if (tyto_tensor_file_open(path, &file, &err) == TYTO_OK && tyto_tensor_file_count(file) > 2) {
        __builtin_trap();
    }
    tyto_tensor_file_destroy(file);
    tyto_error_clear(&err);
    return 0;
}
