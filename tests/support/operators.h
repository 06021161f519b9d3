/** Operators as a session runs them, on every table of kernels and several numbers of threads. */
#ifndef TYTO_TESTS_OPERATORS_H
#define TYTO_TESTS_OPERATORS_H

#include "nn/exec.h"
#include "support/support.h"
#include "support/tables.h"

/** Zeroed, 64-byte aligned memory that the caller frees. */
static inline void *aligned_zeros(size_t bytes)
{
    void *memory = aligned_alloc(64, (bytes + 63) / 64 * 64);
    assert_non_null(memory);
    return memset(memory, 0, bytes);
}

/** Runs an operator, which gives all scratch back. */
#define RUN(exec, call)                                                                            \
    do {                                                                                           \
        assert_int_equal(call, TYTO_OK);                                                           \
        assert_int_equal((exec)->arena->used, 0);                                                  \
    } while (0)

/** Calls check for every table, in floats and in bf16, and for one thread, three, and more than
 *  there is work for. */
static inline void for_each_exec(void (*check)(tyto_exec *exec))
{
    const tyto_kernels *tables[8];
    static const int threads[] = {1, 3, 40};
    enum { THREADS = sizeof(threads) / sizeof(threads[0]) };
    const size_t count = tested_tables(tables, 8);
    for (size_t i = 0; i < 2 * THREADS * count; i++) {
        tyto_arena arena = {0};
        tyto_pool *pool = tyto_pool_create(threads[i % THREADS]);
        assert_non_null(pool);
        tyto_exec exec = {.kernels = tables[i / THREADS / 2],
                          .precision = i / THREADS % 2 ? TYTO_PRECISION_BF16 : TYTO_PRECISION_FP32,
                          .pool = pool,
                          .arena = &arena};
        check(&exec);
        tyto_arena_clear(&arena);
        tyto_pool_destroy(pool);
    }
}

#endif
