/** What every fuzz target defines, and what most of them need. */
#ifndef TYTO_TESTS_FUZZ_H
#define TYTO_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Counts what is allocated from now on; and how much that is, in bytes. Nothing is counted under a
 *  sanitizer. */
void fuzz_memory_begin(void);
size_t fuzz_memory_peak(void);
/** What an input may cost: so much in all, and so much for each of its bytes, which a picture's
 *  blocks of one bit need. */
#define FUZZ_MEMORY_BYTES ((size_t)32 << 20)
#define FUZZ_MEMORY_PER_BYTE ((size_t)24 << 10)

/** Feeds one input to a parser; crashes when something is wrong, and returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/** A folder of this process alone, made at the first call and removed at exit with its files. */
const char *fuzz_folder(void);
/** Writes a file into fuzz_folder and returns its path, which lives until the next call. */
const char *fuzz_file(const char *name, const void *bytes, size_t size);

/** Opens the bytes as a file of tensors, and reads all that it then says is there. */
int fuzz_tensors(const uint8_t *data, size_t size);

#endif
