/** Measuring: what a forward costs, stage by stage, against what this machine can do at most. */
#ifndef TYTO_BENCH_H
#define TYTO_BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <tyto/precision.h>
#include <tyto/session.h>

TYTO_BEGIN_DECLS

/** Rates that this machine reaches at most, with the engine's threads and instruction set. */
typedef struct tyto_peak {
    double fp32_gflops; /**< multiply-adds in registers, counted as two, 1e9 per second; or those
                           made of products of bytes, where that is more */
    double bf16_gflops; /**< the same of pairs of bf16; fp32_gflops where the CPU has none */
    double int8_gops;   /**< the same of bytes, as this CPU sums their products best */
    double memory_gigabytes; /**< read from memory, 1e9 bytes per second */
} tyto_peak;

/** Time that an operation took in a stage of the network, such as "linear" in "image tower". */
typedef struct tyto_stage {
    const char *stage, *operation; /**< live as long as the library */
    double seconds;
    double flops; /**< a multiply-add counts as two; 0 where there is nothing to count */
    tyto_precision precision; /**< of the operands */
} tyto_stage;

/** Most pairs of stage and operation of one run. */
#define TYTO_STAGES_MAX 48

/** The rate of arithmetic that a precision can reach. */
TYTO_API double tyto_peak_gflops(const tyto_peak *peak, tyto_precision precision);

/** Measures all rates, in about 0.4 s. Other work on the machine lowers them.
 *  errors   E_MEMORY    threads  any; calls on one engine take turns */
TYTO_API TYTO_NODISCARD tyto_status tyto_peak_measure(const tyto_engine *engine, tyto_peak *out,
                                                      tyto_error *err);

/** What to run and how often. */
typedef struct tyto_bench_options {
    int runs;   /**< measured forwards, at least 1 */
    int warmup; /**< forwards before them that aren't measured */

    /** Inputs and wanted outputs as tyto_forward takes them. Without inputs, the model's own head
     *  runs on seeded pixels and ready text embeddings: what a photo costs once its labels are
     *  known. */
    const char *head;
    const tyto_tensor *inputs;
    size_t n_inputs;
    const char *const *wanted;
    size_t n_wanted;
    int64_t batch;   /**< photos of a forward, when there are no inputs */
    int64_t queries; /**< of each photo, when there are no inputs */
} tyto_bench_options;

#define TYTO_BENCH_DEFAULTS                                                                        \
    {                                                                                              \
        .runs = 5, .warmup = 1, .batch = 1, .queries = 2                                           \
    }

typedef struct tyto_bench_result {
    double *forward_s; /**< of each run, in order */
    int runs;
    int fastest;  /**< the run that `stages` are of */
    double flops; /**< of one forward, products and attention */
    tyto_stage stages[TYTO_STAGES_MAX];
    size_t n_stages;
    tyto_peak peak; /**< rates of arithmetic, the best of samples before, between and after; those
                       of memory are not measured */
    const tyto_tensor *outputs; /**< of the last run; they belong to the session */
    size_t n_outputs;
} tyto_bench_result;

/** Times forwards.
 *  memory  release *out with tyto_bench_result_clear, whatever the status
 *  errors  E_ARGUMENT, E_UNSUPPORTED (no example of that head), what tyto_forward gives, E_MEMORY
 */
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
} tyto_kernel_time;

/** Most entries that tyto_bench_kernels gives. */
#define TYTO_KERNEL_TIMES_MAX 64

/** Times the kernels of the engine's instruction set, in about a second.
 *  memory  out has room for TYTO_KERNEL_TIMES_MAX; *count receives how many there are
 *  errors  E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_bench_kernels(const tyto_engine *engine,
                                                       tyto_kernel_time *out, size_t *count,
                                                       tyto_error *err);

TYTO_END_DECLS

#endif
