/** Runs the real command in a folder of its own, and keeps what it said. */
#ifndef TYTO_TESTS_CLI_RUN_H
#define TYTO_TESTS_CLI_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

/** A finished run. The texts are NUL-terminated. */
typedef struct ran {
    int status; /**< what the command returned; −1: a signal ended it */
    char *out, *err;
} ran;

/** Makes an empty folder and goes there; leaves and removes it. For group set-up and teardown. */
int enter_folder(void **state);
int leave_folder(void **state);

/** Runs `tyto` with these words; the last one is NULL. */
ran tyto(const char *first, ...);
/** The same with bytes on standard input. */
ran tyto_reading(const void *bytes, size_t length, const char *first, ...);
/** The same with standard output going to that file: a device that is full, or a closed pipe. */
ran tyto_writing_to(int descriptor, const char *first, ...);
void ran_clear(ran *run);

/** Fails unless the run ended so and its one line of error has that text in it. */
void assert_complains(ran *run, int status, const char *text);
/** Fails unless the run ended well; shows its errors. */
void assert_done(const ran *run);

/** A path under tests/; valid until the end. */
const char *test_path(const char *path);
/** The text as JSON; fails when it is not. */
json_t *parsed(const char *text);
/** All of a file; fails when it can't be read. */
char *file_text(const char *path, size_t *length);
void write_file(const char *path, const void *bytes, size_t length);
/** Copies a file. */
void copy_file(const char *from, const char *to);
bool file_there(const char *path);
/** Entries of a folder. */
size_t folder_count(const char *path);

#define ODD_MODEL test_path("golden/data/owlv2/odd/model")
#define CAT test_path("../assets/photos/cat.jpg")
#define COFFEE test_path("../assets/photos/coffee.jpg")

#endif
