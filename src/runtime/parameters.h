/** Parameters in memory from the inside. */
#ifndef TYTO_RUNTIME_PARAMETERS_H
#define TYTO_RUNTIME_PARAMETERS_H

#include <jansson.h>
#include <tyto/parameters.h>

#include "models/architecture.h"
#include "runtime/names.h"

/** Elements that are read and written at once. */
#define TYTO_PARAMETERS_CHUNK ((int64_t)1 << 18)

/** One tensor: mapped, or written by the caller, or drawn by its rule. */
typedef struct tyto_parameter_value {
    tyto_parameter info;
    tyto_initial initial;
    const void *data; /* NULL: drawn when it is asked for */
    void *owned;      /* data that the caller wrote, or NULL */
    size_t place;     /* among the requests */
    /* While a network is listed: what the file has. */
    tyto_request_fit fit;
    const tyto_tensor *tensor;
} tyto_parameter_value;

struct tyto_parameters {
    char *folder; /* that was opened, or NULL */
    char *name;   /* of the config, for messages */
    json_t *config;
    json_t *parts; /* or NULL */
    char *parts_name;
    const tyto_architecture *architecture;
    uint64_t seed;
    tyto_tensor_file *file; /* or NULL */
    char *file_name;
    tyto_parameter_value *values; /* in the order of the network's table */
    tyto_parameter_value **by_name;
    size_t count, capacity;
    tyto_names mismatches[TYTO_FITS];
};

/** The tensor of that name, or NULL. */
tyto_parameter_value *tyto_parameters_value(const tyto_parameters *parameters, const char *name);
/** Elements first … first+count−1 as they lie, or drawn into `room`, which has space for `count`
 *  numbers of 8 bytes. */
const void *tyto_parameter_elements(const tyto_parameters *parameters,
                                    const tyto_parameter_value *value, int64_t first, int64_t count,
                                    void *room);
/** Its shape as a tensor without data. */
tyto_tensor tyto_parameter_shape(const tyto_parameter_value *value);

#endif
