/** Status codes and error text.
 *
 *  Every call that can fail returns a ::tyto_status and takes a nullable
 *  `tyto_error *err` last. The first error of a call wins; its text says
 *  *where: got, required*. */
#ifndef TYTO_STATUS_H
#define TYTO_STATUS_H

#include <tyto/export.h>

TYTO_BEGIN_DECLS

/** X(name, text): one list gives codes, names and texts. */
#define TYTO_STATUS_LIST(X)                                                                        \
    X(OK, "done")                                                                                  \
    X(E_ARGUMENT, "an argument is not valid")                                                      \
    X(E_SHAPE, "shapes do not agree")                                                              \
    X(E_RANGE, "a value is out of range")                                                          \
    X(E_FORMAT, "a file's content is not valid")                                                   \
    X(E_LIMIT, "a limit is exceeded")                                                              \
    X(E_IO, "reading or writing failed")                                                           \
    X(E_NOT_FOUND, "not found")                                                                    \
    X(E_MEMORY, "out of memory")                                                                   \
    X(E_UNSUPPORTED, "not supported by this build")

typedef enum tyto_status {
#define TYTO_STATUS_ENUM(name, text) TYTO_##name,
    TYTO_STATUS_LIST(TYTO_STATUS_ENUM)
#undef TYTO_STATUS_ENUM
} tyto_status;

/** What went wrong, filled by the first failing step.
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
