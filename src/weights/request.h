/** Requests of a binder, and its steps: finding tensors (fit.c), filling slots (fill.c). */
#ifndef TYTO_WEIGHTS_REQUEST_H
#define TYTO_WEIGHTS_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "weights/binder.h"

/** Longest full name of a parameter. */
#define TYTO_PARAMETER_NAME_BYTES 256

typedef enum tyto_request_kind {
    TYTO_REQUEST_FLOATS,
    TYTO_REQUEST_ROWS,
    TYTO_REQUEST_TABLE,
    TYTO_REQUEST_UNUSED, /* of a shape, but with no slot */
    TYTO_REQUEST_IGNORED /* of any shape */
} tyto_request_kind;

typedef struct tyto_request {
    char *name;
    tyto_request_kind kind;
    int rank;
    int64_t shape[4];
    const char *why;
    void *slot;   /* float ** of FLOATS, tyto_packed_matrix * of ROWS, tyto_table_weights * */
    int64_t row;  /* first row (ROWS) or element (FLOATS) of the slot that the tensor fills */
    int64_t rows; /* of the whole slot; the slot is made with its first part */
    int64_t columns;
    bool exact;           /* ROWS: floats whatever the precision */
    bool buffer, counter; /* as in tyto_parameter_entry */
    tyto_initial initial;
    const tyto_tensor *tensor; /* of a packed file: the whole slot's bytes, for its first part */
    tyto_dtype dtype;          /* of a packed file: what these are */
} tyto_request;

struct tyto_binder {
    const tyto_tensor_file *file;
    const char *file_name;
    tyto_weight_store *store;
    const tyto_kernels *kernels;
    tyto_pool *pool;
    char prefix[TYTO_PARAMETER_NAME_BYTES];
    tyto_initial initial; /* of the next weights */
    bool unused;          /* so are the next requests */
    tyto_request *requests;
    size_t count, capacity;
    tyto_packed_layout layout; /* of the file; columns 0: it is a plain one */
    bool derived;              /* requests are for products of parameters */
    bool failed;               /* memory was out while requests came in */
};

/** Bytes of the slot that the request fills or helps to fill, `dtype` being what it is made of; 0
 *  when they overflow. */
size_t tyto_request_bytes(const tyto_request *want, const tyto_kernels *kernels, tyto_dtype dtype);
/** Kernels of which only the width of a tile is looked at, and whether floats are in digits: those
 *  that the packed file was made for. */
tyto_kernels tyto_binder_file_kernels(const tyto_binder *binder);

/** Finds the tensors of all requests.
 *  errors  E_FORMAT that lists every one that is missing or can't be used, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_binder_find(tyto_binder *binder, tyto_error *err);
/** Calls the store's `list` with every request, and with every tensor that has none; leaves the
 *  requests sorted by name. */
void tyto_binder_list(tyto_binder *binder);
/** Names in the file that no request has, joined by ", ", or NULL when there are none; leaves the
 *  requests sorted by name; false when memory is out. */
bool tyto_binder_list_unexpected(tyto_binder *binder, char **out);

/** Fills the request's slot from its tensor; false when memory is out. */
bool tyto_request_fill(tyto_binder *binder, const tyto_request *want);
/** Records a slot that was made, for a packed file; false when memory is out. */
bool tyto_request_record(tyto_binder *binder, const tyto_request *want, tyto_dtype dtype,
                         const void *data);

#endif
