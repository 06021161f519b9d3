#include "base/arena.h"

#include "base/memory.h"

/* Any non-NULL, aligned base does for addresses that nobody touches. */
#define PLANNING_BASE ((char *)(uintptr_t)TYTO_ALIGN)

void tyto_arena_plan(tyto_arena *arena)
{
    arena->used = 0;
    arena->peak = 0;
    arena->planning = true;
}

bool tyto_arena_commit(tyto_arena *arena)
{
    arena->planning = false;
    arena->used = 0;
    if (arena->peak <= arena->capacity) {
        return true;
    }
    tyto_pages_free(arena->block, arena->capacity);
    arena->capacity = 0;
    arena->block = tyto_pages_alloc(arena->peak);
    if (!arena->block) {
        return false;
    }
    arena->capacity = arena->peak;
    return true;
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
    if (!arena->planning && end > arena->capacity) {
        return NULL;
    }
    char *base = arena->planning ? PLANNING_BASE : arena->block;
    char *taken = (char *)((uintptr_t)base + arena->used);
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
    tyto_pages_free(arena->block, arena->capacity);
    *arena = (tyto_arena){0};
}
