#include "failing_memory.h"

#include <errno.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>

static atomic_long asked, fails_at;
static atomic_long blocks;
static atomic_bool fails_forever, armed;

static bool fails(void)
{
    if (!atomic_load(&armed)) {
        return false;
    }
    long number = atomic_fetch_add(&asked, 1) + 1;
    long at = atomic_load(&fails_at);
    if (number == at || (number > at && atomic_load(&fails_forever))) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

#ifdef FAILING_MEMORY_WRAPS
/* The linker renames: --wrap=malloc turns malloc into __wrap_malloc, and __real_malloc is it. */
#define MINE(name) __wrap_##name
#define THEIRS(name) __real_##name
#define COUNT(change) ((void)(change))
#else
/* A program's own malloc goes before the C library's, everywhere in the process. */
#define MINE(name) name
#define THEIRS(name) __libc_##name
#define COUNT(change) atomic_fetch_add(&blocks, change)
#endif

void *THEIRS(malloc)(size_t bytes);
void *THEIRS(calloc)(size_t count, size_t bytes);
void *THEIRS(realloc)(void *block, size_t bytes);
void THEIRS(free)(void *block);
/* Seen by the libraries too, though the build hides names by default. */
#define SEEN __attribute__((visibility("default")))
SEEN void *MINE(malloc)(size_t bytes);
SEEN void *MINE(calloc)(size_t count, size_t bytes);
SEEN void *MINE(realloc)(void *block, size_t bytes);
SEEN void MINE(free)(void *block);

void *MINE(malloc)(size_t bytes)
{
    void *block = fails() ? NULL : THEIRS(malloc)(bytes);
    COUNT(block != NULL);
    return block;
}

void *MINE(calloc)(size_t count, size_t bytes)
{
    void *block = fails() ? NULL : THEIRS(calloc)(count, bytes);
    COUNT(block != NULL);
    return block;
}

void *MINE(realloc)(void *block, size_t bytes)
{
    if (bytes && fails()) {
        return NULL;
    }
    void *moved = THEIRS(realloc)(block, bytes);
    COUNT((moved && !block) - (block && !bytes));
    return moved;
}

void MINE(free)(void *block)
{
    COUNT(-(block != NULL));
    THEIRS(free)(block);
}

#ifndef FAILING_MEMORY_WRAPS
void *THEIRS(memalign)(size_t alignment, size_t bytes);
SEEN int posix_memalign(void **out, size_t alignment, size_t bytes);
SEEN void *aligned_alloc(size_t alignment, size_t bytes);

void *aligned_alloc(size_t alignment, size_t bytes)
{
    void *block = fails() ? NULL : THEIRS(memalign)(alignment, bytes);
    COUNT(block != NULL);
    return block;
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    *out = aligned_alloc(alignment, bytes);
    return *out ? 0 : ENOMEM;
}
#endif

/* Pages are memory as well; only tyto asks for them by this name. */
void *__real_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);
void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset);

void *__wrap_mmap(void *at, size_t bytes, int protection, int flags, int file, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap(at, bytes, protection, flags, file, offset);
}

int __real_mprotect(void *at, size_t bytes, int protection);
int __wrap_mprotect(void *at, size_t bytes, int protection);

int __wrap_mprotect(void *at, size_t bytes, int protection)
{
    return fails() ? -1 : __real_mprotect(at, bytes, protection);
}

void failing_memory_arm(long at, bool forever)
{
#ifdef FAILING_MEMORY_WRAPS
    json_set_alloc_funcs(MINE(malloc), MINE(free));
#endif
    atomic_store(&asked, 0);
    atomic_store(&fails_at, at);
    atomic_store(&fails_forever, forever);
    atomic_store(&armed, true);
}

long failing_memory_disarm(void)
{
    atomic_store(&armed, false);
    return atomic_load(&asked);
}

long failing_memory_blocks(void)
{
    return atomic_load(&blocks);
}
