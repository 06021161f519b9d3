/** Which tables of kernels a test goes through: all that this CPU can run, or, since ctest runs
 *  such a program once for each instruction set, the one that TYTO_TEST_TABLE names. */
#ifndef TYTO_TESTS_TABLES_H
#define TYTO_TESTS_TABLES_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernels/kernels.h"

/** What ctest takes for "skipped". */
#define TABLES_SKIPPED 77

/** tables[…] = those to test; returns how many, at most `most`. */
static inline size_t tested_tables(const tyto_kernels **tables, size_t most)
{
    const char *name = getenv("TYTO_TEST_TABLE");
    const size_t count = tyto_kernels_list(tables, most);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!name || strcmp(tables[i]->name, name) == 0) {
            tables[kept++] = tables[i];
        }
    }
    return kept;
}

/** Before main: a program for an instruction set that this CPU lacks is skipped. */
__attribute__((constructor)) static void skip_without_table(void)
{
    const tyto_kernels *tables[8];
    if (tested_tables(tables, 8) == 0) {
        _exit(TABLES_SKIPPED);
    }
}

#endif
