/** From a checkpoint's tensors to the fields of a model: every parameter is asked for by name and
 *  shape, all that don't fit are reported together, and then all are bound. */
#ifndef TYTO_WEIGHTS_BINDER_H
#define TYTO_WEIGHTS_BINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/inspect.h>
#include <tyto/precision.h>
#include <tyto/tensor.h>

#include "base/pool.h"
#include "nn/linear.h"
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

/** A table of rows that is looked up, never multiplied: it stays mapped in its own type. */
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

/** Owns the memory that bound parameters point into. With `tell`, nothing is bound: it hears of
 *  every tensor instead. */
typedef struct tyto_weight_store {
    tyto_parameter_fn tell;
    void *tell_user;
    tyto_precision precision; /* that products are packed in */
    /* For int8: NAME.smooth[k] smooths the input of a product, NAME.bf16 leaves it in bf16.
     * Borrowed while parameters are bound; NULL: every product is as any other. */
    const tyto_tensor_file *choices;
    const char *choices_name; /* for messages */
    tyto_product *products;   /* that are packed in that precision */
    size_t products_count;
    struct tyto_weight_block *blocks;
    size_t bytes;              /* converted and packed, mapped tables not counted */
    int64_t parameters;        /* elements of all bound tensors */
    tyto_packed_fields fields; /* all that was bound, for a packed file */
} tyto_weight_store;

void tyto_weight_store_clear(tyto_weight_store *store);
/** count zeroed floats that the store frees; NULL when memory is out. */
float *tyto_weight_store_floats(tyto_weight_store *store, int64_t count);
/** *out = source[n,k] packed in the store's precision, of floats that were computed from
 * parameters; the store owns them; false when memory is out. */
bool tyto_weight_store_pack(tyto_weight_store *store, const tyto_kernels *kernels, tyto_pool *pool,
                            int64_t n, int64_t k, const float *source, tyto_packed_matrix *out);

typedef struct tyto_binder tyto_binder;

/** A packed file's fields are bound as they lie in it when its layout is the kernels' own and its
 *  precision the store's; else its matrices are packed anew.
 *  memory  file and store outlive the binder; the file also outlives bound tables, and all that is
 *          bound of a packed file.
 *  file_name is for messages. NULL when memory is out. */
tyto_binder *tyto_binder_create(const tyto_tensor_file *file, const char *file_name,
                                tyto_weight_store *store, const tyto_kernels *kernels,
                                tyto_pool *pool);
void tyto_binder_destroy(tyto_binder *binder);

/** Names asked for from now on begin with `prefix`, e.g. "text_model.encoder.layers.3.". */
void tyto_binder_prefix(tyto_binder *binder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Requests. `why` spells the shape in config terms, for messages. They can't fail: what goes wrong
 * is kept and reported by tyto_binder_finish. Slots are filled there. */

/** A tensor as floats, of any rank up to 4; unused dimensions are 0. */
void tyto_binder_floats(tyto_binder *binder, float **slot, const char *name, const int64_t shape[4],
                        const char *why);
/** name.weight[out,in] and, when `bias`, name.bias[out]. Several parts with the same input become
 *  one product, their rows one after another: names is NULL-terminated, outs has one per name.
 *  A convolution's weight[out,c,p,p] is given by kernel p > 0 and in = c·p·p. */
void tyto_binder_linear(tyto_binder *binder, tyto_linear_weights *slot, const char *const *names,
                        const int64_t *outs, int64_t in, int64_t kernel, bool bias,
                        const char *why);
/** The same with weights that are multiplied as in fp32 whatever the precision: small, and close to
 *  the outputs. */
void tyto_binder_exact(tyto_binder *binder, tyto_linear_weights *slot, const char *name,
                       int64_t out, int64_t in, const char *why);
/** name.weight[out,in] without the rest of a layer. */
void tyto_binder_matrix(tyto_binder *binder, tyto_packed_matrix *slot, const char *name,
                        int64_t out, int64_t in, const char *why);
/** name.weight[cols] and name.bias[cols]. */
void tyto_binder_norm(tyto_binder *binder, tyto_norm_weights *slot, const char *name, int64_t cols,
                      const char *why);
/** name[n,k]. */
void tyto_binder_table(tyto_binder *binder, tyto_table_weights *slot, const char *name, int64_t n,
                       int64_t k, const char *why);
/** A tensor that older versions saved and nobody needs: not unexpected when it is there. */
void tyto_binder_ignore(tyto_binder *binder, const char *name);

/** Requests are for products of parameters, made when a plain checkpoint is opened: a packed file
 * has them, and none of them is a parameter. */
void tyto_binder_folded(tyto_binder *binder);
/** The file is a packed one. */
bool tyto_binder_packed(const tyto_binder *binder);
/** Tells the store of all requests, whose slots are filled already, so that a packed file will have
 *  them; false when memory is out. */
bool tyto_binder_note(tyto_binder *binder);

/** Checks all requests, then fills all slots and gives mapped pages back as they are packed. When
 *  the store has someone to tell, tells of all tensors instead: slots stay as they are.
 *  unexpected  receives, newly allocated (tyto_free), the names in the file that nobody asked for,
 *              joined by ", "; NULL when there are none
 *  errors      E_FORMAT that lists every missing and misshapen tensor, E_MEMORY */
TYTO_NODISCARD tyto_status tyto_binder_finish(tyto_binder *binder, char **unexpected,
                                              tyto_error *err);

#endif
