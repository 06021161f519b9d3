/** What several test programs need: seeded numbers, memory that ends at a guard page, comparison.
 */
#ifndef TYTO_TESTS_SUPPORT_H
#define TYTO_TESTS_SUPPORT_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

/** Numbers of one stream (xorshift), the same at every run. */
typedef struct stream {
    uint64_t state;
} stream;

static inline uint64_t next_bits(stream *from)
{
    uint64_t x = from->state ? from->state : 88172645463325252u;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return from->state = x;
}

/** A whole number in low … high. */
static inline int64_t next_int(stream *from, int64_t low, int64_t high)
{
    return low + (int64_t)(next_bits(from) >> 11) % (high - low + 1);
}

/** A number in −1 … 1. */
static inline float next_float(stream *from)
{
    return (float)((double)(next_bits(from) >> 11) * 0x1p-52 - 1.0);
}

/** Memory whose last byte lies before a page that must not be touched. */
typedef struct guarded {
    void *data;
    char *pages;
    size_t bytes;
} guarded;

static inline guarded guarded_bytes(size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE), room = (bytes + page - 1) / page * page;
    guarded memory = {.bytes = room + 2 * page};
    memory.pages =
        mmap(NULL, memory.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(memory.pages != MAP_FAILED);
    /* An emulator may refuse to change no bytes at all. */
    assert_true(room == 0 || mprotect(memory.pages + page, room, PROT_READ | PROT_WRITE) == 0);
    memory.data = memory.pages + page + room - bytes;
    return memory;
}

static inline guarded guarded_floats(int64_t count)
{
    return guarded_bytes((size_t)count * sizeof(float));
}

static inline void guarded_free(guarded *memory)
{
    munmap(memory->pages, memory->bytes);
}

/** count numbers in −1 … 1. */
static inline void fill_floats(stream *from, float *to, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        to[i] = next_float(from);
    }
}

/** count whole numbers in −4 … 4: sums of some thousand products of them are exact. */
static inline void fill_whole(stream *from, float *to, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        to[i] = (float)next_int(from, -4, 4);
    }
}

static inline void fill_with(float *to, int64_t count, float value)
{
    for (int64_t i = 0; i < count; i++) {
        to[i] = value;
    }
}

/** True when got is within tolerance of wanted; what is infinite or not a number must be the same.
 */
static inline bool is_close(double got, double wanted, double tolerance)
{
    if (isnan(wanted) || isinf(wanted)) {
        return isnan(wanted) ? isnan(got) : got == wanted;
    }
    return fabs(got - wanted) <= tolerance;
}

#endif
