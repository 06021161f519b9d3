/** Exponential and activations over vectors. Included once per instruction set, after its vf_*. */
#ifndef TYTO_KERNELS_VECTOR_MATH_H
#define TYTO_KERNELS_VECTOR_MATH_H

#include "kernels/kernels.h"

#define LOG2_E 1.44269504088896340736f
#define LN_2 0.69314718055994530942f

/* The least weight that counts beside the 1 that every softmax has: what it is multiplied with
 * stays in the range of normal floats, outside of which some CPUs take a hundred times as long. */
#define LEAST_WEIGHT 0x1p-96f

/* 2^x for x ≤ 127: whole part into the exponent, the rest in [-1/2, 1/2] by a polynomial of degree
 * 5 (minimax, 7.5e-8 relative). At LEAST_WEIGHT it stays. x comes second in the limits, so that
 * what is not a number stays so. */
static inline vf vf_exp2_bounded(vf x)
{
    x = vf_max(vf_set(-96.0f), x);
    const vf whole = vf_round(x);
    const vf rest = vf_sub(x, whole);
    vf p = vf_set(1.3276466634124517e-3f);
    p = vf_fma(p, rest, vf_set(9.675540961325169e-3f));
    p = vf_fma(p, rest, vf_set(5.550713464617729e-2f));
    p = vf_fma(p, rest, vf_set(2.4022120237350464e-1f));
    p = vf_fma(p, rest, vf_set(6.931469440460205e-1f));
    p = vf_fma(p, rest, vf_set(1.0f));
    return vf_scale2(p, whole);
}

/* What was weighed by 1 and is by `shrink` now: nothing, below LEAST_WEIGHT. */
static inline vf vf_shrunk(vf a, vf shrink)
{
    const vf b = vf_mul(a, shrink);
    return vf_if_positive(vf_sub(vf_set(LEAST_WEIGHT), vf_abs(b)), vf_set(0.0f), b);
}

/* 2^x; above 2^127 it stays there. */
static inline vf vf_exp2(vf x)
{
    return vf_exp2_bounded(vf_min(vf_set(127.0f), x));
}

/* e^x = 2^whole·e^rest with rest in [-ln 2/2, ln 2/2]; ln 2 is taken in two parts, so that large x
 * keeps its accuracy, and the polynomial is that of vf_exp2. At the limits `whole` is -127 and
 * 128, which vf_scale2 makes 0 and infinity of: so far out, x·e^-x is 0 however large x is. */
static inline vf vf_exp(vf x)
{
    x = vf_min(vf_set(89.0f), vf_max(vf_set(-88.0f), x));
    const vf whole = vf_round(vf_mul(x, vf_set(LOG2_E)));
    vf rest = vf_fma(whole, vf_set(-0.693359375f), x);
    rest = vf_fma(whole, vf_set(2.12194440e-4f), rest);
    vf p = vf_set(8.2976517397700903e-03f);
    p = vf_fma(p, rest, vf_set(4.1915380376362887e-02f));
    p = vf_fma(p, rest, vf_set(1.6667575302510182e-01f));
    p = vf_fma(p, rest, vf_set(4.9998895920008324e-01f));
    p = vf_fma(p, rest, vf_set(9.9999965878253361e-01f));
    p = vf_fma(p, rest, vf_set(1.0f));
    return vf_mul(p, vf_scale2(vf_set(1.0f), whole));
}

static inline vf vf_sigmoid(vf x)
{
    return vf_div(vf_set(1.0f), vf_add(vf_set(1.0f), vf_exp(vf_sub(vf_set(0.0f), x))));
}

/* x·sigmoid(factor·x) */
static inline vf vf_gate(vf x, float factor)
{
    return vf_div(x, vf_add(vf_set(1.0f), vf_exp(vf_mul(x, vf_set(-factor)))));
}

/* erf(x) = ±(1 - 2^(-t·P(t))), t = |x|: P is a polynomial of degree 8 fitted so that erf is
 * within 1e-7 everywhere; past 4.2 it is 1 in single precision. */
static inline vf vf_erf(vf x)
{
    const vf t = vf_min(vf_set(4.2f), vf_abs(x));
    vf p = vf_set(-1.160485771833919e-5f);
    p = vf_fma(p, t, vf_set(1.5296479978132993e-4f));
    p = vf_fma(p, t, vf_set(-8.482359698973596e-4f));
    p = vf_fma(p, t, vf_set(2.2747886832803488e-3f));
    p = vf_fma(p, t, vf_set(-8.480868564220145e-5f));
    p = vf_fma(p, t, vf_set(-2.7724474668502808e-2f));
    p = vf_fma(p, t, vf_set(1.483079046010971e-1f));
    p = vf_fma(p, t, vf_set(9.184429049491882e-1f));
    p = vf_fma(p, t, vf_set(1.6279072761535645f));
    const vf rest = vf_exp2(vf_sub(vf_set(0.0f), vf_mul(p, t)));
    return vf_with_sign(vf_sub(vf_set(1.0f), rest), x);
}

/* tanh(x) = ±(1 - 2/(e^2t + 1)), t = |x|; for small t the series avoids the difference. */
static inline vf vf_tanh(vf x)
{
    const vf t = vf_abs(x);
    const vf far =
        vf_sub(vf_set(1.0f), vf_div(vf_set(2.0f), vf_add(vf_exp(vf_add(t, t)), vf_set(1.0f))));
    const vf s = vf_mul(t, t);
    vf near = vf_fma(s, vf_set(2.1869488536155203e-2f), vf_set(-5.3968253968253971e-2f));
    near = vf_fma(s, near, vf_set(1.3333333333333333e-1f));
    near = vf_fma(s, near, vf_set(-3.3333333333333333e-1f));
    near = vf_fma(vf_mul(s, near), t, t);
    return vf_with_sign(vf_if_positive(vf_sub(t, vf_set(0.25f)), far, near), x);
}

static inline vf vf_gelu(vf x)
{
    return vf_mul(vf_mul(vf_set(0.5f), x),
                  vf_add(vf_set(1.0f), vf_erf(vf_mul(x, vf_set(0.70710678118654752440f)))));
}

/* tanh(ln(1 + e^x)) = n/(n + 2) with n = e^x (e^x + 2); past 20 it is 1 in single precision. */
static inline vf vf_mish(vf x)
{
    const vf e = vf_exp(vf_min(vf_set(20.0f), x));
    const vf n = vf_mul(e, vf_add(e, vf_set(2.0f)));
    return vf_mul(x, vf_div(n, vf_add(n, vf_set(2.0f))));
}

/* Limits come first, so that what is not a number stays so. */
static inline vf vf_activate(tyto_activation activation, vf x)
{
    const vf zero = vf_set(0.0f), half = vf_set(0.5f), one = vf_set(1.0f);
    switch (activation) {
    case TYTO_ACT_NONE:
        return x;
    case TYTO_ACT_GELU:
        return vf_gelu(x);
    case TYTO_ACT_GELU_10:
        return vf_min(vf_set(10.0f), vf_max(vf_set(-10.0f), vf_gelu(x)));
    case TYTO_ACT_GELU_NEW: {
        const vf cube = vf_mul(vf_mul(x, x), x);
        const vf inner =
            vf_mul(vf_set(0.79788456080286535588f), vf_fma(cube, vf_set(0.044715f), x));
        return vf_mul(vf_mul(half, x), vf_add(one, vf_tanh(inner)));
    }
    case TYTO_ACT_LAPLACE:
        return vf_mul(half, vf_add(one, vf_erf(vf_div(vf_sub(x, vf_set(0.707107f)),
                                                      vf_set(0.39894257487763823f)))));
    case TYTO_ACT_LEAKY_RELU:
        return vf_if_positive(x, x, vf_mul(x, vf_set(0.01f)));
    case TYTO_ACT_MISH:
        return vf_mish(x);
    case TYTO_ACT_QUICK_GELU:
        return vf_gate(x, 1.702f);
    case TYTO_ACT_RELU:
        return vf_max(zero, x);
    case TYTO_ACT_RELU2:
        return vf_mul(vf_max(zero, x), vf_max(zero, x));
    case TYTO_ACT_RELU6:
        return vf_min(vf_set(6.0f), vf_max(zero, x));
    case TYTO_ACT_SIGMOID:
        return vf_sigmoid(x);
    case TYTO_ACT_SILU:
        return vf_gate(x, 1.0f);
    case TYTO_ACT_TANH:
        return vf_tanh(x);
    }
    return x;
}

#endif
