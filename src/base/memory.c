#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tyto/memory.h>
#include <unistd.h>

void *tyto_alloc(size_t count, size_t size)
{
    size_t bytes;
    if (!tyto_mul_size(count, size, &bytes)) {
        return NULL;
    }
    return malloc(bytes ? bytes : 1);
}

void *tyto_alloc_zeroed(size_t count, size_t size)
{
    size_t bytes;
    if (!tyto_mul_size(count, size, &bytes)) {
        return NULL;
    }
    return calloc(bytes ? bytes : 1, 1);
}

void *tyto_realloc(void *block, size_t count, size_t size)
{
    size_t bytes;
    if (!tyto_mul_size(count, size, &bytes)) {
        return NULL;
    }
    return realloc(block, bytes ? bytes : 1);
}

char *tyto_copy_text(const char *text, size_t length)
{
    size_t bytes;
    if (!tyto_add_size(length, 1, &bytes)) {
        return NULL;
    }
    char *copy = tyto_alloc(bytes, 1);
    if (copy) {
        memcpy(copy, text, length);
        copy[length] = '\0';
    }
    return copy;
}

void tyto_free(void *pointer)
{
    free(pointer);
}

static bool page_bytes(size_t bytes, size_t *out)
{
    if (!tyto_add_size(bytes ? bytes : 1, TYTO_HUGE_PAGE_BYTES - 1, out)) {
        return false;
    }
    *out &= ~(TYTO_HUGE_PAGE_BYTES - 1);
    return true;
}

void *tyto_pages_alloc(size_t bytes)
{
    size_t rounded, reserved;
    if (!page_bytes(bytes, &rounded) || !tyto_add_size(rounded, TYTO_HUGE_PAGE_BYTES, &reserved)) {
        return NULL;
    }
    char *base = mmap(NULL, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) {
        return NULL;
    }
    size_t lead =
        (TYTO_HUGE_PAGE_BYTES - (uintptr_t)base % TYTO_HUGE_PAGE_BYTES) % TYTO_HUGE_PAGE_BYTES;
    if (lead) {
        munmap(base, lead);
    }
    if (lead != TYTO_HUGE_PAGE_BYTES) {
        munmap(base + lead + rounded, TYTO_HUGE_PAGE_BYTES - lead);
    }
#ifdef MADV_HUGEPAGE
    (void)madvise(base + lead, rounded, MADV_HUGEPAGE);
#endif
    return base + lead;
}

void tyto_pages_free(void *pages, size_t bytes)
{
    size_t rounded;
    if (pages && page_bytes(bytes, &rounded)) {
        munmap(pages, rounded);
    }
}

/* What a second-level cache has at least and at most, and as a rule. */
#define CACHE_BYTES_MIN ((int64_t)256 << 10)
#define CACHE_BYTES_MAX ((int64_t)4 << 20)
#define CACHE_BYTES_USUAL ((int64_t)1 << 20)

static int64_t ask_cache_bytes(void)
{
#ifdef _SC_LEVEL2_CACHE_SIZE
    const int64_t told = (int64_t)sysconf(_SC_LEVEL2_CACHE_SIZE);
    return told <= 0 ? CACHE_BYTES_USUAL
                     : tyto_max_i64(CACHE_BYTES_MIN, tyto_min_i64(told, CACHE_BYTES_MAX));
#else
    return CACHE_BYTES_USUAL;
#endif
}

int64_t tyto_cache_bytes(void)
{
    static _Atomic int64_t bytes; /* the same whoever asks first */
    if (bytes == 0) {
        bytes = ask_cache_bytes();
    }
    return bytes;
}
