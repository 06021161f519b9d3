/* A pickle, and the tensors that it describes; every storage of it has the same 16 bytes. */
#include <stdlib.h>
#include <string.h>

#include "formats/torch.h"
#include "fuzz.h"
#include "tensor/tensor.h"

static const uint8_t storage[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

static tyto_status find(void *user, const tyto_pickle_value *key, const uint8_t **data,
                        size_t *bytes, tyto_error *err)
{
    (void)user;
    (void)key;
    (void)err;
    *data = storage;
    *bytes = sizeof(storage);
    return TYTO_OK;
}

/* Every element can be read, and the file is closed as any other. */
static void look_at(const tyto_tensor_file *file)
{
    volatile uint8_t sum = 0;
    for (size_t i = 0; i < file->count; i++) {
        size_t bytes;
        if (!tyto_tensor_bytes(&file->tensors[i], &bytes) || strlen(file->tensors[i].name) > 4096) {
            __builtin_trap();
        }
        for (size_t k = 0; k < bytes; k++) {
            sum = (uint8_t)(sum + ((const uint8_t *)file->tensors[i].data)[k]);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_pickle pickle;
    tyto_tensor_file file = {0};
    tyto_shard shard = {.path = (char *)(uintptr_t) "input"};
    tyto_status status = tyto_pickle_read(data, size, "input", &pickle, &err);
    if (status == TYTO_OK) {
        if (pickle.bytes > size || pickle.item_count > size || pickle.value_count > size) {
            __builtin_trap();
        }
        const tyto_torch_source source = {&pickle, find, NULL, 0, "input"};
        status = tyto_torch_collect(&source, &file, &shard, &err);
        if (status == TYTO_OK) {
            look_at(&file);
        }
    }
    if ((status == TYTO_OK) == (err.message != NULL)) {
        __builtin_trap();
    }
    free(file.tensors);
    free(shard.names);
    free(shard.copies);
    tyto_pickle_clear(&pickle);
    tyto_error_clear(&err);
    return 0;
}
