#include "nn/attention.h"

#include <float.h>
#include <math.h>

#include "base/error.h"
#include "base/memory.h"
#include "kernels/int8.h"

/* Tasks per thread, so that none waits long for the last one. */
#define TASKS_PER_THREAD 4

typedef struct attention_job {
    const tyto_attention_args *args;
    void (*attend)(const tyto_attend_job *job);
    int64_t group;  /* queries of a task */
    int64_t groups; /* per head */
    int64_t floats; /* of a worker's scratch */
    float *scratch;
} attention_job;

static void attend_task(void *context, int64_t index, int worker)
{
    const attention_job *job = context;
    const tyto_attention_args *a = job->args;
    const int64_t first = index % job->groups * job->group, head = index / job->groups % a->heads,
                  b = index / job->groups / a->heads;
    const int64_t q = b * a->q_strides.batch + head * a->q_strides.head +
                      first * a->q_strides.token,
                  k = b * a->k_strides.batch + head * a->k_strides.head,
                  v = b * a->v_strides.batch + head * a->v_strides.head,
                  out = b * a->out_strides.batch + head * a->out_strides.head +
                        first * a->out_strides.token;
    tyto_attend_job attend = {
        .queries = tyto_min_i64(job->group, a->queries - first),
        .keys = a->keys,
        .qk_channels = a->qk_channels,
        .v_channels = a->v_channels,
        .scale = a->scale,
        .q = a->q ? a->q + q : NULL,
        .k = a->k ? a->k + k : NULL,
        .v = a->v ? a->v + v : NULL,
        .q_bf16 = a->q_bf16 ? a->q_bf16 + q : NULL,
        .k_bf16 = a->k_bf16 ? a->k_bf16 + k : NULL,
        .v_bf16 = a->v_bf16 ? a->v_bf16 + v : NULL,
        .q_stride = a->q_strides.token,
        .k_stride = a->k_strides.token,
        .v_stride = a->v_strides.token,
        .causal = a->causal,
        .first_query = first,
        .key_mask = a->key_mask ? a->key_mask + b * a->keys : NULL,
        .out = a->out ? a->out + out : NULL,
        .out_bf16 = a->out_bf16 ? a->out_bf16 + out : NULL,
        .out_stride = a->out_strides.token,
        .scratch = job->scratch + worker * job->floats,
    };
    if (a->causal && !a->key_mask) {
        /* Every query sees itself, so keys after the last query weigh exactly nothing. */
        attend.keys = tyto_min_i64(a->keys, first + attend.queries);
    }
    job->attend(&attend);
}

/* One query with its probabilities written out. */
static void plain_row(const tyto_attention_args *a, int64_t b, int64_t head, int64_t i, float *p)
{
    const float *q =
        a->q + b * a->q_strides.batch + head * a->q_strides.head + i * a->q_strides.token;
    float *out =
        a->out + b * a->out_strides.batch + head * a->out_strides.head + i * a->out_strides.token;
    float most = -INFINITY, sum = 0.0f;
    for (int64_t j = 0; j < a->keys; j++) {
        const float *k =
            a->k + b * a->k_strides.batch + head * a->k_strides.head + j * a->k_strides.token;
        float score = 0.0f;
        for (int64_t c = 0; c < a->qk_channels; c++) {
            score += q[c] * a->scale * k[c];
        }
        score += a->causal && j > i ? -FLT_MAX : 0.0f;
        score += a->key_mask && !a->key_mask[b * a->keys + j] ? -FLT_MAX : 0.0f;
        p[j] = score;
        most = fmaxf(most, score);
    }
    for (int64_t j = 0; j < a->keys; j++) {
        p[j] = expf(p[j] - most);
        sum += p[j];
    }
    for (int64_t c = 0; c < a->v_channels; c++) {
        out[c] = 0.0f;
    }
    for (int64_t j = 0; j < a->keys; j++) {
        const float *v =
            a->v + b * a->v_strides.batch + head * a->v_strides.head + j * a->v_strides.token;
        p[j] /= sum;
        for (int64_t c = 0; c < a->v_channels; c++) {
            out[c] += p[j] * v[c];
        }
    }
}

static void plain_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const attention_job *job = context;
    const tyto_attention_args *a = job->args;
    plain_row(a, index / a->queries / a->heads, index / a->queries % a->heads, index % a->queries,
              a->probabilities + index * a->keys);
}

/* What a task runs, and the precision it has. */
typedef struct attention_way {
    void (*attend)(const tyto_attend_job *job);
    int64_t (*scratch)(int64_t qk_channels, int64_t v_channels);
    int64_t tile, most; /* queries of a tile, and of a task at most */
    tyto_precision precision;
} attention_way;

/* Whether the kernels that take floats in parts are there, and pay. */
static bool in_parts(const tyto_kernels *kernels, const tyto_attention_args *args)
{
    return kernels->parts && args->keys >= kernels->parts->attend_keys_min &&
           args->qk_channels + args->v_channels >= kernels->parts->attend_channels_min;
}

/* The kernels of whole numbers, when attention is in them, or NULL. */
static const tyto_int8_kernels *in_int8(const tyto_exec *exec)
{
    const tyto_int8_kernels *int8 =
        exec->precision == TYTO_PRECISION_INT8 ? tyto_int8_select(exec->kernels) : NULL;
    return int8 && int8->attend ? int8 : NULL;
}

/* With a causal or key mask, attention in int8 falls back to bf16: masked inputs are short texts.
 */
static attention_way way_of(const tyto_exec *exec, const tyto_attention_args *args)
{
    const tyto_kernels *kernels = exec->kernels;
    const int64_t queries = kernels->attention_queries, most = queries * TYTO_ATTEND_TILES;
    const tyto_int8_kernels *int8 = in_int8(exec);
    if (int8 && !args->causal && !args->key_mask) {
        return (attention_way){int8->attend, int8->attend_scratch, int8->queries,
                               (int64_t)int8->queries * TYTO_ATTEND_TILES, TYTO_PRECISION_INT8};
    }
    if (exec->precision != TYTO_PRECISION_FP32) {
        return (attention_way){kernels->bf16->attend, kernels->bf16->attend_scratch, queries, most,
                               TYTO_PRECISION_BF16};
    }
    if (in_parts(kernels, args)) {
        return (attention_way){kernels->parts->attend, kernels->parts->attend_scratch,
                               kernels->parts->rows, most, TYTO_PRECISION_FP32};
    }
    return (attention_way){kernels->attend, kernels->attend_scratch, queries, most,
                           TYTO_PRECISION_FP32};
}

bool tyto_attention_takes_bf16(const tyto_exec *exec)
{
    return exec->precision != TYTO_PRECISION_FP32 && exec->kernels->bf16->dot && !in_int8(exec);
}

tyto_status tyto_attention(tyto_exec *exec, const tyto_attention_args *args)
{
    const attention_way way = way_of(exec, args);
    const int64_t tiles = (args->queries + way.tile - 1) / way.tile;
    attention_job job = {.args = args, .attend = way.attend};
    /* Groups of even size, so that the last is not a sliver; more of them when threads are many. */
    job.groups = tyto_max_i64(1, (args->queries + way.most - 1) / way.most);
    if (tyto_pool_threads(exec->pool) > 1) {
        const int64_t all = tyto_max_i64(1, args->batch * args->heads);
        const int64_t wanted = (TASKS_PER_THREAD * tyto_pool_threads(exec->pool) + all - 1) / all;
        job.groups = tyto_max_i64(job.groups, tyto_min_i64(wanted, tiles));
    }
    const int64_t each = tyto_max_i64(1, (tiles + job.groups - 1) / job.groups);
    job.groups = (tiles + each - 1) / each;
    job.group = each * way.tile;
    job.floats = tyto_round_up(way.scratch(args->qk_channels, args->v_channels), 16);
    size_t mark = tyto_arena_mark(exec->arena);
    TYTO_TRY(tyto_exec_floats(exec, job.floats * tyto_pool_threads(exec->pool), &job.scratch));
    const int64_t rows = args->batch * args->heads * args->queries;
    const double start = tyto_exec_clock(exec);
    if (args->probabilities) {
        tyto_pool_run(exec->pool, rows, plain_task, &job);
    } else {
        tyto_pool_run(exec->pool, args->batch * args->heads * job.groups, attend_task, &job);
    }
    tyto_exec_account_as(
        exec, "attention", args->probabilities ? TYTO_PRECISION_FP32 : way.precision, start,
        2.0 * (double)rows * (double)args->keys * (double)(args->qk_channels + args->v_channels));
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
