/** The memory that a model's parameters lie in. */
#ifndef TYTO_WEIGHTS_STORE_H
#define TYTO_WEIGHTS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/precision.h>
#include <tyto/progress.h>
#include <tyto/tensor.h>

#include "base/pool.h"
#include "nn/linear.h"
#include "weights/initial.h"
#include "weights/packed_file.h"

/** y = x·wᵀ + b of a model. bias NULL: none. */
typedef struct tyto_linear_weights {
    tyto_packed_matrix weight;
    float *bias;
} tyto_linear_weights;

/** Scale and shift of a layer norm, each [cols]. */
typedef struct tyto_norm_weights {
    float *gamma;
    float *beta;
} tyto_norm_weights;

/** A table of rows that is looked up, never multiplied: it stays in its own type, and mapped unless
 *  the store owns tables. */
typedef struct tyto_table_weights {
    const void *rows; /* may be unaligned */
    tyto_dtype dtype;
    int64_t n, k;
} tyto_table_weights;

/** A product by the name of its weights, the first part's where there are several. */
typedef struct tyto_product {
    char *name;
    const tyto_packed_matrix *weight;
} tyto_product;

/** What a file has for a request. */
typedef enum tyto_request_fit {
    TYTO_REQUEST_GOOD,
    TYTO_REQUEST_MISSING,
    TYTO_REQUEST_MISSHAPEN,
    TYTO_REQUEST_NO_FLOAT,  /* a type that can't be used for weights */
    TYTO_REQUEST_NOT_USED,  /* the network doesn't use it, whether it is there or not */
    TYTO_REQUEST_UNEXPECTED /* it is there, and nobody asked for it */
} tyto_request_fit;

/** A tensor that a family's parameter table names, or that a file has beyond it. */
typedef struct tyto_parameter_entry {
    const char *name;
    tyto_request_fit fit;
    const tyto_tensor *tensor;    /* in the file, or NULL */
    int rank;                     /* of the shape that is required; −1: none is */
    int64_t shape[TYTO_RANK_MAX]; /* that shape */
    bool buffer;                  /* saved and loaded, but no parameter: nothing trains it */
    bool counter;                 /* a buffer of whole numbers: I64 */
    tyto_initial initial;
} tyto_parameter_entry;

/** memory  everything lives until it returns */
typedef void (*tyto_parameter_entry_fn)(void *user, const tyto_parameter_entry *entry);

/** Owns the memory that bound parameters point into. With `list`, nothing is bound: it is called
 *  with each tensor instead. */
typedef struct tyto_weight_store {
    tyto_parameter_entry_fn list;
    void *list_user;
    bool owns_tables;         /* tables are copied: the file goes before the model */
    tyto_precision precision; /* that products are packed in */
    /* For int8: NAME.smooth[k] smooths the input of a product, NAME.bf16 leaves it in bf16.
     * Borrowed while parameters are bound; NULL: every product is as any other. */
    const tyto_tensor_file *choices;
    const char *choices_name; /* for messages */
    /* Asked while parameters are bound whether to go on; NULL: nobody. */
    tyto_progress_fn progress;
    void *progress_user;
    tyto_product *products; /* that are packed in that precision */
    size_t products_count;
    struct tyto_weight_block *blocks;
    size_t bytes;              /* converted and packed, mapped tables not counted */
    int64_t parameters;        /* elements of all bound tensors */
    tyto_packed_fields fields; /* all that was bound, for a packed file */
} tyto_weight_store;

/** Zeroed memory that the store frees; NULL when memory is out. Huge pages hold many tensors each:
 *  a bias of its own would waste most of one. */
void *tyto_weight_store_take(tyto_weight_store *store, size_t bytes);
void tyto_weight_store_clear(tyto_weight_store *store);
/** Before step `done` of `total` of opening the model; subject: what it is done to, or NULL.
 *  errors  E_CANCELLED when whoever follows says so */
TYTO_NODISCARD tyto_status tyto_weight_store_step(const tyto_weight_store *store, const char *stage,
                                                  const char *subject, int64_t done, int64_t total,
                                                  tyto_error *err);
/** count zeroed floats that the store frees; NULL when memory is out. */
float *tyto_weight_store_floats(tyto_weight_store *store, int64_t count);
/** *out = source[n,k] packed in the store's precision, of floats that were computed from
 * parameters; the store owns them; false when memory is out. */
bool tyto_weight_store_pack(tyto_weight_store *store, const tyto_kernels *kernels, tyto_pool *pool,
                            int64_t n, int64_t k, const float *source, tyto_packed_matrix *out);

#endif
