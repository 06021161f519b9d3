/** From a checkpoint's tensors to the fields of a model: every parameter is asked for by name and
 *  shape, all that don't fit are reported together, and then all are bound. */
#ifndef TYTO_WEIGHTS_BINDER_H
#define TYTO_WEIGHTS_BINDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tyto/tensor.h>

#include "base/pool.h"
#include "nn/linear.h"
#include "weights/initial.h"
#include "weights/store.h"

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

/** Weights that are asked for from now on, until the next call, begin with these values where no
 *  file has any: tensors of floats, tables, and weights of products. Biases begin with 0, or
 *  as weights that are drawn as torch does; layer norms begin with scale 1 and shift 0. */
void tyto_binder_initial(tyto_binder *binder, tyto_initial initial);
/** What is asked for while this is on, the reference declares and saves, and the network has no use
 *  for: it may be missing, and no slot is filled. */
void tyto_binder_unused(tyto_binder *binder, bool unused);

/** A tensor as floats, of any rank up to 4; unused dimensions are 0. */
void tyto_binder_floats(tyto_binder *binder, float **slot, const char *name, const int64_t shape[4],
                        const char *why);
/** The same of a buffer, which is saved and loaded like a parameter, and which nothing trains. */
void tyto_binder_buffer(tyto_binder *binder, float **slot, const char *name, const int64_t shape[4],
                        double value, const char *why);
/** A buffer that counts in whole numbers from 0, and that the network has no use for. */
void tyto_binder_counter(tyto_binder *binder, const char *name);
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
/** A parameter of no elements, of shape [1,0]: saved by the reference, and of no use. */
void tyto_binder_empty(tyto_binder *binder, const char *name);
/** A tensor that older versions saved and nobody needs: not unexpected when it is there. */
void tyto_binder_ignore(tyto_binder *binder, const char *name);

/** Requests are for products of parameters, made when a plain checkpoint is opened: a packed file
 * has them, and none of them is a parameter. */
void tyto_binder_derived(tyto_binder *binder);
/** The file is a packed one. */
bool tyto_binder_packed(const tyto_binder *binder);
/** Records in the store all requests, whose slots are filled already, so that a packed file will
 * have them; false when memory is out. */
bool tyto_binder_record(tyto_binder *binder);

/** Checks all requests, then fills all slots and gives mapped pages back as they are packed. When
 *  the store lists, it is called with all tensors instead: slots stay as they are.
 *  unexpected  receives, newly allocated (tyto_free), the names in the file that nobody asked for,
 *              joined by ", "; NULL when there are none
 *  errors      E_FORMAT that lists every missing and misshapen tensor, E_CANCELLED (the store's
 *              progress, asked before each request), E_MEMORY */
TYTO_NODISCARD tyto_status tyto_binder_finish(tyto_binder *binder, char **unexpected,
                                              tyto_error *err);

#endif
