/** Each line of params.def as a request to a binder: `binder`, and `fields`, whose members they
 *  fill, are in scope where params.def is included. */
#ifndef TYTO_MODELS_PERCEIVER_REQUESTS_H
#define TYTO_MODELS_PERCEIVER_REQUESTS_H

#include "weights/binder.h"

#define FLOATS(field, name, ...)                                                                   \
    tyto_binder_floats(binder, &fields->field, name, (const int64_t[4]){__VA_ARGS__}, #__VA_ARGS__);
#define BUFFER(field, name, value, ...)                                                            \
    tyto_binder_buffer(binder, &fields->field, name, (const int64_t[4]){__VA_ARGS__}, value,       \
                       #__VA_ARGS__);
#define NORM(field, name, columns)                                                                 \
    tyto_binder_norm(binder, &fields->field, name, columns, #columns);
#define PRODUCT(field, name, out, in, kernel, bias)                                                \
    tyto_binder_linear(binder, &fields->field, (const char *const[]){name, NULL},                  \
                       (const int64_t[]){out}, in, kernel, bias, #out ", " #in);
#define LINEAR(field, name, out, in) PRODUCT(field, name, out, in, 0, true)
#define PROJECTION(field, name, out, in) PRODUCT(field, name, out, in, 0, false)
#define CONVOLUTION(field, name, out, in, kernel, bias) PRODUCT(field, name, out, in, kernel, bias)
#define NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SIZES(...) ((const int64_t[]){__VA_ARGS__})
#define FUSED(field, names, outs, in)                                                              \
    tyto_binder_linear(binder, &fields->field, names, outs, in, 0, true,                           \
                       "qk_channels or v_channels, " #in);

#endif
