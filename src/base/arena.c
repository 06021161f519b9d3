#include "base/arena.h"

#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"

/* Share of a limited address space that one arena reserves. */
#define LIMITED_SHARE 8
/* Memory where the system doesn't report its own. */
#define RESERVED_USUAL ((size_t)16 << 30)

/* Addresses cost nothing: twice the memory that there is, or a share of those that the process may
 * have. */
static size_t bytes_to_reserve(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t bytes = RESERVED_USUAL;
    struct rlimit limit;
    if (pages > 0 && page > 0) {
        bytes = 2 * (size_t)pages * (size_t)page;
    }
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
        limit.rlim_cur / LIMITED_SHARE < bytes) {
        bytes = (size_t)limit.rlim_cur / LIMITED_SHARE;
    }
    return bytes;
}

static bool grow(tyto_arena *arena, size_t bytes)
{
    size_t end;
    if (bytes <= arena->capacity) {
        return true;
    }
    if (!arena->block) {
        arena->reserved = bytes_to_reserve();
        arena->block = tyto_pages_reserve(&arena->reserved);
        if (!arena->block) {
            return false;
        }
    }
    if (!tyto_add_size(bytes, TYTO_HUGE_PAGE_BYTES - 1, &end)) {
        return false;
    }
    end &= ~(TYTO_HUGE_PAGE_BYTES - 1);
    if (end > arena->reserved || !tyto_pages_commit(arena->block, arena->capacity, end)) {
        return false;
    }
    arena->capacity = end;
    return true;
}

void tyto_arena_reset(tyto_arena *arena)
{
    arena->used = 0;
    arena->peak = 0;
}

void *tyto_arena_take(tyto_arena *arena, size_t count, size_t size)
{
    size_t bytes, end;
    if (!tyto_mul_size(count, size, &bytes) || !tyto_add_size(bytes, TYTO_ALIGN - 1, &bytes)) {
        return NULL;
    }
    bytes &= ~(size_t)(TYTO_ALIGN - 1);
    if (!tyto_add_size(arena->used, bytes, &end)) {
        return NULL;
    }
    if (!grow(arena, end ? end : 1)) {
        return NULL;
    }
    char *taken = arena->block + arena->used;
    arena->used = end;
    if (end > arena->peak) {
        arena->peak = end;
    }
    return taken;
}

size_t tyto_arena_mark(const tyto_arena *arena)
{
    return arena->used;
}

void tyto_arena_release(tyto_arena *arena, size_t mark)
{
    arena->used = mark;
}

void tyto_arena_clear(tyto_arena *arena)
{
    tyto_pages_free(arena->block, arena->reserved);
    *arena = (tyto_arena){0};
}
