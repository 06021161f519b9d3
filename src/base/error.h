/** Filling a tyto_error from inside the library. */
#ifndef TYTO_BASE_ERROR_H
#define TYTO_BASE_ERROR_H

#include <stdint.h>
#include <tyto/status.h>

/** Sets *err (unless it already holds an error: the first wins) and returns `status`.
 *  Messages say *where: got, required*. err may be NULL. */
tyto_status tyto_fail(tyto_error *err, tyto_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** tyto_fail(err, TYTO_E_MEMORY, ...) naming what the memory was for. */
tyto_status tyto_fail_memory(tyto_error *err, const char *what);

/** tyto_fail(err, TYTO_E_ARGUMENT, ...): `argument` is NULL where it may not be. */
tyto_status tyto_fail_null(tyto_error *err, const char *argument);

/** First line of a public call: what *err held before is gone. */
#define TYTO_ENTER(err) tyto_error_clear(err)

/** Returns E_ARGUMENT, with its name, from a public call when the pointer is NULL. */
#define TYTO_REQUIRE(err, pointer)                                                                 \
    do {                                                                                           \
        if (!(pointer)) {                                                                          \
            return tyto_fail_null(err, #pointer);                                                  \
        }                                                                                          \
    } while (0)

/** E_ARGUMENT "name: got COUNT, required a list of them" when there is none, or no count of any. */
TYTO_NODISCARD tyto_status tyto_check_list(const void *items, int64_t count, const char *name,
                                           tyto_error *err);

/** E_ARGUMENT "name: got VALUE, required 0 to LAST": what an enum doesn't have. */
TYTO_NODISCARD tyto_status tyto_check_enum(int value, int last, const char *name, tyto_error *err);

/** Puts "prefix: " before the text that *err holds, if any. */
void tyto_error_prefix(tyto_error *err, const char *prefix);

/** Returns from the calling function when `call` does not succeed. */
#define TYTO_TRY(call)                                                                             \
    do {                                                                                           \
        tyto_status try_status_ = (call);                                                          \
        if (try_status_ != TYTO_OK) {                                                              \
            return try_status_;                                                                    \
        }                                                                                          \
    } while (0)

/** Jumps to `cleanup` with the local `status` set when `call` does not succeed. */
#define TYTO_CHECK(call)                                                                           \
    do {                                                                                           \
        status = (call);                                                                           \
        if (status != TYTO_OK) {                                                                   \
            goto cleanup;                                                                          \
        }                                                                                          \
    } while (0)

#endif
