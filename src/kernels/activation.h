/** Activation functions: their names in config files, and their scalar definitions. */
#ifndef TYTO_KERNELS_ACTIVATION_H
#define TYTO_KERNELS_ACTIVATION_H

#include <stdbool.h>

/** X(id, name in config.json, formula) */
#define TYTO_ACTIVATION_LIST(X)                                                                    \
    X(NONE, "linear", "x")                                                                         \
    X(GELU, "gelu", "x/2 (1 + erf(x/sqrt(2)))")                                                    \
    X(GELU_10, "gelu_10", "min(max(gelu(x), -10), 10)")                                            \
    X(GELU_NEW, "gelu_new", "x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))")                       \
    X(LAPLACE, "laplace", "(1 + erf((x - 0.707107) / (0.282095 sqrt(2)))) / 2")                    \
    X(LEAKY_RELU, "leaky_relu", "x > 0 ? x : x/100")                                               \
    X(MISH, "mish", "x tanh(ln(1 + exp(x)))")                                                      \
    X(QUICK_GELU, "quick_gelu", "x sigmoid(1.702 x)")                                              \
    X(RELU, "relu", "max(x, 0)")                                                                   \
    X(RELU2, "relu2", "max(x, 0)^2")                                                               \
    X(RELU6, "relu6", "min(max(x, 0), 6)")                                                         \
    X(SIGMOID, "sigmoid", "1 / (1 + exp(-x))")                                                     \
    X(SILU, "silu", "x sigmoid(x)")                                                                \
    X(TANH, "tanh", "tanh(x)")

typedef enum tyto_activation {
#define TYTO_ACTIVATION_ENUM(id, name, formula) TYTO_ACT_##id,
    TYTO_ACTIVATION_LIST(TYTO_ACTIVATION_ENUM)
#undef TYTO_ACTIVATION_ENUM
} tyto_activation;

/** The activation that config.json calls `name`, synonyms included; false when there is none. */
bool tyto_activation_find(const char *name, tyto_activation *out);
/** All names, separated by commas, for messages. */
const char *tyto_activation_names(void);
/** The function at x, computed in double: the definition that kernels are checked against. */
double tyto_activation_value(tyto_activation activation, double x);
/** Its derivative at x, computed in double; where it has none, the one from below, as torch's. */
double tyto_activation_slope(tyto_activation activation, double x);

#endif
