/** Options of engines, as tests give them. */
#ifndef TYTO_TESTS_ENGINES_H
#define TYTO_TESTS_ENGINES_H

#include <tyto/engine.h>

/** All defaults but the number of threads. */
static inline tyto_engine_options engine_options(int64_t threads)
{
    tyto_engine_options options;
    tyto_engine_options_init(&options, sizeof(options));
    options.threads = threads;
    return options;
}

#endif
