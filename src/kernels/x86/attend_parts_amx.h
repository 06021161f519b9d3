/** Attention of floats in AMX's registers of tiles, by three parts of each as in parts_amx.h.
 *
 *  Scores are S = Q·Kᵀ in tiles of 32 queries and steps of 32 keys, and O += P·V step by step. The
 *  parts of a block of keys and values are made once for all tiles of queries. A query's 32 scores
 *  of a step are two vectors, which become weights and their parts: a row of P as the second
 *  product reads it, whose steps i and i + 16 lie side by side.
 *
 *  Products run beside the instructions of vectors as long as enough of both are in sight, so a
 *  step becomes weights between the products of the step after it, with keys, and of the step
 * before it, with values. Products of values start from 0 and are added up by vectors: sums of sums
 * keep accuracy. What is stored of a product is stored where the next one begins.
 *
 *  Keys that no query sees are left out. Jobs where some query sees no key, or numbers are large,
 *  infinite or none, go to attend(). */
#ifndef TYTO_KERNELS_X86_ATTEND_PARTS_AMX_H
#define TYTO_KERNELS_X86_ATTEND_PARTS_AMX_H

#include "kernels/x86/attend_parts_pack_amx.h"

#include "kernels/vector/attend.h"

/* Floats of a tile's sums of weights. */
#define PARTS_SUM (TILES_ROWS * VF_LANES)

/* Pairs of parts that a step multiplies. */
#define PARTS_PAIRS 6

/* Added to a score less what is subtracted from it, this leaves it in the lowest 12 bits, with 5
 * bits of fraction and PARTS_BIAS more. Where it is 25 or more, and what is subtracted has to rise
 * much as ATTEND_RISE says, bits above those show it. */
#define PARTS_BIAS 103
#define PARTS_ROUND (0x1.8p18f + (float)PARTS_BIAS)
#define PARTS_ABOVE 0x373ff000
/* What is subtracted may be so large. */
#define PARTS_SCORE_MOST 0x1p16f
/* The least exponent of a weight, as LEAST_WEIGHT has it; below, it is nothing. */
#define PARTS_LEAST (-96.0f)

/* A tile of queries in scratch. */
typedef struct parts_tile {
    char *q;      /* the parts of ⌈D/32⌉ steps, times scale·log2(e) */
    float *round; /* [TILES_ROWS] PARTS_ROUND − what is subtracted from scores, a whole number */
    float *least; /* [TILES_ROWS] the least score that counts */
    float *sum;   /* [TILES_ROWS][16] running sums of weights */
    float *next;  /* and where those that a step is added to go */
    float *o;     /* [⌈V/32⌉][TILES_ROWS][TILES_COLUMNS] */
    int64_t seen[TILES_ROWS]; /* how many of the keys that are not left out a query sees */
    bool fresh;               /* nothing has been subtracted */
} parts_tile;

/* A tile and a step of the block's keys; without a tile there is none. */
typedef struct parts_step {
    parts_tile *tile;
    int64_t index;
} parts_step;

/* What a thread is at. */
typedef struct parts_work {
    parts_block block;
    parts_step waiting; /* whose scores are there, scores[turn] */
    parts_step weighed; /* whose weights are, weights[!turn] */
    int turn;
    float *scores[2]; /* [TILES_ROWS][32] */
    char *weights[2]; /* their parts */
    float *product;   /* [TILES_ROWS][TILES_COLUMNS] of weights and values */
    float *o;         /* what `product` is to be added to once the registers are there, or NULL */
    void *held;       /* where the sums in the registers belong */
    bool lost;        /* what has to be subtracted was too large */
} parts_work;

static int64_t attend_parts_scratch(int64_t qk_channels, int64_t v_channels)
{
    const int64_t depth = (qk_channels + 31) / 32, groups = (v_channels + 31) / 32,
                  operand = PARTS_STEP_BYTES / (int64_t)sizeof(float);
    const int64_t tile =
        depth * operand + 2 * (int64_t)TILES_ROWS + 2 * PARTS_SUM + groups * AMX_SUMS;
    const int64_t block = parts_block_steps(depth, groups) * (depth + groups) * operand +
                          2 * operand + 3 * (int64_t)AMX_SUMS;
    const int64_t all = AMX_TILES * tile + block, other = attend_scratch(qk_channels, v_channels);
    return all > other ? all : other;
}

/* Rows of scores that become weights while products run. */
typedef struct parts_rows {
    const float *scores, *round, *least, *sum;
    float *next;
    char *weights;
    int64_t left, each; /* rows, and of those each pair of parts takes */
    vb any;             /* all bits of the numbers with 5 bits of fraction */
} parts_rows;

/* 2^(score − what is subtracted) of what is seen: the fraction finds a power of two in a table,
 * from which the whole part takes PARTS_BIAS and what the shifted fraction adds; what is left of
 * the score, up to 1/64, takes a polynomial (minimax, 5.3e-8 relative). Multiplications compete
 * with the products for a port, so there are few. */
static inline __attribute__((always_inline)) vf parts_weight(vf score, vf round, vf least,
                                                             __mmask16 seen, vb *fixed)
{
    static const uint32_t powers[32] __attribute__((aligned(64))) = {
        0x0c000000, 0x0bfecd87, 0x0bfdaac3, 0x0bfc980f, 0x0bfb95c2, 0x0bfaa43a, 0x0bf9c3d3,
        0x0bf8f4f0, 0x0bf837f0, 0x0bf78d3a, 0x0bf6f532, 0x0bf67043, 0x0bf5fed7, 0x0bf5a15b,
        0x0bf5583f, 0x0bf523f6, 0x0bf504f3, 0x0bf4fbaf, 0x0bf508a4, 0x0bf52c4d, 0x0bf5672a,
        0x0bf5b9be, 0x0bf6248c, 0x0bf6a81e, 0x0bf744fd, 0x0bf7fbb8, 0x0bf8ccdf, 0x0bf9b907,
        0x0bfac0c7, 0x0bfbe4ba, 0x0bfd257d, 0x0bfe83b3};
    const __mmask16 counts = _mm512_mask_cmp_ps_mask(seen, score, least, _CMP_GE_OQ);
    const vf t = _mm512_maskz_add_ps(counts, score, round), rest = vf_sub(score, vf_sub(t, round));
    const vb found =
        _mm512_permutex2var_epi32(vb_load(powers), vf_bits(t), vb_load(powers + VF_LANES));
    const vf power = vb_as_vf(_mm512_add_epi32(found, _mm512_slli_epi32(vf_bits(t), 18)));
    const vf p = vf_mul(vf_fma(vf_set(2.4022651e-1f), rest, vf_set(6.9313702e-1f)), rest);
    *fixed = vf_bits(t);
    return _mm512_maskz_fmadd_ps(counts, p, power, power);
}

static inline __attribute__((always_inline)) void parts_weigh_row(parts_rows *rows, uint32_t seen)
{
    const vf round = vf_set(*rows->round), least = vf_set(*rows->least);
    vb low, high;
    const vf first = parts_weight(vf_load(rows->scores), round, least, (__mmask16)seen, &low),
             second = parts_weight(vf_load(rows->scores + VF_LANES), round, least,
                                   (__mmask16)(seen >> 16), &high);
    rows->any = _mm512_ternarylogic_epi32(rows->any, low, high, 0xfe);
    vf_store(rows->next, vf_add(vf_load(rows->sum), vf_add(first, second)));
    parts_split(first, second, rows->weights);
    rows->scores += AMX_KEYS;
    rows->round++;
    rows->least++;
    rows->sum += VF_LANES;
    rows->next += VF_LANES;
    rows->weights += TILE_BYTES;
    rows->left--;
}

static inline __attribute__((always_inline)) void parts_weigh_some(parts_rows *rows)
{
    for (int64_t i = 0; i < rows->each && rows->left; i++) {
        parts_weigh_row(rows, 0xffffffffu);
    }
}

/* Whether what is subtracted has to rise. */
static inline bool parts_above(vb any)
{
    return _mm512_test_epi32_mask(any, _mm512_set1_epi32(PARTS_ABOVE)) != 0;
}

/* Sums of one of a product's registers go where they belong, and others begin at 0. Stores that
 * come after the products of the next sums would hold those up. */
#define PARTS_RENEW(tile, target)                                                                  \
    do {                                                                                           \
        _tile_stored(tile, target, SUMS_STRIDE);                                                   \
        _tile_zero(tile);                                                                          \
    } while (0)

/* Keys and values come from the second-level cache, and each pair of registers of them is loaded
 * once in a step: in the first-level cache they would take the place of what is needed again. */
#define PARTS_STREAM(tile, source)                                                                 \
    do {                                                                                           \
        __asm__ volatile("" : : : "memory");                                                       \
        _tile_stream_loadd(tile, source, 2 * TILE_BYTES);                                          \
    } while (0)
#define PARTS_STREAM_COLUMNS(b, part)                                                              \
    do {                                                                                           \
        PARTS_STREAM(6, (b) + (part)*STEP_BYTES);                                                  \
        PARTS_STREAM(7, (b) + (part)*STEP_BYTES + TILE_BYTES);                                     \
    } while (0)

/* A step from its second pair of parts on: the largest product comes last. */
#define PARTS_FURTHER(a, b, other)                                                                 \
    do {                                                                                           \
        PARTS_STREAM_COLUMNS(b, 1);                                                                \
        PARTS_FOUR(other);                                                                         \
        PARTS_ROWS(a, 1);                                                                          \
        PARTS_FOUR(other);                                                                         \
        PARTS_STREAM_COLUMNS(b, 0);                                                                \
        PARTS_FOUR(other);                                                                         \
        PARTS_ROWS(a, 2);                                                                          \
        PARTS_FOUR(other);                                                                         \
        PARTS_ROWS(a, 0);                                                                          \
        PARTS_FOUR(other);                                                                         \
    } while (0)

/* The first step of a product, `first` after the first pair of parts. */
#define PARTS_FIRST_STEP(held, a, b, first, other)                                                 \
    do {                                                                                           \
        tile_load(4, a, TILE_BYTES);                                                               \
        PARTS_STREAM(6, (b) + 2 * STEP_BYTES);                                                     \
        PARTS_RENEW(0, held);                                                                      \
        _tile_dpbf16ps(0, 4, 6);                                                                   \
        PARTS_STREAM(7, (b) + 2 * STEP_BYTES + TILE_BYTES);                                        \
        PARTS_RENEW(1, (held) + TILE_BYTES);                                                       \
        _tile_dpbf16ps(1, 4, 7);                                                                   \
        tile_load(5, (a) + TILE_ROWS * TILE_BYTES, TILE_BYTES);                                    \
        PARTS_RENEW(2, (held) + TILE_ROWS * SUMS_STRIDE);                                          \
        _tile_dpbf16ps(2, 5, 6);                                                                   \
        PARTS_RENEW(3, (held) + TILE_ROWS * SUMS_STRIDE + TILE_BYTES);                             \
        _tile_dpbf16ps(3, 5, 7);                                                                   \
        first;                                                                                     \
        PARTS_FURTHER(a, b, other);                                                                \
    } while (0)

/* The registers' sums of a·b belong to `target` from now on, and to o if that is there; those
 * before go where they belong, and rows become weights on the way. */
static __attribute__((noinline)) void parts_product(parts_work *work, int64_t steps, const char *a,
                                                    const char *b, float *target, float *o,
                                                    parts_rows *rows)
{
    char *held = work->held;
    parts_rows now = *rows;
    parts_addend addend = {.source = work->product, .target = work->o, .left = work->o ? 4 : 0};
    PARTS_FIRST_STEP(held, a, b, parts_weigh_some(&now), parts_weigh_some(&now);
                     parts_add_some(&addend));
    for (int64_t i = 1; i < steps; i++) {
        a += PARTS_STEP_BYTES;
        b += PARTS_STEP_BYTES;
        PARTS_ROWS(a, 0);
        PARTS_STREAM_COLUMNS(b, 2);
        PARTS_FOUR(parts_weigh_some(&now));
        PARTS_FURTHER(a, b, parts_weigh_some(&now));
    }
    *rows = now;
    work->held = target;
    work->o = o;
}

/* The registers' sums go where they belong. */
static void parts_settle(parts_work *work)
{
    parts_addend addend = {.source = work->product, .target = work->o, .left = work->o ? 4 : 0};
    tiles_give(work->held);
    while (addend.left) {
        parts_add_some(&addend);
    }
    work->held = work->product;
    work->o = NULL;
}

/* The first key of a step, without those left out. */
static inline int64_t parts_key(const parts_work *work, int64_t index)
{
    return work->block.first + index * AMX_KEYS;
}

static parts_rows parts_rows_of(const parts_work *work, const parts_step *step)
{
    const int64_t pairs = PARTS_PAIRS * (work->block.depth + work->block.groups);
    return (parts_rows){.scores = work->scores[work->turn],
                        .round = step->tile->round,
                        .least = step->tile->least,
                        .sum = step->tile->sum,
                        .next = step->tile->next,
                        .weights = work->weights[work->turn],
                        .left = TILES_ROWS,
                        .each = (TILES_ROWS + pairs - 1) / pairs,
                        .any = _mm512_setzero_si512()};
}

static inline bool parts_whole(const parts_work *work, const parts_step *step)
{
    return step->tile->seen[0] >= parts_key(work, step->index + 1);
}

/* Weights of a step some of whose scores some queries don't see. */
static __attribute__((noinline)) void parts_weigh_part(const parts_work *work,
                                                       const parts_step *step, parts_rows *rows)
{
    const int64_t first_key = parts_key(work, step->index);
    for (int r = 0; r < TILES_ROWS; r++) {
        parts_weigh_row(rows, amx_seen(step->tile->seen, r, first_key));
    }
}

/* Subtracts from now on what a step's scores reach, at first whatever that is; what was summed
 * shrinks. */
static __attribute__((noinline)) void parts_raise(parts_work *work, const parts_step *step)
{
    parts_tile *tile = step->tile;
    float shrink[TILES_ROWS];
    for (int half = 0; half < TILES_ROWS; half += VF_LANES) {
        const vf reached =
            amx_highest(tile->seen, work->scores[work->turn], half, parts_key(work, step->index));
        const vf before = vf_sub(vf_set(PARTS_ROUND), vf_load(tile->round + half));
        vf most = _mm512_roundscale_ps(reached, _MM_FROUND_TO_POS_INF);
        most = tile->fresh ? most : vf_max(most, before);
        work->lost |= vf_any_above(vf_abs(most), vf_set(PARTS_SCORE_MOST)) != 0;
        vf_store(tile->round + half, vf_sub(vf_set(PARTS_ROUND), most));
        vf_store(tile->least + half, vf_add(vf_set(PARTS_LEAST), most));
        vf_store(shrink + half, vf_exp2(vf_sub(before, most)));
    }
    for (int64_t r = 0; r < TILES_ROWS && !tile->fresh; r++) {
        const vf factor = vf_set(shrink[r]);
        float *sum = tile->sum + r * VF_LANES;
        if (shrink[r] == 1.0f) {
            continue;
        }
        vf_store(sum, vf_shrunk(vf_load(sum), factor));
        for (int64_t c = 0; c < work->block.groups * TILES_COLUMNS; c += VF_LANES) {
            float *o =
                tile->o + c / TILES_COLUMNS * AMX_SUMS + r * TILES_COLUMNS + c % TILES_COLUMNS;
            vf_store(o, vf_shrunk(vf_load(o), factor));
        }
    }
    tile->fresh = false;
}

/* What is subtracted was too little for a step: its weights once more. */
static __attribute__((noinline)) void parts_redo(parts_work *work, const parts_step *step)
{
    parts_settle(work);
    parts_raise(work, step);
    parts_rows rows = parts_rows_of(work, step);
    parts_weigh_part(work, step, &rows);
}

/* Before the step that waits becomes weights. */
static parts_rows parts_begin_step(parts_work *work, const parts_step *step)
{
    if (work->held == work->scores[work->turn]) {
        parts_settle(work);
    }
    if (step->tile->fresh) {
        parts_raise(work, step);
    }
    parts_rows rows = parts_rows_of(work, step);
    if (!parts_whole(work, step)) {
        parts_weigh_part(work, step, &rows);
    }
    return rows;
}

static void parts_end_step(parts_work *work, const parts_step *step, parts_rows *rows)
{
    parts_tile *tile = step->tile;
    while (rows->left) {
        parts_weigh_row(rows, 0xffffffffu);
    }
    if (__builtin_expect(parts_above(rows->any), 0)) {
        parts_redo(work, step);
    }
    float *const sum = tile->next;
    tile->next = tile->sum;
    tile->sum = sum;
}

/* Scores of the next step and O += P·V of the one whose weights are there, while the one between
 * them becomes weights. */
static void parts_go_on(parts_work *work, const parts_step *next)
{
    const parts_block *block = &work->block;
    const parts_step step = work->waiting, before = work->weighed;
    parts_rows rows = {.left = 0};
    if (step.tile) {
        rows = parts_begin_step(work, &step);
    }
    if (next->tile) {
        parts_product(work, block->depth, next->tile->q,
                      block->k + next->index * block->depth * PARTS_STEP_BYTES,
                      work->scores[!work->turn], NULL, &rows);
    }
    for (int64_t g = 0; before.tile && g < block->groups; g++) {
        /* The first product is what others are added to. */
        float *const o = before.tile->o + g * AMX_SUMS;
        const bool first = block->first + before.index == 0;
        parts_product(work, 1, work->weights[!work->turn],
                      block->v + (g * block->most + before.index) * PARTS_STEP_BYTES,
                      first ? o : work->product, first ? NULL : o, &rows);
    }
    if (step.tile) {
        parts_end_step(work, &step, &rows);
    }
    work->weighed = step;
    work->waiting = *next;
    work->turn = !work->turn;
}

/* All keys of the block for one tile; the last of them wait for what comes next. */
static void parts_attend_tile(parts_work *work, parts_tile *tile)
{
    const parts_block *block = &work->block;
    const int64_t seen = tile->seen[TILES_ROWS - 1] - block->first,
                  keys = seen < block->keys ? seen : block->keys;
    for (int64_t s = 0; s * AMX_KEYS < keys; s++) {
        parts_go_on(work, &(parts_step){.tile = tile, .index = s});
    }
}

/* What waits becomes weights and values. */
static void parts_end(parts_work *work)
{
    parts_go_on(work, &(parts_step){.tile = NULL});
    parts_go_on(work, &(parts_step){.tile = NULL});
    parts_settle(work);
}

/* A tile of queries, from `next` on; returns what follows it. */
static float *parts_begin_tile(const tyto_attend_job *job, int64_t first, const parts_block *block,
                               float *next, parts_tile *tile, vb *most)
{
    tile->q = (void *)next;
    next += block->depth * PARTS_STEP_BYTES / (int64_t)sizeof(float);
    tile->round = next;
    tile->least = next + TILES_ROWS;
    next += 2 * TILES_ROWS;
    tile->sum = next;
    tile->next = next + PARTS_SUM;
    next += 2 * PARTS_SUM;
    tile->o = next;
    next += block->groups * AMX_SUMS;
    tile->fresh = true;
    memset(tile->round, 0, (size_t)(2 * TILES_ROWS) * sizeof(float));
    memset(tile->sum, 0, (size_t)PARTS_SUM * sizeof(float));
    parts_pack_queries(job, first, tile->q, most);
    return next;
}

/* Places what a thread is at in a job's scratch; returns what follows it. */
static float *parts_begin(const tyto_attend_job *job, parts_work *work)
{
    const int64_t operand = PARTS_STEP_BYTES / (int64_t)sizeof(float);
    float *next = job->scratch;
    parts_block *block = &work->block;
    block->depth = (job->qk_channels + 31) / 32;
    block->groups = (job->v_channels + 31) / 32;
    block->most = parts_block_steps(block->depth, block->groups);
    block->k = (void *)next;
    next += block->most * block->depth * operand;
    block->v = (void *)next;
    next += block->most * block->groups * operand;
    for (int i = 0; i < 2; i++) {
        work->weights[i] = (void *)next;
        next += operand;
        work->scores[i] = next;
        next += AMX_SUMS;
    }
    work->product = next;
    work->held = next;
    return next + AMX_SUMS;
}

/* False, with nothing given out, when the job can't be done this way. */
static bool parts_attend(const tyto_attend_job *job)
{
    const int64_t tiles = (job->queries + TILES_ROWS - 1) / TILES_ROWS;
    parts_tile all[AMX_TILES];
    parts_work work = {.turn = 0};
    vb q_most = _mm512_setzero_si512(), k_most = q_most, v_most = q_most;
    int64_t looked = 0, seen = 0;
    float *next = parts_begin(job, &work);
    for (int64_t t = 0; t < tiles; t++) {
        amx_look(job, t * TILES_ROWS, &looked, &seen, all[t].seen);
        if (all[t].seen[0] == 0) {
            return false;
        }
        next = parts_begin_tile(job, t * TILES_ROWS, &work.block, next, &all[t], &q_most);
    }
    for (int64_t key = 0; key < job->keys;) {
        parts_pack_block(job, &key, &work.block, &k_most, &v_most);
        if (!parts_fit(q_most, k_most, v_most)) {
            return false;
        }
        for (int64_t t = 0; t < tiles; t++) {
            parts_attend_tile(&work, &all[t]);
        }
        parts_end(&work);
        if (work.lost) {
            return false;
        }
    }
    for (int64_t t = 0; t < tiles; t++) {
        amx_give_out(job, t * TILES_ROWS, all[t].sum, all[t].o);
    }
    return true;
}

static void attend_parts(const tyto_attend_job *job)
{
    tyto_amx_begin();
    const bool done = parts_attend(job);
    tyto_amx_end();
    if (!done) {
        attend(job);
    }
}

#endif
