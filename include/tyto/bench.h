/** Measuring: what a forward costs, stage by stage, against what this machine can do at most. */
#ifndef TYTO_BENCH_H
#define TYTO_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/precision.h>
#include <tyto/progress.h>
#include <tyto/session.h>
#include <tyto/stage.h>

TYTO_BEGIN_DECLS

/** Rates that this machine reaches at most, with some threads of one instruction set. */
typedef struct tyto_peak {
    double fp32_gflops; /**< multiply-adds in registers, counted as two, 1e9 per second; or those
                           made of products of bytes, where that is more */
    double bf16_gflops; /**< the same of pairs of bf16; fp32_gflops where the CPU has none */
    double int8_gops;   /**< the same of bytes, as this CPU sums their products best */
    double memory_gigabytes; /**< read from memory, 1e9 bytes per second */
    uint64_t reserved[4];    /**< 0 */
} tyto_peak;

/** The rate of arithmetic that a precision can reach. */
TYTO_API double tyto_peak_gflops(const tyto_peak *peak, tyto_precision precision);

/** Measures all rates, in about 0.4 s, on as many threads as the engine has, started for that.
 *  Other work on the machine lowers them.
 *  errors   E_ARGUMENT (NULL), E_MEMORY    threads  any, best one at a time */
TYTO_API TYTO_NODISCARD tyto_status tyto_peak_measure(const tyto_engine *engine, tyto_peak *out,
                                                      tyto_error *err);

/** What to run and how often. */
typedef struct tyto_bench_options {
    size_t struct_bytes; /**< set by tyto_bench_options_init */
    int64_t runs;        /**< measured forwards, at least 1; 5 by default */
    int64_t warmup;      /**< forwards before them that aren't measured; 1 by default */

    /** Inputs and wanted outputs as tyto_forward takes them. Without inputs, the model's own head
     *  runs on seeded pixels and ready text embeddings: what a photo costs once its labels are
     *  known. */
    const char *head;
    const tyto_tensor *inputs;
    int64_t n_inputs;
    const char *const *wanted;
    int64_t n_wanted;
    int64_t batch;   /**< photos of a forward, when there are no inputs; 1 by default */
    int64_t queries; /**< of each photo, when there are no inputs; 2 by default */

    /** Before each forward (stage "forwards") and each layer of it; NULL: the session's own. */
    tyto_progress_fn progress;
    void *progress_user;
} tyto_bench_options;

/** All defaults. struct_bytes is sizeof(tyto_bench_options). */
TYTO_API void tyto_bench_options_init(tyto_bench_options *options, size_t struct_bytes);

typedef struct tyto_bench_result {
    double *forward_s; /**< of each run, in order */
    int64_t runs;
    int64_t fastest;    /**< the run that `stages` are of */
    double flops;       /**< of one forward, products and attention */
    tyto_stage *stages; /**< [n_stages] */
    int64_t n_stages;
    tyto_peak peak; /**< rates of arithmetic, the best of samples before, between and after; those
                       of memory are not measured */
    const tyto_tensor *outputs; /**< of the last run; they belong to the session */
    int64_t n_outputs;
    uint64_t reserved[4]; /**< 0 */
} tyto_bench_result;

/** Times forwards. options NULL: all defaults. Progress can stop it between layers.
 *  memory  release *out with tyto_bench_result_clear, whatever the status
 *  errors  E_ARGUMENT, E_UNSUPPORTED (no example of that head), what tyto_forward gives,
 *          E_CANCELLED, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_bench_forward(tyto_session *session,
                                                       const tyto_bench_options *options,
                                                       tyto_bench_result *out, tyto_error *err);
TYTO_API void tyto_bench_result_clear(tyto_bench_result *result);

/** One kernel on one shape, on one thread. */
typedef struct tyto_kernel_time {
    const char *kernel;
    char shape[48];
    double seconds;           /**< of one call, the fastest of many */
    double flops;             /**< of one call; 0 for kernels that mostly move */
    double gigabytes;         /**< 1e9 bytes read and written by one call */
    tyto_precision precision; /**< whose rate is the most it can reach */
    uint64_t reserved[4];     /**< zeros */
} tyto_kernel_time;

/** memory  items is owned; release with tyto_kernel_times_clear */
typedef struct tyto_kernel_times {
    tyto_kernel_time *items;
    int64_t count;
    uint64_t reserved[4]; /**< zeros */
} tyto_kernel_times;

/** Times the kernels of the engine's instruction set, in about a second.
 *  memory  release *out with tyto_kernel_times_clear
 *  errors  E_ARGUMENT (NULL), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_bench_kernels(const tyto_engine *engine,
                                                       tyto_kernel_times *out, tyto_error *err);
/** Releases the items. NULL is fine. */
TYTO_API void tyto_kernel_times_clear(tyto_kernel_times *times);

TYTO_END_DECLS

#endif
