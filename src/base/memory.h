/** Heap memory with checked sizes. Every allocation of the library goes through here. */
#ifndef TYTO_BASE_MEMORY_H
#define TYTO_BASE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TYTO_HUGE_PAGE_BYTES ((size_t)2 << 20)

/** Alignment of tensor data: a cache line, and the widest vector. */
#define TYTO_ALIGN 64

/** count·size bytes, or NULL when that overflows or memory is out. At least one byte. */
void *tyto_alloc(size_t count, size_t size);
/** The same, zeroed. */
void *tyto_alloc_zeroed(size_t count, size_t size);
/** Grows or shrinks; on failure NULL and the old block stays. */
void *tyto_realloc(void *block, size_t count, size_t size);
/** A NUL-terminated copy of `length` bytes. */
char *tyto_copy_text(const char *text, size_t length);

/** Anonymous pages, 2 MB-aligned and advised to be huge, zeroed; NULL when memory is out. */
void *tyto_pages_alloc(size_t bytes);
void tyto_pages_free(void *pages, size_t bytes);

/** Addresses without memory, 2 MB-aligned: as many as `*bytes`, or half, a quarter, … of it where
 *  the process may not have so many; *bytes receives how many. NULL when there are none. Release
 *  with tyto_pages_free. */
void *tyto_pages_reserve(size_t *bytes);
/** Gives memory to reserved pages, from byte `begin` to byte `end`, both multiples of 2 MB; false
 * when memory is out. */
bool tyto_pages_commit(void *pages, size_t begin, size_t end);

/** *out = a·b, or false when that overflows. */
static inline bool tyto_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
/** *out = a+b, or false when that overflows. */
static inline bool tyto_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}
/** *out = a·b for counts, or false when that overflows. */
static inline bool tyto_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}
/** Smallest multiple of `step` that is at least n; n + step must not overflow. */
static inline int64_t tyto_round_up(int64_t n, int64_t step)
{
    return (n + step - 1) / step * step;
}
static inline int64_t tyto_min_i64(int64_t a, int64_t b)
{
    return a < b ? a : b;
}
static inline int64_t tyto_max_i64(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

#endif
