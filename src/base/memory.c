#include "base/memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <tyto/memory.h>

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
