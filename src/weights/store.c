#include "weights/store.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

/* Least bytes of a block. What of it nobody takes is never touched, so it costs no memory. */
#define BLOCK_BYTES ((size_t)32 << 20)

struct tyto_weight_block {
    struct tyto_weight_block *next;
    char *pages;
    size_t bytes, used;
};

void tyto_weight_store_clear(tyto_weight_store *store)
{
    while (store->blocks) {
        struct tyto_weight_block *block = store->blocks;
        store->blocks = block->next;
        tyto_pages_free(block->pages, block->bytes);
        free(block);
    }
    tyto_packed_fields_clear(&store->fields);
    for (size_t i = 0; i < store->products_count; i++) {
        free(store->products[i].name);
    }
    free(store->products);
    *store = (tyto_weight_store){0};
}

void *tyto_weight_store_take(tyto_weight_store *store, size_t bytes)
{
    struct tyto_weight_block *block = store->blocks;
    size_t rounded;
    if (!tyto_add_size(bytes, TYTO_ALIGN - 1, &rounded)) {
        return NULL;
    }
    rounded &= ~(size_t)(TYTO_ALIGN - 1);
    if (!block || block->bytes - block->used < rounded) {
        const size_t room = rounded > BLOCK_BYTES ? rounded : BLOCK_BYTES;
        block = tyto_alloc(1, sizeof(*block));
        void *pages = block ? tyto_pages_alloc(room) : NULL;
        if (!pages) {
            free(block);
            return NULL;
        }
        *block = (struct tyto_weight_block){store->blocks, pages, room, 0};
        store->blocks = block;
    }
    void *taken = block->pages + block->used;
    block->used += rounded;
    store->bytes += bytes;
    return taken;
}

tyto_status tyto_weight_store_step(const tyto_weight_store *store, const char *stage,
                                   const char *subject, int64_t done, int64_t total,
                                   tyto_error *err)
{
    const tyto_progress progress = {
        .stage = stage, .subject = subject, .done = done, .total = total};
    if (store->progress && !store->progress(store->progress_user, &progress)) {
        return tyto_fail(err, TYTO_E_CANCELLED, "%s: stopped before '%s'", stage, subject);
    }
    return TYTO_OK;
}

float *tyto_weight_store_floats(tyto_weight_store *store, int64_t count)
{
    size_t bytes;
    return tyto_mul_size((size_t)count, sizeof(float), &bytes)
               ? tyto_weight_store_take(store, bytes)
               : NULL;
}

bool tyto_weight_store_pack(tyto_weight_store *store, const tyto_kernels *kernels, tyto_pool *pool,
                            int64_t n, int64_t k, const float *source, tyto_packed_matrix *out)
{
    const tyto_dtype dtype = tyto_packed_dtype(store->precision);
    const size_t bytes = tyto_packed_bytes(kernels, dtype, n, k);
    void *data = bytes ? tyto_weight_store_take(store, bytes) : NULL;
    if (data) {
        *out = tyto_packed_over(kernels, dtype, n, k, data);
        tyto_packed_fill(out, 0, n, source, k, TYTO_F32, pool);
    }
    return data != NULL;
}
