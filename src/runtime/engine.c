#include "runtime/engine.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cores.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/options.h"

/* Longest message; a checkpoint can have thousands of unexpected tensors. */
#define MESSAGE_BYTES_MAX ((size_t)1 << 20)

/* The environment chooses when the program doesn't, so that tests can run on any of them. */
static const char *forced_isa(void)
{
    const char *name = getenv("TYTO_ISA");
    return name && *name ? name : NULL;
}

void tyto_engine_options_init(tyto_engine_options *options, size_t struct_bytes)
{
    static const tyto_engine_options defaults = {.struct_bytes = sizeof(defaults),
                                                 .precision = TYTO_PRECISION_DEFAULT};
    tyto_options_init(options, struct_bytes, &defaults, sizeof(defaults));
}

tyto_status tyto_precision_check(tyto_precision precision, tyto_error *err)
{
    return (unsigned)precision > TYTO_PRECISION_DEFAULT
               ? tyto_fail(err, TYTO_E_ARGUMENT,
                           "precision: got %d, required one of tyto_precision", (int)precision)
               : TYTO_OK;
}

static tyto_status check_options(const tyto_engine_options *options, tyto_error *err)
{
    if (options->threads < 0 || options->threads > TYTO_THREADS_MAX) {
        return tyto_fail(err, TYTO_E_ARGUMENT, "threads: got %lld, required 0 to %d",
                         (long long)options->threads, TYTO_THREADS_MAX);
    }
    return tyto_precision_check(options->precision, err);
}

tyto_status tyto_engine_create(const tyto_engine_options *options, tyto_engine **out,
                               tyto_error *err)
{
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, out);
    tyto_engine_options own;
    const tyto_kernels *kernels;
    tyto_engine_options_init(&own, sizeof(own));
    TYTO_TRY(tyto_options_read(&own, sizeof(own), options, "tyto_engine_options", err));
    TYTO_TRY(check_options(&own, err));
    TYTO_TRY(tyto_kernels_select(own.isa ? own.isa : forced_isa(), &kernels, err));
    tyto_engine *engine = tyto_alloc_zeroed(1, sizeof(*engine));
    if (!engine) {
        return tyto_fail_memory(err, "engine");
    }
    engine->kernels = kernels;
    engine->precision = own.precision;
    engine->threads = own.threads ? (int)own.threads : tyto_cores();
    engine->simulated = own.simulated;
    engine->log = own.log;
    engine->log_user = own.log_user;
    engine->pool = tyto_engine_pool_create(engine, engine->threads);
    if (!engine->pool) {
        free(engine);
        return tyto_fail_memory(err, "engine");
    }
    *out = engine;
    return TYTO_OK;
}

tyto_pool *tyto_engine_pool_create(const tyto_engine *engine, int threads)
{
    return engine->simulated ? tyto_pool_create_simulated(threads) : tyto_pool_create(threads);
}

tyto_status tyto_engine_start(const tyto_engine *engine, tyto_error *err)
{
    return tyto_pool_start(engine->pool)
               ? TYTO_OK
               : tyto_fail(err, TYTO_E_MEMORY, "engine: no memory or no room for %d threads",
                           engine->threads);
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
    return engine ? engine->kernels->name : NULL;
}

/* bf16 keeps detections as good as they are, and is faster where the CPU multiplies it itself. */
tyto_precision tyto_engine_settle(const tyto_engine *engine, tyto_precision wanted)
{
    if (wanted == TYTO_PRECISION_DEFAULT) {
        return TYTO_PRECISION_FP32;
    }
    if (wanted != TYTO_PRECISION_AUTO) {
        return wanted;
    }
    return engine->kernels->bf16->dot ? TYTO_PRECISION_BF16 : TYTO_PRECISION_FP32;
}

tyto_precision tyto_engine_precision(const tyto_engine *engine)
{
    return engine ? tyto_engine_settle(engine, engine->precision) : TYTO_PRECISION_FP32;
}

int64_t tyto_engine_threads(const tyto_engine *engine)
{
    return engine ? engine->threads : 0;
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

void tyto_engine_log_error(const tyto_engine *engine, tyto_error *err)
{
    tyto_engine_log(engine, TYTO_LOG_LEVEL_ERROR, "%s", tyto_error_message(err));
    tyto_error_clear(err);
}
