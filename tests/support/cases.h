/** Tests of tables tell the case at which they failed.
 *
 *      for (size_t i = 0; next_case(i, sizeof(cases) / sizeof(cases[0])); i++)
 *
 *  Include it after cmocka.h: a failed test then prints "at i = 3 of 12". */
#ifndef TYTO_TESTS_CASES_H
#define TYTO_TESTS_CASES_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/** Loops within one another whose cases are told. */
#define CASES_DEPTH 8

static struct case_at {
    const char *name;
    size_t index, count;
} cases_at[CASES_DEPTH];

/** Whether there is a case `index`, which is then the one that a failure is told of. */
#define next_case(index, count) case_begin(#index, (size_t)(index), (size_t)(count))

static inline bool case_begin(const char *name, size_t index, size_t count)
{
    size_t d = 0;
    while (d < CASES_DEPTH - 1 && cases_at[d].name && strcmp(cases_at[d].name, name) != 0) {
        d++;
    }
    const bool more = index < count;
    cases_at[d] = more ? (struct case_at){name, index, count} : (struct case_at){NULL, 0, 0};
    return more;
}

/** After a test, whether or not it failed: a loop that ended has no case any more. */
static inline int tell_case(void **state)
{
    (void)state;
    for (size_t d = 0; d < CASES_DEPTH; d++) {
        if (cases_at[d].name) {
            print_error("at %s = %zu of %zu\n", cases_at[d].name, cases_at[d].index,
                        cases_at[d].count);
        }
    }
    memset(cases_at, 0, sizeof(cases_at));
    return 0;
}

static inline int run_told(const char *name, const struct CMUnitTest *tests, size_t count,
                           CMFixtureFunction setup, CMFixtureFunction teardown)
{
    struct CMUnitTest told[256];
    if (count > sizeof(told) / sizeof(told[0])) {
        print_error("%s: more tests than cases.h has room for\n", name);
        return 1;
    }
    memcpy(told, tests, count * sizeof(*told));
    for (size_t i = 0; i < count; i++) {
        told[i].teardown_func = told[i].teardown_func ? told[i].teardown_func : tell_case;
    }
    return _cmocka_run_group_tests(name, told, count, setup, teardown);
}

#undef cmocka_run_group_tests
#define cmocka_run_group_tests(tests, setup, teardown)                                             \
    run_told(#tests, tests, sizeof(tests) / sizeof((tests)[0]), setup, teardown)

#endif
