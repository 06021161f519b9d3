/* tyto bench: what a forward costs, against what the machine can do. */
#include <stdlib.h>
#include <tyto/bench_document.h>

#include "commands.h"
#include "messages.h"
#include "model.h"
#include "output.h"
#include "signals.h"

/* Most runs, photos or queries that the options take. */
#define COUNT_MAX 1000000

typedef struct bench_args {
    common_args common;
    bool peak, kernels, on_request;
    int64_t runs, warmup, queries, batch;
    const char *head, *inputs, *outputs, *output;
    int format;
} bench_args;

static tyto_status keep_outputs(const bench_args *args, const tyto_bench_result *result,
                                tyto_error *err)
{
    return args->outputs && result->n_outputs > 0
               ? tyto_tensor_file_save(args->outputs, result->outputs, result->n_outputs, err)
               : TYTO_OK;
}

static tyto_status report(const tyto_session *session, const tyto_bench_result *result,
                          const tyto_bench_document_options *options, output *out, tyto_error *err)
{
    tyto_bytes bytes;
    const tyto_status status = tyto_bench_document_write(session, result, options, &bytes, err);
    if (status != TYTO_OK) {
        return status;
    }
    output_bytes(out, &bytes);
    tyto_bytes_clear(&bytes);
    return TYTO_OK;
}

/* One forward for each line that comes in, so that programs take turns with others: answered by a
 * line at once, since whoever asked waits for it. */
static bool bench_on_request(const bench_args *args, const opened *model,
                             tyto_bench_document_options about, tyto_bench_options options)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bench_result result = {0};
    output out;
    options.runs = 1;
    options.warmup = 0;
    about.format = TYTO_FORMAT_JSONL;
    bool done = output_open(&out, NULL) &&
                report(model->session, NULL, &about, &out, &err) == TYTO_OK && output_flush(&out);
    for (int got; done && (got = getchar()) != EOF;) {
        if (got != '\n') {
            continue;
        }
        tyto_bench_result_clear(&result);
        done = tyto_bench_forward(model->session, &options, &result, &err) == TYTO_OK &&
               report(model->session, &result, &about, &out, &err) == TYTO_OK && output_flush(&out);
    }
    done = done && keep_outputs(args, &result, &err) == TYTO_OK;
    went_well(err.status, &err);
    output_abandon(&out);
    tyto_bench_result_clear(&result);
    return done;
}

/* Runs the forwards and writes the report. */
static bool bench(const bench_args *args, const tyto_bench_document_options *about,
                  const tyto_bench_options *options, const opened *model)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bench_result result;
    tyto_bytes bytes = {0};
    const bool done =
        went_well(tyto_bench_forward(model->session, options, &result, &err), &err) &&
        went_well(keep_outputs(args, &result, &err), &err) &&
        went_well(tyto_bench_document_write(model->session, &result, about, &bytes, &err), &err) &&
        output_file(args->output, &bytes);
    tyto_bytes_clear(&bytes);
    tyto_bench_result_clear(&result);
    return done;
}

static bool run_forwards(const bench_args *args, const tyto_tensor_file *file,
                         const tyto_bench_document_options *about, const opened *model)
{
    tyto_bench_options options;
    tyto_bench_options_init(&options, sizeof(options));
    options.runs = args->runs;
    options.warmup = args->warmup;
    options.head = args->head;
    options.inputs = tyto_tensor_file_at(file, 0);
    options.n_inputs = tyto_tensor_file_count(file);
    options.batch = args->batch;
    options.queries = args->queries;
    options.progress = go_on;
    return args->on_request ? bench_on_request(args, model, *about, options)
                            : bench(args, about, &options, model);
}

/* Before the model is there, so that what this reads isn't counted as the
 * model's memory. */
static bool measure_memory(const common_args *common, double *gigabytes)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_peak peak = {0};
    tyto_engine *engine = engine_open(common);
    const bool done = engine && tyto_peak_measure(engine, &peak, &err) == TYTO_OK;
    went_well(err.status, &err);
    tyto_engine_destroy(engine);
    tyto_memory_peak_forget();
    *gigabytes = peak.memory_gigabytes;
    return done;
}

static int run_model(const bench_args *args)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_tensor_file *file = NULL;
    opened model = {0};
    if (args->inputs && !went_well(tyto_tensor_file_open(args->inputs, &file, &err), &err)) {
        return EXIT_FAILED;
    }
    tyto_bench_document_options about;
    tyto_bench_document_options_init(&about, sizeof(about));
    about.format = (tyto_format)args->format;
    about.head = args->head;
    about.batch = args->inputs ? 0 : args->batch;
    about.queries = args->queries;
    /* A program that starts forwards itself measures its start too, so nothing delays that. */
    bool done = args->on_request || measure_memory(&args->common, &about.memory_gigabytes);
    const double began = seconds_now();
    done = done && model_open(&args->common, &model);
    about.load_s = seconds_now() - began;
    done = done && run_forwards(args, file, &about, &model);
    model_close(&model);
    tyto_tensor_file_destroy(file);
    return done ? EXIT_DONE : EXIT_FAILED;
}

/* The machine's peak, and with --kernels each kernel on one thread. */
static int run_machine(const bench_args *args)
{
    tyto_error err = TYTO_ERROR_INIT;
    tyto_bytes bytes = {0};
    tyto_peak peak;
    common_args common = args->common;
    if (args->kernels) {
        common.threads = 1; /* kernels are measured alone, and so is their peak */
    }
    tyto_engine *engine = engine_open(&common);
    if (!engine) {
        return EXIT_FAILED;
    }
    tyto_kernel_times times = {0};
    const bool done =
        went_well(tyto_peak_measure(engine, &peak, &err), &err) &&
        (!args->kernels || went_well(tyto_bench_kernels(engine, &times, &err), &err)) &&
        went_well(tyto_machine_document_write(engine, &peak, &times, (tyto_format)args->format,
                                              &bytes, &err),
                  &err) &&
        output_file(args->output, &bytes);
    tyto_bytes_clear(&bytes);
    tyto_kernel_times_clear(&times);
    tyto_engine_destroy(engine);
    return done ? EXIT_DONE : EXIT_FAILED;
}

static int run(void *given)
{
    bench_args *args = given;
    if (!output_choose_format(args->output, &args->format) ||
        (args->outputs && !output_holds_tensors("--outputs", args->outputs))) {
        return EXIT_USAGE;
    }
    return args->peak || args->kernels ? run_machine(args) : run_model(args);
}

static const bench_args defaults = {
    .runs = 5, .warmup = 1, .queries = 2, .batch = 1, .format = OPTION_UNSET};

#define AT(field) offsetof(bench_args, field)
static const option options[] = {
    {"runs", 'n', OPTION_INTEGER, "N", "forwards to measure (default: 5)", AT(runs), 1, COUNT_MAX,
     .needs = "!peak/kernels"},
    {"warmup", 0, OPTION_INTEGER, "N", "forwards before them (default: 1)", AT(warmup), 0,
     COUNT_MAX, .needs = "!peak/kernels"},
    {"queries", 0, OPTION_INTEGER, "N", "labels of each photo (default: 2)", AT(queries), 1,
     COUNT_MAX, .needs = "!peak/kernels/inputs"},
    {"batch", 0, OPTION_INTEGER, "N", "photos of a forward (default: 1)", AT(batch), 1, COUNT_MAX,
     .needs = "!peak/kernels/inputs"},
    {"inputs", 'i', OPTION_TEXT, "FILE",
     "run on these tensors, as 'tyto forward' does, instead of seeded ones", AT(inputs),
     .files = COMPLETES_FILES, .needs = "!peak/kernels"},
    {"outputs", 0, OPTION_TEXT, "FILE", "write the last run's tensors as .safetensors", AT(outputs),
     .files = WRITES_FILES, .needs = "!peak/kernels"},
    {"simulate", 0, OPTION_FLAG, NULL, "simulate the threads of --threads on one core",
     AT(common.simulated)},
    {"on-request", 0, OPTION_FLAG, NULL,
     "load, then run one forward for each line of standard input, answered by a line of JSON",
     AT(on_request), .needs = "!peak/kernels"},
    {"head", 0, OPTION_TEXT, "NAME", "the head to run (default: what config.json names)", AT(head),
     .needs = "!peak/kernels"},
    {"peak", 0, OPTION_FLAG, NULL, "measure the machine alone: no model", AT(peak)},
    {"kernels", 0, OPTION_FLAG, NULL, "measure each kernel on one thread: no model", AT(kernels)},
    {"format", 'f', OPTION_CHOICE, "text|json",
     "text, or one object of JSON (default: what -o's ending says, or else text)", AT(format)},
    {"output", 'o', OPTION_TEXT, "FILE", "write the report there instead of standard output",
     AT(output), .files = WRITES_FILES},
    {0},
};

static const example examples[] = {
    {"tyto bench -m google/owlv2-base-patch16-ensemble",
     "time and share of the machine's peak, stage by stage"},
    {"tyto bench -m MODEL --queries 100 --threads 1 --format json",
     "a hundred labels on one core, for programs"},
    {"tyto bench --peak", "what this machine can do at most"},
    {"tyto bench --kernels", "each kernel of the instruction set in use"},
    {0},
};

const command cmd_bench = {
    .name = "bench",
    .summary = "time a model against what the machine can do",
    .synopsis = "[-m MODEL] [option...]",
    .description = "Runs forwards and shows what each stage of the fastest took, how many "
                   "floating-point "
                   "operations that is, and which share of the rate that this machine "
                   "reaches in registers "
                   "alone, measured in the same run. Detection is timed on seeded pixels "
                   "and ready text "
                   "embeddings: what a photo costs once its labels are known.\n\n"
                   "Memory is the most that the process held at once.\n\n"
                   "--simulate shows how the work would divide among more threads than there "
                   "are cores: the tasks of all threads run one after another on one core, and "
                   "the time is what threads would take that each fetch the next task when they "
                   "are free. What threads share, such as memory and caches, doesn't slow them "
                   "in this.",
    .options = options,
    .examples = examples,
    .args_bytes = sizeof(bench_args),
    .defaults = &defaults,
    .run = run,
};
