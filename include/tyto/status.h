/** Status codes and error text.
 *
 *  Every call that can fail returns a ::tyto_status and takes a nullable
 *  `tyto_error *err` last. The first error of a call wins; its text says
 *  *where: got, required*. */
#ifndef TYTO_STATUS_H
#define TYTO_STATUS_H

#include <tyto/export.h>

TYTO_BEGIN_DECLS

/** X(name, value, text): one list gives codes, names and texts. */
#define TYTO_STATUS_LIST(X)                                                                        \
    X(OK, 0, "done")                                                                               \
    X(E_ARGUMENT, 1, "an argument is not valid")                                                   \
    X(E_SHAPE, 2, "shapes do not agree")                                                           \
    X(E_RANGE, 3, "a value is out of range")                                                       \
    X(E_FORMAT, 4, "a file's content is not valid")                                                \
    X(E_LIMIT, 5, "a limit is exceeded")                                                           \
    X(E_IO, 6, "reading or writing failed")                                                        \
    X(E_NOT_FOUND, 7, "not found")                                                                 \
    X(E_MEMORY, 8, "out of memory")                                                                \
    X(E_UNSUPPORTED, 9, "not supported by this build")                                             \
    X(E_CANCELLED, 10, "stopped by the caller")                                                    \
    X(E_EXISTS, 11, "something is there already")

typedef enum tyto_status {
#define TYTO_STATUS_ENUM(name, value, text) TYTO_##name = (value),
    TYTO_STATUS_LIST(TYTO_STATUS_ENUM)
#undef TYTO_STATUS_ENUM
} tyto_status;

/** What went wrong, filled by the first failing step. A call clears it when it begins, so that one
 *  error serves any number of calls.
 *  memory   `message` is owned; release it with tyto_error_clear
 *  threads  one thread at a time */
typedef struct tyto_error {
    tyto_status status;
    char *message; /**< NULL when there was no error or no memory for its text */
} tyto_error;

/** An error that says nothing yet: `tyto_error err = TYTO_ERROR_INIT;` */
#define TYTO_ERROR_INIT                                                                            \
    {                                                                                              \
        TYTO_OK, 0                                                                                 \
    }

/** The code's name, such as "E_SHAPE"; never NULL. */
TYTO_API const char *tyto_status_name(tyto_status status);
/** One sentence for a code; never NULL. */
TYTO_API const char *tyto_status_text(tyto_status status);
/** The error's text, or its status' text when it has none; never NULL. */
TYTO_API const char *tyto_error_message(const tyto_error *err);
/** Releases the text and makes the error say nothing. NULL is fine. */
TYTO_API void tyto_error_clear(tyto_error *err);

TYTO_END_DECLS

#endif
