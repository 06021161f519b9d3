/** Scratch memory of a session: planned first, then bumped. */
#ifndef TYTO_BASE_ARENA_H
#define TYTO_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/** A stack of allocations over one block of pages.
 *
 *  A run goes through the same code twice: while `planning`, allocations return non-NULL
 *  addresses that must not be touched and only `peak` is learned; then tyto_arena_commit makes
 *  room and the second pass hands out real memory. Releases go back to a mark, last first. */
typedef struct tyto_arena {
    char *block;
    size_t capacity;
    size_t used;
    size_t peak;
    bool planning;
} tyto_arena;

/** Starts a planning pass: everything handed out before is gone. */
void tyto_arena_plan(tyto_arena *arena);
/** Ends planning and makes the block at least `peak` bytes; false when memory is out. */
bool tyto_arena_commit(tyto_arena *arena);
/** `count·size` bytes, 64-byte aligned, not zeroed; NULL when it overflows or goes past the plan.
 */
void *tyto_arena_take(tyto_arena *arena, size_t count, size_t size);
/** The level to give back to tyto_arena_release. */
size_t tyto_arena_mark(const tyto_arena *arena);
void tyto_arena_release(tyto_arena *arena, size_t mark);
/** Frees the block. */
void tyto_arena_clear(tyto_arena *arena);

#endif
