/* .npy files. */
#include "fuzz.h"
#include <tyto/npy.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_npy npy;
    if (tyto_npy_parse(data, size, "x.npy", &npy, &err) == TYTO_OK) {
        if ((size_t)tyto_tensor_elements(&npy.tensor) * tyto_dtype_bytes(npy.tensor.dtype) > size) {
            __builtin_trap(); /* more elements than there are bytes */
        }
        tyto_npy_clear(&npy);
    }
    tyto_error_clear(&err);
    return 0;
}
