/** How a box moves: a Kalman filter of constant velocity. */
#ifndef TYTO_TASKS_TRACK_MOTION_H
#define TYTO_TASKS_TRACK_MOTION_H

#include <stdbool.h>
#include <tyto/detections.h>

/** What is measured of a box. */
enum { TYTO_MOTION_X, TYTO_MOTION_Y, TYTO_MOTION_ASPECT, TYTO_MOTION_HEIGHT, TYTO_MOTION_NUMBERS };

/** One measured number and its velocity, with the covariance of the two. */
typedef struct tyto_motion_number {
    double value, velocity;
    double var_value, covariance, var_velocity;
} tyto_motion_number;

/** The eight states: centre x and y, width over height, height, and their velocities per 1/30 s. No
 *  noise is shared between the four numbers, so that the 8 × 8 covariance has four blocks of 2 × 2
 *  alone: each number is a filter of its own. */
typedef struct tyto_motion {
    tyto_motion_number numbers[TYTO_MOTION_NUMBERS];
} tyto_motion;

/** A box that was seen once: it may move anywhere. */
void tyto_motion_begin(tyto_motion *motion, const tyto_box *box);
/** x = F·x, P = F·P·Fᵀ + Q, so many seconds later.
 *  seen  whether the box was there the time before; one that wasn't keeps its height */
void tyto_motion_predict(tyto_motion *motion, double seconds, bool seen);
/** x += K·(z − x), P = (1 − K)·P, with K = P/(P + R), by a box that was measured. */
void tyto_motion_correct(tyto_motion *motion, const tyto_box *box);
/** The box by the state. */
tyto_box tyto_motion_box(const tyto_motion *motion);
/** (z − x)ᵀ·S⁻¹·(z − x) of a box's centre: its squared distance in standard deviations. */
double tyto_motion_distance(const tyto_motion *motion, const tyto_box *box);

#endif
