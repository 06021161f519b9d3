/* Jobs of attention for checks of all its precisions. */
#include "checkkernels.h"

#define GAP 5

int64_t attend_extent(int64_t rows, int64_t stride, int64_t columns)
{
    return (rows - 1) * stride + columns;
}

attend_memory make_attend_memory(int64_t queries, int64_t keys, int64_t qk_channels,
                                 int64_t v_channels, int64_t scratch)
{
    stream numbers = {(uint64_t)(queries + keys * 3 + qk_channels * 7 + v_channels * 11)};
    attend_memory memory = {.job = {.queries = queries,
                                    .keys = keys,
                                    .qk_channels = qk_channels,
                                    .v_channels = v_channels,
                                    .scale = 3.0f / sqrtf((float)qk_channels),
                                    .q_stride = qk_channels + GAP,
                                    .k_stride = qk_channels + GAP - 1,
                                    .v_stride = v_channels + GAP - 2,
                                    .out_stride = v_channels + GAP}};
    tyto_attend_job *job = &memory.job;
    const int64_t q = attend_extent(queries, job->q_stride, qk_channels),
                  k = attend_extent(keys, job->k_stride, qk_channels),
                  v = attend_extent(keys, job->v_stride, v_channels),
                  out = attend_extent(queries, job->out_stride, v_channels),
                  floats = (scratch + 15) / 16 * 16;
    memory.q = guarded_floats(q);
    memory.k = guarded_floats(k);
    memory.v = guarded_floats(v);
    memory.mask = guarded_bytes((size_t)keys);
    memory.out = guarded_floats(out);
    memory.scratch = guarded_floats(floats);
    fill_floats(&numbers, memory.q.data, q);
    fill_floats(&numbers, memory.k.data, k);
    fill_floats(&numbers, memory.v.data, v);
    fill_with(memory.out.data, out, ATTEND_UNTOUCHED);
    fill_with(memory.scratch.data, floats, NAN);
    job->q = memory.q.data;
    job->k = memory.k.data;
    job->v = memory.v.data;
    job->out = memory.out.data;
    job->scratch = memory.scratch.data;
    return memory;
}

void free_attend_memory(attend_memory *memory)
{
    guarded_free(&memory->q);
    guarded_free(&memory->k);
    guarded_free(&memory->v);
    guarded_free(&memory->mask);
    guarded_free(&memory->out);
    guarded_free(&memory->scratch);
}
