#include "nn/boxes.h"

#include <math.h>

#include "base/memory.h"

/* Boxes of one task. */
#define TASK_BOXES 4096

float tyto_iou(const float a[4], const float b[4])
{
    const float ax0 = a[0] - 0.5f * a[2], ay0 = a[1] - 0.5f * a[3], ax1 = a[0] + 0.5f * a[2],
                ay1 = a[1] + 0.5f * a[3], bx0 = b[0] - 0.5f * b[2], by0 = b[1] - 0.5f * b[3],
                bx1 = b[0] + 0.5f * b[2], by1 = b[1] + 0.5f * b[3];
    const float w = fmaxf(fminf(ax1, bx1) - fmaxf(ax0, bx0), 0.0f),
                h = fmaxf(fminf(ay1, by1) - fmaxf(ay0, by0), 0.0f);
    const float both = w * h, all = (bx1 - bx0) * (by1 - by0) + (ax1 - ax0) * (ay1 - ay0) - both;
    return all > 0.0f ? both / all : 0.0f;
}

/* Left, top, right, bottom. */
static void corners(const float box[4], double out[4])
{
    for (int i = 0; i < 2; i++) {
        out[i] = (double)box[i] - 0.5 * (double)box[i + 2];
        out[i + 2] = (double)box[i] + 0.5 * (double)box[i + 2];
    }
}

static double share(double part, double whole)
{
    return whole > 0.0 ? part / whole : 0.0;
}

double tyto_giou(const float a[4], const float b[4])
{
    double p[4], q[4];
    corners(a, p);
    corners(b, q);
    const double shared = fmax(0.0, fmin(p[2], q[2]) - fmax(p[0], q[0])) *
                          fmax(0.0, fmin(p[3], q[3]) - fmax(p[1], q[1]));
    const double joined = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared;
    const double hull =
        (fmax(p[2], q[2]) - fmin(p[0], q[0])) * (fmax(p[3], q[3]) - fmin(p[1], q[1]));
    return share(shared, joined) - share(hull - joined, hull);
}

double tyto_box_distance(const float a[4], const float b[4])
{
    double sum = 0.0;
    for (int i = 0; i < 4; i++) {
        sum += fabs((double)a[i] - (double)b[i]);
    }
    return sum;
}

double tyto_box_corner_distance(const float a[4], const float b[4])
{
    double p[4], q[4], sum = 0.0;
    corners(a, p);
    corners(b, q);
    for (int i = 0; i < 4; i++) {
        sum += fabs(p[i] - q[i]);
    }
    return sum;
}

/* The derivative of max(a, b) by a. */
static double part_of_most(double a, double b)
{
    return a > b ? 1.0 : a < b ? 0.0 : 0.5;
}

/* da += the gradient by centre and size, of that by corners */
static void add_corners(const double corner[4], float da[4])
{
    for (int i = 0; i < 2; i++) {
        da[i] += (float)(corner[i] + corner[i + 2]);
        da[i + 2] += (float)(0.5 * (corner[i + 2] - corner[i]));
    }
}

void tyto_giou_backward(const float a[4], const float b[4], double slope, float da[4])
{
    double p[4], q[4], shared_sides[2], hull_sides[2], gradient[4];
    corners(a, p);
    corners(b, q);
    for (int i = 0; i < 2; i++) {
        shared_sides[i] = fmax(0.0, fmin(p[i + 2], q[i + 2]) - fmax(p[i], q[i]));
        hull_sides[i] = fmax(p[i + 2], q[i + 2]) - fmin(p[i], q[i]);
    }
    const double shared = shared_sides[0] * shared_sides[1], hull = hull_sides[0] * hull_sides[1],
                 joined = (p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - shared;
    for (int c = 0; c < 4; c++) {
        /* How the sides grow as corner c moves; the other side's length goes with it. */
        const int side = c % 2, other = 1 - side;
        const bool far = c >= 2;
        const double outer = far ? part_of_most(p[c], q[c]) : part_of_most(q[c], p[c]),
                     sign = far ? 1.0 : -1.0;
        const double by_shared = shared > 0.0 ? sign * (1.0 - outer) * shared_sides[other] : 0.0;
        const double by_hull = sign * outer * hull_sides[other],
                     by_joined = sign * (p[other + 2] - p[other]) - by_shared;
        gradient[c] =
            joined > 0.0 ? by_shared / joined - shared * by_joined / (joined * joined) : 0.0;
        gradient[c] += hull > 0.0 ? by_joined / hull - joined * by_hull / (hull * hull) : 0.0;
        gradient[c] *= slope;
    }
    add_corners(gradient, da);
}

void tyto_box_corner_distance_backward(const float a[4], const float b[4], double slope,
                                       float da[4])
{
    double p[4], q[4], gradient[4];
    corners(a, p);
    corners(b, q);
    for (int i = 0; i < 4; i++) {
        gradient[i] = p[i] > q[i] ? slope : p[i] < q[i] ? -slope : 0.0;
    }
    add_corners(gradient, da);
}

typedef struct ious_job {
    int64_t count;
    const float *boxes, *box;
    float *ious;
} ious_job;

static void ious_task(void *context, int64_t index, int worker)
{
    (void)worker;
    const ious_job *job = context;
    const int64_t end = tyto_min_i64(job->count, (index + 1) * TASK_BOXES);
    for (int64_t i = index * TASK_BOXES; i < end; i++) {
        job->ious[i] = tyto_iou(job->boxes + 4 * i, job->box);
    }
}

tyto_status tyto_ious(tyto_exec *exec, int64_t count, const float *boxes, const float box[4],
                      float *ious)
{
    ious_job job = {count, boxes, box, ious};
    tyto_pool_run(exec->pool, (count + TASK_BOXES - 1) / TASK_BOXES, ious_task, &job);
    return TYTO_OK;
}

int64_t tyto_nearest_box(int64_t count, const float *boxes, const float box[4])
{
    double best = -INFINITY;
    int64_t nearest = 0;
    for (int64_t i = 0; i < count; i++) {
        const double giou = tyto_giou(boxes + 4 * i, box);
        if (giou > best) {
            best = giou;
            nearest = i;
        }
    }
    return nearest;
}

static float log_odds(float p)
{
    return logf(p + 1e-4f) - log1pf(-p + 1e-4f);
}

void tyto_box_biases(int64_t rows, int64_t columns, int64_t grid_rows, int64_t grid_columns,
                     float *biases)
{
    const float across = (float)grid_columns, down = (float)grid_rows,
                width = log_odds(1.0f / across), height = log_odds(1.0f / down);
    for (int64_t y = 0; y < rows; y++) {
        for (int64_t x = 0; x < columns; x++) {
            float *bias = biases + (y * columns + x) * 4;
            bias[0] = log_odds((float)(x + 1) / across);
            bias[1] = log_odds((float)(y + 1) / down);
            bias[2] = width;
            bias[3] = height;
        }
    }
}
