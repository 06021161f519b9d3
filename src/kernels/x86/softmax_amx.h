/** What attention in AMX's registers of tiles does whatever it multiplies: which keys a query sees,
 *  and what a softmax needs of rows. Keys that no query sees are left out, so those that a query
 *  sees are the first ones of the others. */
#ifndef TYTO_KERNELS_X86_SOFTMAX_AMX_H
#define TYTO_KERNELS_X86_SOFTMAX_AMX_H

#include <float.h>

#include "kernels/x86/tiles_amx.h"

#include "kernels/vector/dot.h"

/* Keys of a step. */
#define AMX_KEYS VB_LANES
/* Elements of a tile of a product's sums. */
#define AMX_SUMS (TILES_ROWS * TILES_COLUMNS)
/* At least as many tiles as a job has. */
#define AMX_TILES (TYTO_ATTEND_TILES * ATTEND_QUERIES / TILES_ROWS)

/* The lanes of a vector of bf16 at `at` that are among the first n. */
static inline __mmask32 amx_lanes_bf16(int64_t n, int64_t at)
{
    return (__mmask32)(n - at >= VB_LANES ? 0xffffffff : n > at ? (1u << (n - at)) - 1 : 0);
}

/* How many keys that are not left out each query of a tile sees, where those before `*next`, of
 * which there are `*counted`, are counted already. A missing query sees what the last one does. */
static void amx_look(const tyto_attend_job *job, int64_t first, int64_t *next, int64_t *counted,
                     int64_t seen[TILES_ROWS])
{
    for (int64_t r = 0; r < TILES_ROWS; r++) {
        const int64_t query = first + r < job->queries ? first + r : job->queries - 1,
                      end = job->first_query + query + 1;
        for (; *next < job->keys && (!job->causal || *next < end); ++*next) {
            *counted += !job->key_mask || job->key_mask[*next];
        }
        seen[r] = *counted;
    }
}

/* The next keys that are not left out, at most `most`; returns how many. */
static int64_t amx_shown(const tyto_attend_job *job, int64_t *next, int64_t most, int64_t *index)
{
    int64_t keys = 0;
    for (; *next < job->keys && keys < most; ++*next) {
        if (!job->key_mask || job->key_mask[*next]) {
            index[keys++] = *next;
        }
    }
    return keys;
}

/* Which of a step's scores row r sees. */
static inline uint32_t amx_seen(const int64_t seen[TILES_ROWS], int r, int64_t first_key)
{
    const int64_t left = seen[r] - first_key;
    return left >= AMX_KEYS ? 0xffffffffu : left <= 0 ? 0 : (1u << left) - 1;
}

/* The highest of a step's scores that each of 16 rows sees. */
static vf amx_highest(const int64_t seen[TILES_ROWS], const float *scores, int first_row,
                      int64_t first_key)
{
    vf v[VF_LANES];
#pragma GCC unroll 16
    for (int r = 0; r < VF_LANES; r++) {
        const float *row = scores + (first_row + r) * AMX_KEYS;
        const uint32_t bits = amx_seen(seen, first_row + r, first_key);
        const vf least = vf_set(-FLT_MAX);
        v[r] = vf_max(_mm512_mask_loadu_ps(least, (__mmask16)bits, row),
                      _mm512_mask_loadu_ps(least, (__mmask16)(bits >> 16), row + VF_LANES));
    }
    vf_transpose(v);
#pragma GCC unroll 16
    for (int r = 1; r < VF_LANES; r++) {
        v[0] = vf_max(v[0], v[r]);
    }
    return v[0];
}

/* 1 / the sum of each of 16 rows' weights */
static inline vf amx_factors(const float *sums)
{
    vf v[VF_LANES];
#pragma GCC unroll 16
    for (int r = 0; r < VF_LANES; r++) {
        v[r] = vf_load(sums + r * VF_LANES);
    }
    vf_transpose(v);
#pragma GCC unroll 16
    for (int r = 1; r < VF_LANES; r++) {
        v[0] = vf_add(v[0], v[r]);
    }
    return vf_div(vf_set(1.0f), v[0]);
}

/* A tile's queries, from `first` on, of sum[TILES_ROWS][16] and
 * o[⌈V/32⌉][TILES_ROWS][TILES_COLUMNS]. */
static void amx_give_out(const tyto_attend_job *job, int64_t first, const float *sum,
                         const float *o)
{
    const int64_t V = job->v_channels;
    float factors[TILES_ROWS];
    vf_store(factors, amx_factors(sum));
    vf_store(factors + VF_LANES, amx_factors(sum + VF_LANES * VF_LANES));
    for (int64_t r = 0; r < TILES_ROWS && first + r < job->queries; r++) {
        const vf factor = vf_set(factors[r]);
        const int64_t place = (first + r) * job->out_stride;
        for (int64_t c = 0; c < V; c += TILES_COLUMNS) {
            const float *source = o + c / TILES_COLUMNS * AMX_SUMS + r * TILES_COLUMNS;
            const vf low = vf_mul(vf_load(source), factor),
                     high = vf_mul(vf_load(source + VF_LANES), factor);
            if (job->out_bf16) {
                _mm512_mask_storeu_epi16(job->out_bf16 + place + c, amx_lanes_bf16(V, c),
                                         vb_neighbours(low, high));
            } else {
                _mm512_mask_storeu_ps(job->out + place + c, amx_lanes(V, c), low);
                _mm512_mask_storeu_ps(job->out + place + c + VF_LANES, amx_lanes(V, c + VF_LANES),
                                      high);
            }
        }
    }
}

#endif
