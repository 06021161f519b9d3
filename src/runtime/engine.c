#include "runtime/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"

/* Most threads of one engine. */
#define THREADS_MAX 1024
/* Longest message; a checkpoint can have thousands of unexpected tensors. */
#define MESSAGE_BYTES_MAX ((size_t)1 << 20)

/* The environment chooses when the program doesn't, so that tests can run on any of them. */
static const char *forced_isa(void)
{
    const char *name = getenv("TYTO_ISA");
    return name && *name ? name : NULL;
}

tyto_status tyto_engine_create(const tyto_engine_options *options, tyto_engine **out,
                               tyto_error *err)
{
    static const tyto_engine_options defaults = {.precision = TYTO_PRECISION_DEFAULT};
    const tyto_engine_options *with = options ? options : &defaults;
    if (with->threads < 0 || with->threads > THREADS_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "threads: got %d, required 0 to %d", with->threads,
                         THREADS_MAX);
    }
    if ((unsigned)with->precision > TYTO_PRECISION_DEFAULT) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "precision: got %d, required one of tyto_precision",
                         (int)with->precision);
    }
    const tyto_kernels *kernels;
    TYTO_TRY(tyto_kernels_select(with->isa ? with->isa : forced_isa(), &kernels, err));
    tyto_engine *engine = tyto_alloc_zeroed(1, sizeof(*engine));
    if (!engine) {
        return tyto_fail_memory(err, "engine");
    }
    engine->kernels = kernels;
    engine->precision = with->precision;
    engine->threads = with->threads ? with->threads : tyto_cores();
    engine->log = with->log;
    engine->log_user = with->log_user;
    engine->pool = with->simulated ? tyto_pool_create_simulated(engine->threads)
                                   : tyto_pool_create(engine->threads);
    if (!engine->pool) {
        free(engine);
        return tyto_fail(err, TYTO_E_MEMORY, "engine: no memory or no room for %d threads",
                         with->threads);
    }
    *out = engine;
    return TYTO_OK;
}

void tyto_engine_destroy(tyto_engine *engine)
{
    if (engine) {
        tyto_pool_destroy(engine->pool);
        free(engine);
    }
}

const char *tyto_engine_isa(const tyto_engine *engine)
{
    return engine->kernels->name;
}

/* bf16 keeps detections as good as they are, and is faster where the CPU multiplies it itself. */
tyto_precision tyto_engine_precision(const tyto_engine *engine)
{
    if (engine->precision == TYTO_PRECISION_DEFAULT) {
        return TYTO_PRECISION_FP32;
    }
    if (engine->precision != TYTO_PRECISION_AUTO) {
        return engine->precision;
    }
    return engine->kernels->bf16->dot ? TYTO_PRECISION_BF16 : TYTO_PRECISION_FP32;
}

int tyto_engine_threads(const tyto_engine *engine)
{
    return engine->threads;
}

void tyto_engine_log(const tyto_engine *engine, tyto_log_level level, const char *format, ...)
{
    if (!engine->log) {
        return;
    }
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = length >= 0 && (size_t)length < MESSAGE_BYTES_MAX
                     ? tyto_alloc((size_t)length + 1, 1)
                     : NULL;
    if (text) {
        vsnprintf(text, (size_t)length + 1, format, again);
        engine->log(engine->log_user, level, text);
        free(text);
    }
    va_end(again);
}
