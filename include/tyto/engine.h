/** The engine: the kernels that this CPU can run, the usual number of threads, and where messages
 *  go. */
#ifndef TYTO_ENGINE_H
#define TYTO_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/precision.h>
#include <tyto/status.h>

TYTO_BEGIN_DECLS

/** How grave a message is: the lower, the graver. */
typedef enum tyto_log_level {
    TYTO_LOG_LEVEL_ERROR = 0,   /**< one of several inputs failed; it is passed over, and the call
                                     goes on */
    TYTO_LOG_LEVEL_WARNING = 1, /**< something is done otherwise than one may expect */
    TYTO_LOG_LEVEL_INFO = 2,    /**< what is being done */
    TYTO_LOG_LEVEL_DEBUG = 3    /**< what only helps to find a fault; none so far */
} tyto_log_level;

/** Receives one line without its newline. May be called from any thread that uses the engine. */
typedef void (*tyto_log_fn)(void *user, tyto_log_level level, const char *message);

typedef struct tyto_engine_options {
    size_t struct_bytes;      /**< set by tyto_engine_options_init */
    int64_t threads;          /**< for opening models, and of each session that doesn't say
                                   otherwise; 0: one per core that this process may use, by its
                                   affinity and its container's CPU quota */
    const char *isa;          /**< "scalar", "avx2", "avx512", "avx512_bf16", "amx", "neon" or
                                   "neon_bf16"; NULL: what the environment's TYTO_ISA names, else
                                   the best this CPU has */
    tyto_precision precision; /**< of the models that are opened with it */
    bool simulated;           /**< for tyto_bench_forward: the threads' tasks run one after another
                                   on the caller's thread, and the time that they would take is
                                   reported: as tasks are handed out, without what threads share
                                   (memory, caches) */
    tyto_log_fn log;          /**< NULL: messages are dropped */
    void *log_user;
} tyto_engine_options;

/** All defaults. struct_bytes is sizeof(tyto_engine_options). */
TYTO_API void tyto_engine_options_init(tyto_engine_options *options, size_t struct_bytes);

/** What models are opened with.
 *  threads  immutable: any number of threads may use one. A process that forks may go on using it,
 *           its models and its sessions in the child, and destroy them there
 *  memory   outlives its models and sessions */
typedef struct tyto_engine tyto_engine;

/** options NULL: all defaults.
 *  errors  E_ARGUMENT, E_UNSUPPORTED (the CPU lacks that ISA), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_engine_create(const tyto_engine_options *options,
                                                       tyto_engine **out, tyto_error *err);
/** NULL is fine. */
TYTO_API void tyto_engine_destroy(tyto_engine *engine);
/** The ISA in use, by its name in the options. */
TYTO_API const char *tyto_engine_isa(const tyto_engine *engine);
/** The precision that checkpoints compute with when they are opened with it: its options', or what
 *  AUTO means on this CPU; for DEFAULT, FP32. A folder of packed weights, or of choices for int8,
 *  may make something else of DEFAULT and AUTO: tyto_model_precision. */
TYTO_API tyto_precision tyto_engine_precision(const tyto_engine *engine);
/** Its options' number of threads, or what 0 means here. */
TYTO_API int64_t tyto_engine_threads(const tyto_engine *engine);

TYTO_END_DECLS

#endif
