#include "nn/fourier.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* Rows of one task. */
#define TASK_ROWS 64

static const float PI = 3.14159265358979323846f;

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
static int groups_of_axis(const tyto_fourier *fourier)
{
    return fourier->rank == 1 ? fourier->groups : 1;
}

static int phases(const tyto_fourier *fourier)
{
    return fourier->sine_only ? 1 : 2;
}

/* Floats of one index of an axis: its coordinate, all sines, all cosines. */
static int64_t axis_floats(const tyto_fourier *fourier)
{
    return 1 + fourier->bands * groups_of_axis(fourier) * phases(fourier);
}

int64_t tyto_fourier_channels(const tyto_fourier *fourier)
{
    return fourier->bands * fourier->groups * phases(fourier) +
           (fourier->coordinates ? fourier->rank : 0);
}

static void fill_axis(const tyto_fourier *fourier, int axis)
{
    const int64_t n = fourier->dims[axis], floats = axis_floats(fourier), bands = fourier->bands;
    const int groups = groups_of_axis(fourier);
    for (int64_t i = 0; i < n; i++) {
        float *row = fourier->tables[axis] + i * floats;
        const float x =
            fourier->sampled ? -1.0f + (float)(2 * i) / (float)n : step_at(-1.0f, 1.0f, n, i);
        row[0] = x;
        for (int g = 0; g < groups; g++) {
            const float highest = fourier->highest[fourier->rank == 1 ? g : axis];
            for (int64_t k = 0; k < bands; k++) {
                const float argument = PI * (x * step_at(1.0f, highest, bands, k));
                row[1 + g * bands + k] = (float)sin((double)argument);
                if (!fourier->sine_only) {
                    row[1 + (groups + g) * bands + k] = (float)cos((double)argument);
                }
            }
        }
    }
}

tyto_status tyto_fourier_start(tyto_exec *exec, tyto_fourier *fourier)
{
    for (int a = 0; a < fourier->rank; a++) {
        TYTO_TRY(
            tyto_exec_floats(exec, fourier->dims[a] * axis_floats(fourier), &fourier->tables[a]));
        fill_axis(fourier, a);
    }
    return TYTO_OK;
}

static void fill_row(const tyto_fourier *fourier, int64_t position, float *y)
{
    const int64_t floats = axis_floats(fourier), bands = fourier->bands;
    const int groups = groups_of_axis(fourier);
    const float *rows[TYTO_GRID_AXES_MAX];
    for (int a = fourier->rank - 1; a >= 0; a--) {
        rows[a] = fourier->tables[a] + position % fourier->dims[a] * floats;
        position /= fourier->dims[a];
    }
    for (int a = 0; fourier->coordinates && a < fourier->rank; a++) {
        *y++ = rows[a][0];
    }
    for (int phase = 0; phase < phases(fourier); phase++) {
        for (int g = 0; g < fourier->groups; g++) {
            const float *row = rows[fourier->rank == 1 ? 0 : g];
            const int own = fourier->rank == 1 ? g : 0;
            memcpy(y, row + 1 + (phase * groups + own) * bands, (size_t)bands * sizeof(float));
            y += bands;
        }
    }
}

typedef struct rows_job {
    const tyto_fourier *fourier;
    int64_t first;
    const int64_t *indices;
    int64_t n;
    float *y;
    int64_t ldy;
} rows_job;

static void rows_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const rows_job *job = context;
    const int64_t end = tyto_min_i64(job->n, (index + 1) * TASK_ROWS);
    for (int64_t i = index * TASK_ROWS; i < end; i++) {
        fill_row(job->fourier, job->indices ? job->indices[i] : job->first + i,
                 job->y + i * job->ldy);
    }
}

tyto_status tyto_fourier_rows(tyto_exec *exec, const tyto_fourier *fourier, int64_t first,
                              const int64_t *indices, int64_t n, float *y, int64_t ldy)
{
    rows_job job = {fourier, first, indices, n, y, ldy};
    tyto_pool_run(exec->pool, (n + TASK_ROWS - 1) / TASK_ROWS, rows_task, &job);
    return TYTO_OK;
}

void tyto_fourier_axis(const tyto_fourier *fourier, int axis, float *y)
{
    const int64_t floats = axis_floats(fourier), bands = fourier->bands,
                  channels = tyto_fourier_channels(fourier);
    const int own = groups_of_axis(fourier);
    memset(y, 0, (size_t)(fourier->dims[axis] * channels) * sizeof(float));
    for (int64_t i = 0; i < fourier->dims[axis]; i++) {
        const float *features = fourier->tables[axis] + i * floats;
        float *row = y + i * channels;
        if (fourier->coordinates) {
            row[axis] = features[0];
            row += fourier->rank;
        }
        for (int j = 0; j < phases(fourier) * own; j++) {
            const int group = j / own * fourier->groups + (fourier->rank == 1 ? j % own : axis);
            memcpy(row + group * bands, features + 1 + j * bands, (size_t)bands * sizeof(float));
        }
    }
}
