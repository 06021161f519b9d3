/* How much memory one input costs: a program's own malloc goes before the C library's. Sanitizers
 * have theirs, and then nothing is counted. */
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "fuzz.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define COUNTS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define COUNTS 0
#endif
#endif
#ifndef COUNTS
#define COUNTS 1
#endif

/* Large zeroed blocks are pages that cost nothing until they are written to: pixels of a picture
 * that turns out to be cut. */
#define UNTOUCHED_BYTES ((size_t)1 << 20)

static atomic_long live, peak;

void fuzz_memory_begin(void)
{
    atomic_store(&live, 0);
    atomic_store(&peak, 0);
}

size_t fuzz_memory_peak(void)
{
    return (size_t)atomic_load(&peak);
}

#if COUNTS
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *block, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
#define SEEN __attribute__((visibility("default")))
SEEN void *malloc(size_t bytes);
SEEN void *calloc(size_t count, size_t bytes);
SEEN void *realloc(void *block, size_t bytes);
SEEN int posix_memalign(void **out, size_t alignment, size_t bytes);

/* What is freed isn't taken off: inputs are small, and so is what passes through. */
static void count(size_t bytes)
{
    const long now = atomic_fetch_add(&live, (long)bytes) + (long)bytes;
    if (now > atomic_load(&peak)) {
        atomic_store(&peak, now);
    }
}

void *malloc(size_t bytes)
{
    count(bytes);
    return __libc_malloc(bytes);
}

void *calloc(size_t n, size_t bytes)
{
    void *block = __libc_calloc(n, bytes);
    count(block && n * bytes < UNTOUCHED_BYTES ? n * bytes : 0);
    return block;
}

void *realloc(void *block, size_t bytes)
{
    const size_t before = block ? malloc_usable_size(block) : 0;
    count(bytes > before ? bytes - before : 0);
    return __libc_realloc(block, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    void *block = __libc_memalign(alignment, bytes);
    count(bytes);
    if (!block) {
        return ENOMEM;
    }
    *out = block;
    return 0;
}
#endif
