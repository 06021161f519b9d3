#include <math.h>
#include <tyto/flow_field.h>

#include "base/error.h"

/* The wheel: from each colour to the next in so many steps, which are as fine as the eye is there.
 * Its circle goes once round for directions from −π to π. */
#define PI 3.14159265358979323846
enum {
    RED_YELLOW = 15,
    YELLOW_GREEN = 6,
    GREEN_CYAN = 4,
    CYAN_BLUE = 11,
    BLUE_MAGENTA = 13,
    MAGENTA_RED = 6,
    COLOURS = RED_YELLOW + YELLOW_GREEN + GREEN_CYAN + CYAN_BLUE + BLUE_MAGENTA + MAGENTA_RED
};

typedef struct wheel {
    int colours[COLOURS][3];
} wheel;

/* Appends a transition in which `channel` rises or falls, and `full` stays at its most. */
static int add_transition(wheel *hues, int at, int steps, int full, int channel, bool rises)
{
    for (int i = 0; i < steps; i++) {
        int *colour = hues->colours[at + i];
        colour[0] = colour[1] = colour[2] = 0;
        colour[full] = 255;
        colour[channel] = rises ? 255 * i / steps : 255 - 255 * i / steps;
    }
    return at + steps;
}

static void make_wheel(wheel *hues)
{
    enum { RED, GREEN, BLUE };
    int at = add_transition(hues, 0, RED_YELLOW, RED, GREEN, true);
    at = add_transition(hues, at, YELLOW_GREEN, GREEN, RED, false);
    at = add_transition(hues, at, GREEN_CYAN, GREEN, BLUE, true);
    at = add_transition(hues, at, CYAN_BLUE, BLUE, GREEN, false);
    at = add_transition(hues, at, BLUE_MAGENTA, BLUE, RED, true);
    add_transition(hues, at, MAGENTA_RED, RED, BLUE, false);
}

/* Components are floats or shares of one, so that no square leaves a double's range; hypot, which
 * would care for that, needs a C library of 2021. */
static double length_of(double x, double y)
{
    return sqrt(x * x + y * y);
}

static bool is_known(const float *vector)
{
    /* False for what is not a number, too. */
    return fabsf(vector[0]) <= TYTO_FLOW_UNKNOWN && fabsf(vector[1]) <= TYTO_FLOW_UNKNOWN;
}

void tyto_flow_field_measure(const tyto_flow_field *flow, double *mean_px, double *longest_px)
{
    double sum = 0.0;
    int64_t known = 0;
    if (!mean_px || !longest_px) {
        return;
    }
    *longest_px = 0.0;
    *mean_px = 0.0;
    if (!flow) {
        return;
    }
    for (int64_t i = 0; i < flow->width_px * flow->height_px; i++) {
        const float *vector = flow->data + 2 * i;
        if (is_known(vector)) {
            const double length = length_of((double)vector[0], (double)vector[1]);
            *longest_px = fmax(*longest_px, length);
            sum += length;
            known++;
        }
    }
    *mean_px = known > 0 ? sum / (double)known : 0.0;
}

/* x and y in units of the longest vector. */
static void colour_of(const wheel *hues, double x, double y, uint8_t *rgb)
{
    const double length = length_of(x, y), turn = (atan2(-y, -x) / PI + 1.0) / 2.0 * (COLOURS - 1);
    const int low = (int)turn, high = (low + 1) % COLOURS;
    const double part = turn - low;
    for (int c = 0; c < 3; c++) {
        double value = (1.0 - part) * hues->colours[low][c] + part * hues->colours[high][c];
        value /= 255.0;
        value = length <= 1.0 ? 1.0 - length * (1.0 - value) : 0.75 * value;
        rgb[c] = (uint8_t)(255.0 * value);
    }
}

tyto_status tyto_flow_field_draw(const tyto_flow_field *flow, double longest_px, tyto_image *out,
                                 tyto_error *err)
{
    wheel colours;
    double mean, longest = longest_px;
    TYTO_ENTER(err);
    TYTO_REQUIRE(err, flow);
    TYTO_REQUIRE(err, out);
    if (!(longest_px >= 0.0) || isinf(longest_px)) {
        return tyto_fail(err, TYTO_E_ARGUMENT,
                         "flow picture: longest vector: got %g, required 0 or more", longest_px);
    }
    TYTO_TRY(tyto_image_make(flow->width_px, flow->height_px, out, err));
    if (longest <= 0.0) {
        tyto_flow_field_measure(flow, &mean, &longest);
    }
    if (longest <= 0.0) {
        longest = 1.0; /* nothing moves: all is white */
    }
    make_wheel(&colours);
    for (int64_t i = 0; i < flow->width_px * flow->height_px; i++) {
        const float *vector = flow->data + 2 * i;
        uint8_t *rgb = out->data + 3 * i;
        rgb[0] = rgb[1] = rgb[2] = 0;
        if (is_known(vector)) {
            colour_of(&colours, (double)vector[0] / longest, (double)vector[1] / longest, rgb);
        }
    }
    return TYTO_OK;
}
