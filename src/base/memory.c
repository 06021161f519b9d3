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

static void *map_pages(size_t bytes, int protection)
{
    size_t rounded, reserved;
    if (!page_bytes(bytes, &rounded) || !tyto_add_size(rounded, TYTO_HUGE_PAGE_BYTES, &reserved)) {
        return NULL;
    }
    char *base = mmap(NULL, reserved, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
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
    return base + lead;
}

static void advise_huge(void *pages, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    (void)madvise(pages, bytes, MADV_HUGEPAGE);
#else
    (void)pages;
    (void)bytes;
#endif
}

void *tyto_pages_alloc(size_t bytes)
{
    void *pages = map_pages(bytes, PROT_READ | PROT_WRITE);
    size_t rounded;
    if (pages && page_bytes(bytes, &rounded)) {
        advise_huge(pages, rounded);
    }
    return pages;
}

void *tyto_pages_reserve(size_t *bytes)
{
    void *pages = NULL;
    while (*bytes >= TYTO_HUGE_PAGE_BYTES) {
        *bytes &= ~(TYTO_HUGE_PAGE_BYTES - 1);
        pages = map_pages(*bytes, PROT_NONE);
        if (pages) {
            break;
        }
        *bytes /= 2;
    }
    return pages;
}

bool tyto_pages_commit(void *pages, size_t begin, size_t end)
{
    char *first = (char *)pages + begin;
    if (mprotect(first, end - begin, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    advise_huge(first, end - begin);
    return true;
}

void tyto_pages_free(void *pages, size_t bytes)
{
    size_t rounded;
    if (pages && page_bytes(bytes, &rounded)) {
        munmap(pages, rounded);
    }
}
