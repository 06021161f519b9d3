#include "tasks/track_motion.h"

#include <math.h>

/* Standard deviations by ByteTrack, as shares of the height, per frame of 1/30 s. */
#define FRAMES_PER_SECOND 30.0
#define PLACE_SHARE (1.0 / 20.0)
#define VELOCITY_SHARE (1.0 / 160.0)
/* Those of the aspect, which has no unit. */
#define ASPECT_NOISE 1e-2
#define ASPECT_VELOCITY_NOISE 1e-5
#define ASPECT_MEASURED 1e-1
/* How much less is known of a box that was seen once. */
#define BEGIN_PLACE 2.0
#define BEGIN_VELOCITY 10.0
#define LEAST_PX 1e-3

static double square(double x)
{
    return x * x;
}

/* z: what is measured of a box. */
static void measure(const tyto_box *box, double out[TYTO_MOTION_NUMBERS])
{
    const double width = fmax((double)box->xmax - (double)box->xmin, LEAST_PX),
                 height = fmax((double)box->ymax - (double)box->ymin, LEAST_PX);
    out[TYTO_MOTION_X] = ((double)box->xmin + (double)box->xmax) / 2.0;
    out[TYTO_MOTION_Y] = ((double)box->ymin + (double)box->ymax) / 2.0;
    out[TYTO_MOTION_ASPECT] = width / height;
    out[TYTO_MOTION_HEIGHT] = height;
}

static double height_of(const tyto_motion *motion)
{
    return fmax(motion->numbers[TYTO_MOTION_HEIGHT].value, LEAST_PX);
}

void tyto_motion_begin(tyto_motion *motion, const tyto_box *box)
{
    double z[TYTO_MOTION_NUMBERS];
    measure(box, z);
    const double height = z[TYTO_MOTION_HEIGHT];
    for (int i = 0; i < TYTO_MOTION_NUMBERS; i++) {
        const bool aspect = i == TYTO_MOTION_ASPECT;
        const double place = aspect ? ASPECT_NOISE : BEGIN_PLACE * PLACE_SHARE * height;
        const double velocity =
            aspect ? ASPECT_VELOCITY_NOISE : BEGIN_VELOCITY * VELOCITY_SHARE * height;
        motion->numbers[i] = (tyto_motion_number){
            .value = z[i], .var_value = square(place), .var_velocity = square(velocity)};
    }
}

void tyto_motion_predict(tyto_motion *motion, double seconds, bool seen)
{
    const double t = seconds * FRAMES_PER_SECOND, height = height_of(motion);
    if (!seen) {
        motion->numbers[TYTO_MOTION_HEIGHT].velocity = 0.0;
    }
    for (int i = 0; i < TYTO_MOTION_NUMBERS; i++) {
        tyto_motion_number *n = &motion->numbers[i];
        const bool aspect = i == TYTO_MOTION_ASPECT;
        const double place = aspect ? ASPECT_NOISE : PLACE_SHARE * height;
        const double velocity = aspect ? ASPECT_VELOCITY_NOISE : VELOCITY_SHARE * height;
        n->value += t * n->velocity;
        n->var_value += 2.0 * t * n->covariance + t * t * n->var_velocity + t * square(place);
        n->covariance += t * n->var_velocity;
        n->var_velocity += t * square(velocity);
    }
}

static double measured_variance(const tyto_motion *motion, int i)
{
    return square(i == TYTO_MOTION_ASPECT ? ASPECT_MEASURED : PLACE_SHARE * height_of(motion));
}

void tyto_motion_correct(tyto_motion *motion, const tyto_box *box)
{
    double z[TYTO_MOTION_NUMBERS], R[TYTO_MOTION_NUMBERS];
    measure(box, z);
    for (int i = 0; i < TYTO_MOTION_NUMBERS; i++) {
        R[i] = measured_variance(motion, i);
    }
    for (int i = 0; i < TYTO_MOTION_NUMBERS; i++) {
        tyto_motion_number *n = &motion->numbers[i];
        const double S = n->var_value + R[i], apart = z[i] - n->value;
        const double K_value = n->var_value / S, K_velocity = n->covariance / S;
        n->value += K_value * apart;
        n->velocity += K_velocity * apart;
        n->var_velocity -= K_velocity * n->covariance;
        n->covariance -= K_value * n->covariance;
        n->var_value -= K_value * n->var_value;
    }
}

tyto_box tyto_motion_box(const tyto_motion *motion)
{
    const tyto_motion_number *n = motion->numbers;
    const double height = height_of(motion),
                 width = fmax(n[TYTO_MOTION_ASPECT].value, 0.0) * height,
                 x = n[TYTO_MOTION_X].value, y = n[TYTO_MOTION_Y].value;
    return (tyto_box){(float)(x - width / 2.0), (float)(y - height / 2.0), (float)(x + width / 2.0),
                      (float)(y + height / 2.0)};
}

double tyto_motion_distance(const tyto_motion *motion, const tyto_box *box)
{
    double z[TYTO_MOTION_NUMBERS], sum = 0.0;
    measure(box, z);
    for (int i = TYTO_MOTION_X; i <= TYTO_MOTION_Y; i++) {
        const tyto_motion_number *n = &motion->numbers[i];
        sum += square(z[i] - n->value) / (n->var_value + measured_variance(motion, i));
    }
    return sum;
}
