/** Reports of what was measured, as tables for people or as JSON. */
#ifndef TYTO_BENCH_DOCUMENT_H
#define TYTO_BENCH_DOCUMENT_H

#include <tyto/bench.h>
#include <tyto/document.h>

TYTO_BEGIN_DECLS

/** Most bytes of memory that this process held at once since tyto_memory_peak_forget, or since its
 *  start; 0 where the system doesn't say. */
TYTO_API double tyto_memory_peak_bytes(void);
/** What is held from now on counts for tyto_memory_peak_bytes. A system that can't do that counts
 *  all. */
TYTO_API void tyto_memory_peak_forget(void);

/** What a report says beside the result. */
typedef struct tyto_bench_document_options {
    size_t struct_bytes;     /**< set by tyto_bench_document_options_init */
    tyto_format format;      /**< text, JSON (indented), or JSON lines (on one line) */
    const char *head;        /**< that ran; NULL: the model's own */
    int64_t batch, queries;  /**< of tyto_bench_options, or 0 for a run on inputs of its own */
    double load_s;           /**< time in which the model was opened */
    double memory_gigabytes; /**< of tyto_peak: the rate at which memory is read */
} tyto_bench_document_options;

/** Text, the model's own head, one photo with two queries, all else 0. */
TYTO_API void tyto_bench_document_options_init(tyto_bench_document_options *options,
                                               size_t struct_bytes);

/** *out = the report of tyto_bench_forward on this session. result NULL: what is known before the
 *  first run, in JSON: the time in which the model was opened.
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_ARGUMENT (another format, a result without runs, no result in text), E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_bench_document_write(
    const tyto_session *session, const tyto_bench_result *result,
    const tyto_bench_document_options *options, tyto_bytes *out, tyto_error *err);

/** *out = the report of tyto_peak_measure and tyto_bench_kernels, in text or JSON.
 *  times   or NULL
 *  memory  release *out with tyto_bytes_clear
 *  errors  E_ARGUMENT, E_MEMORY */
TYTO_API TYTO_NODISCARD tyto_status tyto_machine_document_write(const tyto_engine *engine,
                                                                const tyto_peak *peak,
                                                                const tyto_kernel_times *times,
                                                                tyto_format format, tyto_bytes *out,
                                                                tyto_error *err);

TYTO_END_DECLS

#endif
