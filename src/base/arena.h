/** Scratch memory of a session: a stack that grows. */
#ifndef TYTO_BASE_ARENA_H
#define TYTO_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

/** A stack of allocations over reserved addresses, which get their memory as the stack first
 * reaches them and keep it: nothing that was handed out ever moves, and a run that needs no more
 * than an earlier one takes no memory from the system. Releases go back to a mark, last first. All
 * zeros: empty. */
typedef struct tyto_arena {
    char *block;
    size_t reserved; /* bytes of addresses */
    size_t capacity; /* of them with memory */
    size_t used;
    size_t peak;
} tyto_arena;

/** Takes everything back that was handed out; the memory stays. */
void tyto_arena_reset(tyto_arena *arena);
/** `count·size` bytes, 64-byte aligned, not zeroed; NULL when it overflows or memory is out. */
void *tyto_arena_take(tyto_arena *arena, size_t count, size_t size);
/** The level to give back to tyto_arena_release. */
size_t tyto_arena_mark(const tyto_arena *arena);
void tyto_arena_release(tyto_arena *arena, size_t mark);
/** Gives all memory back. */
void tyto_arena_clear(tyto_arena *arena);

#endif
