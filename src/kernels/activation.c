#include "kernels/activation.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *name;
    tyto_activation activation;
} by_name[] = {
#define BY_NAME(id, name, formula) {name, TYTO_ACT_##id},
    TYTO_ACTIVATION_LIST(BY_NAME)
#undef BY_NAME
        {"swish", TYTO_ACT_SILU},
    {"gelu_python", TYTO_ACT_GELU},
    {"gelu_fast", TYTO_ACT_GELU_NEW},
    {"gelu_accurate", TYTO_ACT_GELU_NEW},
    {"gelu_pytorch_tanh", TYTO_ACT_GELU_NEW},
};

bool tyto_activation_find(const char *name, tyto_activation *out)
{
    for (size_t i = 0; i < sizeof(by_name) / sizeof(by_name[0]); i++) {
        if (strcmp(name, by_name[i].name) == 0) {
            *out = by_name[i].activation;
            return true;
        }
    }
    return false;
}

const char *tyto_activation_names(void)
{
    return ""
#define NAME(id, name, formula) name ", "
        TYTO_ACTIVATION_LIST(NAME)
#undef NAME
            "swish, gelu_python, gelu_fast, gelu_accurate, gelu_pytorch_tanh";
}

static double sigmoid(double x)
{
    return 1.0 / (1.0 + exp(-x));
}

static double gelu(double x)
{
    return 0.5 * x * (1.0 + erf(x * M_SQRT1_2));
}

/* What is not a number stays so. */
static double clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

double tyto_activation_value(tyto_activation activation, double x)
{
    switch (activation) {
    case TYTO_ACT_NONE:
        return x;
    case TYTO_ACT_GELU:
        return gelu(x);
    case TYTO_ACT_GELU_10:
        return clip(gelu(x), -10.0, 10.0);
    case TYTO_ACT_GELU_NEW:
        return 0.5 * x * (1.0 + tanh(sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x)));
    case TYTO_ACT_LAPLACE:
        return 0.5 * (1.0 + erf((x - 0.707107) / (0.282095 * M_SQRT2)));
    case TYTO_ACT_LEAKY_RELU:
        return x > 0.0 ? x : 0.01 * x;
    case TYTO_ACT_MISH:
        return x * tanh(x > 20.0 ? x : log1p(exp(x)));
    case TYTO_ACT_QUICK_GELU:
        return x * sigmoid(1.702 * x);
    case TYTO_ACT_RELU:
        return clip(x, 0.0, INFINITY);
    case TYTO_ACT_RELU2:
        return clip(x, 0.0, INFINITY) * clip(x, 0.0, INFINITY);
    case TYTO_ACT_RELU6:
        return clip(x, 0.0, 6.0);
    case TYTO_ACT_SIGMOID:
        return sigmoid(x);
    case TYTO_ACT_SILU:
        return x * sigmoid(x);
    case TYTO_ACT_TANH:
        return tanh(x);
    }
    return x;
}

/* The density of the standard normal distribution. */
static double normal(double x)
{
    return exp(-0.5 * x * x) / sqrt(2.0 * M_PI);
}

static double gelu_slope(double x)
{
    return 0.5 * (1.0 + erf(x * M_SQRT1_2)) + x * normal(x);
}

static double gelu_new_slope(double x)
{
    const double inner = sqrt(2.0 / M_PI) * (x + 0.044715 * x * x * x), t = tanh(inner);
    return 0.5 * (1.0 + t) +
           0.5 * x * (1.0 - t * t) * sqrt(2.0 / M_PI) * (1.0 + 3.0 * 0.044715 * x * x);
}

static double mish_slope(double x)
{
    const double t = tanh(x > 20.0 ? x : log1p(exp(x)));
    return t + x * (1.0 - t * t) * sigmoid(x);
}

double tyto_activation_slope(tyto_activation activation, double x)
{
    const double s = sigmoid(x);
    switch (activation) {
    case TYTO_ACT_NONE:
        return 1.0;
    case TYTO_ACT_GELU:
        return gelu_slope(x);
    case TYTO_ACT_GELU_10:
        return fabs(gelu(x)) <= 10.0 ? gelu_slope(x) : 0.0;
    case TYTO_ACT_GELU_NEW:
        return gelu_new_slope(x);
    case TYTO_ACT_LAPLACE:
        return normal((x - 0.707107) / 0.282095) / 0.282095;
    case TYTO_ACT_LEAKY_RELU:
        return x > 0.0 ? 1.0 : 0.01;
    case TYTO_ACT_MISH:
        return mish_slope(x);
    case TYTO_ACT_QUICK_GELU:
        return sigmoid(1.702 * x) + x * 1.702 * sigmoid(1.702 * x) * sigmoid(-1.702 * x);
    case TYTO_ACT_RELU:
        return x > 0.0 ? 1.0 : 0.0;
    case TYTO_ACT_RELU2:
        return x > 0.0 ? 2.0 * x : 0.0;
    case TYTO_ACT_RELU6:
        return x > 0.0 && x < 6.0 ? 1.0 : 0.0;
    case TYTO_ACT_SIGMOID:
        return s * sigmoid(-x);
    case TYTO_ACT_SILU:
        return s + x * s * sigmoid(-x);
    case TYTO_ACT_TANH:
        return 1.0 - tanh(x) * tanh(x);
    }
    return 1.0;
}
