/* One safetensors file. */
#include <string.h>

#include "formats/safetensors.h"
#include "fuzz.h"
#include "tensor/tensor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
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
    for (size_t i = 0; i < tyto_tensor_file_count(file); i++) {
        const tyto_tensor *tensor = tyto_tensor_file_at(file, i);
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
    tyto_tensor_file_close(file);
    return 0;
}
