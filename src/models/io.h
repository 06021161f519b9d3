/** Named inputs of one run, and the outputs that were asked for. */
#ifndef TYTO_MODELS_IO_H
#define TYTO_MODELS_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/tensor.h>

#include "base/arena.h"

/** Longest name of an output, with its NUL. */
#define TYTO_IO_NAME_BYTES 112

/** Most inputs of one run: a batch brings some for each of its photos. */
#define TYTO_IO_INPUTS_MAX 512

/** In a required shape: any size, or any size and 0 too. */
#define TYTO_IO_ANY (-1)
#define TYTO_IO_ANY_OR_NONE (-2)

/** When an output is given: always, unless others are asked for; or only when it is named. */
typedef enum tyto_output_kind { TYTO_OUTPUT_DEFAULT, TYTO_OUTPUT_ON_REQUEST } tyto_output_kind;

typedef struct tyto_io_output_entry {
    tyto_tensor tensor;
    size_t wanted; /* index of the request that it answers */
    char name[TYTO_IO_NAME_BYTES];
} tyto_io_output_entry;

/** One run's inputs and outputs. A head reads inputs and declares outputs before it computes
 *  anything. The entry arrays stay for the next run, so a warm run takes no heap memory. */
typedef struct tyto_io {
    const tyto_tensor *inputs;
    size_t n_inputs;
    const char *const *wanted;
    size_t n_wanted;
    tyto_arena *scratch;
    tyto_arena *memory; /* of the outputs */
    tyto_io_output_entry *entries;
    size_t n_entries, capacity;
    bool used[TYTO_IO_INPUTS_MAX]; /* inputs that were read */
    tyto_error *err;
} tyto_io;

/** Forgets what the last pass read and declared. */
void tyto_io_restart(tyto_io *io);
/** Frees the entries. */
void tyto_io_clear(tyto_io *io);

/** True when the caller gave an input of that name. */
bool tyto_io_has(const tyto_io *io, const char *name);
/** Number of dimensions of the input `name`, or -1 when there is none. */
int tyto_io_rank(const tyto_io *io, const char *name);
/** True when that input is there and of an integer type. */
bool tyto_io_is_integer(const tyto_io *io, const char *name);
/** The input `name`, converted to `dtype` (F32, I64 or U8 truth values) in scratch where it is
 *  not so already.
 *  shape    [rank] required sizes; TYTO_IO_ANY takes any size ≥ 1, TYTO_IO_ANY_OR_NONE 0 too;
 *           both are filled in
 *  errors   E_ARGUMENT when it is missing, E_SHAPE "name: got [..], required [..]" */
TYTO_NODISCARD tyto_status tyto_io_input(tyto_io *io, const char *name, tyto_dtype dtype, int rank,
                                         int64_t *shape, const void **out);

/** name = prefix.rest, or rest alone when prefix is ""; cut to TYTO_IO_NAME_BYTES. */
void tyto_io_name(char name[TYTO_IO_NAME_BYTES], const char *prefix, const char *rest);
/** name = prefix.list.index */
void tyto_io_name_at(char name[TYTO_IO_NAME_BYTES], const char *prefix, const char *list,
                     int64_t index);

/** True when an output of that name is to be computed. */
bool tyto_io_wants(const tyto_io *io, tyto_output_kind kind, const char *name);
/** Declares a float output; *out is its memory, or NULL when nobody asked for it. */
TYTO_NODISCARD tyto_status tyto_io_output(tyto_io *io, tyto_output_kind kind, const char *name,
                                          int rank, const int64_t *shape, float **out);
/** The same for integers. */
TYTO_NODISCARD tyto_status tyto_io_output_integers(tyto_io *io, tyto_output_kind kind,
                                                   const char *name, int rank, const int64_t *shape,
                                                   int64_t **out);
/** Memory of a float output that was declared before, or NULL. */
float *tyto_io_find(const tyto_io *io, const char *name);

/** Once a head has declared: every given input was read, every wanted output declared.
 *  errors  E_ARGUMENT that names the first one that was not */
TYTO_NODISCARD tyto_status tyto_io_check_complete(const tyto_io *io, const char *head);
/** Puts the outputs in the order in which they were asked for. */
void tyto_io_sort(tyto_io *io);

#endif
