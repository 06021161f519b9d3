#include "models/perceiver/rows/position.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "formats/json.h"
#include "models/perceiver/describe/config.h"
#include "models/perceiver/requests.h"

/* Rows of one task. */
#define TASK_ROWS 64

static const float PI = 3.14159265358979323846f;

static tyto_status nested(const json_t *object, const char *where, const char *key,
                          const json_t **out, tyto_error *err)
{
    *out = json_object_get(object, key);
    if (!json_is_object(*out)) {
        return tyto_fail(err, TYTO_E_FORMAT, "%s: '%s': required an object", where, key);
    }
    return TYTO_OK;
}

static tyto_status read_trainable(const json_t *object, const char *where,
                                  tyto_perceiver_position *out, tyto_error *err)
{
    int64_t dims[TYTO_PERCEIVER_AXES_MAX] = {0};
    const json_t *kwargs;
    TYTO_TRY(nested(object, where, "trainable_position_encoding_kwargs", &kwargs, err));
    out->num_channels = 128;
    TYTO_TRY(tyto_perceiver_read_size(kwargs, where, "num_channels", TYTO_PERCEIVER_SIZE_MAX,
                                      &out->num_channels, err));
    TYTO_TRY(tyto_perceiver_read_sizes(kwargs, where, "index_dims", TYTO_PERCEIVER_AXES_MAX,
                                       TYTO_PERCEIVER_POSITIONS_MAX, dims, &out->index_rank, err));
    out->index_count = dims[0];
    for (int i = 1; i < out->index_rank; i++) {
        if (!tyto_mul_i64(out->index_count, dims[i], &out->index_count)) {
            out->index_count = INT64_MAX;
        }
    }
    out->index_rank = out->index_rank ? out->index_rank : 1;
    if (out->index_count < 1 || out->index_count > TYTO_PERCEIVER_POSITIONS_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'index_dims': required 1 to %lld positions", where,
                         (long long)TYTO_PERCEIVER_POSITIONS_MAX);
    }
    return TYTO_OK;
}

static tyto_status read_fourier(const json_t *object, const char *where,
                                tyto_perceiver_position *out, tyto_error *err)
{
    const json_t *kwargs;
    TYTO_TRY(nested(object, where, "fourier_position_encoding_kwargs", &kwargs, err));
    out->concat_pos = true;
    TYTO_TRY(tyto_perceiver_read_size(kwargs, where, "num_bands", 1 << 16, &out->num_bands, err));
    TYTO_TRY(tyto_perceiver_read_sizes(kwargs, where, "max_resolution", TYTO_PERCEIVER_AXES_MAX,
                                       TYTO_PERCEIVER_POSITIONS_MAX, out->max_resolution,
                                       &out->resolution_rank, err));
    TYTO_TRY(tyto_json_bool(kwargs, where, "concat_pos", &out->concat_pos, err));
    TYTO_TRY(tyto_json_bool(kwargs, where, "sine_only", &out->sine_only, err));
    if (out->num_bands < 1 || out->resolution_rank < 1) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: 'fourier_position_encoding_kwargs': required num_bands and a list "
                         "max_resolution",
                         where);
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_position_read(const json_t *object, const char *where, const char *type,
                                         tyto_perceiver_position *out, tyto_error *err)
{
    *out = (tyto_perceiver_position){.type = TYTO_PERCEIVER_POSITION_NONE, .project_pos_dim = -1};
    TYTO_TRY(tyto_json_text(object, where, "position_encoding_type", &type, err));
    TYTO_TRY(tyto_json_int(object, where, "project_pos_dim", &out->project_pos_dim, err));
    if (out->project_pos_dim > TYTO_PERCEIVER_SIZE_MAX) {
        return tyto_fail(err, TYTO_E_RANGE, "%s: 'project_pos_dim': got %lld, required at most %d",
                         where, (long long)out->project_pos_dim, TYTO_PERCEIVER_SIZE_MAX);
    }
    if (strcmp(type, "trainable") == 0) {
        out->type = TYTO_PERCEIVER_POSITION_TRAINABLE;
        return read_trainable(object, where, out, err);
    }
    if (strcmp(type, "fourier") == 0) {
        out->type = TYTO_PERCEIVER_POSITION_FOURIER;
        return read_fourier(object, where, out, err);
    }
    if (strcmp(type, "none") == 0) {
        return TYTO_OK;
    }
    return tyto_fail(err, TYTO_E_FORMAT,
                     "%s: 'position_encoding_type': got '%s', required 'trainable', 'fourier' or "
                     "'none'",
                     where, type);
}

tyto_status tyto_perceiver_position_check(const tyto_perceiver_position *position,
                                          const char *where, tyto_error *err)
{
    const int64_t size = tyto_perceiver_position_size(position);
    if (position->project_pos_dim > 0 && size != position->out_channels) {
        return tyto_fail(err, TYTO_E_FORMAT,
                         "%s: project_pos_dim: got positions of %lld channels, required "
                         "out_channels (%lld)",
                         where, (long long)size, (long long)position->out_channels);
    }
    return TYTO_OK;
}

int tyto_perceiver_position_rank(const tyto_perceiver_position *position)
{
    return position->type == TYTO_PERCEIVER_POSITION_TRAINABLE ? position->index_rank
                                                               : position->resolution_rank;
}

/* Channels of Fourier features with `groups` groups of frequencies over `rank` axes. */
static int64_t fourier_size(const tyto_perceiver_position *position, int groups, int rank)
{
    return position->num_bands * groups * (position->sine_only ? 1 : 2) +
           (position->concat_pos ? rank : 0);
}

int64_t tyto_perceiver_position_size(const tyto_perceiver_position *position)
{
    switch (position->type) {
    case TYTO_PERCEIVER_POSITION_TRAINABLE:
        return position->num_channels;
    case TYTO_PERCEIVER_POSITION_FOURIER:
        return fourier_size(position, position->resolution_rank, position->resolution_rank);
    case TYTO_PERCEIVER_POSITION_NONE:
        break;
    }
    return 0;
}

int64_t tyto_perceiver_position_channels(const tyto_perceiver_position *position)
{
    return position->project_pos_dim > 0 ? position->project_pos_dim
                                         : tyto_perceiver_position_size(position);
}

void tyto_perceiver_position_bind(tyto_binder *binder, tyto_perceiver_position *to,
                                  const char *table_prefix, const char *projection_prefix)
{
    const int64_t index_dims = to->index_count, num_channels = to->num_channels,
                  project_pos_dim = to->project_pos_dim, out_channels = to->out_channels;
    if (to->type == TYTO_PERCEIVER_POSITION_TRAINABLE) {
        tyto_binder_prefix(binder, "%s", table_prefix);
#define TYTO_PERCEIVER_TRAINABLE
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_TRAINABLE
    }
    if (to->type != TYTO_PERCEIVER_POSITION_NONE && project_pos_dim > 0) {
        tyto_binder_prefix(binder, "%s", projection_prefix);
#define TYTO_PERCEIVER_PROJECT
#include "models/perceiver/params.def"
#undef TYTO_PERCEIVER_PROJECT
    }
}

/* The i-th of n steps from start to end, as the reference's linspace rounds it: from the nearer
 * end, with one rounding of product and sum. */
static float step_at(float start, float end, int64_t n, int64_t i)
{
    if (n == 1) {
        return start;
    }
    const float step = (end - start) / (float)(n - 1);
    return i < n / 2 ? fmaf(step, (float)i, start) : fmaf(-step, (float)(n - 1 - i), end);
}

/* Groups of frequencies that an axis carries: one each, or all when there is a single axis. */
static int groups_of_axis(const tyto_perceiver_positions *positions)
{
    return positions->rank == 1 ? positions->groups : 1;
}

/* Floats of one index of an axis: its position, all sines, all cosines. */
static int64_t axis_floats(const tyto_perceiver_positions *positions)
{
    const tyto_perceiver_position *p = positions->position;
    return 1 + p->num_bands * groups_of_axis(positions) * (p->sine_only ? 1 : 2);
}

static void fill_axis(const tyto_perceiver_positions *positions, int axis)
{
    const tyto_perceiver_position *p = positions->position;
    const int64_t n = positions->dims[axis], floats = axis_floats(positions), bands = p->num_bands;
    const int groups = groups_of_axis(positions);
    for (int64_t i = 0; i < n; i++) {
        float *row = positions->tables[axis] + i * floats;
        const float at =
            positions->sampled ? -1.0f + (float)(2 * i) / (float)n : step_at(-1.0f, 1.0f, n, i);
        row[0] = at;
        for (int g = 0; g < groups; g++) {
            const int resolution = p->resolution_rank == 1 ? 0 : positions->rank == 1 ? g : axis;
            const float highest = (float)((double)p->max_resolution[resolution] / 2.0);
            for (int64_t k = 0; k < bands; k++) {
                const float argument = PI * (at * step_at(1.0f, highest, bands, k));
                row[1 + g * bands + k] = (float)sin((double)argument);
                if (!p->sine_only) {
                    row[1 + (groups + g) * bands + k] = (float)cos((double)argument);
                }
            }
        }
    }
}

static tyto_status prepare_fourier(const char *where, int rank, const int64_t *dims,
                                   tyto_perceiver_positions *out, tyto_error *err)
{
    const int resolutions = out->position->resolution_rank;
    if (rank > TYTO_PERCEIVER_AXES_MAX || (rank != resolutions && rank != 1 && resolutions != 1)) {
        return tyto_fail(err, TYTO_E_SHAPE,
                         "%s: Fourier features: got %d index dimensions, required %d "
                         "(max_resolution)",
                         where, rank, resolutions);
    }
    out->rank = rank;
    out->groups = rank > resolutions ? rank : resolutions;
    out->count = 1;
    for (int a = 0; a < rank; a++) {
        out->dims[a] = dims[a];
        if (!tyto_mul_i64(out->count, dims[a], &out->count) ||
            out->count > TYTO_PERCEIVER_POSITIONS_MAX) {
            return tyto_fail(err, TYTO_E_LIMIT, "%s: required at most %lld positions", where,
                             (long long)TYTO_PERCEIVER_POSITIONS_MAX);
        }
    }
    out->size = fourier_size(out->position, out->groups, rank);
    return TYTO_OK;
}

tyto_status tyto_perceiver_positions_prepare(const tyto_perceiver_position *position,
                                             const char *where, int rank, const int64_t *dims,
                                             bool sampled, tyto_perceiver_positions *out,
                                             tyto_error *err)
{
    *out = (tyto_perceiver_positions){.position = position, .sampled = sampled};
    if (position->type == TYTO_PERCEIVER_POSITION_FOURIER) {
        TYTO_TRY(prepare_fourier(where, rank, dims, out, err));
    } else if (position->type == TYTO_PERCEIVER_POSITION_TRAINABLE) {
        out->count = position->index_count;
        out->size = position->num_channels;
    }
    out->channels = out->size;
    if (position->project_pos_dim > 0) {
        if (out->size != position->out_channels) {
            return tyto_fail(err, TYTO_E_SHAPE,
                             "%s: got positions of %lld channels, required out_channels (%lld)",
                             where, (long long)out->size, (long long)position->out_channels);
        }
        out->channels = position->project_pos_dim;
    }
    return TYTO_OK;
}

tyto_status tyto_perceiver_positions_start(tyto_perceiver_positions *positions, tyto_exec *exec)
{
    for (int a = 0; a < positions->rank; a++) {
        TYTO_TRY(tyto_exec_floats(exec, positions->dims[a] * axis_floats(positions),
                                  &positions->tables[a]));
        fill_axis(positions, a);
    }
    return TYTO_OK;
}

typedef struct rows_job {
    const tyto_perceiver_positions *positions;
    int64_t first;
    const int64_t *indices;
    int64_t n;
    float *out;
    int64_t stride;
} rows_job;

static void fourier_row(const tyto_perceiver_positions *positions, int64_t index, float *out)
{
    const tyto_perceiver_position *p = positions->position;
    const int64_t floats = axis_floats(positions), bands = p->num_bands;
    const int groups = groups_of_axis(positions), phases = p->sine_only ? 1 : 2;
    const float *rows[TYTO_PERCEIVER_AXES_MAX];
    for (int a = positions->rank - 1; a >= 0; a--) {
        rows[a] = positions->tables[a] + index % positions->dims[a] * floats;
        index /= positions->dims[a];
    }
    for (int a = 0; p->concat_pos && a < positions->rank; a++) {
        *out++ = rows[a][0];
    }
    for (int phase = 0; phase < phases; phase++) {
        for (int g = 0; g < positions->groups; g++) {
            const float *row = rows[positions->rank == 1 ? 0 : g];
            const int at = positions->rank == 1 ? g : 0;
            memcpy(out, row + 1 + (phase * groups + at) * bands, (size_t)bands * sizeof(float));
            out += bands;
        }
    }
}

bool tyto_perceiver_positions_separate(const tyto_perceiver_positions *positions)
{
    return positions->position && positions->position->type == TYTO_PERCEIVER_POSITION_FOURIER &&
           positions->position->project_pos_dim <= 0;
}

void tyto_perceiver_positions_axis(const tyto_perceiver_positions *positions, int axis, float *rows)
{
    const tyto_perceiver_position *p = positions->position;
    const int64_t floats = axis_floats(positions), bands = p->num_bands;
    const int own = groups_of_axis(positions), phases = p->sine_only ? 1 : 2;
    memset(rows, 0, (size_t)(positions->dims[axis] * positions->size) * sizeof(float));
    for (int64_t i = 0; i < positions->dims[axis]; i++) {
        const float *from = positions->tables[axis] + i * floats;
        float *to = rows + i * positions->size;
        if (p->concat_pos) {
            to[axis] = from[0];
            to += positions->rank;
        }
        for (int j = 0; j < phases * own; j++) {
            const int group = j / own * positions->groups + (positions->rank == 1 ? j % own : axis);
            memcpy(to + group * bands, from + 1 + j * bands, (size_t)bands * sizeof(float));
        }
    }
}

static void rows_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const rows_job *job = context;
    const tyto_perceiver_positions *positions = job->positions;
    const int64_t end = tyto_min_i64(job->n, (index + 1) * TASK_ROWS);
    for (int64_t i = index * TASK_ROWS; i < end; i++) {
        const int64_t at = job->indices ? job->indices[i] : job->first + i;
        float *out = job->out + i * job->stride;
        if (positions->position->type == TYTO_PERCEIVER_POSITION_FOURIER) {
            fourier_row(positions, at, out);
        } else {
            memcpy(out, positions->position->table + at * positions->size,
                   (size_t)positions->size * sizeof(float));
        }
    }
}

tyto_status tyto_perceiver_positions_rows(const tyto_perceiver_positions *positions,
                                          tyto_exec *exec, int64_t first, const int64_t *indices,
                                          int64_t n, float *out, int64_t stride)
{
    const tyto_perceiver_position *position = positions->position;
    rows_job job = {positions, first, indices, n, out, stride};
    size_t mark = tyto_arena_mark(exec->arena);
    if (positions->size == 0) {
        return TYTO_OK;
    }
    if (position->project_pos_dim > 0) {
        job.stride = positions->size;
        TYTO_TRY(tyto_exec_floats(exec, n * job.stride, &job.out));
    }
    tyto_pool_run(exec->pool, (n + TASK_ROWS - 1) / TASK_ROWS, rows_task, &job);
    if (position->project_pos_dim > 0) {
        TYTO_TRY(tyto_linear(exec, &(tyto_linear_args){.x = job.out,
                                                       .ldx = job.stride,
                                                       .rows = n,
                                                       .weight = &position->projection.weight,
                                                       .bias = position->projection.bias,
                                                       .y = out,
                                                       .ldy = stride}));
    }
    tyto_arena_release(exec->arena, mark);
    return TYTO_OK;
}
